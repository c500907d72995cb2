"""The quality report: accepted rows checked a second time beside the run, and written for people and programs.

Great Expectations, which checks them, comes with an extra; without it the report says that nothing was checked twice.
"""

import json
import os
import pickle
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from select import select
from socket import SHUT_WR, send_fds, socket, socketpair
from typing import IO, NamedTuple

from pipelines.contracts.expectations import checks_of
from pipelines.contracts.history import Figure, checks_of_history, compared, drawn, judged, kept_as, warnings_of
from pipelines.edges.process import SILENT
from pipelines.edges.scratch import nameless
from pipelines.edges.templates import render
from pipelines.edges.warehouse import Warehouse
from pipelines.model.contract import Contracts, in_force, targets
from pipelines.model.intake import Intake, Validation
from pipelines.model.period import SPAN
from pipelines.model.words import ContractStop, Refusal, Words
from pipelines.paths import PACKAGE
from pipelines.views.figures import speaking
from pipelines.views.frame import SUFFIX, shell
from pipelines.views.quality import report_of
from pipelines.wording import say

HISTORY, WAIT = "history", 0.02  # the file of the process, and after how many seconds it is looked for again
ERRORS = "errors.txt"  # what the process said
TEMPLATE = "quality/index.html.j2"


class CheckedOnce:
    """The quality report of rows that nothing checks a second time."""

    def __init__(self, folder: Path, facts: tuple) -> None:
        self._folder, self._facts = folder, facts[:-1]
        self._figures: tuple[Figure, ...] = facts[-1]

    @cached_property
    def history(self) -> tuple[Figure, ...]:
        """The figures of the export as a whole, each judged beside the finished periods before."""
        return tuple(map(compared, self._figures))

    def warnings(self) -> tuple[Words, ...]:
        """What lies outside the expected, in words."""
        return warnings_of(self.history, self._facts[0])

    def result(self) -> Path:
        """The folder with `report.json` and `index.html`."""
        return self._written(None)

    def _written(self, outcomes: list[dict] | None) -> Path:
        folder = self._folder / "quality"
        report = {**report_of(*self._facts, outcomes), "history": kept_as(self.history)}
        rows = {lang: drawn(self.history, self._facts[0], lang) for lang in SUFFIX}
        write_report(folder, report, self._facts[2].kind, rows)
        return folder

    def stop(self) -> None:
        """End the check, if one runs."""


class Quality(CheckedOnce):
    """A quality check under way; ``history`` and ``result()`` wait for it, ``stop()`` gives it up."""

    def __init__(self, line: socket, held: ExitStack, folder: Path, facts: tuple) -> None:
        super().__init__(folder, facts)
        self._line, self._held = line, held

    @cached_property
    def history(self) -> tuple[Figure, ...]:
        """The figures of the export as a whole, each judged beside the finished periods before.

        Refusal where the process ended without it.
        """
        written = self._folder / HISTORY
        if not checks_of_history(self._figures):
            return self._figures
        while not written.exists() and not select([self._line], [], [], WAIT)[0]:  # the process ended at once
            pass
        if not written.exists():
            self._outcomes()
        return judged(self._figures, json.loads(written.read_text(encoding="utf-8")))

    def result(self) -> Path:
        """The folder with `report.json` and `index.html`.

        ContractStop where an accepted row breaks a promise, Refusal where a promise could not be checked.
        """
        self._end()
        outcomes = self._outcomes()
        folder = self._written(outcomes)
        _gate(outcomes, self._facts[0])
        return folder

    def stop(self) -> None:
        """End the check, where it still runs."""
        with suppress(OSError):
            self._line.shutdown(SHUT_WR)
        self._end()

    def _end(self) -> None:
        """Wait for the end of the process: it says nothing, and its end of the line is closed."""
        with suppress(OSError):
            self._line.recv(1)
        self._held.close()

    def _outcomes(self) -> list[dict]:
        written = self._folder / "outcomes.json"
        if not written.exists():
            lines = f"{_said()}\n{(self._folder / ERRORS).read_text(encoding='utf-8', errors='replace')}".split("\n")
            why = next((line for line in reversed(lines) if line.strip()), "-")
            raise Refusal(say("quality.process_failed", why=why[:300]))
        return json.loads(written.read_text(encoding="utf-8"))


def checked_once(
    intake: Intake, validation: Validation, contracts: Contracts, history: tuple[Figure, ...], work: Path
) -> CheckedOnce:
    """The report of a run without a second check; ``history`` and ``work`` as of `start_quality`."""
    return CheckedOnce(work, (contracts, intake, validation, history))


