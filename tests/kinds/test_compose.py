"""A longer period out of shorter ones: what loads, and both judges against a literal reader of the page (C20, G25)."""

from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction
from math import floor
from random import Random
from shutil import copytree

import numpy as np
import pytest

from pipelines.model.period import Period
from pipelines.model.points import rounded
from pipelines.model.rule import Compose, Item
from pipelines.model.score import Earlier
from pipelines.model.words import RulebookRefusal, UsageRefusal, Words
from pipelines.paths import ROOT
from pipelines.rulebook.load import load_rulebook, scored
from pipelines.scoring.compose import PartFigures, composed, figures_of, must_compose, of_its_own, recomposed
from tests.kinds.test_in_force import law
from tests.toy.town import ISLAND

QUARTER = Period.parse("2026Q3")
FULL = {"X1": Fraction(40), "X2": Fraction(60), "X3": Fraction(0)}


def nearest(value: Fraction) -> Fraction:
    """Two decimals, halves away from nothing."""
    size = Fraction(floor(abs(value) * 100 + Fraction(1, 2)), 100)
    return size if value >= 0 else -size


def some_part(rng: Random, name: str) -> PartFigures | None:
    if rng.random() < 0.2:
        return None
    items = {}
    for id, full in FULL.items():
        there = full if rng.random() < 0.85 or not full else Fraction(0)
        score = Fraction(rng.randint(0, int(there * 100) if full else 900), 100)
        items[id] = (score, there, rng.choice((there, Fraction(0))))
    base, bonus = items["X1"][0] + items["X2"][0], items["X3"][0]
    total = rng.choice((base + bonus, base + bonus, Fraction(0), base + bonus + Fraction(1, 100)))
    return PartFigures(name, name, items, base, bonus, total, rng.random() < 0.85)


def expected(how: Compose, parts: list[PartFigures | None]) -> tuple[dict[str, Fraction | None], Fraction]:
    """The page, word by word: the mean of the parts in which the unit was ranked, or their sum."""
    if how.by == "mean":
        counted = [part for part in parts if (part is None and how.missing == "zero") or (part and part.ranked)]
    else:
        counted = [part for part in parts if part]
    items: dict[str, Fraction | None] = {}
    for id in FULL:
        figures = []
        for part in counted:
            score, full, _ = part.items[id] if part else (Fraction(0), FULL[id], None)
            if full or not FULL[id]:
                figures.append(score)
        n = len(figures) if how.by == "mean" else 1
        items[id] = nearest(sum(figures, Fraction(0)) / n) if figures else None
    n = max(len(counted), 1) if how.by == "mean" else 1
    base = nearest(sum((part.base for part in counted if part), Fraction(0)) / n)
    bonus = nearest(sum((part.bonus for part in counted if part), Fraction(0)) / n)
    acted = nearest(sum((part.total - part.base - part.bonus for part in counted if part), Fraction(0)) / n)
    return items, base + bonus + acted


@pytest.mark.parametrize("seed", range(200))
def test_both_judges_and_the_page_agree(seed):
    rng = Random(seed)
    how = Compose("month", rng.choice(("mean", "sum")), rng.choice(("left_out", "zero")))
    n = rng.choice((2, 3, 12))
    times = 1 if how.by == "mean" else n
    full = {id: marks * times for id, marks in FULL.items()}
    sheet = {id: Item(id, Words("", ""), marks, "X") for id, marks in full.items()}
    units = {f"U{k}": [(f"2026-{m:02}", some_part(rng, f"2026-{m:02}")) for m in range(1, n + 1)] for k in range(5)}
    items, counts, totals = recomposed(how, units, {id: bool(marks) for id, marks in FULL.items()})
    for k, (unit, parts) in enumerate(units.items()):
        first = composed(unit, how, parts, sheet)
        wanted, total = expected(how, [part for _, part in parts])
        assert first.total == total == Fraction(int(totals[k]), 100)
        for id, points in wanted.items():
            there = points is not None
            assert bool(counts[id][k]) == there
            assert first.items[id].score == (points or 0) == Fraction(int(items[id][k]), 100)
            assert first.items[id].full_marks == (full[id] if there else 0)
            lines = sum((line.points for line in first.lines if line.item_id == id), Fraction(0))
            assert first.items[id].full_marks + lines == first.items[id].score


