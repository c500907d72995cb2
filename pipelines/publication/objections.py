"""Decisions after objections before they are in force: what each would change for every unit, and how like ones went.

The exports are scored as the run in force was: with the decisions that it knew, then with each new one, then with all.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from pipelines.assess import Request, Run, stop_for
from pipelines.edges.published import edition_in_force
from pipelines.model.period import Period
from pipelines.model.points import published
from pipelines.model.text import compared, masked, plain, unguarded
from pipelines.model.words import NotAllowed, Words
from pipelines.publication.checklist import Days, outside_window
from pipelines.publication.pages import write_restricted
from pipelines.publication.record import FinishedRun, read, record_file, run_in_force
from pipelines.publication.state import load_settings, replay, window, with_frozen
from pipelines.publication.verify import own_rules
from pipelines.stages.publish import silent
from pipelines.views.bulletin import REFUSED
from pipelines.views.figures import named
from pipelines.wording import say

TABLE = "adjustments"
PUBLISHED = ("adjustment_id", "unit_id", "action", "case_id", "rule_id", "ref_id")  # what a run tells of a decision


@dataclass(frozen=True)
class Standing:
    """A unit: its total, its places and the lists on which it stands; places are "" for a unit without one."""

    name: str
    total: str
    rank: str
    group_rank: str
    lists: frozenset[tuple[Words, Words]]  # each list and what led onto it


@dataclass(frozen=True)
class Change:
    """What becomes of one unit."""

    unit_id: str
    before: Standing
    after: Standing

    @property
    def points(self) -> Fraction:
        """By how much the total changes."""
        return Fraction(self.after.total) - Fraction(self.before.total)

    @property
    def lists(self) -> tuple[Words, ...]:
        """The lists that the unit comes onto, then those that it leaves, each a phrase."""
        both = (("gained", self.after.lists - self.before.lists), ("lost", self.before.lists - self.after.lists))
        return tuple(
            say(f"objections.{how}", list=name, title=title)
            for how, lists in both
            for name, title in sorted(lists, key=str)
        )


@dataclass(frozen=True)
class Alike:
    """How many other decisions are about the same rule; ``same_ground``: those of them with the same ground."""

    n: int
    upheld: int
    same_ground: int
    same_ground_upheld: int
    before: int  # the period before's
    before_upheld: int


@dataclass(frozen=True)
class Tried:
    """One new decision (a row of the table), its rule in words, what it alone changes, and the like ones."""

    decision: dict
    unit: str
    rule: Words | None
    changes: tuple[Change, ...]
    alike: Alike
    window: Days | None = None  # the first and the last day for objections, where the decision lies outside them

    @property
    def upheld(self) -> bool:
        """Whether it is not refused."""
        return self.decision["action"] != REFUSED

    @property
    def is_unlike(self) -> bool:
        """Whether most like decisions, of the same ground where there are some, went the other way."""
        n, upheld = self.alike.n, self.alike.upheld
        if self.alike.same_ground:
            n, upheld = self.alike.same_ground, self.alike.same_ground_upheld
        return 2 * (n - upheld if self.upheld else upheld) > n


@dataclass(frozen=True)
class Objections:
    """What the new decisions would do; ``known`` decisions are in the run in force."""

    known: int  # decisions of the exports that the run in force counts
    tried: tuple[Tried, ...]
    together: tuple[Change, ...]
    differs: bool  # the exports come to other figures than the run in force, also without the new decisions
    simulated: bool


def try_decisions(
    out: Path,
    period: Period,
    exports: Path,
    source: Path | None = None,
    rules: Path | None = None,
    progress: Callable[[str, int, int], None] = silent,
) -> Objections:
    """Score with each decision of the exports that the run in force does not know. Nothing is written.

    NotAllowed where there is no run; ContractStop where the exports would stop one.
    """
    run = run_in_force(out, period)
    if run is None:
        raise NotAllowed(say("objections.no_run", period=period))
    with Run(_request(run, out, exports, source, rules)) as made:
        stop_for(made.check())
        rows = made.warehouse.arrow(f"accepted.{TABLE}")
        decisions = rows.to_pylist()
        known = {_identity(one) for one in _table(run.folder)}
        old = [n for n, one in enumerate(decisions) if _identity(one) in known]
        new = [n for n in range(len(decisions)) if n not in set(old)]

        def scored(*more: int) -> dict[str, Standing]:
            made.score_again(TABLE, rows.take(sorted([*old, *more])))
            return _standings(made)

        days, steps = _window(out, period), len(new) + 2
        progress("tried", 0, steps)
        base, tried = scored(), []
        before = _table(edition_in_force(out, period.previous) or Path(out) / str(period.previous))
        for step, n in enumerate(new, 1):
            progress("tried", step, steps)
            one = decisions[n]
            changes = () if one["action"] == REFUSED else _changes(base, scored(n), one["unit_id"])
            unit = base[one["unit_id"]].name if one["unit_id"] in base else one["unit_id"]
            outside = days if days and outside_window(_dated(one), *map(str, days)) else None
            tried.append(Tried(one, unit, _rule(made, one), changes, _alike(decisions, n, before), outside))
        progress("tried", steps - 1, steps)
        alone = tried[0].changes if len(tried) == 1 else None
        together = _changes(base, scored(*new)) if alone is None and new else alone or ()
        progress("done", steps, steps)
        ranked = {id: (line.total, line.rank, line.group_rank) for id, line in base.items()}
        differs, simulated = ranked != _published(run), bool(made.intake.simulated)
    return Objections(len(old), tuple(tried), together, differs, simulated)


def _window(out: Path, period: Period) -> Days | None:
    """The days in which units may object, as the record counts them; None before the first preview."""
    file = record_file(out, period)
    state = replay(read(file), file)
    if state.opened is None:
        return None
    settings = with_frozen(state.settings, load_settings()) if state.settings else load_settings()
    return state.opened.date(), window(state, state.opened, settings).last


def _dated(decision: dict) -> dict[str, str]:
    return {name: str(decision[name] or "")[:10] for name in ("received_on", "decided_on")}


def _request(run: FinishedRun, out: Path, exports: Path, source: Path | None, rules: Path | None) -> Request:
    """What the run in force was made from, read again; ``verifying``, so that no file for people is written."""
    manifest = run.manifest
    return Request(
        Period.parse(manifest["period"]),
        exports,
        out,
        datetime.fromisoformat(manifest["cutoff"]),
        dict(manifest["readings"]),
        rules or own_rules(run),
        source,
        pdf=False,
        absent=tuple(manifest.get("absent", ())),
        verifying=True,
    )


def _standings(run: Run) -> dict[str, Standing]:
    own = run.rulebook.lists
    titles = {
        one.id: (own[one.list] if one.list in own else say(f"site.list_{one.list}"), one.title)
        for one in run.scored_by.verdicts
        if one.list != "together"  # what is said of nobody by name
    }
    lists: dict[str, set] = {}
    for given in run.verdicts:
        if given.verdict_id in titles:
            lists.setdefault(given.unit_id, set()).add(titles[given.verdict_id])
    return {
        one.unit_id: Standing(
            plain(masked(run.tallies[one.unit_id].unit.unit_name)),
            run.rulebook.sum(run.scores[one.unit_id].total),
            "" if one.rank is None else str(one.rank),
            "" if one.group_rank is None else str(one.group_rank),
            frozenset(lists.get(one.unit_id, ())),
        )
        for one in run.standings
    }


def _changes(before: dict[str, Standing], after: dict[str, Standing], own: str = "") -> tuple[Change, ...]:
    """Every unit of which anything changes: ``own`` first, then who gains or loses most points, then by place."""
    found = [Change(id, before[id], after[id]) for id in before if before[id] != after[id]]
    return tuple(sorted(found, key=lambda one: (one.unit_id != own, -abs(one.points), int(one.before.rank or 0))))


def _rule(run: Run, decision: dict) -> Words | None:
    rules = run.rulebook.rules.values()
    return next((one.title for one in rules if decision["rule_id"] in run.rulebook.waived_as(one.id)), None)


def _alike(decisions: list[dict], n: int, before: list[dict]) -> Alike:
    """Two decisions are alike that name the same rule, or none both."""
    own = decisions[n]
    about, ground = own["rule_id"] or "", compared(own["ground"])
    like = [one for at, one in enumerate(decisions) if at != n and (one["rule_id"] or "") == about]
    same = [one for one in like if ground and compared(one["ground"]) == ground]
    earlier = [one for one in before if one["rule_id"] == about]
    upheld = [sum(one["action"] != REFUSED for one in some) for some in (like, same, earlier)]
    return Alike(len(like), upheld[0], len(same), upheld[1], len(earlier), upheld[2])


def _identity(decision: dict) -> tuple[str, ...]:
    return tuple(str(decision[name] or "") for name in PUBLISHED)


def _table(folder: Path) -> list[dict]:
    """The decisions that a run tells of."""
    file = folder / f"{TABLE}.csv"
    if not file.is_file():
        return []
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return [{name: unguarded(cell or "") for name, cell in line.items()} for line in csv.DictReader(stream)]


def _published(run: FinishedRun) -> dict[str, tuple[str, str, str]]:
    with (run.folder / "ranking.csv").open(encoding="utf-8-sig", newline="") as stream:
        return {line["unit_id"]: (line["total"], line["rank"], line["group_rank"]) for line in csv.DictReader(stream)}


# The same in words, for the terminal, for machines and for the page.


def document(found: Objections) -> dict:
    """Everything that is told: ``tried`` decisions and what they change ``together``."""
    return {
        "known": found.known,
        "differs": found.differs,
        "tried": [_tried(one) for one in found.tried],
        "together": [_row(one) for one in found.together],
    }


def _tried(one: Tried) -> dict:
    decision, alike = one.decision, one.alike
    matter, ground = decision["case_id"] or decision["ref_id"], plain(masked(decision["ground"] or ""))
    about = Words(matter or "", matter or "")
    if one.rule:
        about = say("objections.about", matter=matter, rule=one.rule) if matter else one.rule
    said = say("objections.alike_none")
    if alike.n:
        said = say("objections.alike", n=alike.n, upheld=alike.upheld, refused=alike.n - alike.upheld)
    for name, n, upheld in (
        ("same_ground", alike.same_ground, alike.same_ground_upheld),
        ("alike_before", alike.before, alike.before_upheld),
    ):
        if n:
            more = say(f"objections.{name}", n=n, upheld=upheld)
            said = Words(said.zh + more.zh, said.en + more.en)
    heading = {
        "id": plain(decision["adjustment_id"]),
        "unit": one.unit,
        "action": say(f"pages.action_{decision['action']}"),
    }
    return {
        "adjustment_id": heading["id"],
        "heading": say("objections.decision", **heading),
        "about": about if about.zh else None,
        "ground": say("objections.ground", text=ground) if ground else None,
        "alike": said,
        "unlike": say("objections.unlike") if one.is_unlike else None,
        "outside": _outside(one),
        "rows": [_row(change) for change in one.changes],
        "none": say("objections.unchanged" if one.upheld else "objections.refused"),
    }


def _outside(one: Tried) -> Words | None:
    """That an objection came in, or was decided, outside the days for objections."""
    if one.window is None:
        return None
    dated = [say(f"objections.{name}", day=day) for name, day in _dated(one.decision).items() if day]
    days = Words("、".join(day.zh for day in dated), ", ".join(day.en for day in dated))
    return say("objections.outside", days=days, first=one.window[0], last=one.window[1])


def _row(one: Change) -> dict:
    points = published(one.points, len(one.after.total.partition(".")[2]))
    sides = (
        (name, getattr(one.before, name) or "—", getattr(one.after, name) or "—")
        for name in ("total", "rank", "group_rank")
    )
    sides_shown = {
        name: was if was == now else say("objections.from_to", before=was, after=now).zh for name, was, now in sides
    }
    signed = "" if not one.points else points if one.points < 0 else f"+{points}"
    return {"unit_id": one.unit_id, "name": one.after.name, **sides_shown, "points": signed, "lists": list(one.lists)}


PAGE = "publication/objections.html.j2"
WORDS = (
    "differs",
    "unchanged",
    "col_unit",
    "col_total",
    "col_points",
    "col_rank",
    "col_group_rank",
    "col_lists",
)


def write_page(out: Path, period: Period, found: Objections) -> Path:
    """The page of decisions that were tried; the file."""
    page = {"period": str(period), "simulated": found.simulated, **document(found)}
    words = {name: say(f"objections.{name}") for name in WORDS}
    words["title"] = say("objections.title", name=Words(named(period), named(period, "en")))
    words["says"] = say("objections.says", known=found.known, n=len(found.tried))
    words["together"] = say("objections.together", n=len(found.tried))
    return write_restricted(out, period, "objections.html", PAGE, page, words)
