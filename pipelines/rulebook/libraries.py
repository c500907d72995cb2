"""`libraries.yaml` → the rules of the matter library and the knowledge base, as strictly read as any rule."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from string import Formatter

from pipelines.engines.rete import TESTS, Inspector
from pipelines.model.block import Block
from pipelines.model.condition import Condition
from pipelines.model.library import SUBJECTS, LibraryRule, Subject
from pipelines.rulebook import build, fail_if
from pipelines.rulebook.source import counted, read_yaml, refusal
from pipelines.wording import say

FILE = "libraries.yaml"
REQUIRED = ("finding", "clause", "of", "title", "says", "remedy", "when", "examples")
FOUND = {"true": True, "false": False}
LIMIT = "limit"  # in a sentence: the number of the first condition


def read_libraries(folder: Path, clauses: Iterable[str]) -> tuple[LibraryRule, ...]:
    """The rules in ``folder``; none where it has no such file. RulebookRefusal names file, line and reason."""
    if not (folder / FILE).is_file():
        return ()
    written = build.blocks(read_yaml(folder / FILE, FILE) or [], Block(FILE, 1))
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
