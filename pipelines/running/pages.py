"""What a watch leaves: a page a unit, one for the section, one for leaders, the morning's lists; in files of their own.

`<out>/running/<period>/<day>/`; every page, sheet and table says that it is no assessment.
"""

import json
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path

from pipelines.edges import folders
from pipelines.edges.machine import machine_fault
from pipelines.edges.paper import font_beside
from pipelines.edges.published import RUNNING
from pipelines.edges.tablefiles import write_csv, write_json
from pipelines.edges.templates import render
from pipelines.edges.workbook import Workbook
from pipelines.model.measure import CASE_ROWS
from pipelines.model.points import CENT, half_up, shown
from pipelines.model.text import file_stem, link_to
from pipelines.model.words import Refusal, Words
from pipelines.running.findings import FINDINGS as KINDS
from pipelines.running.findings import Finding, Many, how_many
from pipelines.running.forecast import Likely
from pipelines.running.watch import HORIZONS, MOST_RATINGS, Step, UnitWatch, Watched
from pipelines.views.figures import NOTHING, day, known, listed, moment, named, percent, run_on, signed, speaking
from pipelines.views.frame import SUFFIX, shell
from pipelines.wording import say

MOST = 80  # steps on a page
MOVERS = 8
LISTED, FEW = 8, 4  # findings of a kind on a page, and cases that one of them names there
FINDINGS = ("state", "period", "at", "unit_id", "unit_name", "kind", "what", "cases")
BY_UNIT = ("state", "period", "at", "unit_id", "unit_name", "kind", "cases", "by_city_rate")
FIGURES = "watch.json"
STEPS = (
    "state",
    "period",
    "at",
    "unit_id",
    "unit_name",
    "case_id",
    "ref_id",
    "act",
    "until",
    "costs",
    "costs_with_row",
)
UNITS = ("state", "period", "at", "unit_id", "unit_name", "can_be_kept", "at_risk", "lost", "place_if_kept")
LIST = ("unit_name", "case_id", "act", "until", "within", "points", "score", "done")
GROUPS = ("late", *HORIZONS, "late_together")


def folder_of(out: Path, period: object, at: datetime) -> Path:
    """Where the watch of a day lies."""
    return out / RUNNING / str(period) / f"{at:%Y-%m-%d}"


@cache
def cents(value: int | Fraction) -> str:
    """Hundredths as text."""
    return shown(Fraction(value, CENT))


@cache
def _number(hundredths: int | Fraction) -> float:
    """As a cell of a workbook holds points."""
    return float(Fraction(hundredths, CENT))


def write(watched: Watched, out: Path, end: Likely) -> Path:
    """Write the day's folder beside the one that is there and switch to it; Refusal where the disk does not take it."""
    folder = folder_of(out, watched.watch.period, watched.at)
    try:
        with folders.staging(out) as staged:
            _write(watched, end, staged, _before(folder))
            folder.parent.mkdir(parents=True, exist_ok=True)
            font_beside(folder.parent, staged.rglob("*.html"))
            old = staged.with_name(f"{staged.name}.old")
            if folder.exists():
                folder.rename(old)
            staged.rename(folder)
            shutil.rmtree(old, ignore_errors=True)
    except OSError as problem:
        raise Refusal(say("publish.cannot_write", folder=folder, why=machine_fault(problem))) from None
    return folder


def days(out: Path, period: object) -> list[dict]:
    """The figures of every day that was watched, in order; what cannot be read is passed over."""
    return [told for file in sorted((out / RUNNING / str(period)).glob(f"*/{FIGURES}")) if (told := _read(file))]


def _before(folder: Path) -> dict:
    """The figures of the last day that was watched before this one; none where there is none."""
    files = [file for file in sorted(folder.parent.glob(f"*/{FIGURES}")) if file.parent.name < folder.name]
    return _read(files[-1]) if files else {}


