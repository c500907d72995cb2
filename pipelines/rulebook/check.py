"""All that is wrong with a rulebook folder at once, and what is not wrong but worth a second look."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

from pipelines.contracts.declared import shared_words
from pipelines.model.condition import COUNT, TRUTH, Block
from pipelines.model.measure import CASE_ROWS
from pipelines.model.points import shown
from pipelines.model.rule import Rulebook
from pipelines.model.words import RulebookRefusal, Words
from pipelines.rulebook import fail_if, vocabulary
from pipelines.rulebook.load import BOOK, READINGS, VERDICTS, load_rulebook
from pipelines.rulebook.measures import FOLDER as MEASURES
from pipelines.rulebook.source import attempt, keeping, read_yaml, refusal, shown_text
from pipelines.rulebook.vocabulary import CLOSED, choices, forms, span
from pipelines.wording import say

LISTS = {READINGS: "reading", VERDICTS: "verdict"}  # files that hold a list of blocks


def check(folder: Path, on: date) -> tuple[list[RulebookRefusal], list[Words]]:
    """Every refusal of the book in ``folder`` on the day ``on``, by file and line, and every note.

    First each block by itself, key by key (`rules/language.yaml`), then the book as it loads: what only follows from
    a block that does not load is not told beside it.
    """
    written = list(_written(folder))
    found: dict[str, RulebookRefusal] = {}
    for form, block in written:
        for problem in faults(block, form):
            found.setdefault(problem.words.en, problem)
    with keeping() as kept:
        try:
            book = attempt(load_rulebook, folder, on)
        except Exception:  # what is left of a broken book may break anywhere: what was found stands
            if not found and not kept.refusals:
                raise
            book = None
    places = {problem.place for problem in found.values()}
    found |= {one.words.en: one for one in kept.refusals if one.words.en not in found and one.place not in places}
    refusals = sorted(found.values(), key=lambda one: one.place)
    return refusals, [] if refusals or book is None else list(_notes(book))


def check_every_day(folder: Path, on: date) -> tuple[list[RulebookRefusal], list[Words]]:
    """As `check` on the day ``on``, and on every other day on which what the book has in force changes.

    What is found on another day alone names that day.
    """
    refusals, notes = check(folder, on)
    told = {words.en for words in notes}
    for day in [] if refusals else _other_days(folder, on):
        more, noted = check(folder, day)
        refusals += [
            RulebookRefusal(say("rulebook.on_day", day=day, what=one.words), one.place, one.word)
            for one in more
            if one.words.en not in told
        ]
        notes += [say("rulebook.on_day", day=day, what=words) for words in noted if words.en not in told]
        told |= {one.words.en for one in more} | {words.en for words in noted}
    return sorted(refusals, key=lambda one: one.place), [] if refusals else notes


def _other_days(folder: Path, on: date) -> list[date]:
    """The first days of what is in force from some day, and those after a last one, as far as the book holds."""
    spans = [(form, fail_if.span(block)) for form, block in _written(folder)]
    [(first, last)] = [span for form, span in spans if form == "rulebook"]
    changes = {start for _, (start, _) in spans} | {end + timedelta(days=1) for _, (_, end) in spans if end < date.max}
    return sorted(day for day in changes if first <= day <= last and day not in (on, date.min))


def _written(folder: Path) -> Iterator[tuple[str, Block]]:
    """Every block of the folder that is read as one, with its form; files that are no YAML are left to the loader."""
    for file in sorted(folder.rglob("*.yaml")):
        name = file.relative_to(folder).as_posix()
        form = {BOOK: "rulebook", **LISTS}.get(name, "measure" if file.parent.name == MEASURES else "")
        if not form and (file.parent == folder or file.parent.parent != folder):
            continue
        with keeping():
            root = attempt(read_yaml, file, name)
        blocks = root if name in LISTS and isinstance(root, list) else [root]
        yield from ((form or "rule", block) for block in blocks if isinstance(block, Block) and block)


# One block, key by key.


def faults(block: Block, form: str) -> Iterator[RulebookRefusal]:
    """What a block says otherwise than its form: keys that nothing reads, keys that lack, values of another sort."""
    known = forms()[form]
    keys, needed = _of_kind(block) if form == "rule" else (tuple(known.keys), known.needed)
    for key in block:
        if key in keys:
            yield from _value(block, key, block[key], known.keys[key].is_)
        elif known.open:
            yield from _value(block, key, block[key], known.open)
        else:
            yield refusal(block, "unknown_field", key, near=(key, keys))
    for key in needed:
        if block.get(key) in (None, "", [], {}):
            yield refusal(block, "missing_field", field=key)


def _of_kind(block: Block) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys that a rule may have and those that it needs, by the mark of its kind; any of them without a mark."""
    mark = next((mark for mark in vocabulary.MARKS if mark in block), "award" if "tiers" in block else "")
    if not mark:
        return tuple(forms()["rule"].keys), vocabulary.EVERY_RULE
    needed, allowed = vocabulary.of_mark(mark)
    return allowed, needed


