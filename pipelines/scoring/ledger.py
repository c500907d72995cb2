"""The ledger: one line for every point, written by the warehouse and checked against the scores."""

import json
import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from pathlib import Path

from pipelines.edges.folders import locked
from pipelines.edges.published import RESTRICTED
from pipelines.edges.tablefiles import CsvFile, own_misses
from pipelines.edges.warehouse import Arrow, Warehouse
from pipelines.engines.marks import of_price, selection, variant
from pipelines.lazy import pyarrow
from pipelines.model.contract import Contracts
from pipelines.model.measure import TABLE_OF, Measure
from pipelines.model.period import Period
from pipelines.model.points import parts_of, plain, rounded, shown
from pipelines.model.rule import Rule, Rulebook
from pipelines.model.score import FLAGGED, WHOLE, Entry, UnitScore
from pipelines.model.tally import Marks
from pipelines.model.text import file_stem
from pipelines.model.words import VerificationFailed
from pipelines.stages.judge import WHOLE as WHOLE_PERIOD
from pipelines.stages.judge import spans
from pipelines.stages.measure import types_of
from pipelines.views.rules import Lines
from pipelines.wording import say

CLOSING_LINES = ("starts", "same_matter", "floor", "ceiling", "cap", "rounding", "reweight", "only_when", "veto")
MOMENTS = ("timestamp", "date")
RATE = {"rule_id": "id", "item_id": "item", "clause": "clause"}  # a column of `ledger.missed` and where a rule says it


def write_ledger(
    warehouse: Warehouse,
    period: Period,
    rulebook: Rulebook,
    readings: dict[str, str],
    entries: list[Entry],
    scores: dict[str, UnitScore],
    flagged: tuple[tuple[str, str], ...] = (),
    lacking: Collection[str] = (),
    layouts: Mapping[str, Marks] | None = None,
    groups: Mapping[str, str] | None = None,
    given: Collection[tuple[str, str, str]] = (),
) -> None:
    """Fill ``ledger.entries`` and prove that full marks + lines = score for every unit and item.

    Nothing of the ``lacking`` measures, which the exports do not tell, becomes a line. ``layouts`` are those that the
    rows were marked by, where that was not the rulebook's own.
    ``groups`` are the groups of the units, by unit_id, for rules that are for some groups only. ``given`` are the
    (unit_id, measure, month) of which a count is given in place of rows: those rows are no lines.
    Lines of ``flagged`` moments (Intake) quote the source's flag instead of the moments that stand for it.
    VerificationFailed where they do not (interface.md, "The ledger adds up").
    """
    rules = [r for r in rulebook.rules.values() if r.kind == "occurrence" and r.measure not in lacking]
    priced = [(rule, value, cost) for rule in rules for value, cost in rule.costs]
    warehouse.store("ledger.rules", _occurrence_rules(priced, rulebook, flagged))
    warehouse.store("ledger.concerned", _concerned(rules, groups or {}))
    warehouse.store("ledger.given", _given(rules, given))
    warehouse.store("ledger.without", _without(rules, scores))
    known, months = layouts or rulebook.marks, period.months
    selected = [one for each in priced if (one := _selected(each, rulebook, readings, known, months)).months]
    warehouse.run_template("ledger/occurrences", selected=selected, months=list(months), places=rulebook.places)
    warehouse.store("ledger.settled", _settled(entries, rulebook.places))
    warehouse.run("ledger/entries", period=str(period))
    _must_add_up(warehouse, scores, rulebook.grain)