def _read(file: Path) -> dict:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def figures(watched: Watched, end: Likely) -> dict:
    """The watch for machines: points with two places or as many as the book has, marked as no assessment."""
    watch = watched.watch
    return {
        "state": say("running.mark").zh,
        "assessment": False,
        "period": str(watch.period),
        "at": watched.at.isoformat(),
        "cutoff": watch.cutoff.isoformat(),
        "readings": watch.readings,
        "units": [
            {
                "unit_id": one.unit.unit_id,
                "unit_name": one.unit.unit_name,
                "place_if_kept": one.place,
                "can_be_kept": cents(one.held_total),
                "at_risk": cents(one.at_risk),
                "likely_total": [cents(bound) for bound in end.total.get(one.unit.unit_id, ())],
                "likely_place": list(end.place.get(one.unit.unit_id) or ()),
                "items": {id: [cents(points), cents(one.missed[id])] for id, points in one.held.items()},
                "due": {name: {"rows": due.rows, "points": cents(due.cost)} for name, due in one.due.items()},
            }
            for one in watched.units
        ],
    }


def _write(watched: Watched, end: Likely, folder: Path, before: dict) -> None:
    for name in ("units", "units/en"):
        (folder / name).mkdir()
    steps = {one.unit.unit_id: [] for one in watched.units}
    for step in watched.steps:
        steps[step.unit_id].append(step)
    write_json(folder / FIGURES, figures(watched, end))
    for lang, suffix in SUFFIX.items():
        pages = Pages(watched, end, before, lang)
        (folder / f"index{suffix}.html").write_text(render("running/section.html.j2", pages.section()), "utf-8")
        (folder / f"leaders{suffix}.html").write_text(render("running/leaders.html.j2", pages.leaders()), "utf-8")
        for one in watched.units:
            name = f"units/{'en/' if suffix else ''}{file_stem(one.unit.unit_id)}.html"
            page = pages.unit(one, steps[one.unit.unit_id])
            (folder / name).write_text(render("running/unit.html.j2", page), encoding="utf-8")
    pages = Pages(watched, end, before, "zh")
    write_csv(folder / "steps.csv", STEPS, (pages.step_row(step) for step in watched.steps))
    write_csv(folder / "findings.csv", FINDINGS, map(pages.finding_row, watched.watch.findings))
    write_csv(folder / "findings_by_unit.csv", BY_UNIT, pages.finding_units())
    write_csv(folder / "units.csv", UNITS, map(pages.unit_row, watched.units))
    pages.workbook(folder / "morning.xlsx", say("running.title_section", **pages.facts).zh, watched.steps)
    for one in watched.units:
        id, title = one.unit.unit_id, say("running.list_title", name=one.unit.unit_name).zh
        if steps[id] or one.ratings.cases:
            pages.workbook(folder / "units" / f"{file_stem(id)}.xlsx", title, steps[id], one.ratings.cases)


