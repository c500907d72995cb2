"""A unit's scorecard: every item with its arithmetic, every ledger line under its rule."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby, pairwise
from statistics import median

from pipelines.model.period import Period
from pipelines.model.points import half_up, points, published, rounded, shown
from pipelines.model.rule import Rulebook
from pipelines.model.score import WHOLE, Earlier, ItemScore, Loss, PlaceRange, ScoredPeriod, Standing, UnitScore, at
from pipelines.model.tally import UnitTally
from pipelines.model.text import file_stem, masked, plain
from pipelines.views import charts, quality
from pipelines.views.counterfactual import Counterfactuals, told
from pipelines.views.figures import (
    NOTHING,
    Say,
    known,
    listed,
    month_name,
    named,
    note,
    parted,
    plainly,
    signed,
    speaking,
    width,
)
from pipelines.views.frame import column_name, frame, made_of, words
from pipelines.views.libraries import Boxes
from pipelines.views.ranking import line as standing_line
from pipelines.views.ranking import rate_words, verdicts
from pipelines.views.rules import Lines
from pipelines.views.tables import account_rows

# The first page of a scorecard: what a head of unit must know in a minute.


MOST = 3  # so many causes are named, those that cost most


@dataclass(frozen=True)
class Row:
    """A unit in one quarter: its total, places of how many, the change of the total."""

    period: Period
    total: Fraction
    rank: str
    group_rank: str
    change: str = ""


def summary(score: UnitScore, say: Say, lang: str = "zh", decimals: int = 2) -> str:
    """The arithmetic of the total in one sentence."""
    items = score.items.values()
    lost = -sum((item.brought for item in items if item.deducted < 0), Fraction(0))
    facts = {name: published(getattr(score, name), decimals) for name in ("base", "bonus", "total")}
    facts |= {"full": shown(half_up(score.full_marks)), "lost": shown(rounded(lost, max(2, decimals)))}
    if any(item.times != 1 for item in items):
        return say("pages.summary_times", **facts).into(lang)
    plain = "" if score.total != score.base else "_plain"
    return say(f"pages.summary_{'lost' if lost else 'clean'}{plain}", **facts).into(lang)


def costliest(score: UnitScore, lines: list[dict], named: dict[str, dict]) -> list[dict]:
    """The causes that would bring most back if they alone fell away, the largest first (`stages.settle`).

    ``points`` is what would come back, ``gross`` what the lines of the cause come to, empty where that is the same.
    A cause has several rules where no single rule of its item would bring anything back.
    """
    sums: dict[str, list[dict]] = {}
    for line in lines:
        if line["points"] < 0 and line["rule_id"] in named:
            sums.setdefault(line["rule_id"], []).append(line)
    found = [loss for loss in score.losses if set(loss.rules) <= sums.keys()]
    return [_cause(loss, [line for rule in loss.rules for line in sums[rule]], named) for loss in found[:MOST]]


def _cause(loss: Loss, lines: list[dict], named: dict[str, dict]) -> dict:
    gross = -sum(line["points"] for line in lines)
    return {
        "rules": [named[rule] for rule in loss.rules],
        "clause": lines[0]["clause"],
        "count": str(len(lines)),
        "points": shown(loss.back),
        "gross": "" if gross == loss.back else str(gross),
    }


@dataclass(frozen=True)
class Past:
    """An earlier quarter with what every scorecard needs of it: how many were ranked, overall ("") and by group."""

    earlier: Earlier
    sizes: Counter


def pasts(result: ScoredPeriod) -> list[Past]:
    """The earlier quarters, the oldest first."""
    return [Past(one, _sizes(one.ranking)) for one in result.earlier]


def _sizes(ranking: dict[str, dict]) -> Counter:
    ranked = [line for line in ranking.values() if line.get("rank")]
    return Counter(["" for _ in ranked] + [line.get("unit_group") or NOTHING for line in ranked])


def trend(result: ScoredPeriod, past: list[Past], standing: Standing, places: tuple[int, int]) -> list[Row]:
    """A row per quarter in which the unit was scored, this one last; none where this is the first.

    ``change`` is against the quarter just before, empty where that one is not known.
    """
    rows = [row for one in past if (row := _past_row(one, standing.unit_id))]
    if not rows:
        return []
    total = result.scores[standing.unit_id].total
    rows.append(Row(result.period, total, _of(standing.rank, places[0]), _of(standing.group_rank, places[1])))
    written = result.rulebook.sum
    return [rows[0], *(_changed(row, before, written) for before, row in pairwise(rows))]


def _past_row(past: Past, unit_id: str) -> Row | None:
    line = past.earlier.ranking.get(unit_id, {})
    try:
        total = half_up(points(str(line["total"])))
    except (KeyError, ValueError, ZeroDivisionError):
        return None
    group = line.get("unit_group") or NOTHING
    return Row(
        past.earlier.period,
        total,
        _of(line.get("rank"), past.sizes[""]),
        _of(line.get("group_rank"), past.sizes[group]),
    )


def _changed(row: Row, before: Row, written: Callable[[Fraction], str]) -> Row:
    near = before.period == row.period.previous
    return replace(row, change=signed(half_up(row.total - before.total), written) if near else "")


def _of(place: object, size: int) -> str:
    return f"{place} / {size}" if place else NOTHING


# How sure a place is, as the box on a scorecard says it.


def box(sure: PlaceRange | None, rulebook: Rulebook, say: Say, lang: str = "zh") -> dict | None:
    """``figures`` (label and value) and ``says`` (the reading that matters most); None for a unit without a place."""
    if sure is None:
        return None
    values = {"place": str(sure.place), "readings": span(*sure.readings), "chance": span(*sure.chance)}
    if not rulebook.readings:
        del values["readings"]
    return {
        "figures": [{"label": say(f"pages.sure_{name}").into(lang), "value": value} for name, value in values.items()],
        "says": _mover(sure, rulebook, say, lang),
    }


def span(best: int, worst: int) -> str:
    """``9—17``, or one place."""
    return str(best) if best == worst else f"{best}—{worst}"


def _mover(sure: PlaceRange, rulebook: Rulebook, say: Say, lang: str) -> str:
    if not rulebook.readings:
        return say("pages.sure_chance_says").into(lang)
    if not sure.mover:
        return say("pages.sure_steady").into(lang)
    id, _, value = sure.mover.partition("=")
    reading = rulebook.readings[id]
    chosen = reading.says[value].into(lang) if value in reading.says else value
    facts = {"reading": plain(reading.title.into(lang)), "value": plain(chosen), "place": sure.moved_to}
    return say("pages.sure_mover", **facts).into(lang)


# Lines that close an item, after those of its rules.
CLOSING = ("compose", "starts", "same_matter", "rounding", "floor", "ceiling", "cap", "only_when")
WORDS = (
    "unit_id",
    "total",
    "rank",
    "group_rank",
    "grade",
    "moved",
    "base",
    "bonus",
    "case_rows",
    "unmeasured",
    "stop",
    "semicolon",
    "comma",
    "strip_box",
    "sure",
    "first",
    "first_box",
    "first_says",
    "steps",
    "if",
    "if_says",
    "if_none",
    "if_said",
    "if_label",
    "if_clear",
    "if_object",
    "objection",
    "objection_says",
    "objection_text",
    "objection_waive",
    "objection_exclude",
    "objection_heads",
    "objection_unit",
    "objection_leader",
    "objection_contact",
    "objection_day",
    "objection_print",
    "objection_sheet",
    "col_n",
    "col_rule",
    "col_asked",
    "col_ground",
    "col_evidence",
    "points",
    "sheet",
    "sheet_says",
    "col_clause",
    "col_item",
    "col_full",
    "col_deducted",
    "col_score",
    "col_share",
    "col_peers",
    "col_since",
    "trend",
    "trend_box",
    "col_period",
    "col_change",
    "rates",
    "ledger",
    "nothing",
    "col_month",
    "col_case",
    "col_ref",
    "col_detail",
    "col_points",
    "waived",
    "decisions",
    "decisions_says",
    "col_decision",
    "col_action",
    "col_about",
    "col_on",
    "col_reason",
    "libraries",
    "counted_before",
    "counted_before_says",
    "account",
    "kept_out_says",
)
ACCOUNT_PARTS = ("scored", "other_period", "excluded", "quarantined", "left_out", "counted_before")
MOST_KEPT_OUT = 50  # cases on a page; the others stand in quarantine.csv
Ticks = Mapping[tuple[str, str], str]  # (rule, month) -> under which name the page counts a case
NO_TICKS: Ticks = {}
COLUMNS = {"months": "month", "cases": "case_id", "refs": "ref_id"}  # shown where a line of the item fills them


class Scorecards:
    """Makes the scorecards of one assessment in one language; what all of them share is worked out once."""

    def __init__(
        self, result: ScoredPeriod, say: Say, lang: str = "zh", counterfactuals: Counterfactuals | None = None
    ) -> None:
        self.result = result
        self.say = say = speaking(say, result.period.kind)
        self.lang = lang
        self.frame = frame(result, say, lang)
        self.words = words(say, WORDS, lang, "scorecard") | rate_words(result.rulebook, say, lang)
        self.past = pasts(result)
        self.places = _places(result)
        self.verdicts = _verdicts_by_unit(result, say, lang)
        self.lines = Lines(result.rulebook, say, lang)
        totals = [result.scores[s.unit_id].total for s in result.standings if s.ranked]
        self.strip = charts.Strip(totals, result.rulebook.decimals) if totals else None
        self.account = {row["unit_id"]: row for row in account_rows(result)}
        self.kept_out = _kept_out(result, say, lang)
        self.libraries = Boxes(result.libraries, say, lang) if result.libraries else None
        self.peers = _peers(result)
        self.items_before = _items_before(result)
        self.grouped = len({tally.unit.unit_group for tally in result.tallies.values()}) > 1
        self.rated = any(standing.rated for standing in result.standings)
        self.largest = max((item.full_marks for item in result.rulebook.items.values()), default=Fraction(0))
        self.counterfactuals = counterfactuals or Counterfactuals(result)
        self.rules = {}
        self.order = {rule_id: number for number, rule_id in enumerate((*result.rulebook.rules, *CLOSING))}

    def of(
        self, standing: Standing, lines: list[dict], decisions: Iterable[dict] = (), most: int | None = None
    ) -> dict:
        """The scorecard of a unit from its ledger ``lines`` (dicts of `ledger.csv`, points as Decimal).

        ``most`` bounds the lines shown (on paper), each rule alike; what is left out is counted and said.
        """
        score = self.result.scores[standing.unit_id]
        by_item: dict[str, list[dict]] = {}
        for entry in lines:
            by_item.setdefault(entry["item_id"], []).append(entry)
        most = None if most is None else _each(_counts(lines), most)
        unit = standing_line(self.result, standing, self.say, self.lang)
        places = self.places["", ""], self.places["group", unit["group"]]
        case = self.counterfactuals.of(standing, lines)
        ticks = case.ticks() if case and most is None else {}
        weighed = any(item.weight != 1 or item.times != 1 for item in score.items.values())
        return {
            "frame": self.frame,
            "words": self.words | ({"sheet_says": self._says("sheet_says_weighed")} if weighed else {}),
            "title": self._says("title", name=unit["name"], period_name=self.frame["period_name"]),
            "heading": self._says("heading", period_name=self.frame["period_name"]),
            "objection": self._says("objection_title", period_name=self.frame["period_name"]),
            "unit": unit,
            "places": dict(zip(("overall", "group"), map(str, places), strict=True)),
            "full_marks": shown(half_up(score.full_marks)),
            "whole": [
                {**self._line(entry), "points": signed(Fraction(entry["points"]))} for entry in by_item.get(WHOLE, ())
            ],
            "made_of": made_of(self.result, self.say, self.lang),
            "difference": signed(score.total - half_up(score.full_marks), self.result.rulebook.sum),
            **self._sheet(standing.unit_id, by_item.keys()),
            "compared": bool(self.items_before),
            "grouped": self.grouped,
            "rated": self.rated,
            "moves": bool(self.result.previous),
            "and": self._says("and"),
            "evidence": _anchored(
                [
                    self._evidence(score.items[item_id], by_item[item_id], most, ticks)
                    for item_id in score.items
                    if item_id in by_item
                ]
            ),
            **self._decisions(list(decisions), most),
            "counted_before": [
                {"case": plain(row.case_id), "period_name": named(Period.parse(row.counted_in), self.lang)}
                for row in self.result.counted_rows
                if row.unit_id == standing.unit_id
            ],
            "account": self._account(standing.unit_id),
            "register": self._register(standing.unit_id),
            **self._quarantined(standing.unit_id, most),
            "verdicts": self.verdicts.get(standing.unit_id, []),
            "sure": box(self.result.place_ranges.get(standing.unit_id), self.result.rulebook, self.say, self.lang),
            **self._first_page(standing, lines, places),
            "steps": told(case, self.result.rulebook, self.say, self.lang) if case else [],
            "numbers": case.numbers() if ticks else None,
            "libraries": self.libraries.of(standing.unit_id) if self.libraries else None,
        }

    def _account(self, unit_id: str) -> str:
        """What became of the unit's case rows, in a sentence that adds up; "" for a unit without any."""
        row = self.account.get(unit_id)
        if not row or not row["received"]:
            return ""
        parts = [self._says(f"account_{name}", n=row[name]) for name in ACCOUNT_PARTS if row[name]]
        pending = self._says("account_pending", n=row["pending"]) if row["pending"] else ""
        return self._says("account_says", n=row["received"], parts=listed(parts, self.lang), pending=pending)

    def _register(self, unit_id: str) -> str:
        """Former names, the units that this one took over from, and the rows that came under their codes."""
        register = self.result.validation.register
        life = register.lives.get(unit_id)
        if life is None:
            return ""
        found = []
        if life.former_names:
            names = [plain(masked(one)) for one in life.former_names]
            found.append(self._says("former_names", names=listed(names, self.lang)))
        for former, how in register.before(unit_id):
            facts = {"name": plain(masked(former.unit_name)), "former": plain(former.unit_id), "last": former.valid_to}
            found.append(self._says(f"unit_{how}", **facts))
        rows = [one for one in register.followed if (one.table, one.heir) == ("cases", unit_id)]
        found += [self._says("rows_of_former", n=one.n, former=plain(one.former)) for one in rows]
        return ("" if self.lang == "zh" else " ").join(found)

    def _quarantined(self, unit_id: str, most: int | None) -> dict:
        """The unit's cases that are kept out, each with its reasons and none of its text."""
        rows = self.kept_out.get(unit_id, [])
        first = _first(rows, MOST_KEPT_OUT if most is None else min(most, MOST_KEPT_OUT))
        left = len(rows) - len(first)
        return {"kept_out": first, "kept_out_left": self._says("kept_out_left", n=left) if left else ""}

    def _first_page(self, standing: Standing, lines: list[dict], places: tuple[int, int]) -> dict:
        """The first page: the sum in a sentence, what cost most, the quarters before, the charts."""
        a, score = self.result, self.result.scores[standing.unit_id]
        judged = {
            entry["rule_id"]: self._named(entry["rule_id"]) for entry in lines if entry["rule_id"] in a.rulebook.rules
        }
        return {
            "summary": summary(score, self.say, self.lang, a.rulebook.decimals),
            "costliest": [self._cause(cause, score) for cause in costliest(score, lines, judged)],
            **self._trend(trend(a, self.past, standing, places)),
            "strip": self._strip(score.total) if self.strip else None,
            "rates": charts.rates(a, a.tallies[standing.unit_id], self.say, self.lang),
            "rates_without": self._rates_without(a.tallies[standing.unit_id]),
        }

    def _rates_without(self, tally: UnitTally) -> str:
        """The rates that the exports have no data for, in a sentence; "" where there are none."""
        titles = [rule.title.into(self.lang) for rule in charts.without_data(self.result, tally)]
        return self._says("rates_without", titles=listed(titles, self.lang)) if titles else ""

    def _cause(self, cause: dict, score: UnitScore) -> dict:
        tally = self._says("tally", n=cause["count"])
        rule = self.result.rulebook.rules.get(cause["rules"][0]["id"])
        gross = self._gross(cause["gross"], score.items.get(rule.item) if rule else None)
        return {
            **cause,
            "tally": tally + gross,
            "remedy": parted(filter(None, (rule["remedy"] for rule in cause["rules"])), self.lang),
        }

    def _gross(self, points: str, score: ItemScore | None) -> str:
        """What the lines come to where that is not what counts: the item is used up, or its sum was rounded."""
        if not points:
            return ""
        used_up = score is not None and score.score == self.result.rulebook.items[score.item_id].floor
        return self._says("gross_used_up" if used_up else "gross", points=points)

    def _trend(self, rows: list[Row]) -> dict:
        """The periods as a table, and as a chart where there are enough of them."""
        shown_rows = [
            {
                "period_name": named(row.period, self.lang),
                "total": self.result.rulebook.sum(row.total),
                "change": row.change,
                "rank": row.rank,
                "group_rank": row.group_rank,
            }
            for row in rows
        ]
        chart = charts.trend([(row.period, row.total) for row in rows], self.result.rulebook.decimals)
        if chart:
            names = (f"{point['period']} {point['label']}" for point in chart["points"])
            chart["name"] = self._says("trend_name", points=listed(names, self.lang))
        return {"trend": shown_rows, "trend_chart": chart}

    def _strip(self, own) -> dict:
        chart = self.strip.of(own)
        facts = {name: chart[name]["label"] for name in ("own", "mean")}
        marks = {name: {**chart[name], "says": self._says(name, n=n)} for name, n in facts.items()}
        return {
            **chart,
            **marks,
            "name": self._says("strip_name", **facts),
            "caption": self._says("strip", n=self.places["", ""]),
        }

    def _sheet(self, unit_id: str, with_lines: Collection[str]) -> dict:
        """The items by section; what several of them have to note is said once for all, below the table."""
        book, scores = self.result.rulebook, self.result.scores[unit_id].items
        items = {id: {**self._item(unit_id, one), "has_lines": id in with_lines} for id, one in scores.items()}
        noted: dict[str, list[str]] = {}
        for id, item in items.items():
            for said in item["notes"]:
                noted.setdefault(said, []).append(book.clauses[id].cited or id if id in book.clauses else id)
        shared = {said: of for said, of in noted.items() if len(of) > 1}
        for item in items.values():
            item["notes"] = [said for said in item["notes"] if said not in shared]
        by_section = groupby(items.values(), key=lambda item: book.items[item["id"]].section)
        return {
            "sections": [{"id": section, "scores": list(group)} for section, group in by_section],
            "shared_notes": parted(
                (self._says("shared_note", items=listed(of, self.lang), note=said) for said, of in shared.items()),
                self.lang,
            ),
        }

    def _item(self, unit_id: str, score: ItemScore) -> dict:
        group = self.result.tallies[unit_id].unit.unit_group
        middle, best = self.peers.get((group, score.item_id), (None, None))
        before = self.items_before.get((unit_id, score.item_id, score.full_marks))
        return {
            "id": score.item_id,
            "title": self.result.rulebook.items[score.item_id].title.into(self.lang),
            "full_marks": shown(score.full_marks),
            "deducted": signed(score.deducted, self.result.rulebook.line),
            "lost": score.deducted < 0,
            "score": self.result.rulebook.line(score.score),
            "peers": NOTHING
            if middle is None
            else f"{self.result.rulebook.line(middle)} / {self.result.rulebook.line(best)}",
            "change": NOTHING if before is None else signed(score.score - before, self.result.rulebook.line),
            "width": width(score.score, score.full_marks) if score.full_marks else "",
            "size": width(score.full_marks, self.largest),
            "unmeasured": not score.measured,
            "notes": [
                *([self._says("weighted", weight=plainly(score.weight))] if score.weight != 1 else ()),
                *([self._says("multiplied", times=plainly(score.times))] if score.times != 1 else ()),
                *(note(self.say, key, self.result.rulebook, self.lang) for key in score.notes),
            ],
        }

    def _evidence(self, score: ItemScore, entries: list[dict], most: int | None, ticks: Ticks) -> dict:
        item_id, items = score.item_id, self.result.rulebook.items
        ordered = sorted(entries, key=lambda entry: (self.order.get(entry["rule_id"], 0), entry["rule_id"]))
        back = {loss.rules[0]: loss.back for loss in score.losses if len(loss.rules) == 1}
        rules = [
            self._rule(score, rule_id, list(group), most, back.get(rule_id), ticks)
            for rule_id, group in groupby(ordered, _rule_id)
        ]
        columns = {name: any(entry[of] for entry in entries) for name, of in COLUMNS.items()}
        span = str(1 + sum(columns.values()))  # of the table, without its last column
        return {
            "id": item_id,
            "title": items[item_id].title.into(self.lang),
            "rules": rules,
            "span": span,
            **columns,
            "box": self._says("ledger_box", item=item_id),
        }

    def _rule(
        self, score: ItemScore, rule_id: str, entries: list[dict], most: int | None, back: Fraction | None, ticks: Ticks
    ) -> dict:
        """A rule's lines under its own row, which shows what would come back without it; their sum stands small."""
        shown_lines = _first(entries, most)
        left = len(entries) - len(shown_lines)
        points = sum((Fraction(entry["points"]) for entry in entries), Fraction(0))
        net = points if points >= 0 or rule_id not in self.result.rulebook.rules else -(back or Fraction(0))
        return {
            **self._named(rule_id),
            "anchor": f"rule-{rule_id}" if rule_id in self.result.rulebook.rules else f"rule-{rule_id}-{score.item_id}",
            "clause": entries[0]["clause"],
            "tally": self._says("tally", n=len(entries)),
            "count": str(len(entries)),
            "points": shown(net),
            "gross": self._gross(shown(-points) if net != points else "", score),
            "entries": [] if _alone(entries) else [self._line(entry, most, ticks) for entry in shown_lines],
            "only": self._line(entries[0], most, ticks) if _alone(entries) else None,
            "left_out": self._says("left_out", n=left) if left else "",
        }

    def _line(self, entry: dict, most: int | None = None, ticks: Ticks = NO_TICKS) -> dict:
        said, evidence = self.lines.both(entry["rule_id"], entry["sentence"], entry["facts"])
        return {
            "month": month_name(entry["month"], self.lang),
            "case": plain(entry["case_id"]),
            "ref": plain(entry["ref_id"]),
            "detail": plain(evidence or said),
            "points": str(entry["points"]),
            "waived_by": plain(entry["adjustment_id"]),
            "tick": ticks.get((entry["rule_id"], "*"), "") if entry["points"] else "",
            **self._misses(entry, most, ticks),
        }

    def _misses(self, entry: dict, most: int | None, ticks: Ticks) -> dict:
        """The rows that a line of a rate rests on: how many in words, and each with its case or number and moments."""
        rows = entry.get("misses") or []
        first = _first(rows, most)
        left = len(rows) - len(first)
        return {
            "missed": self.lines.misses(entry["rule_id"], len(rows)),
            "misses": [
                {
                    "case": plain(row["case_id"] or row["ref_id"]),
                    "detail": plain(self.lines.miss(entry["rule_id"], row["facts"])),
                    "tick": ticks.get((entry["rule_id"], entry["month"]), ""),
                }
                for row in first
            ],
            "misses_left": self._says("left_out", n=left) if left else "",
        }

    def _decisions(self, decisions: list[dict], most: int | None) -> dict:
        first = _first(decisions, most)
        left = len(decisions) - len(first)
        return {
            "decisions": [self._decision(decision) for decision in first],
            "decisions_left": self._says("left_out", n=left) if left else "",
        }

    def _decision(self, decision: dict) -> dict:
        book = self.result.rulebook  # a decision may name a rule that this book does not have
        known_rule = next((id for id in book.rules if decision["rule_id"] in book.waived_as(id)), "")
        rule = self._named(known_rule)["title"] if known_rule else ""
        return {
            "id": plain(decision["adjustment_id"]),
            "action": known(self.say, f"pages.action_{decision['action']}", decision["action"], self.lang),
            "about": [plain(part) for part in (decision["case_id"], decision["ref_id"], rule) if part],
            "on": str(decision["decided_on"] or ""),
            "objection": self._objection(decision),
            "reason": plain(masked(decision["reason"] or "")),
        }

    def _objection(self, decision: dict) -> str:
        """What the unit objected to and when it came in; "" where the office does not say."""
        ground, received = plain(masked(decision["ground"] or "")), decision["received_on"]
        parts = [self._says("received", on=received) if received else "", ground and self._says("ground", text=ground)]
        return " ".join(filter(None, parts))

    def _named(self, rule_id: str) -> dict:
        if rule_id not in self.rules:
            rule = self.result.rulebook.rules.get(rule_id)
            title = rule.title.into(self.lang) if rule else known(self.say, f"pages.rule_{rule_id}", rule_id, self.lang)
            remedy = rule.remedy.into(self.lang) if rule else ""
            advice = self._says("remedy", text=remedy) if remedy else ""
            self.rules[rule_id] = {"id": rule_id, "title": title, "remedy": remedy, "advice": advice}
        return self.rules[rule_id]

    def _says(self, sentence: str, /, **facts: object) -> str:
        return self.say(f"scorecard.{sentence}", **facts).into(self.lang)


