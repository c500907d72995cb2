"""A rulebook folder → a checked `Rulebook` as it stands on a day."""

from datetime import date
from functools import partial
from hashlib import sha256
from pathlib import Path

from pipelines.edges.wording import say
from pipelines.model.refusals import RulebookRefusal
from pipelines.model.rule import Clause, Item, Rule, Rulebook, Verdict
from pipelines.rulebook import build, fail_if, fail_if_lists, vocabulary
from pipelines.rulebook.clauses import read_clauses
from pipelines.rulebook.examples import check_examples
from pipelines.rulebook.libraries import FILE as LIBRARIES
from pipelines.rulebook.libraries import read_libraries
from pipelines.rulebook.names import hint
from pipelines.rulebook.numbers import count
from pipelines.rulebook.panel import FILE as PANEL
from pipelines.rulebook.panel import read_panel
from pipelines.rulebook.source import Block, read_yaml, refusal
from pipelines.rulebook.verdict_examples import check_verdict_examples

BOOK, READINGS, VERDICTS, CLAUSES = "rulebook.yaml", "readings.yaml", "verdicts.yaml", "regulation.md"
BOOK_FIELDS = ("edition", "title", "in_force", "evaluation", "sections")
EVALUATION = ("working_days", "reminder_after_hours")


def load_rulebook(folder: Path, on: date) -> Rulebook:
    """The edition in ``folder`` with the rules in force on the day ``on``.

    Everything in the folder is checked, whatever its dates. RulebookRefusal (exit 2) names file, line,
    what is wrong, why it matters and the nearest known name.
    """
    _must_be_complete(folder)
    book = _book(folder, on)
    clauses, clause_lines = read_clauses(folder / CLAUSES, CLAUSES)
    items, sections = build.items(book, clauses)
    written = _rule_blocks(folder, items)
    rules = [build.rule(block, clauses, items) for block in written]
    fail_if.overlapping_dates(written, "rule")
    fail_if.awarded_twice(written)
    readings = _in_force(folder, READINGS, "reading", build.reading, clauses, on)
    fail_if_lists.missing_reading(Block(READINGS, 1), readings)
    rulebook = Rulebook(
        edition=book["edition"], title=build.words(book, "title"), clauses=clauses, items=items,
        rules=_rules_on(rules, items, on), readings=readings, verdicts=_verdicts(folder, clauses, items, on),
        evaluation=_evaluation(book), sha256=digest(folder), sections=sections,
        panel=read_panel(folder, clauses), libraries=read_libraries(folder, clauses),
    )
    fail_if_lists.clause_without_reason(clause_lines, clauses, _named(rulebook, rules))
    for rule, block in zip(rules, written, strict=True):
        check_examples(rulebook, rule, block)
    return rulebook


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
    for name in (BOOK, READINGS, VERDICTS, CLAUSES):
        if not (folder / name).is_file():
            raise RulebookRefusal(say("rulebook.no_file", folder=folder, file=name))


def _book(folder: Path, on: date) -> Block:
    book = read_yaml(folder / BOOK, BOOK)
    fail_if.not_a_block(book, Block(BOOK, 1))
    fail_if.unknown_field(book, BOOK_FIELDS)
    fail_if.missing_field(book, BOOK_FIELDS)
    fail_if.not_a_word(book, ("edition",))
    build.in_force(book)
    start, end = fail_if.span(book)
    if not start <= on <= end:
        raise refusal(book, "not_in_force", "in_force", edition=book["edition"], start=start, on=on)
    return book


def _evaluation(book: Block) -> dict[str, int]:
    block = book["evaluation"]
    fail_if.not_a_block(block, book, "evaluation")
    fail_if.unknown_field(block, EVALUATION)
    fail_if.missing_field(block, EVALUATION)
    for key in EVALUATION:
        if count(block[key]) is None:
            raise refusal(block, "bad_count", key, value=block[key])
    return {key: count(block[key]) for key in EVALUATION}


def _rule_blocks(folder: Path, items: dict[str, Item]) -> list[Block]:
    written = []
    for file in _files(folder):
        name = file.relative_to(folder).as_posix()
        if file.suffix == ".md" or name in (BOOK, READINGS, VERDICTS, PANEL, LIBRARIES):
            continue
        if file.parent.parent != folder or file.parent.name not in items or file.suffix != ".yaml":
            raise RulebookRefusal(say("rulebook.stray_file", file=name, hint=hint(file.parent.name, items)))
        block = read_yaml(file, name)
        fail_if.not_a_block(block, Block(name, 1))
        fail_if.missing_field(block, ("rule", "item"))
        fail_if.not_a_word(block, ("rule", "item", "clause", "assessed"))
        fail_if.unknown_item(block, items)
        fail_if.wrong_folder(block, file.parent.name)
        written.append(block)
    return written


def _rules_on(rules: list[Rule], items: dict[str, Item], on: date) -> dict[str, Rule]:
    """The rules of a day, in the order of the score sheet and of their clauses."""
    first, last = date.min, date.max
    holding = [r for r in rules if (r.in_force_from or first) <= on <= (r.in_force_to or last)]
    order = list(items)
    kinds = list(vocabulary.KINDS)
    holding.sort(key=lambda r: (order.index(r.item), r.clause, kinds.index(r.kind), _rank(r), r.id))
    return {rule.id: rule for rule in holding}


def _rank(rule: Rule) -> int:
    """Rules of one item in the order in which the vocabulary names what they measure."""
    known = (*vocabulary.MEASURES, *vocabulary.AWARD_TYPES)
    measure = rule.part or rule.measure
    return known.index(measure) if measure in known else 0


def _in_force(folder: Path, name: str, key: str, make, clauses: dict[str, Clause], on: date) -> dict:
    written = build.blocks(read_yaml(folder / name, name) or [], Block(name, 1))
    made = [(block, make(block, clauses)) for block in written]
    fail_if.duplicate_id(written, key)
    spans = [(fail_if.span(block), thing) for block, thing in made]
    return {thing.id: thing for (start, end), thing in spans if start <= on <= end}


def _verdicts(folder: Path, clauses: dict[str, Clause], items: dict[str, Item], on: date) -> tuple[Verdict, ...]:
    make = partial(build.verdict, sheet=items)
    verdicts = tuple(_in_force(folder, VERDICTS, "verdict", make, clauses, on).values())
    known = [verdict.id for verdict in verdicts]
    written = [block for block in read_yaml(folder / VERDICTS, VERDICTS) or [] if block["verdict"] in known]
    for block in written:
        fail_if_lists.unknown_verdict(block, "also", known)
        fail_if_lists.unknown_verdict(block, "unless", known)
    fail_if_lists.circle(written, verdicts)
    check_verdict_examples(verdicts, written)
    return verdicts


def _named(rulebook: Rulebook, rules: list[Rule]) -> set[str]:
    """Every clause that a rule (of any date), a reading, a verdict or a finding of the libraries applies."""
    users = (*rules, *rulebook.readings.values(), *rulebook.verdicts, *rulebook.libraries)
    return {clause for user in users for clause in user.clause.split(", ")}


