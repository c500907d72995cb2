"""What the verbs report about a quarter: the account of rows, the sums of an explanation, differences."""

import csv
import json
import shutil
from fractions import Fraction

import pytest

from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.paths import ROOT
from tests.cli.conftest import PERIOD


def ranking(out) -> list[dict]:
    with (out / PERIOD / "ranking.csv").open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_check_accounts_for_every_row_and_counts_no_more_than_the_file_has(call, exports):
    code, output, _ = call("check", PERIOD, "--exports", str(exports), "--json")
    report = json.loads(output)
    assert code == 0
    lines = len((exports / "cases.csv").read_text(encoding="utf-8-sig").splitlines()) - 1
    assert report["rows"]["cases"]["read"] == lines
    for count in report["rows"].values():
        assert count["read"] == count["accepted"] + count["quarantined"]
    assert report["breaches"] and all(breach["remedy"]["zh"] for breach in report["breaches"])


def test_check_writes_the_quarantine_as_a_table(call, exports, tmp_path):
    file = tmp_path / "quarantine.csv"
    assert call("check", PERIOD, "--exports", str(exports), "--quarantine", str(file))[0] == 0
    with file.open(encoding="utf-8-sig") as opened:
        rows = list(csv.DictReader(opened))
    assert list(rows[0]) == ["table", "file", "line", "key", "column", "promise", "value", "remedy"]
    assert len({(row["file"], row["line"]) for row in rows}) == 4


def test_a_run_says_why_rows_were_quarantined_and_where_each_of_them_is(call, quick, exports, tmp_path):
    code, output, _ = call("run", "2026Q3", "--exports", str(exports), "--out", str(tmp_path), "--no-pdf")
    assert code == 0
    file = tmp_path / "2026Q3" / "quarantine.csv"
    assert f"逐行见 {file}" in output.replace("\n", "")
    with file.open(encoding="utf-8-sig", newline="") as stream:
        promises = {row["promise"] for row in csv.DictReader(stream)}
    assert promises and all(promise in output for promise in promises)


def test_check_ends_with_3_where_a_run_would_be_stopped(call, exports, tmp_path):
    shutil.copytree(exports, tmp_path / "e")
    (tmp_path / "e" / "units.csv").unlink()
    code, _, error = call("check", PERIOD, "--exports", str(tmp_path / "e"))
    assert code == 3
    assert "units" in error


def test_a_stopped_run_changes_nothing_that_is_published(call, exports, out, tmp_path):
    shutil.copytree(exports, tmp_path / "e")
    (tmp_path / "e" / "cases.csv").write_text("诉求件编号\nC1\n", encoding="utf-8")
    before = (out / PERIOD).resolve()
    assert call("run", PERIOD, "--exports", str(tmp_path / "e"), "--out", str(out), "--no-pdf")[0] == 3
    assert (out / PERIOD).resolve() == before


def test_an_explanation_sums_up_to_the_published_total(call, out):
    for line in ranking(out)[:4]:
        code, output, _ = call("explain", line["unit_id"], PERIOD, "--out", str(out), "--json")
        explained = json.loads(output)
        assert code == 0
        total = Fraction(0)
        for item in explained["items"]:
            score = Fraction(item["full_marks"]) + sum(Fraction(entry["points"]) for entry in item["lines"])
            assert score == Fraction(item["score"])
            total += score
        assert total == Fraction(line["total"])


def test_an_explanation_on_screen_names_every_case_that_cost_points(call, out):
    with (out / PERIOD / "ledger.csv").open(encoding="utf-8-sig") as file:
        entry = next(line for line in csv.DictReader(file) if line["rule_id"] == "late_signing")
    output = call("explain", entry["unit_id"], PERIOD, "--out", str(out))[1]
    assert entry["case_id"] in output and "签收" in output and "及时签收与回复" in output
    assert "│ A3.1   " not in output and "late_signing" not in output
    alone = call("explain", entry["unit_id"], PERIOD, "--out", str(out), "--case", entry["case_id"])[1]
    assert entry["case_id"] in alone and "满分" in alone
    also = call("explain", entry["unit_id"], PERIOD, "--out", str(out), "--case", entry["case_id"], "--case", "XX9")[1]
    assert entry["detail"][:6] in also and "XX9 没有扣分或加分明细" in also and "没有扣分或" not in alone


