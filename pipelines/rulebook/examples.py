"""A rule's own examples, run through the judge of record."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from pipelines.model.condition import WORDS, Block, Condition, count, day, exact
from pipelines.model.period import LENGTH
from pipelines.model.points import plain, points
from pipelines.model.rule import Rule, Rulebook, Verdict
from pipelines.model.tally import Award, Unit, UnitTally
from pipelines.model.words import Words
from pipelines.rulebook import fail_if
from pipelines.rulebook.source import attempt, refusal, shown_text
from pipelines.stages.judge import Judge, whole
from pipelines.stages.rank import Adjudicator
from pipelines.stages.settle import Settler
from pipelines.wording import say

FIRST, OF_A_SPAN = "2026-01", 3  # the first month of an example, and how many one of a book of spans has
Engines = dict[tuple[object, ...], tuple[Judge, Settler]]


def check_examples(rulebook: Rulebook, rule: Rule, block: Block) -> None:
    """Every example must come out, and every bound of the rule must have one on it and one beside it."""
    values: list[Fraction | None] = []
    results: list[Fraction] = []
    engines: Engines = {}
    for example in rule.examples:
        fail_if.ill_formed(example, "rule_example")
        fail_if.missing_field(example, ("place",) if rule.kind == "by_place" else ("given",))
        fail_if.bad_number(example, "points", least="-1000", places=rulebook.places)
        fail_if.not_a_block(example["given"], example, "given") if "given" in example else None
        got = outcome(rulebook, rule, example, engines)
        attempt(fail_if.example_differs, example, rule, got, rulebook.exact_items)
        results.append(got)
        values.append(_value(rulebook, rule, example))
    given = [value for value in values if value is not None]
    for which, tried in _bounds(rulebook, rule, given, results):
        if not tried:
            attempt(fail_if.missing_example, block, rule, which)


def outcome(rulebook: Rulebook, rule: Rule, example: Block, engines: Engines | None = None) -> Fraction:
    """The points that an example comes to: what its item gains or loses, the rule being the only one.

    ``engines`` keeps what was compiled for one example for the next under the same readings and months.
    """
    readings, months = _readings(rulebook, example), _months(rulebook, example)
    item = replace(rulebook.items[rule.item], starts="zero" if rule.gives else "full")
    key, engines = (months, *readings.items()), {} if engines is None else engines
    if key not in engines:
        always = replace(rule, in_force_from=None, in_force_to=None)  # its days are tried by no example
        alone = replace(rulebook, rules={rule.id: always}, items={**rulebook.items, item.id: item})
        engines[key] = Judge(alone, readings, months), Settler(alone, readings)
    judge, settler = engines[key]
    tally = _tally(rulebook, rule, example)
    scores, _, _ = settler.settle(tally, judge.judge(tally)[0])
    return scores[rule.item] - (0 if rule.gives else item.full_marks)


def _months(rulebook: Rulebook, example: Block) -> tuple[str, ...]:
    """As many months as the book's period has, from the one that the example names where values depend on the day."""
    first = day(f"{example.get('month', FIRST)}-01")
    if first is None:
        raise refusal(example, "bad_date", "month", value=f"{example['month']}-01")
    length = LENGTH.get(rulebook.periods.kind, OF_A_SPAN)
    numbers = (first.year * 12 + first.month - 1 + k for k in range(length))
    return tuple(f"{n // 12:04d}-{n % 12 + 1:02d}" for n in numbers)


def _readings(rulebook: Rulebook, example: Block) -> dict[str, str]:
    chosen = example.get("readings", {})
    if "readings" in example:
        fail_if.not_a_block(chosen, example, "readings")
    for id, value in chosen.items():
        if id not in rulebook.readings:
            raise refusal(chosen, "unknown_reading", id, near=(id, rulebook.readings), value=id)
        if not (rulebook.readings[id].open_number and exact(value) is not None):
            fail_if.unknown_reading_value(chosen, rulebook.readings[id], value, id)
    return {id: chosen.get(id, reading.default) for id, reading in rulebook.readings.items()}


