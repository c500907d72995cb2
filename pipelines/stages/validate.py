"""Validate: raw rows × contracts → accepted rows, and every broken promise of the others."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.contracts.history import limits
from pipelines.contracts.promises import ON_SCALE, PERIOD, REFERENCES, SUCCESSION, WITH_OTHER
from pipelines.edges import process
from pipelines.edges.warehouse import PARSERS, Arrow, Warehouse
from pipelines.lazy import pyarrow
from pipelines.model.contract import Column, Contracts, Promise, TableContract, columns_shown, in_force, targets
from pipelines.model.intake import (
    CROSSED,
    CUT_AT_ROW,
    CUT_IN_ROW,
    ELSEWHERE,
    EXCHANGED,
    FAR,
    GAP,
    KEPT_OUT,
    MIDNIGHT,
    NO_OWN_FAULT,
    REFERENCE_REJECTED,
    REVERSED,
    SAME,
    THIN_MONTH,
    UNFILLED,
    UNIFORM,
    UNPAIRED,
    Breach,
    Fault,
    Intake,
    Notice,
    Receipt,
    RowCount,
    Validation,
)
from pipelines.model.period import MONTH, SPAN, Period
from pipelines.model.register import NO_REGISTER, Followed, Life, Register
from pipelines.model.text import compared, masked
from pipelines.model.words import Refusal, Words
from pipelines.wording import note, say

# Faults found by the warehouse as breaches that may be shown: masked, cut, each with its remedy.


CUT = 60
_SERIAL = re.compile(r"\d{5}(\.\d+)?")
# Serials that spreadsheets give to the days of 1954 to 2119.
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000
_DAY_ZERO = datetime(1899, 12, 30)
_DAY_SECONDS = 86_400
_EPOCH = re.compile(r"1[0-9]{9}([0-9]{3})?")  # seconds or thousandths since 1970, of 2001 to 2033
_EPOCH_DIGITS = 10
_HALF_DAY = re.compile("[上下]午|凌晨|早上|晚上")
_MIDNIGHT_AFTER = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[ T]?24[:：]00(?:[:：]00)?")
# What people write where there is nothing, folded.
NOTHING = frozenset(
    (
        "n/a",
        "na",
        "nil",
        "-",
        "--",
        "—",
        "——",
        "/",
        ".",
        "无",
        "没有",
        "暂无",
        "空",
        "未知",
        "不详",
        "未签收",
        "未回复",
        "未办结",
        "未评",
        "待办",
        "待定",
    )
)


def breaches_of(
    warehouse: Warehouse,
    contract: TableContract,
    promises: tuple[Promise, ...],
    titles: dict[str, Words],
    context: dict[str, Any],
) -> tuple[list[Breach], list[Breach]]:
    """(breaches of rejected rows, breaches of kept rows) of one table, in file order; ``titles`` by table."""
    shown = [(promise.id, columns_shown(promise)) for promise in promises]
    by_id = {promise.id: promise for promise in promises}
    found: tuple[list[Breach], list[Breach]] = ([], [])
    for file, line, id, cascade, other, rejected, key, unit, value in warehouse.rows_template(
        "checks/breaches", shown=shown, **context
    ):
        promise = by_id[id]
        breach = Breach(
            table=contract.name,
            file=file,
            line=line,
            key=shown_value(key),
            column="/".join(columns_shown(promise)),
            promise=REFERENCE_REJECTED if cascade else id,
            value=shown_value(value),
            remedy=_remedy(promise, contract, titles, cascade, other, value, unit),
        )
        found[not rejected].append(breach)
    return found


def breach_of_file(notice: Notice) -> Breach:
    """A sentence about a whole file as a line of `warnings.csv`."""
    return Breach(notice.table, notice.file, 0, "", "", notice.kind, notice.value, notice)


def shown_value(value: str | None) -> str:
    """A value for the quarantine list: telephone and identity numbers masked, at most 60 characters."""
    text = masked(value or "")
    return text if len(text) <= CUT else text[: CUT - 1] + "…"


def _remedy(
    promise: Promise,
    contract: TableContract,
    titles: dict[str, Words],
    cascade: bool,
    other: str,
    value: str,
    unit: str,
) -> Words:
    if other and promise.kind in WITH_OTHER:
        return say(f"contracts.{promise.kind}_remedy", first=masked(other))
    if other:
        key = "zeros" if _without_zeros(value) in map(_without_zeros, other.split("、")) else "nearest"
        return say(f"contracts.reference_{key}_remedy", remedy=promise.remedy, first=other)
    if cascade:
        return _cascade_remedy(titles[targets(promise)[0][0]])
    if promise.kind == "plausible" and unit:
        return say("contracts.plausible_of_unit", remedy=promise.remedy, unit=shown_value(unit))
    column = contract.columns.get(promise.column)
    if column and promise.kind in ("type", "enum") and not column.required and compared(value).casefold() in NOTHING:
        return say("contracts.nothing_remedy", value=shown_value(value))
    if column and promise.kind == "type" and column.type in ("timestamp", "date") and not column.restricted:
        return _moment_remedy(column.type, value) or promise.remedy
    if column and promise.kind == "type" and column.type in ("decimal", "integer") and value.endswith(("%", "％")):
        return say("contracts.percent_remedy", value=shown_value(value))
    return promise.remedy


def _without_zeros(number: str) -> str:
    return re.sub(r"(^|\D)0+(?=\d)", r"\1", number)


@lru_cache
def _cascade_remedy(table: Words) -> Words:
    return say("contracts.reference_rejected_remedy", table=table)


def _moment_remedy(type: str, value: str) -> Words | None:
    """The remedy for a moment in a form that is known and not read; None for anything else."""
    if _HALF_DAY.search(value):
        return say("contracts.half_day")
    if found := _MIDNIGHT_AFTER.fullmatch(value):
        with suppress(ValueError, OverflowError):
            day = date(*(int(part) for part in found.groups())) + timedelta(days=1)
            return say("contracts.midnight_after", moment=f"{day} 00:00:00")
    if _EPOCH.fullmatch(value):
        seconds = int(value[:_EPOCH_DIGITS])
        moment = datetime.fromtimestamp(seconds, ZoneInfo(process.project().zone))
        return say("contracts.epoch", moment=f"{moment:%Y-%m-%d %H:%M:%S}", zone=process.project().zone)
    if not _SERIAL.fullmatch(value) or not _FIRST_SERIAL <= Decimal(value) <= _LAST_SERIAL:
        return None
    seconds = int(Decimal(value) * _DAY_SECONDS + Decimal("0.5"))
    moment = _DAY_ZERO + timedelta(seconds=seconds)
    shown = f"{moment:%Y-%m-%d}" if type == "date" else f"{moment:%Y-%m-%d %H:%M}"
    return say(f"contracts.excel_serial_{type}", moment=shown)


# Signs of a damaged export: what would be scored as a whole quarter and may be a part of one, or under wrong headers.


# What breaks the last row of a file that was cut inside it: a field count is one where fields are missing.
BROKEN_OFF = ("stray_quote", "json", "encoding")
CASES = "cases"


def is_broken_off(fault: Fault) -> bool:
    """Whether a row that could not be read stops short of its end."""
    if fault.promise != "field_count":
        return fault.promise in BROKEN_OFF
    there, _, wanted, _ = fault.value.split()  # 3 of 15 fields
    return int(there) < int(wanted)


@dataclass(frozen=True)
class _Search:
    """Where the signs are looked for."""

    warehouse: Warehouse
    intake: Intake
    contracts: Contracts
    period: Period

    @property
    def days(self) -> dict[str, date]:
        """First day of the period, and the first after it."""
        return {"start": self.period.start.date(), "end": self.period.end.date()}

    def files(self, table: str) -> str:
        """The files of a table, in a row."""
        return "、".join(receipt.file for receipt in self.intake.receipts if receipt.table == table)

    def facts(self, table: TableContract) -> dict[str, str]:
        """What every notice says of its table."""
        return {"file": self.files(table.name), "title": table.title.zh, "table": table.name, "of": table.name}


def damage_signs(
    warehouse: Warehouse, intake: Intake, contracts: Contracts, period: Period, present: Iterable[str]
) -> list[Notice]:
    """What speaks for a damaged export: a notice a sign, to be asked once all tables are accepted.

    A case file without a line end at its end, while other tables name cases that it lacks; a month of the period
    with far fewer rows than the others have on average; a deadline that comes at any moment, mostly before
    what is done as regularly as deadlines come; a moment that comes after what it should come before, or is always at
    midnight; a column on which scores depend, without a value at all, in a month or of a unit, or with one value;
    two that go together, and one of them is empty.
    """
    search, there = _Search(warehouse, intake, contracts, period), set(present)
    tables = [table for table in contracts.tables.values() if table.name in there]
    of_tables = [
        sign
        for table in tables
        for sign in (*_exchanged(search, table), *_odd_columns(search, table), *_unevenly_filled(search, table))
    ]
    return [*_cut_at_row(search, there), *_thin_months(search, there), *of_tables]


def _cut_at_row(search: _Search, present: set[str]) -> list[Notice]:
    files = [receipt.file for receipt in search.intake.receipts if receipt.table == CASES and receipt.unended]
    tables = [
        name
        for name, table in search.contracts.tables.items()
        if name in present - {CASES} and "case_id" in table.columns
    ]
    if not files or not tables:
        return []
    found = search.warehouse.rows_template("checks/missing_cases", tables=tables, **search.days)
    [(n, file, line, case)] = found
    if not n:
        return []
    facts = {"n": n, "by": file, "line": line, "case": shown_value(case)}
    return [note(f"contracts.{CUT_AT_ROW}", file=name, of=CASES, **facts) for name in files]


def _thin_months(search: _Search, present: set[str]) -> list[Notice]:
    return [
        thin
        for table in search.contracts.tables.values()
        if table.every_month and table.name in present
        if (table.name, table.period_by) not in search.intake.declared_absent
        for thin in _thin_months_of(search, table)
    ]


def _thin_months_of(search: _Search, table: TableContract) -> list[Notice]:
    context = {"table": table.name, "column": table.period_by, **search.days}
    found = dict(search.warehouse.rows_template("checks/months", **context))
    months = {month: found.get(month, 0) for month in search.period.months}
    facts = search.facts(table)
    return [
        note(f"contracts.{THIN_MONTH}", str(n), month=month, few=_few(n, round(others)), **facts)
        for month, n, others in thin_months(months)
    ]


def _exchanged(search: _Search, table: TableContract) -> list[Notice]:
    follows = {
        promise.column: promise.argument("than")
        for promise in table.promises
        if promise.kind == "not_before" and (table.name, promise.column) not in search.intake.declared_absent
    }
    facts, found, rows = search.facts(table), [], limits()["looked_at"]
    for due, done in product(follows, follows):
        if not table.columns[due].deadline or table.columns[done].deadline:
            continue
        pair = {"table": table.name, "due": due, "done": done, "since": follows[due], "rows": rows}
        [(n, late, many, few)] = search.warehouse.rows_template("checks/regular", **pair)
        if is_exchanged(n, late, many, few):
            both = {"due": _titled(table.columns[due]), "done": _titled(table.columns[done])}
            of = {"n": n, "late": late, "many": many, "few": few, **both}
            found.append(note(f"contracts.{EXCHANGED}", f"{due}, {done}", **of, **facts))
    return found


IN_FIRST_ROWS = (REVERSED, MIDNIGHT, SAME)  # what is so nearly everywhere, if it is; the rest may be so in any row
ONE_OF_FEW = ("enum", "boolean")  # types of which any value is among few


def _odd_columns(search: _Search, table: TableContract) -> list[Notice]:
    """What is odd in the columns of a table, by the bounds of `data_contracts/history.yaml`."""
    bounds, title = limits(), {name: _titled(column) for name, column in table.columns.items()}
    decisive, facts = search.intake.decisive.get(table.name, {}), search.facts(table)
    signs, midnights = [], []
    for sign, name, other, n, odd, last in _counted(search, table):
        bound = bounds[sign]
        if not odd or n < bound["least"] or not bound["percent"] * n <= 100 * odd < bound.get("below", 101) * n:
            continue
        if sign == MIDNIGHT:
            midnights.append(name)
            continue
        of = {"column": title[name], "other": title.get(other, ""), "name": name, "counted": decisive.get(name, "")}
        label = dict(table.columns[name].labels).get(last, ())
        shown = "***" if table.columns[name].restricted else Words(label[0] if label else last, last)
        found = {"n": n, "odd": odd, "last": shown, "days": bounds[FAR]["days"]}
        signs.append(note(f"contracts.{sign}", ", ".join(filter(None, (name, other))), **found, **of, **facts))
    if midnights:
        titles = Words("、".join(title[name].zh for name in midnights), ", ".join(midnights))
        signs.append(note(f"contracts.{MIDNIGHT}", ", ".join(midnights), columns=titles, **facts))
    return signs


def _counted(search: _Search, table: TableContract) -> Iterator[tuple[Any, ...]]:
    """Of each kind and column that is asked for: the values looked at, the odd among them, and the last of these."""
    every, days = _asked(search, table), {"days": limits()[FAR]["days"], **search.days}
    for rows in (0, limits()["looked_at"]):
        asked = [one for one in every if (one[0] in IN_FIRST_ROWS) == bool(rows)]
        if asked:
            context = {"table": table.name, "asked": asked, "rows": rows, **days}
            [found] = search.warehouse.rows_template("checks/columns", **context)
            for k, one in enumerate(asked):
                yield (*one, *found[3 * k : 3 * k + 3])


def _asked(search: _Search, table: TableContract) -> list[tuple[str, str, str]]:
    """What is looked for in a table: kind, column, and the one that it is held against; none that the exports lack."""
    bounds, intake = limits(), search.intake
    unread = {column for of, column in (*intake.declared_absent, *intake.flagged) if of == table.name}
    after = {one.column: one.argument("than") for one in table.promises if one.kind == "not_before"}
    dated = [table.period_by] if table.name in bounds[ELSEWHERE]["tables"] else []
    asked = [
        *((UNFILLED, name, "") for name in intake.decisive.get(table.name, ())),
        *((UNIFORM, n, "") for n in intake.decisive.get(table.name, ()) if table.columns[n].type in ONE_OF_FEW),
        *((REVERSED, first, second) for first, second in bounds["order"].get(table.name, ())),
        *((SAME, due, done) for due, done in bounds["due"].get(table.name, ())),
        *((MIDNIGHT, column.name, "") for column in table.columns.values() if column.type == "timestamp"),
        *((FAR, name, than) for name, than in after.items() if table.columns[name].type == "timestamp"),
        *((ELSEWHERE, name, "") for name in dated),
        *((CROSSED, first, second) for first, second in bounds["order"].get(table.name, ())),
        *((UNPAIRED, first, second) for first, second in bounds["together"].get(table.name, ())),
    ]
    return [one for one in asked if unread.isdisjoint(one)]


def _unevenly_filled(search: _Search, table: TableContract) -> Iterator[Notice]:
    """Columns on which scores depend that have no value in a month or of a unit, where there were to be some."""
    intake, unit = search.intake, units_named(table)
    unread = {column for of, column in (*intake.declared_absent, *intake.flagged) if of == table.name}
    decisive = {
        name: counted
        for name, counted in intake.decisive.get(table.name, {}).items()
        if name not in unread and not table.columns[name].restricted and table.columns[name].type != "boolean"
    }
    if not decisive:
        return
    by = "" if table.period_by in unread else table.period_by
    context = {"table": table.name, "columns": list(decisive), "by": by, "unit": unit, **search.days}
    (_, rows, *whole), *parts = search.warehouse.rows_template("checks/filled", **context)
    for name, of_all, *filled in zip(decisive, whole, *(counts for _, _, *counts in parts), strict=True):
        of = {"column": _titled(table.columns[name]), "counted": decisive[name], "rows": rows, "filled": of_all}
        for (part, n, *_), some in zip(parts, filled, strict=True):
            if not some and n * of_all >= limits()[GAP]["least"] * rows:
                facts = search.facts(table)
                yield note(f"contracts.{GAP}", f"{name}, {part}", part=part, n=n, **of, **facts)


def _titled(column: Column) -> Words:
    return Words(f"{column.title}（{column.name}）", column.name)


def is_exchanged(n: int, late: int, due: int, done: int) -> bool:
    """Whether a deadline and what is to be done by it look exchanged.

    ``n`` rows tell both, in ``late`` of them it is done after the deadline; ``due`` and ``done`` are the ways in which
    either comes. The bounds are those of `data_contracts/history.yaml`.
    """
    bound = limits()[EXCHANGED]
    exchanged = 100 * due >= bound["many"] * n and 100 * done <= bound["few"] * n
    return n >= bound["least"] and 2 * late > n and exchanged


def _few(n: int, others: int) -> Words:
    """How many rows a thin month has, beside the average of the others."""
    if not n:
        return say("contracts.thin_month_none", others=others)
    return say("contracts.thin_month_few", n=n, others=others, percent=_thin_percent())


def _thin_percent() -> int:
    return limits()[THIN_MONTH]["percent"]


def thin_months(months: dict[str, int]) -> list[tuple[str, int, Fraction]]:
    """Months with too small a part of the rows that the others have on average: month, its rows, that average.

    The bound is that of `data_contracts/history.yaml`; where it is less than a row, no month is thin.
    """
    part, found = Fraction(_thin_percent(), 100), []
    for month, n in months.items():
        others = [rows for name, rows in months.items() if name != month]
        usual = Fraction(sum(others), len(others)) if others else Fraction(0)
        if 1 <= usual * part > n:
            found.append((month, n, usual))
    return found


PLAIN_DECIMALS = 2  # that the usual form of a number has at most
SORTED = 1_000_000  # rows put in order at a time
ODD_BITS = 120  # that a row has for columns with a cell in no usual form
SQL_TYPES = {
    "text": "varchar",
    "enum": "varchar",
    "timestamp": "timestamp",
    "date": "date",
    "boolean": "boolean",
    "integer": "bigint",
    "decimal": "decimal(18, 2)",
}
ROW_CHECKS = (
    "required",
    "type",
    "enum",
    "plausible",
    "not_negative",
    "not_before",
    "required_when",
    "one_of",
    "one_of_present",
    "between",
    "decimals",
    ON_SCALE,
    "period",
)
NAMED_ROWS = 5
NAMED_KINDS = 5  # kinds of faults that a stop names, each with its first row


@dataclass
class _Account:
    """What validation gathers table by table, for a ``period`` where there is one."""

    period: Period | None
    rows: dict[str, RowCount] = field(default_factory=dict)
    breaches: list[Breach] = field(default_factory=list)
    warnings: list[Breach] = field(default_factory=list)
    notices: list[Words] = field(default_factory=list)
    stops: list[Words] = field(default_factory=list)
    periods: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    register: Register = NO_REGISTER


def validate(
    warehouse: Warehouse,
    intake: Intake,
    contracts: Contracts,
    period: Period | None = None,
    by: str = "due_at",
    published: Iterable[str] = (),
) -> Validation:
    """Fill ``accepted.<table>`` for every table of the contracts and account for every row.

    With a ``period`` its case rows are counted by the moment ``by`` that places them: none is a stop. ``published``
    are the numbers of earlier published periods: a decision on one of them is left out.

    Rows read = accepted + quarantined + left out + blank + replaced, unreadable rows among the quarantined; Refusal
    where they do not add up.
    Promises that stop, and tables with more rejected rows than tolerated, are told in ``stops``.
    """
    warehouse.run("staging/macros")
    account = _Account(period, breaches=list(intake.breaches), warnings=list(intake.warnings))
    warehouse.store("staged.published", _texts("number", published))
    present = {name for name in contracts.tables if warehouse.columns(f"raw.{name}")}
    for contract in contracts.tables.values():
        warehouse.run_template("staging/accepted", table=contract.name, columns=contract.columns, types=SQL_TYPES)
        if contract.name in present:
            _validate_table(warehouse, intake, contracts, contract, present, account)
        else:
            account.rows[contract.name] = RowCount(0, 0, 0)
    if period and not account.stops:
        _part_with_the_ended(warehouse, contracts, period, account)
    if period:
        account.stops += _without_case_rows(warehouse, intake, contracts, account, period, by)
        _tell_damage_signs(warehouse, intake, contracts, period, present, account)
    if account.stops:
        account.stops[:0] = _empty_targets(intake, contracts, account)
    return Validation(
        rows={name: account.rows[name] for name in sorted(account.rows)},
        breaches=tuple(sorted(account.breaches, key=_place)),
        warnings=tuple(sorted(account.warnings, key=_place)),
        notices=tuple(account.notices),
        stops=tuple(account.stops),
        periods=account.periods,
        kind=period.kind if period else SPAN,
        register=account.register,
    )


def _tell_damage_signs(
    warehouse: Warehouse, intake: Intake, contracts: Contracts, period: Period, present: set[str], account: _Account
) -> None:
    """Signs of a damaged export are warnings; where the run stops, they come first, for they may be the cause."""
    signs = damage_signs(warehouse, intake, contracts, period, present)
    account.warnings += map(breach_of_file, signs)
    if account.stops:
        account.stops[:0] = [*(one.remedy for one in intake.warnings if one.promise == CUT_IN_ROW), *signs]
    else:
        account.notices += signs


def _empty_targets(intake: Intake, contracts: Contracts, account: _Account) -> list[Words]:
    """The files without a row whose table rows of others name in vain: the cause behind those rows' faults."""
    broken = {(breach.table, breach.promise) for breach in account.breaches}
    sought = {
        target
        for table in contracts.tables.values()
        for promise in table.promises
        if (table.name, promise.id) in broken
        for target, _ in targets(promise)
    }
    return [
        say("contracts.empty_target", file=one.file, title=contracts.tables[one.table].title.zh, table=one.table)
        for one in intake.receipts
        if one.table in sought and not account.rows[one.table].read
    ]


