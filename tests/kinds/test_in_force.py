"""Which months a rule judges that is in force for a part of the period (semantics G24), and words of older books."""

from datetime import date
from fractions import Fraction
from shutil import copytree

import pytest

from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.model.words import RulebookRefusal
from pipelines.rulebook.load import load_rulebook
from pipelines.sample.make import make_sample
from pipelines.stages.judge import spans
from tests.kinds.test_loading import RULES, island
from tests.rules.book import changed
from tests.toy.town import LAW, Town

QUARTER = Period.parse("2026Q3")
ERRAND = "H2.3/errand.yaml"


def law(folder, file: str, added: str, old: str = "", new: str = ""):
    """Heron Island with lines added to a file, and a text in it replaced."""
    book = copytree(LAW, folder / "law")
    path = book / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new) + added, encoding="utf-8")
    return book


def by_month(folder, days: str):
    """The island's bands by the month, in force on these days."""
    book = island(folder)
    file = book / "H2.2" / "short.yaml"
    kept = [line for line in RULES["short"][2].splitlines() if "bounded" not in line and "at_most" not in line
            and "enough" not in line]
    head = file.read_text(encoding="utf-8").split("part: mended")[0]
    file.write_text(head + "\n".join(kept) + f"\nper: month\nin_force: {days}\n", encoding="utf-8")
    return book


@pytest.mark.parametrize(
    ("days", "judged"),
    [
        ("{from: 2026-08-01}", ("2026-08", "2026-09")),
        ("{from: 2026-08-02}", ("2026-09",)),  # its first day is past
        ("{to: 2026-08-01}", ("2026-07", "2026-08")),  # the last day is in it
        ("{to: 2026-07-31}", ("2026-07",)),
        ("{from: 2026-08-01, to: 2026-08-31}", ("2026-08",)),
    ],
)
def test_a_month_is_judged_whose_first_day_it_holds_on(tmp_path, days, judged):
    book = load_rulebook(by_month(tmp_path, days), QUARTER)
    assert spans(book.rules["short"], {}, QUARTER.months) == judged
    town = Town(book)
    for k, month in enumerate(QUARTER.months):
        bad = town.unit(owed=[100 * (n == k) for n in range(3)], mended=[79 * (n == k) for n in range(3)], assessed={})
        assert town.item(bad, "H2.2") == (28 if month in judged else 30)


@pytest.mark.parametrize("days", ["{from: 2026-09-02}", "{to: 2026-06-30}"])
def test_a_rule_of_no_month_of_the_period_is_not_there(tmp_path, days):
    assert "short" not in load_rulebook(by_month(tmp_path, days), QUARTER).rules


@pytest.mark.parametrize(("day", "there"), [("2026-06-30", True), ("2026-07-01", True), ("2026-07-02", False)])
def test_a_rule_of_the_whole_period_is_asked_on_its_first_day(tmp_path, day, there):
    book = law(tmp_path, ERRAND, f"in_force: {{from: {day}}}\n")
    assert ("errand" in load_rulebook(book, QUARTER).rules) == there


def test_two_versions_of_a_rule_by_the_month_in_one_period_are_refused(tmp_path):
    book = by_month(tmp_path, "{to: 2026-07-31}")
    second = (book / "H2.2" / "short.yaml").read_text(encoding="utf-8").replace("to: 2026-07-31", "from: 2026-08-01")
    (book / "H2.2" / "later.yaml").write_text(second, encoding="utf-8")
    with pytest.raises(RulebookRefusal, match="short.*2026-07.*2026-09"):
        load_rulebook(book, QUARTER)
    assert load_rulebook(book, Period.parse("2026-08")).rules["short"].in_force_from == date(2026, 8, 1)


def test_a_mean_is_of_the_months_in_which_it_is_in_force(tmp_path):
    book = by_month(tmp_path, "{from: 2026-08-01}")
    file = book / "H2.2" / "short.yaml"
    text = file.read_text(encoding="utf-8").replace("per: month\n", "per: {month: mean}\n")
    points = {"points: -2}": "points: -0.67}", "islet is held": "islet is held"}
    for old, new in points.items():
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    town = Town(load_rulebook(book, QUARTER))
    unit = town.unit(owed=[100, 100, 100], mended=[0, 79, 80], assessed={})
    assert town.item(unit, "H2.2") == 29  # 2 points of one month, a mean of two


@pytest.mark.parametrize(
    ("days", "taken"),
    [
        ("{from: 2026-08-01}", 2 * (3 + 5)),
        ("{from: 2026-08-02}", 2 * 5),
        ("{to: 2026-08-31}", 2 * (1 + 3)),
        ("{to: 2026-07-31}", 2 * 1),
        ("{from: 2026-09-02}", 0),
    ],
)
def test_a_deduction_by_the_month_costs_in_the_months_on_whose_first_day_it_holds(tmp_path, days, taken):
    book = load_rulebook(law(tmp_path, "H2.1/tardy.yaml", f"per: month\nin_force: {days}\n"), QUARTER)
    town = Town(book)
    assert town.item(town.unit(tardy=[1, 3, 5]), "H2.1") == 25 - taken


