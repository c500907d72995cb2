"""A rulebook folder → a checked `Rulebook` as it stands on a day."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from pipelines.contracts.declared import load_contracts, with_columns, with_types
from pipelines.engines.marks import layouts, used_reading_values
from pipelines.model.condition import Block, exact
from pipelines.model.contract import Contracts
from pipelines.model.measure import TABLE_OF
from pipelines.model.period import Period, Periods
from pipelines.model.points import half_up, shown
from pipelines.model.rule import ROUND_AT, Clause, Item, Left, Ranking, Reading, Rule, Rulebook, Verdict, Word
from pipelines.model.words import RulebookRefusal, UsageRefusal, Words
from pipelines.paths import RULES
from pipelines.rulebook import build, fail_if, vocabulary
from pipelines.rulebook.examples import check_examples, check_verdict_examples
from pipelines.rulebook.measures import FOLDER as MEASURES
from pipelines.rulebook.measures import read_measures
from pipelines.rulebook.settings import LIBRARIES_FILE as LIBRARIES
from pipelines.rulebook.settings import PANEL_FILE as PANEL
from pipelines.rulebook.settings import own_columns, read_libraries, read_panel
from pipelines.rulebook.source import attempt, counted, is_whole, keeps_none, read_text, read_yaml, refusal
from pipelines.rulebook.vocabulary import forms
from pipelines.wording import hint, say

BOOK, READINGS, VERDICTS, CLAUSES = "rulebook.yaml", "readings.yaml", "verdicts.yaml", "regulation.md"
FORMAT_1 = RULES / "format_1.yaml"  # quarters, eleven measures, seven awards: what a book of format 1 does not say

Made = TypeVar("Made", Reading, Verdict)
BONUS = ("same_matter", "scope", "cap")


def load_rulebook(folder: Path, on: date | Period) -> Rulebook:
    """The edition in ``folder`` with the rules in force on the day ``on``, or on the first day of a period.

    Everything in the folder is checked, whatever its dates. RulebookRefusal (exit 2) names file, line,
    what is wrong, why it matters and the nearest known name.
    """
    _must_be_complete(folder)
    months: tuple[str, ...] = ()
    kind = ""
    if isinstance(on, Period):
        period = on.under(periods_of(folder).year_starts)
        on, months, kind = period.start.date(), period.months, period.kind
    try:
        content = digest(folder)
    except OSError:  # the reading tells which file cannot be read
        return _loaded(folder, "", on, months, kind)
    make = _loaded_once if keeps_none() else _loaded
    return make(folder.absolute(), content, on, months, kind)


def _loaded(folder: Path, content: str, on: date, months: tuple[str, ...], kind: str) -> Rulebook:
    book = _book(folder, on)
    clauses, clause_lines = read_clauses(folder / CLAUSES, CLAUSES)
    upgraded = _upgraded(book)
    readings = _in_force(folder, READINGS, "reading", build.reading, clauses, on)
    values = {**_values_left_out(folder), **{id: reading.values for id, reading in readings.items()}}
    fail_if.unknown_value(book, "round", vocabulary.ROUND) if "round" in book else None
    rounded = book.get("round", vocabulary.ROUND[0])
    fail_if.unknown_value(book, "round_at", ROUND_AT) if "round_at" in book else None
    items, sections = build.items(book, clauses, values, upgraded.get("quality", ()), rounded)
    decimals, round_at = attempt(build.decimals, book) or 0, book.get("round_at", ROUND_AT[0])
    items = build.with_places(items, decimals, round_at)
    written = _rule_blocks(folder, items)
    incident_types, award_types = (build.types(upgraded, key) for key in ("incident_types", "award_types"))
    columns = own_columns(book, load_contracts())
    contracts = with_columns(with_types(load_contracts(), incident_types, award_types), columns)
    measures = read_measures(folder, contracts, values, upgraded)
    fail_if.missing_reading(Block(READINGS, 1), values, measures)
    rank_on = build.word(book, "rank_on", "rank_on", values, "total")
    floor, cap = attempt(build.total, book, decimals) or (None, None)
    grades, lists = attempt(build.grades, book, items) or (), attempt(build.lists, book) or {}
    known = build.Known(
        clauses,
        items,
        measures,
        award_types,
        values,
        book.get("format", "1"),
        tuple(one.id for one in grades),
        tuple(lists),
        _codes(contracts),
    )
    made = [(rule, block) for block in written if (rule := attempt(build.rule, block, known))]
    rules = [rule for rule, _ in made]
    attempt(fail_if.rows_shared, [block for _, block in made], rules, measures)
    acting = _settled_by(rules, items, rank_on)
    if is_whole():
        attempt(fail_if.nothing_honours, _list(folder, READINGS), readings, used_reading_values(measures, acting))
    for reason in (fail_if.overlapping_rules, fail_if.matters_apart, fail_if.awarded_twice):
        attempt(reason, [block for _, block in made])
    ranking = attempt(build.ranking, upgraded, measures) or Ranking()
    in_force = {
        id: replace(rule, apart_below=ranking.apart_below) if rule.kind == "by_place" else rule
        for id, rule in _rules_on(made, known, on, months).items()
    }
    items = build.with_starts(book, items, in_force.values())
    holding = [(block, in_force[rule.id]) for rule, block in made if _same(rule, in_force.get(rule.id))]
    attempt(fail_if.assessed_twice, [block for block, _ in holding], [rule for _, rule in holding])
    attempt(build.worths, [block for block, _ in holding], [rule for _, rule in holding], items)
    rulebook = Rulebook(
        edition=book["edition"],
        title=build.words(book, "title"),
        clauses=clauses,
        items=items,
        rules=in_force,
        readings=readings,
        verdicts=_verdicts(folder, known, on),
        evaluation=_evaluation(book),
        sha256=content,
        sections=sections,
        panel=read_panel(folder, clauses),
        libraries=read_libraries(folder, clauses),
        measures=measures,
        marks=layouts(measures, values, in_force.values()),
        format=int(book.get("format", "1")),
        incident_types=incident_types,
        award_types=known.award_types,
        columns=columns,
        ranking=ranking,
        grades=grades,
        lists=lists,
        decimals=decimals,
        round_at=round_at,
        total_floor=floor,
        total_cap=cap,
        sheets=attempt(build.sheets, book, items, values) or {},
        rank_on=rank_on,
        periods=build.periods(book),
        compose=build.compose(book),
        notices=_older_words([block for _, block in made], in_force),
    )
    if is_whole():
        attempt(fail_if.clause_without_reason, clause_lines, clauses, _named(folder, rules, rulebook))
    attempt(_must_order_all, rulebook, book)
    if not rulebook.tells_chance:
        attempt(_must_not_ask_for_steady, folder)
    for rule, block in made:
        attempt(check_examples, rulebook, rule, block)
    return rulebook.of_kind(kind) if kind else rulebook


# A process opens the same book again and again, such as the copies that published periods keep: it is checked once.
_loaded_once = lru_cache(maxsize=16)(_loaded)


def _same(version: Rule, in_force: Rule | None) -> bool:
    """Whether this version of a rule is the one in force."""
    return in_force is not None and version.file == in_force.file


def _older_words(written: list[Block], in_force: Mapping[str, Rule]) -> tuple[Words, ...]:
    """What older books say of `per`, and how it is read here (semantics B6)."""
    found = []
    for older in vocabulary.OLDER_PER:
        rules = [block["rule"] for block in written if block.get("per") == older and block["rule"] in in_force]
        if rules:
            found.append(say(f"rulebook.older_per_{older}", rules="、".join(dict.fromkeys(rules))))
    return tuple(found)


def _values_left_out(folder: Path) -> dict[str, tuple[str, ...]]:
    """While refusals are kept: what the readings say that were refused, so that the rest of the book can be read."""
    if is_whole():
        return {}
    written = [block for block in _list(folder, READINGS) if isinstance(block.get("values"), Block)]
    return {block["reading"]: tuple(block["values"]) for block in written if "reading" in block and block["values"]}


def _codes(contracts: Contracts) -> dict[str, dict[str, tuple[str, ...]]]:
    """Counted table → its columns of codes, each with its values."""
    word = {table: counts for counts, table in TABLE_OF.items()}
    return {
        word.get(name, name): {
            id: tuple(value for value, _ in column.labels) for id, column in table.columns.items() if column.labels
        }
        for name, table in contracts.tables.items()
    }


def _settled_by(rules: list[Rule], items: Mapping[str, Item], rank_on: Word) -> dict[str, tuple[str, ...]]:
    """Reading → what it may say where rules, items and the ranking leave a word to it."""
    found: dict[str, tuple[str, ...]] = dict(vocabulary.OF_THE_BOOK)
    places: list[tuple[str, Word]] = [("rank_on", rank_on)]
    places += [(kind, getattr(rule, kind)) for rule in rules for kind in ("mode", "per")]
    places += [(kind, getattr(item, kind)) for item in items.values() for kind in ("unassessed", "unmeasured")]
    places += [(kind, getattr(item.bonus, kind)) for item in items.values() if item.bonus for kind in BONUS]
    for kind, word in places:
        if isinstance(word, Left):
            numbers = (fail_if.NUMBER,) if kind in vocabulary.NUMBERS else ()
            found[word.reading] = (*found.get(word.reading, ()), *vocabulary.WORDS[kind], *numbers)
    return found


def periods_of(folder: Path) -> Periods:
    """Which periods the edition in ``folder`` scores; of the rest nothing is checked. RulebookRefusal as above."""
    _must_be_complete(folder)
    book = read_yaml(folder / BOOK, BOOK)
    fail_if.not_a_block(book, Block(BOOK, 1))
    return build.periods(book)


def scored(folder: Path, period: Period) -> Period:
    """The period as the edition in ``folder`` names it; UsageRefusal with the nearest one that it scores."""
    periods = periods_of(folder)
    if found := periods.take(period):
        return found
    kind, near = say(f"period.kind_{periods.kind}"), periods.holding(period.under(periods.year_starts).start)
    raise UsageRefusal(say("rulebook.no_such_period", folder=folder, period=period, kind=kind, near=near))


def digest(folder: Path) -> str:
    """sha256 over the names and bytes of all files of a rulebook."""
    total = sha256()
    for file in _files(folder):
        content = file.read_bytes()
        total.update(f"{file.relative_to(folder).as_posix()}\0{len(content)}\0".encode() + content)
    return total.hexdigest()


def _files(folder: Path) -> list[Path]:
    found = (f for f in folder.rglob("*") if f.suffix.casefold() in (".yaml", ".yml", ".md") and f.is_file())
    return sorted(found, key=lambda file: file.relative_to(folder).as_posix())


def _must_be_complete(folder: Path) -> None:
    if not folder.is_dir():
        raise RulebookRefusal(say("rulebook.no_folder", folder=folder))
    for name in (BOOK, CLAUSES):
        if not (folder / name).is_file():
            raise RulebookRefusal(say("rulebook.no_file", folder=folder, file=name))


def _list(folder: Path, name: str) -> Any:
    """What a file of readings or verdicts holds; a book without the file has none of them."""
    return (read_yaml(folder / name, name) or []) if (folder / name).exists() else []


def _book(folder: Path, on: date) -> Block:
    book = read_yaml(folder / BOOK, BOOK)
    fail_if.not_a_block(book, Block(BOOK, 1))
    fail_if.ill_formed(book, "rulebook")
    fail_if.not_a_word(book, ("edition", "format"))
    fail_if.unknown_value(book, "format", vocabulary.FORMATS) if "format" in book else None
    build.in_force(book)
    start, end = fail_if.span(book)
    if not start <= on <= end:
        raise refusal(book, "not_in_force", "in_force", edition=book["edition"], start=start, on=on)
    return book


def _upgraded(book: Block) -> Block:
    """The book with what older formats took for granted: measures, types and the moment of a case row."""
    if book.get("format", "1") == "1":
        known = read_yaml(FORMAT_1, FORMAT_1.name)
        fail_if.unknown_field(book, (*forms()["rulebook"].needed, "format"))
        return known
    fail_if.missing_field(book, ("case_rows",))
    return book


def _must_order_all(rulebook: Rulebook, book: Block) -> None:
    """Units with other full marks cannot be placed together by points (semantics G13)."""
    sheets = (rulebook, *map(rulebook.of_group, rulebook.sheets))
    marks = {sum((item.full_marks * item.weight for item in sheet.items.values()), Fraction(0)) for sheet in sheets}
    if len(marks) > 1 and rulebook.ranking.overall and not rulebook.ranking.by_share:
        raise refusal(book, "unlike_marks", "sheets", marks="、".join(shown(half_up(one)) for one in sorted(marks)))


def _must_not_ask_for_steady(folder: Path) -> None:
    """No place interval is worked out where a total is more than the sum of its items."""
    for block in _list(folder, VERDICTS):
        for condition in block["when"]:
            if condition.get("fact", "").endswith("steady"):
                raise refusal(condition, "steady_unknown", "fact")


def _evaluation(book: Block) -> dict[str, int]:
    block = book["evaluation"]
    fail_if.not_a_block(block, book, "evaluation")
    fail_if.ill_formed(block, "evaluation")
    return {key: counted(block, key) for key in block}


def _rule_blocks(folder: Path, items: dict[str, Item]) -> list[Block]:
    written = []
    for file in _files(folder):
        name = file.relative_to(folder).as_posix()
        if file.suffix == ".md" or name in (BOOK, READINGS, VERDICTS, PANEL, LIBRARIES):
            continue
        if file.parent == folder / MEASURES:
            continue
        if file.parent.parent != folder or file.parent.name not in items or file.suffix != ".yaml":
            attempt(_stray, name, file.parent.name, items)
            continue
        if block := attempt(_rule_block, file, name, items, name=file.stem):
            written.append(block)
    return written


def _rule_block(file: Path, name: str, items: dict[str, Item]) -> Block:
    block = read_yaml(file, name)
    fail_if.not_a_block(block, Block(name, 1))
    fail_if.missing_field(block, ("rule", "item"))
    fail_if.not_a_word(block, ("rule", "item", "clause", "assessed"))
    fail_if.unknown_item(block, items)
    fail_if.wrong_folder(block, file.parent.name)
    return block


def _stray(name: str, folder: str, items: dict[str, Item]) -> None:
    raise RulebookRefusal(say("rulebook.stray_file", file=name, hint=hint(folder, items)), (name, 1))


def _rules_on(made: list[tuple[Rule, Block]], known: build.Known, on: date, months: tuple[str, ...]) -> dict[str, Rule]:
    """The rules of a day in the order of pages: score sheet, clause, kind, `order`, what is measured, id.

    A rule that judges month by month is among them if it holds in one of the ``months``; RulebookRefusal for two
    versions of it, for then no single rule is behind its lines.
    """
    first, last = date.min, date.max
    holding: list[Rule] = []
    for rule, block in made:
        if (rule.in_force_from or first) <= on <= (rule.in_force_to or last) or (
            rule.by_month and any(map(rule.holds_on, months))
        ):
            if rule.id in [other.id for other in holding]:
                raise refusal(block, "two_versions", "in_force", id=rule.id, start=months[0], end=months[-1])
            holding.append(rule)
    sheet, kinds, measured = list(known.items), list(vocabulary.KINDS), [*known.measures, *known.award_types]

    def place(rule: Rule) -> tuple[object, ...]:
        measure = rule.part or rule.measure
        rank = measured.index(measure) if measure in measured else 0
        return sheet.index(rule.item), rule.clause, kinds.index(rule.kind), rule.order, rank, rule.id

    return {rule.id: rule for rule in sorted(holding, key=place)}


def _in_force(
    folder: Path,
    name: str,
    key: str,
    make: Callable[[Block, Mapping[str, Clause]], Made],
    clauses: Mapping[str, Clause],
    on: date,
) -> dict[str, Made]:
    written = build.blocks(_list(folder, name), Block(name, 1))
    made = [(block, one) for block in written if (one := attempt(make, block, clauses))]
    attempt(fail_if.duplicate_id, [block for block, _ in made], key)
    spans = [(fail_if.span(block), thing) for block, thing in made]
    return {thing.id: thing for (start, end), thing in spans if start <= on <= end}


def _verdicts(folder: Path, known: build.Known, on: date) -> tuple[Verdict, ...]:
    make = partial(build.verdict, known=known)
    verdicts = tuple(_in_force(folder, VERDICTS, "verdict", make, known.clauses, on).values())
    ids = [verdict.id for verdict in verdicts]
    written = [block for block in _list(folder, VERDICTS) if block.get("verdict") in ids]
    for block in written:
        attempt(fail_if.unknown_verdict, block, "also", ids)
        attempt(fail_if.unknown_verdict, block, "unless", ids)
    if is_whole():
        attempt(fail_if.circle, written, verdicts)
        check_verdict_examples(verdicts, written, known.grades)
    return verdicts


def _named(folder: Path, rules: list[Rule], rulebook: Rulebook) -> set[str]:
    """Every clause that a rule, a reading or a verdict (of any date), or a finding of the libraries applies."""
    written = [block.get("clause", "") for name in (READINGS, VERDICTS) for block in _list(folder, name)]
    users = [user.clause for several in (rules, rulebook.libraries) for user in several]
    return {clause for clauses in (*users, *written) for clause in clauses.split(", ")}


# What a run may choose: readings other than the default, and, for a what-if, other points.


NUMBER = re.compile(r"\d{1,9}(\.\d{1,2})?", re.ASCII)
LIMITS = {
    "target": ("0", "100"),
    "each": ("0.01", "100"),
    "over_each": ("0.01", "100"),
    "beyond": ("0", "999999999"),
    "times": ("0.01", "100"),
}
POINTS = ("0", "1000")
ANY = ("-1000", "1000")


def choose_readings(rulebook: Rulebook, overrides: Mapping[str, object]) -> dict[str, str]:
    """Every reading with the value in force: the default, or the one chosen. UsageRefusal for an unknown one."""
    for id in overrides:
        if id not in rulebook.readings:
            raise UsageRefusal(say("rulebook.unknown_reading", value=id, hint=hint(id, rulebook.readings)))
    return {
        id: _value(reading, str(overrides[id]).strip()) if id in overrides else reading.default
        for id, reading in rulebook.readings.items()
    }


def _value(reading: Reading, value: str) -> str:
    if value in reading.values:
        return value
    if reading.open_number and NUMBER.fullmatch(value):
        return shown(Fraction(value)).rstrip("0").rstrip(".")
    near = say("rulebook.open_number", names="、".join(reading.values)) if reading.open_number else None
    known = near or hint(value, reading.values)
    raise UsageRefusal(say("rulebook.unknown_reading_value", reading=reading.id, value=value, hint=known))


def limits(field: str) -> tuple[str, str]:
    """The least and the most that a value may be, by its name."""
    return LIMITS.get(field, ANY if field.startswith(("points_", "bound_")) else POINTS)


def changeable(rulebook: Rulebook) -> list[str]:
    """Every ``rule.field`` that a what-if may change."""
    return [f"{rule.id}.{field}" for rule in rulebook.rules.values() for field in values_of(rule)]


def values_of(rule: Rule) -> dict[str, tuple[str | int, ...]]:
    """The values of a rule that a what-if may change, each with where it stands in the rule's file."""
    found: dict[str, tuple[str | int, ...]] = {}
    if rule.kind in ("occurrence", "density"):
        found |= {f"price_{k}": ("deduct", value) for k, (value, _) in enumerate(rule.prices, 1)}
        found |= {} if rule.prices else {"deduct": ("deduct",)}
    if rule.kind == "density" and rule.of:
        found |= {"each": ("per", "each")}
    if rule.beyond:
        found |= {"beyond": ("beyond",)}
    if rule.kind == "rate":
        found |= {"each": ("short", "each"), "deduct": ("short", "deduct")}
        found = found if rule.targets else {"target": ("target",)} | found
    if rule.over_award:
        found |= {"over_each": ("over", "each"), "over_award": ("over", "award")}
    if rule.kind == "worth":
        found |= {"worth": ("worth",)}
    inside = (rule.kind,) if rule.kind in ("by_place", "change") else ()
    for k, band in enumerate(rule.bands):
        found |= {f"points_{k + 1}": (*inside, "bands", k, *(("then",) if band.each else ()), "points")}
        found |= {f"bound_{k + 1}": (*inside, "bands", k, band.test)} if band.test and rule.kind != "change" else {}
    if rule.kind in ("award", "merit"):
        found |= {f"award_{k + 1}": ("tiers", k, "award") for k in range(len(rule.tiers))}
        found |= {} if rule.tiers else {"award": ("award",)}
    found |= {} if rule.times == 1 else {"times": ("times",)}
    return found | ({} if rule.at_most is None else {"at_most": ("at_most",)})


