"""A rulebook folder → a checked `Rulebook` as it stands on a day."""

from datetime import date
from functools import partial
from hashlib import sha256
from pathlib import Path

from pipelines.edges.contracts import load_contracts
from pipelines.edges.contracts_of_book import with_types
from pipelines.edges.wording import say
from pipelines.engines.marks import honoured, layouts
from pipelines.model.refusals import RulebookRefusal
from pipelines.model.rule import Clause, Item, Rule, Rulebook, Verdict
from pipelines.paths import RULES
from pipelines.rulebook import build, fail_if, fail_if_lists, vocabulary
from pipelines.rulebook.clauses import read_clauses
from pipelines.rulebook.examples import check_examples
from pipelines.rulebook.libraries import FILE as LIBRARIES
from pipelines.rulebook.libraries import read_libraries
from pipelines.rulebook.measures import FOLDER as MEASURES
from pipelines.rulebook.measures import read_measures
from pipelines.rulebook.names import hint
from pipelines.rulebook.numbers import count
from pipelines.rulebook.panel import FILE as PANEL
from pipelines.rulebook.panel import read_panel
from pipelines.rulebook.source import Block, read_yaml, refusal
from pipelines.rulebook.verdict_examples import check_verdict_examples

BOOK, READINGS, VERDICTS, CLAUSES = "rulebook.yaml", "readings.yaml", "verdicts.yaml", "regulation.md"
BOOK_FIELDS = ("edition", "title", "in_force", "evaluation", "sections")
OPTIONAL = ("format", "case_rows", "incident_types", "award_types", "rank")
FORMATS = ("1", "2")  # 1: quarters, eleven measures, seven awards (semantics B7); what it does not say is in FORMAT_1
FORMAT_1 = RULES / "format_1.yaml"
EVALUATION = ("working_days", "reminder_after_hours")


def load_rulebook(folder: Path, on: date) -> Rulebook:
    """The edition in ``folder`` with the rules in force on the day ``on``.

    Everything in the folder is checked, whatever its dates. RulebookRefusal (exit 2) names file, line,
    what is wrong, why it matters and the nearest known name.
    """
    _must_be_complete(folder)
    book = _book(folder, on)
    clauses, clause_lines = read_clauses(folder / CLAUSES, CLAUSES)
    upgraded = _upgraded(book)
    items, sections = build.items(book, clauses, upgraded.get("quality", ()))
    written = _rule_blocks(folder, items)
    readings = _in_force(folder, READINGS, "reading", build.reading, clauses, on)
    values = {id: reading.values for id, reading in readings.items()}
    incident_types, award_types = (build.types(upgraded, key) for key in ("incident_types", "award_types"))
    contracts = with_types(load_contracts(), incident_types, award_types)
    measures = read_measures(folder, contracts, values, upgraded)
    fail_if_lists.nothing_honours(
        read_yaml(folder / READINGS, READINGS) or [], readings, honoured(measures, vocabulary.READINGS)
    )
    fail_if_lists.missing_reading(Block(READINGS, 1), readings, measures)
    known = build.Known(clauses, items, measures, award_types)
    rules = [build.rule(block, known) for block in written]
    fail_if.overlapping_dates(written, "rule")
    fail_if.awarded_twice(written)
    in_force = _rules_on(rules, known, on)
    rulebook = Rulebook(
        edition=book["edition"],
        title=build.words(book, "title"),
        clauses=clauses,
        items=items,
        rules=in_force,
        readings=readings,
        verdicts=_verdicts(folder, known, on),
        evaluation=_evaluation(book),
        sha256=digest(folder),
        sections=sections,
        panel=read_panel(folder, clauses),
        libraries=read_libraries(folder, clauses),
        measures=measures,
        marks=layouts(measures, values, in_force.values()),
        format=int(book.get("format", "1")),
        incident_types=incident_types,
        award_types=known.award_types,
        listed_by=build.listed_by(upgraded, measures),
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
    fail_if.unknown_field(book, (*BOOK_FIELDS, *OPTIONAL))
    fail_if.missing_field(book, BOOK_FIELDS)
    fail_if.not_a_word(book, ("edition", "format"))
    fail_if.unknown_value(book, "format", FORMATS) if "format" in book else None
    build.in_force(book)
    start, end = fail_if.span(book)
    if not start <= on <= end:
        raise refusal(book, "not_in_force", "in_force", edition=book["edition"], start=start, on=on)
    return book


def _upgraded(book: Block) -> Block:
    """The book with what older formats took for granted: measures, types and the moment of a case row."""
    if book.get("format", "1") == "1":
        known = read_yaml(FORMAT_1, FORMAT_1.name)
        fail_if.unknown_field(book, (*BOOK_FIELDS, "format"))
        return known
    fail_if.missing_field(book, ("case_rows",))
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
        if file.parent == folder / MEASURES:
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


def _rules_on(rules: list[Rule], known: build.Known, on: date) -> dict[str, Rule]:
    """The rules of a day in the order of pages: score sheet, clause, kind, `order`, what is measured, id."""
    first, last = date.min, date.max
    holding = [r for r in rules if (r.in_force_from or first) <= on <= (r.in_force_to or last)]
    sheet, kinds, measured = list(known.items), list(vocabulary.KINDS), [*known.measures, *known.award_types]

    def place(rule: Rule) -> tuple:
        measure = rule.part or rule.measure
        rank = measured.index(measure) if measure in measured else 0
        return sheet.index(rule.item), rule.clause, kinds.index(rule.kind), rule.order, rank, rule.id

    return {rule.id: rule for rule in sorted(holding, key=place)}


def _in_force(folder: Path, name: str, key: str, make, clauses: dict[str, Clause], on: date) -> dict:
    written = build.blocks(read_yaml(folder / name, name) or [], Block(name, 1))
    made = [(block, make(block, clauses)) for block in written]
    fail_if.duplicate_id(written, key)
    spans = [(fail_if.span(block), thing) for block, thing in made]
    return {thing.id: thing for (start, end), thing in spans if start <= on <= end}


def _verdicts(folder: Path, known: build.Known, on: date) -> tuple[Verdict, ...]:
    make = partial(build.verdict, known=known)
    verdicts = tuple(_in_force(folder, VERDICTS, "verdict", make, known.clauses, on).values())
    ids = [verdict.id for verdict in verdicts]
    written = [block for block in read_yaml(folder / VERDICTS, VERDICTS) or [] if block["verdict"] in ids]
    for block in written:
        fail_if_lists.unknown_verdict(block, "also", ids)
        fail_if_lists.unknown_verdict(block, "unless", ids)
    fail_if_lists.circle(written, verdicts)
    check_verdict_examples(verdicts, written)
    return verdicts


def _named(rulebook: Rulebook, rules: list[Rule]) -> set[str]:
    """Every clause that a rule (of any date), a reading, a verdict or a finding of the libraries applies."""
    users = (*rules, *rulebook.readings.values(), *rulebook.verdicts, *rulebook.libraries)
    return {clause for user in users for clause in user.clause.split(", ")}
