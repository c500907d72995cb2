"""A published quarter, read back from its files; read only."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipelines.edges.wording import say
from pipelines.model.refusals import UsageRefusal
from pipelines.model.text import unguarded


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
            raise UsageRefusal(say("published.none", folder=folder, finished=_finished(folder.parent))) from None
        except (UnicodeDecodeError, KeyError, csv.Error):
            raise UsageRefusal(say("published.damaged", folder=folder)) from None
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


def _lines(file: Path) -> Iterator[dict]:
    with file.open(encoding="utf-8", newline="") as opened:
        for line in csv.DictReader(opened):
            yield {name: unguarded(cell) for name, cell in line.items()}


def _finished(out: Path) -> str:
    if not out.is_dir():
        return "–"
    names = sorted(entry.name for entry in out.iterdir() if (entry / "ranking.csv").is_file())
    return " ".join(names[-8:]) or "–"
