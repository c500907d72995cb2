"""Runs the product on a made quarter and lists where its published tables differ from the oracle's result."""

import csv
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import pyarrow
import pyarrow.parquet as parquet

from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.model.score import CountedList
from pipelines.stages.publish import write_tables
from tests.rules.book import FROZEN

from .ledger import Line
from .scorer import OracleResult

ROOT = Path(__file__).resolve().parents[2]


def run_pipeline(
    exports: Path, period: str, cutoff: str | None, readings: Mapping[str, str], out: Path,
    absent: Iterable[str] = (), counted: Collection[tuple[str, str]] = (),
) -> Path:
    """Scores a quarter in this process and gives the folder with its tables; no pages, no quality report."""
    request = Request(
        Period.parse(period), exports, cutoff=cutoff and datetime.fromisoformat(cutoff), readings=dict(readings),
        rules=FROZEN, absent=tuple(absent),
        counted=counted_list(counted, Period.parse(period), out.with_suffix(".parquet")),
    )
    with Run(request) as run:
        stops = run.check()
        assert not stops, "; ".join(words.en for words in stops)
        for stage in (run.measure, run.judge, run.settle, run.rank):
            stage()
        run.write_misses()
        out.mkdir()
        write_tables(run.warehouse, run.result(), out)
    return out


def counted_list(counted: Collection[tuple[str, str]], period: Period, file: Path) -> tuple[CountedList, ...]:
    """(unit, case) pairs as the list that the quarter before would have left; none where there are none."""
    if not counted:
        return ()
    units, cases = zip(*sorted(counted), strict=True)
    parquet.write_table(pyarrow.table({"case_id": cases, "unit_id": units}), file)
    return (CountedList(period.previous, file, ""),)


def run_command(exports: Path, period: str, cutoff: str | None, readings: Mapping[str, str], out: Path) -> int:
    """Runs a quarter by the command, as a user does, into `out`/period; gives the exit code."""
    command = [sys.executable, "-m", "pipelines", "run", period, "--no-pdf"]
    command += ["--exports", str(exports), "--out", str(out), "--rules", str(FROZEN)]
    command += [*(["--cutoff", cutoff] if cutoff else [])]
    for name, value in readings.items():
        command += ["--reading", f"{name}={value}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).returncode


def differences(result: OracleResult, published: Path, period: str) -> list[str]:
    """Every difference in ranking (notes aside), items, ledger and quarantine, as sentences; none when they agree."""
    return [
        *(f"quarantined: {row}" for row in table(published, "quarantine")),
        *ranking_differences(result, table(published, "ranking"), period),
        *item_differences(result, table(published, "items")),
        *ledger_differences(result, table(published, "ledger")),
    ]


def table(published: Path, name: str) -> list[dict[str, str]]:
    """The rows of a published CSV file."""
    with (published / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def ranking_differences(result: OracleResult, rows: list[dict[str, str]], period: str) -> list[str]:
    """The ranking line by line, in listing order."""
    expected = [
        (
            period, row.unit_id, row.unit_name, row.unit_group, money(row.base), money(row.bonus), money(row.total),
            str(row.rank or ""), str(row.group_rank or ""), str(row.case_rows), money(Fraction(row.measured_marks)),
        )
        for row in result.ranking
    ]
    columns = (
        "period", "unit_id", "unit_name", "unit_group", "base", "bonus", "total", "rank", "group_rank", "case_rows",
        "measured_marks",
    )
    found = [tuple(row[column] for column in columns) for row in rows]
    if len(found) != len(expected):
        return [f"ranking: {len(expected)} units expected, {len(found)} found"]
    pairs = zip(expected, found, strict=True)
    return [f"ranking: expected {ours}, found {theirs}" for ours, theirs in pairs if ours != theirs]


def item_differences(result: OracleResult, rows: list[dict[str, str]]) -> list[str]:
    """Items in any order: full marks, deducted, score."""
    expected = Counter(
        (item.unit_id, item.item_id, Fraction(item.full_marks), item.deducted, item.score,
         Fraction(item.measured_marks))
        for item in result.items.values()
    )
    found = Counter(
        (row["unit_id"], row["item_id"],
         *(Fraction(row[name]) for name in ("full_marks", "deducted", "score", "measured_marks")))
        for row in rows
    )
    return multiset_differences("items", expected, found)


def ledger_differences(result: OracleResult, rows: list[dict[str, str]]) -> list[str]:
    """The ledger as a multiset of lines; which rule took points of an assessed item is left open."""
    found = Counter(
        Line(
            row["unit_id"], row["item_id"], "assessed" if "A1" <= row["item_id"] < "A3" else row["rule_id"],
            Fraction(row["points"]), row["month"], row["case_id"], row["ref_id"], row["adjustment_id"],
        )
        for row in rows
    )
    return multiset_differences("ledger", result.ledger, found)


def multiset_differences(name: str, expected: Counter, found: Counter) -> list[str]:
    """What is in one multiset and not in the other, with how many."""
    missing = [f"{name}: missing {count} × {entry}" for entry, count in (expected - found).items()]
    return missing + [f"{name}: too many {count} × {entry}" for entry, count in (found - expected).items()]


def money(amount: Fraction) -> str:
    """A figure with two decimals, as it is published; an inexact one is an error."""
    cents = amount * 100
    if cents.denominator != 1:
        raise ValueError(f"{amount} has more than two decimals")
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(int(cents)) // 100}.{abs(int(cents)) % 100:02d}"
