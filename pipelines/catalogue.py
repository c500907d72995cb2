"""A rulebook whole: clauses with what applies and tests them, items, rules, measures, readings and verdicts."""

import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import click
import yaml

from pipelines.cli import Verbs
from pipelines.contracts.declared import load_contracts
from pipelines.engines.marks import readings_that_count
from pipelines.model.condition import Condition
from pipelines.model.measure import Measure
from pipelines.model.points import plain
from pipelines.model.rule import Clause, Item, Left, Reading, Rule, Rulebook, Verdict
from pipelines.model.words import RulebookRefusal, Words
from pipelines.paths import CONTRACTS, REPORTS, RULES, SQL
from pipelines.rulebook.vocabulary import OF_THE_BOOK
from pipelines.wording import hint, say

# What honours a clause beside the rules: what `regulation.md` names, each looked up where it is declared.


FILE = "regulation.md"


def must_exist(rulebook: Rulebook) -> None:
    """RulebookRefusal for a clause that is said to be honoured by something that there is not."""
    for clause in rulebook.clauses.values():
        for thing in clause.implemented_by:
            there(FILE, clause.id, thing, rulebook)


def there(file: str, place: str, thing: str, rulebook: Rulebook) -> None:
    """RulebookRefusal where there is no such ``thing``, with the nearest that there is."""
    kind, _, name = thing.partition(" ")
    facts = {"file": file, "clause": place, "thing": thing}
    if kind not in KINDS:
        raise RulebookRefusal(say("rulebook.honoured_kind", **facts, hint=hint(kind, KINDS)))
    known = KINDS[kind](rulebook)
    if name not in known:
        raise RulebookRefusal(say("rulebook.honoured_by_nothing", **facts, hint=hint(name, known)))


@cache
def _contracts() -> set[str]:
    """Columns as `table.column`, promises as `table.promise`."""
    tables = {}
    for folder in ("exports", "inbox"):
        tables |= load_contracts(CONTRACTS / folder).tables
    columns = {f"{name}.{column}" for name, table in tables.items() for column in table.columns}
    return columns | {f"{promise.table}.{promise.id}" for table in tables.values() for promise in table.promises}


@cache
def _commands() -> set[str]:
    """Verbs and their parts, such as `evaluators step`."""
    verbs, found = Verbs("gongping"), set()
    for name in verbs.list_commands(click.Context(verbs)):
        command = verbs.get_command(click.Context(verbs), name)
        found |= {name, *(f"{name} {part}" for part in getattr(command, "commands", ()))}
    return found


@cache
def _pages() -> set[str]:
    """Templates, and the headings in them that carry an id, as `evaluators/panel#work`."""
    found = set()
    for file in REPORTS.rglob("*.html.j2"):
        name = file.relative_to(REPORTS).as_posix().removesuffix(".html.j2")
        headings = re.findall(r'<h\d id="([a-z_]+)"', file.read_text(encoding="utf-8"))
        found |= {name, *(f"{name}#{id}" for id in headings)}
    return found


@cache
def _actions() -> set[str]:
    """What evaluators may send in."""
    actions = load_contracts(CONTRACTS / "inbox").tables["evaluator_actions"].columns["action"]
    return {value for value, _ in actions.labels}


@cache
def _queries() -> set[str]:
    return {file.relative_to(SQL).as_posix().removesuffix(".sql") for file in SQL.rglob("*.sql")}


KINDS: dict[str, Callable[[Rulebook], Iterable[str]]] = {
    "contract": lambda rulebook: _contracts(),
    "command": lambda rulebook: _commands(),
    "page": lambda rulebook: _pages(),
    "query": lambda rulebook: _queries(),
    "section": lambda rulebook: rulebook.sections,
    "action": lambda rulebook: _actions(),
    "finding": lambda rulebook: {rule.id for rule in rulebook.libraries},
}


NOTHING = Words("", "")
APPLIED = ("rules", "readings", "verdicts", "findings", "settings", "honoured_by", "parts")


