"""The method page: the rulebook as readable text, clause by clause, with the readings in force."""

from collections.abc import Iterator, Mapping

from pipelines.model.result import ScoredPeriod
from pipelines.model.rule import EXACT, POOLED, Clause, Item, Left, Own, Reading, Rulebook, Verdict
from pipelines.model.words import LANGUAGES, Words
from pipelines.views.figures import Say, known, listed, plainly, speaking
from pipelines.views.frame import frame, words
from pipelines.views.rules import RuleTexts

WORDS = (
    "method_title",
    "method_says",
    "contents",
    "sheet",
    "col_clause",
    "col_item",
    "col_full",
    "readings",
    "readings_says",
    "col_reading",
    "col_in_force",
    "col_others",
    "col_why",
    "chosen_mark",
    "examples",
    "finding",
    "verdict",
    "col_given",
    "col_where",
    "col_points",
    "col_found",
)
PARTS = "AEKM"


def method(result: ScoredPeriod, say: Say, lang: str = "zh") -> dict:
    """The rules of the period: the ``sheet``, the ``readings``, and ``parts`` with their ``clauses``."""
    say = speaking(say, result.period.kind)
    rulebook, around = result.rulebook, frame(result, say, lang)
    full = plainly(sum(item.full_marks * item.weight for item in rulebook.items.values()))
    texts = RuleTexts(rulebook, say, lang)
    return {
        "frame": around,
        "words": words(say, WORDS, lang),
        "title": say("site.method_heading", period_name=around["period_name"]).into(lang),
        "sheet_says": say("site.sheet_says", full=full).into(lang),
        "sheet": [
            {
                "id": item.id,
                "title": item.title.into(lang),
                "full": plainly(item.full_marks),
                "linked": item.id in rulebook.clauses,
            }
            for item in rulebook.items.values()
        ],
        "whole": [words.into(lang) for words in _whole(rulebook, say)],
        "readings": [
            _reading(one, result.readings[one.id], say, lang)
            for one in rulebook.readings.values()
            if one.id in result.readings
        ],
        "parts": _parts(rulebook.clauses, [_clause(clause, texts) for clause in rulebook.clauses.values()], say, lang),
    }


def _whole(book: Rulebook, say: Say) -> list[Words]:
    """What the book says of its items, sheets, total, places and grades beyond what every book says."""
    items = book.items.values()
    found = [
        say("site.whole_floor", item=item.title, floor=plainly(item.floor))
        if item.floor is not None
        else say("site.whole_no_floor", item=item.title)
        for item in items
        if item.floor != 0 and item.full_marks
    ]
    found += [
        say("site.whole_weight", item=item.title, weight=plainly(item.weight)) for item in items if item.weight != 1
    ]
    for group, own in book.sheets.items():
        told = [part for id, one in own.items() for part in _on_sheet(book, book.items[id], one, say)]
        told += _multiplied(book, own, say)
        found.append(say("site.whole_sheet", group=group, items=_together(told)))
    for item in items:
        if item.bonus and item.bonus.only_when:
            condition = {into: RuleTexts(book, say, into).condition(item.bonus.only_when) for into in LANGUAGES}
            found.append(say("site.whole_bonus", condition=Words(condition["zh"], condition["en"])))
    bounds = {"least": book.total_floor, "most": book.total_cap}
    found += [say(f"site.whole_{name}", points=plainly(at)) for name, at in bounds.items() if at is not None]
    for kind, how in book.compose.items():
        words = {"kind": say(f"period.kind_{kind}"), "of": say(f"period.kind_{how.of}")}
        missing = Words("", "") if how.by == POOLED else say(f"site.compose_missing_{how.missing}")
        found.append(say(f"site.whole_compose_{how.by}", **words, missing=missing))
        found += [say("site.whole_compose_exact", **words)] if how.of_figures == EXACT else []
    found += [say("site.whole_only", item=one.title, kind=say(f"period.kind_{one.only}")) for one in items if one.only]
    found += _rounding(book, say)
    how = book.ranking
    if how.by_share:
        found.append(say("site.whole_share"))
    if not how.overall:
        found.append(say("site.whole_groups_alone"))
    if how.apart_below:
        found.append(say("site.whole_apart", n=how.apart_below))
    grades = {one.id: one.title for one in book.grades}
    for rule in book.rules.values():
        if rule.veto:
            grade = grades.get(rule.veto.grade, Words("", ""))
            found.append(say(f"site.whole_veto_{rule.veto.kind}", rule=rule.title, grade=grade))
    if book.grades:
        told = [say("site.whole_grade", grade=one.title, points=plainly(one.at_least)) for one in book.grades[:-1]]
        told.append(say("site.whole_last_grade", grade=book.grades[-1].title))
        found.append(say("site.whole_grades", grades=_together(told)))
    return found


def _together(several: list[Words]) -> Words:
    zh, en = (listed([words.into(into) for words in several], into) for into in LANGUAGES)
    return Words(zh, en)


