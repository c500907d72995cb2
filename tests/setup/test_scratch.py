"""What a killed process leaves in the temporary folder is gone after the next one, and status tells of it."""

import signal
import subprocess
import sys

from pipelines.edges.runs import RUN, begun, under_way
from pipelines.edges.scratch import nameless, scratch, sweep

CHILD = """
import os, signal, sys, time
from pathlib import Path
from pipelines.edges.runs import begun
from pipelines.edges.scratch import nameless, scratch
place, out = map(Path, sys.argv[1:3])
with begun(out, "run", "2026Q3"), scratch(place) as folder:
    (folder / "spilled").write_text("KANARIE")
    file, path = nameless(folder)
    path.write_bytes(b"KANARIE")
    print("ready", flush=True)
    time.sleep(600)
"""


def _child(place, out):
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(place), str(out)], stdout=subprocess.PIPE)
    assert child.stdout.readline()
    return child


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_has_is_not(tmp_path):
    place, out = tmp_path / "tmp", tmp_path / "out"
    place.mkdir()
    child = _child(place, out)
    try:
        assert sweep(place) == 0
        (note,) = under_way(out)
        assert (note.alive, note.period, note.pid) == (True, "2026Q3", child.pid)
        assert [file.name for file in place.rglob("*") if file.is_file()] == ["spilled"]  # the other has no name
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    assert [one.pid for one in under_way(out) if not one.alive] == [child.pid]
    with scratch(place) as folder:
        assert list(place.iterdir()) == [folder]
    assert list(place.iterdir()) == []
    assert [one.pid for one in under_way(out) if not one.alive] == [child.pid]  # sweeping does not make it unsaid
    with begun(out, RUN, "2026Q3"):
        pass
    assert under_way(out) == []


def test_a_users_own_folder_of_a_like_name_is_left_alone(tmp_path):
    (tmp_path / "gongping-exports").mkdir()
    assert sweep(tmp_path) == 0 and (tmp_path / "gongping-exports").is_dir()


def test_a_refused_work_leaves_neither_note_nor_folder(tmp_path):
    try:
        with begun(tmp_path / "out", RUN, "2026Q3"):
            raise ValueError
    except ValueError:
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_nameless_file_is_read_by_its_path(tmp_path):
    file, path = nameless(tmp_path)
    with file:
        path.write_bytes(b"x")
        assert path.read_bytes() == b"x"
    assert list(tmp_path.iterdir()) == []
