"""What stands before a signature: what stops a publication, and the signers' one page (核对单)."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date
from fractions import Fraction
from pathlib import Path, PurePosixPath

from pipelines.edges.folders import MANIFEST
from pipelines.edges.located_yaml import Block, read_blocks
from pipelines.edges.published import RULEBOOK, PublishedQuarter, edition_in_force
from pipelines.exports.rows import texts_of
from pipelines.model.period import Period
from pipelines.model.points import shown
from pipelines.model.rule import Rulebook
from pipelines.model.text import masked, plain, unguarded
from pipelines.model.words import NotAllowed, Refusal, UsageRefusal, Words
from pipelines.paths import RULES
from pipelines.publication.editions import damage_warnings
from pipelines.publication.record import FinishedRun
from pipelines.publication.state import Settings
from pipelines.rulebook.load import load_rulebook
from pipelines.views.bulletin import REFUSED
from pipelines.wording import say

# What stops a publication though people approved it: quality, paper, a canary.


QUALITY = "quality/report.json"


def must_be_fit(run: FinishedRun, settings: Settings, without_pdf: bool) -> None:
    """NotAllowed with the reason where a run must not be published; its bytes have been checked before."""
    for reason in (_quality(run), _paper(run, without_pdf), _blanks(run)):
        if reason:
            raise NotAllowed(reason)
    if hit := canary_hit(run.folder, settings):
        raise NotAllowed(say("publication.canary", file=hit[0], what=hit[1]))


def faults_of_paper(run: FinishedRun) -> list[Words]:
    """What is known to stop publication before anybody signs: quality, glyphs and fonts, blanks.

    A run that was asked for without paper is no fault: it may be published without.
    """
    paper = _paper(run, without_pdf=True)
    return [reason for reason in (_quality(run), paper, _blanks(run)) if reason]


def must_hold_no_canary(name: str, text: str, settings: Settings) -> None:
    """NotAllowed where a text that is to be published beside a run holds a canary."""
    if hit := found_in(text, settings):
        raise NotAllowed(say("publication.canary", file=name, what=hit))


def _blanks(run: FinishedRun) -> Words | None:
    """What the printed bulletin leaves to be filled in: office, number, signatory, dates."""
    blanks = run.manifest.get("blanks", ())
    names = [say(f"publication.blank_{name.rpartition('.')[2]}", period=run.manifest["period"]) for name in blanks]
    if not names:
        return None
    return say("publication.blanks", what=Words("、".join(one.zh for one in names), ", ".join(one.en for one in names)))


def _quality(run: FinishedRun) -> Words | None:
    if QUALITY not in run.manifest["outputs"]:
        return say("publication.no_quality", file=QUALITY)
    report = json.loads((run.folder / QUALITY).read_text(encoding="utf-8"))
    errors = report.get("expectations", {}).get("error", 0)
    return say("publication.quality_errors", n=errors) if errors else None


def _paper(run: FinishedRun, without_pdf: bool) -> Words | None:
    """A run without paper is published only where that is wanted; one with paper must have all of it, without fault.

    One whose printing failed, as it does where a page asks for a file or an address, is not published at all.
    """
    outputs, notices = run.manifest["outputs"], run.manifest.get("paper", [])
    printed = {name for name in outputs if name.endswith(".pdf")}
    if run.manifest.get("printing") == "failed":
        return say("publication.paper_faults", why="；".join(notices))
    if not printed:
        why = "；".join(notices)
        return None if without_pdf else say("publication.no_paper", why=why or say("publication.not_asked"))
    pages = {name for name in outputs if PurePosixPath(name).parent.name == "units" and name.endswith(".html")}
    wanted = {"bulletin.pdf", *(str(PurePosixPath(name).with_suffix(".pdf")) for name in pages)}
    if lacking := sorted(wanted - printed):
        return say("publication.paper_lacking", n=len(lacking), file=lacking[0])
    return say("publication.paper_faults", why="；".join(notices)) if notices else None


# The canaries: texts that must not stand in anything published, looked for in bytes, cells and printed lines.


_BLANK = re.compile(r"\s+")


def canary_hit(folder: Path, settings: Settings) -> tuple[str, str] | None:
    """(file, what was found) of the first canary below a folder, in the order of the names; None where none is."""
    if not (settings.texts or settings.patterns):
        return None
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    for file in files:
        for text in (file.name, *texts_of(file)):
            if found := found_in(text, settings):
                return file.relative_to(folder).as_posix(), found
    return None


def found_in(text: str, settings: Settings) -> str:
    """The first canary in a text, "" where none is: blanks and line ends do not hide a text."""
    squeezed = _BLANK.sub("", text)
    for canary in settings.texts:
        if _BLANK.sub("", canary) in squeezed:
            return canary
    for pattern in settings.patterns:
        if pattern.search(text) or pattern.search(squeezed):
            return pattern.pattern
    return ""


# The signers' one page (核对单): what stops this run from being published, and what about it is unusual.
#
# Made from the finished run alone, so that everybody sees the same lines; every unusual line is ticked or answered by
# each signer, under the signature, and kept in the record.


BOUNDS = RULES / "checklist.yaml"
NAMED = 5
TICKED = "✓"
Days = tuple[date, date]  # the first and the last


@dataclass(frozen=True)
class Bounds:
    """From where on something is unusual, as `rules/checklist.yaml` says."""

    level_units: Fraction
    level_share: Fraction
    few_case_rows: Fraction
    fallen_points: Fraction
    sprung_share: Fraction
    quarantine_times: Fraction


def load_bounds(file: Path = BOUNDS) -> Bounds:
    """Read the file; UsageRefusal with its line for a key that nothing honours, one that lacks, or no number."""
    block, _ = read_blocks(file, "checklist.")
    known = [one.name for one in fields(Bounds)]
    for key in block:
        if key not in known:
            raise block.refuse(key, "unknown", known, word=key, keys="、".join(known))
    if lacking := [key for key in known if key not in block]:
        raise block.refuse(lacking[0], "lacking")
    return Bounds(**{key: _number(block, key) for key in known})


def _number(block: Block, key: str) -> Fraction:
    with suppress(ValueError, TypeError, ZeroDivisionError):
        if (number := Fraction(block[key])) > 0:
            return number
    raise block.refuse(key, "no_number", value=block[key])


@dataclass(frozen=True)
class Line:
    """A line of the list: ``n`` is how a signer names it, ``id`` its key in wording/checklist.yaml."""

    n: int
    id: str
    says: Words


@dataclass(frozen=True)
class Checklist:
    """What must be mended first, and what is to be ticked or answered."""

    stops: tuple[Words, ...]
    lines: tuple[Line, ...]

    def answered(self, given: Mapping[int, str]) -> list[dict]:
        """What the record keeps: every line with its sentence and answer.

        UsageRefusal where a line has none, where there is no such line, or where an answer is blank.
        """
        known = {line.n for line in self.lines}
        if strange := sorted(set(given) - known):
            raise UsageRefusal(say("checklist.no_line", n=strange[0], last=len(self.lines)))
        if left := [line for line in self.lines if not given.get(line.n, "").strip()]:
            named = Words(*("\n".join(f"{one.n}. {getattr(one.says, lang)}" for one in left) for lang in ("zh", "en")))
            raise UsageRefusal(say("checklist.open", n=len(left), lines=named))
        return [
            {"line": one.id, "zh": one.says.zh, "en": one.says.en, "answer": plain(masked(given[one.n].strip()))}
            for one in self.lines
        ]


def must_be_signable(found: Checklist) -> None:
    """NotAllowed with everything that publication would be refused for."""
    if found.stops:
        why = Words(*("；".join(getattr(one, lang).rstrip("。.") for one in found.stops) for lang in ("zh", "en")))
        raise NotAllowed(say("checklist.stops", why=why))


def checklist(
    run: FinishedRun, out: Path, period: Period, calendar: Refusal | None = None, window: Days | None = None
) -> Checklist:
    """The list of a run; ``calendar`` is why the objection window cannot be counted, ``window`` its first and last day.

    None where it can be counted, and where it is not open yet.
    """
    stops = [*faults_of_paper(run), *([calendar.words] if calendar else [])]
    found = list(_Unusual(run, Path(out), period, window).lines())
    return Checklist(tuple(stops), tuple(Line(n, id, says) for n, (id, says) in enumerate(found, 1)))


class _Unusual:
    def __init__(self, run: FinishedRun, out: Path, period: Period, window: Days | None) -> None:
        self.window, self.bounds = window, load_bounds()
        self.run, self.out, self.period = run, out, period
        self.quarter = PublishedQuarter.open(run.folder)
        self.placed = [line for line in self.quarter.ranking.values() if line["rank"]]
        folder = edition_in_force(out, period.previous) or out / str(period.previous)
        self.before = PublishedQuarter.open(folder) if (folder / "ranking.csv").is_file() else None
        self.book = _book(run.folder / RULEBOOK, period)

    def lines(self) -> Iterator[tuple[str, Words]]:
        """Key and sentence of all that is unusual, what concerns the first places before the rest."""
        first = [line for line in self.placed if line["rank"] == "1"]
        if len(first) > max(self.bounds.level_units, self.bounds.level_share * len(self.placed)):
            yield _line("level", n=len(first))
        if first:
            yield from self._of_first(first)
        yield from self._moved()
        yield from self._given()
        yield from self._data()

    def _of_first(self, first: list[dict]) -> Iterator[tuple[str, Words]]:
        """First places with a rate under target, on few rows, or in part on no data."""
        under = {line["unit_id"]: {} for line in first}
        for line in self.quarter.ledger():
            rule = self.book and self.book.rules.get(line["rule_id"])
            if line["unit_id"] in under and rule and rule.kind == "rate" and Fraction(line["points"]) < 0:
                under[line["unit_id"]][rule.title] = None
        for line in first[:NAMED]:
            if titles := under[line["unit_id"]]:
                yield _line("first_under", unit=_name(line), rates=_listed(titles))
        few = [line for line in first if line.get("case_rows") and int(line["case_rows"]) < self.bounds.few_case_rows]
        if few:
            yield _line("first_few", units=_names(few), n=self.bounds.few_case_rows)
        if unmeasured := [line for line in first if self._unmeasured(line["unit_id"])]:
            yield _line("first_unmeasured", units=_names(unmeasured))

    def _unmeasured(self, unit_id: str) -> Fraction:
        items = [item for (unit, _), item in self.quarter.items.items() if unit == unit_id]
        return sum(
            (
                Fraction(one["full_marks"]) - Fraction(one["measured_marks"])
                for one in items
                if one.get("measured_marks")
            ),
            Fraction(0),
        )

    def _moved(self) -> Iterator[tuple[str, Words]]:
        """Units that lost much, or sprang far, since the period before."""
        if self.before is None:
            return
        known = self.before.ranking
        both = [(line, known[id]) for id, line in self.quarter.ranking.items() if id in known and line["rank"]]
        fallen = [
            line for line, was in both if Fraction(was["total"]) - Fraction(line["total"]) > self.bounds.fallen_points
        ]
        if fallen:
            yield _line("fallen", n=len(fallen), points=self.bounds.fallen_points, units=_names(fallen))
        places = int(len(self.placed) * self.bounds.sprung_share)
        sprung = [line for line, was in both if was["rank"] and abs(int(was["rank"]) - int(line["rank"])) > places]
        if sprung:
            yield _line("sprung", n=len(sprung), places=places, units=_names(sprung))

    def _given(self) -> Iterator[tuple[str, Words]]:
        """Verdicts: units on two lists, and nobody on one."""
        given = {name: {} for name in ("commend", "criticise")}
        for line in _table(self.run.folder / "verdicts.csv"):
            if line.get("list") in given and line["unit_id"]:
                given[line["list"]][line["unit_id"]] = line
        if both := [line for id, line in given["commend"].items() if id in given["criticise"]]:
            yield _line("both_lists", units=_names(both))
        if self.book and self.placed:
            lists = {verdict.list for verdict in self.book.verdicts}
            for name in ("commend", "criticise"):
                if name in lists and not given[name]:
                    yield _line(f"nobody_{name}")

    def _data(self) -> Iterator[tuple[str, Words]]:
        """Data and settings: quarantine, exports that seem cut, readings that are not the default, decisions."""
        share, before = (_quarantined(manifest) for manifest in (self.run.manifest, _manifest_of(self.before)))
        if share and before is not None and share > self.bounds.quarantine_times * before:
            yield _line("quarantine", share=_percent(share), before=_percent(before))
        if not self.run.manifest.get("checked_twice", True):
            yield _line("once")
        for sign in damage_warnings(self.run):
            yield "cut", sign
        readings = self.run.manifest.get("readings", {})
        chosen = [
            one.title
            for id, one in (self.book.readings if self.book else {}).items()
            if readings.get(id, one.default) != one.default
        ]
        if chosen:
            yield _line("readings", n=len(chosen), titles=_listed(chosen))
        yield from self._decisions(_table(self.run.folder / "adjustments.csv"))

    def _decisions(self, decisions: list[dict]) -> Iterator[tuple[str, Words]]:
        """Decisions after objections: how many, like ones decided unlike, outside the window, past their day."""
        if not decisions:
            return
        yield _line("decisions", n=len(decisions), units=len({line["unit_id"] for line in decisions}))
        for rule in sorted({line["rule_id"] for line in decisions if line["rule_id"]}):
            alike = Counter(line["action"] == REFUSED for line in decisions if line["rule_id"] == rule)
            if len(alike) > 1:
                title = self.book.rules[rule].title if self.book and rule in self.book.rules else rule
                yield _line("unlike", rule=title, upheld=alike[False], refused=alike[True])
        if self.window:
            first, last = map(str, self.window)
            outside = [line for line in decisions if outside_window(line, first, last)]
            if outside:
                yield _line("outside", n=len(outside), first=first, last=last, ids=_ids(outside))
        late = [line for line in decisions if "" < line.get("answer_by", "") < line.get("decided_on", "")]
        if late:
            yield _line("late_answers", n=len(late), ids=_ids(late))


def _line(id: str, /, **facts: object) -> tuple[str, Words]:
    return id, say(f"checklist.{id}", **facts)


def outside_window(line: dict, first: str, last: str) -> bool:
    """Whether an objection came in outside the window, or was decided before anybody could object."""
    received, decided = line.get("received_on", ""), line.get("decided_on", "")
    return bool(received and not first <= received <= last) or bool(decided and decided < first)


def _ids(lines: list[dict]) -> Words:
    ids, more = [plain(line["adjustment_id"]) for line in lines[:NAMED]], len(lines) > NAMED
    return Words("、".join(ids) + "等" * more, ", ".join(ids) + " and others" * more)


def _name(line: dict) -> str:
    return plain(masked(line["unit_name"]))


def _names(lines: list[dict]) -> Words:
    names, more = [_name(line) for line in lines[:NAMED]], len(lines) > NAMED
    return Words("、".join(names) + "等" * more, ", ".join(names) + " and others" * more)


def _listed(titles: Iterable[Words]) -> Words:
    titles = list(titles)
    return Words("、".join(one.zh for one in titles), ", ".join(one.en for one in titles))


def _percent(share: Fraction) -> str:
    return f"{shown(Fraction(round(share * 10000), 100))}%"


def _quarantined(manifest: dict) -> Fraction | None:
    """The share of case rows that are quarantined; None where none were read."""
    rows = manifest.get("rows", {}).get("cases", {})
    return Fraction(rows["quarantined"], rows["read"]) if rows.get("read") else None


def _manifest_of(quarter: PublishedQuarter | None) -> dict:
    file = quarter.folder / MANIFEST if quarter else None
    return json.loads(file.read_text(encoding="utf-8")) if file and file.is_file() else {}


def _book(folder: Path, period: Period) -> Rulebook | None:
    """The rulebook that the run was made by, None beside runs that kept none; RulebookRefusal for a damaged one."""
    return load_rulebook(folder, period) if folder.is_dir() else None


def _table(file: Path) -> list[dict]:
    if not file.is_file():
        return []
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return [{name: unguarded(cell or "") for name, cell in line.items()} for line in csv.DictReader(stream)]
