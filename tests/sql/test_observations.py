"""What is worth a line in the summary: evaluations that do not count and why, decisions that change nothing."""

from types import SimpleNamespace

import pyarrow
import pytest

from pipelines.assess import Run
from pipelines.edges.calendar import Calendar
from pipelines.model.period import Period
from pipelines.stages.measure import measure
from tests.sql.accepted import warehouse_with
from tests.toy.town import ISLAND

PERIOD = Period.parse("2026Q3")
BOOK = ISLAND.book
LAMP = {"title": "路灯不亮", "received_at": "2026-08-01 08:00:00", "dispatched_at": "2026-08-01 09:00:00"}
DISSATISFIED = {"case_id": "C1", "public_rating": "dissatisfied", "rated_at": "2026-08-11 09:00:00"}


def observed(clock: str = "reminder", met: tuple[str, ...] = (), **tables: list[dict]) -> dict[str, int]:
    """How often each observation is made; ``met`` are the decisions that a line of the ledger names."""
    warehouse = warehouse_with(**tables)
    measure(warehouse, PERIOD, PERIOD.end, BOOK, Calendar.load())
    lines = pyarrow.array(list(met), pyarrow.string())
    warehouse.store("ledger.occurrences", pyarrow.table({"adjustment_id": lines}))
    return {name: n for name, n in warehouse.rows("tallies/observations", clock=clock) if n}


@pytest.mark.parametrize(
    ("evaluation", "reminder", "assignment"),
    [
        ({}, "", ""),
        ({"rated_at": "2026-08-14 23:59:59"}, "", ""),  # the end of the 2nd working day after the assignment
        ({"rated_at": "2026-08-15 00:00:00"}, "", "late"),
        ({"rated_at": "2026-08-17 23:59:59"}, "", "late"),
        ({"rated_at": "2026-08-18 00:00:00"}, "late", "late"),
        ({"reminded_at": None, "rated_at": "2026-08-17 23:59:59"}, "", "late"),  # reminded a day after the assignment
        ({"reminded_at": None, "rated_at": "2026-08-18 00:00:00"}, "late", "late"),
        ({"rated_at": "2026-09-30 23:59:59"}, "late", "late"),
        ({"rated_at": "2026-10-01 00:00:00"}, "after_cutoff", "after_cutoff"),
        ({"rated_at": None}, "not_rated", "not_rated"),
        ({"reason": None}, "not_rated", "not_rated"),
        ({"returned_at": "2026-08-14 10:00:00", "withdrawn_at": "2026-08-14 10:00:00"}, "", ""),
        ({"returned_at": "2026-08-14 09:59:59"}, "returned", "returned"),
        ({"withdrawn_at": "2026-08-14 09:59:59"}, "withdrawn", "withdrawn"),
        ({"evaluator_id": "E9"}, "unknown_evaluator", "unknown_evaluator"),
        ({"rated_at": "2026-08-18 00:00:00", "returned_at": "2026-08-17 09:00:00"}, "returned", "returned"),
    ],
)
def test_an_evaluation_that_does_not_count_is_told_by_one_reason(evaluation, reminder, assignment):
    """E5.2, E6.0: what is refused is not told as late as well."""
    tables = {"cases": [DISSATISFIED], "evaluators": [{}], "evaluations": [{"assignment_id": "V1", **evaluation}]}
    for clock, reason in (("reminder", reminder), ("assignment", assignment)):
        assert observed(clock, **tables) == ({f"evaluation_{reason}": 1} if reason else {})


@pytest.mark.parametrize(
    ("evaluator", "reason"),
    [({"appointed_on": "2026-08-12"}, ""), ({"appointed_on": "2026-08-13"}, "not_appointed"),
     ({"ended_on": "2026-08-12"}, ""), ({"ended_on": "2026-08-11"}, "not_appointed"),
     ({"employer_unit_id": "U1"}, "own_employer"), ({"employer_unit_id": "U2"}, "")],
)
def test_an_evaluation_by_who_may_not_judge_is_told(evaluator, reason):
    tables = {"cases": [DISSATISFIED], "evaluators": [evaluator], "evaluations": [{"assignment_id": "V1"}]}
    assert observed(**tables) == ({f"evaluation_{reason}": 1} if reason else {})


@pytest.mark.parametrize(
    ("case", "needed"),
    [({}, True), ({"rated_at": "2026-09-30 23:59:59"}, True), ({"rated_at": "2026-10-01 00:00:00"}, False),
     ({"rated_at": None}, True), ({"public_rating": "satisfied"}, False), ({"public_rating": None}, False)],
)
def test_an_evaluation_of_a_case_that_needs_none_is_told_as_that_alone(case, needed):
    late = {"assignment_id": "V1", "rated_at": "2026-08-18 00:00:00"}
    found = observed(cases=[DISSATISFIED | case], evaluators=[{}], evaluations=[late])
    assert found == ({"evaluation_late": 1} if needed else {"evaluation_not_needed": 1})


