"""Settle: findings → item scores, base and bonus, and the ledger lines that stand for no single case."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

from pipelines.engines.judging import LEAVES_OUT, left_out, spans, unmeasured, whole, without_data
from pipelines.engines.rete import text_of
from pipelines.engines.settling import Settler
from pipelines.engines.whole import Whole
from pipelines.model.points import rounded
from pipelines.model.rule import Item, Rule, Rulebook
from pipelines.model.score import WHOLE, Entry, Finding, Fired, ItemScore, Loss, UnitScore
from pipelines.model.tally import UnitTally
from pipelines.model.words import Words
from pipelines.wording import say


class Told(NamedTuple):
    """What a judge makes of a unit's items: base, bonus, the lines of the whole, and the rule whose veto holds."""

    base: Fraction
    bonus: Fraction
    whole: Fraction
    veto: str


NAMED = 5  # units that one line of the summary names


def settle(
    rulebook: Rulebook,
    readings: dict[str, str],
    findings: list[Finding],
    tallies: dict[str, UnitTally],
    months: tuple[str, ...],
) -> tuple[dict[str, UnitScore], list[Entry], list[Fired]]:
    """Scores by unit, ledger lines (occurrences are written by the warehouse) and the trace.

    For every unit and item: full marks + lines + occurrences = score (interface.md, "The ledger adds up").
    """
    books = {group: rulebook.of_group(group) for group in ("", *rulebook.sheets)}
    engines = {group: (book, Settler(book, readings), Whole(book)) for group, book in books.items()}
    by_unit = defaultdict(list)
    for finding in findings:
        by_unit[finding.unit_id].append(finding)
    scores, entries, fired = {}, [], []
    for unit_id in sorted(tallies):
        tally = tallies[unit_id]
        book, engine, whole = engines.get(tally.unit.unit_group, engines[""])
        marks, lines, firings = engine.settle(tally, by_unit[unit_id])
        flags = notes(book, readings, tally, months)
        exact = {**marks, **engine.exact}
        sums = whole.sums(unit_id, exact, by_unit[unit_id], engine.gone)
        for line in sums.lines:
            marks[line.item_id] = marks.get(line.item_id, Fraction(0)) + line.points
            exact |= {line.item_id: Fraction(0)} if line.item_id != WHOLE else {}  # a bonus that is not given
        told = Told(sums.base, sums.bonus, marks.get(WHOLE, Fraction(0)), sums.veto)
        score = _unit_score(book, readings, tally, marks, told, flags, by_unit[unit_id], exact)
        if WHOLE in marks or not _is_plain_sum(book):
            score = replace(score, regained=_regained(score, tally, by_unit[unit_id], engine, whole))
        scores[unit_id] = score
        entries += [*lines, *sums.lines]
        firings = [*firings, *sums.firings]
        fired += [Fired(unit_id, "settle", f.rule, f.result.month, text_of(f.fact)) for f in firings]
    return scores, entries, fired


def unit_scores(
    rulebook: Rulebook,
    readings: dict[str, str],
    tallies: dict[str, UnitTally],
    months: tuple[str, ...],
    marks: dict[str, dict[str, Fraction]],
    sums: Mapping[str, Told],
) -> dict[str, UnitScore]:
    """Scores by unit from the points of their items, worked out elsewhere: with notes and with what was measured."""
    found = {}
    for id, tally in tallies.items():
        book = rulebook.of_group(tally.unit.unit_group)
        flags = notes(book, readings, tally, months)
        found[id] = _unit_score(book, readings, tally, marks[id], sums[id], flags)
    return found


