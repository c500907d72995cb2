"""The matter library and the knowledge base as pages and files show them; no title of a case, no name of a person."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

from pipelines.model.intake import Breach
from pipelines.model.library import LibraryFinding, LibraryReport
from pipelines.model.rule import Rulebook
from pipelines.model.text import file_stem, link_to, masked, plain
from pipelines.model.words import Words
from pipelines.views.figures import Say, listed, named, speaking
from pipelines.views.frame import column_name, shell, table_name
from pipelines.wording import say as written

FINDINGS = ("period", "as_of", "clause", "finding", "unit_id", "unit_name", "table", "row", "what", "remedy")
MATTERS = ("as_of", "matter_id", "matter_name", "unit_id", "process", "valid_from", "valid_to", "change_id")
WAIVERS = ("adjustment_id", "action", "unit_id", "case_id", "rule_id", "ref_id", "decided_by", "decided_on", "reason")
LIBRARIES = ("matters", "knowledge", "handling")
ON_PAGE = 30  # lines of a rule on the page; the file holds every finding
IN_BOX = 3  # findings on a unit's scorecard, each of another rule where there are several


def finding_rows(report: LibraryReport) -> Iterator[dict]:
    """`libraries/findings.csv`: a line per finding, in the order of the rules."""
    for finding in report.findings:
        yield {
            "period": str(report.period),
            "as_of": str(report.on),
            "clause": finding.rule.clause,
            "finding": finding.rule.id,
            "unit_id": finding.unit_id,
            "unit_name": masked(report.units.get(finding.unit_id, "")),
            "table": finding.rule.subject.table,
            "row": finding.row,
            "what": finding.what.zh,
            "remedy": finding.rule.remedy.zh,
        }


def matter_rows(report: LibraryReport) -> Iterator[dict]:
    """`libraries/matters.csv`: the matter library as it stood on the day."""
    for entry in report.matters:
        yield {
            "as_of": str(report.on),
            "matter_id": entry.matter_id,
            "matter_name": masked(entry.matter_name),
            "unit_id": entry.unit_id,
            "process": masked(entry.process),
            "valid_from": str(entry.valid_from),
            "valid_to": str(entry.valid_to or ""),
            "change_id": entry.change_id,
        }


def waiver_rows(report: LibraryReport) -> Iterator[dict]:
    """`libraries/waivers.csv`: decisions that the office may sign; without ``decided_by`` no run takes them (A3.3)."""
    for statement, unit_id, case_id in report.waivers:
        yield {
            **dict.fromkeys(WAIVERS, ""),
            "adjustment_id": f"FH-{statement}",
            "action": "waive_deduction",
            "unit_id": unit_id,
            "case_id": case_id,
            "rule_id": "late_reply",
            "reason": written("libraries.waiver_reason", statement=statement).zh,
        }


def page(report: LibraryReport, rulebook: Rulebook, say: Say) -> dict:
    """The report: ``figures``, findings by library and rule, units with what each has to do, ``waivers``: how many."""
    return {
        "frame": frame_of(report, rulebook, say),
        "on": day(report.on),
        "figures": _figures(report, say),
        "libraries": [_library(report, name, say) for name in LIBRARIES],
        "units": _units(report),
        "quarantined": _quarantined(report, say),
        "waivers": len(report.waivers),
    }


def frame_of(report: LibraryReport, rulebook: Rulebook, say: Say) -> dict:
    """The facts around the page; the same whether it stands alone or in a scored period."""
    return {
        **shell(speaking(say, report.period.kind)),
        "period": str(report.period),
        "kind": say(f"period.kind_{report.period.kind}").zh,
        "period_name": named(report.period),
        "rules": rulebook.title.zh,
        "edition": rulebook.edition,
        "simulated": say("pages.simulated").zh if report.simulated else "",
        "simulated_says": say("pages.simulated_says").zh if report.simulated else "",
        "absent": absences(report, say),
    }


def absences(report: LibraryReport, say: Say) -> list[str]:
    """A sentence for what could not be looked for."""
    tables = listed(say(f"pages.table_{table}").zh for table in report.absent)
    lacking = [speaking(say, report.period.kind)("libraries.absent", tables=tables).zh] if report.absent else []
    return [*lacking, *(say("libraries.uncovered", why=why).zh for why in report.uncovered)]


def left_aside(report: LibraryReport, say: Say) -> list[Words]:
    """A sentence for every table of the libraries with quarantined rows: how many, and what is wrong with the first."""
    tables: dict[str, list[Breach]] = {}
    for breach in report.quarantined:
        tables.setdefault(breach.table, []).append(breach)
    return [
        say(
            "libraries.quarantined",
            title=say(f"pages.table_{table}").zh,
            table=table,
            n=_rows(found),
            **{name: getattr(found[0], name) for name in ("file", "line", "column", "value", "remedy")},
        )
        for table, found in tables.items()
    ]


def _rows(breaches: list[Breach]) -> int:
    return len({(breach.file, breach.line) for breach in breaches})


def _quarantined(report: LibraryReport, say: Say) -> list[dict]:
    """What is wrong with the rows that were not looked at, a line a kind, with the numbers of the first of them."""
    kinds: dict[tuple, list[Breach]] = {}
    for breach in report.quarantined:
        kinds.setdefault((breach.table, breach.column, breach.promise), []).append(breach)
    return [
        {
            "table": table_name(say, table),
            "column": column_name(say, column),
            "n": str(_rows(found)),
            "keys": listed(sorted({plain(masked(breach.key)) for breach in found if breach.key})[:IN_BOX]),
            "remedy": plain(masked(found[0].remedy.zh)),
        }
        for (table, column, _), found in sorted(kinds.items())
    ]


def counts(findings: tuple[LibraryFinding, ...], lang: str = "zh") -> list[dict]:
    """How many findings of each rule, in the order of the rules: ``title``, ``clause``, ``n``."""
    found = Counter(finding.rule for finding in findings)
    return [
        {"id": rule.id, "title": rule.title.into(lang), "clause": rule.clause, "n": str(n)} for rule, n in found.items()
    ]


def day(value: date) -> str:
    """``2026年9月30日``."""
    return f"{value.year}年{value.month}月{value.day}日"


class Boxes:
    """The box of each unit's scorecard: counts and first findings, outside the score."""

    def __init__(self, report: LibraryReport, say: Say, lang: str = "zh") -> None:
        self._say, self._lang = say, lang
        self._on = str(report.on) if lang == "en" else day(report.on)
        self._by_unit: dict[str, list[LibraryFinding]] = {}
        for finding in report.findings:
            self._by_unit.setdefault(finding.unit_id, []).append(finding)

    def of(self, unit_id: str) -> dict:
        """A sentence (``says``), ``counts``, the ``first`` findings, how many are ``left_out`` and where to find them.

        ``link`` leads to them on screen; ``more`` says on paper where all of them are.
        """
        findings = self._by_unit.get(unit_id, [])
        first = _varied(findings)
        left = len(findings) - len(first)
        says = self._says("some", n=len(findings)) if findings else self._says("none")
        return {
            "says": says,
            "total": str(len(findings)),
            "counts": counts(tuple(findings), self._lang),
            "first": [_line(finding, self._lang) for finding in first],
            "left_out": str(left) if left else "",
            "link": self._says("link", n=left),
            "more": self._says("more") if findings else "",
        }

    def _says(self, key: str, **facts: object) -> str:
        return self._say(f"scorecard.libraries_{key}", on=self._on, **facts).into(self._lang)