def of_one_item(*scores: str, by: str = "mean", missing: str = "refuse") -> Fraction:
    parts = []
    for k, score in enumerate(scores):
        one = Fraction(score or 0)
        figures = {"X1": (one, Fraction(40), Fraction(40))}
        parts.append((str(k), PartFigures(str(k), "", figures, one, Fraction(0), one, True) if score else None))
    times = len(scores) if by == "sum" else 1
    sheet = {"X1": Item("X1", Words("", ""), FULL["X1"] * times, "X")}
    return composed("U", Compose("month", by, missing), parts, sheet).items["X1"].score


@pytest.mark.parametrize(
    ("scores", "mean"),
    [(("10.00", "10.01"), "10.01"), (("10.00", "10.00", "10.01"), "10.00"), (("10.00", "10.01", "10.01"), "10.01")],
)
def test_a_mean_is_rounded_as_an_item_halves_up(scores, mean):
    assert of_one_item(*scores) == Fraction(mean)


def test_a_missing_part_is_left_out_or_zero():
    assert of_one_item("30", "", "20", missing="left_out") == 25
    assert of_one_item("30", "", "20", missing="zero") == Fraction("16.67")
    assert of_one_item("30", "", "20", by="sum", missing="left_out") == 50


# What loads.


COMPOSE = "period: month\ncompose:\n  quarter: {of: month, by: mean}\n  year: {of: quarter, by: sum, missing: zero}\n"


def composing(folder, text: str = COMPOSE, old: str = "", new: str = ""):
    return law(folder, "rulebook.yaml", text, old, new)


STREET = ROOT / "examples" / "street_year" / "rulebook"


def street(folder, by: str = "mean"):
    """The street with quarters of months, and a year of quarters; its years begin in November."""
    book = copytree(STREET, folder / "street")
    file = book / "rulebook.yaml"
    text = file.read_text(encoding="utf-8")
    old = "  year: {of: month, by: mean, missing: refuse}\n"
    assert old in text
    new = COMPOSE.split("compose:\n")[1].replace("by: mean", f"by: {by}")
    file.write_text(text.replace(old, new), encoding="utf-8")
    return book


def test_a_book_says_of_what_its_longer_periods_are_made(tmp_path):
    folder, quarter = street(tmp_path), Period.parse("2026Q3", 11)
    book = load_rulebook(folder, quarter)
    assert book.compose == {"quarter": Compose("month", "mean"), "year": Compose("quarter", "sum", "zero")}
    assert book.made_of(quarter) and book.made_of(quarter.parts("month")[0]) is None
    assert [str(part) for part in scored(folder, Period.parse("2026")).parts("quarter")] == [
        f"2026Q{k}" for k in (1, 2, 3, 4)
    ]
    with pytest.raises(UsageRefusal):
        scored(folder, Period.parse("2026H1"))


def test_a_pooled_period_is_counted_anew(tmp_path):
    book = load_rulebook(street(tmp_path, "pooled"), quarter := Period.parse("2026Q3", 11))
    assert book.made_of(quarter) is None and set(book.rules) == {"response", "satisfaction"}


def test_an_item_of_the_year_alone_is_in_no_month(tmp_path):
    assert "Y1" not in load_rulebook(STREET, Period.parse("2026-07")).items
    year = load_rulebook(STREET, Period.parse("2026", 11))
    own = of_its_own(year, year.compose["year"], 12)
    assert set(own.rules) == {"residents"} and own.items["S1"].full_marks == 40
    summed = of_its_own(year, Compose("month", "sum"), 12)
    assert (summed.items["S1"].full_marks, summed.items["Y1"].full_marks) == (480, 20)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("by: mean", "by: means", "nearest known name is mean"),
        ("of: month", "of: moth", "month"),
        ("quarter: {of: month", "quater: {of: month", "quater"),
        ("of: quarter", "of: half_year", "half_year"),
        ("year: {of: quarter", "half_year: {of: year", "year"),
        ("missing: zero", "missing: none", "none"),
        ("by: sum, missing: zero", "by: pooled, missing: zero", "counts anew"),
        ("by: sum, missing: zero", "by: pooled, of_figures: exact", "of_figures has no use"),
        ("by: sum, missing: zero", "by: sum, of_figures: exakt", "nearest known name is exact"),
        ("{of: month, by: mean}", "{of: month}", "by is missing"),
        ("{of: month, by: mean}", "{of: month, by: mean, or: else}", "unknown field or"),
        ("period: month\ncompose:", "period: year\ncompose:", "not shorter|year"),
    ],
)
def test_it_does_not_load_with(tmp_path, old, new, told):
    assert old in COMPOSE
    folder = composing(tmp_path, COMPOSE.replace(old, new))
    with pytest.raises(RulebookRefusal, match=told) as refused:
        load_rulebook(folder, QUARTER)
    assert "rulebook.yaml, line " in refused.value.words.en