def value_of(rule: Rule, field: str) -> Fraction:
    """The value of a rule that `values_of` names so."""
    name, _, number = field.rpartition("_")
    if not number.isdecimal():
        return Fraction(getattr(rule, field))
    k = int(number) - 1
    if name == "price":
        return rule.prices[k][1]
    return rule.tiers[k][1] if name == "award" else getattr(rule.bands[k], name)


def _with_value(rule: Rule, field: str, amount: Fraction) -> Rule:
    name, _, number = field.rpartition("_")
    if not number.isdecimal():
        changed: dict[str, Any] = {field: int(amount) if field == "beyond" else amount}
        return replace(rule, **changed, worth_full=rule.worth_full and field != "worth")
    k = int(number) - 1
    if name == "price":
        prices = tuple((value, amount if n == k else points) for n, (value, points) in enumerate(rule.prices))
        return replace(rule, prices=prices, deduct=max(points for _, points in prices))
    if name == "award":
        tiers = tuple((start, amount if n == k else points) for n, (start, points) in enumerate(rule.tiers))
        return replace(rule, tiers=tiers, award=tiers[0][1])
    band = replace(rule.bands[k], points=amount) if name == "points" else replace(rule.bands[k], bound=amount)
    return replace(rule, bands=(*rule.bands[:k], band, *rule.bands[k + 1 :]))