def _varied(findings: list[LibraryFinding]) -> list[LibraryFinding]:
    """The first finding of each rule, then the others: one rule must not hide the rest."""
    seen: Counter = Counter()
    turns = []
    for finding in findings:
        turns.append(seen[finding.rule.id])
        seen[finding.rule.id] += 1
    ordered = sorted(range(len(findings)), key=lambda k: (turns[k], k))
    return [findings[k] for k in ordered[:IN_BOX]]


def _figures(report: LibraryReport, say: Say) -> list[dict]:
    found = Counter(finding.rule.subject.library for finding in report.findings)
    values = {
        "matters": len({entry.matter_id for entry in report.matters}),
        "processes": len(report.matters),
        "matter_findings": found["matters"],
        "published": report.published,
        "knowledge_findings": found["knowledge"],
        "handling_findings": found["handling"],
        "units": len({finding.unit_id for finding in report.findings}),
    }
    return [{"label": say(f"libraries.figure_{name}").zh, "value": str(value)} for name, value in values.items()]


def _library(report: LibraryReport, name: str, say: Say) -> dict:
    rules = [rule for rule in report.rules if rule.subject.library == name]
    found = {rule.id: [f for f in report.findings if f.rule is rule] for rule in rules}
    lines = {id: _lines(report, findings) for id, findings in found.items()}
    shown = [
        {
            "id": rule.id,
            "title": rule.title.zh,
            "clause": rule.clause,
            "remedy": rule.remedy.zh,
            "count": str(len(found[rule.id])),
            "findings": lines[rule.id][:ON_PAGE],
            "left_out": str(sum(line["n"] for line in lines[rule.id][ON_PAGE:])) if lines[rule.id][ON_PAGE:] else "",
        }
        for rule in rules
        if found[rule.id]
    ]
    clean = [f"{rule.title.zh}（{rule.clause}）" for rule in rules if not found[rule.id]]
    return {
        "name": name,
        "title": say(f"libraries.{name}").zh,
        "rules": shown,
        "clean": listed(clean),
        "looked_at": bool(rules),
    }


