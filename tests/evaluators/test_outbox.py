"""Reminders: one each, whatever crashes; nothing about the case in them; through Apprise to a local webhook (E5.2)."""

import json
import re
import sys
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pipelines.edges import process
from pipelines.edges.private import make_key, pseudonym, read_key
from pipelines.evaluators import outbox as module
from pipelines.evaluators.desk import Addresses, send_ready
from pipelines.evaluators.outbox import (
    FAILED,
    READY,
    SENDING,
    SENT,
    Letter,
    again,
    open_outbox,
    put_reminders,
    send,
    standing,
)
from pipelines.model.words import UsageRefusal
from tests.evaluators.office import Office, act, case, person, rules

T0 = datetime(2026, 7, 6, 9)
DAY = timedelta(days=1)


class Killed(BaseException):
    """Stands for the process's end."""


@pytest.fixture
def office(tmp_path):
    """Three assignments, all of them reminded."""
    office = Office(tmp_path / "s", [person(f"E{n}") for n in range(1, 4)], [case(f"C{n}") for n in range(1, 4)])
    office.step(T0)
    office.reminded = office.step(T0 + DAY)
    return office


def put(office, state=None):
    box = open_outbox(office.folder)
    put_reminders(box, state or office.reminded, rules())
    return box


def plain(message):
    return Letter(("x",), message["title"], message["text"])


def test_every_reminder_goes_out_once_however_often_steps_and_sending_are_repeated(office):
    box, got = put(office), []
    for _ in range(3):
        send(box, plain, lambda urls, title, text: got.append(text) or True)
        put(office)
    assert len(got) == len(set(got)) == 3
    assert {station: len(ids) for station, ids in standing(box).items()} == {READY: 0, SENDING: 0, SENT: 3, FAILED: 0}


def killed_at(line, work):
    """Run ``work`` and kill it at the ``line``-th line of the outbox; whether it came that far."""
    left = line

    def trace(frame, event, argument):
        nonlocal left
        if frame.f_code.co_filename != module.__file__:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                raise Killed
        return trace

    before = sys.gettrace()  # such as that of coverage
    sys.settrace(trace)
    try:
        work()
    except Killed:
        return True
    finally:
        sys.settrace(before)
    return False


def test_a_sender_that_dies_at_any_line_never_sends_twice_and_loses_nothing_silently(office):
    """Between the claim and the receipt nobody can know; everywhere else the reminder still goes out, once."""
    box = put(office)
    line, uncertain = 0, 0
    while True:
        line += 1
        for station in (SENDING, SENT):
            for file in (box / station).iterdir():
                file.rename(box / READY / file.name)
        got = []

        def deliver(urls, title, text, got=got):
            got.append(text)
            return True

        died = killed_at(line, lambda deliver=deliver: send(box, plain, deliver))
        facts = send(box, plain, deliver)
        assert len(got) == len(set(got))
        stands = standing(box)
        assert len(stands[SENT]) + len(stands[SENDING]) == 3
        assert facts["uncertain"] == len(stands[SENDING]) <= 1
        assert 3 - len(stands[SENDING]) <= len(got) <= 3
        uncertain += len(stands[SENDING])
        if not died:
            break
    assert line > 40 and 0 < uncertain < line / 2


def test_the_put_dies_at_any_line_and_the_next_one_completes_it(office):
    for line in range(1, 200):
        box = open_outbox(office.folder)
        for station in (READY, SENT):
            for file in (box / station).iterdir():
                file.unlink()
        died = killed_at(line, lambda box=box: put_reminders(box, office.reminded, rules()))
        put(office)
        assert len(standing(box)[READY]) == 3
        if not died:
            return
    raise AssertionError("the put never came to its end")


def test_what_failed_or_is_uncertain_goes_out_again_only_when_the_office_says_so(office):
    box = put(office)
    assert send(box, plain, lambda *_: False) == {"failed": 3}
    assert not send(box, plain, lambda *_: True)
    again(box, standing(box)[FAILED][0])
    assert send(box, plain, lambda *_: True) == {"sent": 1}
    with pytest.raises(UsageRefusal, match="PJ0"):
        again(box, "PJ0")


