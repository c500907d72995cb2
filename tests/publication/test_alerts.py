"""What operators are told: what it is, when it begins to hold, once, and never in quiet hours."""

import json
import os
from datetime import datetime

import pytest

from pipelines.edges.runs import LOG, NOTES, logged, read_log
from pipelines.model.period import Period, Periods
from pipelines.model.words import ContractStop, UsageRefusal, Words
from pipelines.publication import desk as publishing
from pipelines.publication.alerts import Channels, alerts, load_channels, not_sent, tell
from tests.publication import office
from tests.publication.office import PERIOD, SENT, act, approved_run, finished_run, published, signers_of

QUARTERS = Periods()
DAYS = Channels(("json://x",), scored_within=10, published_within=30)
JULY = datetime(2026, 7, 10, 9)


def told(out, now=JULY, channels=DAYS) -> list[str]:
    """The kinds of what holds."""
    return [one.kind for one in alerts(out, QUARTERS, now, channels, signers_of(out))]


def test_nothing_is_told_of_a_folder_that_holds_nothing(tmp_path):
    assert told(tmp_path, datetime(2026, 9, 30)) == []


def test_a_scheduled_run_that_failed_is_told_until_one_of_its_flow_ends_well(tmp_path):
    with pytest.raises(ContractStop), logged(tmp_path, "score", "2026Q2"):
        raise ContractStop(Words("张三的电话", "somebody's number"))
    assert told(tmp_path) == ["failed"]
    assert "number" not in (tmp_path / LOG).read_text() and oct((tmp_path / LOG).stat().st_mode)[-3:] == "600"
    with logged(tmp_path, "publish"):
        pass
    assert told(tmp_path) == ["failed"]
    with logged(tmp_path, "score", "2026Q2"):
        pass
    assert told(tmp_path) == []
    assert [line["state"] for line in read_log(tmp_path)] == ["begun", "failed", "begun", "ended", "begun", "ended"]


def test_a_line_that_was_cut_does_not_hide_the_others(tmp_path):
    with logged(tmp_path, "score"):
        pass
    with (tmp_path / LOG).open("a") as stream:
        stream.write('{"at": "2026')
    assert [line["state"] for line in read_log(tmp_path)] == ["begun", "ended"]


def test_a_run_that_was_killed_is_told(tmp_path):
    (tmp_path / NOTES).mkdir()
    note = {"kind": "run", "period": "2026Q2", "at": "2026-07-06 06:00:00", "pid": os.getpid(), "host": "x"}
    (tmp_path / NOTES / "a.json").write_text(json.dumps(note))
    assert told(tmp_path) == ["killed"]


@pytest.mark.parametrize(
    ("day", "kinds"),
    [(14, []), (15, ["not_scored"])],  # the tenth working day after June is the fourteenth of July
)
def test_a_period_that_is_not_scored_in_time_is_told(day, kinds, tmp_path, monkeypatch):
    monkeypatch.setattr(office, "PERIOD", Period.parse("2026Q1"))
    finished_run(tmp_path)
    found = [kind for kind in told(tmp_path, datetime(2026, 7, day)) if kind != "not_published"]
    assert found == kinds


@pytest.mark.parametrize(
    ("day", "kinds"),
    [("2026-08-11", []), ("2026-08-12", ["not_published"])],  # the thirtieth
)
def test_a_period_that_is_not_published_in_time_is_told(day, kinds, tmp_path):
    approved_run(tmp_path)
    assert told(tmp_path, datetime.fromisoformat(day)) == kinds


def test_a_published_period_is_not(tmp_path):
    published(tmp_path)
    assert told(tmp_path, datetime(2026, 9, 30)) == []


@pytest.mark.parametrize(("day", "kinds"), [(9, []), (10, ["window_ends"]), (13, [])])
def test_the_last_working_day_of_the_objection_window_is_told(day, kinds, tmp_path):
    """Sent on Monday the sixth, five working days: until the thirteenth."""
    finished_run(tmp_path)
    act(tmp_path, publishing.note_preview, at=SENT)
    assert told(tmp_path, datetime(2026, 7, day, 9)) == kinds


def test_a_scoring_that_stopped_is_told_with_its_reason(tmp_path):
    approved_run(tmp_path)
    publishing.record_stop(ContractStop(Words("缺列", "a column lacks")), tmp_path, PERIOD)
    (one,) = alerts(tmp_path, QUARTERS, datetime(2026, 7, 16), DAYS, signers_of(tmp_path))
    assert (one.kind, "缺列" in one.words.zh) == ("stopped", True)


