"""Places and verdicts judged a second time, from the second judge's figures; shares nothing with the first."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise

import numpy as np

from pipelines.engines.vector import PART, Rescored, as_shown, in_points, overall_figure, places
from pipelines.model.condition import BEFORE, NOTHING_KNOWN, Before, Condition, UnitFacts, Value
from pipelines.model.rule import Rulebook, Verdict
from pipelines.model.score import GivenVerdict, Standing
from pipelines.model.tally import Unit
from pipelines.model.words import JudgesDisagree
from pipelines.wording import say

NO_PLACE = 0
OVER_ALL = ("place", "from_bottom_of_all", "level", "level_share")  # facts of places over all units


class SecondOpinion:
    """Every unit's place, group place and verdicts, worked out again.

    ``units`` by unit_id; ``before`` is what the quarter before published; ``steady`` as for the first judge.
    """

    def __init__(
        self,
        rulebook: Rulebook,
        readings: Mapping[str, str],
        rescored: Rescored,
        units: Mapping[str, Unit],
        before: Before = NOTHING_KNOWN,
        steady: Mapping[str, int] = {},
    ) -> None:
        self.rulebook, self.rescored, self.units = rulebook, rescored, units
        self.at = {unit: place for place, unit in enumerate(rescored.unit_ids)}
        said = (rulebook.rules[id].veto if id else None for id in rescored.veto or ("",) * len(self.at))
        self.vetoes = tuple(said)
        self.figures = rescored.base if rulebook.ranked_by(readings) == "base" else rescored.total
        self.figures = np.where(self._vetoed("total"), 0, self.figures)
        self.how = rulebook.ranking
        self.overall = overall_figure(rulebook, self.figures, rescored.full)
        counted = np.array([units[unit].ranked for unit in rescored.unit_ids], bool) & (rescored.case_rows > 0)
        counted = counted & ~self._vetoed("rank")
        self.ranked = counted & (rescored.case_rows >= self.how.apart_below)
        self.apart = counted & ~self.ranked
        self.groups = np.array([units[unit].unit_group for unit in rescored.unit_ids], object)
        self.peers = {group: self.ranked & (self.groups == group) for group in dict.fromkeys(self.groups.tolist())}
        self.placed, self.inside = self.overall[self.ranked], {id: self.figures[at] for id, at in self.peers.items()}
        self.spoilt = self._vetoed("grade")
        sheets = {group: rulebook.of_group(group).items.values() for group in self.peers}
        self._marks = {
            group: {item.id: int(item.full_marks * item.weight * PART) for item in sheet if item.full_marks}
            for group, sheet in sheets.items()
        }
        asked = {condition.fact for verdict in rulebook.verdicts for condition in verdict.when}
        self._asked = [(name, *name.partition(" ")[::2]) for name in asked]
        self._before = {
            unit: (line["unit_group"], int(line["rank"] or NO_PLACE), int(line["group_rank"]))
            for unit, line in before.ranking.items()
            if str(line.get("group_rank") or "").isdecimal() and str(line["rank"] or NO_PLACE).isdecimal()
        }
        self._published, self._steady = before, steady

    def _vetoed(self, kind: str) -> np.ndarray:
        return np.array([veto is not None and veto.kind == kind for veto in self.vetoes], bool)

    def must_place_alike(self, standings: list[Standing]) -> None:
        """JudgesDisagree at the first unit whose place, group place or order in the list is another."""
        overall = places(self.overall, self.ranked & self.how.overall)
        inside = {group: places(self.figures, peers) for group, peers in self.peers.items()}
        for standing in standings:
            at = self.at[standing.unit_id]
            own = (int(overall[at]), int(inside[self.groups[at]][at]))
            mine = own if self.ranked[at] else (NO_PLACE, NO_PLACE)
            mine = mine if self.how.overall else (NO_PLACE, mine[1])
            for name, first, second in zip(
                ("rank", "group_rank", "case_rows", "grade"),
                (standing.rank or NO_PLACE, standing.group_rank or NO_PLACE, standing.case_rows, standing.grade),
                (*mine, int(self.rescored.case_rows[at]), self.grade(at)),
                strict=True,
            ):
                if first != second:
                    _differ(standing.unit_id, name, first, second)
        if sorted(standing.unit_id for standing in standings) != sorted(self.at):
            _differ("-", "ranking", len(standings), len(self.at))
        for upper, lower in pairwise(standings):
            if not self._before_in_list(self.at[upper.unit_id], self.at[lower.unit_id]):
                _differ(lower.unit_id, "listing", upper.unit_id, lower.unit_id)

    def grade(self, at: int) -> str:
        """The grade by total: the first from the top whose bound it reaches, the last for anything below."""
        grades = self.rulebook.grades
        if not grades or not self.rescored.case_rows[at]:
            return ""
        veto = self.vetoes[at]
        if veto is not None and veto.kind == "grade":
            return veto.grade
        total = in_points(self.rescored.total[at])
        return next((one.id for one in grades if one.at_least <= total), grades[-1].id)

    def _before_in_list(self, one: int, other: int) -> bool:
        """The ranked first, by group if there is no place over all, then those apart.

        Then figure, base, satisfaction rate (none last), case rows, each descending; then the register's order.
        """
        rescored = self.rescored
        for column in (self.ranked, self.apart):
            if column[one] != column[other]:
                return bool(column[one])
        if not self.how.overall and self.ranked[one] and self.groups[one] != self.groups[other]:
            return self.groups[one] < self.groups[other]
        for column in (self.overall if self.how.overall else self.figures, rescored.base):
            if column[one] != column[other]:
                return bool(column[one] > column[other])
        if (rescored.rated[one] > 0) != (rescored.rated[other] > 0):
            return bool(rescored.rated[one] > 0)
        left = int(rescored.satisfied[one]) * int(rescored.rated[other])
        right = int(rescored.satisfied[other]) * int(rescored.rated[one])
        if left != right:
            return left > right
        if rescored.case_rows[one] != rescored.case_rows[other]:
            return bool(rescored.case_rows[one] > rescored.case_rows[other])
        mine, others = (self.units[rescored.unit_ids[at]].sort for at in (one, other))
        if mine != others:
            return others is None or (mine is not None and mine < others)
        return rescored.unit_ids[one] < rescored.unit_ids[other]

    def must_agree_on_verdicts(self, given: list[GivenVerdict]) -> None:
        """JudgesDisagree at the first unit that would be given other verdicts."""
        first = {(verdict.unit_id, verdict.verdict_id) for verdict in given}
        verdicts = {verdict.id: verdict for verdict in self.rulebook.verdicts}
        for unit, at in self.at.items():
            facts = self.facts(unit) if self.ranked[at] else {}
            for verdict in verdicts.values():
                second = bool(facts) and self._holds(verdict, facts, verdicts, at)
                if second != ((unit, verdict.id) in first):
                    _differ(unit, verdict.id, not second, second)

    def _holds(self, verdict: Verdict, facts: Mapping[str, Value], verdicts: Mapping[str, Verdict], at: int) -> bool:
        spoilt = verdict.list == "commend" and self.spoilt[at]
        return (
            not spoilt
            and (not verdict.groups or self.groups[at] in verdict.groups)
            and all(_meets(condition, facts) for condition in verdict.when)
            and all(self._holds(verdicts[other], facts, verdicts, at) for other in verdict.also)
            and not any(self._holds(verdicts[other], facts, verdicts, at) for other in verdict.unless)
        )

    def facts(self, unit: str) -> dict[str, Value]:
        """What verdicts may ask of a ranked unit; what has no value is not among them."""
        at, rescored = self.at[unit], self.rescored
        mine, peers = self.figures[at], self.inside[self.groups[at]]
        counting = {id: marks for id, marks in self._marks[self.groups[at]].items() if not rescored.out[id][at]}
        measured = {id: marks for id, marks in counting.items() if not rescored.bare[id][at]}
        empty = [id for id in measured if not self._shown(id, at)]
        among, ranked, all_of = self.overall[at], len(self.placed), self.placed
        level = int((all_of == among).sum())
        place, lower = 1 + int((all_of > among).sum()), 1 + int((all_of < among).sum())
        over_all = (place, lower, level, Fraction(100 * level, ranked)) if self.how.overall else (None,) * 4
        columns = (rescored.total, rescored.base, rescored.bonus)
        total, base, bonus = (in_points(column[at]) for column in columns)
        full = Fraction(sum(counting.values()), PART)
        own = UnitFacts(
            **dict(zip(OVER_ALL, over_all, strict=True)),
            group_place=1 + int((peers > mine).sum()),
            from_bottom=1 + int((peers < mine).sum()),
            size=ranked,
            ranked=ranked,
            group_size=len(peers),
            items_at_zero=len(empty),
            quality_items_at_zero=len([id for id in empty if self.rulebook.items[id].quality]),
            total=total,
            base=base,
            bonus=bonus,
            measured_marks=Fraction(sum(measured.values()), PART),
            full_marks=full,
            share=100 * total / full if full else None,
            case_rows=int(rescored.case_rows[at]),
            grade=self.grade(at) or None,
            steady=self._steady.get(unit),
        )
        return {**own.named(), **self._previous(unit), **self._of_the_book(at)}

    def _of_the_book(self, at: int) -> dict[str, Value]:
        """Rates, measures, items and sections that conditions name, where they have a value."""
        found: dict[str, Value] = {}
        rescored = self.rescored
        for name, kind, what in self._asked:
            if kind == "measure" and not _silent(rescored, at, what):
                found[name] = Fraction(int(rescored.sums[what][at]), self.rulebook.measures[what].scale)
            elif kind == "rate":
                part, of = what.split("/")
                if rescored.sums[of][at] and not _silent(rescored, at, part, of):
                    found[name] = Fraction(100 * int(rescored.sums[part][at]), int(rescored.sums[of][at]))
            elif kind in ("item", "section"):
                ids = [id for id, item in self.rulebook.items.items() if what in (id, item.section)]
                ids = [id for id in ([what] if kind == "item" else ids) if id in rescored.bare]
                if not all(rescored.bare[id][at] for id in ids):
                    found[name] = Fraction(sum(self._shown(id, at) for id in ids), 100)
        return found

    def _shown(self, id: str, at: int) -> int | Fraction:
        """The points of an item as they are printed, in hundredths."""
        return as_shown(self.rescored.items[id][at], self.rulebook.places)

    def _previous(self, unit: str) -> dict[str, Value]:
        """The facts of the quarter before, of a unit that was ranked in it."""
        if unit not in self._before:
            return {}
        group, place, group_place = self._before[unit]
        everybody, among = [other for _, other, _ in self._before.values()], len(self._before)
        over_all = (
            place,
            1 + sum(other > place for other in everybody),
            everybody.count(place),
            Fraction(100 * everybody.count(place), among),
        )
        peers = [other for of, _, other in self._before.values() if of == group]
        line, items = self._published.ranking[unit], self._published.items.get(unit)
        marks = {one["item_id"]: Fraction(one["full_marks"]) for one in items or ()}
        full = sum(marks.values(), Fraction(0))
        empty = [
            one["item_id"]
            for one in items or ()
            if marks[one["item_id"]] and Fraction(one["score"]) == 0 != Fraction(one.get("measured_marks") or "1")
        ]
        quality = [id for id in empty if id in self.rulebook.items and self.rulebook.items[id].quality]
        total = _figure(line, "total")
        return UnitFacts(
            **dict(zip(OVER_ALL, over_all if place else (None,) * 4, strict=True)),
            size=among,
            ranked=among,
            group_place=group_place,
            group_size=len(peers),
            from_bottom=1 + sum(other > group_place for other in peers),
            items_at_zero=None if items is None else len(empty),
            quality_items_at_zero=None if items is None else len(quality),
            total=total,
            base=_figure(line, "base"),
            bonus=_figure(line, "bonus"),
            measured_marks=_figure(line, "measured_marks"),
            full_marks=None if items is None else full,
            share=100 * total / full if full and total is not None else None,
            case_rows=_figure(line, "case_rows"),
            grade=line.get("grade") or None,
            steady=_figure(line, "steady"),
        ).named(BEFORE)


def _figure(line: Mapping[str, str], name: str) -> Fraction | None:
    """A figure of a published line, where the line has it."""
    return Fraction(line[name]) if line.get(name) else None


def _meets(condition: Condition, facts: Mapping[str, Value]) -> bool:
    """A fact without a value makes no condition hold."""
    if condition.fact not in facts:
        return False
    value, bounds = facts[condition.fact], condition.bounds
    if condition.test == "in":
        return value in bounds
    if isinstance(value, str):
        return bounds == (value,)  # a word is equal or not
    (bound,) = condition.numbers
    return {
        "equals": value == bound,
        "at_least": value >= bound,
        "at_most": value <= bound,
        "more_than": value > bound,
        "less_than": value < bound,
    }[condition.test]


def _differ(unit: str, name: str, first: object, second: object) -> None:
    raise JudgesDisagree(say("judge.standings_differ", unit=unit, fact=name, first=first, second=second))


def _silent(rescored: Rescored, at: int, *measures: str) -> bool:
    """Whether nothing tells one of these measures of a unit."""
    return any(bool(rescored.silent[id][at]) for id in measures if id in rescored.silent)