def test_a_unit_can_be_named_and_a_misspelt_one_gets_the_nearest(call, out):
    line = ranking(out)[0]
    assert call("explain", line["unit_name"], PERIOD, "--out", str(out))[0] == 0
    code, _, error = call("explain", line["unit_name"] + "X", PERIOD, "--out", str(out))
    assert code == 2
    assert line["unit_name"] in error


def test_two_equal_runs_do_not_differ_and_a_stricter_reading_says_who_moved(call, quick, exports, out, tmp_path):
    assert json.loads(call("diff", PERIOD, str(out / PERIOD), "--out", str(out), "--json")[1]) == []
    code, _, error = call("diff", "2026Q9", PERIOD, "--out", str(out))
    assert code == 2 and "“2026Q9”不是考核期" in error
    stricter = tmp_path / "stricter"
    done = call("run", PERIOD, "--exports", str(exports), "--out", str(stricter), "--no-pdf", "--reading",
                "shortfall=any_part")
    assert done[0] == 0
    moved = json.loads(call("diff", str(out / PERIOD), str(stricter / PERIOD), "--json")[1])
    assert moved
    for unit in moved:
        assert Fraction(unit["points"]) == sum(Fraction(points) for points in unit["by_rule"].values())
    seen = call("diff", str(out / PERIOD), str(stricter / PERIOD), "--lang", "en")[1]
    assert "Completion rate -" in seen and "completion_rate" not in seen


def test_the_run_reports_itself_as_json(call, quick, exports, out):
    code, output, _ = call("run", PERIOD, "--exports", str(exports), "--out", str(out), "--no-pdf", "--json")
    report = json.loads(output)
    assert code == 0
    assert [unit["total"] for unit in report["ranking"]] == [line["total"] for line in ranking(out)]
    assert report["readings"]["satisfied"] == "with_basic"


def test_the_catalogue_leaves_no_assessed_clause_without_a_rule(call):
    code, output, _ = call("catalogue", "--on", "2026-07-01", "--json")
    rows = {row["clause"]: row for row in json.loads(output)["clauses"]}
    assert code == 0
    for clause in ("A1.1", "A2.3", "A3.1", "A3.2", "A3.3", "A3.4", "A4.1", "A4.4"):
        row = rows[clause]
        assert row["rules"] or row["readings"], clause
        assert row["tests"], clause


def test_the_catalogue_says_that_no_clause_is_without_what_honours_and_tests_it(call):
    code, output, _ = call("catalogue", "--on", "2026-07-01")
    assert code == 0 and "每一条款都有落实处和测试" in output
    assert "页面 evaluators/panel#hard" in " ".join(output.split())
    code, output, _ = call("catalogue", "--on", "2026-07-01", "--lang", "en")
    assert "Every clause has what honours it and what tests it." in " ".join(output.split())


def test_the_catalogue_prints_any_book_whole(call):
    book = str(ROOT / "examples" / "lianyungang" / "rulebook")
    code, output, _ = call("catalogue", "--rules", book, "--on", "2023-01-01", "--lang", "en")
    words = " ".join(output.split())
    assert code == 0 and "the book's own examples came out" in words and "what tests it" not in words
    assert all(part in output for part in ("Items", "Rules", "Measures", "completed_in", "in_time"))


