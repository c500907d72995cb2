"""Which case rows a published quarter counted: kept for the office alone, so that a later quarter leaves them out."""

import os
from collections.abc import Iterable
from pathlib import Path

from pipelines.edges.earlier import edition_in_force, periods_in
from pipelines.edges.fingerprints import file_sha256
from pipelines.edges.wording import say
from pipelines.model.counted import CountedList
from pipelines.model.period import Period
from pipelines.model.refusals import UsageRefusal
from pipelines.model.words import Words

RESTRICTED = "restricted"


def list_of(out: Path, period: object, edition: str) -> Path:
    """Where the list of an edition lies: outside what is published."""
    return Path(out) / RESTRICTED / str(period) / f"counted-{edition}.parquet"


def keep_counted(out: Path, period: object, edition: str, counted) -> str:
    """Write the ids of the case rows that a run counted (Arrow: case_id, unit_id); the list's sha256.

    Ids of cases and units and nothing else; the folder is the office's own.
    """
    import pyarrow.parquet as parquet

    file = list_of(out, period, edition)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.parent.parent.chmod(0o700)
    new = file.with_suffix(".new")
    parquet.write_table(counted, new, compression="zstd")
    new.chmod(0o600)
    with new.open("rb") as opened:
        os.fsync(opened.fileno())
    new.replace(file)
    return file_sha256(file)


def counted_lists(out: Path, period: Period) -> tuple[tuple[CountedList, ...], tuple[Words, ...]]:
    """The lists of every earlier published quarter of ``out``, the oldest first, and a word on those without one."""
    found, unknown = [], []
    for before in sorted(one for one in set(periods_in(out)) if one < period):
        edition = edition_in_force(out, before)
        if edition is None:
            continue
        file = list_of(out, before, edition.name)
        if file.is_file():
            found.append(CountedList(before, file, file_sha256(file)))
        else:
            unknown.append(say("assess.counted_unknown", period=before, file=file.relative_to(out)))
    return tuple(found), tuple(unknown)


def counted_table(lists: Iterable[CountedList]):
    """case_id, unit_id and the first quarter that counted the row, as Arrow; UsageRefusal for a damaged list."""
    import pyarrow
    import pyarrow.parquet as parquet

    rows: dict[tuple[str, str], str] = {}
    for one in lists:
        try:
            listed = parquet.ParquetFile(one.file).read(["case_id", "unit_id"])
        except (OSError, pyarrow.ArrowException):
            raise UsageRefusal(say("assess.counted_damaged", period=one.period, file=one.file)) from None
        for key in zip(*(listed[name].to_pylist() for name in ("case_id", "unit_id")), strict=True):
            rows.setdefault(key, str(one.period))
    cases, units = zip(*rows, strict=True) if rows else ((), ())
    text = pyarrow.string()
    return pyarrow.table({
        "case_id": pyarrow.array(cases, text), "unit_id": pyarrow.array(units, text),
        "counted_in": pyarrow.array(list(rows.values()), text),
    })
