"""E5.5: an evaluator's name or number in the reason of a decision stops the run and names the row."""

import csv

import pytest

from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.model.refusals import ContractStop
from pipelines.sample.make import make_sample

PERIOD = Period(2026, 3)
HEAD = "adjustment_id,action,unit_id,case_id,rule_id,ref_id,decided_by,decided_on,reason"


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("named")
    make_sample(folder, PERIOD, 6, 300, 1)
    return folder


def stops(exports, reason: str) -> str:
    """What a check says of one decision with this reason."""
    with (exports / "cases.csv").open(encoding="utf-8-sig", newline="") as stream:
        case = next(csv.DictReader(stream))
    row = f"J77,exclude_case,{case['unit_id']},{case['case_id']},,,复核组,2026-10-02,{reason}"
    (exports / "adjustments.csv").write_text(f"{HEAD}\n{row}\n", encoding="utf-8")
    with Run(Request(PERIOD, exports, exports / "out")) as run:
        return "\n".join(stop.zh for stop in run.check())


def panel(exports) -> dict:
    with (exports / "evaluators.csv").open(encoding="utf-8-sig", newline="") as stream:
        return next(csv.DictReader(stream))


@pytest.mark.parametrize("column", ["name", "evaluator_id"])
@pytest.mark.parametrize("form", ["经{}评价核实", "评价员 {} 反映"])
def test_a_reason_that_names_an_evaluator_stops_the_run_and_names_the_row(exports, column, form):
    who = panel(exports)[column]
    told = stops(exports, form.format(who))
    assert "J77" in told and "改写理由" in told and who not in told


def test_a_name_with_a_blank_between_its_signs_is_a_name_too(exports):
    assert "J77" in stops(exports, "经" + " ".join(panel(exports)["name"]) + "评价核实")


def test_a_reason_without_a_name_is_no_stop(exports):
    assert stops(exports, "专业评价员核实，确属重复派单") == ""


def test_nothing_is_published(exports):
    stops(exports, f"经{panel(exports)['name']}核实")
    with pytest.raises(ContractStop), Run(Request(PERIOD, exports, exports / "out", pdf=False)) as run:
        run.run()
    assert not (exports / "out" / str(PERIOD)).exists()