def test_the_catalogue_says_who_looks_at_a_measure_and_what_honours_a_reading(call):
    parts = json.loads(call("catalogue", "--on", "2026-07-01", "--json")[1])
    measures, readings = ({one["id"]: one for one in parts[name]} for name in ("measures", "readings"))
    named = measures["rated"]["named_by"]
    assert named[:2] == ["rule satisfaction_rate", "verdict top_of_group"]
    assert named[-2:] == ["measure satisfied", "rank"]
    assert readings["shortfall"]["honoured_by"][0] == "rule completion_rate"
    assert readings["bonus_cap"]["honoured_by"] == ["item A4"] and readings["rank_on"]["honoured_by"] == ["rank"]
    assert all(one["honoured_by"] for one in readings.values()) and all(one["named_by"] or one["id"] == "case_rows"
                                                                         for one in measures.values())


def observed(exports, folder, lacking: set[tuple[str, str]], **readings) -> list[str]:
    """What a run's summary says where every unit has full qualitative marks but for those that are lacking."""
    shutil.copytree(exports, folder)
    with (folder / "units.csv").open(encoding="utf-8-sig") as file:
        units = [row["unit_id"] for row in csv.DictReader(file)]
    marks = {(unit, item) for unit in units for item in ("A1.1", "A1.2", "A1.3", "A2.1", "A2.2", "A2.3")} - lacking
    lines = ["unit_id,item_id,score", *(f"{unit},{item},5" for unit, item in sorted(marks))]
    (folder / "assessments.csv").write_text("\n".join(lines), encoding="utf-8")
    with Run(Request(Period.parse(PERIOD), folder, folder / "out", readings=readings)) as run:
        assert not run.check()
        for stage in (run.measure, run.judge, run.settle):
            stage()
        return [words.en for words in run.observations]


@pytest.mark.parametrize(("value", "meant"), [("full", "taken as full marks"), ("zero", "taken as zero")])
def test_the_summary_says_which_units_lack_qualitative_scores_and_what_becomes_of_them(exports, tmp_path, value, meant):
    lacking = {("U002", "A1.1"), ("U003", "A1.1"), ("U003", "A2.3")}
    facts = observed(exports, tmp_path / "exports", lacking, missing_assessment=value)[0]
    with (exports / "units.csv").open(encoding="utf-8-sig") as file:
        names = {row["unit_id"]: row["unit_name"] for row in csv.DictReader(file)}
    assert f"2 units ({names['U002']}, {names['U003']}) lack 3 qualitative scores, {meant}" in facts


def test_the_summary_is_silent_on_qualitative_scores_that_are_all_there(exports, tmp_path):
    assert not any("qualitative" in facts for facts in observed(exports, tmp_path / "exports", set()))


def late(message: list[str]) -> int:
    """How many evaluations a summary says came after the time for evaluating."""
    said = next((line for line in message if "after the time for evaluating" in line), "0")
    return int(said.split()[0])


def test_the_summary_counts_the_evaluations_that_came_too_late(exports, tmp_path):
    before = late(observed(exports, tmp_path / "as sent", set()))
    shutil.copytree(exports, tmp_path / "exports")
    file = tmp_path / "exports" / "evaluations.csv"
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    delayed = [row for row in rows if "2026-07" <= row["rated_at"] < "2026-08-20"][:4]
    for row in delayed:
        row["rated_at"] = f"2026-09-15{row['rated_at'][10:]}"
    with file.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, rows[0])
        table.writeheader()
        table.writerows(rows)
    assert delayed and late(observed(tmp_path / "exports", tmp_path / "late", set())) == before + len(delayed)


def test_the_account_of_every_unit_agrees_with_ranking_and_manifest(out):
    def lines(name: str) -> list[dict]:
        with (out / PERIOD / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    accounts, rows = lines("accounts.csv"), json.loads((out / PERIOD / "manifest.json").read_text())["rows"]["cases"]
    assert {line["unit_id"]: line["scored"] for line in accounts if line["unit_id"]} == {
        row["unit_id"]: row["case_rows"] for row in lines("ranking.csv")
    }
    for name, part in (("received", "read"), ("quarantined", "quarantined")):
        assert sum(int(line[name]) for line in accounts) == rows[part] > 0
