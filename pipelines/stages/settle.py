"""Settle: findings → item scores, base and bonus, and the ledger lines that stand for no single case."""

from collections import defaultdict
from fractions import Fraction
from itertools import combinations

from pipelines.edges.wording import say
from pipelines.engines.judging import spans
from pipelines.engines.rete import text_of
from pipelines.engines.settling import Settler
from pipelines.model.points import CENT, half_up, hundredths
from pipelines.model.rule import Rule, Rulebook
from pipelines.model.score import Entry, Finding, Fired, ItemScore, Loss, UnitScore
from pipelines.model.tally import UnitTally
from pipelines.model.words import Words

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
    engine = Settler(rulebook, readings)
    by_unit = defaultdict(list)
    for finding in findings:
        by_unit[finding.unit_id].append(finding)
    scores, entries, fired = {}, [], []
    for unit_id in sorted(tallies):
        tally = tallies[unit_id]
        marks, lines, firings = engine.settle(tally, by_unit[unit_id])
        flags = notes(rulebook, readings, tally, months)
        scores[unit_id] = _unit_score(rulebook, tally, marks, flags, by_unit[unit_id])
        entries += lines
        fired += [Fired(unit_id, "settle", f.rule, f.result.month, text_of(f.fact)) for f in firings]
    return scores, entries, fired


def _unit_score(
    rulebook: Rulebook, tally: UnitTally, marks: dict[str, Fraction], flags: dict[str, tuple[str, ...]],
    findings: list[Finding],
) -> UnitScore:
    taken: dict[str, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for finding in findings:
        taken[finding.item_id][finding.rule_id] -= finding.points
    items = {
        item.id: ItemScore(item.id, item.full_marks, marks[item.id], flags.get(item.id, ()),
                           losses(item.full_marks, taken[item.id]) if item.full_marks else ())
        for item in rulebook.items.values()
    }
    base = sum(hundredths(item.score) for item in items.values() if item.full_marks)
    bonus = sum(hundredths(item.score) for item in items.values() if not item.full_marks)
    return UnitScore(tally.unit.unit_id, items, Fraction(base, CENT), Fraction(bonus, CENT))


def losses(full_marks: Fraction, taken: dict[str, Fraction]) -> tuple[Loss, ...]:
    """What an item would get back without each rule, the largest first; ``taken`` is what each rule takes, exact.

    A rule that would bring nothing back, because the others take all there is, is left out. Where that holds for
    every rule, the fewest rules that together bring something back are named.
    """
    def left(without: tuple[str, ...] = ()) -> Fraction:
        rest = sum((points for rule, points in taken.items() if rule not in without), Fraction(0))
        return max(full_marks - half_up(rest), Fraction(0))

    rules = sorted(rule for rule, points in taken.items() if points)
    for size in range(1, len(rules) + 1):
        found = [Loss(some, left(some) - left()) for some in combinations(rules, size)]
        if any(loss.back for loss in found):
            found = [loss for loss in found if loss.back]
            return tuple(sorted(found, key=lambda loss: (-loss.back, loss.rules))[: None if size == 1 else 1])
    return ()


def notes(
    rulebook: Rulebook, readings: dict[str, str], tally: UnitTally, months: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    """Keys of wording/notes.yaml per item: an empty denominator, a missing assessment."""
    flags: dict[str, tuple[str, ...]] = {}
    for rule in rulebook.rules.values():
        note = _note(rule, readings, tally, months)
        if note and note not in flags.get(rule.item, ()):
            flags[rule.item] = (*flags.get(rule.item, ()), note)
    return flags


def without_assessment(scores: dict[str, UnitScore], readings: dict[str, str]) -> tuple[Words, ...]:
    """A line that units lack qualitative scores, which units, and what the reading makes of it; () where none does."""
    note = f"assessment_{readings['missing_assessment']}"
    lacking = {id: sum(note in item.notes for item in score.items.values()) for id, score in scores.items()}
    units = sorted(id for id, items in lacking.items() if items)
    named = "、".join(units[:NAMED]) + "…" * (len(units) > NAMED)
    return (say(f"assess.{note}", n=sum(lacking.values()), units=len(units), named=named),) if units else ()


def _note(rule: Rule, readings: dict[str, str], tally: UnitTally, months: tuple[str, ...]) -> str:
    if rule.kind == "assessed" and rule.measure not in tally.assessed:
        return f"assessment_{readings['missing_assessment']}"
    if rule.kind == "rate" and not all(tally.count(rule.of, month or None) for month in spans(rule, readings, months)):
        return f"no_{rule.of}"
    return ""
