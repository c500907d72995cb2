"""A town of a few units whose tallies a test writes down by hand, scored by the invented law of Heron Island."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

from pipelines.model.condition import Before
from pipelines.model.rule import Rulebook
from pipelines.model.score import Standing
from pipelines.model.tally import Award, Unit, UnitTally
from pipelines.rulebook.load import choose_readings, load_rulebook
from pipelines.stages.judge import judge
from pipelines.stages.rank import give_verdicts, rank
from pipelines.stages.settle import settle

MONTHS = ("2026-07", "2026-08", "2026-09")
LAW = Path(__file__).with_name("island")


def award(id, kind, matter, on="2026-07-15") -> Award:
    """An approved award."""
    return Award(id, kind, matter, date.fromisoformat(on))


@dataclass(frozen=True)
class Town:
    """Units under one rulebook."""

    book: Rulebook

    @property
    def full(self) -> dict[str, Fraction]:
        """Full marks on every item that people assess."""
        assessed = [rule.measure for rule in self.book.rules.values() if rule.kind == "assessed"]
        return {item: self.book.items[item].full_marks for item in assessed}

    def unit(self, id="U1", group="district", ranked=True, case_rows=100, assessed=None, awards=(), **counts):
        """A unit with full marks but for what is said: a count in July, or a list of three months."""
        spread = {measure: {} for measure in self.book.measures} | {"case_rows": {MONTHS[0]: case_rows}}
        for measure, given in counts.items():
            if measure not in spread:
                raise KeyError(measure)
            spread[measure] = dict(zip(MONTHS, given if isinstance(given, list) else [given], strict=False))
        marks = self.full if assessed is None else dict(assessed)
        return UnitTally(Unit(id, id, group, ranked), case_rows, spread, {}, marks, tuple(awards))

    def settled(self, *units, **readings):
        """(scores, entries, findings) of the units under the readings."""
        chosen = choose_readings(self.book, readings)
        tallies = {one.unit.unit_id: one for one in units}
        findings, _ = judge(self.book, chosen, tallies, MONTHS)
        scores, entries, _ = settle(self.book, chosen, findings, tallies, MONTHS)
        return scores, entries, findings

    def item(self, one: UnitTally, id: str, **readings) -> Fraction:
        """The score of one item of one unit."""
        return self.settled(one, **readings)[0][one.unit.unit_id].items[id].score

    def lines(self, one: UnitTally, item: str = "", **readings) -> list[tuple[str, str]]:
        """(rule, points) of the ledger lines of one unit, of one item where it is named."""
        entries = self.settled(one, **readings)[1]
        return [(e.rule_id, f"{float(e.points):.2f}") for e in entries if item in ("", e.item_id)]

    def ranking(self, *units, **readings) -> list[Standing]:
        """The standings of the units."""
        scores, _, _ = self.settled(*units, **readings)
        tallies = {one.unit.unit_id: one for one in units}
        return rank(self.book, choose_readings(self.book, readings), tallies, scores)

    def verdicts(self, *units, previous=()) -> set[tuple[str, str]]:
        """(unit, verdict) of all that are given; ``previous`` are lines of the ranking of the quarter before."""
        scores, _, _ = self.settled(*units)
        tallies = {one.unit.unit_id: one for one in units}
        before = Before({line["unit_id"]: line for line in previous}, {})
        given, fired = give_verdicts(self.book, self.ranking(*units), scores, tallies, before)
        assert len(fired) == len(given)
        return {(one.unit_id, one.verdict_id) for one in given}


ISLAND = Town(load_rulebook(LAW, date(2026, 7, 1)))