def test_a_reminder_that_came_to_nothing_is_taken_out_before_it_goes(office):
    box = put(office)
    first = next(iter(office.reminded.assignments.values()))
    put(office, office.step(T0 + 1.2 * DAY, act(first, "rate", T0 + 1.1 * DAY)))
    assert first.id not in standing(box)[READY] and len(standing(box)[READY]) == 2


@pytest.fixture
def webhook():
    """A server on this machine that keeps what it is sent."""
    got = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"json://127.0.0.1:{server.server_port}/", got
    server.shutdown()


def test_apprise_brings_each_reminder_once_with_a_pseudonym_and_nothing_of_the_case(
    office, webhook, tmp_path, monkeypatch
):
    url, got = webhook
    monkeypatch.setenv("GONGPING_KEY_FILE", str(tmp_path / "key"))
    make_key()
    put(office)
    notify = tmp_path / "notify.yaml"
    notify.write_text(f"everyone: ['{url}']\nevaluators:\n  E2: ['{url}own']\n", encoding="utf-8")
    assert send_ready(office.folder, notify) == {"sent": 3}
    assert not send_ready(office.folder, notify)
    said = [message["message"] for message in got]
    assert len(said) == 3
    for one in office.reminded.assignments.values():
        (text,) = [text for text in said if one.id in text]
        assert (pseudonym(read_key(), one.evaluator_id) in text) is (one.evaluator_id != "E2")
    words = set(re.findall(r"\w+", json.dumps(got, ensure_ascii=False), flags=re.ASCII))
    assert not words & {"C1", "C2", "C3", "U1", "name", "E1", "E2", "E3"}


def test_a_channel_that_is_down_is_a_failure_that_is_kept(office, tmp_path):
    put(office)
    notify = tmp_path / "notify.yaml"
    notify.write_text("evaluators:\n  E1: 'json://127.0.0.1:9/'\n", encoding="utf-8")
    assert send_ready(office.folder, notify) == {"failed": 1, "no_address": 2}
    stands = standing(open_outbox(office.folder))
    assert (len(stands[FAILED]), len(stands[READY]), len(stands[SENT])) == (1, 2, 0)


@pytest.mark.parametrize("text", ["everybody: []", "everyone: ['nonsense']", "- a", "everyone: [{a: b}]"])
def test_a_file_of_channels_that_is_wrong_is_refused_with_its_line_and_without_its_secrets(text, tmp_path):
    (tmp_path / "notify.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageRefusal) as caught:
        Addresses.load(tmp_path / "notify.yaml")
    assert "notify.yaml" in caught.value.words.en and "1" in caught.value.words.en
    assert "nonsense" not in caught.value.words.en


@pytest.mark.parametrize(
    ("at", "counts"),
    [("21:59", {"failed": 1}), ("22:00", {"quiet": 3}), ("07:29", {"quiet": 3}), ("07:30", {"failed": 1})],
)
def test_nobody_is_sent_anything_in_quiet_hours(at, counts, office, tmp_path, monkeypatch):
    """A channel that is down shows what was tried."""
    put(office)
    monkeypatch.setattr(process, "now", lambda: datetime.fromisoformat(f"2026-07-08T{at}"))
    notify = tmp_path / "notify.yaml"
    notify.write_text("quiet: '22:00-07:30'\nevaluators:\n  E1: 'json://127.0.0.1:9/'\n", encoding="utf-8")
    assert send_ready(office.folder, notify).items() >= counts.items()


def test_what_is_withdrawn_at_midnight_is_not_reminded_of_in_the_morning(office):
    """Its time ran out while it waited for the end of the quiet hours."""
    put(office)
    later = office.step(T0 + 14 * DAY)
    assert all(later.assignments[id].withdrawn_at for id in office.reminded.assignments)
    put(office, later)
    assert not {*standing(open_outbox(office.folder))[READY]} & {*office.reminded.assignments}


def test_hours_that_are_none_are_refused_with_their_line(tmp_path):
    (tmp_path / "notify.yaml").write_text("everyone: []\nquiet: late\n", encoding="utf-8")
    with pytest.raises(UsageRefusal, match="line 2"):
        Addresses.load(tmp_path / "notify.yaml")


def test_without_a_file_of_channels_the_remedy_is_named(tmp_path):
    with pytest.raises(UsageRefusal, match="none.yaml"):
        Addresses.load(tmp_path / "none.yaml")
