"""Reasons why a rulebook must not load, one function each: it raises a RulebookRefusal or does nothing."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from itertools import combinations
from string import Formatter
from typing import Any

from pipelines.engines.marks import readings_that_count
from pipelines.model.condition import THINGS, Block, day, exact, is_amount
from pipelines.model.measure import Measure, values_of
from pipelines.model.points import FINEST, rounded, shown
from pipelines.model.rule import LATER, Band, Clause, Item, Reading, Rule, Verdict
from pipelines.model.score import WHOLE
from pipelines.model.words import LANGUAGES, Words
from pipelines.rulebook import vocabulary
from pipelines.rulebook.source import refusal, shown_text
from pipelines.rulebook.vocabulary import forms
from pipelines.stages.judge import FACTS as NAMED
from pipelines.stages.rank import rounds
from pipelines.wording import say

ID = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
ITEM_ID = re.compile(r"[A-Z0-9]+(\.[A-Z0-9]+)*")
NUMBER = "0"  # among the words of a reading: any number answers it


def not_a_block(value: object, parent: Block, key: str = "") -> None:
    """A block of keys was expected."""
    if not isinstance(value, Block):
        raise refusal(parent, "not_a_block", key, wanted=say("rulebook.block"))


def not_a_list(value: object, parent: Block, key: str = "") -> None:
    """A list was expected."""
    if not isinstance(value, list):
        raise refusal(parent, "not_a_block", key, wanted=say("rulebook.list"))


def unknown_field(block: Block, known: Iterable[str]) -> None:
    """A field that nothing reads: most often a slip of the pen."""
    known = list(known)
    for key in block:
        if key not in known:
            raise refusal(block, "unknown_field", key, near=(key, known))


def ill_formed(block: Block, form: str) -> None:
    """A block with another key than `rules/language.yaml` gives its form, or without one that it needs."""
    known = forms()[form]
    unknown_field(block, known.keys)
    missing_field(block, known.needed)


def bad_id(block: Block, key: str, form: re.Pattern[str] = ID) -> None:
    """An id that files, engine or command line could not carry, or that the ledger uses for itself."""
    if not isinstance(block[key], str) or not form.fullmatch(block[key]) or block[key] in (*vocabulary.SETTLING, WHOLE):
        raise refusal(block, "bad_id", key, value=shown_text(block[key]))


def counts_otherwise(block: Block, measure: Measure) -> None:
    """Types of incident other than those that the measure counts."""
    known = [value for part in measure.where for value in values_of(part, "incident_type")]
    fits = all(isinstance(value, str) for value in block["counts"]) and set(block["counts"]) == set(known)
    if not fits:
        raise refusal(block, "counts_otherwise", "counts", measure=block["measure"], types="、".join(known) or "—")


def no_part(block: Block, measures: Mapping[str, Measure]) -> None:
    """A part that is not among the whole it is measured against: its rate could pass 100 % (semantics G6)."""
    above, of = block["part"], block["of"]
    while above and above != of:
        above = measures[above].among
    if not above:
        raise refusal(block, "no_part", "part", part=block["part"], of=of)
    part, whole = measures[block["part"]], measures[of]
    if (part.sum, part.distinct) != (whole.sum, whole.distinct):
        raise refusal(block, "counted_unlike", "part", part=part.id, of=of)


def missing_field(block: Block, required: Iterable[str]) -> None:
    """A field that must be there and is not, or is empty."""
    for key in required:
        if block.get(key) in (None, "", [], {}):
            raise refusal(block, "missing_field", field=key)


def not_a_word(block: Block, keys: Iterable[str]) -> None:
    """A list or a block where a single word is meant."""
    for key in keys:
        if not isinstance(block.get(key, ""), str):
            raise refusal(block, "not_a_block", key, wanted=say("rulebook.text"))


def not_words_in(values: list[Any], block: Block, key: str) -> None:
    """A list or a block inside a list of words."""
    for value in values:
        if not isinstance(value, str) or not value:
            raise refusal(block, "not_a_block", key, wanted=say("rulebook.text"))


def empty_list(block: Block, key: str) -> None:
    """A list of nothing, of which one could think that it means nobody or everybody."""
    if block.get(key) == []:
        raise refusal(block, "empty_list", key)


def assessed_twice(blocks: list[Block], rules: list[Rule]) -> None:
    """Two rules that take for the same mark from the same item of some group: what it lacks would be taken twice."""
    written = [(block, rule) for block, rule in zip(blocks, rules, strict=True) if rule.kind == "assessed"]
    for (_, one), (block, rule) in combinations(written, 2):
        apart = one.groups and rule.groups and not set(one.groups) & set(rule.groups)
        if (one.item, one.measure) == (rule.item, rule.measure) and not apart:
            raise refusal(block, "assessed_twice", "assessed", item=rule.measure, other=one.file)


def not_words(block: Block, key: str) -> None:
    """A text that is not there in both languages."""
    words = block[key]
    if (
        not isinstance(words, Block)
        or set(words) != set(LANGUAGES)
        or not all(isinstance(text, str) and text for text in words.values())
    ):
        raise refusal(block, "not_words", key)


def bad_number(block: Block, key: str, least: str = "0", most: str = "1000", places: int = 2) -> None:
    """Points that are not exact (an exponent, a decimal too many, no number) or out of all reason."""
    value = exact(block[key], places)
    if value is None or not Fraction(least) <= value <= Fraction(most):
        raise refusal(block, "bad_number", key, value=shown_text(block[key]), least=least, most=most)


def bad_date(block: Block, key: str) -> None:
    """A day that is not written 2026-07-01."""
    if key in block and day(block[key]) is None:
        raise refusal(block, "bad_date", key, value=shown_text(block[key]))


def dates_reversed(block: Block) -> None:
    """An end before the beginning."""
    start, end = day(block.get("from")), day(block.get("to"))
    if start and end and end < start:
        raise refusal(block, "dates_reversed", "from")


def unknown_clause(block: Block, clauses: Iterable[str], key: str = "clause") -> None:
    """A clause that the regulation does not have; several are separated by commas."""
    for clause in str(block[key]).split(", "):
        if clause not in clauses:
            raise refusal(block, "unknown_clause", key, near=(clause, clauses), value=clause)


def unknown_item(block: Block, items: Iterable[str], key: str = "item") -> None:
    """An item that is not on the score sheet."""
    if not _is_one(block[key], items):
        raise refusal(block, "unknown_item", key, near=(shown_text(block[key]), items), value=shown_text(block[key]))


def _is_one(value: object, known: Iterable[str]) -> bool:
    """Whether a value, which may be a list or a block, is one of the known words."""
    return isinstance(value, str) and value in known


def unknown_measure(block: Block, key: str, known: Iterable[str]) -> None:
    """Something to count that nobody counts."""
    if not _is_one(block[key], known):
        raise refusal(block, "unknown_measure", key, near=(shown_text(block[key]), known), value=shown_text(block[key]))


def unknown_number(block: Block, known: Iterable[str]) -> None:
    """A number that no query of the libraries gives."""
    if block["measure"] not in known:
        near = (block["measure"], known)
        raise refusal(block, "unknown_number", "measure", near=near, value=shown_text(block["measure"]))


def unknown_award(block: Block, known: Iterable[str]) -> None:
    """An award of a type that the book does not name."""
    if not _is_one(block["measure"], known):
        near = (shown_text(block["measure"]), known)
        raise refusal(block, "unknown_award", "measure", near=near, value=shown_text(block["measure"]))


def unknown_value(block: Block, key: str, known: Iterable[str]) -> None:
    """A word outside the closed list of a field."""
    values = block[key] if isinstance(block[key], list) else [block[key]]
    for value in values:
        if not _is_one(value, known):
            raise refusal(block, "unknown_value", key, near=(shown_text(value), known), value=shown_text(value))


def unknown_placeholder(block: Block, kind: str, quotes: tuple[str, ...] = ()) -> None:
    """A sentence with a blank that nothing fills in; a line of a row may also name what its measure quotes."""
    unfilled(block, (*NAMED[kind], *quotes))


def unfilled(block: Block, known: Iterable[str]) -> None:
    """A sentence with a blank that is none of those that are known."""
    known = list(known)
    for lang, text in block["says"].items():
        for value in blanks(text):
            if value not in known:
                near = (value, known)
                raise refusal(block, "unknown_placeholder", "says", near=near, lang=lang, value=value)


def blanks(text: str) -> Iterable[str]:
    """The names of a sentence's blanks; the sentence itself where its braces do not close."""
    try:
        return [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError:
        return [text]


def wrong_folder(block: Block, folder: str) -> None:
    """A rule that lies under another item than its own."""
    if block["item"] != folder:
        raise refusal(block, "wrong_folder", "item", item=block["item"], folder=folder)


def kind_unclear(block: Block) -> None:
    """None or several of the marks that tell the kinds of rules apart."""
    marks = [mark for mark in (*vocabulary.MARKS, "tiers") if mark in block]
    if len(marks) != 1 and marks != ["award", "tiers"]:
        raise refusal(block, "kind_unclear")


def wrong_item(block: Block, kind: str, items: Mapping[str, Item]) -> None:
    """Anything but an award in the bonus."""
    if kind not in ("award", "merit") and not items[block["item"]].full_marks:
        raise refusal(block, "wrong_item", "item", item=block["item"])


def bands_in_disorder(block: Block, band: Band, before: tuple[Band, ...], last: bool) -> None:
    """Bands that do not fall (at_least, more_than) or rise (at_most, less_than) to one for all the rest."""
    if last != (not band.test):
        raise refusal(block, "bands_end")
    if band.each and not before:
        raise refusal(block, "bands_end")
    if band.test and before:
        falling = band.test in ("at_least", "more_than")
        follows = band.bound < before[-1].bound if falling else band.bound > before[-1].bound
        if band.test != before[-1].test or not follows:
            raise refusal(block, "bands_in_disorder", band.test)


def overlapping_rules(written: list[Block]) -> None:
    """Two files for one rule that hold on the same day."""
    overlapping_dates(written, "rule")


def matters_apart(written: list[Block]) -> None:
    """Awards of which one counts a matter, in two items: their points could not be told apart."""
    once = [block for block in written if block.get("once_per") == "matter"]
    for block in once:
        if block["item"] != once[0]["item"]:
            raise refusal(block, "matters_apart", "once_per", other=once[0].file)


def price_too_fine(block: Block, rule: Rule) -> None:
    """Points that are no whole hundredths once they are taken so many times."""
    if not rule.is_exact:
        raise refusal(block, "price_too_fine", "times", times=block.get("times", "1"))


def rows_shared(blocks: list[Block], rules: list[Rule], measures: Mapping[str, Measure]) -> None:
    """Rules of which a row costs once (`with`) that do not look at the same rows, or whose points lie apart (G17)."""
    for block, rule in zip(blocks, rules, strict=True):
        for name in rule.once_with:
            near = (name, [one.id for one in rules if one.kind == "occurrence" and one.id != rule.id])
            if name not in near[1]:
                raise refusal(block, "with_nothing", "with", near=near, value=name)
            dates = (rule.in_force_from, rule.in_force_to)
            versions = [one for one in rules if one.id == name]
            other = next((one for one in versions if (one.in_force_from, one.in_force_to) == dates), None)
            if other is None:
                raise refusal(block, "with_other_days", "with", other=name, rule=rule.id)
            ours, theirs = measures[rule.measure], measures[other.measure]
            facts: dict[str, Any] = {"other": name, "rule": rule.id}
            if other.item != rule.item or other.groups != rule.groups or other.beyond:
                raise refusal(block, "with_apart", "with", **facts)
            if (ours.counts, ours.by, ours.sum) != (theirs.counts, theirs.by, theirs.sum):
                raise refusal(block, "with_other_rows", "with", **facts)


def two_bonus_items(block: Block, items: Mapping[str, Item]) -> None:
    """More than one item with no full marks."""
    if sum(not item.full_marks for item in items.values()) > 1:
        raise refusal(block, "two_bonus_items", "sections")


def duplicate_id(blocks: list[Block], key: str) -> None:
    """The same id twice in one list, on the same days."""
    overlapping_dates(blocks, key, reason="duplicate_id")


def overlapping_dates(blocks: list[Block], key: str, reason: str = "overlapping_dates") -> None:
    """Two files for one id that hold on the same day."""
    for first, second in combinations(blocks, 2):
        if first[key] != second[key]:
            continue
        (start, end), (other_start, other_end) = span(first), span(second)
        if start <= other_end and other_start <= end:
            raise refusal(second, reason, key, id=second[key], other=first.file)


def awarded_twice(written: list[Block]) -> None:
    """Two rules that give points for the same type of award on the same day."""
    for first, second in combinations([block for block in written if "award" in block], 2):
        (start, end), (other_start, other_end) = span(first), span(second)
        if first["measure"] == second["measure"] and start <= other_end and other_start <= end:
            raise refusal(second, "awarded_twice", "measure", measure=second["measure"], other=first.file)


def span(block: Block) -> tuple[date, date]:
    """First and last day on which a block is in force."""
    dates = block.get("in_force") or {}
    return day(dates.get("from")) or date.min, day(dates.get("to")) or date.max


def missing_example(block: Block, rule: Rule, which: Words) -> None:
    """A bound that no example tries."""
    raise refusal(block, "missing_example", "examples", rule=rule.id, which=which)


def example_differs(example: Block, rule: Rule, got: Fraction, is_exact: bool = False) -> None:
    """An example that the rule does not bear out: one of the two is wrong.

    Of an exact item (`round_at: total`) an example says as many decimals as it likes, two at least.
    """
    written = max(2, len(str(example["points"]).partition(".")[2]))
    if (rounded(got, written) if is_exact else got) != exact(example["points"], FINEST):
        facts = {"rule": rule.id, "name": example["name"], "wanted": example["points"], "got": shown(got)}
        raise refusal(example, "example_differs", "points", **facts)


# Reasons why readings, verdicts and clauses must not load, one function each, as in `fail_if`.


def nothing_honours(blocks: list[Block], readings: Mapping[str, Reading], used: Mapping[str, Iterable[str]]) -> None:
    """A reading or a value of one that no measure, no derived column, no rule and no settling names."""
    for block in blocks:
        id = block["reading"]
        if id not in readings:
            continue
        if id not in used:
            raise refusal(block, "nothing_honours", "reading", near=(id, used), value=id)
        if readings[id].open_number and NUMBER not in used[id]:
            raise refusal(block, "no_number_here", "open_number", reading=id)
        for value in readings[id].values:
            amount = NUMBER in used[id] and is_amount(value)
            if value not in used[id] and not amount:
                near = (value, used[id])
                raise refusal(block, "value_honoured_by_nothing", "values", near=near, reading=id, value=value)


def unknown_reading_value(block: Block, reading: Reading, value: str, key: str) -> None:
    """A value that the reading does not have."""
    if value not in reading.values and not (reading.open_number and is_amount(value)):
        near = (value, reading.values)
        raise refusal(block, "unknown_reading_value", key, near=near, reading=reading.id, value=value)


def missing_reading(root: Block, present: Iterable[str], measures: Mapping[str, Measure]) -> None:
    """A switch that a measure or a derived column needs and the rulebook leaves open."""
    needed = set().union(*map(readings_that_count, measures.values()))
    for reading in sorted(needed):
        if reading not in present and reading not in LATER:
            raise refusal(root, "missing_reading", value=reading)


def unknown_reading(block: Block, key: str, reading: str, known: Iterable[str]) -> None:
    """A word left to a reading that the book does not have."""
    if reading not in known:
        raise refusal(block, "measure_reading", key, near=(reading, known), value=shown_text(reading))


def unknown_fact(block: Block, known: Iterable[str]) -> None:
    """A condition on something that no verdict can see."""
    if block["fact"] not in known:
        near = (block["fact"], known)
        raise refusal(block, "unknown_fact", "fact", near=near, value=shown_text(block["fact"]))


def no_fact(block: Block) -> None:
    """A condition that looks at nothing, or at two things."""
    if sum(kind in block for kind in ("fact", *THINGS)) != 1:
        raise refusal(block, "no_fact")


def no_test(block: Block) -> None:
    """A condition with no comparison, or with two."""
    if sum(test in block for test in vocabulary.TESTS) != 1:
        raise refusal(block, "no_test")


def unknown_verdict(block: Block, key: str, known: Iterable[str]) -> None:
    """A verdict that leans on one that is not there."""
    for value in block.get(key, []):
        if value not in known:
            raise refusal(block, "unknown_verdict", key, near=(value, known), value=shown_text(value))


def groups_untried(block: Block, verdict: Verdict) -> None:
    """A verdict for some groups of units without an example of one of them and of another."""
    tried = [example["group"] in verdict.groups for example in verdict.examples if verdict.groups]
    if verdict.groups and len(set(tried)) < 2:
        raise refusal(block, "verdict_groups", "groups", id=verdict.id)


def circle(blocks: list[Block], verdicts: tuple[Verdict, ...]) -> None:
    """Verdicts that lean on each other in a circle."""
    try:
        rounds(verdicts)
    except ValueError as problem:
        block = next(block for block in blocks if block["verdict"] == str(problem))
        raise refusal(block, "circle", "verdict", id=problem) from None


def clause_without_reason(root: Block, clauses: Mapping[str, Clause], named: set[str]) -> None:
    """A clause that nothing applies, without a word on why."""
    for clause in clauses.values():
        if clause.id not in named and clause.why_no_rule is None:
            raise refusal(root, "clause_without_reason", clause.id, id=clause.id)