def test_a_damaged_record_is_told_and_hides_nothing(tmp_path):
    approved_run(tmp_path)
    office.record(tmp_path).write_text("{}\n")
    with pytest.raises(ZeroDivisionError), logged(tmp_path, "publish"):
        raise ZeroDivisionError
    assert told(tmp_path) == ["failed", "damaged"]


@pytest.mark.parametrize(("now", "kinds"), [("2026-09-30", []), ("2026-10-01", ["calendar"])])
def test_a_year_without_a_calendar_is_told_from_october_on(now, kinds, tmp_path):
    assert told(tmp_path, datetime.fromisoformat(now)) == kinds


@pytest.mark.parametrize(
    ("before", "now", "kinds"),
    [
        (20, 40, []),
        (20, 41, ["quarantine"]),
        (0, 10, []),
        (0, 11, ["quarantine"]),
        (None, 20, []),
        (None, 21, ["quarantine"]),
    ],
)
def test_more_than_twice_the_usual_quarantine_is_told(before, now, kinds, tmp_path, monkeypatch):
    """Of a thousand case rows; without a period before, twice the share that nobody is told of."""
    for period, n in (("2026Q1", before), ("2026Q2", now)):
        if n is not None:
            monkeypatch.setattr(office, "PERIOD", Period.parse(period))
            finished_run(tmp_path, manifest={"rows": {"cases": {"read": 1000, "accepted": 1000 - n, "quarantined": n}}})
    assert told(tmp_path) == kinds


def test_what_was_told_is_told_once_and_again_if_it_comes_back(tmp_path):
    sent = []

    def deliver(channels, title, body):
        sent.append(body)
        return True

    def fail():
        with pytest.raises(ZeroDivisionError), logged(tmp_path, "score"):
            raise ZeroDivisionError

    def look() -> str:
        return tell(tmp_path, alerts(tmp_path, QUARTERS, JULY, DAYS, signers_of(tmp_path)), DAYS, JULY, deliver)

    fail()
    assert [look(), look()] == ["sent", "nothing"]
    assert (tmp_path / ".log" / "heartbeat").read_text().strip() == JULY.isoformat()
    with logged(tmp_path, "score"):
        pass
    assert look() == "nothing"
    fail()
    assert look() == "sent"
    assert len(sent) == 2 and "score" in sent[0]


def test_what_could_not_be_sent_stays_to_be_told(tmp_path):
    with pytest.raises(ZeroDivisionError), logged(tmp_path, "score"):
        raise ZeroDivisionError
    found = alerts(tmp_path, QUARTERS, JULY, DAYS, signers_of(tmp_path))
    assert tell(tmp_path, found, DAYS, JULY, lambda *_: False) == "failed"
    assert not_sent(tmp_path, found) == found


@pytest.mark.parametrize(
    ("at", "quiet"), [("21:59", False), ("22:00", True), ("03:00", True), ("07:29", True), ("07:30", False)]
)
def test_nobody_is_told_in_quiet_hours(at, quiet, tmp_path):
    file = tmp_path / "alerts.yaml"
    file.write_text('quiet: "22:00-07:30"\nchannels: [json://localhost]\n', encoding="utf-8")
    channels, now = load_channels(file), datetime.fromisoformat(f"2026-07-10T{at}")
    assert channels.is_quiet(now) is quiet
    with pytest.raises(ZeroDivisionError), logged(tmp_path, "score"):
        raise ZeroDivisionError
    found = alerts(tmp_path, QUARTERS, now, channels)
    assert tell(tmp_path, found, channels, now, lambda *_: True) == ("quiet" if quiet else "sent")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("chanels: []", "channels"),
        ("channels: [nonsense]", "第 1 个地址"),
        ("quiet: late", "22:00-07:30"),
        ("scored_within: 0", "1 到 366"),
        ("published_within: soon", "1 到 366"),
    ],
)
def test_a_setting_that_nothing_would_honour_is_refused_with_its_line(line, said, tmp_path):
    (tmp_path / "alerts.yaml").write_text(f"# ours\n{line}\n", encoding="utf-8")
    with pytest.raises(UsageRefusal) as refusal:
        load_channels(tmp_path / "alerts.yaml")
    assert "第 2 行" in refusal.value.words.zh and said in refusal.value.words.zh
    assert "nonsense" not in refusal.value.words.zh
