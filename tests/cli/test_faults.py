"""What the machine refuses is told in a line or two with its remedy, whatever library noticed it, in every verb."""

import errno
import os
import resource
import shutil
import subprocess
import sys

import duckdb
import pytest

from pipelines import cli
from pipelines.edges.machine import machine_fault
from pipelines.edges.workbook import Workbook
from pipelines.paths import ROOT

REMEDIES = {errno.ENOSPC: "清出空间", errno.EDQUOT: "配额", errno.EROFS: "只读", errno.EACCES: "权限",
            errno.EPERM: "权限", errno.EMFILE: "ulimit", errno.EIO: "检查磁盘", errno.ENOMEM: "内存"}
WHERE = "/city/out/2026Q3/units/U001.pdf"


def many(number: int) -> shutil.Error:
    """What `shutil.copytree` says of a folder of tallies: an entry a file, no strerror."""
    said = str(OSError(number, os.strerror(number), WHERE))
    return shutil.Error([(f"/tmp/kept/{n}.parquet", WHERE if not n else f"/city/{n}", said) for n in range(200)])


def by_duckdb(number: int) -> duckdb.Error:
    return duckdb.IOException(f'IO Error: Could not write file "{WHERE}": {os.strerror(number)}')


def wrapped(number: int) -> Exception:
    try:
        raise RuntimeError("a library's own words") from OSError(number, os.strerror(number), WHERE)
    except RuntimeError as problem:
        return problem


@pytest.mark.parametrize("number", REMEDIES)
@pytest.mark.parametrize("made", [lambda n: OSError(n, os.strerror(n), WHERE), many, by_duckdb, wrapped],
                         ids=["system", "copytree", "duckdb", "wrapped"])
@pytest.mark.parametrize("verb", ["run", "publish", "doctor"])
def test_every_verb_says_it_in_a_line_with_the_place_and_the_remedy(verb, made, number, monkeypatch, capsys):
    def refused(self, context):
        raise made(number)

    monkeypatch.setattr(cli.Verbs, "invoke", refused)
    assert cli._run([verb]) == 1
    output = capsys.readouterr().err
    assert REMEDIES[number] in output and WHERE in output
    assert len(output.strip().splitlines()) == 1 and len(output) < 300 and "Errno" not in output


def test_what_the_program_did_wrong_is_no_fault_of_the_machine():
    assert machine_fault(ValueError("no space")) is None and machine_fault(KeyError("permission")) is None
    assert "内存不足" in machine_fault(MemoryError()).zh
    assert "没有" not in machine_fault(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), WHERE)).zh


def test_a_workbook_that_finds_no_room_is_such_a_refusal(tmp_path):
    full = tmp_path / "results.xlsx"
    full.symlink_to("/dev/full")
    with pytest.raises(Exception) as problem, Workbook(full, "title") as book:
        book.text("说明", ["x"])
    assert "清出空间" in machine_fault(problem.value).zh


def _small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))


@pytest.mark.parametrize("arguments", [
    ["sample", "{place}/new", "--period", "2026Q3", "--units", "12", "--cases", "3000"],
    ["run", "2026Q3", "--exports", "{exports}", "--out", "{place}/out", "--no-pdf"],
    ["demo", "--out", "{place}/demo", "--no-pdf"],
], ids=["sample", "run", "demo"])
def test_a_limit_on_file_size_ends_a_verb_with_a_line_and_no_python(arguments, exports, tmp_path):
    filled = [one.format(place=tmp_path, exports=exports) for one in arguments]
    done = subprocess.run([sys.executable, "-m", "pipelines", *filled], cwd=ROOT, capture_output=True, text=True,
                          preexec_fn=_small_files, check=False)
    output = [line for line in done.stderr.splitlines() if not line.startswith(("[", "——"))]
    assert done.returncode == 1 and len(output) == 1 and "上限" in output[0], done.stderr[-2000:]
    assert not (tmp_path / "out" / "2026Q3").exists()
