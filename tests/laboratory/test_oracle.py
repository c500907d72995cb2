"""The laboratory, the judge of record and the oracle come to the same places and lines on nasty quarters."""

from datetime import datetime

import pytest

from pipelines import Quarter
from pipelines.assess import STANDARD_RULES, Request, Run
from pipelines.edges.tallies import keep_tallies
from pipelines.laboratory.world import World
from pipelines.model.period import Period
from tests.oracle.compare import item_differences, ledger_differences, ranking_differences
from tests.oracle.quarters import draw_readings, make_quarter
from tests.oracle.scorer import score
from tests.oracle.tables import write_folder


def kept(sample, folder) -> Quarter:
    """The quarter of a sample as the laboratory opens it, under the default readings, without a publication."""
    exports = write_folder(sample.tables, folder / "exports")
    cutoff = sample.cutoff and datetime.fromisoformat(sample.cutoff)
    with Run(Request(Period.parse(sample.period), exports, cutoff=cutoff)) as run:
        assert not run.check()
        run.measure()
        keep_tallies(run.warehouse, run.tallies, STANDARD_RULES, folder / "run")
        return Quarter(folder / "run", run.period, run.readings, False, World.open(folder / "run", run.period))


@pytest.mark.parametrize("seed", [4, 17])
def test_every_scenario_of_readings_is_what_the_oracle_says(tmp_path, seed):
    sample = make_quarter(seed)
    quarter = kept(sample, tmp_path)
    for drawn in range(5):
        readings = draw_readings(100 * seed + drawn, changed=6)
        if readings.get("missing_assessment") == "stop":
            continue
        expected, scenario = score(sample.tables, sample.period, sample.cutoff, readings), quarter.what_if({}, readings)
        found = ranking_differences(expected, text(scenario.ranking), sample.period)
        found += item_differences(expected, text(scenario.items)) + ledger_differences(expected, text(scenario.ledger))
        assert not found, f"{readings}: {found[:10]}"


def text(frame) -> list[dict[str, str]]:
    """A frame's rows as the published file has them."""
    shown = frame.copy()
    for name in shown.select_dtypes("float"):
        shown[name] = shown[name].map("{:.2f}".format)
    return shown.astype(object).where(shown.notna(), "").map(str).to_dict("records")