def _tally(rulebook: Rulebook, rule: Rule, example: Block) -> UnitTally:
    given, months = example.get("given", {}), _months(rulebook, example)
    counts: dict[str, dict[str, int]] = dict.fromkeys(rulebook.measures, {})
    assessed, awards = {}, []
    priced: dict[str, dict[str, dict[str, int]]] = {}
    known = {"assessed": (rule.measure,), "award": rulebook.award_types}.get(rule.kind, rulebook.measures)
    for key, value in given.items():
        if key not in known:
            raise refusal(given, "unknown_measure", key, near=(key, known), value=key)
        if rule.kind == "assessed":
            assessed[key] = _mark(rule, given, key)
        elif rule.kind == "award":
            fail_if.not_a_list(value, given, key)
            awards += [(key, matter) for matter in value]
        elif rule.prices and key == rule.measure:
            priced[rule.id] = of_rule = _by_price(rule, given, months)
            counts[key] = {month: sum(of.get(month, 0) for of in of_rule.values()) for month in months}
        else:
            counts[key] = _counts(given, key, months, rulebook.measures[key].scale)
    listed = tuple(
        Award(f"example-{k}", kind, str(matter), date.fromisoformat(f"{months[0]}-{k:02d}"))
        for k, (kind, matter) in enumerate(awards[:31], 1)
    )
    before = _earlier(rulebook, rule, example)
    unit = Unit("example", "example", example.get("group", ""), True)
    places = {rule.id: _of_others(example, "place", 1)}
    best = {rule.id: dict.fromkeys(("", *months), _of_others(example, "best", 0))} if rule.best else {}
    more: dict[str, Any] = {"places": places, "best": best, "parts": rulebook.parts, "priced": priced, "before": before}
    return UnitTally(unit, 0, counts, {}, assessed, listed, **more)


def _mark(rule: Rule, given: Block, key: str) -> Fraction:
    """The points of a mark: a number, or a word of the rule's scale or the number of one."""
    if given[key] in dict(rule.scale):
        return dict(rule.scale)[given[key]]
    if rule.scale and not rule.word(exact(given[key]) or Fraction(-1)):
        fail_if.unknown_value(given, key, [word for word, _ in rule.scale])
    fail_if.bad_number(given, key)
    return points(given[key])


