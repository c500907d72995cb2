"""The export as a whole beside the finished periods before: bounds, the outcomes of Great Expectations, pages."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pipelines.contracts.history import (
    Figure,
    _expected,
    checks_of_history,
    compared,
    drawn,
    figures_of,
    judged,
    limits,
)
from pipelines.contracts.quality import start_quality
from pipelines.edges.warehouse import Warehouse
from pipelines.model.period import Period
from pipelines.model.words import UsageRefusal
from pipelines.stages.validate import validate
from tests.contracts.world import CONTRACTS, good_tables, read

PERIOD = Period.parse("2026Q3")
ROWS = Figure("cases", "rows", "", "2026-07", 100)


def cases(n: int, **cells) -> list[dict]:
    """So many good case rows of July, a day apart at most; ``cells`` name the value of a column, by row number."""
    [first, *_] = good_tables()["cases"]
    made = []
    for number in range(n):
        begun = datetime(2026, 7, 1, 9) + timedelta(hours=number)
        moments = {"received_at": begun, "dispatched_at": begun, "sign_due_at": begun + timedelta(hours=1),
                   "signed_at": begun, "reply_due_at": begun + timedelta(days=2), "replied_at": begun,
                   "closed_at": begun, "rated_at": begun}
        row = {**first, "case_id": f"C{number:04d}", "public_rating": "满意",
               **{name: str(at) for name, at in moments.items()}}
        made.append(row | {name: of(number) for name, of in cells.items()})
    return made


def started(tmp_path, rows, out=None, name="work"):
    """The quality check of good units and these case rows."""
    work = tmp_path / name
    work.mkdir(parents=True)
    warehouse = Warehouse()
    intake = read(warehouse, {"units": good_tables()["units"], "cases": rows})
    validation = validate(warehouse, intake, CONTRACTS)
    assert validation.rows["cases"].accepted == len(rows), validation.breaches[:3]
    figures = figures_of(warehouse, CONTRACTS, intake, PERIOD, out or tmp_path / "none")
    warehouse.lock(work)
    return start_quality(warehouse, intake, validation, CONTRACTS, figures, work)


def kept(out, period: str, figures: list[dict] | str):
    """A finished period of an output folder, with these figures."""
    folder = out / period
    (folder / "quality").mkdir(parents=True)
    (folder / "ranking.csv").write_text("unit_id\n")
    text = figures if isinstance(figures, str) else json.dumps({"history": figures})
    (folder / "quality" / "report.json").write_text(text, encoding="utf-8")


def figure(**facts) -> dict:
    return {**vars(ROWS), **facts}


@pytest.mark.parametrize(("kind", "before", "low", "high"), [
    ("rows", [90, 100, 400], 50, 200), ("rows", [31, 60], 23, 91), ("empty", [500, 1500, 2500], 500, 2500),
    ("label", [100], 0, 1100), ("freshness", [1, 2, 3], 0, 9), ("deadline", [60, 61], 31, 121)])
def test_what_is_expected_is_counted_from_the_median(kind, before, low, high):
    now = replace(ROWS, kind=kind, label="")
    earlier = [(f"202{n}Q3", [replace(now, value=value)]) for n, value in enumerate(before)]
    found = _expected(now, earlier)
    assert (found.low, found.high) == (low, high)
    assert [value for _, value, _ in found.before] == before


def test_rows_stand_beside_the_same_month_and_without_one_beside_every_month():
    of_years = [("2025Q3", [replace(ROWS, label="2025-07", value=100), replace(ROWS, label="2025-08", value=900)]),
                ("2026Q2", [replace(ROWS, label="2026-06", value=900)])]
    assert _expected(ROWS, of_years).before == (("2025-07", 100, ""),)
    assert _expected(ROWS, of_years[1:]).before == (("2026-06", 900, ""),)
    assert _expected(ROWS, []) == ROWS


def test_too_few_rows_before_expect_nothing():
    least = limits()["least"]
    few, enough = ([("2025Q3", [replace(ROWS, label="2025-07", value=n)])] for n in (least - 1, least))
    assert _expected(ROWS, few).low is None
    assert _expected(ROWS, enough).low == least // 2


def test_every_figure_at_its_bounds_is_kept_and_beyond_them_told_by_great_expectations(tmp_path, monkeypatch):
    """The real library, once: below, at and above both bounds, beside a real check of the rows."""
    values = {"below": 49, "low": 50, "high": 200, "above": 201}
    bounded = tuple(replace(ROWS, label=f"2026-{n:02}", value=value, low=50, high=200, before=(("2025-07", 100, ""),))
                    for n, value in enumerate(values.values(), 1))
    monkeypatch.setattr("tests.contracts.test_history.figures_of", lambda *_: bounded)
    quality = started(tmp_path, cases(3))
    assert [one.outcome for one in quality.history] == ["broken", "kept", "kept", "broken"]
    assert tuple(map(compared, bounded)) == quality.history  # without the library
    below, above = quality.warnings()
    assert "rows of cases in 2026-01: now 49 rows, before 2025-07 100 rows, expected 50 rows to 200 rows" in below.en
    assert "诉求件表 2026-04 的行数：本期 201 行，此前为 2025-07 100 行，预期 50 行 至 200 行" in above.zh
    folder = quality.result()
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert [one["outcome"] for one in report["history"]] == ["broken", "kept", "kept", "broken"]
    assert report["expectations"]["broken"] == 0  # they stop nothing
    for page in ("index.html", "index.en.html"):
        assert (folder / page).read_text(encoding="utf-8").count('width="160"') == 4 + 4  # drawings and their bands


def test_figures_tell_of_volume_emptiness_labels_freshness_and_deadlines(tmp_path):
    rows = cases(40, matter_id=lambda n: "", channel=lambda n: "" if n < 10 else "热线",
                 public_rating=lambda n: "不满意" if n < 4 else "满意",
                 role=lambda n: "协办" if n < 4 else "主办")
    quality = started(tmp_path, rows)
    quality.stop()
    found = {one.name: one.value for one in quality.history if one.table == "cases"}
    assert found["cases rows  07"] == 40 and found["cases rows  08"] == 0
    assert found["cases empty channel "] == 2500 and found["cases empty matter_id "] == 10_000
    assert found["cases label role assist"] == 1000
    assert not [name for name in found if name.startswith("cases label public_rating")]  # would tell overturned ratings
    assert found["cases freshness dispatched_at "] == 90  # from 3 July to 1 October
    assert [found[f"cases deadline reply_due_at {n}"] for n in (10, 50, 90)] == [2880] * 3
    assert all(one.outcome == "" and one.low is None for one in quality.history)
    assert quality.warnings() == ()


def test_below_thirty_rows_no_share_is_taken(tmp_path):
    for n, shares in ((29, False), (30, True)):
        quality = started(tmp_path, cases(n), name=str(n))
        quality.stop()
        assert any(one.kind == "empty" and one.table == "cases" for one in quality.history) == shares


def test_the_finished_periods_of_the_output_folder_are_the_history(tmp_path):
    out = tmp_path / "out"
    kept(out, "2025Q3", [figure(label="2025-07", value=50, outcome="broken")])
    kept(out, "2026Q2", "{}")  # of an older version
    kept(out, "2026Q3", [figure(value=7)])  # itself
    kept(out, "2026Q4", [figure(label="2026-10", value=9)])
    quality = started(tmp_path, cases(40), out)
    quality.stop()
    july = next(one for one in quality._figures if one.name == ROWS.name)
    assert july.before == (("2025-07", 50, "broken"),) and (july.low, july.high) == (25, 100)


@pytest.mark.parametrize("text", ['{"history": [{"table": 1}]}', "[]", "{"])
def test_a_damaged_history_is_refused_with_its_folder(tmp_path, text):
    out = tmp_path / "out"
    kept(out, "2025Q3", text)
    with pytest.raises(UsageRefusal, match="2025Q3"):
        started(tmp_path, cases(1), out)


def test_a_page_shows_what_is_outside_first_and_draws_it_otherwise():
    past = (("2025-07", 100, "kept"), ("2025-08", 500, "broken"))
    bounded = (replace(ROWS, value=100, low=50, high=200, before=past), replace(ROWS, label="2026-08", value=300,
               low=50, high=200, before=past))
    outcomes = [{"promises": [one.name], "outcome": outcome} for one, outcome in
                zip(bounded, ("kept", "broken"), strict=True)]
    first, second = drawn(judged(bounded, outcomes), CONTRACTS, "en")
    assert [point["broken"] for point in first["chart"]["points"]] == [False, True, True]
    assert [point["broken"] for point in second["chart"]["points"]] == [False, True, False]
    assert (first["now"], first["expected"]) == ("300 rows", "50 rows – 200 rows")
    assert len(checks_of_history((*bounded, ROWS))) == 2
