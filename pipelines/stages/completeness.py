"""Signs of a cut export: what would be scored as a whole quarter and may be a part of one."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from pipelines.edges.warehouse import Warehouse
from pipelines.edges.wording import note, say
from pipelines.model.contract import Contracts
from pipelines.model.export import CUT_AT_ROW, THIN_MONTH, Fault, Notice
from pipelines.model.intake import Intake
from pipelines.model.period import Period
from pipelines.model.words import Words
from pipelines.stages.breaches import shown_value

# A month with less than this share of what the other months have on average looks cut off.
THIN = Fraction(1, 10)
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
    def days(self) -> dict:
        """First day of the period, and the first after it."""
        return {"start": self.period.start.date(), "end": self.period.end.date()}

    def files(self, table: str) -> str:
        """The files of a table, in a row."""
        return "、".join(receipt.file for receipt in self.intake.receipts if receipt.table == table)


def signs_of_a_cut(warehouse: Warehouse, intake: Intake, contracts: Contracts, period: Period,
                   present: Iterable[str]) -> list[Notice]:  # fmt: skip
    """What speaks for a cut export: a notice a sign, to be asked once all tables are accepted.

    A case file without a line end at its end, while other tables name cases that it lacks; a month of the period
    with under a tenth of the rows that the others have on average.
    """
    search = _Search(warehouse, intake, contracts, period)
    return [*_cut_at_row(search, set(present)), *_thin_months(search, set(present))]


def _cut_at_row(search: _Search, present: set[str]) -> list[Notice]:
    files = [receipt.file for receipt in search.intake.receipts if receipt.table == CASES and receipt.unended]
    tables = [name for name, table in search.contracts.tables.items()
              if name in present - {CASES} and "case_id" in table.columns]  # fmt: skip
    if not files or not tables:
        return []
    found = search.warehouse.rows_template("checks/missing_cases", tables=tables, **search.days)
    [(n, file, line, case)] = found
    if not n:
        return []
    facts = {"n": n, "by": file, "line": line, "case": shown_value(case)}
    return [note(f"contracts.{CUT_AT_ROW}", file=name, of=CASES, **facts) for name in files]


def _thin_months(search: _Search, present: set[str]) -> list[Notice]:
    return [thin for table in search.contracts.tables.values() if table.every_month and table.name in present
            if (table.name, table.period_by) not in search.intake.declared_absent
            for thin in _thin_months_of(search, table)]  # fmt: skip


def _thin_months_of(search: _Search, table) -> list[Notice]:
    context = {"table": table.name, "column": table.period_by, **search.days}
    found = dict(search.warehouse.rows_template("checks/months", **context))
    months = {month: found.get(month, 0) for month in search.period.months}
    facts = {"file": search.files(table.name), "title": table.title.zh, "table": table.name, "of": table.name}
    return [note(f"contracts.{THIN_MONTH}", str(n), month=month, few=_few(n, round(others)), **facts)
            for month, n, others in thin_months(months)]  # fmt: skip


def _few(n: int, others: int) -> Words:
    """How many rows a thin month has, beside the average of the others."""
    return say("contracts.thin_month_few", n=n, others=others) if n else say("contracts.thin_month_none", others=others)


def thin_months(months: dict[str, int]) -> list[tuple[str, int, Fraction]]:
    """Months with under a tenth of the rows that the others have on average: month, its rows, that average.

    Where a tenth of the others is less than a row, no month is thin.
    """
    found = []
    for month, n in months.items():
        others = [rows for name, rows in months.items() if name != month]
        usual = Fraction(sum(others), len(others)) if others else Fraction(0)
        if usual * THIN >= 1 and n < usual * THIN:
            found.append((month, n, usual))
    return found
