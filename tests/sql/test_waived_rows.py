"""Which waiver meets a row of a counted table: by unit, by rule, by its case, by its own number or by neither."""

from datetime import date

import pytest

from pipelines.edges.calendar import Calendar
from pipelines.model.period import Period
from pipelines.paths import RULES
from pipelines.rulebook.load import load_rulebook
from pipelines.stages.measure import measure
from tests.sql.accepted import warehouse_with

PERIOD = Period.parse("2026Q3")
BOOK = load_rulebook(RULES / "standard", date(2026, 7, 1))
RULES_WAIVED = ("refusal", "attitude", "")


def waived(waivers: list[dict], **incident) -> dict[str, str | None]:
    """By rule, "" for waivers of any rule alone, the decision that meets incident I1 of U1 and case C1."""
    decided = [{"adjustment_id": f"D{n}", "action": "waive_deduction", **one} for n, one in enumerate(waivers, 1)]
    row = {"incident_id": "I1", "case_id": "C1", **incident}
    other = {"incident_id": "I2", "case_id": "C2", "unit_id": "U2"}
    units = [{}, {"unit_id": "U2", "unit_name": "乙局"}]
    warehouse = warehouse_with(units=units, incidents=[row, other], adjustments=decided)
    measure(warehouse, PERIOD, PERIOD.end, BOOK, Calendar.load())
    columns = ", ".join(f'"waived_by__{rule}"' for rule in RULES_WAIVED)
    found = warehouse.connection.execute(f"select {columns} from facts.incidents_rows where ref_id = 'I1'").fetchone()
    return dict(zip(RULES_WAIVED, found, strict=True)) if found else {}


@pytest.mark.parametrize(
    ("waiver", "met"),
    [
        ({}, ("refusal", "attitude", "")),
        ({"case_id": "C1"}, ("refusal", "attitude", "")),
        ({"ref_id": "I1"}, ("refusal", "attitude", "")),
        ({"case_id": "C1", "ref_id": "I1"}, ("refusal", "attitude", "")),
        ({"rule_id": "refusal"}, ("refusal",)),
        ({"rule_id": "attitude", "ref_id": "I1"}, ("attitude",)),
        ({"rule_id": "late_reply", "case_id": "C1"}, ()),
        ({"case_id": "C2"}, ()),
        ({"ref_id": "I2"}, ()),
        ({"case_id": "C2", "ref_id": "I1"}, ()),
        ({"case_id": "C1", "ref_id": "I2"}, ()),
        ({"case_id": "I1"}, ()),  # a number stands for what its column says
        ({"ref_id": "C1"}, ()),
        ({"unit_id": "U2"}, ()),
        ({"unit_id": "U2", "case_id": "C1"}, ()),
        ({"unit_id": "U2", "ref_id": "I1"}, ()),
    ],
)
def test_a_waiver_meets_a_row_that_matches_all_it_names(waiver, met):
    """A3.3: unit, rule, case and number must each match where they are given."""
    assert waived([waiver]) == {rule: "D1" if rule in met else None for rule in RULES_WAIVED}


@pytest.mark.parametrize(
    ("waiver", "met"), [({}, True), ({"ref_id": "I1"}, True), ({"case_id": "C1"}, False), ({"ref_id": "I2"}, False)]
)
def test_a_row_without_a_case_is_met_by_its_own_number_alone(waiver, met):
    assert waived([waiver], case_id=None)["refusal"] == ("D1" if met else None)


def test_the_first_of_the_decisions_that_meet_a_row_is_named():
    assert waived([{"case_id": "C2"}, {"rule_id": "attitude"}, {}, {"case_id": "C1"}]) == {
        "refusal": "D3", "attitude": "D2", "": "D3",
    }


@pytest.mark.parametrize(
    ("decision", "left"),
    [({"case_id": "C1"}, False), ({"case_id": "C2"}, True), ({"case_id": "C1", "unit_id": "U2"}, True)],
)
def test_a_row_goes_with_the_excluded_case_of_its_unit(decision, left):
    assert bool(waived([{"action": "exclude_case", **decision}])) is left
    assert waived([{"action": "exclude_case", **decision}], case_id=None)