def _unit_score(
    rulebook: Rulebook,
    readings: dict[str, str],
    tally: UnitTally,
    marks: dict[str, Fraction],
    sums: Told,
    flags: dict[str, tuple[str, ...]],
    findings: Iterable[Finding] = (),
    exact: Mapping[str, Fraction] | None = None,
) -> UnitScore:
    """``exact``: the items before they are rounded; ``marks`` where it says nothing."""
    silent, gone = without_data(rulebook, tally), left_out(rulebook, readings, tally)
    taken: dict[str, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for finding in findings:
        taken[finding.item_id][finding.rule_id] -= finding.points
    items = {
        item.id: ItemScore(
            item.id,
            Fraction(0) if item.id in gone else item.full_marks,
            rounded(marks[item.id], rulebook.places),
            flags.get(item.id, ()),
            losses(item.full_marks, taken[item.id], item.floor, item.round, rulebook.places)
            if item.full_marks and item.starts == "full"
            else (),
            item.id not in silent,
            item.weight,
            item.times,
            (exact or marks)[item.id] if rulebook.exact_items else None,
        )
        for item in rulebook.items.values()
    }
    return UnitScore(tally.unit.unit_id, items, *sums)


def losses(
    full_marks: Fraction,
    taken: dict[str, Fraction],
    floor: Fraction | None = Fraction(0),
    rounds: str = "deduction",
    places: int = 2,
) -> tuple[Loss, ...]:
    """What an item would get back without each rule, the largest first; ``taken`` is what each rule takes, exact.

    A rule that would bring nothing back, because the others take all there is, is left out. Where that holds for
    every rule, the fewest rules that together bring something back are named.
    """

    def left(without: tuple[str, ...] = ()) -> Fraction:
        rest = sum((points for rule, points in taken.items() if rule not in without), Fraction(0))
        kept = full_marks - rounded(rest, places) if rounds == "deduction" else rounded(full_marks - rest, places)
        return kept if floor is None else max(kept, floor)

    rules = sorted(rule for rule, points in taken.items() if points)
    for size in range(1, len(rules) + 1):
        found = [Loss(some, left(some) - left()) for some in combinations(rules, size)]
        if any(loss.back for loss in found):
            found = [loss for loss in found if loss.back]
            return tuple(sorted(found, key=lambda loss: (-loss.back, loss.rules))[: None if size == 1 else 1])
    return ()


def _is_plain_sum(book: Rulebook) -> bool:
    """Whether every point of an item is a point of the total: nothing weighed, rounded again, bounded or struck."""
    items = book.items.values()
    weighed = any(item.factor != 1 or (item.bonus and item.bonus.only_when) for item in items)
    bounded = book.total_floor is not None or book.total_cap is not None or book.decimals < book.places
    return not (weighed or bounded or any(rule.veto for rule in book.rules.values()))


def _regained(
    score: UnitScore, tally: UnitTally, findings: list[Finding], engine: Settler, whole: Whole
) -> tuple[Loss, ...]:
    """What the total would get back without the rules of each item, or without what strikes it: settled anew.

    Where no such step helps, the pair that does and brings most.
    """

    def back(rules: tuple[str, ...]) -> Fraction:
        rest = [finding for finding in findings if finding.rule_id not in rules]
        marks, _, _ = engine.settle(tally, rest)
        return whole.sums(tally.unit.unit_id, {**marks, **engine.exact}, rest, engine.gone).total - score.total

    single = dict.fromkeys(loss.rules for item in score.items.values() for loss in item.losses)
    single |= {(score.veto,): None} if score.veto else {}
    pairs = (tuple(sorted({*one, *other})) for one, other in combinations(single, 2))
    for steps, most in ((single, None), (dict.fromkeys(pairs), 1)):
        found = [Loss(rules, points) for rules in steps if (points := back(rules)) > 0]
        if found:
            return tuple(sorted(found, key=lambda loss: (-loss.back, loss.rules))[:most])
    return ()


def notes(
    rulebook: Rulebook, readings: dict[str, str], tally: UnitTally, months: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    """Keys of wording/notes.yaml per item: an empty denominator, a missing assessment, what was not assessed."""
    flags: dict[str, dict[str, None]] = {}
    silent = without_data(rulebook, tally)
    for rule in rulebook.rules.values():
        if not rule.is_for(tally.unit.unit_group):
            continue
        item = rulebook.items[rule.item]
        worth = item.without_data(readings) if rule.item in silent else ""
        for note in _notes(rule, item, worth, readings, tally, months):
            flags.setdefault(rule.item, {})[note] = None
    return {item: tuple(found) for item, found in flags.items()}


def without_assessment(scores: dict[str, UnitScore]) -> tuple[Words, ...]:
    """Lines that name the units without qualitative scores and say what these come to; () if every unit has them."""
    found = []
    for note in ("assessment_full", "assessment_zero"):
        lacking = {id: sum(note in item.notes for item in score.items.values()) for id, score in scores.items()}
        units = sorted(id for id, items in lacking.items() if items)
        named = "、".join(units[:NAMED]) + "…" * (len(units) > NAMED)
        found += [say(f"assess.{note}", n=sum(lacking.values()), units=len(units), named=named)] if units else []
    return tuple(found)


def _notes(
    rule: Rule, item: Item, worth: str, readings: dict[str, str], tally: UnitTally, months: tuple[str, ...]
) -> Iterator[str]:
    """Of one rule; ``worth``: what its item is worth where no rule of it has anything to be judged by, else ""."""
    missing = unmeasured(rule, tally)
    if rule.kind == "assessed":
        if missing:
            value = item.without_mark(readings)
            left_out = f"unmeasured_{value}" if worth else f"not_judged {rule.id}"
            yield left_out if value in LEAVES_OUT else f"assessment_{value}"
        return
    if rule.of and not {rule.measure, rule.part, rule.of} & tally.lacking:
        counted = [whole(rule, tally, month) for month in spans(rule, readings, months)]
        if not all(counted):
            yield f"no_rows {rule.of}"
        if any(0 < n < rule.needs * tally.parts.get(rule.of, 1) for n in counted):
            yield f"few_rows {rule.of}"
    if missing and rule.kind == "award":
        yield "no_awards"
    elif missing and worth:
        yield f"unmeasured_{worth}"
    elif missing:
        yield f"not_judged {rule.id}"