def _rounding(book: Rulebook, say: Say) -> Iterator[Words]:
    if book.exact_items:
        yield say("site.whole_exact_items", n=book.places)
    if book.decimals != 2:
        yield say("site.whole_decimals", n=book.decimals)


def _on_sheet(book: Rulebook, item: Item, own: Own, say: Say) -> Iterator[Words]:
    if own.full_marks == 0:
        yield say("site.whole_sheet_without", item=item.title)
    elif own.full_marks is not None:
        yield say("site.whole_sheet_item", item=item.title, full=plainly(own.full_marks))
    for floor in own.floors if own.full_marks != 0 else ():
        if floor is None:
            yield say("site.whole_sheet_no_floor", item=item.title)
        else:
            yield say("site.whole_sheet_floor", item=item.title, floor=plainly(floor))
    if own.unmeasured and own.full_marks != 0:
        left = isinstance(own.unmeasured, Left)
        worth = book.readings[own.unmeasured.reading].title if left else say(f"notes.unmeasured_{own.unmeasured}")
        yield say("site.whole_sheet_unmeasured", item=item.title, worth=worth)


def _multiplied(book: Rulebook, own: Mapping[str, Own], say: Say) -> Iterator[Words]:
    """The coefficients of sections on a sheet."""
    sections = {book.items[id].section: one for id, one in own.items() if one.times != 1}
    for section, one in sections.items():
        held = "capped" if one.capped else "times"
        yield say(f"site.whole_sheet_{held}", section=book.sections[section], times=plainly(one.times))


def _reading(reading: Reading, chosen: str, say: Say, lang: str) -> dict:
    """A reading with the value in force and every alternative."""
    others = [words.into(lang) for value, words in reading.says.items() if value != chosen]
    if reading.open_number and chosen in reading.says:
        others.append(say("site.open_number").into(lang))
    return {
        "id": reading.id,
        "title": reading.title.into(lang),
        "clause": reading.clause,
        "in_force": reading_value(reading, chosen, say, lang),
        "default": chosen == reading.default,
        "others": others,
        "reason": reading.reason.into(lang),
    }


def reading_value(reading: Reading, value: str, say: Say, lang: str) -> str:
    """What a value of a reading means; a number of an open reading as points."""
    if value in reading.says:
        return reading.says[value].into(lang)
    return say("site.number_chosen", value=value).into(lang)


def _parts(clauses: dict[str, Clause], rows: list[dict], say: Say, lang: str) -> list[dict]:
    """The clauses in parts by their letter: the assessment first, then the rest in the order of the alphabet."""
    letters = sorted({id[0] for id in clauses}, key=lambda letter: (letter not in PARTS, letter))
    other = say("site.part_other").into(lang)
    return [
        {
            "id": letter,
            "title": known(say, f"site.part_{letter}", other, lang),
            "clauses": [row for row in rows if row["id"][0] == letter],
        }
        for letter in letters
    ]


def _clause(clause: Clause, texts: RuleTexts) -> dict:
    """A clause with everything that hangs on it."""
    book, lang = texts.rulebook, texts.lang
    title = book.items.get(clause.id) or book.sections.get(clause.id)
    return {
        "id": clause.id,
        "title": getattr(title, "title", title).into(lang) if title else "",
        "text": clause.text.into(lang),
        "why": clause.why_no_rule.into(lang) if clause.why_no_rule else "",
        "rules": [texts.rule(rule) for rule in book.rules.values() if clause.id in _clauses_of(rule)],
        "findings": [texts.finding(rule) for rule in book.libraries if clause.id in _clauses_of(rule)],
        "settings": texts.settings(clause.id),
        "verdicts": [_verdict(verdict, texts) for verdict in book.verdicts if clause.id in _clauses_of(verdict)],
        "readings": [
            {"id": reading.id, "title": reading.title.into(lang)}
            for reading in book.readings.values()
            if clause.id in _clauses_of(reading)
        ],
    }


def _verdict(verdict: Verdict, texts: RuleTexts) -> dict:
    """A verdict with its conditions in words."""
    say, lang = texts.say, texts.lang
    titles = {other.id: other.title.into(lang) for other in texts.rulebook.verdicts}
    conditions = [texts.condition(condition) for condition in verdict.when]
    if verdict.groups:
        conditions.insert(0, say("site.condition_groups", groups=listed(verdict.groups, lang)).into(lang))
    for name in ("also", "unless"):
        conditions += [say(f"site.condition_{name}", title=titles[id]).into(lang) for id in getattr(verdict, name)]
    return {
        "title": verdict.title.into(lang),
        "list": verdict.list,
        "word": (texts.rulebook.lists.get(verdict.list) or say(f"site.list_{verdict.list}")).into(lang),
        "says": texts.open(verdict.says),
        "when": say("site.verdict_when", text=listed(conditions, lang)).into(lang) if conditions else "",
    }


def _clauses_of(thing) -> list[str]:
    return thing.clause.split(", ")