def with_changes(rulebook: Rulebook, changes: Mapping[str, object]) -> Rulebook:
    """The rulebook with other values, such as ``{"late_reply.deduct": "1"}``.

    UsageRefusal names the nearest ``rule.field`` for an unknown one, and the limits of a bad value.
    """
    known, rules = changeable(rulebook), dict(rulebook.rules)
    for name, value in changes.items():
        if name not in known:
            raise UsageRefusal(say("rulebook.unknown_change", value=name, hint=hint(name, known)))
        rule, field = name.split(".")
        least, most = limits(field)
        amount = exact(value)
        if amount is None or not Fraction(least) <= amount <= Fraction(most):
            raise UsageRefusal(say("rulebook.bad_change", key=name, value=value, least=least, most=most))
        if field == "beyond" and amount.denominator != 1:
            raise UsageRefusal(say("rulebook.bad_change", key=name, value=value, least=least, most=most))
        rules[rule] = _with_value(rules[rule], field, amount)
        if not rules[rule].is_exact:
            raise UsageRefusal(say("rulebook.change_too_fine", key=name, value=value))
    return replace(rulebook, rules=rules)


# regulation.md as clauses: a heading is a clause id, the lines below it are its texts.


HEADING = re.compile(rf"## ({fail_if.ITEM_ID.pattern})")
LINE = re.compile(r"- (zh|en|no rule zh|no rule en|honoured by|cited): (.+)")


