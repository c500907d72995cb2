"""Rows are stored many at a time, and long tables compressed: none is lost, doubled or out of its place."""

import pytest

from pipelines.edges import warehouse as stage
from tests.ingest.reading import HEADER, UNITS, read, row


@pytest.mark.parametrize("stored", [1, 2, 3, 4])
@pytest.mark.parametrize("compacted", [1, 3, 100])
def test_rows_keep_their_order_however_many_are_stored_at_a_time(tmp_path, monkeypatch, stored, compacted):
    monkeypatch.setattr(stage, "STORED", stored)
    monkeypatch.setattr(stage, "COMPACTED", compacted)
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    for file, names in (("cases_1.csv", "ABC"), ("cases_2.csv", "DE")):
        lines = [HEADER, *map(row, names)]
        (tmp_path / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    got = read(tmp_path)
    assert (got.stops, got.ids()) == ("", [*"ABCDE"])
    assert [line["_line"] for line in got.tables["cases"]] == [2, 3, 4, 2, 3]