def _anchored(evidence: list[dict]) -> list[dict]:
    """The same, with an ``anchor`` where a case is named for the first time: a link can lead to it."""
    seen = {""}
    for rule in (rule for item in evidence for rule in item["rules"]):
        for line in (*rule["entries"], *filter(None, [rule["only"]])):
            for row in (line, *line["misses"]):
                anchor = re.sub("[%~]", ".", f"case-{file_stem(row['case'])}") if row["case"] else ""
                row["anchor"] = "" if anchor in seen else anchor
                seen.add(anchor)
    return evidence


def _counts(lines: Iterable[dict]) -> Counter:
    """How many lines each rule has, and how many misses each line of a rate."""
    counts = Counter(entry["rule_id"] for entry in lines)
    return counts | {entry["entry_id"]: len(rows) for entry in lines if (rows := entry.get("misses"))}


def _each(counts: Counter, most: int) -> int:
    """How many lines of each rule may be shown so that all of them come to no more than ``most``; at least 3."""
    return max(3, *(n for n in range(most + 1) if sum(min(n, count) for count in counts.values()) <= most))


def _first(lines: list[dict], most: int | None) -> list[dict]:
    """The first ``most`` lines; all where only one would be left, for the line that says so takes its place."""
    return lines if most is None or len(lines) <= most + 1 else lines[:most]