def start_quality(
    warehouse: Warehouse,
    intake: Intake,
    validation: Validation,
    contracts: Contracts,
    history: tuple[Figure, ...],
    work: Path,
) -> Quality:
    """Hand the accepted rows to a process of its own, which checks them beside measure and judge.

    ``history``: the export as a whole, with what is expected of it. ``work`` is a folder of the caller's for the
    report. The rows go over in files without names on the same disk: they are gone with this process, however it ends.
    """
    folder = work / "checked"
    folder.mkdir()
    present = frozenset(receipt.table for receipt in intake.receipts)
    tables = [table for table in contracts.tables.values() if table.name in present]
    promises = {table.name: in_force(table, intake.declared_absent) for table in tables}
    with ExitStack() as opened:
        rows = {}
        for table in tables:
            file, path = nameless(folder)
            opened.enter_context(file)
            columns = _columns(table, promises, present)
            warehouse.run_template("checks/export", table=table.name, columns=columns, file=path)
            rows[table.name] = Path("/proc", str(os.getpid()), "fd", path.name)  # as another process opens it
        line = opened.enter_context(_asked(folder, (tables, promises, present, history, rows)))
        held = opened.pop_all()
    return Quality(line, held, folder, (contracts, intake, validation, history))


def _columns(table, promises: dict, present: frozenset) -> list[str]:
    """Only what a check looks at leaves the warehouse: the key, and the columns of promises, its own or another's."""
    every = [target for own in promises.values() for promise in own for target in targets(promise)]
    referred = {key for to, keys in every if to == table.name for key in keys}
    checked = {column for check in checks_of(table, promises[table.name], present) for column in check.columns}
    return [column for column in table.columns if column in checked | referred or column in table.key]


def _asked(folder: Path, job: tuple) -> socket:
    """Hand a check to a process; this end of a line to it. Where one end is closed, the other knows."""
    ours, theirs = socketpair()
    (folder / ERRORS).touch()
    make_ready()
    with theirs, suppress(OSError):  # the process ended at once; result() tells why
        send_fds(_library[0].line, [b"."], [theirs.fileno()])
        ours.sendall(pickle.dumps((folder, *job)))
    return ours


class _Library(NamedTuple):
    """The process that has loaded Great Expectations and forks one for every check; it ends with this one."""

    process: subprocess.Popen
    line: socket
    errors: IO[bytes]


_library: list[_Library] = []


def make_ready() -> None:
    """Begin to load Great Expectations, which takes longer than most checks, unless that was done in this process."""
    if _library and _library[0].process.poll() is None:
        return
    ours, theirs = socketpair()
    errors = tempfile.TemporaryFile()  # noqa: SIM115 - for as long as this process lives
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.contracts.quality_process"],
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd=PACKAGE.parent,
            env={**os.environ, **SILENT},
        )
    _library[:] = [_Library(process, ours, errors)]


def _said() -> str:
    _library[0].errors.seek(0)
    return _library[0].errors.read().decode("utf-8", "replace")


def _gate(outcomes: list[dict], contracts: Contracts) -> None:
    """No accepted row may break a promise, and no promise may stay unchecked; warnings are only reported."""
    severity = {(t.name, p.id): p.severity for t in contracts.tables.values() for p in t.promises}
    for outcome in outcomes:
        promises = "、".join(outcome["promises"])
        facts = {"table": outcome["table"], "promises": promises, "expectation": outcome["expectation"]}
        if outcome["outcome"] == "error":
            raise ContractStop(say("quality.not_checked", why=outcome["error"], **facts))
        warned = all(severity[outcome["table"], promise] == "warn" for promise in outcome["promises"])
        if outcome["outcome"] == "broken" and not warned:
            raise ContractStop(say("quality.broken", rows=outcome["unexpected"], **facts))


def write_report(folder: Path, report: dict, kind: str = SPAN, compared: dict | None = None) -> None:
    """`report.json` for programs, `index.html` and its English twin for people, of a period of some ``kind``.

    ``compared``: by language, the rows of the page on the periods before. The same report, the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, ensure_ascii=False, indent=1) + "\n"
    (folder / "report.json").write_text(text, encoding="utf-8", newline="\n")
    for lang, suffix in SUFFIX.items():
        (folder / f"index{suffix}.html").write_text(
            _page(report, kind, lang, (compared or {}).get(lang, [])), encoding="utf-8", newline="\n"
        )


def _page(report: dict, kind: str, lang: str, compared: list[dict]) -> str:
    simulated = say("pages.simulated").into(lang) if report["simulated"] else ""
    frame = {
        **shell(speaking(say, kind), lang),
        "period_name": "",
        "period": "",
        "simulated": simulated,
        "simulated_says": say("pages.simulated_says").into(lang),
    }
    page = {"frame": frame, "report": report, "compared": compared, "words": words(lang)}
    return render(TEMPLATE, page, quality=True)


def words(lang: str = "zh") -> dict:
    """The fixed texts of the page, by name."""
    names = (
        "title",
        "about",
        "mend",
        "mend_none",
        "mend_where",
        "mend_more",
        "kept_promises",
        "accounts",
        "table",
        "read",
        "accepted",
        "quarantined",
        "note",
        "absent",
        "promises",
        "promise",
        "severity",
        "broken_rows",
        "second_check",
        "once",
        "twice",
        "warnings",
        "notices",
        "none",
        "reject",
        "warn",
        "stop",
        "kept",
        "broken",
        "not_promised",
        "not_made",
        "rows_checked",
        "error",
        "back",
        "others",
        "no_breach",
        "history",
        "history_about",
        "history_none",
        "history_figure",
        "history_now",
        "history_expected",
        "history_before",
        "history_kept",
        "outside",
    )
    return {name: say(f"quality.page_{name}").into(lang) for name in names}
