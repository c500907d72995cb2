"""A book's other files, read as strictly as its rules: own columns (G1), the evaluators' settings, both libraries."""

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from string import Formatter

from pipelines.engines.rete import TESTS, Inspector
from pipelines.model.condition import TRUTH, Block, Condition
from pipelines.model.contract import Column, Contracts
from pipelines.model.intake import folded
from pipelines.model.library import SUBJECTS, LibraryRule, Subject
from pipelines.model.measure import DERIVED, MONTH
from pipelines.model.rule import PanelRules, Rulebook
from pipelines.model.words import RulebookRefusal
from pipelines.rulebook import build, fail_if, vocabulary
from pipelines.rulebook.build import words
from pipelines.rulebook.source import attempt, counted, read_yaml, refusal, shown_text
from pipelines.wording import say

# `columns:` of rulebook.yaml → a city's own columns, beside those of the contract (semantics G1).


NAME = re.compile(r"[a-z][a-z0-9_]*")
MOST = 16  # own columns of a table: every check of a row is a bit of one number
Own = dict[str, dict[str, Column]]  # table -> name -> column


def own_columns(book: Block, contracts: Contracts) -> Own:
    """The book's own columns by table; RulebookRefusal for a table, type or header that could not be read as meant."""
    if "columns" not in book:
        return {}
    tables = book["columns"]
    fail_if.not_a_block(tables, book, "columns")
    found: Own = {}
    for table in tables:
        if table not in contracts.tables:
            raise refusal(tables, "no_such_table", table, near=(table, contracts.tables), value=table)
        fail_if.not_a_block(tables[table], tables, table)
        columns = contracts.tables[table].columns.values()
        known = {folded(name): one.name for one in columns for name in (one.name, one.title, *one.synonyms)}
        if len(tables[table]) > MOST:
            raise refusal(tables, "too_many_columns", table, n=len(tables[table]), most=MOST)
        made = ((name, attempt(_column, tables[table], name, known, name=name)) for name in tables[table])
        found[table] = {name: column for name, column in made if column}
    return found


def _column(table: Block, name: str, known: dict[str, str]) -> Column:
    """One column; ``known`` are the headers that the table has so far, to which its own are added."""
    if not NAME.fullmatch(name) or name in (*DERIVED, MONTH):
        raise refusal(table, "bad_column", name, value=name)
    fail_if.not_a_block(table[name], table, name)
    block = table[name]
    fail_if.ill_formed(block, "column")
    fail_if.not_a_word(block, ("zh", "type"))
    fail_if.unknown_value(block, "type", vocabulary.TYPES)
    for key in ("required", "deadline"):
        fail_if.unknown_value(block, key, tuple(TRUTH)) if key in block else None
    words(block, "title") if "title" in block else None
    for header in dict.fromkeys((name, block["zh"])):
        if folded(header) in known:
            place, at = (table, name) if header == name else (block, "zh")
            raise refusal(place, "header_taken", at, value=header, other=known[folded(header)])
        known[folded(header)] = name
    if ("values" in block) != (block["type"] == "enum"):
        raise refusal(block, "values_of_enum", "values" if "values" in block else "type", column=name)
    if "deadline" in block and block["type"] != "timestamp":
        raise refusal(block, "deadline_of", "deadline", column=name)
    return Column(
        name,
        block["zh"],
        (),
        block["type"],
        required=False,
        restricted=False,
        labels=_labels(block),
        deadline=block.get("deadline") == "true",
        own=True,
        decisive=block.get("required") == "true",
    )


def _labels(block: Block) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """`values: {found: 发现, repeated: 重复}`: each value with the word that exports may write."""
    if "values" not in block:
        return ()
    fail_if.not_a_block(block["values"], block, "values")
    taken: Mapping[str, str] = {}
    for value, label in block["values"].items():
        fail_if.not_a_word(block["values"], (value,))
        for word in dict.fromkeys((value.casefold(), label.casefold())):
            if not word or not fail_if.ID.fullmatch(value) or word in taken:
                raise refusal(block["values"], "bad_value", value, value=shown_text(value))
            taken = {**taken, word: value}
    return tuple((value, (label,)) for value, label in block["values"].items())


# `evaluators.yaml` → the settings of the evaluators' work, as strictly read as any rule.