def _alone(entries: list[dict]) -> bool:
    """Whether a rule has one line that names no case, month or reference: it stands on the rule's own row."""
    return len(entries) == 1 and not any(entries[0][name] for name in (*COLUMNS.values(), "adjustment_id"))


def _rule_id(entry: dict) -> str:
    return entry["rule_id"]


def _places(result: ScoredPeriod) -> dict[tuple[str, str], int]:
    """How many units are ranked, overall under ("", "") and by ("group", its name as shown)."""
    units = [result.tallies[s.unit_id].unit for s in result.standings]
    places = {("group", plain(masked(unit.unit_group))): 0 for unit in units}
    ranked = [result.tallies[s.unit_id].unit for s in result.standings if s.ranked]
    for unit in ranked:
        places["group", plain(masked(unit.unit_group))] += 1
    return {**places, ("", ""): len(ranked)}


def _peers(result: ScoredPeriod) -> dict[tuple[str, str], tuple[Fraction, Fraction]]:
    """The median and the best score of the ranked units by (group, item); of two units at least."""
    found: dict[tuple[str, str], list[Fraction]] = {}
    for standing in result.standings:
        if standing.ranked:
            for item in result.scores[standing.unit_id].items.values():
                found.setdefault((result.tallies[standing.unit_id].unit.unit_group, item.item_id), []).append(
                    item.score
                )
    return {key: (half_up(median(scores)), max(scores)) for key, scores in found.items() if len(scores) > 1}


