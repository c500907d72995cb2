"""Decisions after objections are tried before they are in force: what is foretold is what the next run comes to."""

import csv
import json
import shutil
from dataclasses import replace

import pytest

from pipelines.publication.objections import Alike, Tried, _alike

PERIOD = "2026Q3"


def table(file):
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def more(exports, out, tmp_path_factory):
    """The exports with three decisions that the run in force does not know: two waivers and a refusal."""
    folder = tmp_path_factory.mktemp("more") / "exports"
    shutil.copytree(exports, folder)
    late = {line["unit_id"]: line for line in table(out / PERIOD / "ledger.csv")
            if line["rule_id"] == "late_reply" and float(line["points"]) < 0}
    rows = table(folder / "adjustments.csv")
    actions = ("waive_deduction", "waive_deduction", "refuse")
    for n, (action, line) in enumerate(zip(actions, late.values(), strict=False), 1):
        new = {"adjustment_id": f"YY{n}", "action": action, "unit_id": line["unit_id"], "case_id": line["case_id"]}
        new |= {"rule_id": "late_reply", "decided_by": "考核办", "decided_on": "2026-10-12", "reason": "待定"}
        rows.append(dict.fromkeys(rows[0], "") | new)
    with (folder / "adjustments.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def places(folder):
    return {line["unit_id"]: [line[name] for name in ("total", "rank", "group_rank")]
            for line in table(folder / PERIOD / "ranking.csv")}


@pytest.mark.slow
def test_what_is_foretold_of_every_unit_is_what_the_next_run_comes_to(call, out, more, tmp_path, quick):
    before = sorted(file.relative_to(out) for file in out.rglob("*"))
    code, said, _ = call("objections", PERIOD, "--exports", str(more), "--out", str(out), "--json")
    told = json.loads(said)
    assert code == 0 and not told["differs"]
    assert sorted(file.relative_to(out) for file in out.rglob("*")) == before
    assert [one["adjustment_id"] for one in told["tried"]] == ["YY1", "YY2", "YY3"]
    assert call("run", PERIOD, "--exports", str(more), "--out", str(tmp_path), "--no-pdf")[0] == 0
    was, now = places(out), places(tmp_path)
    changed = {row["unit_id"]: [row[name].split(" → ")[-1] for name in ("total", "rank", "group_rank")]
               for row in told["together"]}
    assert changed == {id: line for id, line in now.items() if line != was[id]} and len(changed) >= 2
    alone = [row for one in told["tried"][:2] for row in one["rows"] if row["points"]]
    assert [row["points"] for row in alone] == ["+0.50", "+0.50"]
    assert told["tried"][2]["rows"] == [] and "不予采纳" in told["tried"][2]["none"]["zh"]


def test_the_page_names_units_and_like_cases_and_is_for_the_office_alone(call, out, more):
    code, said, steps = call("objections", PERIOD, "--exports", str(more), "--out", str(out))
    assert "[1/5] 试算复核决定" in steps and "统计事实" not in steps
    file = out / "restricted" / PERIOD / "objections.html"
    page = file.read_text(encoding="utf-8")
    assert code == 0 and str(file) in said and file.stat().st_mode & 0o777 == 0o600
    for words in ("拟免予扣分", "同类另有", "+0.50", "3件合并计入", "不予采纳，得分、名次和名单不变"):
        assert words in said and words in page
    file.unlink()


def test_what_is_dated_outside_the_window_is_told_on_the_terminal_and_on_the_page(call, out, more, tmp_path):
    """The window begins with the preview; the three decisions of `more` are of 12 October."""
    place = tmp_path / "out"
    shutil.copytree(out, place, symlinks=True)
    asked = ("objections", PERIOD, "--exports", str(more), "--out", str(place))
    assert "在异议期" not in call(*asked)[1]  # before the first preview nobody could object
    assert call("preview", PERIOD, "--out", str(place), "--at", "2026-10-13 09:00")[0] == 0
    said, page = call(*asked)[1], (place / "restricted" / PERIOD / "objections.html").read_text(encoding="utf-8")
    for told in (said, page):
        assert told.count("日期在异议期（2026-10-13 至 ") == 3 and "决定 2026-10-12" in told
    told = json.loads(call(*asked, "--json")[1])
    assert all("2026-10-13" in one["outside"]["en"] for one in told["tried"])


def test_without_a_run_there_is_nothing_to_compare_with(call, exports, tmp_path):
    code, _, error = call("objections", PERIOD, "--exports", str(exports), "--out", str(tmp_path))
    assert code == 4 and "gongping run" in error


def decision(action="waive_deduction", rule="late_reply", ground="停机"):
    return {"action": action, "rule_id": rule, "ground": ground}


def test_alike_are_decisions_about_the_same_rule_and_the_same_ground_counts_most():
    eleven = [decision(ground="")] * 8 + [decision("refuse", ground="")] * 2 + [decision("refuse", ground="停 机")]
    others = [decision(rule="refusal"), decision(rule=None)]
    found = _alike([decision(), *eleven, *others], 0, [decision() | {"rule_id": "late_reply"}])
    assert found == Alike(n=11, upheld=8, same_ground=1, same_ground_upheld=0, before=1, before_upheld=1)
    tried = Tried(decision(), "甲局", None, (), found)
    assert tried.is_unlike  # on the same ground it was refused
    assert not replace(tried, alike=replace(found, same_ground=0)).is_unlike  # of eleven eight were upheld


@pytest.mark.parametrize(("upheld", "unlike"), [(5, False), (6, True)])
def test_a_refusal_is_unlike_where_more_than_half_were_upheld(upheld, unlike):
    assert Tried(decision("refuse"), "甲局", None, (), Alike(10, upheld, 0, 0, 0, 0)).is_unlike == unlike
