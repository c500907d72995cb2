"""The rows of the published tables, in the column orders of the interface; and the manifest."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from pipelines.model.intake import Breach
from pipelines.model.points import shown
from pipelines.model.project import Project
from pipelines.model.score import Earlier, Paper, ScoredPeriod
from pipelines.model.text import file_stem, masked
from pipelines.views import quality
from pipelines.views.compared import city_figures, received
from pipelines.views.figures import Say, notes
from pipelines.views.frame import absences
from pipelines.views.ranking import by_verdict, verdicts

# The rows of the published tables, in the column orders of the interface; values are raw text or None.


RANKING = (
    "period",
    "unit_id",
    "unit_name",
    "unit_group",
    "base",
    "bonus",
    "total",
    "rank",
    "group_rank",
    "case_rows",
    "measured_marks",
    "grade",
    "steady",
    "note",
)
ITEMS = ("period", "unit_id", "item_id", "full_marks", "deducted", "score", "measured_marks", "note")
LEDGER = (
    "entry_id",
    "period",
    "unit_id",
    "item_id",
    "rule_id",
    "clause",
    "month",
    "case_id",
    "ref_id",
    "points",
    "adjustment_id",
    "detail",
)
EVIDENCE = ("period", "unit_id", "item_id", "rule_id", "clause", "month", "case_id", "ref_id", "detail")
QUARANTINE = ("table", "file", "line", "key", "column", "promise", "value", "remedy")
ADJUSTMENTS = (
    "adjustment_id",
    "unit_id",
    "action",
    "case_id",
    "rule_id",
    "ref_id",
    "received_on",
    "answer_by",
    "decided_on",
)
ACCOUNTS = (
    "period",
    "unit_id",
    "table",
    "received",
    "scored",
    "pending",
    "other_period",
    "excluded",
    "quarantined",
    "left_out",
    "counted_before",
    "cases_counted_before",
    "from_former_units",
)
VERDICTS = ("period", "unit_id", "unit_name", "list", "clause", "title", "says")
TRACE = ("period", "unit_id", "stage", "rule_id", "month", "fact")

SUMS = frozenset({"base", "bonus", "total"})  # with the decimals of the book
NUMBERS = SUMS | frozenset({"full_marks", "deducted", "score", "points", "measured_marks"})
COUNTS = frozenset({"rank", "group_rank", "case_rows", "steady", "line", *ACCOUNTS[3:-2]})


def ranking_rows(result: ScoredPeriod, say: Say) -> Iterator[dict]:
    """`ranking.csv`: a line per unit in listing order, the unranked last with empty places."""
    simulated = result.intake.simulated
    for standing in result.standings:
        unit, score = result.tallies[standing.unit_id].unit, result.scores[standing.unit_id]
        yield {
            "period": str(result.period),
            "unit_id": unit.unit_id,
            "unit_name": masked(unit.unit_name),
            "unit_group": masked(unit.unit_group),
            "base": result.rulebook.sum(score.base),
            "bonus": result.rulebook.sum(score.bonus),
            "total": result.rulebook.sum(score.total),
            "rank": standing.rank,
            "group_rank": standing.group_rank,
            "case_rows": standing.case_rows,
            "measured_marks": shown(score.measured_marks),
            "grade": standing.grade,
            "steady": one.open_places if (one := result.place_ranges.get(unit.unit_id)) else None,
            "note": notes(say, standing.notes, result.rulebook, simulated, score.unmeasured_marks),
        }


def of_feed(row: dict) -> dict:
    """The line as `result.json` has it: its decimals have two places, more where the book prints more."""
    return row | {name: shown(Fraction(row[name])) for name in SUMS & row.keys()}


def item_rows(result: ScoredPeriod, say: Say) -> Iterator[dict]:
    """`items.csv`: a line per unit and item, units in listing order, the bonus as item A4 with full marks 0."""
    for standing in result.standings:
        for item in result.scores[standing.unit_id].items.values():
            yield {
                "period": str(result.period),
                "unit_id": standing.unit_id,
                "item_id": item.item_id,
                "full_marks": shown(item.full_marks),
                "deducted": result.rulebook.line(item.deducted),
                "score": result.rulebook.line(item.score),
                "measured_marks": shown(item.measured_marks),
                "note": notes(say, item.notes, result.rulebook, result.intake.simulated),
            }


def breach_rows(breaches: list[Breach]) -> Iterator[dict]:
    """`quarantine.csv`: a line per broken promise, the remedy in Chinese."""
    for breach in breaches:
        yield {
            "table": breach.table,
            "file": breach.file,
            "line": breach.line or None,  # none: the whole file is meant
            "key": breach.key,
            "column": breach.column,
            "promise": breach.promise,
            "value": breach.value if breach.column.endswith("_id") else masked(breach.value),
            "remedy": breach.remedy.zh,
        }


def account_rows(result: ScoredPeriod) -> Iterator[dict]:
    """`accounts.csv`: what became of every unit's case rows; a line for rows of no known unit comes first.

    received = scored + other_period + excluded + quarantined + left_out + counted_before; pending (open at the cutoff)
    is a part of scored. Rows that an earlier quarter counted are named with that quarter; of the rows received, those
    under the code of a unit that has ended are counted by that code.
    """
    receipts = [receipt for receipt in result.intake.receipts if receipt.table == "cases"]
    unread = Counter(row.unit_id for row in result.quarantined if row.unread)
    for row in result.accounts:
        nobody = not row["unit_id"]
        broken = result.intake.broken.get("cases", 0) - unread.total() if nobody else unread[row["unit_id"]]
        counts = {
            **row,
            "quarantined": row["quarantined"] + broken,
            "left_out": sum(receipt.left_out for receipt in receipts) if nobody else 0,
        }
        before = [f"{one.case_id}（{one.counted_in}）" for one in result.counted_rows if one.unit_id == row["unit_id"]]
        parts = ("scored", "other_period", "excluded", "quarantined", "left_out", "counted_before")
        if not nobody or any(counts[name] for name in parts):
            yield {
                "period": str(result.period),
                "table": "cases",
                **counts,
                "received": sum(counts[name] for name in parts),
                "cases_counted_before": "；".join(before),
                "from_former_units": "；".join(
                    f"{one.former}（{one.n}）"
                    for one in result.validation.register.followed
                    if one.table == "cases" and one.heir == row["unit_id"]
                ),
            }


def verdict_rows(result: ScoredPeriod) -> Iterator[dict]:
    """`verdicts.csv`: a line per commendation, criticism or remark; one without a unit for what is said of many."""
    every = verdicts(result)
    for verdict in by_verdict({"together": every.pop("together")})["together"]:
        yield {
            "period": str(result.period),
            "unit_id": "",
            "unit_name": "",
            "list": "together",
            "clause": verdict["clause"],
            "title": verdict["title"],
            "says": verdict["says"],
        }
    for name, given in every.items():
        for verdict in given:
            unit = result.tallies[verdict["unit_id"]].unit
            yield {
                "period": str(result.period),
                "unit_id": unit.unit_id,
                "unit_name": masked(unit.unit_name),
                "list": name,
                "clause": verdict["clause"],
                "title": verdict["title"],
                "says": verdict["says"],
            }


def trace_rows(result: ScoredPeriod) -> Iterator[dict]:
    """`trace.csv`: which rule fired on which fact, in the order in which they fired."""
    for fired in result.trace:
        yield {
            "period": str(result.period),
            "unit_id": fired.unit_id,
            "stage": fired.stage,
            "rule_id": fired.rule_id,
            "month": fired.month,
            "fact": fired.fact,
        }


def small_tables(result: ScoredPeriod, say: Say) -> dict[str, tuple[tuple[str, ...], list[dict]]]:
    """Every table but the ledger: name → columns and rows."""
    return {
        "ranking": (RANKING, list(ranking_rows(result, say))),
        "items": (ITEMS, list(item_rows(result, say))),
        "accounts": (ACCOUNTS, list(account_rows(result))),
        "quarantine": (QUARANTINE, list(breach_rows(quality.quarantined(result)))),
        "warnings": (QUARANTINE, list(breach_rows(quality.warned(result)))),
        "verdicts": (VERDICTS, list(verdict_rows(result))),
        "trace": (TRACE, list(trace_rows(result))),
    }


# The feed for other systems: the published tables as one document.


SCHEMA = "result.schema.json"
VERSION = "1.1"


def head(result: ScoredPeriod, say: Say) -> dict:
    """The document without its tables: the quarter, the rules and readings, the account of rows."""
    intake = result.intake
    return {
        "$schema": SCHEMA,
        "version": VERSION,
        "period": str(result.period),
        "period_start": result.period.start.isoformat(),
        "period_end": result.period.end.isoformat(),
        "cutoff": result.cutoff.isoformat(),
        "simulated": intake.simulated,
        "label": say("pages.simulated").zh if intake.simulated else "",
        "rulebook": {
            "edition": result.rulebook.edition,
            "title": result.rulebook.title.zh,
            "sha256": result.rulebook.sha256,
        },
        "readings": dict(result.readings),
        "item_titles": {item.id: item.title.zh for item in result.rulebook.items.values()},
        "rule_titles": {rule.id: rule.title.zh for rule in result.rulebook.rules.values()},
        "absent": {
            "tables": list(intake.absent_tables),
            "columns": [list(pair) for pair in intake.declared_absent],
            "says": absences(result, say),
        },
        "rows": row_account(result),
        "pages": {unit_id: f"units/{file_stem(unit_id)}.html" for unit_id in result.scores},
    }


def row_account(result: ScoredPeriod) -> dict[str, dict[str, int]]:
    """Rows read and what became of them, per table."""
    return {table: rows.counts() for table, rows in result.validation.rows.items()}


# The manifest: what went into a published quarter and what came out, by hash; no clock, no machine.


MANIFEST_VERSION = "1.0"


def manifest(
    result: ScoredPeriod,
    code: dict,
    contracts: dict[str, str],
    outputs: dict[str, str],
    paper: Paper,
    proposed: str = "",
) -> dict:
    """Everything that `verify` needs to recompute the quarter.

    ``code`` is the package version and the hash of the code; ``contracts`` and ``outputs`` are sha256 by file;
    ``paper`` tells whether pages were printed, and what is wrong with them: a missing font, a missing glyph.
    ``proposed`` is the sha256 of the pages that are kept for a preview.
    """
    intake, rulebook = result.intake, result.rulebook
    return {
        "version": MANIFEST_VERSION,
        "period": str(result.period),
        "cutoff": result.cutoff.isoformat(),
        "simulated": intake.simulated,
        "readings": dict(result.readings),
        "inputs": [
            {
                "table": r.table,
                "file": r.file,
                "format": r.format,
                "encoding": r.encoding,
                "records": r.records,
                "sha256": r.sha256,
            }
            for r in sorted(intake.receipts, key=lambda receipt: receipt.file)
        ],
        "source": {"name": intake.source, "sha256": intake.source_sha256} if intake.source else None,
        "rulebook": {"edition": rulebook.edition, "sha256": rulebook.sha256},
        "contracts": contracts,
        "calendar": {"sha256": result.calendar_sha256},
        "earlier": [_pinned(e) for e in result.earlier],
        **({"parts": _parts(result)} if result.parts else {}),
        "absent": sorted({*intake.declared_tables, *(".".join(pair) for pair in intake.declared_absent)}),
        "record": {"before": result.record_before},
        "counted_before": [{"period": str(one.period), "sha256": one.sha256} for one in result.counted],
        **({"evaluators": result.evaluators} if result.evaluators else {}),
        **({"city": result.city} if result.city else {}),
        **({"zone": result.zone} if result.zone not in ("", Project.zone) else {}),
        "office": _office(result) if "bulletin.pdf" in outputs else None,
        "blanks": _blanks(result) if "bulletin.pdf" in outputs else [],
        "figures": city_figures(result),
        "received": [list(one) for one in received(result)],
        "sums": _sums(result),
        "code": code,
        "rows": row_account(result),
        "checked_twice": result.checked_twice,
        "printing": paper.state,
        "paper": [notice.zh for notice in paper.notices],
        "proposed": proposed,
        "outputs": outputs,
    }


def _sums(result: ScoredPeriod) -> dict[str, object]:
    """How base, bonus and places follow from the items: what `recompute.py` has to know."""
    book = result.rulebook
    plain = book.sums_items and book.made_of(result.period) is None
    by = "share" if book.ranking.by_share else book.ranked_by(result.readings)
    return {"items_add_up": plain, "places_by": by}


def _pinned(one: Earlier) -> dict[str, str]:
    return {"period": str(one.period), "ranking_sha256": one.ranking_sha256, "manifest_sha256": one.manifest_sha256}


def _parts(result: ScoredPeriod) -> list[dict[str, str]]:
    """The periods that make this one, each by hash; one without results by its name alone."""
    return [_pinned(part) if part else {"period": str(period)} for period, part in result.parts]


def _blanks(result: ScoredPeriod) -> list[str]:
    """The settings that the printed bulletin leaves blank, by name."""
    return result.office.unset(str(result.period)) if result.office else []


def _office(result: ScoredPeriod) -> dict | None:
    """The hash of the settings that the printed bulletin was made with."""
    office = result.office
    return {"sha256": office.sha256(str(result.period))} if office else None