def read_clauses(path: Path, name: str) -> tuple[dict[str, Clause], Block]:
    """The clauses in the order of the file, and a block that knows the line of each."""
    root, texts = Block(name, 1), {}
    for number, line in enumerate(read_text(path, name).splitlines(), 1):
        here = Block(name, number)
        if heading := HEADING.fullmatch(line.strip()):
            if heading[1] in texts:
                raise refusal(here, "duplicate_id", id=heading[1])
            texts[heading[1]] = clause = here
            root.lines[heading[1]] = number
        elif line.startswith(("- ", "## ")):
            match = LINE.fullmatch(line.strip())
            if not match or not texts:
                raise refusal(here, "bad_clause_line", value=line)
            clause[match[1]] = match[2].strip()
    return {id: _clause(id, block) for id, block in texts.items()}, root


def _clause(id: str, block: Block) -> Clause:
    for name in ("zh", "en"):
        if name not in block:
            raise refusal(block, "missing_field", field=name)
    why = [block.get(f"no rule {lang}", "") for lang in ("zh", "en")]
    if any(why) and not all(why):
        raise refusal(block, "missing_field", field="no rule zh, no rule en")
    implemented_by = tuple(thing.strip() for thing in block.get("honoured by", "").split(",") if thing.strip())
    return Clause(
        id, Words(block["zh"], block["en"]), Words(*why) if all(why) else None, implemented_by, block.get("cited", "")
    )
