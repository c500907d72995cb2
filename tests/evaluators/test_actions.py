"""What evaluators send in: taken, refused with the reason, kept; each action once (E5.2, E5.3, E5.4)."""

import csv
import json
from datetime import date, datetime, timedelta

import pytest

from pipelines.evaluators.inbox import read_inbox
from pipelines.model.words import UsageRefusal
from tests.evaluators.office import Office, act, away, case, only, person

T0 = datetime(2026, 7, 6, 9)
HOUR = timedelta(hours=1)
COLUMNS = ("action_id", "evaluator_id", "action", "acted_at", "assignment_id", "rating", "reason", "away_from",
           "away_until")
GOOD = {"action_id": "A1", "evaluator_id": "E1", "action": "rate", "acted_at": "2026-07-06 10:00:00",
        "assignment_id": "P1", "rating": "satisfied", "reason": "all in order"}


@pytest.fixture
def office(tmp_path):
    return Office(tmp_path / "s", [person("E1"), person("E2")], [case("C1")])


def why(state):
    """The reasons of the refused actions."""
    return [event.says["why"]["en"] for event in state.refused]


def test_somebody_elses_case_cannot_be_rated_or_returned(office):
    given = only(office.step(T0))
    at = T0 + HOUR
    state = office.step(at, act(given, "rate", at, "a", who="E2"), act(given, "return", at, "b", who="E2"))
    assert why(state) == ["The case was not assigned to this evaluator. Check both codes."] * 2
    assert only(state).is_open


@pytest.mark.parametrize(("first", "reason"), [("rate", "has been rated already"), ("return", "was returned already")])
def test_what_is_closed_stays_closed(office, first, reason):
    given = only(office.step(T0))
    state = office.step(T0 + 2 * HOUR, act(given, first, T0 + HOUR, "a"), act(given, "rate", T0 + 2 * HOUR, "b"))
    assert len(why(state)) == 1 and reason in why(state)[0]


def test_an_unknown_evaluator_or_assignment_and_a_date_before_the_assignment_are_refused(office):
    given = only(office.step(T0))
    state = office.step(
        T0 + HOUR,
        act(given, "rate", T0 + HOUR, "a", who="E9"),
        act(given, "rate", T0 - HOUR, "b"),
        away("E9", date(2026, 7, 7), None, T0 + HOUR, "c"),
    )
    found = sorted(text.split(".")[0] for text in why(state))
    assert found == ["The action is dated before the assignment"] + ["The evaluator is not among the evaluators"] * 2
    unknown = act(given, "rate", T0 + HOUR, "d")
    object.__setattr__(unknown, "assignment_id", "PJ0")
    assert why(office.step(T0 + HOUR, unknown))[-1].startswith("There is no such assignment")


def test_an_action_counts_once_however_often_it_is_sent(office):
    given = only(office.step(T0))
    action = act(given, "rate", T0 + HOUR, "a")
    office.step(T0 + HOUR, action)
    before = office.log
    office.step(T0 + HOUR, action)
    state = office.step(T0 + 3 * HOUR, action)
    assert not state.refused
    assert [line for line in office.log[len(before):].splitlines() if b'"kind":"rated"' in line] == []


def test_a_number_that_was_used_is_no_good_for_another_action(office):
    given = only(office.step(T0))
    state = office.step(T0 + HOUR, act(given, "return", T0 + HOUR, "a"))
    (second,) = state.open.values()
    assert "used for another action" in why(office.step(T0 + 2 * HOUR, act(second, "rate", T0 + 2 * HOUR, "a")))[0]


def test_an_action_of_later_waits_for_its_moment(office):
    given = only(office.step(T0))
    later = act(given, "rate", T0 + 5 * HOUR, "a")
    assert only(office.step(T0 + HOUR, later)).is_open
    assert only(office.step(T0 + 5 * HOUR, later)).rated_at == T0 + 5 * HOUR


def written(folder, name, rows):
    """An inbox with one file."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    if name.endswith(".csv"):
        with file.open("w", encoding="utf-8", newline="") as stream:
            table = csv.DictWriter(stream, COLUMNS)
            table.writeheader()
            table.writerows(rows)
    elif name.endswith(".jsonl"):
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif name.endswith(".json"):
        file.write_text(json.dumps(rows), encoding="utf-8")
    else:
        import xlsxwriter

        book = xlsxwriter.Workbook(file)
        book.add_worksheet().write_row(0, 0, COLUMNS)
        for number, row in enumerate(rows, 1):
            book.get_worksheet_by_name("Sheet1").write_row(number, 0, [row.get(name, "") for name in COLUMNS])
        book.close()
    return folder


@pytest.mark.parametrize("name", ["操作.csv", "evaluator_actions.xlsx", "week 1.json", "week1.jsonl"])
def test_every_format_gives_the_same_action(name, tmp_path):
    (file,) = read_inbox(written(tmp_path / "in", name, [GOOD]), set())
    (action,) = file.actions
    assert not file.turned
    assert (action.file, action.action_id, action.acted_at) == (name, "A1", datetime(2026, 7, 6, 10))
    assert (action.rating, action.reason, action.away_from) == ("satisfied", "all in order", None)


@pytest.mark.parametrize(
    "change",
    [{"reason": ""}, {"rating": ""}, {"rating": "excellent"}, {"assignment_id": ""}, {"acted_at": "yesterday"},
     {"action": "shred"}, {"evaluator_id": ""}, {"action": "away"},
     {"action": "away", "away_from": "2026-07-09", "away_until": "2026-07-08"}],
    ids=str,
)
def test_a_row_that_breaks_the_contract_is_turned_away_with_its_reason_and_kept(change, tmp_path):
    rows = [GOOD, {**GOOD, "action_id": "A2", **change}]
    (file,) = read_inbox(written(tmp_path / "in", "a.csv", rows), set())
    assert [action.action_id for action in file.actions] == ["A1"]
    (turned,) = file.turned
    assert turned.line == 3 and turned.row["action_id"] == "A2" and turned.why.zh


@pytest.mark.parametrize(("name", "content"), [("a.json", b"{"), ("a.json", b'{"a": 1}'), ("a.xlsx", b"PK no"),
                                               ("a.exe", b"MZ"), ("a.csv", b"only,some\n1,2\n")])
def test_a_file_that_cannot_be_read_is_turned_away_and_stops_no_other(name, content, tmp_path):
    folder = written(tmp_path / "in", "z.csv", [GOOD])
    (folder / name).write_bytes(content)
    files = {file.name: file for file in read_inbox(folder, set())}
    assert len(files["z.csv"].actions) == 1
    assert [turned.line for turned in files[name].turned] == [0]


def test_an_inbox_that_is_not_there_is_refused_by_name(tmp_path):
    with pytest.raises(UsageRefusal, match="nowhere"):
        list(read_inbox(tmp_path / "nowhere", set()))