PANEL_FILE = "evaluators.yaml"
SETTINGS = {
    "panel": ("size",),
    "remind": ("after_hours",),
    "limit": ("working_days",),
    "reassign": ("at_most",),
    "appointment": ("term_years", "notice_months"),
    "attention": ("withdrawn",),
}
CONDITIONS = ("appointed", "not_away", "other_employer", "new_to_case", "field_matches")
NEEDED = ("appointed", "other_employer")  # without them ratings would be given that do not count (E6, E7)
PREFERENCES = ("open_assignments", "all_assignments", "evaluator_id")
READING = "evaluation_clock"  # from when the time to judge runs
CLOCK = {"after_hours": "reminder_after_hours", "working_days": "working_days"}


def read_panel(folder: Path, clauses: Iterable[str]) -> PanelRules | None:
    """The settings in ``folder``; None where it has no such file. RulebookRefusal names file, line and reason."""
    if not (folder / PANEL_FILE).is_file():
        return None
    root = read_yaml(folder / PANEL_FILE, PANEL_FILE)
    fail_if.not_a_block(root, Block(PANEL_FILE, 1))
    fail_if.unknown_field(root, (*SETTINGS, "eligible", "prefer"))
    fail_if.missing_field(root, (*SETTINGS, "eligible", "prefer"))
    settings = {name: _setting(root, name, keys, clauses) for name, keys in SETTINGS.items()}
    conditions = _list(root, "eligible", "condition", CONDITIONS, clauses)
    _complete(root, conditions)
    preferences = _list(root, "prefer", "by", PREFERENCES, clauses)
    numbers = {key: value for setting in settings.values() for key, value in setting.items()}
    named = {name: root[name]["clause"] for name in SETTINGS}
    return PanelRules(
        **numbers,
        conditions=tuple(conditions),
        preferences=tuple(preferences),
        clauses={**named, **conditions, **preferences},
    )


def _setting(root: Block, name: str, keys: tuple[str, ...], clauses: Iterable[str]) -> dict[str, int]:
    block = root[name]
    fail_if.not_a_block(block, root, name)
    fail_if.unknown_field(block, ("clause", *keys))
    fail_if.missing_field(block, ("clause", *keys))
    fail_if.unknown_clause(block, clauses)
    return {key: counted(block, key) for key in keys}


def _list(root: Block, name: str, key: str, known: tuple[str, ...], clauses: Iterable[str]) -> dict[str, str]:
    """Word → clause, in the order in which they are written."""
    written = build.blocks(root[name], root, name)
    for block in written:
        fail_if.unknown_field(block, (key, "clause"))
        fail_if.missing_field(block, (key, "clause"))
        fail_if.unknown_value(block, key, known)
        fail_if.unknown_clause(block, clauses)
    fail_if.duplicate_id(written, key)
    return {block[key]: block["clause"] for block in written}


def _complete(root: Block, conditions: dict[str, str]) -> None:
    for condition in NEEDED:
        if condition not in conditions:
            raise refusal(root, "condition_needed", "eligible", condition=condition)


def must_agree_on_the_clock(rulebook: Rulebook) -> PanelRules:
    """The settings of the panel; RulebookRefusal where there are none or ratings count by another time limit.

    One limit for the evaluator and another for the score would be a trap. Scoring itself does not need the settings.
    """
    panel = rulebook.panel
    if panel is None:
        raise RulebookRefusal(say("rulebook.no_panel", file=PANEL_FILE, edition=rulebook.edition))
    if READING not in rulebook.readings:
        raise RulebookRefusal(say("rulebook.no_clock", edition=rulebook.edition))
    for key, other in CLOCK.items():
        value, wanted = getattr(panel, key), rulebook.evaluation[other]
        if value != wanted:
            facts = {"file": PANEL_FILE, "key": key, "value": value, "other": other, "wanted": wanted}
            raise RulebookRefusal(say("rulebook.other_clock", **facts))
    return panel


# `libraries.yaml` → the rules of the matter library and the knowledge base, as strictly read as any rule.


LIBRARIES_FILE = "libraries.yaml"
REQUIRED = ("finding", "clause", "of", "title", "says", "remedy", "when", "examples")
FOUND = {"true": True, "false": False}
LIMIT = "limit"  # in a sentence: the number of the first condition


def read_libraries(folder: Path, clauses: Iterable[str]) -> tuple[LibraryRule, ...]:
    """The rules in ``folder``; none where it has no such file. RulebookRefusal names file, line and reason."""
    if not (folder / LIBRARIES_FILE).is_file():
        return ()
    written = build.blocks(read_yaml(folder / LIBRARIES_FILE, LIBRARIES_FILE) or [], Block(LIBRARIES_FILE, 1))
    rules = tuple(_rule(block, clauses) for block in written)
    fail_if.duplicate_id(written, "finding")
    inspector = Inspector(rules)
    for rule, block in zip(rules, written, strict=True):
        _check_examples(rule, block, inspector)
    return rules