def write_misses(
    warehouse: Warehouse,
    period: Period,
    rulebook: Rulebook,
    readings: dict[str, str],
    scores: dict[str, UnitScore],
    lacking: Collection[str],
    groups: Mapping[str, str],
    given: Collection[tuple[str, str, str]],
) -> None:
    """Fill ``ledger.misses`` with the rows that keep each rate from its best; what is given is as for `write_ledger`.

    No point hangs on them: they are made when pages are, of the marked rows as the run keeps them.
    """
    rates = [
        rule
        for rule in rulebook.rules.values()
        if _has_misses(rule, rulebook) and not {rule.part, rule.of} & {*lacking}
    ]
    warehouse.store("ledger.given", _given(rates, given))
    warehouse.store("ledger.missed", _missed(rates, scores, groups))
    judged = [_rate(rule, rulebook, readings, rulebook.marks, period.months) for rule in rates]
    in_force = [rate for rate in judged if rate.months]
    warehouse.run_template("ledger/misses", selected=in_force, months=list(period.months))


def _occurrence_rules(
    priced: list[tuple[Rule, str, Fraction]], rulebook: Rulebook, flagged: Collection[tuple[str, str]]
) -> Arrow:
    rules = [rule for rule, _, _ in priced]
    text = {
        "price": [value for _, value, _ in priced],
        "deduct": [plain(cost) for _, _, cost in priced],
        "rule_id": [rule.id for rule in rules],
        "item_id": [rule.item for rule in rules],
        "clause": [rule.clause for rule in rules],
        "sentence": [FLAGGED if _is_flagged(rulebook.measures[rule.measure], flagged) else "" for rule in rules],
    }
    columns = {name: pyarrow.array(values, pyarrow.string()) for name, values in text.items()}
    places = rulebook.places
    points = pyarrow.array([shown(rounded(-cost, places), places) for _, _, cost in priced], pyarrow.string())
    return pyarrow.table(columns | {"points": points.cast(pyarrow.decimal128(18, places))})


def _concerned(rules: list[Rule], groups: Mapping[str, str]) -> Arrow:
    pairs = [(rule.id, unit) for rule in rules if rule.groups for unit, group in groups.items() if rule.is_for(group)]
    return _pairs(pairs)


def _given(rules: list[Rule], given: Collection[tuple[str, str, str]]) -> Arrow:
    """The months of which a count is given in place of rows, by rule and unit."""
    found = sorted(
        {(rule.id, unit, month) for unit, measure, month in given for rule in rules if measure in rule.counted}
    )
    text = pyarrow.string()
    columns = zip(*found, strict=True) if found else ((), (), ())
    named = zip(("rule_id", "unit_id", "month"), columns, strict=True)
    return pyarrow.table({name: pyarrow.array(values, text) for name, values in named})


def _without(rules: list[Rule], scores: dict[str, UnitScore]) -> Arrow:
    """The units that do not have the item of a rule on their sheet."""
    return _pairs([(rule.id, unit) for rule in rules for unit, one in scores.items() if rule.item not in one.items])


def _pairs(pairs: list[tuple[str, str]]) -> Arrow:
    columns = {"rule_id": [rule for rule, _ in pairs], "unit_id": [unit for _, unit in pairs]}
    return pyarrow.table({name: pyarrow.array(values, pyarrow.string()) for name, values in columns.items()})


def _is_flagged(measure: Measure, flagged: Collection[tuple[str, str]]) -> bool:
    """Whether a moment of its lines only stands for a flag of the source."""
    table = TABLE_OF.get(measure.counts, measure.counts)
    return any((table, column) in flagged for column in measure.quotes)


@dataclass(frozen=True)
class _Quote:
    """A column that a line names: as the measure calls it, and under the readings in force."""

    name: str
    column: str
    moment: bool


@dataclass(frozen=True)
class _Selected:
    """The rows of an occurrence rule under the readings in force, as the ledger's query selects them."""

    rule: str
    counts: str
    place: int
    pattern: tuple[int, ...]
    waiver: str  # the rule whose waivers meet its lines; "" where only those of any rule can
    quotes: list[_Quote]
    groups: tuple[str, ...]  # of the units that it is for; all where empty
    months: tuple[int, ...]  # of the period, from 1, in which it is in force
    amount: str  # the column of a row that is added up: it costs so many times the points
    price: str  # the value of the rule's column that costs so much; "" where a rule has one price
    dearer: list[tuple[tuple[int, ...], str]]  # patterns and waivers of the rules by which a row costs instead


