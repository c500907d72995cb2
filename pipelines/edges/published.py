"""A published quarter, read back from its files; read only."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from shlex import quote

from pipelines.edges.wording import say
from pipelines.model.refusals import UsageRefusal
from pipelines.model.text import unguarded
from pipelines.model.words import Words

# The columns without which a table cannot be used.
NEEDED = {
    "ranking.csv": {"unit_id", "unit_name", "unit_group", "base", "bonus", "total", "rank", "group_rank"},
    "items.csv": {"unit_id", "item_id", "full_marks", "score"},
    "ledger.csv": {"unit_id", "item_id", "rule_id", "case_id", "points"},
}


@dataclass(frozen=True, eq=False)
class PublishedQuarter:
    """The tables of one finished run, as text."""

    folder: Path
    ranking: dict[str, dict]  # by unit_id, in listing order
    items: dict[tuple[str, str], dict]  # by unit_id and item_id

    @classmethod
    def open(cls, folder: Path) -> "PublishedQuarter":
        """Open a finished run's folder; UsageRefusal where there is none or it is not whole."""
        resolved = folder.resolve()  # the run that is published now, whatever is published next
        try:
            ranking = {line["unit_id"]: line for line in _lines(resolved / "ranking.csv")}
            items = {(line["unit_id"], line["item_id"]): line for line in _lines(resolved / "items.csv")}
        except (FileNotFoundError, NotADirectoryError):
            facts = {"folder": folder, "finished": _finished(folder.parent), "remedy": found_elsewhere(folder)}
            raise UsageRefusal(say("published.none", **facts)) from None
        return cls(resolved, ranking, items)

    @cached_property
    def result(self) -> dict:
        """The feed, read when it is first asked for: it holds the whole ledger."""
        return json.loads((self.folder / "result.json").read_text(encoding="utf-8"))

    def ledger(self) -> Iterator[dict]:
        """The lines of the ledger, one at a time."""
        return _lines(self.folder / "ledger.csv")

    def ledger_of(self, unit_id: str) -> list[dict]:
        """The ledger lines of one unit."""
        return [line for line in self.ledger() if line["unit_id"] == unit_id]


def found_elsewhere(folder: Path) -> Words:
    """What to do where ``<out>/<period>`` holds no run: the nearest output folder that has one, else to make it.

    Looked at are the folders up to two below the one that was asked for and below the working directory.
    """
    period, out = folder.name, folder.parent
    places = (
        file.parents[1] for start in (out, out.parent, Path()) for depth in ("", "*/", "*/*/")
        for file in sorted(start.glob(f"{depth}{period}/ranking.csv"))
    )
    if (nearest := next(places, None)) is None:
        return say("published.run_first", period=period)
    return say("published.is_in", out=quote(str(nearest)))


def _lines(file: Path) -> Iterator[dict]:
    """The lines of a table; UsageRefusal where it is cut short, lacks a column or is no text."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            table = csv.reader(opened, strict=True)
            header = next(table, [])
            if not NEEDED[file.name] <= set(header):
                raise csv.Error(header)
            for cells in table:
                yield {name: unguarded(cell) for name, cell in zip(header, cells, strict=True)}
    except (ValueError, csv.Error):
        raise UsageRefusal(say("published.damaged", folder=file.parent)) from None


def _finished(out: Path) -> str:
    if not out.is_dir():
        return "–"
    names = sorted(entry.name for entry in out.iterdir() if (entry / "ranking.csv").is_file())
    return " ".join(names[-8:]) or "–"
