"""A book with columns of its own, sums, different values, prices by a column: from exports to pages, and by hand."""

import csv
import re
from collections import defaultdict
from fractions import Fraction

import pytest

from pipelines import Quarter
from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.model.words import ContractStop
from tests.toy.reef import read_rows, reef_book, reef_sample, write_rows

pytestmark = pytest.mark.long

PERIOD = Period.parse("2026Q3")
PRICE = {"发现": Fraction(15, 100), "未整改": Fraction(1, 2), "again": Fraction(1), "再犯": Fraction(1)}
RUDE = Fraction(8, 10)


def scored(folder, change=None):
    run = Run(Request(PERIOD, folder / "in", folder / "out", rules=reef_book(folder, change), pdf=False))
    with run:
        run.run()
        return run, Quarter.open("2026Q3", folder / "out")


@pytest.fixture(scope="module")
def reef(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reef")
    reef_sample(folder / "in", PERIOD, units=6, cases=400)
    return (*scored(folder), folder)


@pytest.fixture(scope="module")
def rows(reef):
    """The rows of the exports that count, by unit: nothing excluded, nothing rejected, of the period."""
    _, _, folder = reef
    gone = {(row["case_id"], row["unit_id"]) for row in read_rows(folder / "in", "adjustments")
            if row["action"] == "exclude_case"}
    found = {"cases": defaultdict(list), "incidents": defaultdict(list)}
    for table, moment in (("cases", "dispatched_at"), ("incidents", "occurred_at")):
        for row in read_rows(folder / "in", table):
            if "2026-07" <= row[moment][:7] <= "2026-09" and (row["case_id"], row["unit_id"]) not in gone:
                found[table][row["unit_id"]].append(row)
    return found


def taken(run, unit, rule):
    """What a rule takes from a unit, by its findings: exact."""
    return sum((one.points for one in run.findings if (one.unit_id, one.rule_id) == (unit, rule)), Fraction(0))


def test_a_sum_costs_for_each_one_of_it(reef, rows):
    run, quarter, _ = reef
    for unit, cases in rows["cases"].items():
        times = sum(int(float(row["退回次数"] or 0)) for row in cases)
        assert taken(run, unit, "sendings") == -Fraction(2, 10) * times
        evidence = quarter.evidence("sendings", unit)
        assert len(evidence) == len(cases)
    assert any(rows["cases"].values())


def test_every_row_of_a_sum_is_a_line_of_so_many_points(reef, rows):
    _, quarter, _ = reef
    lines = quarter.ledger[quarter.ledger["rule_id"] == "sendings"]
    times = {(unit, row["case_id"]): int(float(row["退回次数"] or 0))
             for unit, cases in rows["cases"].items() for row in cases}
    assert {(line.unit_id, line.case_id): round(line.points * -5) for line in lines.itertuples()} == {
        key: n for key, n in times.items() if n
    }
    assert all(f"退回{times[line.unit_id, line.case_id]}次" in line.detail for line in lines.itertuples())


def test_a_sum_of_decimals_is_exact_and_taken_as_often_as_the_rule_says(reef, rows):
    run, _, _ = reef
    for unit, cases in rows["cases"].items():
        days = sum(Fraction(row["等待天数"] or 0) for row in cases)
        assert taken(run, unit, "waiting") == -Fraction(2, 100) * days


def test_different_values_of_a_period_are_no_sum_of_its_months(reef, rows):
    run, _, _ = reef
    for unit, cases in rows["cases"].items():
        months, again = defaultdict(set), set()
        for row in cases:
            months[row["dispatched_at"][:7]].add(row["来电人"])
            again |= {row["来电人"]} if float(row["退回次数"] or 0) >= 1 else set()
        several = [len(months[month] - {""}) for month in PERIOD.months]
        assert taken(run, unit, "callers") == sum(0 if n >= 9 else -1 if n >= 6 else -2 for n in several)
        everybody = set().union(*months.values()) - {""}
        assert run.tallies[unit].count("callers") == len(everybody) < sum(several)
        over = max(Fraction(100 * len(again - {""}), len(everybody)) - 50, Fraction(0))
        assert taken(run, unit, "regulars") == -over / 10


def test_a_row_costs_once_by_the_dearest_of_two_rules_and_by_the_price_of_its_stage(reef, rows):
    run, quarter, _ = reef
    seen = set()
    for unit, incidents in rows["incidents"].items():
        both = {"manners": Fraction(0), "offence": Fraction(0)}
        for row in incidents:
            if row["verified"] == "true":
                price, rude = PRICE[row["阶段"]], row["incident_type"] in ("scolded", "slammed")
                rule = "manners" if rude and price < RUDE else "offence"
                both[rule] -= RUDE if rule == "manners" else price
                seen.add((rule, rude))
        assert {rule: taken(run, unit, rule) for rule in both} == both
    assert seen == {("manners", True), ("offence", True), ("offence", False)}
    lines = quarter.ledger[quarter.ledger["rule_id"].isin(["manners", "offence"])]
    assert not lines.duplicated(["unit_id", "ref_id"]).any()


def test_a_waived_row_costs_by_the_next_dearest(reef, tmp_path):
    _, quarter, folder = reef
    line = next(one for one in quarter.ledger.itertuples() if one.rule_id == "manners")
    reef_sample(tmp_path / "in", PERIOD, units=6, cases=400)
    rows = read_rows(tmp_path / "in", "adjustments")
    mine = {"adjustment_id": "X1", "action": "waive_deduction", "unit_id": line.unit_id, "rule_id": "manners",
            "ref_id": line.ref_id, "decided_by": "专班", "decided_on": "2026-10-01", "reason": "依据"}
    write_rows(tmp_path / "in", "adjustments", [*rows, dict.fromkeys(rows[0], "") | mine])
    _, after = scored(tmp_path)
    found = {one.rule_id: one.points for one in after.ledger.itertuples() if one.ref_id == line.ref_id}
    stage = next(row["阶段"] for row in read_rows(tmp_path / "in", "incidents") if row["incident_id"] == line.ref_id)
    assert found == {"manners": 0, "offence": -float(PRICE[stage])}


@pytest.mark.parametrize("values", [
    {"offence.price_1": 2}, {"offence.times": 2}, {"manners.deduct": 0.1}, {"sendings.deduct": 0.3},
    {"waiting.deduct": 0.02}, {"callers.points_2": -1.5}, {"regulars.target": 40},
])
def test_what_ifs_are_judged_twice_and_add_up_and_are_saved(reef, values, tmp_path):
    _, quarter, _ = reef
    scenario = quarter.what_if(values)
    lines = scenario.ledger.groupby(["unit_id", "item_id"])["points"].sum()
    for row in scenario.items.itertuples():
        assert round(row.full_marks + lines.get((row.unit_id, row.item_id), 0), 2) == row.score
    scenario.save(tmp_path / "saved")


def test_a_what_if_without_a_case_counts_anew(reef, rows):
    _, quarter, _ = reef
    unit, cases = next(iter(rows["cases"].items()))
    only = next(row for row in cases if row["退回次数"] in ("1", "2", "3.0"))
    scenario = quarter.what_if(exclude_cases=[only["case_id"]])
    was, now = (one.tallies[unit].count("sendings") for one in (quarter.as_it_was, scenario))
    assert was - now == int(float(only["退回次数"]))
    assert scenario.judged


def test_the_laboratory_knows_the_new_rules(reef):
    _, quarter, _ = reef
    assert quarter.next_steps().shape[0] and quarter.gaming().frame.shape[0] and quarter.tornado().frame.shape[0]
    assert quarter.sweep({"offence.price_2": [1, 2], "waiting.times": [1, 3]}).frame.shape[0]


@pytest.mark.parametrize("page", ["method.html", "method.en.html", "index.html"])
def test_pages_say_them_in_words(reef, page):
    _, quarter, _ = reef
    html = (quarter.folder / page).read_text(encoding="utf-8")
    text = re.sub(r"<script.*?</script>|<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
    assert "{" not in text.replace("{level}", "").replace("{ranked}", "")
    for id in ("price_1", "amount_0", "once_with"):
        assert id not in text
    if page == "method.html":
        assert "发现 0.3" in text and "按 0.5 倍计" in text and "只计一次" in text


def without(folder, table, column):
    rows = read_rows(folder, table)
    write_rows(folder, table, [{name: value for name, value in row.items() if name != column} for row in rows])


def test_an_export_without_the_column_leaves_its_measures_unmeasured(reef, tmp_path):
    reef_sample(tmp_path / "in", PERIOD, units=4, cases=100)
    without(tmp_path / "in", "cases", "退回次数")
    run, quarter = scored(tmp_path)
    assert {"sendings", "regulars"} <= next(iter(run.tallies.values())).lacking
    assert not (quarter.ledger["rule_id"] == "sendings").any()
    assert any("sent_back" in notice.en for notice in run.notices())
    with (quarter.folder / "warnings.csv").open(encoding="utf-8-sig", newline="") as file:
        assert any("sent_back" in "".join(row) for row in csv.reader(file))


def test_a_decisive_column_that_is_not_there_stops_the_run(tmp_path):
    reef_sample(tmp_path / "in", PERIOD, units=4, cases=60)
    without(tmp_path / "in", "incidents", "阶段")
    with Run(Request(PERIOD, tmp_path / "in", tmp_path / "out", rules=reef_book(tmp_path), pdf=False)) as run:
        [stop] = run.check()
    assert "stage" in stop.en and "incidents.csv" in stop.en


def test_a_row_without_a_price_stops_the_run(tmp_path):
    reef_sample(tmp_path / "in", PERIOD, units=4, cases=60)
    rows = read_rows(tmp_path / "in", "incidents")
    row = next(one for one in rows if one["verified"] == "true" and "2026-07" <= one["occurred_at"][:7] <= "2026-09")
    row["阶段"] = ""
    write_rows(tmp_path / "in", "incidents", rows)
    with pytest.raises(ContractStop) as stop:
        scored(tmp_path)
    assert row["incident_id"] in stop.value.words.en and "empty: points" in stop.value.words.en


@pytest.mark.parametrize(("value", "promise"), [("两次", "sent_back_integer"), ("1.5", "sent_back_integer"),
                                                ("-1", "sent_back_not_negative")])
def test_a_value_of_another_type_costs_its_row_and_says_so(tmp_path, value, promise):
    reef_sample(tmp_path / "in", PERIOD, units=4, cases=60)
    rows = read_rows(tmp_path / "in", "cases")
    rows[3]["退回次数"] = value
    write_rows(tmp_path / "in", "cases", rows)
    with Run(Request(PERIOD, tmp_path / "in", tmp_path / "out", rules=reef_book(tmp_path), pdf=False)) as run:
        assert not run.check(twice=True)
        [breach] = [one for one in run.breaches if one.column == "sent_back"]
    assert (breach.promise, breach.line, breach.value) == (promise, 5, value) and breach.remedy.zh
