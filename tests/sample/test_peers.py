"""The project, the hand-written SQL script and the pandas script come to the same ranking and ledger."""

import re

import pytest

from benchmarks.pages import Pages, Printed, make_pages, sample_exports
from benchmarks.peers.as_typst import as_typst
from benchmarks.report import (
    Measured,
    document,
    fixed_seconds,
    limits_table,
    printing_table,
    scoring_limits,
    scoring_table,
)
from benchmarks.results import differences
from benchmarks.scoring import Disagreement, Timing, compare_sides, make_accepted
from benchmarks.sides import SIDES
from benchmarks.usage import Usage, used
from benchmarks.whole import One, Whole

LEDGER = ("entry_id,period,unit_id,item_id,rule_id,clause,month,case_id,ref_id,points,adjustment_id,detail\n"
          "1,2026Q3,U1,A3.1,late_reply,A3.1,2026-07,C1,,-0.50,,\n")
RANKING = ("period,unit_id,unit_name,unit_group,base,bonus,total,rank,group_rank,case_rows,note\n"
           "2026Q3,U1,甲,乙,99.50,0.00,99.50,1,1,4,\n")


def test_all_sides_agree_on_an_invented_quarter(tmp_path):
    accepted = make_accepted(tmp_path / "accepted-5000", 5000)
    timings = compare_sides(accepted, 5000, tmp_path / "results")
    assert [timing.side for timing in timings] == list(SIDES)
    assert all(timing.best > 0 and timing.peak_mb > 0 for timing in timings)


def folder(path, ledger=LEDGER, ranking=RANKING):
    path.mkdir()
    (path / "ledger.csv").write_text(ledger, encoding="utf-8")
    (path / "ranking.csv").write_text(ranking, encoding="utf-8")
    return path


def test_equal_tables_have_no_differences_whatever_the_entry_ids_and_details(tmp_path):
    ours = folder(tmp_path / "ours")
    theirs = folder(tmp_path / "theirs", LEDGER.replace("1,2026Q3", "7,2026Q3").replace(",,\n", ",,逾期\n"))
    assert differences(ours, theirs) == []


@pytest.mark.parametrize(("table", "old", "new"), [
    ("ledger", "-0.50", "-1.00"), ("ledger", "C1", "C2"), ("ranking", "99.50,1,1", "99.50,2,1"),
    ("ranking", ",4,", ",5,"),
])
def test_one_changed_value_is_told_from_both_sides(tmp_path, table, old, new):
    text = {"ledger": LEDGER, "ranking": RANKING}[table]
    found = differences(folder(tmp_path / "ours"), folder(tmp_path / "theirs", **{table: text.replace(old, new)}))
    assert len(found) == 2 and all(line.startswith(f"{table}.csv only in") for line in found)


def test_a_line_that_one_side_has_twice_is_a_difference(tmp_path):
    twice = folder(tmp_path / "theirs", LEDGER + LEDGER.splitlines()[1] + "\n")
    assert len(differences(folder(tmp_path / "ours"), twice)) == 1


def test_a_disagreement_stops_the_benchmark(tmp_path, monkeypatch):
    import benchmarks.scoring as scoring

    def pretend(side, accepted, rows, out, runs):
        folder(out, LEDGER.replace("-0.50", "-1.00") if side == "by_pandas" else LEDGER)
        return Timing(side, rows, 0.1, (0.2,), 0.1, 1)

    monkeypatch.setattr(scoring, "_run_side", pretend)
    with pytest.raises(Disagreement, match="ledger.csv only in by_pandas"):
        compare_sides(tmp_path, 1, tmp_path)


def test_the_tables_show_the_best_run_its_ratio_and_what_is_over():
    timings = [Timing("ours", 10, 0.5, (3.0, 2.0), 1.5, 7), Timing("by_hand", 10, 0.1, (1.5, 1.0), 0.5, 5)]
    assert "| Gongping | 0.50 | 3.00 | 2.00 | 2.00 | 1.50 | 3.00 | 7 |" in scoring_table(timings)
    assert "**over**" in limits_table([("help", 2.0, 1.0)]) and "within" in limits_table([("help", 1.0, 1.0)])


