"""The export as a whole beside the finished periods before: what no single row shows. A warning, never a stop."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import cache
from math import ceil, floor
from pathlib import Path
from statistics import median

import yaml

from pipelines.contracts.expectations import Check
from pipelines.edges.published import earlier_folders
from pipelines.edges.warehouse import Warehouse
from pipelines.model.contract import Column, Contracts, TableContract
from pipelines.model.intake import Intake
from pipelines.model.period import Period
from pipelines.model.words import UsageRefusal, Words
from pipelines.paths import CONTRACTS
from pipelines.views.charts import history
from pipelines.wording import say

REPORT = Path("quality") / "report.json"
SHARES = ("empty", "label")
PERCENTILES = ("10", "50", "90")
WHOLE = 10_000  # shares are counted in hundredths of a percent
CONFIDENTIAL = {"evaluators", "evaluations"}  # of few people, who could be known by what they are
UNTOLD = {("cases", "public_rating")}  # beside the rate of final ratings its shares would tell how many were overturned


@dataclass(frozen=True)
class Figure:
    """One number of a table as a whole: rows, hundredths of a percent, days or minutes, by ``kind``.

    ``before``: the name of each earlier period, its figure and how it was judged then. ``low`` and ``high`` are None
    where nothing is expected; ``outcome`` is kept, broken, or "" where nobody judged.
    """

    table: str
    kind: str
    column: str
    label: str
    value: int
    before: tuple[tuple[str, int, str], ...] = ()
    low: int | None = None
    high: int | None = None
    outcome: str = ""

    @property
    def name(self) -> str:
        """What tells it from every other; the month of rows without its year."""
        label = self.label[5:] if self.kind == "rows" else self.label
        return " ".join((self.table, self.kind, self.column, label))


@cache
def limits() -> dict:
    """The bounds of `data_contracts/history.yaml`."""
    return yaml.safe_load((CONTRACTS / "history.yaml").read_text(encoding="utf-8"))


def figures_of(
    warehouse: Warehouse, contracts: Contracts, intake: Intake, period: Period, out: Path
) -> tuple[Figure, ...]:
    """Every figure of the accepted rows with what is expected of it; UsageRefusal for a damaged report before."""
    known = list(_earlier(out, period))
    given = {receipt.table for receipt in intake.receipts}
    tables = [table for name, table in contracts.tables.items() if name in given - CONFIDENTIAL]
    counted = (_counted(warehouse, table, intake.declared_absent, period) for table in tables)
    return tuple(_expected(figure, known) for figures in counted for figure in figures)


def _counted(
    warehouse: Warehouse, table: TableContract, absent: Iterable[tuple[str, str]], period: Period
) -> Iterator[Figure]:
    """The figures of one table; none but its rows by month where there are too few to say more."""
    given = {name: one for name, one in table.columns.items() if (table.name, name) not in absent}
    by = table.period_by if table.period_by in given else ""
    asked = list(_asked(table, given, period.months if by else ()))
    facts = {"table": table.name, "by": by, "start": period.start, "end": period.end, "asked": asked}
    [(rows, *counted)] = warehouse.rows_template("checks/history", **facts)
    for one, part, whole in zip(asked, counted[::2], counted[1::2], strict=True):
        kind, column, label = one["kind"], one["column"], one["label"]
        n = whole if kind in SHARES else rows
        if part is None or kind != "rows" and n < limits()["least"]:
            continue
        if kind in SHARES:
            part = floor(Fraction(WHOLE * part, whole) + Fraction(1, 2))
        for percentile, value in zip(PERCENTILES, part, strict=True) if kind == "deadline" else [(label, part)]:
            yield Figure(table.name, kind, column, percentile, value)


def _asked(table: TableContract, given: dict[str, Column], months: Iterable[str]) -> Iterator[dict[str, str]]:
    """What is counted of a table; of its restricted columns, and of what must not be told, only how many are empty."""
    since = {
        promise.column: promise.argument("than")
        for promise in table.promises
        if promise.kind == "not_before" and promise.column in given and given[promise.column].deadline
    }
    for month in months:
        yield {"kind": "rows", "column": "", "label": month}
    for name, column in given.items():
        if not column.required:
            yield {"kind": "empty", "column": name, "label": ""}
        for label, _ in () if column.restricted or (table.name, name) in UNTOLD else column.labels:
            yield {"kind": "label", "column": name, "label": label}
    for name in sorted(set(since.values())) if table.every_month else ():
        yield {"kind": "freshness", "column": name, "label": ""}
    for name, begun in since.items():
        yield {"kind": "deadline", "column": name, "label": "", "since": begun}


def _earlier(out: Path, period: Period) -> Iterator[tuple[str, list[Figure]]]:
    """The figures of the finished periods of ``out``, the oldest first; those from before there were any are none."""
    found = list(earlier_folders(out, period).items())
    for before, folder in found[-limits()["periods"] :]:
        file = folder / REPORT
        if not file.is_file():
            continue
        try:
            figures = json.loads(file.read_text(encoding="utf-8")).get("history", [])
            yield str(before), [Figure(**{**one, "before": ()}) for one in figures]
        except (ValueError, TypeError, AttributeError):
            raise UsageRefusal(say("published.damaged", folder=folder)) from None


def _expected(figure: Figure, earlier: list[tuple[str, list[Figure]]]) -> Figure:
    """The figure with those before it and its bounds; rows of the same month, where no year has it of any month."""
    alike = [(before, one) for before, figures in earlier for one in figures if one.name == figure.name]
    if not alike and figure.kind == "rows":
        alike = [
            (b, one) for b, figures in earlier for one in figures if (one.table, one.kind) == (figure.table, "rows")
        ]
    if not alike:
        return figure
    named = tuple((one.label if one.kind == "rows" else before, one.value, one.outcome) for before, one in alike)
    middle = median(Fraction(one.value) for _, one in alike)
    limit = limits()[figure.kind]
    if figure.kind == "rows" and middle < limits()["least"]:
        return replace(figure, before=named)
    low, high = Fraction(0), middle + limit.get("more", 0)
    if "percent" in limit:
        low, high = (middle * percent / 100 for percent in limit["percent"])
    if "points" in limit:
        low, high = (max(middle - 100 * limit["points"], 0), middle + 100 * limit["points"])
    return replace(figure, before=named, low=ceil(low), high=floor(high))


# As Great Expectations: a frame of one row, a column a figure.


def checks_of_history(figures: Iterable[Figure]) -> tuple[Check, ...]:
    """One expectation for every figure of which something is expected."""
    return tuple(
        Check(
            (one.name,),
            "ExpectColumnValuesToBeBetween",
            (("column", one.name), ("min_value", one.low), ("max_value", one.high)),
            (one.name,),
        )
        for one in figures
        if one.low is not None
    )


def judged(figures: tuple[Figure, ...], outcomes: list[dict]) -> tuple[Figure, ...]:
    """The figures with the outcomes of their expectations."""
    found = {outcome["promises"][0]: outcome["outcome"] for outcome in outcomes}
    return tuple(replace(one, outcome=found.get(one.name, "")) for one in figures)


def compared(figure: Figure) -> Figure:
    """The figure with the same outcome, where Great Expectations is not there to give it."""
    if figure.low is None:
        return figure
    return replace(figure, outcome="kept" if figure.low <= figure.value <= figure.high else "broken")


def warnings_of(figures: Iterable[Figure], contracts: Contracts) -> tuple[Words, ...]:
    """A sentence with its figures for each that lies outside what was expected, or could not be judged."""
    return tuple(_warning(one, contracts) for one in figures if one.outcome in ("broken", "error"))


def _warning(one: Figure, contracts: Contracts) -> Words:
    shown = [said(one.kind, value) for value in (one.value, one.low, one.high)]
    now, low, high = shown
    past = one.before[-3:]
    before = Words(
        "、".join(f"{period} {said(one.kind, value).zh}" for period, value, _ in past),
        ", ".join(f"{period} {said(one.kind, value).en}" for period, value, _ in past),
    )
    return say("quality.history_warning", what=what(one, contracts), now=now, low=low, high=high, before=before)


def what(one: Figure, contracts: Contracts) -> Words:
    """What a figure counts."""
    table = contracts.tables[one.table]
    column = table.columns.get(one.column)
    labels = dict(column.labels).get(one.label, ()) if column else ()
    label = Words((labels or (one.label,))[0], one.label)
    name = Words(column.title if column else "", one.column)
    title = Words(table.title.zh, one.table)
    return say(f"quality.history_{one.kind}", table=title, column=name, label=label)


def said(kind: str, value: int) -> Words:
    """A figure with its unit."""
    if kind in SHARES:
        return Words(*(f"{value // 100}.{value % 100:02d}%",) * 2)
    return say(f"quality.history_unit_{kind}", value=value)


def drawn(figures: Iterable[Figure], contracts: Contracts, lang: str) -> list[dict]:
    """The rows of the page in ``lang``, those outside what was expected first."""
    compared = sorted((one for one in figures if one.low is not None), key=lambda one: one.outcome == "kept")
    return [
        {
            "what": what(one, contracts).into(lang),
            "now": said(one.kind, one.value).into(lang),
            "expected": " – ".join(said(one.kind, bound).into(lang) for bound in (one.low, one.high)),
            "past": [f"{period} {said(one.kind, value).into(lang)}" for period, value, _ in one.before],
            "outcome": one.outcome,
            "chart": history(
                [(value, was) for _, value, was in one.before], (one.value, one.outcome), one.low, one.high
            ),
        }
        for one in compared
    ]


def kept_as(figures: Iterable[Figure]) -> list[dict]:
    """The figures as the report keeps them."""
    return [{**asdict(one), "before": [list(past) for past in one.before]} for one in figures]
