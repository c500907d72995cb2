"""A month scored from counts alone, by both judges: for books whose regulation is known by its figures."""

from pipelines.engines.vector import differences, rescore
from pipelines.model.condition import NOTHING_KNOWN
from pipelines.model.tally import Unit, UnitTally
from pipelines.stages.judge import beside_others, judge
from pipelines.stages.rank import give_verdicts, rank
from pipelines.stages.settle import settle
from tests.kinds.draw import Told


def scored(book, month: str, counts: dict[str, dict[str, int]], groups: dict[str, str] | None = None):
    """(scores, ledger entries, tallies) of units by measure → n; both judges agree on every item."""
    by_unit = {unit: {id: {month: given.get(id, 0)} for id in book.measures} for unit, given in counts.items()}
    tallies = {}
    for id, given in counts.items():
        unit = Unit(id, id, (groups or {}).get(id, "county"), True)
        tallies[id] = UnitTally(unit, given.get("case_rows", 1), by_unit[id], {}, {}, ())
    tallies = beside_others(book, tallies, (month,))
    findings, _ = judge(book, {}, tallies, (month,))
    scores, entries, _ = settle(book, {}, findings, tallies, (month,))
    places = [f"place_{k}" for k in range(max(len(one.places) for one in book.marks.values()))]
    table = {name: [] for name in ("counts", "unit_id", "n", *places, "marks_0")}
    cube = Told.prepare(table, book.marks, book.measures, tallies, (month,))
    told = {unit: {id: list(by_month.values()) for id, by_month in given.items()} for unit, given in by_unit.items()}
    cube._kept.update(told | {"lacking": set()})
    assert differences(scores, rescore(cube, book, {})) == []
    return scores, entries, tallies


def verdicts(book, scores, tallies) -> set[tuple[str, str]]:
    """(unit, verdict) of a ranking."""
    standings = rank(book, {}, tallies, scores)
    given, _ = give_verdicts(book, standings, scores, tallies, NOTHING_KNOWN)
    return {(one.unit_id, one.verdict_id) for one in given}
