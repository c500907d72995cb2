"""A running period to the second: what is known, what falls due before which horizon, and what would do harm."""

from datetime import datetime, timedelta
from shutil import copytree

import pytest

from pipelines.assess import Request
from pipelines.model.period import Period
from pipelines.paths import ROOT, STANDARD_RULES
from pipelines.running.findings import WATCH
from pipelines.running.watch import Ratings, Watch
from tests.oracle.draw import text_row
from tests.oracle.tables import write_folder
from tests.running.cities import ITEMS
from tests.running.coverage import ABSENT

AT, SECOND, DAY = datetime(2026, 8, 14, 9), timedelta(seconds=1), timedelta(days=1)  # a Friday
PERIOD = Period.parse("2026Q3")
CLOSED = """measure: closed
title: {zh: 办结, en: closed}
counts: case_rows
among: due
where: {closed_at: {given: true}}
quotes: [case_id, closed_at]
examples:
  - {name: closed, row: {role: lead, closed_at: 2026-01-09T18:00:00}, counts: 1}
  - {name: open, row: {role: lead}, counts: 0}
"""
WELL = """measure: solved
title: {zh: 按时办结, en: closed well}
counts: case_rows
among: closed
where: {replied_at: {at_most: reply_due_at}}
better: more
quotes: [case_id, replied_at]
examples:
  - {name: well, row: {role: lead, closed_at: 2026-01-09T09:00:00, replied_at: 2026-01-09T18:00:00,
     reply_due_at: 2026-01-09T18:00:00}, counts: 1}
  - {name: a second late, row: {role: lead, closed_at: 2026-01-09T09:00:00, replied_at: 2026-01-09T18:00:01,
     reply_due_at: 2026-01-09T18:00:00}, counts: 0}
  - {name: badly, row: {role: lead, closed_at: 2026-01-09T09:00:00, reply_due_at: 2026-01-09T18:00:00}, counts: 0}
"""
EXAMPLES = """examples:
  - {name: all, given: {due: 4, closed: 4, solved: 4}, points: 35}
  - {name: half, given: {due: 4, closed: 4, solved: 2}, points: 17.5}
  - {name: none, given: {due: 4, closed: 4}, points: 0}
"""
EITHER = """measure: satisfied
title: {zh: 满意或按时, en: satisfied or in time}
counts: case_rows
among: rated
where: {any: [{public_rating: satisfied}, {replied_at: {at_most: reply_due_at}}]}
better: more
quotes: [case_id, public_rating]
examples:
  - {name: in time, row: {role: lead, public_rating: dissatisfied, reply_due_at: 2026-01-09T18:00:00,
     replied_at: 2026-01-09T18:00:00}, counts: 1}
  - {name: late, row: {role: lead, public_rating: dissatisfied, reply_due_at: 2026-01-09T18:00:00,
     replied_at: 2026-01-09T18:00:01}, counts: 0}
"""
GENERAL = {"role": "lead", "sign_due_at": AT - 9 * DAY, "signed_at": AT - 9 * DAY, "public_rating": None,
           "rated_at": None}


def case(id, due, dispatched=AT - 10 * DAY, replied=None, closed=None, **changes):
    """A case row of U1, signed in time."""
    given = {"case_id": id, "unit_id": "U1", "dispatched_at": dispatched, "reply_due_at": due, "replied_at": replied,
             "closed_at": closed}
    return text_row(**{**GENERAL, **given, **changes})


def watch_of(folder, cases, at=AT, rules=STANDARD_RULES, period=PERIOD, bounds=WATCH, **tables):
    """The watch of these cases, looked at, and what is seen."""
    tables = {
        "units": [text_row(unit_id="U1", unit_name="甲", unit_group="市直部门", ranked=True)],
        "assessments": [text_row(unit_id="U1", item_id=item, score=5) for item in ITEMS],
        "cases": cases,
    } | tables
    absent = tuple(name for name in ABSENT if name not in tables)
    request = Request(period, write_folder(tables, folder / "exports"), folder / "out", pdf=False, absent=absent,
                      rules=rules)
    with Watch(request, at, rules=bounds) as watch:
        return watch, watch.run().look()


