"""Great Expectations: the one file that imports it, run as a process that forks one for every check.

Its standard input is a socket that brings the line to whoever wants a check, who sends the job there: the paths of the
accepted rows as Parquet among it. The fork writes `FOLDER/outcomes.json`; both end where the other end is closed.
"""

import gc
import json
import os
import pickle
import re
import sys
import threading
import traceback
from collections import defaultdict
from datetime import UTC, timedelta
from functools import cache
from pathlib import Path
from signal import SIG_DFL, SIG_IGN, SIGCHLD, signal
from socket import recv_fds, socket
from types import ModuleType
from typing import Any, NoReturn

from pipelines.contracts.expectations import Check, Derived, checks_of
from pipelines.contracts.history import Figure, checks_of_history
from pipelines.contracts.promises import SUCCESSION
from pipelines.edges.process import silence_telemetry
from pipelines.lazy import pandas as pd
from pipelines.lazy import parquet
from pipelines.model.contract import TableContract
from pipelines.model.period import Period

# What the library, or jsonschema for it, does without, and what it uses for drawings and distributions only: a third of
# the time of its import. What is loaded stays; looked through again and again meanwhile, it would take a fifth longer.
SPARED: dict[str, Any] = dict.fromkeys(("rfc3987_syntax", "boto3", "botocore", "sqlalchemy"))
SPARED |= {name: ModuleType(name) for name in ("altair", "scipy.stats")}

silence_telemetry()
gc.disable()
for name in [name for name in SPARED if name in sys.modules]:
    del SPARED[name]
sys.modules.update(SPARED)
import great_expectations as gx  # noqa: E402
import great_expectations.execution_engine.pandas_execution_engine as frames  # noqa: E402
from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: E402
from great_expectations.expectations.expectation import Expectation  # noqa: E402

for name in SPARED:
    del sys.modules[name]
gc.freeze()
gc.enable()

_configured: dict[int, tuple[Expectation, Any]] = {}
_configuration_of = Expectation.configuration.fget


def _configuration(one: Expectation) -> Any:
    if id(one) not in _configured:
        _configured[id(one)] = one, _configuration_of(one)
    return _configured[id(one)][1]


Expectation.configuration = property(_configuration)  # worked out once, not for every key of every question: a third

frames.HASH_THRESHOLD = 0  # bytes above which no fingerprint of a frame is taken: nobody asks for it

HISTORY = "history"
LONG = 20_000  # rows from which on expectations get no column that they do not need: each copies its frame
SEPARATORS = r"[、,;|/\n]"  # between the successors of a split
COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0}


def outcomes(
    tables: list[TableContract],
    promises: dict[str, tuple],
    present: frozenset,
    history: tuple[Figure, ...],
    rows: dict[str, Path],
    folder: Path,
) -> list[dict]:
    """The outcome of every expectation of every table, in the order of the contracts.

    What stands beside the periods before is judged first and written at once: nothing is scored until it is known.
    """
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("accepted").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all")  # whichever frame: each definition would be written down
    if checks := checks_of_history(history):
        frame = pd.DataFrame({one.name: [one.value] for one in history})
        _write(folder / HISTORY, suite_outcomes(batch.get_batch({"dataframe": frame}), HISTORY, checks))
    found = []
    for table in tables:
        checks = checks_of(table, promises[table.name], present)
        of_table: dict[int, dict] = {}
        for places in _together(checks, parquet.read_metadata(rows[table.name]).num_rows):
            group = tuple(checks[place] for place in places)
            frame = prepared(rows, table, group)
            of_group = suite_outcomes(batch.get_batch({"dataframe": frame}), table.name, group)
            of_table |= zip(places, of_group, strict=True)
        found += [of_table[place] for place in range(len(checks))]
    return found


def _together(checks: tuple[Check, ...], rows: int) -> list[list[int]]:
    """Which expectations share a frame: all of a short table, those on the same columns of a long one."""
    if rows < LONG:
        return [[*range(len(checks))]]
    places = defaultdict(list)
    for place, check in enumerate(checks):
        places[check.columns, check.derived and check.derived.name].append(place)
    return list(places.values())


