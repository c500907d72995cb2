"""A street whose year is the mean of its months from November to October, and a year-end assessment; by hand."""

import csv
import json
import re
from fractions import Fraction
from pathlib import Path
from shutil import copytree

import pytest

from pipelines import Quarter
from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.model.words import UsageRefusal, VerificationFailed
from pipelines.paths import ROOT
from pipelines.publication.verify import Again, verify
from pipelines.rulebook.load import load_rulebook, scored
from tests.examples.counted import scored as of_counts
from tests.kinds.conftest import checked_once  # noqa: F401

FOLDER = ROOT / "examples" / "street_year" / "rulebook"
YEAR = scored(FOLDER, Period.parse("2026"))
MONTHS = [str(part) for part in YEAR.parts("month")]
# S1, S2 and whether ranked, month by month. The mean of Ping'an: 35.5 and 38.25; of Hongqi (eleven months): 30, 40.
PINGAN = [(Fraction(35), Fraction(38), True)] * 6 + [(Fraction(36), Fraction("38.5"), True)] * 6
HONGQI = [(Fraction(30), Fraction(40), True)] * 11 + [(Fraction(0), Fraction(0), False)]
COLUMNS = {
    "ranking": ("unit_id", "unit_name", "unit_group", "base", "bonus", "total", "rank", "group_rank", "case_rows"),
    "items": ("unit_id", "item_id", "full_marks", "score", "measured_marks"),
}