def _value(block: Block, key: str, value: Any, is_: str) -> Iterator[RulebookRefusal]:
    """What is wrong with one value: it must fit one of the sorts that its key may be."""
    tried = [list(_of_sort(block, key, value, *choice)) for choice in choices(is_)]
    if any(not problems for problems in tried):
        return
    same_shape = [problems for choice, problems in zip(choices(is_), tried, strict=True) if _shaped(value, choice)]
    yield from min(same_shape or tried[:1], key=len)


def _shaped(value: Any, choice: tuple[str, str]) -> bool:
    """Whether a value is written as such a thing is: a block, a list or a text."""
    sort, _ = choice
    if isinstance(value, Block):
        return sort in ("block", "map", "words", "reading", "condition")
    return sort in ("list", "condition") if isinstance(value, list) else sort not in ("block", "map", "list", "words")


def _of_sort(block: Block, key: str, value: Any, sort: str, rest: str) -> Iterator[RulebookRefusal]:
    with keeping() as kept:
        attempt(_must_be, block, key, value, sort, rest)
    yield from kept.refusals
    if kept.refusals:
        return
    if sort == "block":
        yield from faults(value, rest)
    elif sort == "list":
        for one in value:
            yield from _value(_alone(block, key, one), key, one, rest)
    elif sort == "map":
        for name in value:
            yield from _value(value, name, value[name], rest)


def _must_be(block: Block, key: str, value: Any, sort: str, rest: str) -> None:
    if sort in ("block", "map", "reading"):
        fail_if.not_a_block(value, block, key)
    elif sort == "list":
        fail_if.not_a_list(value, block, key)
    elif sort == "words":
        fail_if.not_words(block, key)
    elif sort != "condition":
        fail_if.not_a_word(block, (key,))
        _must_say(block, key, value, sort, rest)
    if sort == "reading":
        fail_if.unknown_field(value, ("reading",))
        fail_if.missing_field(value, ("reading",))


def _must_say(block: Block, key: str, value: str, sort: str, rest: str) -> None:
    """One word: a number within its bounds, a count, a day, or one of the closed words."""
    if sort == "number":
        fail_if.bad_number(block, key, *span(rest))
    elif sort == "whole" and not COUNT.fullmatch(value):
        raise refusal(block, "bad_count", key, value=shown_text(value))
    elif sort == "date":
        fail_if.bad_date(block, key)
    elif sort in ("id", "item"):
        fail_if.bad_id(block, key, fail_if.ITEM_ID if sort == "item" else fail_if.ID)
    elif sort in ("one", "word", "truth"):
        fail_if.unknown_value(block, key, {"one": CLOSED.get(rest, ()), "truth": tuple(TRUTH)}.get(sort, (rest,)))


def _alone(block: Block, key: str, value: Any) -> Block:
    """One entry of a list as the value of its key."""
    one = Block(block.file, block.lines.get(key, block.line))
    one[key] = value
    return one


# What loads and may still mislead.


def _notes(book: Rulebook) -> Iterator[Words]:
    if book.format == 1:
        yield say("rulebook.note_format", edition=book.edition)
    yield from book.notices
    judged = {rule.item for rule in book.rules.values()}
    for id, item in book.items.items():
        if id not in judged and item.full_marks:
            yield say("rulebook.note_unjudged", item=id)
    for rule in book.rules.values():
        full = max((own.items[rule.item].full_marks for own in _sheets(book) if rule.item in own.items), default=0)
        if full and rule.gives and rule.most > full:
            facts = {"rule": rule.id, "file": rule.file, "item": rule.item}
            yield say("rulebook.note_above_full", **facts, most=shown(rule.most), full=shown(full))
    yield from _alike(book)
    named = _named(book)
    for id, measure in book.measures.items():
        if id not in named:
            yield say("rulebook.note_unused", measure=id, file=measure.file)


def _alike(book: Rulebook) -> Iterator[Words]:
    """Words of two things that nobody can tell apart."""
    for titles in ({grade.id: grade.title for grade in book.grades}, book.lists):
        for (one, first), (other, second) in combinations(titles.items(), 2):
            if same := {first.zh, first.en} & {second.zh, second.en}:
                yield say("rulebook.note_one_title", id=other, other=one, title=min(same))
    for types in (book.incident_types, book.award_types):
        for word in sorted(shared_words({id: (title.zh,) for id, title in types.items()})):
            alike = "、".join(id for id, title in types.items() if word in (id, title.zh))
            yield say("rulebook.note_shared_word", types=alike, word=word)


def _sheets(book: Rulebook) -> list[Rulebook]:
    """The book as it holds for units without a sheet of their own, and for those of each."""
    return [book, *map(book.of_group, book.sheets)]


def _named(book: Rulebook) -> set[str]:
    """The measures that rules, verdicts and the ranking look at, and those that such measures are among."""
    found = {CASE_ROWS, *(book.ranking.listed_by or ())}
    for rule in book.rules.values():
        found |= {rule.measure, rule.part, rule.of}
    for verdict in book.verdicts:
        for condition in verdict.when:
            kind, _, rest = condition.fact.partition(" ")
            found |= set(rest.split("/")) if kind in ("rate", "measure") else set()
    for id in tuple(found):
        while id in book.measures:
            found.add(id)
            id = book.measures[id].among
    return found