def _stage_typed(warehouse: Warehouse, contract: TableContract, context: dict[str, Any]) -> None:
    """``staged.<table>``: as if every cell had the usual form, then anew, columns that turned out odd read closely.

    Nearly every column of nearly every export is in the usual form, and the close reading costs much even to prepare.
    """
    places = {name: place for place, name in enumerate(contract.columns)}
    decimals = (p for _, p in context["row_checks"] if p.kind == "decimals")
    never_plain = {*context["scales"], *(p.column for p in decimals if p.argument("at_most") < PLAIN_DECIMALS)}
    closely = {*never_plain, *list(places)[ODD_BITS:]}
    context = {**context, "never_plain": never_plain, "parsers": PARSERS, "types": SQL_TYPES, "places": places}
    context["period"] = PERIOD
    context["moments"] = warehouse.moments(f"raw.{contract.name}")
    warehouse.run_template("staging/typed", closely=closely, **context)
    [(odd,)] = warehouse.rows_template("staging/odd", table=contract.name)
    if found := {name for name, place in places.items() if name not in closely and (odd or 0) >> place & 1}:
        warehouse.run_template("staging/typed", closely=closely | found, **context)


def _texts(name: str, values: Iterable[str]) -> Arrow:
    return pyarrow.table({name: pyarrow.array(sorted(values), pyarrow.string())})