@pytest.fixture(scope="module")
def edges(tmp_path_factory):
    """Cases due at the bounds of every horizon, and events at the instant itself."""
    saturday = datetime(2026, 8, 22)  # after the fifth working day
    unsigned = {"signed_at": None, "sign_due_at": saturday}
    cases = [
        case("now", AT), case("late", AT - SECOND),
        case("day-", AT + DAY - SECOND), case("day", AT + DAY),
        case("three-", AT + 3 * DAY - SECOND), case("three", AT + 3 * DAY),
        case("five-", saturday - SECOND), case("five", saturday),
        case("next", datetime(2026, 10, 5)),
        case("came", saturday, dispatched=AT, **unsigned), case("just", saturday, dispatched=AT - SECOND, **unsigned),
        case("replied", saturday, replied=AT), case("was", saturday, replied=AT - SECOND, closed=AT - SECOND),
        case("assists", saturday, replied=AT - DAY, closed=AT - DAY, role="assist"),
        case("rated", saturday, replied=AT - DAY, closed=AT - DAY, public_rating="satisfied", rated_at=AT),
        case("rated-", saturday, replied=AT - DAY, closed=AT - DAY, public_rating="satisfied", rated_at=AT - SECOND),
    ]
    return watch_of(tmp_path_factory.mktemp("edges"), cases)


def test_what_falls_due_before_each_horizon_to_the_second(edges):
    [unit] = edges[1].units
    assert {name: due.rows for name, due in unit.due.items()} == {"day": 2, "three_days": 4, "five_working_days": 6,
                                                                  "end": 10}
    named = {step.case_id for step in edges[1].steps if step.event == "replied_at"}
    assert named == {"now", "day-", "day", "three-", "three", "five-", "five", "just", "replied"}
    assert {step.case_id for step in edges[1].steps if step.late} == {"late"}


@pytest.mark.parametrize(("off", "told"), [(-SECOND, {"replied_at", "closed_at"}), (0 * SECOND, set())])
def test_what_falls_due_as_the_period_ends_is_the_next_one_s(tmp_path, off, told):
    rows = [case("last", datetime(2026, 10, 1) + off), case("done", AT, replied=AT - DAY, closed=AT - DAY)]
    _, seen = watch_of(tmp_path, rows)
    assert {step.event for step in seen.steps} == told


def test_what_happens_at_the_instant_is_not_known_and_what_happened_before_is(edges):
    told = {(step.case_id, step.event) for step in edges[1].steps}
    assert ("replied", "replied_at") in told and ("just", "replied_at") in told
    assert not {case for case, _ in told} & {"came", "was", "next"}
    [unit] = edges[1].units
    assert set(unit.ratings.cases) == {"was", "rated"}


@pytest.mark.parametrize(("at", "expected"), [
    (datetime(2026, 8, 18), {"day": 1, "three_days": 1, "five_working_days": 1, "end": 1}),
    (datetime(2026, 8, 17, 23, 59, 59), {"day": 0, "three_days": 1, "five_working_days": 1, "end": 1}),
    (datetime(2026, 8, 18, 23, 59, 59), {"day": 1, "three_days": 1, "five_working_days": 1, "end": 1}),
    (datetime(2026, 8, 19), {"day": 0, "three_days": 0, "five_working_days": 0, "end": 0}),
])
def test_an_evaluation_is_waited_for_until_the_end_of_its_second_working_day(tmp_path, at, expected):
    """Asked for on Friday the 14th: until the 18th is over."""
    friday = datetime(2026, 8, 14, 12)
    rated = case("C1", AT + DAY, replied=AT - DAY, closed=AT - DAY, public_rating="dissatisfied", rated_at=AT - DAY)
    asked = {"assignment_id": "P1", "case_id": "C1", "unit_id": "U1", "evaluator_id": "V1", "assigned_at": friday,
             "reminded_at": friday, "returned_at": None, "withdrawn_at": None, "rated_at": None, "rating": None,
             "reason": None}
    judge = {"evaluator_id": "V1", "name": "某某", "employer_unit_id": None, "appointed_on": "2026-01-01",
             "term_ends_on": "2027-12-31", "ended_on": None}
    _, seen = watch_of(tmp_path, [rated], at, evaluations=[text_row(**asked)], evaluators=[text_row(**judge)])
    assert (seen.units[0].evaluations or dict.fromkeys(expected, 0)) == expected


