"""Marks in words: `scale` of an assessed rule, from the book to exports, both judges, ledger and pages."""

import csv
from decimal import Decimal
from fractions import Fraction
from shutil import copytree

import pytest

from pipelines import Quarter
from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.rulebook.load import load_rulebook
from tests.rules.book import TODAY, refused
from tests.toy.exports import island_sample
from tests.toy.town import LAW, Town

PERIOD = Period.parse("2026Q3")
RULE = "H1.2/log.yaml"
SCALE = """assessed: H1.2
scale: {优: 5, Good: 4.25, 差: 0}
says: {zh: "评为{word}，{score}分，满分{full}分", en: "{word}: {score} of {full}"}
remedy: {zh: 每日一记, en: Write it daily}
examples:
  - {name: the best, given: {H1.2: 优}, points: 0}
  - {name: the next, given: {H1.2: Good}, points: -0.75}
  - {name: the same by its number, given: {H1.2: 4.25}, points: -0.75}
  - {name: the last, given: {H1.2: 差}, points: -5}
"""


def scaled(folder, old="", new=""):
    """The island's law with marks in words for its log, broken in one place where a text is named."""
    book = copytree(LAW, folder / "law")
    file = book / RULE
    text = file.read_text(encoding="utf-8").partition("assessed:")[0] + SCALE
    assert not old or text.count(old) == 1
    file.write_text(text.replace(old, new) if old else text, encoding="utf-8")
    return book


BROKEN = {
    "a number for a word": ("差: 0}", "3: 0}", "is a number or empty"),
    "two words for one mark": ("差: 0}", "差: 0, 中: 0}", "中 and 差 of the scale"),
    "two words that only differ by case": ("差: 0}", "差: 0, good: 1}", "good and Good of the scale"),
    "more than the full marks": ("优: 5,", "优: 5.01,", "not a number from 0 to 5"),
    "less than nothing": ("差: 0}", "差: -1}", "not a number from 0 to 5"),
    "a mark in thousandths": ("4.25, 差", "4.255, 差", "at most two decimals"),
    "one word alone": ("{优: 5, Good: 4.25, 差: 0}", "{优: 5}", "two words or more"),
    "a list": ("{优: 5, Good: 4.25, 差: 0}", "[优, Good, 差]", "a block of keys"),
    "a word that the scale has not": ("given: {H1.2: 差}", "given: {H1.2: 良}", "H1.2: 良 is not known"),
    "a number that the scale has not": ("given: {H1.2: 4.25}", "given: {H1.2: 4.24}", "H1.2: 4.24 is not known"),
    "a word without an example": ("  - {name: the last, given: {H1.2: 差}, points: -5}\n", "", "a mark of 差"),
    "an example of another mark": ("given: {H1.2: 差}, points: -5", "given: {H1.2: 差}, points: -4.99", "gives -5.00"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_book_does_not_load_with(case, tmp_path):
    old, new, told = BROKEN[case]
    message = refused(scaled(tmp_path, old, new), TODAY)
    assert told in message and RULE in message


def test_a_blank_for_the_word_needs_a_scale(tmp_path):
    assert "{word}" in refused(scaled(tmp_path, "scale: {优: 5, Good: 4.25, 差: 0}\n", ""), TODAY)


def test_what_a_word_gives_is_its_mark_less_the_full_marks(tmp_path):
    town = Town(load_rulebook(scaled(tmp_path), TODAY))
    for mark, points in ((Fraction(5), None), (Fraction("4.25"), "-0.75"), (Fraction(0), "-5.00")):
        lines = town.lines(town.unit(assessed={"H1.1": 10, "H1.2": mark}), "H1.2")
        assert lines == ([("log", points)] if points else [])
    (line,) = town.settled(town.unit(assessed={"H1.1": 10, "H1.2": Fraction("4.25")}))[1]
    assert line.facts["word"] == "Good" and line.facts["score"] == "4.25"


MARKS = ("优", "Good", "good", "ｇｏｏｄ", "4.25", "差", "0", "5", "良", "4.3", "", "6")
WORTH = dict(zip(MARKS, ("5", "4.25", "4.25", "4.25", "4.25", "0", "0", "5", None, None, None, None), strict=True))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A quarter in which the log of each unit is marked in another way; both judges score it."""
    place = tmp_path_factory.mktemp("scale")
    island_sample(place / "in", PERIOD, units=2 * len(MARKS), cases=400)
    with (place / "in" / "units.csv").open(encoding="utf-8", newline="") as file:
        units = [row["unit_id"] for row in csv.DictReader(file)]
    rows = [
        row
        for k, unit in enumerate(units)
        for row in ((unit, "H1.1", "优" if k == 0 else "10"), (unit, "H1.2", (*MARKS, *MARKS[:1] * k)[k]))
    ]
    with (place / "in" / "assessments.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("unit_id", "item_id", "score"), *rows])
    with Run(Request(PERIOD, place / "in", place / "out", rules=scaled(place), pdf=False)) as made:
        made.run()
    return dict(zip(MARKS, units, strict=False)), Quarter.open(str(PERIOD), place / "out"), place / "out"


def test_the_exports_say_a_word_or_its_number(run):
    units, quarter, _ = run
    found = {mark: quarter.as_it_was.tallies[unit].assessed.get("H1.2") for mark, unit in units.items()}
    assert found == {mark: None if worth is None else Fraction(worth) for mark, worth in WORTH.items()}


def test_what_is_no_word_of_the_scale_is_set_aside_with_its_words(run):
    units, _, out = run
    [file] = out.rglob("quarantine.csv")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        found = {(row["key"], row["value"], row["promise"]): row
                 for row in csv.DictReader(lines) if row["table"] == "assessments"}
    told = {(value, promise) for _, value, promise in found}
    assert told == {("优", "score_decimal"), ("良", "score_decimal"), ("4.3", "score_on_scale"),
                    ("6", "score_on_scale"), ("", "score_required")}
    assert all("H1.2: 优 5, Good 4.25, 差 0; H1.1 0–10" in str(row) for (_, value, _), row in found.items() if value)


def test_ledger_and_pages_say_the_word(run):
    units, quarter, out = run
    lines = quarter.ledger[quarter.ledger["rule_id"] == "log"].set_index("unit_id")
    assert Decimal(str(lines.loc[units["差"], "points"])) == -5 and "评为差，0分" in lines.loc[units["差"], "detail"]
    assert "评为Good，4.25分" in lines.loc[units["4.25"], "detail"]
    [card] = [page for page in out.rglob(f"{units['差']}.html") if page.parent.name == "units"]
    assert "评为差，0分" in card.read_text(encoding="utf-8")
    method = next(out.rglob("method.html")).read_text(encoding="utf-8")
    assert "优 5、Good 4.25、差 0" in method
