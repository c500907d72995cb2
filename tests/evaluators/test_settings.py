"""`evaluators.yaml` is read as strictly as any rule, and shows in the catalogue (E0.1, E5.1 to E5.5, E6.0, E7.0)."""

from dataclasses import replace
from datetime import date
from shutil import copytree

import pytest

from pipelines.catalogue import catalogue
from pipelines.model.words import RulebookRefusal
from pipelines.paths import ROOT, RULES
from pipelines.rulebook.load import load_rulebook
from pipelines.rulebook.settings import must_agree_on_the_clock

TODAY = date(2026, 7, 1)
FILE = "evaluators.yaml"


@pytest.fixture
def change(tmp_path):
    """Load the standard rulebook with one text of evaluators.yaml changed."""

    def load(old, new, file=FILE):
        folder = copytree(RULES / "standard", tmp_path / "rules", dirs_exist_ok=True)
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")
        return load_rulebook(folder, TODAY)

    return load


def test_the_standard_settings_are_the_regulations():
    panel = must_agree_on_the_clock(load_rulebook(RULES / "standard", TODAY))
    assert (panel.size, panel.after_hours, panel.working_days, panel.at_most) == (50, 24, 2, 2)
    assert (panel.term_years, panel.notice_months) == (2, 1)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("size: 50", "size: many", 3),
        ("size: 50", "size: 50.5", 3),
        ("size: 50", "sice: 50", 3),
        ("clause: E0.1, size", "clause: E0.9, size", 3),
        ("clause: E0.1, size: 50", "clause: E0.1", 3),
        ("condition: not_away", "condition: not_tired", 13),
        ("condition: appointed, ", "condition: not_away, ", 12),
        ("by: open_assignments", "by: age", 20),
        ("panel: {", "panel: 50 #{", 3),
        ("prefer:", "preferred:", 19),
    ],
)
def test_a_setting_that_is_wrong_is_refused_with_its_line(change, old, new, line):
    with pytest.raises(RulebookRefusal) as caught:
        change(old, new)
    assert FILE in caught.value.words.en
    assert abs(int(caught.value.words.en.split("line ")[1].split(":")[0]) - line) <= 1


def test_a_condition_without_which_ratings_would_not_count_must_be_there(change):
    with pytest.raises(RulebookRefusal, match="other_employer"):
        change("  - {condition: other_employer, clause: E6.0}", "  #")


def test_another_time_limit_than_the_scores_is_refused_when_the_evaluators_work_begins(change):
    for old, new, file in (("working_days: 2", "working_days: 3", FILE),
                           ("reminder_after_hours: 24", "reminder_after_hours: 12", "rulebook.yaml")):
        with pytest.raises(RulebookRefusal, match="rulebook.yaml"):
            must_agree_on_the_clock(change(old, new, file))


def test_a_rulebook_without_settings_scores_and_names_the_file_when_evaluators_are_to_work(tmp_path):
    folder = copytree(RULES / "standard", tmp_path / "rules")
    (folder / FILE).unlink()
    book = load_rulebook(folder, TODAY)
    with pytest.raises(RulebookRefusal, match=FILE):
        must_agree_on_the_clock(book)


def test_the_catalogue_names_the_setting_of_a_clause():
    rows = {row["clause"]: row for row in catalogue(load_rulebook(RULES / "standard", TODAY), ROOT / "tests")}
    assert {"remind", "limit", "reassign"} <= set(rows["E5.2"]["settings"])
    for clause in ("E0.1", "E5.1", "E5.2", "E5.4", "E6.0", "E7.0"):
        assert rows[clause]["settings"] and rows[clause]["tests"], clause


def test_a_book_without_the_reading_of_the_clock_is_refused(change):
    """Scoring does not need it where nothing is rated; the evaluators' work does."""
    book = change("size: 50", "size: 50")
    without = replace(book, readings={id: one for id, one in book.readings.items() if id != "evaluation_clock"})
    with pytest.raises(RulebookRefusal, match="evaluation_clock"):
        must_agree_on_the_clock(without)