PAGES = Pages(2.0, Printed("ours", 4, 20, Usage(30.0, 40.0, 0.5)), [
    Printed("ours", 2, 10, Usage(10.0, 18.0, 0.4)), Printed("plain_pool", 2, 10, Usage(20.0, 24.0, 0.4)),
    Printed("chromium", 2, 8, Usage(4.0, 0.1, 0.4)),
])
SCORED = [Timing("ours", 10, 0.5, (3.0, 2.0), 1.5, 7), Timing("by_hand", 10, 0.1, (1.5, 1.0), 0.5, 5),
          Timing("by_pandas", 10, 0.1, (8.0, 5.0), 5.0, 9)]


def test_printing_is_compared_page_by_page_with_the_plain_pool():
    lines = printing_table(PAGES).splitlines()
    assert lines[2:4] == ["| Gongping | 4 | 20 | 30.0 | 40.0 | 1500 | 0.75 | 0.83 |",
                          "| Gongping | 2 | 10 | 10.0 | 18.0 | 1000 | 0.50 | 0.75 |"]
    assert lines[-1] == "| Chromium, page after page | 2 | 8 | 4.0 | – | 500 | 0.25 | – |"
    assert [figure for _, figure, _ in PAGES.limits()] == [2.0, 0.75, 0.5]


def test_scoring_is_held_against_both_scripts():
    assert [(figure, limit) for _, figure, limit in scoring_limits(SCORED)] == [(2.0, 1.5), (0.4, 0.5)]


def test_the_pages_to_print_are_made_and_typst_gets_every_number_of_them(tmp_path):
    seconds, sheets = make_pages(tmp_path / "pages", sample_exports(tmp_path / "exports", 3))
    assert seconds > 0 and [sheet.alone for sheet in sheets].count(True) == 1
    for sheet in sheets:
        shown = re.sub(r"<(style|script|title)\b.*?</\1>|<[^>]*>", " ", sheet.html, flags=re.DOTALL)
        lacking = set(re.findall(r"\d+\.\d\d", shown)) - set(re.findall(r"\d+\.\d\d", as_typst(sheet.html)))
        assert not lacking, sheet.file


def test_a_whole_run_is_told_by_size_and_stage_beside_the_reader():
    few = One(2_000, Usage(4.0, 6.0, 0.5), (("ingest", 1.0), ("pages", 3.0)), Usage(1.0, 2.0, 0.1))
    many = One(6_000_000, Usage(80.0, 100.0, 4.5), (("ingest", 20.0),), Usage(9.0, 20.0, 1.0))
    whole = Whole((few, many))
    assert [(figure, limit) for _, figure, limit in whole.limits()] == [(80.0, 60), (4.5, 4)]
    assert whole.table().splitlines()[2:] == [
        "| s | 4.0 | 80.0 |",
        "| CPU s | 6.0 | 100.0 |",
        "| peak GiB, all processes | 0.50 | 4.50 |",
        "| CPU × DuckDB's reader | 3.0 | 5.0 |",
        "| ingest | 1.0 s, 25 % | 20.0 s, 100 % |",
        "| pages | 3.0 s, 75 % | 0.0 s, 0 % |",
    ]


def test_what_does_not_depend_on_the_rows_is_told_apart():
    timings = [Timing("ours", rows, 0.1, (0.5 + rows / 1000,), 0.1, 1) for rows in (1000, 10_000)]
    assert fixed_seconds(timings, "ours") == pytest.approx(0.5)


class Other:
    """A comparison that writes its own table."""

    def limits(self):
        return [("another thing", 3.0, 2.0)]

    def table(self):
        return "| another table |"


def test_the_document_holds_every_limit_and_every_table():
    measured = Measured(SCORED, [("help", 0.5, 1.0)], [("a scenario", 0.1, 1.0)], [("pandas", 12.3)], PAGES, Other(),
                        Other(), Other(), Other(), Other())
    text = document(measured)
    assert len(measured.limits()) == 2 + 1 + 1 + 5 + 3 and limits_table(measured.limits()) in text
    assert all(table in text for table in (scoring_table(SCORED), printing_table(PAGES), "- pandas: 12 times as long"))
    assert text.count("| another table |") == 5


def test_the_memory_of_what_a_process_starts_is_counted():
    import subprocess
    import sys

    hold = "import time; kept = bytearray(300_000_000); time.sleep(1.5)"
    assert used(lambda: subprocess.run([sys.executable, "-c", hold], check=True)).peak_gib > 0.25
