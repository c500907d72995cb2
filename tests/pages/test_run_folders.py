"""Publication happens whole or not at all: killed runs, two runs at once, full disks, folders in the way."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.assess import Request, Run
from pipelines.edges import folders
from pipelines.model.period import Period
from pipelines.model.words import NotAllowed, Refusal
from pipelines.stages import publish as stage
from pipelines.stages.publish import publish
from tests.pages.fixture import result, warehouse

ROOT = Path(__file__).resolve().parents[2]
# The child publishes and stops for ever at the moment named; its parent kills it there.
CHILD = """
import sys, time
from pathlib import Path
from pipelines.edges import folders as run_folders
from pipelines.stages import publish as stage
from tests.pages.fixture import result, warehouse

def stop(*_, **__):
    print("here", flush=True)
    time.sleep(600)

moment, out = sys.argv[1], Path(sys.argv[2])
if moment == "tables": stage.write_pages = stop
if moment == "pages": stage.manifest = stop
if moment == "manifest": run_folders.put_in_place = stop
if moment == "synced": run_folders._place_for = stop
if moment == "renamed": run_folders.sync_folder = lambda folder: stop() if folder.parent.name == ".runs" else None
if moment == "linked": Path.replace = stop
stage.publish(warehouse(), result(simulated=False), out, pdf=False)
"""


def killed_at(moment, out):
    call = [sys.executable, "-c", CHILD, moment, str(out)]
    child = subprocess.Popen(call, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "here\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()


def whole(folder):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return all((folder / name).is_file() for name in manifest["outputs"]) and len(manifest["outputs"]) > 10


def left(out):
    return sorted(path.name for path in (out / folders.STAGING).iterdir())


@pytest.mark.parametrize("moment", ["tables", "pages", "manifest", "synced", "renamed", "linked"])
def test_after_a_kill_readers_see_the_old_quarter_and_the_next_run_cleans_up(moment, tmp_path):
    before = publish(warehouse(), result(), tmp_path, pdf=False).folder.resolve()
    killed_at(moment, tmp_path)
    assert (tmp_path / "2026Q3").resolve() == before
    assert whole(tmp_path / "2026Q3")
    assert left(tmp_path)
    after = publish(warehouse(), result(simulated=False), tmp_path, pdf=False).folder
    assert after.resolve() != before
    assert whole(after)
    assert left(tmp_path) == []


def test_a_kill_before_anything_is_published_leaves_nothing_published(tmp_path):
    killed_at("linked", tmp_path)
    assert not os.path.lexists(tmp_path / "2026Q3")


def test_a_run_leaves_the_staging_of_a_living_run_alone(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", CHILD, "pages", str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert child.stdout.readline()
        living = left(tmp_path)
        publish(warehouse(), result(), tmp_path, pdf=False)
        assert left(tmp_path) == living != []
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_two_runs_at_the_same_time_both_end_well(tmp_path):
    code = CHILD.replace('moment == "tables"', "False")
    runs = [subprocess.Popen([sys.executable, "-c", code, "none", str(tmp_path)], cwd=ROOT) for _ in range(2)]
    assert [run.wait(timeout=300) for run in runs] == [0, 0]
    assert whole(tmp_path / "2026Q3")
    assert left(tmp_path) == []
    assert len([run for run in (tmp_path / folders.RUNS / "2026Q3").iterdir() if run.is_dir()]) == 1


def test_an_identical_run_finds_itself_already_there(tmp_path):
    first = publish(warehouse(), result(), tmp_path, pdf=False).folder.resolve()
    stamp = (first / "manifest.json").stat().st_ino
    assert publish(warehouse(), result(), tmp_path, pdf=False).folder.resolve() == first
    assert (first / "manifest.json").stat().st_ino == stamp


def test_a_run_whose_files_were_changed_is_not_trusted(tmp_path):
    first = publish(warehouse(), result(), tmp_path, pdf=False).folder.resolve()
    (first / "ranking.csv").write_text("forged")
    again = publish(warehouse(), result(), tmp_path, pdf=False).folder
    assert "forged" not in (again / "ranking.csv").read_text(encoding="utf-8-sig")


def test_the_link_is_relative_so_the_whole_folder_can_be_moved(tmp_path):
    publish(warehouse(), result(), tmp_path / "a", pdf=False)
    (tmp_path / "a").rename(tmp_path / "b")
    assert whole(tmp_path / "b" / "2026Q3")


def test_a_real_folder_in_the_way_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "2026Q3").mkdir()
    (tmp_path / "2026Q3" / "notes.txt").write_text("mine")
    with pytest.raises(NotAllowed) as refused:
        publish(warehouse(), result(), tmp_path, pdf=False)
    assert "2026Q3" in refused.value.words.zh and "--out" in refused.value.words.zh
    assert (tmp_path / "2026Q3" / "notes.txt").read_text() == "mine"


def test_a_full_disk_is_one_line_and_changes_nothing(tmp_path, monkeypatch):
    before = publish(warehouse(), result(), tmp_path, pdf=False).folder.resolve()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(stage, "write_json", full)
    with pytest.raises(Refusal) as refused:
        publish(warehouse(), result(simulated=False), tmp_path, pdf=False)
    assert "\n" not in refused.value.words.zh and "磁盘已满。请清出空间" in refused.value.words.zh
    assert (tmp_path / "2026Q3").resolve() == before
    assert left(tmp_path) == []


def test_a_place_where_nothing_can_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Refusal) as refused:
        publish(warehouse(), result(), tmp_path / "file", pdf=False)
    assert str(tmp_path / "file") in refused.value.words.zh


@pytest.fixture
def started(tmp_path):
    """Begins a run that would publish to a folder; its exports are not there, which is said only later."""
    def start(out):
        with Run(Request(Period.parse("2026Q3"), tmp_path / "no exports", out)) as run:
            run.ingest()
    return start


@pytest.mark.parametrize("name", ["file", "file/inside", "dangling", "taken"])
def test_a_place_where_nothing_can_be_written_is_refused_before_the_work(name, tmp_path, started):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / ".staging").write_text("mine")
    with pytest.raises(Refusal) as refused:
        started(tmp_path / name)
    assert str(tmp_path / name) in refused.value.words.zh and "--out" in refused.value.words.zh
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("out", [Path("/proc/out"), Path("/proc/self/not/there/out")], ids=str)
def test_a_read_only_place_is_refused_before_the_work(out, started):
    with pytest.raises(Refusal, match="--out"):
        started(out)


@pytest.mark.parametrize("out", ["there", "not/there/yet"])
def test_a_full_disk_is_refused_before_the_work_and_nothing_is_left_behind(out, tmp_path, started, monkeypatch):
    (tmp_path / "there").mkdir()

    def full(self, content):
        assert len(content) == folders.ROOM
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(Refusal) as refused:
        started(tmp_path / out)
    assert "磁盘已满。请清出空间" in refused.value.words.zh
    assert sorted(file.name for file in tmp_path.iterdir()) == ["there"]
    assert out != "there" or left(tmp_path / "there") == []


def test_a_good_place_is_only_looked_at(tmp_path, started):
    with pytest.raises(Refusal) as refused:
        started(tmp_path / "new")
    assert "no exports" in refused.value.words.zh
    assert list(tmp_path.iterdir()) == []


def test_the_quality_report_comes_along(tmp_path):
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "index.html").write_text("<p>ok")
    folder = publish(warehouse(), result(), tmp_path / "out", False, lambda: tmp_path / "quality").folder
    assert (folder / "quality" / "index.html").read_text() == "<p>ok"
    assert '<a href="../quality/index.html">' in (folder / "units" / "U001.html").read_text(encoding="utf-8")
    assert "quality/index.html" in json.loads((folder / "manifest.json").read_text())["outputs"]


def test_readers_never_meet_a_gap_while_quarters_are_switched(tmp_path):
    publish(warehouse(), result(), tmp_path, pdf=False)
    reader = subprocess.Popen(
        [sys.executable, "-c", "import sys, time\nfrom pathlib import Path\nuntil = time.time() + 4\n"
         "while time.time() < until: assert Path(sys.argv[1]).read_bytes()", str(tmp_path / "2026Q3" / "ranking.csv")])
    until = time.time() + 3
    while time.time() < until:
        for simulated in (True, False):
            publish(warehouse(), result(simulated), tmp_path, pdf=False)
    assert reader.wait() == 0


@pytest.mark.parametrize("asked", ["open", "is_dir"])
def test_what_another_run_takes_away_as_its_leftovers_are_looked_for_is_no_fault(tmp_path, monkeypatch, asked):
    """The other one ends between the list of what is there and the look at it."""
    ended = tmp_path / ".staging" / ("x.lock" if asked == "open" else "x")
    ended.parent.mkdir()
    ended.touch() if asked == "open" else ended.mkdir()
    real = getattr(Path, asked)

    def gone(path, *given, **named):
        if path == ended and path.exists():
            path.unlink() if asked == "open" else path.rmdir()
        return real(path, *given, **named)

    monkeypatch.setattr(Path, asked, gone)
    with folders.staging(tmp_path) as folder:
        assert folder.exists()
    assert not [*ended.parent.iterdir()]
