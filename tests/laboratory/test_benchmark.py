"""The benchmark of the laboratory compares like with like, and what it opens waits for nothing heavy."""

import subprocess
import sys

from benchmarks.laboratory import ratios
from benchmarks.scoring import make_accepted


def test_engine_sweep_and_pandas_come_to_the_same_places_before_a_ratio_is_told(tmp_path):
    accepted = make_accepted(tmp_path / "accepted", 6_000)
    found = dict(ratios(accepted, tmp_path))
    assert set(found) == {"durable_rules", "pandas"} and min(found.values()) > 0
    assert (tmp_path / "kept" / "2026Q3.tallies" / "rows_case_rows.parquet").is_file()


def test_opening_a_quarter_waits_for_no_library_that_only_frames_need(quarter):
    code = (
        "import sys\nfrom pipelines import Quarter\n"
        f"Quarter.open({str(quarter.folder)!r}).as_it_was.placed\n"
        "print(*sorted({'pandas', 'pyarrow.compute', 'altair', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