def _selected(
    priced: tuple[Rule, str, Fraction],
    rulebook: Rulebook,
    readings: Mapping[str, str],
    layouts: Mapping[str, Marks],
    months: tuple[str, ...],
) -> _Selected:
    rule, value, cost = priced
    measure = rulebook.measures[rule.measure]
    marks, types = layouts[measure.counts], types_of(measure.counts, rulebook.columns)
    position, pattern = selection(of_price(measure, rule, value), readings, marks)
    waiver = rule.id if rule.id in marks.waivers else ""
    dearer = [
        (
            selection(of_price(rulebook.measures[other.measure], other, at), readings, marks)[1],
            other.id if other.id in marks.waivers else "",
        )
        for other, at in rulebook.dearer(rule, cost)
    ]
    quotes = [
        _Quote(
            name,
            name if name == "case_id" else f"quoted {variant(name, readings, measure.counts)}",
            types[name] == "timestamp",
        )
        for name in measure.quotes
    ]
    amount = f"amount_{marks.sums.index(measure.sum)}" if measure.sum else ""
    numbers = _numbers(spans(rule, readings, months), months)
    more = (rule.groups, numbers, amount, value, dearer)
    return _Selected(rule.id, measure.counts, position, pattern, waiver, quotes, *more)


def _has_misses(rule: Rule, rulebook: Rulebook) -> bool:
    """Whether a rule looks at a part of a whole, row by row: not at the best of others, nor at sums or values."""
    measures = [rulebook.measures[id] for id in (rule.part, rule.of) if id]
    return rule.is_rate and not rule.best and not any(one.sum or one.distinct for one in measures)


def _missed(rules: list[Rule], scores: Mapping[str, UnitScore], groups: Mapping[str, str]) -> Arrow:
    """The units that each rate judges, with the item and the clause."""
    pairs = [
        (rule, unit)
        for rule in rules
        for unit, one in scores.items()
        if rule.item in one.items and rule.is_for(groups.get(unit, ""))
    ]
    columns = {name: [getattr(rule, of) for rule, _ in pairs] for name, of in RATE.items()}
    columns["unit_id"] = [unit for _, unit in pairs]
    return pyarrow.table({name: pyarrow.array(values, pyarrow.string()) for name, values in columns.items()})


@dataclass(frozen=True)
class _Rate:
    """A rate under the readings in force, as the query of its misses selects them; months as in `_Selected`."""

    rule: str
    counts: str
    place: int
    whole: tuple[int, ...]
    part: tuple[int, ...]
    fewer: bool
    by_month: bool
    months: tuple[int, ...]
    quotes: list[_Quote]


def _rate(
    rule: Rule,
    rulebook: Rulebook,
    readings: Mapping[str, str],
    layouts: Mapping[str, Marks],
    months: tuple[str, ...],
) -> _Rate:
    part, whole = rulebook.measures[rule.part], rulebook.measures[rule.of]
    marks, types = layouts[part.counts], types_of(part.counts, rulebook.columns)
    held = spans(rule, readings, months)
    place, pattern = selection(whole, readings, marks)
    return _Rate(
        rule.id,
        part.counts,
        place,
        pattern,
        selection(part, readings, marks)[1],
        rule.fewer,
        held != (WHOLE_PERIOD,),
        _numbers(held, months),
        [
            _Quote(name, f"quoted {variant(name, readings, part.counts)}", types[name] == "timestamp")
            for name in part.quotes
            if types[name] in MOMENTS
        ],
    )


def _numbers(held: tuple[str, ...], months: tuple[str, ...]) -> tuple[int, ...]:
    """The months, from 1, that a rule looks at."""
    return tuple(k for k, month in enumerate(months, 1) if held == (WHOLE_PERIOD,) or month in held)