def month(out: Path, name: str, figures: dict[str, tuple[Fraction, Fraction, bool]]) -> None:
    """What a month's run left of its units."""
    (out / name).mkdir(parents=True)
    rows: dict[str, list[tuple]] = {"ranking": [], "items": []}
    for id, (first, second, ranked) in figures.items():
        total = f"{float(first + second):.2f}"
        rows["ranking"].append((id, id, "社区", total, "0.00", total, "1" * ranked, "1" * ranked, "9"))
        scores = {"S1": first, "S2": second}.items()
        rows["items"] += [(id, item, "40.00", f"{float(n):.2f}", "40.00") for item, n in scores]
    for table, lines in rows.items():
        with (out / name / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([COLUMNS[table], *lines])


def exports(folder: Path, assessed: str) -> Path:
    """The communities, a case of each, and what the residents said."""
    folder.mkdir()
    (folder / "units.csv").write_text("unit_id,unit_name,unit_group,ranked\n"
                                      "C1,平安社区,社区,true\nC2,红旗社区,社区,true\n", encoding="utf-8")
    head = "case_id,unit_id,role,dispatched_at,sign_due_at,signed_at,reply_due_at,replied_at,closed_at,public_rating"
    rows = [f"N{k},C{k},lead,2026-02-01 09:00:00,2026-02-01 12:00:00,2026-02-01 10:00:00,2026-02-05 18:00:00,"
            "2026-02-03 09:00:00,2026-02-04 09:00:00,satisfied" for k in (1, 2)]
    (folder / "cases.csv").write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    (folder / "assessments.csv").write_text(f"unit_id,item_id,score\n{assessed}", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    place = tmp_path_factory.mktemp("street")
    for name, *figures in zip(MONTHS, PINGAN, HONGQI, strict=True):
        month(place / "out", name, dict(zip(("C1", "C2"), figures, strict=True)))
    request = Request(YEAR, exports(place / "in", "C1,Y1,17.5\n"), place / "out", rules=FOLDER, pdf=False)
    with Run(request) as run:
        return run.run(), place / "out"


def lines(folder: Path, table: str) -> list[dict]:
    with (folder / f"{table}.csv").open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_the_year_runs_from_november_to_october():
    assert (MONTHS[0], MONTHS[-1], len(MONTHS)) == ("2025-11", "2026-10", 12)
    assert list(load_rulebook(FOLDER, Period.parse("2026-07")).items) == ["S1", "S2"]
    assert list(load_rulebook(FOLDER, YEAR).items) == ["S1", "S2", "Y1"]


def test_a_month_is_scored_by_itself():
    """40 × 39/40 = 39 and 40 × 7/8 = 35."""
    book = load_rulebook(FOLDER, Period.parse("2026-07"))
    counts = {"case_rows": 40, "due": 40, "answered_in_time": 39, "rated": 8, "satisfied": 7}
    assert of_counts(book, "2026-07", {"U1": counts})[0]["U1"].total == 74


def test_items_are_the_means_of_the_months_and_the_year_has_one_more(year):
    """35.5 + 38.25 + 17.5 = 91.25 of 100; Hongqi, unranked in October: 30 + 40 of 80, for nobody assessed it."""
    run, _ = year
    got = {id: ([str(item.score) for item in score.items.values()], score.total, score.full_marks)
           for id, score in run.scores.items()}
    assert got["C1"] == (["71/2", "153/4", "35/2"], Fraction("91.25"), 100)
    assert got["C2"] == (["30", "40", "0"], 70, 80)
    assert {one.unit_id: one.grade for one in run.standings} == {"C1": "excellent", "C2": "pass"}
    assert [(one.unit_id, one.verdict_id) for one in run.verdicts] == [("C1", "advanced")]


def test_the_ledger_has_a_line_for_every_month_and_item(year):
    _, out = year
    ledger = [one for one in lines(out / "2026", "ledger") if one["rule_id"] == "compose"]
    for unit, n in (("C1", 12), ("C2", 11)):
        for item in ("S1", "S2"):
            own = [one["month"] for one in ledger if (one["unit_id"], one["item_id"]) == (unit, item)]
            assert own == MONTHS[:n], (unit, item)
    assert "2025-11 得 35 分，12 期平均" in {one["detail"] for one in ledger}
    items = {(one["unit_id"], one["item_id"]): one for one in lines(out / "2026", "items")}
    for key, one in items.items():
        took = sum(Fraction(line["points"]) for line in lines(out / "2026", "ledger")
                   if (line["unit_id"], line["item_id"]) == key)
        assert Fraction(one["full_marks"]) + took == Fraction(one["score"])


def test_the_months_are_pinned_by_their_hash(year):
    _, out = year
    parts = json.loads((out / "2026" / "manifest.json").read_text(encoding="utf-8"))["parts"]
    assert [part["period"] for part in parts] == MONTHS and all(len(part["ranking_sha256"]) == 64 for part in parts)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("bulletin.html", "本年度得分由2025年11月至2026年10月共12期的公布得分平均而成"),
        ("bulletin.en.html", "The scores of this year are the mean of what the 12 periods from November 2025"),
        ("method.html", "年度得分为该年度内各月得分的平均"),
        ("method.en.html", "is scored in the year alone"),
        ("units/C1.html", "另有只在年度计分的：年终评议。"),
        ("units/en/C1.html", "Scored in the year alone: Year-end assessment."),
    ],
)
def test_pages_say_what_the_year_is_made_of(year, page, said):
    html = (year[1] / "2026" / page).read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", "", html)
    assert said in text
    assert "compose" not in text


def test_a_missing_month_stops_the_year_and_is_named(year, tmp_path):
    for name, *figures in zip(MONTHS[:-1], PINGAN, HONGQI, strict=False):
        month(tmp_path / "out", name, dict(zip(("C1", "C2"), figures, strict=True)))
    request = Request(YEAR, exports(tmp_path / "in", ""), tmp_path / "out", rules=FOLDER, pdf=False)
    with Run(request) as run, pytest.raises(UsageRefusal, match="2026-10") as refused:
        run.run()
    assert "2026-09" not in str(refused.value)


def test_nothing_is_tried_on_the_year(year):
    with pytest.raises(UsageRefusal, match="月"):
        Quarter.open("2026", year[1]).what_if()


def test_the_year_is_computed_again_of_the_same_months_to_the_byte(year):
    _, out = year
    assert verify(out, YEAR, Again(out.parent / "in", rules=FOLDER)).same_bytes


def test_a_month_that_was_changed_since_is_noticed(year, tmp_path):
    out = copytree(year[1], tmp_path / "out", symlinks=True)
    file = out / MONTHS[3] / "items.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("35.00", "36.00"), encoding="utf-8")
    with pytest.raises(VerificationFailed):
        verify(out, YEAR, Again(year[1].parent / "in", rules=FOLDER))