def _items_before(result: ScoredPeriod) -> dict[tuple[str, str, Fraction], Fraction]:
    """The scores of the period before by (unit, item, full marks): other full marks are not compared."""
    before = at(result.earlier, result.period.previous)
    return {
        (unit_id, line["item_id"], Fraction(line["full_marks"])): Fraction(line["score"])
        for unit_id, lines in (before.items.items() if before else ())
        for line in lines
    }


def _kept_out(result: ScoredPeriod, say: Say, lang: str) -> dict[str, list[dict]]:
    """The quarantined cases of every unit: number and reasons."""
    reasons: dict[tuple[str, int], list[str]] = {}
    if result.quarantined:
        for breach in quality.quarantined(result):
            if breach.table == "cases":
                columns = listed((column_name(say, one, lang) for one in breach.column.split("/") if one), lang)
                colon = ": " if lang == "en" else "："
                reason = f"{columns}{colon if columns else ''}{breach.remedy.into(lang)}"
                reasons.setdefault((breach.file, breach.line), []).append(plain(masked(reason)))
    found: dict[str, list[dict]] = {}
    for row in result.quarantined:
        why = list(dict.fromkeys(reasons.get((row.file, row.line), ())))
        found.setdefault(row.unit_id, []).append({"case": plain(row.case_id) or "—", "reasons": why})
    return found


def _verdicts_by_unit(result: ScoredPeriod, say: Say, lang: str) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for name, given in verdicts(result, lang).items():
        for verdict in given:
            lists = result.rulebook.lists
            key = "own" if name in lists else name
            title = lists[name].into(lang) if name in lists else ""
            said = say(f"scorecard.given_{key}", says=verdict["says"], title=title).into(lang)
            found.setdefault(verdict["unit_id"], []).append({**verdict, "list": name, "says": said})
    return found