def catalogue(rulebook: Rulebook, tests_folder: Path | None) -> list[dict]:
    """A row a clause, in the order of the regulation, ready for JSON.

    Keys: clause, text {zh, en}, rules, readings, verdicts, findings (of the libraries), settings (of the evaluators'
    work), honoured_by (what `regulation.md` names, checked to be there), parts (the clauses under a heading),
    examples (how many its rules and findings carry), tests (files that name the clause or a part of it, relative to
    ``tests_folder``; None where there is no such folder, as in a wheel), why_none {zh, en}: why no rule scores it.
    RulebookRefusal where something named is not there.
    """
    must_exist(rulebook)
    tests = None if tests_folder is None else _tests(rulebook, tests_folder)
    return [_row(rulebook, clause, tests) for clause in rulebook.clauses.values()]


def whole(rulebook: Rulebook, tests_folder: Path | None) -> dict[str, list[dict]]:
    """The book part by part, ready for JSON: clauses (as `catalogue`), items, rules, measures, readings, verdicts.

    A measure tells who looks at it (``named_by``), a reading what acts on it (``honoured_by``); each how many examples
    try it. RulebookRefusal as `catalogue`.
    """
    return {
        "clauses": catalogue(rulebook, tests_folder),
        "sentences": sentences(rulebook, tests_folder),
        "items": [_item(rulebook, item) for item in rulebook.items.values()],
        "rules": [_rule(rule) for rule in rulebook.rules.values()],
        "measures": [_measure(rulebook, measure) for measure in rulebook.measures.values()],
        "readings": [_reading(rulebook, reading) for reading in rulebook.readings.values()],
        "verdicts": [_verdict(verdict) for verdict in rulebook.verdicts],
    }


SENTENCES = RULES / "sentences.yaml"


def sentences(rulebook: Rulebook, tests_folder: Path | None, file: Path = SENTENCES) -> list[dict]:
    """A row a sentence that asks for work beside the score sheet; none for a book without such findings (no library).

    Keys: sentence, clause, title {zh, en}, by (tables, actions, findings …), who {zh, en}, shows (pages), tests
    (`file::function`). RulebookRefusal where one of them is not there; tests are looked up where they are at hand.
    """
    if not rulebook.libraries or rulebook.edition != "standard":
        return []
    rows = yaml.safe_load(file.read_text(encoding="utf-8"))
    for row in rows:
        lacking = [part for part in ("by", "who", "shows", "tests") if not row.get(part)]
        lacking += [row["clause"]] if row["clause"] not in rulebook.clauses else []
        lacking += [test for test in row.get("tests", ()) if tests_folder and not _is_there(test, tests_folder)]
        if lacking:
            facts = {"file": file.name, "sentence": row["sentence"], "what": "、".join(lacking)}
            raise RulebookRefusal(say("rulebook.sentence_lacks", **facts))
        for thing in (*row["by"], *row["shows"]):
            there(file.name, row["sentence"], thing, rulebook)
    return [{**row, "title": {"zh": row["zh"], "en": row["en"]}} for row in rows]


def _is_there(test: str, folder: Path) -> bool:
    name, _, function = test.partition("::")
    file = folder / name
    return file.is_file() and f"def {function}(" in file.read_text(encoding="utf-8")


def _item(rulebook: Rulebook, item: Item) -> dict:
    rules = [rule.id for rule in rulebook.rules.values() if rule.item == item.id]
    marks = plain(item.full_marks)
    return {"id": item.id, "title": vars(item.title), "section": item.section, "full_marks": marks, "rules": rules}


def _rule(rule: Rule) -> dict:
    return {
        "id": rule.id,
        "title": vars(rule.title),
        "item": rule.item,
        "clause": rule.clause,
        "kind": rule.kind,
        "measures": [id for id in (rule.measure, rule.part, rule.of) if id],
        "readings": [word.reading for word in (rule.per, rule.mode) if isinstance(word, Left)],
        "examples": len(rule.examples),
        "file": rule.file,
    }


def _measure(rulebook: Rulebook, measure: Measure) -> dict:
    id, ranked = measure.id, measure.id in (rulebook.ranking.listed_by or ())
    named = [f"rule {rule.id}" for rule in rulebook.rules.values() if id in (rule.measure, rule.part, rule.of)]
    named += [f"verdict {one.id}" for one in rulebook.verdicts if any(id in _looks_at(c) for c in one.when)]
    named += [f"measure {one.id}" for one in rulebook.measures.values() if one.among == id]
    return {
        "id": id,
        "title": vars(measure.title),
        "counts": measure.counts,
        "among": measure.among,
        "readings": list(readings_that_count(measure)),
        "named_by": [*named, *(["rank"] if ranked else [])],
        "examples": len(measure.examples),
        "file": measure.file,
    }


