"""The head of the log: an end that was cut off is refused, whatever a crash left behind is not."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

import pytest

from pipelines.cli import _run
from pipelines.edges.private import locked
from pipelines.evaluators.log import FIRST, Event, Head, Log, _chained, read_head, write_head
from pipelines.model.words import VerificationFailed
from tests.evaluators.office import Office, case, person

T0 = datetime(2026, 7, 6, 9)
HOUR = timedelta(hours=1)
WRITER = """
import os, signal, sys
from pathlib import Path
from datetime import datetime
from pipelines.edges import private
from pipelines.evaluators import log
folder, where, n = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
done, fsync = 0, os.fsync
def counted(*_):
    global done
    done += 1
    if done == where:
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(*_)
with private.locked(folder):
    book = log.Log(folder)
    for k in range(n, n + 3):
        book.append(log.Event(f"away:{k}", datetime(2026, 7, 6, 9), "away", {"evaluator_id": "E9", "away_from":
                    "2026-07-07", "away_until": "", "action_id": str(k), "digest": "0"}))
    os.fsync = counted
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
    output = capsys.readouterr().err
    assert "head.json" in output and "备份" in output and "Traceback" not in output


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
    }[change]
    file.write_text(said, encoding="utf-8")
    assert "head.json is damaged" in refusal(office)


@pytest.mark.parametrize(
    ("where", "known", "there"),
    [(1, 3, 3), (2, 3, 3), (3, 3, 6), (4, 3, 6), (5, 3, 6), (6, 6, 6), (0, 6, 6)],  # 0: nowhere
)
def test_a_writer_killed_at_any_step_to_the_disk_is_followed_by_one_that_goes_on(tmp_path, where, known, there):
    """The announced head (1, 2), the lines (3, 4), the head that says they are there (5, 6)."""
    for n, place, code in ((0, 0, 0), (3, where, -signal.SIGKILL if where else 0)):
        done = subprocess.run([sys.executable, "-c", WRITER, str(tmp_path / "s"), str(place), str(n)],
                              capture_output=True)
        assert done.returncode == code, done.stderr
    assert read_head(tmp_path / "s").lines == known
    with locked(tmp_path / "s") as folder:
        log = Log(folder)
        assert len(log.events) == there
        for k in range(3, 6):
            log.append(Event(f"away:{k}", T0, "away", {}))
        log.close()
        assert read_head(folder).lines == 6
        assert [event.id for event in Log(folder).events] == [f"away:{k}" for k in range(6)]


def test_no_line_is_written_before_its_head_announces_it(tmp_path, monkeypatch):
    write, announced = Log._write, []
    monkeypatch.setattr(Log, "_write", lambda self: announced.append(read_head(self.file.parent)) or write(self))
    with locked(tmp_path / "s") as folder:
        log = Log(folder)
        log.append(Event("away:1", T0, "away", {}))
        assert not (folder / "log.jsonl").exists()
        log.close()
    assert [(head.lines, head.next.lines) for head in announced] == [(0, 1)]
    assert (read_head(folder).lines, read_head(folder).next) == (1, None)


def test_what_is_read_at_once_and_what_is_read_along_the_chain_is_the_same(office):
    """A log that goes further than its head is read along the chain from there on."""
    at_once = Log(office.folder).events
    write_head(office.folder, Head(0, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", FIRST))
    assert Log(office.folder).events == at_once and len(at_once) == 4


def test_a_line_that_was_announced_and_torn_is_taken_away(office):
    whole, head = office.log, read_head(office.folder)
    write_head(office.folder, replace(head, next=replace(head, lines=5, bytes=head.bytes + 99)))
    with (office.folder / "log.jsonl").open("ab") as file:
        file.write(b'{"n":5,"id":"to')
    office.step(T0 + HOUR)
    assert office.log == whole
    assert read_head(office.folder) == head


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_line_that_nobody_announced_is_refused_though_it_is_rightly_chained(office, end):
    event = Event("away:x", T0, "away", {"evaluator_id": "E1", "away_from": "2026-07-07", "away_until": "",
                                         "action_id": "x", "digest": "0"})
    body = event.body(5)
    with (office.folder / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(f'{body},"hash":"{_chained(read_head(office.folder).hash, body.encode())}"}}{end}')
    assert "From line 5 on" in refusal(office)


def test_a_log_of_the_form_before_is_read_along_its_chain_and_goes_on_in_the_new_form(office):
    """There a crash may have left lines that their head does not tell of."""
    whole = office.log
    head = read_head(office.folder)
    first = whole.splitlines(keepends=True)[0]
    write_head(office.folder, Head(1, len(first), sha256(first).hexdigest(), json.loads(first)["hash"]))
    office.step(T0 + HOUR)
    assert office.log == whole
    assert read_head(office.folder) == head