def _rule(block: Block, clauses: Iterable[str]) -> LibraryRule:
    fail_if.unknown_field(block, (*REQUIRED, "only"))
    fail_if.missing_field(block, REQUIRED)
    fail_if.bad_id(block, "finding")
    fail_if.not_a_word(block, ("clause", "of"))
    fail_if.unknown_clause(block, clauses)
    fail_if.unknown_value(block, "of", SUBJECTS)
    subject = SUBJECTS[block["of"]]
    says = build.words(block, "says")
    _known_blanks(block, subject)
    return LibraryRule(
        block["finding"],
        block["clause"],
        block["of"],
        build.words(block, "title"),
        says,
        build.words(block, "remedy"),
        tuple(_condition(entry, subject) for entry in build.blocks(block["when"], block, "when")),
        _only(block, subject),
        tuple(build.blocks(block["examples"], block, "examples")),
    )


def _condition(block: Block, subject: Subject) -> Condition:
    """One comparison of one measure with a whole number; a share is rounded down and compared from below only."""
    fail_if.missing_field(block, ("measure",))
    fail_if.unknown_number(block, subject.measures)
    tests = ("at_least",) if block["measure"] in subject.shares else ("equals", *TESTS)
    fail_if.unknown_field(block, ("measure", *tests))
    used = [test for test in tests if test in block]
    if len(used) != 1:
        raise refusal(block, "one_test", "measure", tests="、".join(tests))
    return Condition(block["measure"], used[0], counted(block, used[0]))


def _only(block: Block, subject: Subject) -> dict[str, tuple[str, ...]]:
    written = block.get("only", {})
    if "only" in block:
        fail_if.not_a_block(written, block, "only")
        fail_if.unknown_field(written, subject.codes)
    for key, values in written.items():
        fail_if.not_a_list(values, written, key)
        fail_if.missing_field(written, (key,))
        fail_if.unknown_value(written, key, subject.codes[key])
    return {key: tuple(values) for key, values in written.items()}


def _known_blanks(block: Block, subject: Subject) -> None:
    known = (*subject.measures, *subject.codes, *subject.texts, LIMIT)
    for lang, text in block["says"].items():
        try:
            blanks = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
        except ValueError:
            blanks = [text]
        for value in blanks:
            if value not in known:
                raise refusal(block, "unknown_placeholder", "says", near=(value, known), lang=lang, value=value)


def _check_examples(rule: LibraryRule, block: Block, inspector: Inspector) -> None:
    """Every example must come out, and one must lie at, below and above the number of every condition."""
    seen = set()
    for example in rule.examples:
        given = _given(example, rule)
        row = {**{code: values[0] for code, values in rule.only.items()}, **given}
        fail_if.unknown_value(example, "found", FOUND)
        if inspector.finds(rule, row) != FOUND[example["found"]]:
            raise refusal(example, "found_otherwise", "found", rule=rule.id, name=example["name"])
        seen |= {(c.fact, _where(given[c.fact], c.numbers[0])) for c in rule.when}
    for condition in rule.when:
        for which in _wanted(rule, condition):
            if (condition.fact, which) not in seen:
                where = say(f"rulebook.number_{which}", measure=condition.fact, value=condition.value)
                raise refusal(block, "missing_example", "examples", rule=rule.id, which=where)


def _given(example: Block, rule: LibraryRule) -> dict[str, int]:
    fail_if.unknown_field(example, ("name", "given", "found"))
    fail_if.missing_field(example, ("name", "given", "found"))
    given = example["given"]
    fail_if.not_a_block(given, example, "given")
    fail_if.unknown_field(given, rule.measures)
    fail_if.missing_field(given, rule.measures)
    return {key: counted(given, key) for key in given}


def _where(value: int, threshold: int | Fraction) -> str:
    return "at" if value == threshold else "below" if value < threshold else "above"


def _wanted(rule: LibraryRule, condition: Condition) -> list[str]:
    """Nothing is below 0, and a flag is never above 1."""
    (bound,) = condition.numbers
    reachable = {"below": bound > 0, "at": True, "above": bound < 1 or condition.fact not in rule.subject.flags}
    return [which for which, there in reachable.items() if there]