@pytest.mark.parametrize(("needs", "told"), [(1, {"closed_at"}), (2, set())])
def test_an_act_by_which_a_rate_begins_to_be_judged_is_not_told(tmp_path, needs, told):
    """One case was closed badly, which under two nobody judges: to close a second, however well, would cost points."""
    rules = copytree(ROOT / "examples" / "three_rates" / "rulebook", tmp_path / "rules")
    (rules / "measures" / "solved.yaml").write_text(WELL, encoding="utf-8")
    (rules / "measures" / "closed.yaml").write_text(CLOSED, encoding="utf-8")
    rule = rules / "R2" / "solution.yaml"
    text = rule.read_text(encoding="utf-8").replace("of: due", f"of: closed\nneeds: {{of: {needs}}}")
    rule.write_text(text.partition("examples:")[0] + EXAMPLES, encoding="utf-8")
    cases = [case("bad", AT - DAY, replied=AT - SECOND, closed=AT - SECOND), case("C1", AT + DAY, replied=AT - DAY)]
    _, seen = watch_of(tmp_path, cases, rules=rules, period=Period.parse("2026-08"))
    assert {step.event for step in seen.steps} == told


@pytest.mark.parametrize(("cases", "days", "told"), [(3, 1, True), (4, 1, False), (4, 2, True)])
def test_many_cases_of_a_matter_are_warned_of(tmp_path, cases, days, told):
    moments = (AT - 2 * DAY, AT - DAY, AT - 2 * SECOND, AT - SECOND, AT)  # that at the instant is not known yet
    rows = [case(f"C{k}", AT + 9 * DAY, dispatched=at, signed_at=None, sign_due_at=AT + DAY, matter_id="M1")
            for k, at in enumerate(moments)]
    rules = tmp_path / "watch.yaml"
    rules.write_text(f"warnings: {{matter: {{cases: {cases}, days: {days}}}}}", encoding="utf-8")
    watch, _ = watch_of(tmp_path, rows, bounds=rules)
    assert bool(watch.warnings_of_day) == told


@pytest.mark.parametrize(("under", "least", "told"), [("50", 2, False), ("50.01", 2, True), ("50.01", 3, False)])
def test_a_rate_is_warned_of_below_its_bound_and_from_so_many_on(tmp_path, under, least, told):
    rows = [case(f"C{k}", AT + DAY, replied=AT - DAY, closed=AT - DAY, public_rating=rating, rated_at=AT - SECOND)
            for k, rating in enumerate(("satisfied", "dissatisfied"))]
    rules, text = tmp_path / "watch.yaml", f"part: satisfied, of: rated, under: {under}, at_least: {least}"
    rules.write_text(f"warnings: {{rate: {{{text}}}}}", encoding="utf-8")
    watch, _ = watch_of(tmp_path, rows, bounds=rules)
    assert bool(watch.warnings_of_day) == told


def test_what_a_rating_does_is_asked_with_the_other_columns_that_a_condition_looks_at(tmp_path):
    """A book calls a case satisfied that was answered in time, too: of two that wait for a rating, one is safe.

    Rated are one satisfied and one not, both late: 1 of 2, 17.50 points; solved are 3 of the 4 due, 26.25. If the late
    one that waits is dissatisfied: 1 of 3, 11.67, and 2 of 4, 17.50. If it is satisfied: 2 of 3, 23.33.
    """
    rules = copytree(ROOT / "examples" / "three_rates" / "rulebook", tmp_path / "rules")
    (rules / "measures" / "satisfied.yaml").write_text(EITHER, encoding="utf-8")
    late = {"replied": AT - DAY, "closed": AT - DAY}
    cases = [
        case("1 late", AT - 2 * DAY, **late), case("2 in time", AT, **late),
        *(case(rating, AT - 2 * DAY, **late, public_rating=rating, rated_at=AT - DAY)
          for rating in ("satisfied", "dissatisfied")),
    ]
    _, seen = watch_of(tmp_path, cases, rules=rules, period=Period.parse("2026-08"))
    [unit] = seen.units
    assert unit.ratings == Ratings(("1 late", "2 in time"), 1, 1458, 1, 583)
