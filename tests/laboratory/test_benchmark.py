"""The benchmark of the laboratory compares like with like: its sides come to the same places."""

from benchmarks.laboratory import ratios
from benchmarks.scoring import make_accepted


def test_engine_sweep_and_pandas_come_to_the_same_places_before_a_ratio_is_told(tmp_path):
    accepted = make_accepted(tmp_path / "accepted", 6_000)
    found = dict(ratios(accepted, tmp_path))
    assert set(found) == {"durable_rules", "pandas"} and min(found.values()) > 0
    assert (tmp_path / "kept" / "2026Q3.tallies" / "rows_case_rows.parquet").is_file()
