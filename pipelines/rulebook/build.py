"""Checked blocks → items, rules, readings, verdicts."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from pipelines.model.condition import FACTS, THINGS, TRUTH, Block, Condition, count, day, exact, is_amount
from pipelines.model.condition import WORDS as FACT_WORDS
from pipelines.model.measure import Measure
from pipelines.model.period import KINDS, LENGTH, QUARTER, Periods
from pipelines.model.points import half_up, shown
from pipelines.model.rule import (
    COMPOSED_BY,
    EMPTY,
    MISSING,
    OF_FIGURES,
    POOLED,
    PUBLISHED,
    REFUSE,
    TOTAL,
    Band,
    Bonus,
    Clause,
    Compose,
    Grade,
    Item,
    Left,
    Own,
    Ranking,
    Reading,
    Rule,
    Target,
    Verdict,
    Veto,
    Word,
    places_of_items,
)
from pipelines.model.text import compared, same_text
from pipelines.model.words import Words
from pipelines.rulebook import fail_if, vocabulary
from pipelines.rulebook.source import refusal, shown_text

READING = ("reading",)
NUMERAL = re.compile(r"-?\d+(\.\d+)?")  # however it is written, exports may hold it as a mark


@dataclass(frozen=True)
class Known:
    """What the rules and verdicts of a book may name."""

    clauses: Mapping[str, Clause]
    items: Mapping[str, Item]
    measures: Mapping[str, Measure]
    award_types: Mapping[str, Words]
    readings: Mapping[str, tuple[str, ...]]  # the values of each reading
    format: str = "2"
    grades: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    columns: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)  # counted table: values of codes


# Words of settling, written where they act or left there to a reading.


def word(block: Block, key: str, kind: str, readings: Mapping[str, tuple[str, ...]], unsaid: str = "") -> Word:
    """The word of a kind (`vocabulary.WORDS`) at ``key``.

    If it is missing: the reading that older books mean by that, else ``unsaid``. A reading must say nothing but words
    of that kind.
    """
    value = block.get(key)
    if value is None:
        older = vocabulary.UNSAID[kind]
        return _left(block, key, kind, older, readings) if older in readings else unsaid
    if isinstance(value, Block):
        fail_if.unknown_field(value, (*READING, *(("scope",) if kind == "same_matter" else ())))
        fail_if.missing_field(value, READING)
        return _left(value, "reading", kind, value["reading"], readings)
    if not (kind in vocabulary.NUMBERS and is_amount(value)):
        fail_if.unknown_value(block, key, vocabulary.WORDS[kind])
    return value


def _left(block: Block, key: str, kind: str, reading: str, readings: Mapping[str, tuple[str, ...]]) -> Left:
    fail_if.unknown_reading(block, key, reading, readings)
    known = vocabulary.WORDS[kind]
    for value in readings[reading]:
        if value not in known and not (kind in vocabulary.NUMBERS and is_amount(value)):
            raise refusal(block, "value_means_nothing", key, near=(value, known), reading=reading, value=value)
    return Left(reading)


def _per(block: Block, readings: Mapping[str, tuple[str, ...]]) -> Word:
    """`month` (open to the reading of older books, else added), `period`, {month: sum or mean} or a reading."""
    value = block.get("per", "period")
    if isinstance(value, Block) and "month" in value:
        fail_if.unknown_field(value, ("month",))
        return word(value, "month", "month", readings)
    if isinstance(value, Block):
        return word(block, "per", "per", readings)
    fail_if.unknown_value(block, "per", vocabulary.PER) if "per" in block else None
    if value != "month":
        return "period"
    return word(Block(block.file, block.lines["per"]), "per", "per", readings, "sum")


def bonus(book: Block, readings: Mapping[str, tuple[str, ...]]) -> Bonus:
    """`bonus: {cap: …, same_matter: …}`: how bonus points count."""
    block = book.get("bonus", Block(book.file, book.line))
    fail_if.not_a_block(block, book, "bonus")
    fail_if.ill_formed(block, "bonus")
    which = block.get("same_matter")
    if isinstance(which, Block) and "takes" in which:
        fail_if.ill_formed(which, "takes")
        takes = word(which, "takes", "same_matter", readings)
    else:
        takes = word(block, "same_matter", "same_matter", readings, "highest")
    within = which if isinstance(which, Block) else Block(block.file, block.line)
    scope = "all_awards" if isinstance(which, str) else word(within, "scope", "scope", readings, "all_awards")
    return Bonus(takes, scope, word(block, "cap", "cap", readings, "none"), _only_when(block))


def _only_when(bonus: Block) -> Condition | None:
    """`only_when: {base: {more_than: 80}}`: the base that a unit needs to be given any bonus."""
    if "only_when" not in bonus:
        return None
    asked = bonus["only_when"]
    fail_if.not_a_block(asked, bonus, "only_when")
    fail_if.ill_formed(asked, "only_when")
    fail_if.not_a_block(asked["base"], asked, "base")
    tests = tuple(test for test in vocabulary.TESTS if test != "in")
    fail_if.unknown_field(asked["base"], tests)
    if len(asked["base"]) != 1:
        raise refusal(asked, "no_test", "base")
    [test] = asked["base"]
    return Condition("base", test, number(asked["base"], test, least="-1000"))


def total(book: Block, decimals: int) -> tuple[Fraction | None, Fraction | None]:
    """`total: {floor: 0, cap: 100}`: what bounds the total, in steps that it is published in."""
    block = book.get("total", Block(book.file, book.line))
    fail_if.not_a_block(block, book, "total")
    fail_if.ill_formed(block, "total")
    floor, cap = (number(block, key, least="-1000") if key in block else None for key in ("floor", "cap"))
    for key, bound in (("floor", floor), ("cap", cap)):
        if bound is not None and (bound * 10**decimals).denominator != 1:
            raise refusal(block, "bound_too_fine", key, value=block[key], decimals=decimals)
    if floor is not None and cap is not None and floor >= cap:
        raise refusal(block, "bounds_reversed", "floor")
    return floor, cap


def decimals(book: Block) -> int:
    """`decimals`: of base, bonus and total as published."""
    found = count(book.get("decimals", "2"))
    if found is None or found > vocabulary.DECIMALS:
        raise refusal(book, "bad_decimals", "decimals", value=shown_text(book["decimals"]))
    return found


def with_places(items: Mapping[str, Item], decimals: int, round_at: str) -> dict[str, Item]:
    """Items with the decimals to which they are rounded: two or as many as a total; two more where they stay exact."""
    places, exact = places_of_items(decimals, round_at), round_at == TOTAL
    return {id: replace(item, places=places, exact=exact) for id, item in items.items()}


def veto(block: Block, kind: str, grades: Sequence[str]) -> Veto | None:
    """`veto: {total: 0}`, `{rank: false}` or `{grade: id}` of a rule that counts or compares."""
    if "veto" not in block:
        return None
    if kind not in vocabulary.VETOING:
        raise refusal(block, "veto_of_kind", "veto")
    one = block["veto"]
    fail_if.not_a_block(one, block, "veto")
    fail_if.unknown_field(one, vocabulary.VETOES)
    if len(one) != 1:
        raise refusal(block, "one_veto", "veto")
    [what] = one
    fail_if.unknown_value(one, what, vocabulary.VETOES[what] or grades)
    return Veto(what, one[what] if what == "grade" else "")


def types(book: Block, key: str) -> dict[str, Words]:
    """The types of incident or award that a book names, with their titles."""
    if key not in book:
        return {}
    fail_if.not_a_block(book[key], book, key)
    return {id: words(book[key], id) for id in book[key]}


def ranking(book: Block, measures: Mapping[str, Measure]) -> Ranking:
    """`rank: {listed_by: …, apart_below: n, all_by: share, all: false}`."""
    if "rank" not in book:
        return Ranking()
    rank = book["rank"]
    fail_if.not_a_block(rank, book, "rank")
    fail_if.ill_formed(rank, "rank")
    fewest = count(rank.get("apart_below", "0"))
    if fewest is None:
        raise refusal(rank, "bad_count", "apart_below", value=shown_text(rank["apart_below"]))
    fail_if.unknown_value(rank, "all_by", vocabulary.ALL_BY) if "all_by" in rank else None
    fail_if.unknown_value(rank, "all", tuple(TRUTH)) if "all" in rank else None
    overall = TRUTH[rank.get("all", "true")]
    if not overall and "all_by" in rank:
        raise refusal(rank, "all_by_nothing", "all_by")
    return Ranking(_listed_by(rank, measures), fewest, "all_by" in rank, overall)


def _listed_by(rank: Block, measures: Mapping[str, Measure]) -> tuple[str, str] | None:
    """The rate that lists units of equal figures, or None."""
    if "listed_by" not in rank:
        return None
    by = rank["listed_by"]
    fail_if.not_a_block(by, rank, "listed_by")
    fail_if.ill_formed(by, "listed_by")
    fail_if.not_a_list(by.get("rate"), by, "rate")
    if len(by["rate"]) != 2:
        raise refusal(by, "no_rate", "rate", value=shown_text(by["rate"]))
    part, of = by["rate"]
    one = Block(by.file, by.lines.get("rate", by.line))
    one |= {"part": part, "of": of}
    fail_if.unknown_measure(one, "part", measures)
    fail_if.unknown_measure(one, "of", measures)
    fail_if.no_part(one, measures)
    return part, of


def periods(book: Block) -> Periods:
    """`period` and `year_starts`: which periods the book scores; calendar quarters where it says neither."""
    fail_if.unknown_value(book, "period", KINDS) if "period" in book else None
    starts = count(book.get("year_starts", "1"))
    if starts is None or starts not in range(1, 13):
        raise refusal(book, "bad_month", "year_starts", value=shown_text(book["year_starts"]))
    return Periods(book.get("period", QUARTER), starts, tuple(compose(book)))


def compose(book: Block) -> dict[str, Compose]:
    """`compose: {year: {of: month, by: mean, missing: refuse}}`: longer periods out of shorter ones."""
    block = book.get("compose", Block(book.file, book.line))
    fail_if.not_a_block(block, book, "compose")
    fail_if.unknown_field(block, vocabulary.LONGER)
    own = book.get("period", QUARTER)
    found: dict[str, Compose] = {}
    for kind in sorted(block, key=lambda kind: LENGTH[kind]):
        one = block[kind]
        fail_if.not_a_block(one, block, kind)
        fail_if.ill_formed(one, "composed")
        fail_if.unknown_value(one, "of", [of for of in (own, *found) if of in LENGTH])
        fail_if.unknown_value(one, "by", COMPOSED_BY)
        fail_if.unknown_value(one, "missing", MISSING) if "missing" in one else None
        if LENGTH[one["of"]] >= LENGTH[kind]:
            raise refusal(one, "not_shorter", "of", of=one["of"], kind=kind)
        if one["by"] == POOLED and "missing" in one:
            raise refusal(one, "pooled_has_no_parts", "missing", word="missing")
        fail_if.unknown_value(one, "of_figures", OF_FIGURES) if "of_figures" in one else None
        if one["by"] == POOLED and "of_figures" in one:
            raise refusal(one, "pooled_has_no_parts", "of_figures", word="of_figures")
        found[kind] = Compose(one["of"], one["by"], one.get("missing", REFUSE), one.get("of_figures", PUBLISHED))
    return found


def sheets(
    book: Block, items: Mapping[str, Item], readings: Mapping[str, tuple[str, ...]]
) -> dict[str, dict[str, Own]]:
    """`sheets: [{groups: […], items: {id: {full_marks: n}}, times: {section: n}}]`: what items are for groups."""
    found: dict[str, dict[str, Own]] = {}
    for block in blocks(book.get("sheets", []), book, "sheets"):
        fail_if.ill_formed(block, "sheet")
        fail_if.not_a_list(block["groups"], block, "groups")
        fail_if.not_words_in(block["groups"], block, "groups")
        changed = _block_of(block, "items")
        own = {id: _own(changed, id, items, readings) for id in changed}
        own = _multiplied(block, own, items)
        if not own:
            raise refusal(block, "empty_sheet", "groups")
        for group in block["groups"]:
            if group in found:
                raise refusal(block, "group_on_two_sheets", "groups", group=group)
            found[group] = own
    return found


def _multiplied(sheet: Block, own: dict[str, Own], items: Mapping[str, Item]) -> dict[str, Own]:
    """The items of a sheet with the coefficients of their sections (`times`, `cap`)."""
    times = _block_of(sheet, "times")
    fail_if.unknown_value(sheet, "cap", tuple(TRUTH)) if "cap" in sheet else None
    if "cap" in sheet and not times:
        raise refusal(sheet, "cap_of_nothing", "cap")
    capped = TRUTH[sheet.get("cap", "false")]
    sections = tuple(dict.fromkeys(item.section for item in items.values()))
    for id in times:
        if id not in sections:
            raise refusal(times, "unknown_section", id, near=(id, sections), value=id)
        factor = number(times, id, least="0.01", most="100")
        for item in (one for one in items.values() if one.section == id):
            own[item.id] = replace(own.get(item.id, Own()), times=factor, capped=capped)
    return own


def _block_of(sheet: Block, key: str) -> Block:
    block = sheet.get(key, Block(sheet.file, sheet.line))
    fail_if.not_a_block(block, sheet, key)
    return block


def _own(sheet: Block, id: str, items: Mapping[str, Item], readings: Mapping[str, tuple[str, ...]]) -> Own:
    there = [one for one, item in items.items() if item.full_marks]
    if id not in there:
        raise refusal(sheet, "unknown_item", id, near=(id, there), value=id)
    fail_if.not_a_block(sheet[id], sheet, id)
    block = sheet[id]
    fail_if.ill_formed(block, "own")
    full = number(block, "full_marks") if "full_marks" in block else None
    marks = items[id].full_marks if full is None else full
    floors = (_floor(block, marks),) if "floor" in block else ()
    if not floors and full and (items[id].floor or 0) > full:
        raise refusal(
            block, "bad_number", "full_marks", value=block["full_marks"], least=str(items[id].floor), most="1000"
        )
    return Own(full, floors, _unmeasured(block, readings))


def grades(book: Block, items: Mapping[str, Item]) -> tuple[Grade, ...]:
    """`grades: [{id, at_least, title}]`, from the highest down to one that everything reaches."""
    written = blocks(book.get("grades", []), book, "grades")
    found = []
    for one in written:
        fail_if.ill_formed(one, "grade")
        fail_if.bad_id(one, "id")
        found.append(Grade(one["id"], number(one, "at_least", least="-1000"), words(one, "title")))
    fail_if.duplicate_id(written, "id")
    for above, below, one in zip(found, found[1:], written[1:], strict=False):
        if below.at_least >= above.at_least:
            raise refusal(one, "grades_in_disorder", "at_least", id=below.id, above=above.id)
    if found and found[-1].at_least > 0:
        raise refusal(written[-1], "no_lowest_grade", "at_least", id=found[-1].id)
    return tuple(found)


def lists(book: Block) -> dict[str, Words]:
    """`lists: [{id, title}]`: lists of verdicts beside those that every book has."""
    written = blocks(book.get("lists", []), book, "lists")
    for one in written:
        fail_if.ill_formed(one, "list")
        fail_if.bad_id(one, "id")
        if one["id"] in vocabulary.LISTS:
            raise refusal(one, "duplicate_id", "id", id=one["id"])
    fail_if.duplicate_id(written, "id")
    return {one["id"]: words(one, "title") for one in written}


def words(block: Block, key: str) -> Words:
    """The text at ``key`` in both languages."""
    fail_if.not_words(block, key)
    return Words(block[key]["zh"], block[key]["en"])


def number(block: Block, key: str, least: str = "0", most: str = "1000") -> Fraction:
    """The exact number at ``key``."""
    fail_if.bad_number(block, key, least, most)
    return Fraction(block[key])


def in_force(block: Block) -> None:
    """Check the days on which a block holds, where it names them."""
    if "in_force" in block:
        dates = block["in_force"]
        fail_if.not_a_block(dates, block, "in_force")
        fail_if.ill_formed(dates, "in_force")
        fail_if.bad_date(dates, "from")
        fail_if.bad_date(dates, "to")
        fail_if.dates_reversed(dates)


def blocks(value: Any, parent: Block, key: str = "") -> list[Block]:
    """A list of blocks."""
    fail_if.not_a_list(value, parent, key)
    for entry in value:
        fail_if.not_a_block(entry, parent, key)
    return value


def items(
    book: Block,
    clauses: dict[str, Clause],
    readings: Mapping[str, tuple[str, ...]],
    quality: Container[str] = (),
    rounded: str = "deduction",
) -> tuple[dict[str, Item], dict[str, Words]]:
    """The score sheet: items by id in order, and the titles of the sections.

    ``quality`` are the sections that count as quality of handling in books that cannot say so themselves.
    """
    found, sections, written = {}, {}, []
    for section in blocks(book["sections"], book, "sections"):
        fail_if.ill_formed(section, "section")
        fail_if.unknown_value(section, "quality", tuple(TRUTH)) if "quality" in section else None
        fail_if.not_a_word(section, ("id",))
        sections[section["id"]] = words(section, "title")
        of_quality = TRUTH[section["quality"]] if "quality" in section else section["id"] in quality
        for block in blocks(section["items"], section, "items"):
            fail_if.ill_formed(block, "item")
            fail_if.unknown_value(block, "starts", vocabulary.STARTS) if "starts" in block else None
            fail_if.bad_id(block, "id", fail_if.ITEM_ID)
            fail_if.unknown_clause(block, clauses, "id")  # floors and roundings name the item's own clause
            written.append(block)
            full = number(block, "full_marks")
            found[block["id"]] = Item(
                block["id"],
                words(block, "title"),
                full,
                section["id"],
                of_quality,
                unassessed=word(block, "unassessed", "unassessed", readings),
                floor=_floor(block, full),
                starts=block.get("starts", ""),
                round=rounded,
                bonus=None if full else bonus(book, readings),
                unmeasured=_unmeasured(block, readings),
                only=_only(block, book),
                weight=_weight(section) * _weight(block),
            )
    fail_if.duplicate_id(written, "id")
    fail_if.two_bonus_items(book, found)
    return found, sections


def _only(block: Block, book: Block) -> str:
    """`only: year`: the composed period in which alone the item is scored."""
    if "only" in block:
        fail_if.unknown_value(block, "only", book.get("compose", {}))
    return block.get("only", "")


def _unmeasured(block: Block, readings: Mapping[str, tuple[str, ...]]) -> Word:
    """What an item without data is worth, where it says so itself."""
    return word(block, "unmeasured", "unmeasured", readings) if "unmeasured" in block else ""


def _weight(block: Block) -> Fraction:
    return number(block, "weight", least="0.01", most="100") if "weight" in block else Fraction(1)


def _floor(block: Block, full: Fraction) -> Fraction | None:
    """The least that an item can be: a number up to its full marks, or None for `none`."""
    if block.get("floor") == "none":
        return None
    return number(block, "floor", least="-1000", most=str(full)) if "floor" in block else Fraction(0)


def with_starts(book: Block, items: dict[str, Item], rules: Iterable[Rule]) -> dict[str, Item]:
    """The items with what they start from: what the book says, else nothing where all their rules give (G3)."""
    found = {}
    for id, item in items.items():
        gives = {rule.gives for rule in rules if rule.item == id}
        if not item.starts and item.full_marks and len(gives) > 1:
            raise refusal(book, "mixed_item", "sections", item=id)
        found[id] = replace(item, starts=item.starts or ("zero" if gives == {True} and item.full_marks else "full"))
    return found


def worths(blocks: Iterable[Block], rules: Sequence[Rule], items: Mapping[str, Item]) -> None:
    """RulebookRefusal where several rates make an item, and what they are worth is not its full marks together."""
    written = {rule.id: block for block, rule in zip(blocks, rules, strict=True)}
    for id, item in items.items():
        own = [rule for rule in rules if rule.item == id]
        given = sum((rule.worth * rule.times for rule in own), Fraction(0))
        weighted = len(own) > 1 and all(rule.kind == "worth" and not rule.groups for rule in own)
        if weighted and given != item.full_marks:
            last = written[own[-1].id]
            facts: dict[str, Any] = {"item": id, "given": shown(half_up(given)), "full": shown(item.full_marks)}
            raise refusal(last, "worths_apart", "worth", **facts)


def _kind(block: Block, known: Known) -> str:
    """The kind of a rule by its mark; a deduction per so many and an award for a measure are kinds of their own."""
    fail_if.kind_unclear(block)
    if "deduct" in block:
        counted = block.get("measure")
        one = known.measures.get(counted) if isinstance(counted, str) else None
        many = isinstance(block.get("per"), Block) and "each" in block["per"]
        return "density" if many or (one and not one.by_row) else "occurrence"
    if "award" in block or "tiers" in block:
        counted = block.get("measure")
        is_measure = isinstance(counted, str) and counted in known.measures and counted not in known.award_types
        return "merit" if is_measure else "award"
    return next(kind for kind, (mark, _, _) in vocabulary.KINDS.items() if mark in block)


def rule(block: Block, known: Known) -> Rule:
    """One rule of any kind; a RulebookRefusal names what is wrong with it."""
    clauses, sheet = known.clauses, known.items
    kind = _kind(block, known)
    mark, required, optional = vocabulary.KINDS[kind]
    needed = (*vocabulary.EVERY_RULE, "tiers" if mark not in block else mark, *required)
    fail_if.unknown_field(block, (*needed, *optional, *vocabulary.OF_ANY_RULE))
    fail_if.missing_field(block, needed)
    fail_if.bad_id(block, "rule")
    in_force(block)
    fail_if.unknown_clause(block, clauses)
    fail_if.unknown_item(block, sheet)
    fail_if.wrong_item(block, kind, sheet)
    fail_if.not_a_list(block.get("groups", []), block, "groups")
    fail_if.empty_list(block, "groups")
    dates = block.get("in_force", {})
    common = {
        "id": block["rule"],
        "clause": block["clause"],
        "item": block["item"],
        "kind": kind,
        "file": block.file,
        "title": words(block, "title"),
        "says": words(block, "says"),
        "remedy": words(block, "remedy"),
        "examples": tuple(blocks(block["examples"], block, "examples")),
        "in_force_from": day(dates.get("from")),
        "in_force_to": day(dates.get("to")),
        "order": _order(block),
        "veto": veto(block, kind, known.grades),
        "groups": tuple(block.get("groups", ())),
        "at_most": number(block, "at_most") if "at_most" in block else None,
        "times": _times(block, kind),
    }
    specific = SPECIFIC[kind](block, known)
    quotes = known.measures[specific["measure"]].quotes if kind == "occurrence" else ()
    fail_if.unknown_placeholder(block, kind, ("word",) if "scale" in block else quotes)
    found = Rule(**common, **specific)
    fail_if.price_too_fine(block, found)
    return found


def _times(block: Block, kind: str) -> Fraction:
    """`times: 2`: what the rule gives or takes, so many times."""
    if "times" not in block:
        return Fraction(1)
    if kind == "assessed":
        raise refusal(block, "times_of_assessed", "times")
    return number(block, "times", least="0.01", most="100")


def _order(block: Block) -> int:
    found = count(block.get("order", "0"))
    if found is None:
        raise refusal(block, "bad_count", "order", value=shown_text(block["order"]))
    return found


def _occurrence(block: Block, known: Known) -> dict[str, Any]:
    fail_if.unknown_measure(block, "measure", known.measures)
    counts = block.get("counts", [])
    if counts:
        fail_if.not_a_list(counts, block, "counts")
        fail_if.counts_otherwise(block, known.measures[block["measure"]])
    fail_if.unknown_value(block, "per", vocabulary.PER_BEYOND) if "per" in block else None
    fail_if.unknown_value(block, "once_per", vocabulary.ONCE_PER_ROW) if "once_per" in block else None
    fail_if.not_a_list(block.get("with", []), block, "with")
    fail_if.not_words_in(block.get("with", []), block, "with")
    fail_if.empty_list(block, "with")
    if ("once_per" in block) != ("with" in block):
        raise refusal(block, "missing_field", field="with" if "once_per" in block else "once_per")
    prices = _prices(block, known)
    if "beyond" in block and (prices or "with" in block):
        raise refusal(block, "beyond_of_several", "beyond")
    return {
        "measure": block["measure"],
        "deduct": max(points for _, points in prices) if prices else number(block, "deduct"),
        "by": block["deduct"]["by"] if prices else "",
        "prices": prices,
        "once_with": tuple(block.get("with", ())),
        "counts": tuple(counts),
        "beyond": _whole(block, "beyond", 0),
        "per": "sum" if block.get("per") == "month" else "period",
    }


def _prices(block: Block, known: Known) -> tuple[tuple[str, Fraction], ...]:
    """`deduct: {by: stage, found: 0.3, repeated: 2}`: the price by a column with codes, every one named (G16)."""
    given = block["deduct"]
    if not isinstance(given, Block):
        return ()
    fail_if.missing_field(given, ("by",))
    codes = known.columns.get(known.measures[block["measure"]].counts, {})
    if not isinstance(given["by"], str) or given["by"] not in codes:
        near = (shown_text(given["by"]), codes)
        raise refusal(given, "price_by", "by", near=near, value=shown_text(given["by"]))
    values = codes[given["by"]]
    fail_if.unknown_field(given, ("by", *values, EMPTY))
    for value in values:
        if value not in given:
            raise refusal(given, "price_missing", "by", column=given["by"], value=value)
    return tuple((value, number(given, value)) for value in (*values, EMPTY) if value in given)


def _density(block: Block, known: Known) -> dict[str, Any]:
    if not isinstance(block.get("per"), Block):  # for each of what no row is one of: different values, parts of one
        fail_if.unknown_value(block, "per", vocabulary.PER_BEYOND) if "per" in block else None
        fail_if.unknown_measure(block, "measure", known.measures)
        per_month = "sum" if block.get("per") == "month" else "period"
        return {"measure": block["measure"], "deduct": number(block, "deduct"), "each": Fraction(1), "per": per_month}
    per = block["per"]
    fail_if.ill_formed(per, "density")
    fail_if.unknown_measure(block, "measure", known.measures)
    fail_if.unknown_measure(per, "of", known.measures)
    return {
        "measure": block["measure"],
        "deduct": number(block, "deduct"),
        "of": per["of"],
        "each": number(per, "each", least="0.01"),
        "needs": _needs(block),
    }


def _of_rate(block: Block, known: Known) -> dict[str, Any]:
    best = isinstance(block["of"], Block)
    if best:
        fail_if.ill_formed(block["of"], "best")
        if "worth" not in block and "bands" not in block:
            raise refusal(block, "best_of_what", "of")
    of = block["of"]["best"] if best else block["of"]
    rate = Block(block.file, block.line)
    rate |= {"part": block["part"], "of": of}
    rate.lines |= block.lines
    fail_if.unknown_measure(rate, "part", known.measures)
    fail_if.unknown_measure(rate, "of", known.measures)
    fail_if.no_part(rate, known.measures)
    places = _whole(block, "round_rate", -1)
    if places > vocabulary.PLACES:
        raise refusal(block, "bad_number", "round_rate", value=block["round_rate"], least=0, most=vocabulary.PLACES)
    return {
        "part": block["part"],
        "of": of,
        "best": best,
        "per": _per(block, known.readings),
        "round_rate": None if places < 0 else places,
        "fewer": known.measures[block["part"]].better == "fewer",
        "needs": _needs(block),
    }


def _needs(block: Block) -> int:
    """`needs: {of: 5}`: under so many rows of the whole, a rate is not judged."""
    if "needs" not in block:
        return 1
    fail_if.not_a_block(block["needs"], block, "needs")
    fail_if.ill_formed(block["needs"], "needs")
    return max(_whole(block["needs"], "of", 1), 1)


def _whole(block: Block, key: str, unsaid: int) -> int:
    if key not in block:
        return unsaid
    found = count(block[key])
    if found is None:
        raise refusal(block, "bad_count", key, value=shown_text(block[key]))
    return found


def _rate(block: Block, known: Known) -> dict[str, Any]:
    short = block["short"]
    fail_if.not_a_block(short, block, "short")
    fail_if.ill_formed(short, "short")
    mode = word(short, "mode", "mode", known.readings)
    fail_if.missing_field(short, () if mode else ("mode",))
    target, targets = _targets(block)
    found = {
        "target": target,
        "targets": targets,
        "mode": mode,
        "each": number(short, "each", least="0.01", most="100"),
        "deduct": number(short, "deduct"),
    }
    if "over" in block:
        over = block["over"]
        fail_if.not_a_block(over, block, "over")
        fail_if.ill_formed(over, "over")
        found |= {"over_each": number(over, "each", least="0.01", most="100"), "over_award": number(over, "award")}
    return _of_rate(block, known) | found


def _targets(block: Block) -> tuple[Fraction, tuple[Target, ...]]:
    """One number; `{group: 95, "*": 90}` by groups; or a list of `{from, to, at}` by days, without a hole."""
    given = block["target"]
    if isinstance(given, Block):
        fail_if.missing_field(given, ("*",))
        targets = tuple(Target(number(given, group, most="100"), group) for group in given)
        return next(one.value for one in targets if one.group == "*"), targets
    if not isinstance(given, list):
        return number(block, "target", most="100"), ()
    found = []
    for one in blocks(given, block, "target"):
        fail_if.ill_formed(one, "dated")
        fail_if.bad_date(one, "from")
        fail_if.bad_date(one, "to")
        fail_if.dates_reversed(one)
        found.append(
            Target(number(one, "at", most="100"), "*", day(one.get("from")) or date.min, day(one.get("to")) or date.max)
        )
    whole = found and found[0].first == date.min and found[-1].last == date.max
    if not whole or any(b.first != a.last + timedelta(1) for a, b in pairwise(found)):
        raise refusal(block, "targets_apart", "target")
    return found[-1].value, tuple(found)


def _worth(block: Block, known: Known) -> dict[str, Any]:
    full = known.items[block["item"]].full_marks
    whole = block["worth"] == "full"
    return _of_rate(block, known) | {"worth": full if whole else number(block, "worth"), "worth_full": whole}


def _bands(block: Block, known: Known) -> dict[str, Any]:
    if ("part" in block) == ("measure" in block):
        raise refusal(block, "bands_of_what", "bands")
    if "part" in block:
        fail_if.missing_field(block, ("of",))
        found = _of_rate(block, known)
    else:
        fail_if.unknown_measure(block, "measure", known.measures)
        for key in ("of", "round_rate", "needs"):
            if key in block:
                raise refusal(block, "unknown_field", key, near=(key, ("part", "measure")))
        found = {"measure": block["measure"], "per": _per(block, known.readings)}
    written = blocks(block["bands"], block, "bands")
    bands = tuple(_band(one) for one in written)
    for k, (one, band) in enumerate(zip(written, bands, strict=True)):
        fail_if.bands_in_disorder(one, band, bands[:k], last=k == len(bands) - 1)
        if band.each and "part" in block and "among" not in block:  # places are counts
            raise refusal(one, "then_of_rate", "then")
    return found | {"bands": bands}


def _by_place(block: Block, known: Known) -> dict[str, Any]:
    """`by_place: {measure, or part and of; among: group or all; bands}`."""
    inner = block["by_place"]
    fail_if.not_a_block(inner, block, "by_place")
    fail_if.ill_formed(inner, "by_place")
    fail_if.unknown_value(inner, "among", vocabulary.AMONG)
    found = _bands(inner, known)
    counted = found.get("part") or found["measure"]
    better = known.measures[counted].better
    if not better:
        raise refusal(inner, "place_without_better", "part" if "part" in inner else "measure", measure=counted)
    if found.get("best"):
        raise refusal(inner, "best_of_what", "of")
    return found | {"among": inner["among"], "per": "period", "fewer": better == "fewer"}


def _change(block: Block, known: Known) -> dict[str, Any]:
    """`change: {measure, or part and of; against: previous or year_before; bands}`."""
    inner = block["change"]
    fail_if.not_a_block(inner, block, "change")
    fail_if.ill_formed(inner, "change")
    fail_if.unknown_value(inner, "against", vocabulary.AGAINST)
    found = _bands(inner, known)
    if found.get("best"):
        raise refusal(inner, "best_of_what", "of")
    return found | {"against": inner["against"], "per": "period"}


def _band(block: Block) -> Band:
    if "then" in block:
        then = block["then"]
        fail_if.unknown_field(block, ("then",))
        fail_if.not_a_block(then, block, "then")
        fail_if.ill_formed(then, "then")
        points = number(then, "points", least="-1000")
        return Band(points, each=number(then, "each", least="0.01"))
    fail_if.unknown_field(block, (*vocabulary.BANDS, "points"))
    fail_if.missing_field(block, ("points",))
    tests = [test for test in vocabulary.BANDS if test in block]
    if len(tests) > 1:
        raise refusal(block, "band_tests", tests[1])
    points = number(block, "points", least="-1000")
    if not tests:
        return Band(points)
    return Band(points, tests[0], number(block, tests[0], least="-1000", most="999999999"))


def _assessed(block: Block, known: Known) -> dict[str, Any]:
    fail_if.unknown_item(block, known.items, "assessed")
    return {"measure": block["assessed"], "scale": _scale(block, known)}


def _scale(block: Block, known: Known) -> tuple[tuple[str, Fraction], ...]:
    """`scale: {优: 5, 良: 4}`: each word with its points; a word and its points tell each other."""
    if "scale" not in block:
        return ()
    given, most = block["scale"], known.items[block["assessed"]].full_marks
    fail_if.not_a_block(given, block, "scale")
    found: dict[str, Fraction] = {}
    for word in given:
        points = number(given, word, most=shown(most))
        same = next((one for one, worth in found.items() if worth == points or same_text(one) == same_text(word)), None)
        if NUMERAL.fullmatch(compared(word)) or not compared(word):
            raise refusal(given, "scale_of_numbers", word, word=word)
        if same is not None:
            raise refusal(given, "scale_twice", word, word=word, other=same)
        found[word] = points
    if len(found) < 2:
        raise refusal(block, "scale_of_one", "scale")
    return tuple(found.items())


def _award(block: Block, known: Known) -> dict[str, Any]:
    fail_if.unknown_award(block, known.award_types)
    if "once_per" in block:
        fail_if.unknown_value(block, "once_per", vocabulary.ONCE_PER)
        if "tiers" in block:
            raise refusal(block, "tiers_of_matters", "tiers")
    return {"measure": block["measure"], "once_per": block.get("once_per", ""), **_tiers(block)}


def _merit(block: Block, known: Known) -> dict[str, Any]:
    fail_if.unknown_value(block, "per", vocabulary.PER_BEYOND) if "per" in block else None
    per = "sum" if block.get("per") == "month" else "period"
    if known.measures[block["measure"]].scale > 1 and ("tiers" in block or not known.items[block["item"]].full_marks):
        raise refusal(block, "tiers_of_decimals", "tiers" if "tiers" in block else "measure", measure=block["measure"])
    return {"measure": block["measure"], "per": per, **_tiers(block)}


def _tiers(block: Block) -> dict[str, Any]:
    """`award`, or `tiers: [{from: 1, award: 1}, {from: 6, award: 0.5}]`, from the first on and rising."""
    if "tiers" not in block:
        return {"award": number(block, "award")}
    found = []
    for one in blocks(block["tiers"], block, "tiers"):
        fail_if.ill_formed(one, "tier")
        found.append((_whole(one, "from", 1), number(one, "award")))
    starts = [start for start, _ in found]
    if "award" in block or starts[:1] != [1] or starts != sorted(set(starts)):
        raise refusal(block, "tiers_in_disorder", "tiers")
    return {"award": found[0][1], "tiers": tuple(found)}


SPECIFIC = {
    "occurrence": _occurrence,
    "density": _density,
    "rate": _rate,
    "worth": _worth,
    "bands": _bands,
    "by_place": _by_place,
    "change": _change,
    "assessed": _assessed,
    "award": _award,
    "merit": _merit,
}


def reading(block: Block, clauses: Mapping[str, Clause]) -> Reading:
    """One reading, its default first."""
    fail_if.ill_formed(block, "reading")
    fail_if.not_a_word(block, ("reading", "clause"))
    in_force(block)
    fail_if.unknown_clause(block, clauses)
    values = block["values"]
    fail_if.not_a_block(values, block, "values")
    fail_if.unknown_value(block, "open_number", tuple(TRUTH)) if "open_number" in block else None
    return Reading(
        block["reading"],
        block["clause"],
        words(block, "title"),
        tuple(values),
        {value: words(values, value) for value in values},
        words(block, "reason"),
        block.get("open_number") == "true",
    )


def verdict(block: Block, clauses: Mapping[str, Clause], known: Known) -> Verdict:
    """One verdict: conditions on facts, and the other verdicts that it leans on."""
    fail_if.ill_formed(block, "verdict")
    in_force(block)
    fail_if.unknown_clause(block, clauses)
    fail_if.bad_id(block, "verdict")
    fail_if.unknown_value(block, "list", (*vocabulary.LISTS, *known.lists))
    for key in ("unless", "also", "groups"):
        fail_if.not_a_list(block.get(key, []), block, key)
        fail_if.not_words_in(block.get(key, []), block, key)
    fail_if.empty_list(block, "groups")
    says = words(block, "says")
    if known.format == "1":
        for older, name in vocabulary.HUNDREDTHS.items():
            says = Words(*(text.replace(f"{{{older}}}", f"{{{name}}}") for text in (says.zh, says.en)))
    when = tuple(condition(entry, known) for entry in blocks(block["when"], block, "when"))
    if known.format != "1":  # pages of older books show a dash
        fail_if.unfilled(block, [one.fact for one in when])
    return Verdict(
        block["verdict"],
        block["clause"],
        block["list"],
        words(block, "title"),
        says,
        when,
        tuple(block.get("unless", ())),
        tuple(block.get("also", ())),
        tuple(blocks(block.get("examples", []), block, "examples")),
        tuple(block.get("groups", ())),
    )


def condition(block: Block, book: Known) -> Condition:
    """One comparison of one fact with a number: points and percent have up to two decimals."""
    fail_if.ill_formed(block, "when")
    fail_if.no_fact(block)
    fail_if.no_test(block)
    test = next(test for test in vocabulary.TESTS if test in block)
    fact, scale = _fact(block, book), 1
    if fact in FACT_WORDS:
        return Condition(fact, test, _word_of(block, test, book))
    if book.format == "1" and fact in vocabulary.HUNDREDTHS:
        fact, scale = vocabulary.HUNDREDTHS[fact], 100
    if test == "in":
        fail_if.not_a_list(block[test], block, test)
        fail_if.empty_list(block, test)
        return Condition(fact, test, tuple(_bound(block, test, value) / scale for value in block[test]))
    return Condition(fact, test, _bound(block, test, block[test]) / scale)


def _word_of(block: Block, test: str, book: Known) -> str | tuple[str, ...]:
    """The grade, or the grades, that a condition asks for."""
    if test not in ("equals", "in"):
        near = (test, ("equals", "in"))
        raise refusal(block, "test_of_type", test, near=near, column=block["fact"], test=test)
    if test == "in":
        fail_if.not_a_list(block[test], block, test)
        fail_if.empty_list(block, test)
    fail_if.unknown_value(block, test, book.grades)
    return tuple(block[test]) if test == "in" else block[test]


def _bound(block: Block, test: str, value: object) -> Fraction:
    found = exact(value)
    if found is None or found < 0:
        raise refusal(block, "bad_count", test, value=block[test])
    return found


def _fact(block: Block, book: Known) -> str:
    """The fact that a condition looks at, by its name here."""
    kind = next(kind for kind in ("fact", *THINGS) if kind in block)
    if kind == "fact":
        fail_if.unknown_fact(block, (*FACTS, *(vocabulary.HUNDREDTHS if book.format == "1" else ())))
        return block["fact"]
    known = {"measure": book.measures, "item": book.items, "section": {item.section for item in book.items.values()}}
    if kind == "rate":
        parts = block["rate"] if isinstance(block["rate"], list) else str(block["rate"]).split("/")
        if len(parts) != 2:
            raise refusal(block, "no_rate", "rate", value=shown_text(block["rate"]))
        for part in parts:
            fail_if.unknown_value(_alone(block, part), "rate", book.measures)
        return f"rate {parts[0]}/{parts[1]}"
    fail_if.not_a_word(block, (kind,))
    fail_if.unknown_value(block, kind, known[kind])
    return f"{kind} {block[kind]}"


def _alone(block: Block, part: object) -> Block:
    one = Block(block.file, block.lines.get("rate", block.line))
    one["rate"] = part
    return one