def _settled(entries: list[Entry], places: int) -> Arrow:
    text = ("unit_id", "item_id", "rule_id", "clause", "month", "case_id", "ref_id", "adjustment_id", "sentence")
    columns = {name: pyarrow.array([getattr(entry, name) for entry in entries], pyarrow.string()) for name in text}
    facts = [json.dumps(entry.facts, ensure_ascii=False, separators=(",", ":")) for entry in entries]
    columns["facts"] = pyarrow.array(facts, pyarrow.string())
    written = pyarrow.array([shown(entry.points, places) for entry in entries], pyarrow.string())
    columns["points"] = written.cast(pyarrow.decimal128(18, places))
    columns["closing"] = pyarrow.array([int(entry.rule_id in CLOSING_LINES) for entry in entries], pyarrow.int32())
    return pyarrow.table(columns)


def _must_add_up(warehouse: Warehouse, scores: dict[str, UnitScore], grain: int) -> None:
    sums = {(unit, item): lines for unit, item, lines in warehouse.rows("ledger/sums", grain=grain)}
    for unit_id, score in scores.items():
        if (lines := sums.pop((unit_id, WHOLE), 0)) != parts_of(score.whole, grain):
            raise VerificationFailed(
                say(
                    "ledger.does_not_add_up", unit=unit_id, item=WHOLE, ledger=Fraction(lines, grain), score=score.whole
                )
            )
        for item_id, item in score.items.items():
            ledger = parts_of(item.full_marks, grain) + sums.pop((unit_id, item_id), 0)
            if ledger != parts_of(item.score, grain):
                raise VerificationFailed(
                    say(
                        "ledger.does_not_add_up",
                        unit=unit_id,
                        item=item_id,
                        ledger=Fraction(ledger, grain),
                        score=item.score,
                    )
                )
    for (unit_id, item_id), extra in sums.items():
        raise VerificationFailed(
            say("ledger.does_not_add_up", unit=unit_id, item=item_id, ledger=Fraction(extra, grain), score="-")
        )


# A unit's own evidence: the misses of its rates with their ratings, which the office delivers to it alone.


FOLDER = "units"
COLUMNS = ("clause", "rule", "month", "case", "ref", "detail", "public_rating", "evaluated")


def write_own_evidence(
    warehouse: Warehouse,
    rulebook: Rulebook,
    readings: Mapping[str, str],
    contracts: Contracts,
    out: Path,
    period: Period,
) -> Path:
    """`<out>/restricted/<period>/units/<unit>.csv`, a file of the owner's for every unit that a rate missed a row of.

    The only place where a rating stands: public pages show of a miss its number and moments (B11). OSError as it comes.
    """
    folder = Path(out) / RESTRICTED / str(period) / FOLDER
    new = folder.with_name(f"{FOLDER}.new")
    lines, clock = Lines(rulebook, say), readings.get("evaluation_clock", "reminder")
    labels = {code: known[0] for code, known in contracts.tables["cases"].columns["public_rating"].labels}
    with locked(Path(out)):
        shutil.rmtree(new, ignore_errors=True)
        for unit_id, rows in groupby(own_misses(warehouse, clock), key=lambda row: row[0]):
            if not new.exists():
                new.mkdir(parents=True, mode=0o700)
                new.parent.chmod(0o700)
                new.parent.parent.chmod(0o700)
            file = new / f"{file_stem(unit_id)}.csv"
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            with CsvFile(file, tuple(say(f"scorecard.own_{name}").zh for name in COLUMNS)) as table:
                for _, rule, clause, month, case, ref, facts, *ratings in rows:
                    title, says = rulebook.rules[rule].title.zh, lines.miss(rule, facts)
                    as_labels = (labels.get(rating, rating or "") for rating in ratings)
                    table.write([clause, title, month, case, ref, says, *as_labels])
        shutil.rmtree(folder, ignore_errors=True)
        if new.exists():
            new.rename(folder)
    return folder
