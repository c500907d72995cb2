"""A step killed anywhere and taken again ends with the same bytes; a log that was touched is refused."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pipelines.edges import process
from pipelines.evaluators.desk import Work, take_steps
from pipelines.evaluators.log import Log, read_head, write_head
from pipelines.evaluators.practice import make_inbox
from pipelines.model.period import Period
from pipelines.model.words import NotAllowed, VerificationFailed
from pipelines.sample.make import make_sample
from tests.evaluators.office import Office, act, case, person

pytestmark = pytest.mark.long

T0 = datetime(2026, 7, 6, 9)
PERIOD = Period.parse("2026Q3")
KILLED = """
import os, signal, sys
from pathlib import Path
from datetime import datetime
from pipelines.evaluators import log as module
from pipelines.evaluators.desk import Work, take_steps
exports, inbox, state, after = map(Path, sys.argv[1:5])
left, whole = int(after.name), module.Log._write
def write(self):
    global left
    if left < len(self._waiting):
        with self.file.open("ab") as stream:
            stream.write(b"".join(self._waiting[:left]) + b'{"n":9999,"id":"to')
        os.kill(os.getpid(), signal.SIGKILL)
    left -= len(self._waiting)
    return whole(self)
module.Log._write = write
take_steps(Work(exports, inbox, state), [datetime(2026, 7, 15), datetime(2026, 7, 20)])
"""


def two_steps(folder):
    """An office whose second step does everything that a step can do."""
    people = [person(f"E{n}") for n in range(1, 7)]
    cases = [case(f"C{n}") for n in range(1, 6)] + [case("C9", rated_at=T0 + timedelta(days=1))]
    office = Office(folder, people, cases)
    state = office.step(T0)
    one, two, three, *_ = state.assignments.values()
    later = T0 + timedelta(days=1, hours=1)
    acts = act(one, "rate", later), act(two, "return", later), act(three, "rate", later, who="E6")
    return office, later + timedelta(hours=1), acts


def test_a_step_that_stopped_after_any_event_goes_on_where_it_was(tmp_path):
    office, at, acts = two_steps(tmp_path / "whole")
    begun = office.log
    office.step(at, *acts)
    whole = office.log
    kinds = {line.split(b'"kind":"')[1].split(b'"')[0] for line in whole[len(begun):].splitlines()}
    assert kinds == {b"rated", b"returned", b"refused", b"read", b"reminded", b"case", b"assigned"}
    ends = [n for n in range(len(begun), len(whole) + 1) if whole[:n].endswith(b"\n")]
    for place in sorted({*ends, *(end + 7 for end in ends[:-1]), len(whole) - 1}):
        cut, _, _ = two_steps(tmp_path / str(place))
        write_head(cut.folder, replace(read_head(cut.folder), next=read_head(office.folder)))  # as it was announced
        (cut.folder / "log.jsonl").write_bytes(whole[:place])
        cut.step(at, *acts)
        assert cut.log == whole, place


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    make_sample(folder / "x", PERIOD, 6, 500, 3)
    make_inbox(folder / "x", folder / "in", PERIOD, 3)
    return folder


@pytest.mark.parametrize("after", [1, 12, 31, 52])  # the last one within the second step
def test_a_step_killed_half_way_and_taken_again_ends_the_same(sample, tmp_path, after):
    moments = [datetime(2026, 7, 15), datetime(2026, 7, 20)]
    take_steps(Work(sample / "x", sample / "in", tmp_path / "whole"), moments)
    arguments = [str(sample / "x"), str(sample / "in"), str(tmp_path / "killed"), str(after)]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    killed = (tmp_path / "killed" / "log.jsonl").read_bytes()
    assert killed.count(b"\n") == after
    outcome = take_steps(Work(sample / "x", sample / "in", tmp_path / "killed"), moments)
    assert outcome.mended
    for name in ("log.jsonl", "head.json", "evaluations.csv", "refused.csv"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_a_step_taken_twice_changes_nothing(sample, tmp_path):
    work = Work(sample / "x", sample / "in", tmp_path / "s")
    take_steps(work, [datetime(2026, 8, 1)])
    before = {file.name: file.read_bytes() for file in (tmp_path / "s").rglob("*") if file.is_file()}
    assert not take_steps(work, [datetime(2026, 8, 1)]).counts
    assert {file.name: file.read_bytes() for file in (tmp_path / "s").rglob("*") if file.is_file()} == before


def test_a_step_into_the_past_is_not_allowed(sample, tmp_path):
    work = Work(sample / "x", sample / "in", tmp_path / "s")
    take_steps(work, [datetime(2026, 8, 1)])
    with pytest.raises(NotAllowed):
        take_steps(work, [datetime(2026, 7, 31)])


def test_a_step_into_the_future_is_not_allowed(sample, tmp_path, monkeypatch):
    """On the second itself it is now, a second later it has not come."""
    monkeypatch.setattr(process, "now", lambda: datetime(2026, 8, 1))
    work = Work(sample / "x", sample / "in", tmp_path / "s")
    with pytest.raises(NotAllowed, match="2026-08-01 00:00:01"):
        take_steps(work, [datetime(2026, 7, 31), datetime(2026, 8, 1, 0, 0, 1)])
    assert not (tmp_path / "s" / "log.jsonl").exists()
    assert take_steps(work, [datetime(2026, 8, 1)]).counts["assigned"]


def test_the_period_before_goes_on_beside_the_new_one(tmp_path):
    """Two quarters' exports at one step: each table holds its own case rows, the panel is the newer one's."""
    for name, period, seed in (("old", PERIOD, 3), ("new", PERIOD.next, 4)):
        make_sample(tmp_path / name, period, 6, 500, seed)
    tables = {name: tmp_path / f"{name}.csv" for name in ("old", "new")}
    old = Work(tmp_path / "old", None, tmp_path / "s", evaluations=tables["old"])
    take_steps(old, [datetime(2026, 9, 30)])
    begun = tables["old"].read_text(encoding="utf-8-sig").splitlines()
    both = Work(tmp_path / "new", None, tmp_path / "s", evaluations=tables["new"], before=old)
    take_steps(both, [datetime(2026, 10, 9)])
    old_rows, new_rows = (tables[name].read_text(encoding="utf-8-sig").splitlines()[1:] for name in ("old", "new"))
    assert len(old_rows) > len(begun) - 1 and any("2026-10-09" in row for row in old_rows)
    assert new_rows and not {row.split(",")[1] for row in old_rows} & {row.split(",")[1] for row in new_rows}


def test_two_steps_at_once_wait_for_each_other(sample, tmp_path):
    """A second process, started while the first holds the log, finds everything done."""
    call = ("import sys; from pathlib import Path; from datetime import datetime;"
            "from pipelines.evaluators.desk import Work, take_steps; a, b, c = map(Path, sys.argv[1:]);"
            "take_steps(Work(a, b, c), [datetime(2026, 8, 1)])")
    arguments = [sys.executable, "-c", call, str(sample / "x"), str(sample / "in"), str(tmp_path / "s")]
    both = [subprocess.Popen(arguments) for _ in range(2)]
    assert [process.wait(timeout=300) for process in both] == [0, 0]
    events = Log(tmp_path / "s").events
    assert len({event.id for event in events}) == len(events) > 10


@pytest.mark.parametrize("change", ["a word", "a line less", "a line moved", "nonsense"])
def test_a_log_that_somebody_changed_is_refused_with_the_line(tmp_path, change):
    office = Office(tmp_path / "s", [person("E1"), person("E2")], [case("C1"), case("C2")])
    office.step(T0)
    lines = office.log.splitlines(keepends=True)
    lines = {
        "a word": [lines[0].replace(b"C1", b"C7"), *lines[1:]],
        "a line less": lines[1:],
        "a line moved": [lines[1], lines[0], *lines[2:]],
        "nonsense": [b"\xff\n", *lines],
    }[change]
    (office.folder / "log.jsonl").write_bytes(b"".join(lines))
    with pytest.raises(VerificationFailed) as caught:
        office.step(T0)
    assert "1" in caught.value.words.en


def test_the_state_folder_is_for_its_owner_alone(sample, tmp_path):
    os.umask(0o022)
    take_steps(Work(sample / "x", sample / "in", tmp_path / "out" / "s"), [datetime(2026, 7, 15)])
    found = [tmp_path / "out" / "s", *(tmp_path / "out" / "s").rglob("*")]
    assert len(found) > 6
    assert {oct(path.stat().st_mode & 0o777) for path in found} == {"0o700", "0o600"}