@dataclass(frozen=True)
class Pages:
    """The pages of a watch in one language, as dicts."""

    watched: Watched
    end: Likely
    before: dict
    lang: str

    @cached_property
    def facts(self) -> dict[str, str]:
        """What every sentence may name."""
        period, at = self.watched.watch.period, self.watched.at
        return {"period_name": named(period, self.lang), "at": moment(at, self.lang), "period": str(period)}

    def say(self, name: str, /, **facts: object) -> str:
        """A sentence of the topic in the language of the page."""
        return say(f"running.{name}", **{**self.facts, **facts}).into(self.lang)

    @cached_property
    def frame(self) -> dict:
        """Around every page: the mark stands where other pages say that data are invented, and beside that."""
        simulated = self.watched.watch.intake.simulated
        return {
            **shell(speaking(say, self.watched.watch.period.kind), self.lang),
            "period_name": self.facts["period_name"],
            "period": self.facts["period"],
            "simulated": say("pages.simulated").into(self.lang) if simulated else "",
            "simulated_says": say("pages.simulated_says").into(self.lang) if simulated else "",
            "mark": self.say("mark"),
            "mark_says": self.say("mark_says"),
            "links": {name: self.say(f"nav_{name}") for name in ("section", "leaders", "list")},
        }

    @cached_property
    def names(self) -> dict[str, str]:
        """Of the units."""
        return {one.unit.unit_id: one.unit.unit_name for one in self.watched.units}

    def act(self, step: Step) -> str:
        """What is to be done."""
        return self.acts[step.event]

    @cached_property
    def acts(self) -> dict[str, str]:
        """Every act in words, by its event."""
        titles = {
            name: column.title
            for one in self.watched.watch.contracts.tables.values()
            for name, column in one.columns.items()
        }
        events = {step.event for step in self.watched.steps}
        return {event: known(say, f"running.act_{event}", titles[event], self.lang) for event in events}

    @cached_property
    def ahead(self) -> tuple[tuple[str, datetime], ...]:
        """The horizons with their names, soonest first."""
        return tuple(zip(HORIZONS, self.watched.watch.horizons, strict=True))

    @cached_property
    def within(self) -> dict[str, str]:
        """How soon, in words, by group."""
        return {name: self.say(name if name.startswith("late") else f"group_{name}") for name in GROUPS}

    def group(self, step: Step) -> str:
        """How soon it falls due."""
        if step.late:
            return "late" if step.cost else "late_together"
        return next((name for name, until in self.ahead if step.until and step.until < until), HORIZONS[-1])

    def steps(self, steps: list[Step]) -> list[dict]:
        """Steps as a page shows them; what the whole row costs stands at the first of it."""
        seen: set[tuple[str, str]] = set()
        told = []
        for step in steps:
            told.append({**self.step(step), **({"whole": ""} if _row(step) in seen else {})})
            seen.add(_row(step))
        return told

    def step(self, step: Step) -> dict:
        """A step as a page shows it."""
        until = moment(step.until, self.lang) if step.until else ""
        return {
            "number": step.ref_id or step.case_id,
            "act": self.act(step),
            "until": self.say("was_due" if step.late else "until", until=until) if until else self.say("no_deadline"),
            "cost": self.say("costs", cost=cents(step.cost)) if step.cost else self.say("costs_nothing"),
            "dear": bool(step.cost),
            "whole": self.say("costs_row", cost=cents(step.cost_of_row)) if step.cost_of_row > step.cost else "",
        }

    def lost(self, one: UnitWatch) -> list[tuple[str, int]]:
        """Title and hundredths of every item that has lost something for good, most first."""
        items = self.watched.watch.rulebook.items
        found = [
            (items[id].title.into(self.lang), int(score.full_marks * CENT) - one.held[id])
            for id, score in one.score.items.items()
            if score.full_marks
        ]
        return sorted((pair for pair in found if pair[1] > 0), key=lambda pair: (-pair[1], pair[0]))

    def unit(self, one: UnitWatch, steps: list[Step]) -> dict:
        """The page of a unit: what can be kept, what is lost, then what to do, the most urgent first."""
        gone, shown_steps = self.lost(one), steps[:MOST]
        stem = file_stem(one.unit.unit_id)
        groups = [
            {
                "title": self.within[name],
                "steps": self.steps([step for step in shown_steps if self.group(step) == name]),
            }
            for name in GROUPS
        ]
        told = [self.say("says_gone_item", title=title, points=cents(points)) for title, points in gone]
        return {
            "frame": self.frame,
            "title": self.say("title", name=one.unit.unit_name),
            "name": one.unit.unit_name,
            "group": one.unit.unit_group,
            "href": link_to(stem) + ".html",
            "list": (f"{link_to(stem)}.xlsx" if steps or one.ratings.cases else ""),
            "figures": self._figures(one, sum(points for _, points in gone)),
            "says": [
                self._open(one, steps),
                self.say("says_gone", items=listed(told, self.lang)) if told else self.say("says_nothing_gone"),
                *self._ratings(one),
                *self._evaluations(one),
                *self._likely(one),
            ],
            "due": [self._due(one, name) for name in HORIZONS],
            "groups": [group for group in groups if group["steps"]],
            "waiting_title": self.say("waiting", n=len(one.ratings.cases)),
            "waiting": one.ratings.cases[:MOST],
            "waiting_more": self.more(len(one.ratings.cases)),
            "none": self.say("no_steps"),
            "more": self.more(len(steps)),
        }

    def more(self, n: int) -> str:
        """That the morning's list has more of them."""
        return self.say("more_steps", n=n - MOST) if n > MOST else ""

    def _figures(self, one: UnitWatch, lost: int) -> list[dict[str, str]]:
        told = (("held", cents(one.held_total)), ("at_risk", cents(one.at_risk)), ("lost", cents(lost)))
        return [{"title": self.say(name), "value": value, "name": name} for name, value in told] + [
            {"title": self.say("place"), "value": str(one.place or NOTHING), "name": "place"}
        ]

    def _due(self, one: UnitWatch, name: str) -> dict[str, str]:
        due = one.due[name]
        rows = self.say("due_rows", rows=due.rows) if due.rows else NOTHING
        cost = self.say("due_cost", cost=cents(due.cost)) if due.cost else ""
        return {"title": self.say(f"due_{name}"), "rows": rows, "cost": cost}

    def _open(self, one: UnitWatch, steps: list[Step]) -> str:
        due = one.due["end"]
        if not due.rows or not due.cost:
            return self.say("says_nothing_open")
        ahead = _days(step for step in steps if not step.late and step.cost) or _days(steps)
        first = min(ahead, default=self.watched.watch.cutoff.date())
        last = self.watched.watch.cutoff
        facts = {"rows": due.rows, "cost": cents(due.cost), "n": len(ahead.get(first, ())) or due.rows}
        return self.say("says_open", **facts, last=moment(last, self.lang), first=day(first, self.lang))

    def _ratings(self, one: UnitWatch) -> Iterator[str]:
        told = one.ratings
        if not told.cases:
            return
        parts = [self.say("says_waiting", n=len(told.cases))]
        if told.falls_after:
            parts.append(self.say("says_falls", after=told.falls_after, points=cents(told.falls)))
        if told.rises_after:
            parts.append(self.say("says_rises", after=told.rises_after, points=cents(told.rises)))
        if not told.falls_after and not told.rises_after:
            parts.append(self.say("says_holds", most=min(len(told.cases), MOST_RATINGS)))
        yield run_on(parts, self.lang)

    def _evaluations(self, one: UnitWatch) -> Iterator[str]:
        if one.evaluations.get("end"):
            facts = {"n": one.evaluations["end"], "soon": one.evaluations["five_working_days"]}
            yield self.say("says_evaluations", **facts)

    def _likely(self, one: UnitWatch) -> Iterator[str]:
        """The likely end, or why there is none."""
        if self.end.why_not:
            yield self.end.why_not.into(self.lang)
        else:
            low, high = map(cents, self.end.total[one.unit.unit_id])
            place = self.end.place[one.unit.unit_id]
            places = self.say("says_likely_place", best=place[0], worst=place[1]) if place else ""
            yield self.say("says_likely", low=low, high=high, places=places, months=self.end.months)
            if not place:
                yield (self.end.no_place or say("running.no_forecast_unplaced")).into(self.lang)

    def section(self) -> dict:
        """The section's page: the heat map, what falls due, who moved, who is beyond help."""
        items = [item for item in self.watched.watch.rulebook.items.values() if item.full_marks]
        at_risk = {
            one.unit.unit_id: {id: one.held[id] - one.missed[id] for id in one.held} for one in self.watched.units
        }
        concerned = [item for item in items if any(own[item.id] for own in at_risk.values())]
        most = max((points for own in at_risk.values() for points in own.values()), default=0)
        by_risk = sorted(self.watched.units, key=lambda one: (-one.at_risk, one.unit.order))
        beyond = [one.unit.unit_name for one in self.watched.units if not one.at_risk and self.lost(one)]
        return {
            "frame": self.frame,
            "title": self.say("title_section"),
            "words": {name: self.say(name) for name in SECTION},
            "columns": [{"id": item.id, "title": item.title.into(self.lang)} for item in concerned],
            "rows": [
                {
                    **self._unit_link(one),
                    "held": cents(one.held_total),
                    "at_risk": cents(one.at_risk) if one.at_risk else "",
                    "likely": "–".join(map(cents, self.end.total.get(one.unit.unit_id, ()))),
                    "cells": [_cell(at_risk[one.unit.unit_id][item.id], most) for item in concerned],
                    "due": [
                        {
                            "rows": str(one.due[name].rows or ""),
                            "cost": cents(one.due[name].cost) if one.due[name].cost else "",
                        }
                        for name in HORIZONS
                    ],
                }
                for one in by_risk
            ],
            "why_not": self.end.why_not.into(self.lang) if self.end.why_not else "",
            "movers_title": self.say("movers", day=self.day_before) if self.before else "",
            "movers": self._movers(),
            "movers_none": self.say("movers_still" if self.before else "movers_none"),
            "warnings": [one.into(self.lang) for one in self.watched.watch.warnings_of_day],
            **self._findings(),
            "beyond": self.say("beyond_says", names=listed(beyond, self.lang)) if beyond else self.say("beyond_none"),
        }

    @property
    def day_before(self) -> str:
        """The day that was watched before."""
        return day(datetime.fromisoformat(self.before["at"]), self.lang)

    @cached_property
    def many(self) -> dict[str, Many]:
        """The findings counted, by kind."""
        watch = self.watched.watch
        rows = watch.missed.whole(CASE_ROWS, watch.readings).tolist()
        return {one.kind: one for one in how_many(watch.findings, dict(zip(watch.missed.unit_ids, rows, strict=True)))}

    def _findings(self) -> dict:
        found = {kind: [one for one in self.watched.watch.findings if one.kind == kind] for kind in KINDS}
        kinds = [
            {
                "title": self.say(f"findings_{kind}"),
                "says": self._many(self.many[kind]) if kind in self.many else "",
                "told": [self._finding(one) for one in own[:LISTED]],
                "more": self.say("findings_more", n=len(own) - LISTED) if len(own) > LISTED else "",
            }
            for kind, own in found.items()
            if own
        ]
        return {"findings": kinds, "findings_none": self.say("findings_none")}

    def _many(self, one: Many) -> str:
        """How many there are, and where there are more than the city's share of them."""
        told = self.say("findings_many", n=f"{one.n:,}", share=percent(one.n, one.of))
        units = [
            self.say("findings_unit", name=self.names.get(id, id), n=f"{n:,}", expected=f"{round(expected):,}")
            for id, n, expected in one.more[:FEW]
        ]
        return run_on(
            [told, *([self.say("findings_above", units=listed(units, self.lang))] if units else [])], self.lang
        )

    def _finding(self, one: Finding) -> str:
        cases = f" {' '.join(one.cases[:FEW])}" + ("…" if len(one.cases) > FEW else "")
        return self.say(
            "finding", name=self.names.get(one.unit_id, one.unit_id), what=one.words.into(self.lang), cases=cases
        )

    def finding_units(self) -> Iterator[dict]:
        """Lines of `findings_by_unit.csv`: units above the city's rate, by kind, the strongest first."""
        for one in self.many.values():
            for id, n, expected in one.more:
                own = {"kind": one.kind, "cases": str(n), "by_city_rate": shown(half_up(expected))}
                yield {**self.marked(id), **own}

    def finding_row(self, one: Finding) -> dict:
        """A line of `findings.csv`."""
        own = {"kind": one.kind, "what": one.words.into(self.lang), "cases": " ".join(one.cases)}
        return {**self.marked(one.unit_id), **own}

    def _unit_link(self, one: UnitWatch) -> dict[str, str]:
        folder = "units/en/" if self.lang == "en" else "units/"
        return {"name": one.unit.unit_name, "href": folder + link_to(file_stem(one.unit.unit_id)) + ".html"}

    def _movers(self) -> list[str]:
        was = {one["unit_id"]: Fraction(one["can_be_kept"]) for one in self.before.get("units", ())}
        moved = [
            (Fraction(one.held_total, CENT) - was[one.unit.unit_id], one)
            for one in self.watched.units
            if one.unit.unit_id in was
        ]
        moved = sorted((pair for pair in moved if pair[0]), key=lambda pair: (-abs(pair[0]), pair[1].unit.order))
        return [
            self.say(
                "moved", name=one.unit.unit_name, held=cents(one.held_total), change=signed(by), risk=cents(one.at_risk)
            )
            for by, one in moved[:MOVERS]
        ]

    def leaders(self) -> dict:
        """Three sentences."""
        warnings = [one.into(self.lang) for one in self.watched.watch.warnings_of_day]
        title, words = self.say("title_leaders"), {"warnings": self.say("warnings")}
        return {
            "frame": self.frame,
            "title": title,
            "words": words,
            "sentences": self.sentences(),
            "warnings": warnings,
        }

    def sentences(self) -> list[str]:
        """What is at risk, what falls due, what is lost."""
        units = self.watched.units
        if not units:
            return []
        risk, lost = max(units, key=lambda one: one.at_risk), {}
        for one in units:
            lost[one.unit.unit_name] = sum(points for _, points in self.lost(one))
        open_units, most_lost = [one for one in units if one.at_risk], max(lost, key=lambda name: lost[name])
        total = sum(one.at_risk for one in units)
        first = self.say(
            "leaders_1" if open_units else "leaders_1_none",
            units=len(units),
            n=len(open_units),
            risk=cents(total),
            name=risk.unit.unit_name,
            most=cents(risk.at_risk),
        )
        due = {name: sum(one.due[name].rows for one in units) for name in HORIZONS}
        cost = sum(one.due["five_working_days"].cost for one in units)
        second = self.say("leaders_2", day=due["day"], five=due["five_working_days"], cost=cents(cost))
        gone = sum(lost.values())
        third = self.say(
            "leaders_3" if gone else "leaders_3_none", lost=cents(gone), name=most_lost, most=cents(lost[most_lost])
        )
        return [first, second, third]

    def step_row(self, step: Step) -> dict:
        """A line of `steps.csv`."""
        return {
            **self.marked(step.unit_id),
            "case_id": step.case_id,
            "ref_id": step.ref_id,
            "act": self.act(step),
            "until": f"{step.until}" if step.until else "",
            "costs": cents(step.cost),
            "costs_with_row": cents(step.cost_of_row),
        }

    def unit_row(self, one: UnitWatch) -> dict:
        """A line of `units.csv`."""
        lost = sum(points for _, points in self.lost(one))
        figures = {"can_be_kept": cents(one.held_total), "at_risk": cents(one.at_risk), "lost": cents(lost)}
        return {**self.marked(one.unit.unit_id), **figures, "place_if_kept": str(one.place or "")}

    def marked(self, unit_id: str) -> dict[str, str]:
        """What begins every line of a table."""
        state = {"state": self.frame["mark"], "period": self.facts["period"], "at": f"{self.watched.at}"}
        return {**state, "unit_id": unit_id, "unit_name": self.names.get(unit_id, unit_id)}

    def workbook(self, file: Path, title: str, steps: Iterable[Step], waiting: Sequence[str] = ()) -> None:
        """The morning's list: a line a step with a column to tick; and a unit's cases that wait for a rating."""
        titles = dict(zip(LIST, (self.say(f"col_{name}") for name in COLUMNS), strict=True))
        simulated = [self.frame["simulated"], self.frame["simulated_says"]] if self.frame["simulated"] else []
        by_urgency = sorted(steps, key=lambda step: GROUPS.index(self.group(step)))
        with Workbook(file, title, header=f"{title}　{self.facts['at']}") as book:
            book.table(self.say("mark"), LIST, titles, map(self._listed, by_urgency))
            if waiting:
                book.table(self.say("col_waiting"), LIST[1:2], titles, ((case,) for case in waiting))
            book.text("说明", [title, f"{self.frame['mark']}：{self.frame['mark_says']}", *simulated])

    def _listed(self, step: Step) -> tuple:
        number, until = step.ref_id or step.case_id, step.until.isoformat(" ", "minutes") if step.until else ""
        costs = _number(step.cost), _number(step.cost_of_row)
        return (self.names[step.unit_id], number, self.act(step), until, self.within[self.group(step)], *costs, "")