def _lines(report: LibraryReport, findings: list[LibraryFinding]) -> list[dict]:
    """A line for what is said of a unit, with its first row and how many ``more`` there are ("" for none)."""
    alike: dict[tuple[str, str], list[LibraryFinding]] = {}
    for finding in findings:
        alike.setdefault((finding.unit_id, finding.what.zh), []).append(finding)
    return [
        {**_line(same[0]), **_unit(report, unit_id), "n": len(same), "more": str(len(same)) if len(same) > 1 else ""}
        for (unit_id, _), same in alike.items()
    ]


def _units(report: LibraryReport) -> list[dict]:
    """Units with findings, the most first."""
    found = Counter(finding.unit_id for finding in report.findings)
    kinds = Counter((finding.unit_id, finding.rule.subject.library) for finding in report.findings)
    order = {unit_id: n for n, unit_id in enumerate(report.units)}  # the register's
    ordered = sorted(found, key=lambda unit_id: (-found[unit_id], order.get(unit_id, len(order)), unit_id))
    return [
        {
            **_unit(report, unit_id),
            "total": str(found[unit_id]),
            **{name: str(kinds[unit_id, name]) for name in LIBRARIES},
        }
        for unit_id in ordered
    ]


def _unit(report: LibraryReport, unit_id: str) -> dict:
    """How a unit is named; a unit that is not in `units` has no scorecard to lead to."""
    known = unit_id in report.units
    href = link_to(file_stem(unit_id)) + ".html" if known else ""
    return {"id": plain(unit_id), "name": plain(masked(report.units.get(unit_id) or unit_id)), "href": href}


def _line(finding: LibraryFinding, lang: str = "zh") -> dict:
    return {"row": _named(finding, lang), "what": finding.what.into(lang), "remedy": finding.rule.remedy.into(lang)}


def _named(finding: LibraryFinding, lang: str) -> str:
    """What a finding is about: the number of a row, or the words of a code such as a kind of entry."""
    for code, values in finding.rule.subject.codes.items():
        if finding.row in values:
            return written(f"libraries.{code}_{finding.row}").into(lang)
    return plain(finding.row)
