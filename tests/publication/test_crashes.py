"""Killed at the worst moment, a publication is finished by the next attempt, and only once."""

import os
import signal
import subprocess
import sys

import pytest

from pipelines.model.words import VerificationFailed
from pipelines.paths import ROOT
from pipelines.publication import desk as publishing
from pipelines.publication.editions import place_of
from pipelines.publication.verify import verify
from tests.publication.office import LATER, LIN, PERIOD, WU, act, approved_run, bytes_below, finished_run, record

KILLED = """
import os, signal, sys
from pathlib import Path
from pipelines.publication import desk, editions
from tests.publication.office import LATER, act

def stop(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[2] == "copied":
    editions.folders.sync = stop
else:
    desk.append = stop
act(Path(sys.argv[1]), desk.publish, without_pdf=True, at=LATER)
"""


def _killed(out, moment: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(out), moment], cwd=ROOT, env={**os.environ}, check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("moment", ["copied", "frozen"])
def test_a_publication_that_was_killed_is_finished_by_the_next(tmp_path, moment):
    approved_run(tmp_path)
    before = record(tmp_path).read_bytes()
    _killed(tmp_path, moment)
    assert record(tmp_path).read_bytes() == before
    assert act(tmp_path, publishing.publish, without_pdf=True, at=LATER).folder == "1"
    assert sorted(entry.name for entry in place_of(tmp_path, PERIOD).iterdir()) == [
        "1", "edition-1.html", "index.html", "index.json"]
    found = bytes_below(place_of(tmp_path, PERIOD) / "1")
    assert {name: found[name] for name in found if not name.startswith("publication.")} == bytes_below(
        tmp_path / str(PERIOD))
    assert verify(tmp_path, PERIOD).editions == ["1"]


def test_verify_tells_of_an_edition_that_was_frozen_and_not_recorded(tmp_path):
    approved_run(tmp_path)
    _killed(tmp_path, "frozen")
    with pytest.raises(VerificationFailed, match="不在发布台账里"):
        verify(tmp_path, PERIOD)


def test_an_edition_that_was_never_recorded_is_not_overwritten_by_another_run(tmp_path):
    approved_run(tmp_path)
    _killed(tmp_path, "frozen")
    left = bytes_below(place_of(tmp_path, PERIOD) / "1")
    finished_run(tmp_path, "-3.00")
    for person in (LIN, WU):
        act(tmp_path, publishing.approve, person, at=LATER)
    assert act(tmp_path, publishing.publish, without_pdf=True, at=LATER).folder == "2"
    assert bytes_below(place_of(tmp_path, PERIOD) / "1") == left
    assert verify(tmp_path, PERIOD).editions == ["2"]


@pytest.mark.parametrize("then", ["once more", "a new run"])
def test_a_preview_that_was_cut_short_before_its_note_is_noted_by_the_next(tmp_path, monkeypatch, then):
    finished_run(tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError):
        patch.setattr("pipelines.publication.editions.note_beside", full)
        act(tmp_path, publishing.note_preview)
    if then == "a new run":
        finished_run(tmp_path, "-3.00")
    act(tmp_path, publishing.note_preview)
    assert verify(tmp_path, PERIOD).editions == []
    page = tmp_path / "preview" / str(PERIOD) / "1" / "ranking.csv"
    page.write_bytes(page.read_bytes() + b" ")
    with pytest.raises(VerificationFailed):
        verify(tmp_path, PERIOD)


def test_counts_that_were_put_beside_a_run_before_their_note_are_noted_by_the_next(tmp_path, monkeypatch):
    from pipelines.edges import folders

    def put():
        kept = tmp_path / "kept.tallies"
        kept.mkdir(exist_ok=True)
        (kept / "counts.parquet").write_bytes(b"PAR1")
        with folders.staging(tmp_path / "out") as folder:
            (folder / "manifest.json").write_text("{}")
            folders.put_in_place(tmp_path / "out", str(PERIOD), folder, kept)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError):
        patch.setattr(folders, "note_beside", full)
        put()
    put()
    assert "counts.parquet" in (tmp_path / "out" / ".beside.json").read_text()
