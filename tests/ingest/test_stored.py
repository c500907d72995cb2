"""Rows are stored many at a time, and long tables compressed: none is lost, doubled or out of its place."""

import pyarrow
import pytest

from pipelines.edges import warehouse as stage
from pipelines.exports import rows
from pipelines.model.intake import Batch
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


@pytest.mark.parametrize(
    ("cells", "typed"),
    [
        (["2026-07-02 09:05:00", "", "2026-12-31 23:59:59"], True),
        ([None, None], True),
        (["2026-07-02", "2026-12-31"], False),  # days
        (["2026-07-02 09:05:00", "2026-02-30 09:05:00"], False),
        (["2026-07-02 24:00:00"], False),
        (["2026-07-02T09:05:00"], False),
        (["2026-07-02 09:05+08"], False),
        (["0026-07-02 09:05:00"], False),
    ],
)
def test_moments_are_held_as_such_where_no_text_is_lost(cells, typed):
    table = rows.arrow_rows(Batch(range(len(cells)), (cells,)), ("received_at",), "cases.csv", {"received_at"})
    assert pyarrow.types.is_timestamp(table.schema.field("received_at").type) is typed
    shown = table.column("received_at").cast(pyarrow.timestamp("s") if typed else pyarrow.string())
    assert shown.cast(pyarrow.string()).to_pylist() == [cell or None for cell in cells]


@pytest.mark.parametrize("odd", ["2026/7/2 9:05", "2026-02-30 09:05:00", "2026-07-02T09:05:00", "2026-07-02", ""])
@pytest.mark.parametrize("at", range(5))
def test_a_moment_in_no_usual_form_keeps_its_text_and_the_others_theirs(tmp_path, monkeypatch, odd, at):
    """Wherever it stands: in the first batch, after some that are stored, in another file."""
    monkeypatch.setattr(rows, "BLOCK", 150)
    monkeypatch.setattr(stage, "STORED", 2)
    moments = [f"2026-07-0{day} 09:05:00" for day in range(1, 6)]
    moments[at] = odd
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    lines = [row(id).replace("2026-07-02 09:05", moment, 1) for id, moment in zip("ABCDE", moments, strict=True)]
    for file, of in (("cases_1.csv", lines[:3]), ("cases_2.csv", lines[3:])):
        (tmp_path / file).write_text("\n".join([HEADER, *of]) + "\n", encoding="utf-8")
    assert read(tmp_path).ids(column="dispatched_at") == [moment or None for moment in moments]