def suite_outcomes(batch, table: str, checks: tuple[Check, ...]) -> list[dict]:
    """Run one suite; an expectation whose result is missing or that raised is told apart from one that failed."""
    expectations = [
        getattr(gx.expectations, check.expectation)(**dict(check.arguments), meta={"number": number})
        for number, check in enumerate(checks)
    ]
    suite = gx.ExpectationSuite(name=table, expectations=expectations)
    results = {r.expectation_config.meta["number"]: r for r in batch.validate(suite, result_format=COUNTS).results}
    return [_outcome(table, check, results.get(number)) for number, check in enumerate(checks)]


def _outcome(table: str, check: Check, result) -> dict:
    error = "no result" if result is None else _raised(result.exception_info)
    counted = result.result if result is not None else {}
    return {
        "table": table,
        "promises": list(check.promises),
        "expectation": check.expectation,
        "checked": counted.get("element_count"),
        "unexpected": counted.get("unexpected_count"),
        "outcome": "error" if error else "kept" if result.success else "broken",
        "error": error,
    }


def _raised(info: dict) -> str:
    """The first line of what an expectation raised; empty where it raised nothing."""
    each = [info] if "raised_exception" in info else list((info or {}).values())
    messages = [str(one.get("exception_message") or "raised") for one in each if one.get("raised_exception")]
    return messages[0].splitlines()[0][:300] if messages else ""


def prepared(rows: dict[str, Path], table: TableContract, checks: tuple[Check, ...]):
    """The frame that the expectations of a table look at, with its derived columns."""
    columns = sorted({column for check in checks for column in check.columns})
    frame = pd.read_parquet(rows[table.name], columns=columns)
    for column in columns:
        if table.columns[column].type == "integer":  # read with empty ones as floats, which an integer is not
            frame[column] = frame[column].astype("Int64").astype(object)
        elif table.columns[column].type == "timestamp":  # moments without a zone are compared row by row
            frame[column] = frame[column].dt.tz_localize(UTC)
        elif table.columns[column].type in ("boolean", "decimal", "date"):
            frame[column] = frame[column].astype(object)
    for check in checks:
        if check.derived:
            frame[check.derived.name] = _derived(rows, frame, check.derived)
    return frame


def _derived(rows: dict[str, Path], frame, derived: Derived):
    columns = list(derived.columns)
    if derived.kind == "any_given":
        return frame[columns].notna().any(axis=1)
    if derived.kind == "as_text":
        return frame[columns[0]].map(lambda value: None if value is None else format(value, "f")).astype("str")
    if derived.kind == "found":
        return frame[columns].isna().any(axis=1) | _found(rows, frame[columns], derived.table, derived.keys)
    if derived.kind == "found_any":
        found = frame[columns].isna().any(axis=1)
        for table, keys in derived.targets:
            found |= _found(rows, frame[columns], table, keys)
        return found
    if derived.kind in SUCCESSION:
        return _succession(frame[columns], derived.kind)
    if derived.kind == "alone":
        return _alone(frame, columns, int(derived.table))
    if derived.kind == "within":
        return _within(frame, columns, dict(derived.targets))
    values = frame[columns[0]]
    if derived.kind == "one_spelling":
        spellings = values.groupby(values.str.lower()).nunique()
        return values.isna() | (values.str.lower().map(spellings) == 1)
    if derived.kind == "spelled":
        known = _keys(rows, derived.table, derived.keys)[derived.keys[0]]
        return values.isna() | values.isin(known) | ~values.str.lower().isin(known.str.lower())
    raise KeyError(derived.kind)


def _succession(frame, kind: str) -> list[bool]:
    """Of each row of the register, whether ``kind`` is not the first promise of succession that its unit breaks.

    Worked out from the rows alone.
    """
    lines = frame.astype(object).where(frame.notna(), None).to_dict("records")
    units = {line["unit_id"]: line for line in lines if line["unit_id"]}
    texts = {unit: re.split(SEPARATORS, line["succeeded_by"] or "") for unit, line in units.items()}
    heirs = {unit: [one.strip() for one in text if one.strip()] for unit, text in texts.items()}

    def reached(unit: str) -> set[str]:
        found: set[str] = set()
        while new := {one for of in (found or {unit}) for one in heirs.get(of, ())} - found:
            found |= new
        return found

    def broken(unit: str) -> str:
        line, own = units[unit], heirs[unit]
        if not set(own) <= set(units):
            return "successor_known"
        if line["cases_to"] not in own if line["cases_to"] else len(own) > 1:
            return "successor_takes_cases"
        if unit in reached(unit):
            return "successor_ends"
        day = line["valid_to"] and line["valid_to"] + timedelta(days=1)
        dated = [(units[one]["valid_from"] or day, units[one]["valid_to"] or day) for one in own]
        return "" if day is None or all(first <= day <= last for first, last in dated) else "successor_in_time"

    first = {unit: broken(unit) for unit in units}
    return [first.get(line["unit_id"], "") != kind for line in lines]