def test_an_item_alone_in_a_period_that_is_not_composed_is_refused(tmp_path):
    folder = composing(tmp_path, COMPOSE, "{id: H1.2, full_marks: 5,", "{id: H1.2, full_marks: 5, only: half_year,")
    with pytest.raises(RulebookRefusal, match="half_year"):
        load_rulebook(folder, QUARTER)


def test_a_sum_of_what_can_be_left_out_is_refused():
    item = Item("H1.1", Words("", ""), Fraction(10), "H1", unmeasured="left_out")
    book = replace(ISLAND.book, items=ISLAND.book.items | {"H1.1": item})
    readings = {id: one.default for id, one in book.readings.items()}
    parts = {QUARTER: object()}
    must_compose(book, readings, Compose("month", "mean"), parts)
    with pytest.raises(RulebookRefusal, match="H1.1"):
        must_compose(book, readings, Compose("month", "sum"), parts)


@pytest.mark.parametrize(("missing", "refused"), [("refuse", True), ("left_out", False), ("zero", False)])
def test_a_part_without_results_is_named(missing, refused):
    readings = {id: one.default for id, one in ISLAND.book.readings.items()}
    months = QUARTER.parts("month")
    parts = dict.fromkeys(months, object()) | {months[1]: None}
    how = Compose("month", "mean", missing)
    outcome = pytest.raises(UsageRefusal, match="2026-08") if refused else nullcontext()
    with outcome:
        must_compose(ISLAND.book, readings, how, parts)


def test_without_any_part_there_is_nothing_to_compose():
    readings = {id: one.default for id, one in ISLAND.book.readings.items()}
    with pytest.raises(UsageRefusal, match="2026-07、2026-08、2026-09"):
        must_compose(ISLAND.book, readings, Compose("month", "mean", "zero"), dict.fromkeys(QUARTER.parts("month")))


def test_figures_are_whole_hundredths():
    _, _, totals = recomposed(Compose("month", "mean"), {"U": [("a", some_part(Random(1), "a"))]}, {"X1": True})
    assert totals.dtype == np.int64


def part_of(month: str, *scores: str) -> Earlier:
    """A month as published with no decimals: two items of 50 that weigh half, the base rounded."""
    base = sum(Fraction(one) for one in scores) / 2
    line = {"base": str(floor(base + Fraction(1, 2))), "bonus": "0", "total": str(floor(base + Fraction(1, 2)))}
    known = zip(("X1", "X2"), scores, strict=True)
    items = [{"item_id": id, "score": score, "full_marks": "50"} for id, score in known]
    return Earlier(Period.parse(month), {"U": line | {"group_rank": "1"}}, {"U": items})


@pytest.mark.parametrize(("of_figures", "total"), [("published", "36"), ("exact", "35")])
def test_parts_enter_as_published_or_as_they_were_before_rounding(of_figures, total):
    """By hand: 34.5 and 35.5 are published as 35 and 36, whose mean is 35.5; of the exact ones it is 35."""
    items = {id: Item(id, Words("", ""), Fraction(50), "X", weight=Fraction(1, 2)) for id in ("X1", "X2")}
    book = replace(ISLAND.book, items=items, rules={}, decimals=0)
    months = {"2026-07": ("35", "34"), "2026-08": ("36", "35")}
    parts = {Period.parse(month): part_of(month, *scores) for month, scores in months.items()}
    given = figures_of(parts, "U", book, how := Compose("month", "mean", of_figures=of_figures))
    made = composed("U", how, given, items, book.places)
    assert rounded(made.total, 0) == Fraction(total)
    _, _, again = recomposed(how, {"U": given}, dict.fromkeys(items, True), book.places)
    assert again[0] == made.total * 100


def test_a_total_that_something_struck_enters_as_it_was():
    """A veto made the month 0: its exact items do not bring it back."""
    items = {id: Item(id, Words("", ""), Fraction(50), "X", weight=Fraction(1, 2)) for id in ("X1", "X2")}
    book = replace(ISLAND.book, items=items, rules={}, decimals=0)
    month, part = Period.parse("2026-07"), part_of("2026-07", "35", "34")
    struck = replace(part, ranking={"U": part.ranking["U"] | {"total": "0"}})
    ((_, told),) = figures_of({month: struck}, "U", book, Compose("month", "mean", of_figures="exact"))
    assert (told.base, told.total) == (Fraction("34.5"), 0)
