"""Rows are stored many at a time, and long tables compressed: none is lost, doubled or out of its place."""

import pyarrow
import pytest

from pipelines.edges import warehouse as stage
from pipelines.exports import rows
from tests.ingest.reading import HEADER, UNITS, read, row


@pytest.mark.parametrize("stored", [1, 2, 3, 4])
@pytest.mark.parametrize("compacted", [1, 3, 100])
@pytest.mark.parametrize("block", [150, 4 << 20])
def test_rows_keep_their_order_however_many_are_stored_at_a_time(tmp_path, monkeypatch, stored, compacted, block):
    """A small block makes several batches of a file, so that some wait for others."""
    monkeypatch.setattr(rows, "BLOCK", block)
    monkeypatch.setattr(stage, "STORED", stored)
    monkeypatch.setattr(stage, "COMPACTED", compacted)
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    for file, names in (("cases_1.csv", "ABC"), ("cases_2.csv", "DE")):
        lines = [HEADER, *map(row, names)]
        (tmp_path / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    got = read(tmp_path)
    assert (got.stops, got.ids()) == ("", [*"ABCDE"])
    assert [line["_line"] for line in got.tables["cases"]] == [2, 3, 4, 2, 3]


@pytest.mark.parametrize(
    ("cells", "usual"),
    [
        (["2026-07-02", None, "2026-12-31"], True),
        (["2026-07-02 09:05:00", "2026-07-02 23:59:59"], True),
        ([None, None], True),
        (["2026-07-02", "2026-07-02 09:05:00"], False),  # of two widths
        (["2026-07-02", "2026/07/02"], False),
        (["2026-07-02", "'2026-7-02"], False),  # ten signs as well
        (["2026-07-02", "2026-07-0:"], False),  # the sign after 9
        (["2026-07-02", "2026-07-0/"], False),  # the sign before 0
        (["2026-07-02", "0026-07-02"], False),
        (["2026-07-02", "二月二日"[:3] + "1"], False),  # ten bytes
    ],
)
def test_only_moments_as_they_are_usually_written_are_seen_at_a_glance(cells, usual):
    """What is not gets the closer look, which mends and tells."""
    column = pyarrow.chunked_array([pyarrow.array(["2026-07-02"] * 3)[1:], pyarrow.array(cells, pyarrow.string())])
    assert rows._are_usual_moments(column.chunk(1)) is rows._are_usual_moments(column) is usual
