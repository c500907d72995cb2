"""The manual of the rule language tells what the program does: its table of derived columns, and its example."""

import re

import pytest

from pipelines.model.condition import NAMES
from pipelines.model.measure import DERIVED
from pipelines.paths import ROOT
from pipelines.rulebook.load import load_rulebook
from pipelines.wording import say
from tests.rules.book import STANDARD, TODAY, changed

MANUAL = (ROOT / "docs" / "rulebook.en.md").read_text(encoding="utf-8")


def test_the_table_of_derived_columns_is_what_is_derived():
    table = MANUAL.split("<!-- derived:")[1].split("<!-- end -->")[0]
    facts = {name: (kind, re.findall(r"`(\w+)`", readings))
            for name, kind, readings in re.findall(r"(?m)^\| `(\w+)` \| (\w+) \|(.*)\|$", table)}
    assert facts == {name: (one.type, [reading for reading, _ in one.readings]) for name, one in DERIVED.items()}


def test_the_table_of_facts_is_what_a_verdict_may_look_at():
    table = MANUAL.split("<!-- facts:")[1].split("<!-- end -->")[0]
    told = [name for row in re.findall(r"(?m)^\| (`.*?) \|", table) for name in re.findall(r"`(\w+)`", row)]
    assert sorted(told) == sorted(NAMES)


def test_every_fact_has_its_words():
    assert all(say(f"site.fact_{name}").zh for name in NAMES)


def test_the_measure_of_the_manual_loads_but_for_the_examples_that_it_leaves_out(tmp_path):
    block = re.findall(r"```yaml\n(.*?)```", MANUAL, re.DOTALL)[0]
    book = changed(tmp_path, "rulebook.yaml", "edition: standard", "edition: mine")
    file = book / "measures" / "late_reply.yaml"
    rest = "".join(line + "\n" for line in file.read_text(encoding="utf-8").splitlines() if "cutoff:" in line)
    file.write_text(block + rest, encoding="utf-8")
    assert load_rulebook(book, TODAY).measures["late_reply"].where == load_rulebook(STANDARD, TODAY).measures[
        "late_reply"].where


@pytest.mark.parametrize("word", ["among", "needs", "quotes", "examples", "better", "counts", "by", "where", "says"])
def test_every_word_of_a_measure_is_in_the_manual(word):
    assert f"`{word}" in MANUAL or f"\n{word}:" in MANUAL
