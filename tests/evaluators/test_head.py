"""The head of the log: an end that was cut off is refused, whatever a crash left behind is not."""

import json
import signal
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from pipelines.cli import _run
from pipelines.evaluators.head import Head, read_head, write_head
from pipelines.evaluators.log import FIRST, Event, Log, _chained
from pipelines.evaluators.private import locked
from pipelines.model.refusals import VerificationFailed
from tests.evaluators.office import Office, case, person

T0 = datetime(2026, 7, 6, 9)
HOUR = timedelta(hours=1)
WRITER = """
import os, signal, sys
from pathlib import Path
from datetime import datetime
from pipelines.evaluators import head, log, private
folder, where, n = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
with private.locked(folder):
    book = log.Log(folder)
    for k in range(n, n + 3):
        book.append(log.Event(f"away:{k}", datetime(2026, 7, 6, 9), "away", {"evaluator_id": "E9", "away_from":
                    "2026-07-07", "away_until": "", "action_id": str(k), "digest": "0"}))
    if where == "before the log is on the disk":
        os.fsync = die
    elif where == "between the log and its head":
        log.write_head = die
    elif where == "while the head is written":
        head.json.dump = die
    elif where == "before the head is in its place":
        Path.replace = die
    elif where == "after the head":
        head.sync_folder = die
    book.close()
"""


@pytest.fixture
def office(tmp_path):
    """An office with a log of four events."""
    made = Office(tmp_path / "s", [person("E1"), person("E2")], [case("C1"), case("C2")])
    made.step(T0)
    return made


def refusal(office) -> str:
    """What the next step is told."""
    with pytest.raises(VerificationFailed) as caught:
        office.step(T0 + HOUR)
    assert caught.value.words.zh and "backup" in caught.value.words.en
    return caught.value.words.en


@pytest.mark.parametrize("left", [3, 1, 0])
def test_a_log_whose_last_lines_were_cut_off_is_refused_with_both_counts(office, left):
    lines = office.log.splitlines(keepends=True)
    (office.folder / "log.jsonl").write_bytes(b"".join(lines[:left]))
    assert f"ends at line {left}, but head.json records 4" in refusal(office)


def test_a_log_cut_within_its_last_line_is_refused_and_left_alone(office):
    cut = office.log[:-9]
    (office.folder / "log.jsonl").write_bytes(cut)
    assert "ends at line 3" in refusal(office)
    assert office.log == cut


def test_a_log_that_is_gone_is_refused_by_every_command(office, tmp_path, capsys):
    (office.folder / "log.jsonl").unlink()
    assert "ends at line 0" in refusal(office)
    assert _run(["evaluators", "status", "--state", str(office.folder)]) == 5
    told = capsys.readouterr().err
    assert "head.json" in told and "备份" in told and "Traceback" not in told


def test_a_log_whose_chain_was_made_anew_is_refused(office):
    """Somebody who knows the chain changes a case and mends every hash after it."""
    before, lines = FIRST, []
    for number, event in enumerate(Log(office.folder).events, 1):
        says = json.loads(json.dumps(event.says).replace("C2", "C7"))
        body = Event(event.id, event.at, event.kind, says).body(number)
        before = _chained(before, body.encode())
        lines.append(f'{body},"hash":"{before}"}}\n')
    assert "C7" in "".join(lines)
    (office.folder / "log.jsonl").write_text("".join(lines), encoding="utf-8")
    assert "are not those that head.json was written for" in refusal(office)


def test_a_log_without_its_head_is_refused(office):
    (office.folder / "head.json").unlink()
    assert "no head.json" in refusal(office)


@pytest.mark.parametrize("change", ["nothing", "fewer lines", "no seal", "nonsense", "a list"])
def test_a_head_that_was_touched_is_refused(office, change):
    file = office.folder / "head.json"
    said = json.loads(file.read_text(encoding="utf-8"))
    said = {
        "nothing": "", "nonsense": "{", "a list": "[]",
        "fewer lines": json.dumps({**said, "lines": 1}),
        "no seal": json.dumps({name: value for name, value in said.items() if name != "seal"}),
    }[change]  # fmt: skip
    file.write_text(said, encoding="utf-8")
    assert "head.json is damaged" in refusal(office)


@pytest.mark.parametrize(
    ("where", "known"),
    [("before the log is on the disk", 3), ("between the log and its head", 3), ("while the head is written", 3),
     ("before the head is in its place", 3), ("after the head", 6), ("nowhere", 6)],
)  # fmt: skip
def test_a_writer_killed_anywhere_between_log_and_head_is_followed_by_one_that_goes_on(tmp_path, where, known):
    for n, place, code in ((0, "nowhere", 0), (3, where, 0 if where == "nowhere" else -signal.SIGKILL)):
        done = subprocess.run([sys.executable, "-c", WRITER, str(tmp_path / "s"), place, str(n)], capture_output=True)
        assert done.returncode == code, done.stderr
    assert read_head(tmp_path / "s").lines == known
    with locked(tmp_path / "s") as folder:
        log = Log(folder)
        assert len(log.events) == 6
        log.close()
        assert read_head(folder).lines == 6
        assert [event.id for event in Log(folder).events] == [f"away:{k}" for k in range(6)]


def test_the_first_line_is_never_without_a_head(tmp_path):
    with locked(tmp_path / "s") as folder:
        log = Log(folder)
        log.append(Event("away:1", T0, "away", {}))
        assert read_head(folder).lines == 0
        log.close()
    assert read_head(folder).lines == 1


def test_what_is_read_at_once_and_what_is_read_along_the_chain_is_the_same(office):
    """A log that goes further than its head is read along the chain from there on."""
    at_once = Log(office.folder).events
    write_head(office.folder, Head(0, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", FIRST))
    assert Log(office.folder).events == at_once and len(at_once) == 4


def test_a_log_that_only_grew_a_torn_line_goes_on(office):
    whole = office.log
    with (office.folder / "log.jsonl").open("ab") as file:
        file.write(b'{"n":5,"id":"to')
    office.step(T0 + HOUR)
    assert office.log.startswith(whole) and b'"to\n' not in office.log
