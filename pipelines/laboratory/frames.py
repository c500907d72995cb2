"""Scores and ledger lines as pandas frames in the columns of the published files."""

from pathlib import Path

from pipelines.edges.ledger import ledger_lines
from pipelines.edges.tallies import read_flagged
from pipelines.edges.warehouse import Warehouse
from pipelines.edges.wording import say
from pipelines.model.points import CENT
from pipelines.model.text import unguarded
from pipelines.views.figures import notes
from pipelines.views.lines import Lines
from pipelines.views.tables import COUNTS, ITEMS, LEDGER, NUMBERS, RANKING


def read_csv(file: Path):
    """A published table: points as numbers, counts as nullable whole numbers, everything else as text."""
    import pandas

    types = {name: "float64" if name in NUMBERS else "Int64" for name in (*NUMBERS, *COUNTS)}
    columns = pandas.read_csv(file, nrows=0, encoding="utf-8-sig").columns
    kinds = {name: types.get(name, "str") for name in columns}
    blank = {name: [""] for name, kind in kinds.items() if kind == "Int64"}
    frame = pandas.read_csv(file, encoding="utf-8-sig", dtype=kinds, keep_default_na=False, na_values=blank)
    for name in (name for name, kind in kinds.items() if kind == "str"):
        if frame[name].str.startswith("'").any():
            frame[name] = frame[name].map(unguarded)
    return frame


def ranking(scenario):
    """The ranking of a scenario."""
    import pandas

    scores, placed, period = scenario.scores, scenario.placed, str(scenario.quarter.period)
    units = [scenario.world.registers[id].unit for id in scores.unit_ids]
    apart = say("laboratory.apart").zh
    rows = [
        (
            period,
            units[k].unit_id,
            units[k].unit_name,
            apart if placed.apart[k] else units[k].unit_group,
            int(scores.base[k]) / CENT,
            int(scores.bonus[k]) / CENT,
            int(scores.total[k]) / CENT,
            int(placed.place[k]) or None,
            int(placed.group_place[k]) or None,
            int(scores.case_rows[k]),
            *_measured(scenario, k),
        )
        for k in placed.order
    ]
    frame = pandas.DataFrame(rows, columns=list(RANKING))
    return frame.astype(dict.fromkeys(("rank", "group_rank", "case_rows"), "Int64"))


def _measured(scenario, k: int) -> tuple[float, str]:
    """A unit's measured marks, and its note."""
    score = scenario.unit_scores[scenario.scores.unit_ids[k]]
    said = notes(say, scenario.placed.notes[k], scenario.rulebook, scenario.quarter.simulated, score.unmeasured_marks)
    return float(score.measured_marks), said


def items(scenario):
    """The items of a scenario, units in listing order."""
    import pandas

    period, rows = str(scenario.quarter.period), []
    for k in scenario.placed.order:
        id = scenario.scores.unit_ids[k]
        for item in scenario.unit_scores[id].items.values():
            said = notes(say, item.notes, scenario.rulebook, scenario.quarter.simulated)
            rows.append((period, id, item.item_id, *map(float, (item.full_marks, item.deducted, item.score,
                                                                item.measured_marks)), said))  # fmt: skip
    return pandas.DataFrame(rows, columns=list(ITEMS))


def ledger(scenario):
    """The ledger of a scenario by the ledger's own queries; VerificationFailed where it does not add up."""
    import pandas

    from pipelines.stages.ledger import write_ledger

    scores, entries = scenario.judged
    warehouse = Warehouse()
    try:
        scenario.world.store_rows(warehouse, scenario.rulebook)
        write_ledger(
            warehouse,
            scenario.quarter.period,
            scenario.rulebook,
            scenario.readings,
            entries,
            scores,
            read_flagged(scenario.quarter.folder),
            scenario.world.cube.untold(),
            scenario.world.kept.layouts,
        )
        told = Lines(scenario.rulebook, say).told(ledger_lines(warehouse))
        frame = pandas.DataFrame(told, columns=list(LEDGER))
    finally:
        warehouse.close()
    return frame.astype({"points": "float64"})
