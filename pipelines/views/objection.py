"""An objection to lines of a score, filled in as far as the score tells it: the form, and the table of decisions.

The columns are those of the scorecard's own form, so that whoever decides fills in the rest and the workbook is the
export table of decisions.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from fractions import Fraction

from pipelines.model.period import Period
from pipelines.model.rule import Rulebook
from pipelines.model.text import masked, plain
from pipelines.model.words import UsageRefusal, Words
from pipelines.views.figures import Say, named

WORDS = ("objection_unit", "objection_leader", "objection_contact", "objection_day")
# What stands under each head of the workbook; those of the export table of decisions by their names there.
FIELDS = (
    "adjustment_id",
    "received_on",
    "answer_by",
    "unit_id",
    "unit_name",
    "case_id",
    "rule_id",
    "ref_id",
    "why",
    "asked",
    "ground",
    "evidence",
    "action",
    "decided_by",
    "decided_on",
    "reason",
)
LONG = ("why", "ground")  # prose: wider than the others
COLUMNS = ("col_n", "col_case", "col_rule", "col_detail", "col_asked", "col_ground", "col_evidence")


def objection(
    unit: Mapping[str, str],
    ledger: Iterable[Mapping[str, str]],
    misses: Iterable[Mapping[str, str]],
    book: Rulebook,
    say: Say,
    numbers: Iterable[str] = (),
) -> dict:
    """The form: ``title``, ``says``, ``lines``, ``columns``, ``words``; ``heads``, ``rows`` of the workbook by field.

    ``unit`` is a line of ranking.csv, ``ledger`` and ``misses`` its lines of ledger.csv and evidence.csv. Of the lines
    that cost points and bear one of the ``numbers`` of cases or incidents, of rates' misses too; without numbers all
    lines that cost points by the case. UsageRefusal where a number names no such line, or nothing is left.
    """
    wanted = list(dict.fromkeys(numbers))
    lines = list(_lines(ledger, misses, wanted, book, say))
    told = {line["number"] for line in lines}
    if missing := [one for one in wanted if one not in told]:
        raise UsageRefusal(say("scorecard.objection_no_case", cases=" ".join(missing)))
    if not lines:
        raise UsageRefusal(say("scorecard.objection_nothing"))
    heads, period = say("scorecard.objection_heads").zh.split(), Period.parse(unit["period"])
    facts = {"unit_id": unit["unit_id"], "unit_name": unit["unit_name"]}
    return {
        "title": say("scorecard.objection_title", period_name=Words(named(period), named(period, "en"))).zh,
        "says": say("scorecard.objection_text").zh.replace("{n}", str(len(lines))),
        "unit": plain(masked(unit["unit_name"])),
        "lines": lines,
        "columns": [say(f"scorecard.{name}").zh for name in COLUMNS],
        "words": {name: say(f"scorecard.{name}").zh for name in WORDS},
        "heads": dict(zip(FIELDS, heads, strict=True)),
        "rows": [{**facts, **line["cells"]} for line in lines],
    }


def _lines(
    ledger: Iterable[Mapping[str, str]],
    misses: Iterable[Mapping[str, str]],
    wanted: Collection[str],
    book: Rulebook,
    say: Say,
) -> Iterator[dict]:
    """The chosen lines, and the misses of rates whose numbers are asked for."""
    for line in ledger:
        if Fraction(line["points"]) < 0 and _number(line) and (not wanted or _number(line) in wanted):
            yield _line(line, say("scorecard.objection_waive").zh, book)
    for row in misses:
        if _number(row) in wanted:
            yield _line(row, say("scorecard.objection_exclude").zh, book)


def _number(line: Mapping[str, str]) -> str:
    return line["case_id"] or line["ref_id"]


def _line(line: Mapping[str, str], asked: str, book: Rulebook) -> dict:
    rule = book.rules.get(line["rule_id"])
    why = plain(masked(line["detail"]))
    return {
        "number": _number(line),
        "rule": rule.title.zh if rule else line["rule_id"],
        "why": why,
        "asked": asked,
        "cells": {**{name: line[name] for name in ("case_id", "rule_id", "ref_id")}, "why": why, "asked": asked},
    }