def test_evaluations_are_counted_by_reason():
    again = [{"assignment_id": f"V{k}", "rated_at": "2026-08-18 00:00:00"} for k in range(3)]
    gone = [{"assignment_id": f"W{k}", "returned_at": "2026-08-13 09:00:00"} for k in range(2)]
    found = observed(cases=[DISSATISFIED], evaluators=[{}], evaluations=again + gone)
    assert found == {"evaluation_late": 3, "evaluation_returned": 2}


@pytest.mark.parametrize(
    ("decision", "met", "message"),
    [
        ({"action": "exclude_case", "case_id": "C1"}, (), False),
        ({"action": "exclude_case", "case_id": "C2"}, (), True),
        ({"action": "exclude_case", "case_id": "C1", "unit_id": "U2"}, (), True),  # another unit's row of the case
        ({"action": "waive_deduction", "case_id": "C1"}, ("D1",), False),
        ({"action": "waive_deduction", "case_id": "C1"}, ("D2",), True),
        ({"action": "void_evaluation", "case_id": "C1"}, (), False),
    ],
)
def test_a_decision_that_changes_nothing_is_told(decision, met, message):
    found = observed(met=met, cases=[{"case_id": "C1"}], adjustments=[{"adjustment_id": "D1", **decision}])
    assert found == ({"adjustment_without_effect": 1} if message else {})


@pytest.mark.parametrize(
    ("extension", "told"),
    [
        ({"extended_until": "2026-08-09 17:59:59"}, True),
        ({"extended_until": "2026-08-09 18:00:00"}, False),  # so write systems that move the deadline themselves
        ({"extended_until": "2026-08-09 18:00:01"}, False),
        ({"extended_until": "2026-08-01 18:00:00", "decision": "rejected"}, False),
    ],
)
def test_an_approved_extension_that_ends_before_the_deadline_is_told(extension, told):
    case = {"case_id": "C1", "reply_due_at": "2026-08-09 18:00:00"}
    found = observed(cases=[case], extensions=[{"case_id": "C1"} | extension])
    assert found == ({"extension_without_effect": 1} if told else {})


@pytest.mark.parametrize(("second", "told"), [
    ({}, True), ({"evaluator_id": "E2"}, False), ({"returned_at": "2026-08-13 09:00:00"}, False),
    ({"rated_at": "2026-08-18 00:00:00"}, False), ({"case_id": "C2"}, False),
])
def test_an_evaluator_who_judges_one_case_twice_is_told(second, told):
    evaluations = [{"assignment_id": "V1"}, {"assignment_id": "V2", "rated_at": "2026-08-13 15:00:00", **second}]
    cases = [DISSATISFIED, DISSATISFIED | {"case_id": "C2"}]
    found = observed(cases=cases, evaluators=[{}, {"evaluator_id": "E2"}], evaluations=evaluations)
    assert ("evaluator_twice" in found) == told


@pytest.mark.parametrize(("second", "told"), [
    ({}, True), ({"received_at": "2026-08-01 08:00:01"}, False), ({"dispatched_at": "2026-08-01 09:00:01"}, False),
    ({"title": "别的"}, False), ({"unit_id": "U2"}, False), ({"case_id": "C1", "unit_id": "U2"}, False),
])
def test_a_case_under_another_number_is_told(second, told):
    one = {"case_id": "C1", **LAMP}
    warehouse = warehouse_with(cases=[one, one | {"case_id": "C2"} | second])
    assert warehouse.rows("tallies/doubled") == ([("C1", "C2")] if told else [])


@pytest.mark.parametrize("missing", ["title", "hour"])
def test_cases_of_which_too_little_is_said_are_not_taken_for_one(missing):
    day = "2026-08-01 00:00:00"
    one = LAMP | ({"title": None} if missing == "title" else {"received_at": day, "dispatched_at": day})
    assert warehouse_with(cases=[one | {"case_id": id} for id in ("C1", "C2")]).rows("tallies/doubled") == []


def test_the_first_groups_of_cases_under_other_numbers_are_named():
    cases = [LAMP | {"case_id": f"C{k}{n}", "title": str(k)} for k in range(6) for n in range(2)]
    [told] = Run._doubled.fget(SimpleNamespace(warehouse=warehouse_with(cases=cases)))
    assert told.en.startswith("6 groups of cases")
    assert told.en.endswith("check C00 = C01, C10 = C11, C20 = C21, C30 = C31, C40 = C41, …")
    assert told.zh.endswith("请核对：C00 = C01、C10 = C11、C20 = C21、C30 = C31、C40 = C41、…")
