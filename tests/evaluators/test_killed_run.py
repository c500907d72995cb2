"""A run killed at any moment: no word of an evaluator in the temporary folder, no child left, told, and the next works.

Evaluators' tables are workbooks here, so that the process that reads them is there to be killed too.
"""

import csv
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import openpyxl
import psutil
import pytest

from pipelines.edges.paper import paper_problem
from pipelines.edges.runs import NOTES
from pipelines.edges.scratch import PREFIX
from pipelines.model.period import Period
from pipelines.paths import ROOT
from pipelines.sample.make import make_sample
from tests.evaluators.canaries import found_in, plant

pytestmark = pytest.mark.long

PERIOD = Period.parse("2026Q3")
PATIENCE = 120  # seconds until a moment comes that takes a few on a quiet machine
CONFIDENTIAL = ("evaluators", "evaluations", "appointment_steps")


def child(name: str):
    """A moment: while a process of this name works for the run."""
    return lambda run, out, tmp: any(name in " ".join(command) for command in run.children().values())


def file(pattern: str):
    """A moment: as soon as the output folder has a file like this."""
    return lambda run, out, tmp: any(out.glob(pattern))


def printed(line: str):
    """A moment: as soon as the run has said this."""
    return lambda run, out, tmp: line in (out.parent / "output.txt").read_text(encoding="utf-8")


def scratch(pattern: str):
    """A moment: as soon as the temporary folder has a file like this."""
    return lambda run, out, tmp: any(tmp.glob(f"{PREFIX}*/{pattern}"))


FIX = Path("out", "restricted", str(PERIOD), "fix.xlsx")  # the office's own: the cells at fault, to be mended
CHECK = "as the second check begins"
MOMENTS = {
    "as it begins": file(f"{NOTES}/*.json"),
    "as a workbook is read": child("workbook_child"),
    CHECK: child("quality_process"),
    "as rows are judged": printed("[4/7]"),
    "as tallies are kept": scratch("kept"),
    "as pages are written": file(".staging/*/units"),
}
PRINTING = {"as printing begins": child("spawn_main"), "as sheets are printed": file(".staging/*/units/*.pdf")}


class Running:
    """`gongping run` as a process of its own, and every child that it was seen with."""

    def __init__(self, place: Path, *options: str):
        self.command = ["run", str(PERIOD), "--exports", "x", "--out", "out", *options]
        with (place / "output.txt").open("wb") as stream:
            self.process = subprocess.Popen(command(*self.command), stdout=stream, stderr=stream, **surroundings(place))
        self.seen: dict[psutil.Process, list[str]] = {}

    def children(self) -> dict[psutil.Process, list[str]]:
        """Those that live now, with their command lines."""
        now = {}
        with suppress(psutil.NoSuchProcess):
            for one in psutil.Process(self.process.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    now[one] = one.cmdline()
        self.seen |= now
        return now

    def stop_at(self, moment, place: Path) -> None:
        """Hold it still at the moment."""
        end = time.monotonic() + PATIENCE
        while not moment(self, place / "out", place / "tmp"):
            assert self.process.poll() is None and time.monotonic() < end, (place / "output.txt").read_text()
            time.sleep(0.005)
        self.process.send_signal(signal.SIGSTOP)
        self.children()

    def kill(self) -> list[str]:
        """kill -9 of the run alone; the children that are still there some seconds later."""
        self.process.kill()
        self.process.wait()
        _, alive = psutil.wait_procs(self.seen, timeout=30)
        return [" ".join(self.seen[one]) for one in alive]


def command(*arguments: str) -> list[str]:
    """The command line of a verb."""
    return [sys.executable, "-m", "pipelines", *arguments]


def surroundings(place: Path) -> dict:
    """The folder to work in, the temporary folder, and where the program is."""
    variables = {"TMPDIR": str(place / "tmp"), "PYTHONPATH": str(ROOT), "GONGPING_LANG": "en"}
    return {"cwd": place, "env": {**os.environ, **variables}}


def gongping(place: Path, *arguments: str) -> str:
    """A verb that must end well; what it printed. The doctor may find that this machine lacks something."""
    done = subprocess.run(command(*arguments), capture_output=True, text=True, check=False, **surroundings(place))
    assert done.returncode in ((0, 1) if arguments == ("doctor",) else (0,)), done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Exports in which every field of an evaluator carries the word, the tables about them as workbooks."""
    place = tmp_path_factory.mktemp("killed")
    (place / "tmp").mkdir()
    make_sample(place / "x", PERIOD, 4, 600, 5)
    for table in CONFIDENTIAL:
        plant(place / "x", table)
        source, book = place / "x" / f"{table}.csv", openpyxl.Workbook()
        with source.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.reader(stream):
                book.active.append(row)
        book.save(source.with_suffix(".xlsx"))
        source.unlink()
    return place


def kill_at(place: Path, moments: dict, *options: str) -> list[int]:
    """Kill a run at every moment, one after the other; their numbers."""
    killed = []
    for name, moment in moments.items():
        run = Running(place, *options)
        run.stop_at(moment, place)
        left = [one.name for one in (place / "tmp").iterdir()]
        assert set(found_in(place, leave_out=place / "x")) <= {str(place / FIX)}, name
        assert run.kill() == [], name
        assert set(found_in(place, leave_out=place / "x")) <= {str(place / FIX)}, name
        assert len(left) <= 2, (name, left)  # its own; what the one before left is gone
        if name == CHECK:  # the check did not go on for nobody
            assert not any((place / "tmp").glob(f"{PREFIX}*/checked/outcomes.json"))
        killed.append(run.process.pid)
    return killed


def test_a_run_killed_at_any_moment_leaves_no_word_and_is_named_until_one_ends_well(place):
    killed = kill_at(place, MOMENTS, "--no-pdf")
    cut_short = [line for line in gongping(place, "status", str(PERIOD)).splitlines() if line.startswith("Cut short")]
    assert [any(f"process {pid} " in line for line in cut_short) for pid in killed] == [True] * len(cut_short)
    assert len(cut_short) == len(killed) == len(MOMENTS)
    assert list((place / "tmp").iterdir()) != []
    assert "1 temporary folders" in gongping(place, "doctor")
    assert list((place / "tmp").iterdir()) == []
    gongping(place, "run", str(PERIOD), "--exports", "x", "--out", "out", "--no-pdf")
    assert list((place / "tmp").iterdir()) == []
    assert "Cut short" not in gongping(place, "status", str(PERIOD))
    assert (place / "out" / str(PERIOD) / "ranking.csv").is_file()


@pytest.mark.slow
@pytest.mark.skipif(paper_problem() is not None, reason="no PDF on this machine: see `gongping doctor`")
def test_a_run_killed_as_it_prints_takes_its_printers_along(place):
    kill_at(place, PRINTING)
    gongping(place, "run", str(PERIOD), "--exports", "x", "--out", "out", "--no-pdf")
    assert list((place / "tmp").iterdir()) == []