COLUMNS = ("unit", "case", "act", "until", "within", "cost", "cost_of_row", "done")
SECTION = (
    "heat",
    "heat_says",
    "due_table",
    "beyond",
    "findings",
    "warnings",
    "col_unit",
    "col_held",
    "col_at_risk",
    "col_likely",
    "due_day",
    "due_three_days",
    "due_five_working_days",
    "due_end",
)


def _cell(points: int, most: int) -> dict[str, str]:
    """Points of a field of the heat map with one of five shades, "" where there is no risk."""
    shade = min(5, -(-5 * points // most)) if points > 0 else 0
    return {"points": cents(points) if points else "", "shade": str(shade)}


def _days(steps: Iterable[Step]) -> dict[date, set[tuple[str, str]]]:
    """By the day of the deadline the rows on which something falls due then."""
    found = defaultdict(set)
    for step in steps:
        if step.until:
            found[step.until.date()].add(_row(step))
    return found


def _row(step: Step) -> tuple[str, str]:
    return step.counts, step.ref_id or step.case_id


def lines(watched: Watched) -> Iterator[Words]:
    """A line a unit for the screen, those first who can lose most."""
    for one in sorted(watched.units, key=lambda one: (-one.at_risk, one.unit.order)):
        due = one.due
        facts = {"held": cents(one.held_total), "risk": cents(one.at_risk), "name": one.unit.unit_name}
        soon = {"day": due["day"].rows, "five": due["five_working_days"].rows}
        yield say("running.line", place=one.place or NOTHING, **facts, **soon)