def test_a_deduction_of_the_period_is_asked_on_its_first_day(tmp_path):
    book = load_rulebook(law(tmp_path, "H2.1/tardy.yaml", "in_force: {to: 2026-07-31}\n"), QUARTER)
    town = Town(book)
    assert town.item(town.unit(tardy=[1, 3, 5]), "H2.1") == 25 - 2 * 9


# Words of older books (semantics B6).


def test_per_quarter_is_read_as_the_period_with_a_notice(tmp_path):
    book = load_rulebook(law(tmp_path, ERRAND, "", "per: period", "per: quarter"), QUARTER)
    assert book.rules["errand"].per == "period"
    (notice,) = book.notices
    assert "errand" in notice.en and "per: period" in notice.en and "errand" in notice.zh
    assert load_rulebook(LAW, QUARTER).notices == ()


def test_per_occurrence_is_no_more_than_a_deduction(tmp_path):
    (notice,) = load_rulebook(law(tmp_path, "H2.1/tardy.yaml", "per: occurrence\n"), QUARTER).notices
    assert "tardy" in notice.en


# A missing mark of an item that says what it is worth without data (semantics C17, G2).


def marks(folder, word: str, said: str = "", readings: bool = False):
    """Heron Island with ``unmeasured`` on the item of the light, and without the reading of missing marks."""
    book = copytree(LAW, folder / "law")
    file = book / "rulebook.yaml"
    text = file.read_text(encoding="utf-8")
    old = "full_marks: 10, unassessed: {reading: missing_assessment}"
    assert old in text
    text = text.replace(old, f"full_marks: 10, unmeasured: {word}{said}")
    text = text.replace("full_marks: 5, unassessed: {reading: missing_assessment}", "full_marks: 5")
    file.write_text(text, encoding="utf-8")
    if not readings:
        file = book / "readings.yaml"
        blocks = file.read_text(encoding="utf-8").split("\n- reading: ")
        kept = [one for one in blocks if not one.startswith("missing_assessment")]
        file.write_text("\n- reading: ".join(kept), encoding="utf-8")
    return Town(load_rulebook(book, QUARTER))


@pytest.mark.parametrize(
    ("word", "said", "score", "full"),
    [("left_out", "", 0, 0), ("reweighted", "", 0, 0), ("zero", "", 0, 10), ("full", "", 10, 10),
     ("left_out", ", unassessed: zero", 0, 10)],
)
def test_a_missing_mark_is_worth_what_its_item_says(tmp_path, word, said, score, full):
    town = marks(tmp_path, word, said)
    scores, _, _ = town.settled(town.unit(assessed={"H1.2": 4}))
    item = scores["U1"].items["H1.1"]
    assert (item.score, item.full_marks, item.measured) == (score, full, False)
    assert scores["U1"].items["H1.2"].score == 4
    given, _, _ = town.settled(town.unit(assessed={"H1.1": 7, "H1.2": 4}))
    assert (given["U1"].items["H1.1"].score, given["U1"].items["H1.1"].full_marks) == (7, 10)


def test_the_other_items_are_stretched_over_a_missing_mark(tmp_path):
    """90 of the 100 marks are there; 4 of 5 and 85 of 85 are stretched to 100: 89 × 100 / 90 = 98.89."""
    town = marks(tmp_path, "reweighted")
    scores, _, _ = town.settled(town.unit(assessed={"H1.2": 4}, owed=1, mended=1, asked=1, content=1, errands=1,
                                          errands_run=1))
    assert scores["U1"].total == Fraction("98.89")
    assert scores["U1"].items["H1.1"].notes == ("unmeasured_reweighted",)


def test_the_reading_of_missing_marks_decides_where_a_book_has_it(tmp_path):
    town = marks(tmp_path, "left_out", readings=True)
    scores, _, _ = town.settled(town.unit(assessed={"H1.2": 4}), missing_assessment="zero")
    assert (scores["U1"].items["H1.1"].score, scores["U1"].items["H1.1"].full_marks) == (0, 10)


# A group that no unit is of is refused before anything is scored.


@pytest.mark.parametrize("twice", [True, False])
def test_check_refuses_a_group_that_no_unit_is_of(tmp_path, twice):
    make_sample(tmp_path / "in", QUARTER, units=4, cases=60, seed=4)
    file = "A3.1/late_reply.yaml"
    book = changed(tmp_path, file, "deduct: 0.5\n", "deduct: 0.5\ngroups: [市直部門]\n")
    text = (book / file).read_text(encoding="utf-8").replace("given:", "group: 市直部門, given:")
    (book / file).write_text(text, encoding="utf-8")
    request = Request(QUARTER, tmp_path / "in", tmp_path / "out", rules=book)
    with Run(request) as run, pytest.raises(RulebookRefusal, match="late_reply.*市直部門"):
        run.check(twice)