def _looks_at(condition: Condition) -> list[str]:
    """The measures of a verdict's condition."""
    kind, _, rest = condition.fact.partition(" ")
    return rest.split("/") if kind in ("rate", "measure") else []


def _reading(rulebook: Rulebook, reading: Reading) -> dict:
    id = reading.id
    used_by = [f"measure {one.id}" for one in rulebook.measures.values() if id in readings_that_count(one)]
    used_by += [f"rule {rule.id}" for rule in rulebook.rules.values() if Left(id) in (rule.per, rule.mode)]
    for item in rulebook.items.values():
        bonus = item.bonus.left_to if item.bonus else ()
        used_by += [f"item {item.id}"] if Left(id) in (item.unassessed, item.unmeasured) or id in bonus else []
    used_by += ["rank"] if rulebook.rank_on == Left(id) else []
    used_by += ["rulebook"] if id in OF_THE_BOOK else []
    examples = [*(rulebook.measures.values()), *(rulebook.rules.values())]
    tried = sum(id in example.get("readings", {}) for one in examples for example in one.examples)
    values = {value: vars(words) for value, words in reading.says.items()}
    return {
        "id": id,
        "title": vars(reading.title),
        "clause": reading.clause,
        "values": values,
        "honoured_by": used_by,
        "examples": tried,
    }


def _verdict(verdict: Verdict) -> dict:
    facts = [condition.label for condition in verdict.when]
    return {
        "id": verdict.id,
        "title": vars(verdict.title),
        "clause": verdict.clause,
        "list": verdict.list,
        "facts": facts,
        "examples": len(verdict.examples),
    }


def gaps(rows: list[dict]) -> list[str]:
    """The clauses that nothing implements or nothing tests; a heading is as good as all of its parts.

    Where the tests are not at hand, those that nothing implements.
    """
    bare = {row["clause"] for row in rows if row["tests"] == [] or not any(row[kind] for kind in APPLIED)}
    return [row["clause"] for row in rows if row["clause"] in bare or bare & set(row["parts"])]


def _row(rulebook: Rulebook, clause: Clause, tests: dict[str, list[str]] | None) -> dict:
    rules = [rule for rule in rulebook.rules.values() if clause.id in _clauses(rule)]
    findings = [rule for rule in rulebook.libraries if clause.id in _clauses(rule)]
    settings = rulebook.panel.clauses if rulebook.panel else {}
    parts = [id for id in rulebook.clauses if id.startswith(f"{clause.id}.")]
    why = clause.why_no_rule or NOTHING
    return {
        "clause": clause.id,
        "text": vars(clause.text),
        "rules": [rule.id for rule in rules],
        "readings": [reading.id for reading in rulebook.readings.values() if clause.id in _clauses(reading)],
        "verdicts": [verdict.id for verdict in rulebook.verdicts if clause.id in _clauses(verdict)],
        "findings": [rule.id for rule in findings],
        "settings": [name for name, applied in settings.items() if applied == clause.id],
        "honoured_by": list(clause.implemented_by),
        "parts": parts,
        "examples": sum(len(rule.examples) for rule in (*rules, *findings)),
        "tests": tests and sorted({test for id in (clause.id, *parts) for test in tests.get(id, [])}),
        "why_none": vars(why),
    }


def _clauses(thing) -> list[str]:
    return thing.clause.split(", ")


def _tests(rulebook: Rulebook, folder: Path) -> dict[str, list[str]]:
    """The test files that name a clause as a word of its own, by clause id."""
    found: dict[str, list[str]] = {}
    for file in sorted(folder.rglob("test_*.py")):
        text = file.read_text("utf-8", errors="ignore")
        # M1 or E2 may be anyone's unit or evaluator: a clause without a point counts in prose only.
        named = {id for id in _ids(text) if "." in id} | _ids(_prose(text))
        for clause in named & set(rulebook.clauses):
            found.setdefault(clause, []).append(file.relative_to(folder).as_posix())
    return found


def _ids(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w.])[A-Z]\d+(?:\.\d+)?(?!\w|\.\d)", text))


def _prose(text: str) -> str:
    """The docstrings of a Python file."""
    return " ".join(re.findall(r'"""(.+?)"""', text, re.DOTALL))
