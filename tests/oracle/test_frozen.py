"""The frozen copy that the oracle is held against says of its rules what the standard edition says of them today.

A rule that is added to `rules/standard` is none of the copy's business; one that changes has to change here as well,
and in the oracle, which knows the numbers.
"""

from dataclasses import replace
from shutil import copytree

import pytest

from pipelines.model.rule import Rulebook
from pipelines.rulebook.load import load_rulebook
from tests.oracle.compare import FROZEN
from tests.rules.book import STANDARD, TODAY

WHOLE = ("evaluation", "ranking", "grades", "lists", "decimals", "total_floor", "total_cap", "sheets")
PARTS = ("items", "rules", "readings", "measures", "incident_types", "award_types")


def changed(frozen: Rulebook, live: Rulebook) -> list[str]:
    """What the live book says otherwise, or no more, of anything in the frozen one."""
    found = [f"{part} {id}" for part in PARTS for id, thing in getattr(frozen, part).items()
             if getattr(live, part).get(id) != thing]
    found += [f"verdicts {one.id}" for one in frozen.verdicts if one not in live.verdicts]
    return found + [name for name in WHOLE if getattr(frozen, name) != getattr(live, name)]


def test_the_copy_says_what_the_edition_says():
    assert changed(load_rulebook(FROZEN, TODAY), load_rulebook(STANDARD, TODAY)) == []


@pytest.mark.parametrize(("file", "old", "new", "message"), [
    ("A3.1/late_reply.yaml", "order: 2\n", "order: 3\n", ["rules late_reply"]),
    ("measures/refusal.yaml", "better: fewer", "better: more", ["measures refusal"]),
    ("rulebook.yaml", "reminder_after_hours: 24", "reminder_after_hours: 23", ["evaluation"]),
])
def test_a_number_that_changed_is_named(tmp_path, file, old, new, message):
    book = copytree(STANDARD, tmp_path / "book")
    text = (book / file).read_text(encoding="utf-8")
    assert old in text
    (book / file).write_text(text.replace(old, new), encoding="utf-8")
    assert changed(load_rulebook(FROZEN, TODAY), load_rulebook(book, TODAY)) == message


def test_a_rule_that_was_added_is_no_change():
    live = load_rulebook(STANDARD, TODAY)
    more = replace(live.rules["late_reply"], id="late_again")
    assert changed(load_rulebook(FROZEN, TODAY), replace(live, rules={**live.rules, "late_again": more})) == []
