"""A town of a few units whose tallies a test writes down by hand, scored by the standard rulebook."""

from datetime import date
from fractions import Fraction

from pipelines.model.tally import Award, Unit, UnitTally
from pipelines.paths import RULES
from pipelines.rulebook import choose_readings, load_rulebook
from pipelines.stages.judge import judge
from pipelines.stages.rank import rank
from pipelines.stages.settle import settle

MONTHS = ("2026-07", "2026-08", "2026-09")
BOOK = load_rulebook(RULES / "standard", date(2026, 7, 1))
FULL = {item: Fraction(5) for item in ("A1.1", "A1.2", "A1.3", "A2.1", "A2.2", "A2.3")}


def unit(id="U1", group="district", ranked=True, case_rows=100, assessed=FULL, awards=(), **counts) -> UnitTally:
    """A unit with full marks but for what is said: a count in July, or a list of three months."""
    spread = {measure: {} for measure in BOOK.measures} | {"case_rows": {MONTHS[0]: case_rows}}
    for measure, given in counts.items():
        spread[measure] = dict(zip(MONTHS, given if isinstance(given, list) else [given], strict=False))
    return UnitTally(Unit(id, id, group, ranked), case_rows, spread, {}, dict(assessed), tuple(awards))


def award(id, kind, matter, on="2026-07-15") -> Award:
    """An approved award."""
    return Award(id, kind, matter, date.fromisoformat(on))


def settled(*units, rulebook=BOOK, **readings):
    """(scores, entries, findings) of the units under the readings."""
    chosen = choose_readings(rulebook, readings)
    tallies = {one.unit.unit_id: one for one in units}
    findings, _ = judge(rulebook, chosen, tallies, MONTHS)
    scores, entries, _ = settle(rulebook, chosen, findings, tallies, MONTHS)
    return scores, entries, findings


def item(one: UnitTally, id: str, **readings) -> Fraction:
    """The score of one item of one unit."""
    return settled(one, **readings)[0][one.unit.unit_id].items[id].score


def lines(one: UnitTally, item: str = "", **readings) -> list[tuple[str, str]]:
    """(rule, points) of the ledger lines of one unit, of one item where it is named."""
    entries = settled(one, **readings)[1]
    return [(e.rule_id, f"{float(e.points):.2f}") for e in entries if item in ("", e.item_id)]


def ranking(*units, **readings):
    """The standings of the units."""
    scores, _, _ = settled(*units, **readings)
    return rank(BOOK, choose_readings(BOOK, readings), {one.unit.unit_id: one for one in units}, scores)