def _alone(frame, columns: list[str], year_starts: int) -> list[bool]:
    """Whether no other row, of the same values in all columns but the first, is of a part of this one's period."""
    rows, beside = _rows(frame, columns), defaultdict(set)
    for text, *others in rows:
        beside[tuple(others)].add(_months(text, year_starts))
    return [
        not any(part and part < _months(text, year_starts) for part in beside[tuple(others)]) for text, *others in rows
    ]


@cache
def _months(text: str | None, year_starts: int) -> frozenset[str]:
    """The months of a period; none of a text that names no period."""
    try:
        return frozenset(Period.parse(text or "", year_starts).months)
    except ValueError:
        return frozenset()


def _within(frame, columns: list[str], wholes: dict[str, tuple[str, ...]]) -> list[bool]:
    """Whether the first column is at most that of every whole given beside it; the second says what a row is of."""
    rows, given = _rows(frame, columns), defaultdict(list)
    for n, of, *others in rows:
        if n is not None:
            given[of, *others].append(n)
    return [
        n is None or all(n <= whole for id in wholes.get(of, ()) for whole in given[id, *others])
        for n, of, *others in rows
    ]


def _rows(frame, columns: list[str]) -> list[tuple]:
    """The rows of some columns, None for an empty cell."""
    return list(frame[columns].astype(object).where(frame[columns].notna(), None).itertuples(index=False, name=None))


def _keys(rows: dict[str, Path], table: str, keys: tuple[str, ...], among=None):
    """The different keys of a table; ``among``: only those whose first part is one of these values."""
    asked = [] if among is None else among.dropna().unique().tolist()
    filters = [(keys[0], "in", asked)] if asked else None
    return pd.read_parquet(rows[table], columns=list(keys), filters=filters).drop_duplicates()


def _found(rows: dict[str, Path], wanted, table: str, keys: tuple[str, ...]):
    """Whether each row of ``wanted`` is among the keys of the other table."""
    first = wanted[wanted.columns[0]]
    keys = _keys(rows, table, keys, first)
    if len(keys.columns) == 1:
        return first.isin(keys.iloc[:, 0]).to_numpy()
    keys.columns = wanted.columns
    joined = wanted.merge(keys, how="left", on=list(wanted.columns), indicator="_side")
    return (joined["_side"] == "both").to_numpy()


def main() -> None:
    """A process for every line that standard input brings, until it ends."""
    signal(SIGCHLD, SIG_IGN)  # nobody asks how they ended
    with socket(fileno=0) as asked:
        while handed := recv_fds(asked, 1, 1)[1]:
            with socket(fileno=handed[0]) as line:
                if os.fork() == 0:
                    asked.close()
                    _check_and_end(line)


def _check_and_end(line: socket) -> NoReturn:
    """Check, and leave what the fork shares as it is: to tear it down, DuckDB waits for threads that a fork has not."""
    try:
        _check(line)
    except Exception:  # noqa: BLE001 - the run that asked reads its last line
        traceback.print_exc()
    finally:
        os._exit(0)


def _check(line: socket) -> None:
    signal(SIGCHLD, SIG_DFL)
    with line.makefile("rb") as stream:
        folder, *job = pickle.load(stream)  # noqa: S301 - of the process that started us
    os.dup2(os.open(folder / "errors.txt", os.O_WRONLY), 2)
    os.environ["TMPDIR"] = str(folder)
    threading.Thread(target=_end_with, args=(line,), daemon=True).start()
    _write(folder / "outcomes.json", outcomes(*job, folder))


def _end_with(line: socket) -> None:
    """Wait until nobody listens: the run is done with us, or was killed."""
    line.recv(1)
    os._exit(1)


def _write(file: Path, found: list[dict]) -> None:
    new = file.with_suffix(".new")
    new.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    new.replace(file)  # whole or not there: the run looks for it


if __name__ == "__main__":
    main()
