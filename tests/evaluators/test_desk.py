"""The evaluators' desk: which periods are worked on, how things stand, and whose table of evaluations is written."""

from datetime import datetime, timedelta

import pytest

from pipelines.evaluators.desk import moments_between, standing_at, work_at
from pipelines.evaluators.outbox import put_reminders
from pipelines.evaluators.reports import incomplete_beta
from pipelines.evaluators.state import State, must_be_ours
from pipelines.model.words import NotAllowed, UsageRefusal
from tests.evaluators.office import Office, act, case, only, person, rules

T0 = datetime(2026, 7, 6, 9)
HOUR = timedelta(hours=1)


def worked_on(tmp_path, *there, published=(), at=T0):
    """The folders of exports that are worked on, and their tables, the period of the moment first."""
    for name in there:
        (tmp_path / "x" / name).mkdir(parents=True, exist_ok=True)
    for name in published:
        (tmp_path / "out" / "published" / name).mkdir(parents=True)
    exports, table = str(tmp_path / "x" / "{period}"), str(tmp_path / "{period}.csv")
    work, found = work_at(at, exports, None, tmp_path / "out", tmp_path / "s", table), []
    while work:
        found.append((work.exports.name, work.evaluations.name))
        work = work.before
    return found


NOW, BEFORE = ("2026Q3", "2026Q3.csv"), ("2026Q2", "2026Q2.csv")


def test_the_period_before_is_worked_on_until_it_is_published(tmp_path):
    assert worked_on(tmp_path, "2026Q1", "2026Q2", "2026Q3") == [NOW, BEFORE]
    assert worked_on(tmp_path, at=datetime(2026, 6, 30, 23, 59, 59))[0] == BEFORE
    assert worked_on(tmp_path, published=["2026Q2"]) == [NOW]


def test_the_period_before_is_worked_on_alone_before_there_are_exports_of_the_new_one(tmp_path):
    assert worked_on(tmp_path, "2026Q2") == [BEFORE]


def test_where_no_exports_are_both_folders_are_named(tmp_path):
    with pytest.raises(UsageRefusal) as refused:
        worked_on(tmp_path, "2026Q1")
    assert "2026Q3" in str(refused.value) and "2026Q2" in str(refused.value)


def test_exports_without_a_period_in_their_name_are_taken_as_they_are(tmp_path):
    (tmp_path / "x").mkdir()
    work = work_at(T0, str(tmp_path / "x"), None, tmp_path / "out", tmp_path / "s")
    assert (work.exports, work.before, work.evaluations) == (tmp_path / "x", None, None)


def test_a_catch_up_goes_by_the_hours_and_ends_now():
    assert moments_between(None, T0, 1) == [T0]
    assert moments_between(T0 - 5 * HOUR, T0, 2) == [T0 - 5 * HOUR, T0 - 3 * HOUR, T0 - HOUR, T0]
    assert moments_between(T0, T0, 1) == [T0]
    with pytest.raises(UsageRefusal):
        moments_between(T0 + HOUR, T0, 1)


def test_who_waits_is_told_since_when_and_only_reminders_that_did_not_go_out(tmp_path):
    office = Office(tmp_path / "s", [person("E1", employer_unit_id="U2")], [case("C2", "U2"), case("C1")])
    given = only(office.step(T0))
    back = office.step(T0 + 2 * HOUR, act(given, "return", T0 + HOUR))
    found = standing_at(tmp_path / "s", None)
    assert found["waiting"] == [
        {"case_id": "C1", "unit_id": "U1", "since": T0 + HOUR, "assignments": 1},
        {"case_id": "C2", "unit_id": "U2", "since": T0, "assignments": 0},
    ]
    assert (found["cases"], found["refused"]) == ({"waiting": 1, "returned": 1}, 0)
    assert found["reminders"] == {"sending": [], "failed": []} and not back.open
    assert [one["case_id"] for one in standing_at(tmp_path / "s", T0)["waiting"]] == ["C2"]


def test_a_reminder_that_waits_to_be_sent_is_no_trouble(tmp_path):
    office = Office(tmp_path / "s", [person("E1")], [case("C1")])
    office.step(T0)
    state = office.step(T0 + 24 * HOUR)
    box = tmp_path / "s" / "outbox"
    for station in ("ready", "sending", "sent", "failed"):
        (box / station).mkdir(parents=True)
    put_reminders(box, state, rules())
    assert [file.stem for file in (box / "ready").iterdir()] == [only(state).id]
    assert standing_at(tmp_path / "s", None)["reminders"] == {"sending": [], "failed": []}


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a,b\n1,2\n", b'assignment_id\n"x\n' + b"y" * 200_000])
def test_a_table_that_is_none_of_ours_is_not_written_over(tmp_path, content):
    file = tmp_path / "evaluations.csv"
    must_be_ours(file, State())  # there is none
    file.write_bytes(content)
    with pytest.raises(NotAllowed):
        must_be_ours(file, State())


@pytest.mark.parametrize("place", ["", "nowhere/evaluations.csv"])
def test_a_table_goes_into_a_folder_that_is_there(tmp_path, place):
    with pytest.raises(UsageRefusal):
        must_be_ours(tmp_path / place, State())


@pytest.mark.parametrize(("x", "area"), [(-0.5, 0), (0, 0), (1, 1), (1.5, 1)])
def test_all_of_the_area_lies_between_nought_and_one(x, area):
    assert incomplete_beta(2, 3, x) == area