def _place(breach: Breach) -> tuple[str, str, int, str, str]:
    return breach.table, breach.file, breach.line, breach.column, breach.promise


def _validate_table(
    warehouse: Warehouse,
    intake: Intake,
    contracts: Contracts,
    contract: TableContract,
    present: set[str],
    account: _Account,
) -> None:
    promises = in_force(contract, intake.declared_absent)
    row_checks = list(enumerate(promise for promise in promises if promise.kind in ROW_CHECKS))
    warned = ", ".join(["''"] + [f"'{promise.id}'" for promise in promises if promise.severity == "warn"])
    context = {
        "table": contract.name,
        "columns": contract.columns,
        "key": contract.key,
        "row_checks": row_checks,
        "misread": {p.column: 2**bit for bit, p in row_checks if p.kind in ("type", "enum")},
        "warned": warned,
        "scales": {p.column: p for p in promises if p.kind == ON_SCALE},
    }
    _stage_typed(warehouse, contract, context)
    if contract.name == UNITS:
        account.register = read_register(warehouse)
    followed = _take_as_the_register_has_it(warehouse, contract, context, account)
    warehouse.run_template("checks/faults", **context)
    [(repeated,)] = warehouse.rows_template("checks/repeated", **context)
    if repeated:
        warehouse.run_template("checks/repeats", **context)
    for promise in promises:
        _check_across_rows(warehouse, contracts, contract, promise, present, context, account)
    if any(promise.kind == "number_in_any" for promise in promises):
        _leave_out(warehouse, contract, context, account)
    if followed:
        warehouse.run_template("staging/followed_surplus", **context)
    broken = set(warehouse.rows_template("checks/broken", **context))
    for promise in promises:
        if (promise.id, False) in broken:
            _name_the_nearest(warehouse, contract, promise, present, context)
    rows = sum(receipt.records for receipt in intake.receipts if receipt.table == contract.name)
    kept_out = [name for name in (f"{contract.name} {of}" for of in KEPT_OUT) if warehouse.columns(f"raw.{name}")]
    warehouse.run_template("checks/accept", portions=1 + rows // SORTED, kept_out=kept_out, **context)
    titles = {name: table.title for name, table in contracts.tables.items()}
    found, warnings = breaches_of(warehouse, contract, promises, titles, context) if broken else ([], [])
    account.breaches += found
    account.warnings += warnings
    _count(warehouse, intake, contract, context, account)
    _stop_promises(contract, promises, found, account)


# The register of units: rows under the code of a unit that has ended follow its successor, names stand for codes.


UNITS = "units"
LISTED = re.compile(r"[、,;|/\n]")


def read_register(warehouse: Warehouse) -> Register:
    """The register as ``staged.units`` has it, and ``staged.tenures`` and ``staged.aliases`` that follow from it."""
    lives = {}
    for row in warehouse.records("staging/register"):
        lists = (
            tuple(one.strip() for one in LISTED.split(row[name] or "") if one.strip())
            for name in ("succeeded_by", "former_names", "short_name")
        )
        successors, former, short = lists
        days = row["valid_from"], row["valid_to"]
        named = row["unit_name"] or row["unit_id"]
        lives[row["unit_id"]] = Life(row["unit_id"], named, *days, successors, row["cases_to"] or "", former, short)
    register = Register(lives)
    given, heirs, first, last = zip(*register.tenures(), strict=True) if register.tenures() else ((), (), (), ())
    texts, days = pyarrow.string(), pyarrow.date32()
    tenures = {
        "given": pyarrow.array(given, texts),
        "heir": pyarrow.array(heirs, texts),
        "first_day": pyarrow.array(first, days),
        "last_day": pyarrow.array(last, days),
    }
    warehouse.store("staged.tenures", pyarrow.table(tenures))
    aliases = {name: code for name, code in register.aliases().items() if code}
    columns = {
        "alias": pyarrow.array([*aliases], texts),
        "unit_id": pyarrow.array([*aliases.values()], texts),
    }
    warehouse.store("staged.aliases", pyarrow.table(columns))
    return register


def units_named(contract: TableContract) -> str:
    """The column in which a table names a unit, "" for none."""
    asked = [p.column for p in contract.promises if p.kind == "spelled_as" and p.argument("table") == UNITS]
    return asked[0] if asked else ""


def _take_as_the_register_has_it(
    warehouse: Warehouse, contract: TableContract, context: dict[str, Any], account: _Account
) -> bool:
    """Names of units as their codes, rows under an ended code as its successor's; whether rows were looked at."""
    column = units_named(contract)
    if not column or not account.register.lives:
        return False
    warehouse.run_template("staging/named", column=column, **context)
    [(n,)] = warehouse.rows("staging/named_count")
    if n:
        account.notices.append(say("contracts.named_by_name", n=n, title=contract.title))
    if not account.register.tenures():
        return False
    start = account.period.start.date() if account.period else date.min
    how = {"by": contract.period_by, "start": start.isoformat(), "of_case": _of_cases(contract)}
    warehouse.run_template("staging/followed", column=column, **how, **context)
    for former, heir, moved, surplus in warehouse.rows_template("staging/followed_counts", **context):
        lives = account.register.lives
        of = {"former": former, "unit": lives[former].unit_name, "last": lives[former].valid_to, "heir": heir}
        of |= {"heir_name": lives[heir].unit_name, "title": contract.title}
        may_be_named = not contract.columns[column].restricted  # nothing of confidential columns
        if moved and may_be_named:
            account.notices.append(say("contracts.followed", n=moved, **of))
            followed = (*account.register.followed, Followed(contract.name, former, heir, moved))
            account.register = replace(account.register, followed=followed)
        if surplus and may_be_named:
            account.notices.append(say("contracts.followed_surplus", n=surplus, **of))
    return True


def _of_cases(contract: TableContract) -> bool:
    """Whether the rows of a table are on case rows."""
    return any(table == CASES for promise in contract.promises for table, _ in targets(promise))


def _part_with_the_ended(warehouse: Warehouse, contracts: Contracts, period: Period, account: _Account) -> None:
    """Units in force on no day of the period are not ranked, and leave the units to score where no row names them."""
    first, last = period.start.date(), period.end.date() - timedelta(days=1)
    ended = [id for id, life in account.register.lives.items() if not life.in_force(first, last)]
    if not ended:
        return
    warehouse.store("staged.ended", _texts("unit_id", ended))
    named = [(table.name, units_named(table)) for table in contracts.tables.values() if units_named(table)]
    warehouse.run_template("staging/out_of_force", named=named)
    for (id,) in warehouse.rows("staging/still_named"):
        account.notices.append(say("contracts.out_of_force", unit=account.register.lives[id].unit_name, unit_id=id))


def _check_across_rows(
    warehouse: Warehouse,
    contracts: Contracts,
    contract: TableContract,
    promise: Promise,
    present: set[str],
    context: dict[str, Any],
    account: _Account,
) -> None:
    """Promises that look beyond the row: references and repeated values."""
    if promise.kind in ("unique", "one_spelling", "no_part_beside", "within_whole"):
        warehouse.run_template(f"checks/{promise.kind}", promise=promise, form=PERIOD, **context)
    if promise.kind == "spelled_as" and promise.argument("table") in present:
        warehouse.run_template("checks/spelled_as", promise=promise, target=promise.argument("table"), **context)
    if promise.kind in SUCCESSION:
        warehouse.store("staged.succession", _texts("unit_id", account.register.faults()[promise.kind]))
        warehouse.run_template("checks/succession", promise=promise)
    if promise.kind == "number_in_any":
        refusable = [
            (target, keys)
            for target, keys in promise.argument("tables")
            if target in present and set(keys) <= set(contracts.tables[target].key)
        ]
        warehouse.run_template("checks/number_in_any", promise=promise, refusable=refusable, **context)
    if promise.kind not in REFERENCES:
        return
    target = promise.argument("table")
    if target in present:
        pairs = tuple(zip(promise.argument("columns"), promise.argument("keys"), strict=True))
        warehouse.run_template("checks/reference", promise=promise, target=target, pairs=pairs, **context)
    elif promise.kind == "reference_unless_table_absent":
        account.notices.append(_unchecked(warehouse, contracts.tables[target], contract))


def _leave_out(warehouse: Warehouse, contract: TableContract, context: dict[str, Any], account: _Account) -> None:
    """Leave out, with a notice, the sound rows on what belongs to another period."""
    warehouse.run_template("checks/left_out", **context)
    keys = [shown_value(key) for (key,) in warehouse.rows_template("checks/left_out_keys", **context)]
    if keys:
        shown = "、".join(keys[:NAMED_ROWS]) + ("…" if len(keys) > NAMED_ROWS else "")
        facts = {"title": contract.title.zh, "table": contract.name}
        account.notices.append(say("contracts.decisions_left_out", n=len(keys), keys=shown, **facts))


def _name_the_nearest(
    warehouse: Warehouse, contract: TableContract, promise: Promise, present: set[str], context: dict[str, Any]
) -> None:
    """Beside a reference that leads nowhere, what it may have meant; nothing of confidential columns."""
    where = [(target, keys) for target, keys in targets(promise) if target in present]
    own = promise.argument("columns", ())
    if where and own and not any(contract.columns[column].restricted for column in own):
        warehouse.run_template("checks/nearest", promise=promise, own=own, targets=where, **context)


def _without_case_rows(
    warehouse: Warehouse, intake: Intake, contracts: Contracts, account: _Account, period: Period, by: str
) -> list[Words]:
    """The stop where the case table has no row of the period: the folder of another one, or an empty export."""
    cases = contracts.tables["cases"]
    if cases.name in intake.absent_tables:
        units = warehouse.rows_template("checks/without_figure", names=_names_of(period))
        facts = {"title": cases.title.zh, "table": cases.name, "units": "、".join(id for (id,) in units[:NAMED_ROWS])}
        return [say("figures.no_case_rows", **facts)] if units else []
    [(n,)] = warehouse.rows_template("checks/case_rows_of_period", start=period.start, end=period.end, by=by)
    if n or account.stops and not account.rows[cases.name].accepted:  # what is wrong with the rows is told already
        return []
    of = [say("contracts.rows_of_period", period=name, n=rows) for name, rows in account.periods.get(cases.name, ())]
    none = say("contracts.no_rows_at_all")
    tables = Words("、".join(one.zh for one in of) or none.zh, ", ".join(one.en for one in of) or none.en)
    files = "、".join(receipt.file for receipt in intake.receipts if receipt.table == cases.name)
    named = {"title": cases.title.zh, "table": cases.name, "files": files}
    return [say("contracts.no_case_rows", period=period, periods=tables, **named)]


def _names_of(period: Period) -> dict[str, int]:
    """The names of a period and of its months, each with how many months it is of."""
    span = f"{period.months[0]}..{period.months[-1]}"
    return {**dict.fromkeys(period.months, 1), str(period): period.n, span: period.n}


def _unchecked(warehouse: Warehouse, target: TableContract, contract: TableContract) -> Words:
    """The notice that rows are kept although the table they refer to is absent."""
    [(rows,)] = warehouse.rows_template("checks/rows", table=contract.name)
    judged = (contract.name, target.name) == ("evaluations", "evaluators")
    key = "contracts.evaluators_absent" if judged else "contracts.reference_table_absent"
    columns = "、".join(target.key)
    facts = {"title": target.title.zh, "table": target.name, "from_title": contract.title.zh}
    return say(key, rows=rows, columns=columns, from_table=contract.name, **facts)


def _count(
    warehouse: Warehouse, intake: Intake, contract: TableContract, context: dict[str, Any], account: _Account
) -> None:
    """Account for every row of a table; a tolerance passed is a stop."""
    [(raw, accepted, rejected, left_out, own)] = warehouse.rows_template("checks/account", **context)
    broken = intake.broken.get(contract.name, 0)
    receipts = [receipt for receipt in intake.receipts if receipt.table == contract.name]
    read, aside = sum(r.records for r in receipts), sum(r.left_out + r.blank for r in receipts)
    replaced = intake.replaced(contract.name)
    if read != raw + broken + aside + replaced or raw != accepted + rejected + left_out:
        found = accepted + rejected + left_out + broken + aside + replaced
        raise Refusal(say("contracts.unaccounted", table=contract.name, read=read, found=found))
    left_out += sum(r.left_out for r in receipts)
    copied = _copied_files(contract, receipts, account)
    account.notices += copied
    account.warnings += map(breach_of_file, copied)
    blank = sum(r.blank for r in receipts)
    account.rows[contract.name] = RowCount(read, accepted, rejected + broken, left_out, blank, replaced)
    absent = (contract.name, contract.period_by) in intake.declared_absent
    if contract.period_by and not absent:
        months = warehouse.rows_template("checks/periods", column=contract.period_by, table=contract.name)
        account.periods[contract.name] = _by_period(months, account.period)
    faulty, percent = own + broken, contract.tolerance_percent
    stops = [promise.id for promise in contract.promises if promise.severity == "stop"]  # told of by themselves
    own_faults = [b for b in account.breaches if b.table == contract.name and b.promise not in (*NO_OWN_FAULT, *stops)]
    if own_faults and 100 * faulty > percent * read and faulty > contract.tolerated_rows:
        facts = {"title": contract.title.zh, "table": contract.name, "rejected": faulty, "rows": named(own_faults)}
        key = "tolerance_passed" if percent or contract.tolerated_rows else "every_row"
        account.stops.append(say(f"contracts.{key}", read=read, percent=percent, **facts))


def _by_period(months: Iterable[tuple[date, int]], period: Period | None) -> tuple[tuple[str, int], ...]:
    """Rows by periods of the kind that is scored, in order; by months where none is or around a span."""
    found: Counter[Period] = Counter()
    for day, n in months:
        found[period.like(day) if period else Period.holding(day, MONTH)] += n
    return tuple((str(one), found[one]) for one in sorted(found))


def _copied_files(contract: TableContract, receipts: list[Receipt], account: _Account) -> list[Notice]:
    """A notice of every file whose rows all stand in other files of its table: one that was put there twice."""
    copies = Counter(b.file for b in account.breaches if b.table == contract.name and b.promise == "duplicate_row")
    found = []
    for one in receipts:
        n = sum(rows for file, rows in copies.items() if file == one.file or file.startswith(f"{one.file}["))
        if n and n == one.records - one.left_out - one.blank:
            others = "、".join(other.file for other in receipts if other is not one)
            facts = {"title": contract.title.zh, "table": contract.name, "others": others}
            found.append(note("contracts.copied_file", file=one.file, n=n, of=contract.name, **facts))
    return found


def _stop_promises(
    contract: TableContract, promises: tuple[Promise, ...], found: list[Breach], account: _Account
) -> None:
    for promise in promises:
        rows = [breach for breach in found if promise.severity == "stop" and breach.promise == promise.id]
        if rows:
            facts = {"title": contract.title.zh, "table": contract.name, "n": len(rows), "says": promise.says}
            account.stops.append(say("contracts.stop_promise", rows=named(rows), **facts))


def named(breaches: list[Breach]) -> Words:
    """The first row of every kind of fault, the most frequent kinds first: place, value, remedy and how many."""
    kinds = Counter((breach.column, breach.promise) for breach in breaches)
    lines = []
    for (column, promise), n in kinds.most_common(NAMED_KINDS):
        first = next(b for b in breaches if (b.column, b.promise) == (column, promise))
        more = say("contracts.stop_row_more", n=n) if n > 1 else Words("", "")
        facts = {name: getattr(first, name) for name in ("file", "line", "column", "value", "remedy")}
        lines.append(say("contracts.stop_row", more=more, **facts))
    return Words("".join(line.zh for line in lines), "".join(line.en for line in lines))
