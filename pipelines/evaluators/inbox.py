"""The inbox: files in which evaluators rate, return, or say that they are away, each under the inbox contract.

A file that cannot be read, a row that breaks the contract: refused with the reason and kept; the others go on.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import IO

from pipelines.contracts.declared import load_contracts
from pipelines.edges.fingerprints import file_sha256
from pipelines.edges.scratch import nameless, scratch
from pipelines.edges.warehouse import Warehouse
from pipelines.exports.files import FOREIGN_SUFFIXES, READERS, list_files, split_name
from pipelines.model.contract import Contracts
from pipelines.model.intake import UnreadableExport
from pipelines.model.words import UsageRefusal, Words
from pipelines.paths import CONTRACTS
from pipelines.stages.ingest import ingest
from pipelines.stages.validate import validate
from pipelines.wording import say

TABLE = "evaluator_actions"
PLACE = ("file", "line")


@dataclass(frozen=True)
class Action:
    """One action that keeps the contract."""

    file: str
    action_id: str
    evaluator_id: str
    action: str  # rate, return, away, ask, answered, decline, study
    acted_at: datetime
    assignment_id: str | None
    rating: str | None
    reason: str | None
    away_from: date | None
    away_until: date | None
    request_reasonable: bool | None = None  # the three points of a rating (E5.3)
    procedure_followed: bool | None = None
    duty_done: bool | None = None
    line: int = 0  # of the file; 0 where there is none

    @cached_property
    def digest(self) -> str:
        """The same for the same action, whichever file it comes in."""
        return sha256(json.dumps(self.row(), ensure_ascii=False).encode()).hexdigest()[:16]

    def row(self) -> dict[str, str]:
        """What was asked, as text, without what was left empty and without the place where it is written."""
        values = ((one.name, getattr(self, one.name)) for one in fields(self) if one.name not in PLACE)
        return {name: str(value) for name, value in values if value is not None}


@dataclass(frozen=True)
class Turned:
    """A row, or a whole file where ``line`` is 0, that was turned away before anybody looked at what it asks."""

    file: str
    line: int
    why: Words
    row: dict[str, str]  # as it was written, as far as it could be read

    @property
    def digest(self) -> str:
        """The same for the same row in the same place: a file that has grown is not refused all over again."""
        parts = (self.file, self.line, self.why.en, self.row)
        return sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class InboxFile:
    """One file of the inbox, read."""

    name: str
    sha256: str
    actions: tuple[Action, ...]
    turned: tuple[Turned, ...]


def read_inbox(folder: Path, done: set[str]) -> Iterator[InboxFile]:
    """Every file of the inbox by name, without those whose sha256 is ``done``. UsageRefusal where there is no inbox."""
    if not folder.is_dir():
        raise UsageRefusal(say("evaluators.no_inbox", folder=folder))
    for file in list_files(folder):
        digest = file_sha256(file)
        if digest not in done:
            yield _read(file, digest)


def _read(file: Path, digest: str) -> InboxFile:
    if split_name(file.name)[1] not in (*READERS, *FOREIGN_SUFFIXES):
        return _unreadable(file, digest, say("evaluators.no_inbox_format", file=file.name))
    return _through_the_contract(file, digest)


def _through_the_contract(file: Path, digest: str) -> InboxFile:
    contracts = load_contracts(CONTRACTS / "inbox")
    with scratch() as work, nameless(work)[0] as lines:
        warehouse = Warehouse(spill=work)
        try:
            _lay_out(file, work / "in", lines)
            intake = ingest(warehouse, work / "in", contracts)
            if intake.stops:
                return _unreadable(file, digest, intake.stops[0])
            warehouse.lock(work)
            validation = validate(warehouse, intake, contracts)
            return _sorted_out(warehouse, file, digest, contracts, validation)
        except UnreadableExport as problem:
            return _unreadable(file, digest, problem.words)
        finally:
            warehouse.close()


def _lay_out(file: Path, folder: Path, lines: IO[bytes]) -> None:
    """A link to the file alone in a folder, by a name that says which table it is; nothing of it is copied there.

    A JSON list becomes JSON Lines in ``lines``, a file without a name.
    """
    folder.mkdir(mode=0o700)
    if file.suffix.lower() == ".json":
        lines.write(_as_lines(file).encode())
        lines.flush()
        (folder / _linked(file)).symlink_to(f"/proc/{os.getpid()}/fd/{lines.fileno()}")
    else:
        (folder / _linked(file)).symlink_to(file.resolve())


def _linked(file: Path) -> str:
    """The link's name: it tells the table and the format, and nothing of the file's own name, which may name people."""
    suffix = split_name(file.name)[1]
    return f"{TABLE}.{'jsonl' if suffix == 'json' else suffix}"


def _as_lines(file: Path) -> str:
    try:
        rows = json.loads(file.read_text(encoding="utf-8-sig"), parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        raise UnreadableExport(say("evaluators.not_json", file=file.name)) from None
    if not isinstance(rows, list):
        raise UnreadableExport(say("evaluators.not_json", file=file.name))
    return "".join(json.dumps(row) + "\n" for row in rows)


def _unreadable(file: Path, digest: str, why: Words) -> InboxFile:
    return InboxFile(file.name, digest, (), (Turned(file.name, 0, _by_its_name(file, why), {}),))


def _by_its_name(file: Path, why: Words) -> Words:
    """A sentence that names the file as the office knows it."""
    return Words(*(text.replace(_linked(file), file.name) for text in (why.zh, why.en)))


def _sorted_out(warehouse, file: Path, digest: str, contracts: Contracts, validation) -> InboxFile:
    written = {row["_line"]: row for row in warehouse.records("evaluators/written")}
    actions = tuple(Action(file.name, **row) for row in warehouse.records("evaluators/actions"))
    columns = contracts.tables[TABLE].columns
    reasons: dict[int, list[Words]] = {}
    for breach in validation.breaches:
        if breach.promise != "duplicate_row":  # the same row again is the same action
            reasons.setdefault(breach.line, []).append(breach.remedy)
    turned = tuple(
        Turned(file.name, line, _by_its_name(file, _joined(whys)), _row(written.get(line, {}), columns))
        for line, whys in sorted(reasons.items())
    )
    return InboxFile(file.name, digest, actions, turned)


def _joined(whys: list[Words]) -> Words:
    return Words("；".join(why.zh for why in whys), "; ".join(why.en for why in whys))


def _row(written: dict, columns: dict) -> dict[str, str]:
    return {name: written[name] for name in columns if written.get(name)}
