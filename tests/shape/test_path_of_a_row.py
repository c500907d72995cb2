"""A case row passes few files, and docs/architecture.md names them."""

import subprocess
import sys

import pytest

from pipelines.paths import ROOT

pytestmark = pytest.mark.long

AT_MOST = 14


def test_a_case_row_passes_few_files_and_the_docs_list_them():
    """In a process of its own: the profiler sees nothing of other tests."""
    command = [sys.executable, "-m", "tests.shape.path_of_a_row"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    assert "pipelines/stages/rank.py" in listed and "pipelines/exports/csv.py" in listed
    assert len(listed.splitlines()) <= AT_MOST
    assert listed in (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
