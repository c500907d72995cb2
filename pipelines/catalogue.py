"""Every clause of the regulation with what applies it and what tests it, or why nothing does."""

import re
from pathlib import Path

from pipelines.implementations import must_exist
from pipelines.model.rule import Clause, Rulebook
from pipelines.model.words import Words

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
        "text": _both(clause.text),
        "rules": [rule.id for rule in rules],
        "readings": [reading.id for reading in rulebook.readings.values() if clause.id in _clauses(reading)],
        "verdicts": [verdict.id for verdict in rulebook.verdicts if clause.id in _clauses(verdict)],
        "findings": [rule.id for rule in findings],
        "settings": [name for name, applied in settings.items() if applied == clause.id],
        "honoured_by": list(clause.implemented_by),
        "parts": parts,
        "examples": sum(len(rule.examples) for rule in (*rules, *findings)),
        "tests": tests and sorted({test for id in (clause.id, *parts) for test in tests.get(id, [])}),
        "why_none": _both(why),
    }


def _clauses(thing) -> list[str]:
    return thing.clause.split(", ")


def _both(words: Words) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}


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