def _by_price(rule: Rule, given: Block, months: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """`given: {faults: {found: 2, repeated: [0, 1, 0]}}`: how many of each price."""
    values = [value for value, _ in rule.prices]
    if not isinstance(given[rule.measure], Block):
        facts: dict[str, Any] = {"rule": rule.id, "by": rule.by, "measure": rule.measure, "first": values[0]}
        raise refusal(given, "priced_by_value", rule.measure, **facts)
    fail_if.unknown_field(given[rule.measure], values)
    return {value: _counts(given[rule.measure], value, months) for value in given[rule.measure]}


def _of_others(example: Block, key: str, unsaid: int) -> int:
    """What an example says of the other units: the place (`place: 2, of: 9`), the best of the group (`best: 10`)."""
    number = count(example.get(key, str(unsaid)))
    if number is None:
        raise refusal(example, "bad_count", key, value=shown_text(example[key]))
    if key == "place" and "of" in example and (count(example["of"]) or 0) < number:
        raise refusal(example, "bad_count", "of", value=shown_text(example["of"]))
    return number


def _changed(rulebook: Rulebook, rule: Rule, tally: UnitTally) -> Fraction | None:
    """Now less before; None where one of them has nothing to be judged by."""
    was = tally.before.get(rule.id)
    if was is None or not rule.is_rate:
        scale = 1 if rule.is_rate else rulebook.measures[rule.measure].scale
        return None if was is None else Fraction(tally.count(rule.measure) - was[rule.measure], scale)
    of, was_of = tally.count(rule.of), was[rule.of]
    if not (of and was_of):
        return None
    return rule.printed(tally.count(rule.part), of) - rule.printed(was[rule.part], was_of)


def _earlier(rulebook: Rulebook, rule: Rule, example: Block) -> dict[str, dict[str, int]]:
    """What an example says of the earlier period; nothing where nobody knows of it."""
    if rule.kind != "change" or "before" not in example:
        return {}
    given = example["before"]
    fail_if.not_a_block(given, example, "before")
    known = [id for id in (rule.measure, rule.part, rule.of) if id]
    fail_if.unknown_field(given, known)
    found = {}
    for id in known:
        number = count(given.get(id, "0"))
        if number is None:
            raise refusal(given, "bad_count", id, value=given[id])
        found[id] = number * rulebook.measures[id].scale
    return {rule.id: found}


def _counts(given: Block, key: str, months: tuple[str, ...], scale: int = 1) -> dict[str, int]:
    """By month: a count in the first one, or a list with one for each month of the period."""
    listed = isinstance(given[key], list)
    values = given[key] if listed else [given[key]]
    parts = [number * scale for value in values if (number := exact(value)) is not None and number >= 0]
    if len(parts) < len(values) or any(part.denominator != 1 for part in parts):
        raise refusal(given, "bad_count", key, value=shown_text(given[key]))
    numbers = [int(part) for part in parts]
    if listed and len(numbers) != len(months):
        raise refusal(given, "other_months", key, n=len(numbers), months=len(months))
    return dict(zip(months, numbers, strict=False))


def _value(rulebook: Rulebook, rule: Rule, example: Block) -> Fraction | None:
    """What a rule compares with its bounds, less the target of a rate; None where there is nothing to compare."""
    tally = _tally(rulebook, rule, example)
    if rule.kind == "assessed":
        return tally.assessed.get(rule.measure)
    if rule.kind == "by_place":
        return Fraction(tally.places[rule.id])
    if rule.kind == "change":
        return _changed(rulebook, rule, tally)
    if rule.kind == "award":
        return Fraction(len(tally.awards))
    if not rule.is_rate:
        return Fraction(tally.count(rule.measure), rulebook.measures[rule.measure].scale)
    part, of = tally.count(rule.part), whole(rule, tally)
    if not of:
        return None
    rate = rule.printed(part, of)
    return rate - rule.target_of(tally.unit.unit_group, _months(rulebook, example)[0]) if rule.kind == "rate" else rate


def _bounds(
    rulebook: Rulebook, rule: Rule, values: list[Fraction], results: list[Fraction]
) -> Iterator[tuple[Words, bool]]:
    """(the example that is needed, whether there is one) for every bound of a rule."""

    def some(name: str, test: Callable[[Fraction], bool]) -> tuple[Words, bool]:
        return say(f"rulebook.example_{name}"), any(map(test, values))

    if rule.scale:
        yield from ((say("rulebook.example_word", word=word), worth in values) for word, worth in rule.scale)
    elif rule.kind == "assessed":
        full = rulebook.items[rule.item].full_marks
        yield some("assessed_below", lambda value: value == 0)
        yield some("assessed_at", lambda value: value == full)
        yield some("assessed_above", lambda value: 0 < value < full)
    elif rule.kind == "rate":
        yield some("rate_below", lambda value: value < 0)
        yield some("rate_at", lambda value: value == 0)
        # nothing is above 100 %, nothing below 0
        if rule.targets or rule.target < 100:
            yield some("rate_above", lambda value: value > 0)
    elif rule.kind == "worth":
        yield some("worth_below", lambda value: value < 100)
        yield some("worth_at", lambda value: value == 100)
    elif rule.kind in ("bands", "by_place", "change"):
        yield from _bounds_of_bands(rule, values)
    else:
        name = "award" if rule.kind in ("award", "merit") else "occurrence"
        yield some(f"{name}_below", lambda value: value == 0)
        yield some(f"{name}_at", lambda value: value == 1)
        yield some(f"{name}_above", lambda value: value > 1)
        for value, _ in rule.prices:
            tried = any(_gives(example, rule.measure, value) for example in rule.examples)
            yield say("rulebook.example_price", value=value), tried
        for start in (*(start for start, _ in rule.tiers[1:]), *((rule.beyond + 1,) if rule.beyond else ())):
            for n in (start - 1, start):
                yield say("rulebook.example_of_n", n=n), any(value == n for value in values)
    if rule.at_most is not None:
        yield say("rulebook.example_at_most", most=plain(rule.at_most)), any(abs(r) == rule.at_most for r in results)


def _gives(example: Block, measure: str, value: str) -> bool:
    """Whether an example has rows of a price."""
    of_measure = example["given"].get(measure, {})
    return isinstance(of_measure, Block) and of_measure.get(value, "0") not in ("0", "")


def _bounds_of_bands(rule: Rule, values: list[Fraction]) -> Iterator[tuple[Words, bool]]:
    for band in rule.bands:
        facts = {"test": band.test, "bound": plain(band.bound)}
        beside = {
            "at_least": lambda v, b: v < b,
            "more_than": lambda v, b: v > b,
            "at_most": lambda v, b: v > b,
            "less_than": lambda v, b: v < b,
        }
        if band.test:
            yield say("rulebook.example_band_at", **facts), any(value == band.bound for value in values)
            passed = any(beside[band.test](value, band.bound) for value in values)
            yield say("rulebook.example_band_beside", **facts), passed
    if rule.bands[-1].each:
        ends = [value for value in values if _far(rule, value)]
        yield say("rulebook.example_then"), bool(ends)


def _far(rule: Rule, value: Fraction) -> bool:
    """Whether a value lies a step or more beyond the last bound."""
    last = rule.bands[-2]
    away = last.bound - value if last.test in ("at_least", "more_than") else value - last.bound
    return away >= rule.bands[-1].each


# A verdict's own examples, run through the rule engine.


TRUE = {"true": True, "false": False}
# On which side of its bound a test looks from one kind of example to the other.
BEYOND: dict[str, Callable[[Any, Any], bool]] = {
    "at_least": lambda given, bound: given < bound,
    "less_than": lambda given, bound: given < bound,
    "at_most": lambda given, bound: given > bound,
    "more_than": lambda given, bound: given > bound,
    "equals": lambda given, bound: given != bound,
}


def check_verdict_examples(verdicts: tuple[Verdict, ...], written: list[Block], grades: tuple[str, ...] = ()) -> None:
    """Every example must come out; every bound has one on it and one beyond it.

    Editions from before verdicts had examples have none at all, and load.
    """
    if not any(verdict.examples for verdict in verdicts):
        return
    blocks = {block["verdict"]: block for block in written}
    for verdict in verdicts:
        if not verdict.examples:
            raise refusal(blocks[verdict.id], "verdict_without_examples", "verdict", id=verdict.id)
        engine = Adjudicator((*_stubs(verdict), verdict))
        given = [_given(verdict, example, grades) for example in verdict.examples]
        for example, (facts, stubs) in zip(verdict.examples, given, strict=True):
            attempt(_must_hold, verdict, example, engine, {**facts, **stubs})
        attempt(fail_if.groups_untried, blocks[verdict.id], verdict)
        for condition in verdict.when:
            values = [facts.get(condition.fact) for facts, _ in given]
            attempt(_must_be_tried, verdict, condition, blocks[verdict.id], values)


def _stubs(verdict: Verdict) -> list[Verdict]:
    """The verdicts that it leans on, each given where its own fact is 1."""
    return [
        Verdict(id, verdict.clause, "remark", verdict.title, verdict.says, (Condition(f"stub {id}", "equals", 1),))
        for id in dict.fromkeys((*verdict.also, *verdict.unless))
    ]


def _given(verdict: Verdict, example: Block, grades: tuple[str, ...]) -> tuple[dict[str, Fraction], dict[str, int]]:
    """The facts of an example by their names, and which of the verdicts it leans on were given.

    An empty value stands for a fact that has none.
    """
    needed = ("name", "given", "holds", *(("group",) if verdict.groups else ()))
    fail_if.unknown_field(example, needed)
    fail_if.missing_field(example, needed)
    fail_if.unknown_value(example, "holds", tuple(TRUE))
    block = example["given"]
    fail_if.not_a_block(block, example, "given")
    names, leans = {c.label: c.fact for c in verdict.when}, (*verdict.also, *verdict.unless)
    fail_if.unknown_field(block, (*names, *leans))
    facts, stubs = {}, {}
    for label in (*names, *leans):
        if label not in block:
            raise refusal(block, "missing_field", field=label)
    for label, fact in names.items():
        if block[label] != "" and fact in WORDS:
            fail_if.unknown_value(block, label, grades)
            facts[fact] = block[label]
        elif block[label] != "":
            value = exact(block[label])
            if value is None:
                raise refusal(block, "bad_count", label, value=block[label])
            facts[fact] = value
    for id in leans:
        fail_if.unknown_value(block, id, tuple(TRUE))
        stubs[f"stub {id}"] = int(TRUE[block[id]])
    return facts, stubs


def _must_hold(verdict: Verdict, example: Block, engine: Adjudicator, facts: Mapping[str, int | Fraction]) -> None:
    given, _ = engine.adjudicate("example", facts, example.get("group", ""))
    holds = verdict.id in [one.verdict_id for one in given]
    if holds != TRUE[example["holds"]]:
        texts = {"wanted": example["holds"], "got": str(holds).lower()}
        raise refusal(example, "verdict_differs", "holds", id=verdict.id, name=example["name"], **texts)


def _must_be_tried(verdict: Verdict, condition: Condition, block: Block, given: list[Fraction | None]) -> None:
    bounds = condition.bounds
    values = [value for value in given if value is not None]
    beyond = BEYOND.get(condition.test) or (lambda value, _: value not in bounds)
    tried = {"at": all(bound in values for bound in bounds), "beyond": any(beyond(v, bounds[0]) for v in values)}
    for which, found in tried.items():
        if not found:
            facts: dict[str, Any] = {
                "fact": condition.label,
                "test": condition.test,
                "value": ", ".join(map(str, bounds)),
            }
            raise refusal(
                block, "verdict_bound", "examples", id=verdict.id, which=say(f"rulebook.bound_{which}"), **facts
            )
