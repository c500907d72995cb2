"""A small workbook takes little: two cells far apart are refused in seconds, a large honest sheet is read."""

import resource
import subprocess
import sys

import openpyxl
import pytest

from pipelines.paths import ROOT

READ = """
import resource, sys
from pathlib import Path
from pipelines.exports.xlsx import open_xlsx
from pipelines.model.intake import Known, Layout, UnreadableExport
try:
    export = open_xlsx(Path(sys.argv[1]), Layout(), Known(frozenset(), ()))
    print("read", sum(len(batch.lines) for batch in export.batches()))
except UnreadableExport as problem:
    print(problem.words)
print(max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) >> 10)
"""
MEGABYTES, SECONDS = 1000, 10


def read(file) -> tuple[str, int, float]:
    """What came of a workbook, the most memory that any process took, in MB, and the seconds of processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", READ, str(file)], cwd=ROOT, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    output, most = done.stdout.strip().splitlines()
    return output, int(most), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("far", ["XFD1048576", "ZZ200000", "CV1048576", "XFD20000"])
def test_two_cells_far_apart_take_no_memory(far, tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"], book.active[far] = "unit_id", "x"
    book.save(tmp_path / "units.xlsx")
    facts, most, seconds = read(tmp_path / "units.xlsx")
    assert "删去远处的空白单元格" in facts
    assert most < MEGABYTES and seconds < SECONDS


def test_a_large_sheet_is_read(tmp_path):
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("cases")
    sheet.append([f"column {n}" for n in range(20)])
    for n in range(12_000):
        sheet.append([f"C{n}", n, None] + [f"{n} 号诉求件的办理情况"] * 17)
    book.save(tmp_path / "cases.xlsx")
    facts, most, _ = read(tmp_path / "cases.xlsx")
    assert facts == "read 12000" and most < MEGABYTES
