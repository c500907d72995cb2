"""The rows behind a figure: a rate's denominator with its misses, and the rows that a measure counts."""

import csv
import re
from collections import Counter
from dataclasses import replace
from threading import Thread
from types import SimpleNamespace

import pytest

from pipelines.edges.published import PublishedQuarter
from pipelines.explain import explain
from pipelines.laboratory.charts import funnel
from pipelines.model.period import Period
from pipelines.model.words import UsageRefusal, Words
from pipelines.scoring import ledger


@pytest.fixture(scope="module")
def units(quarter):
    return list(quarter.ranking["unit_id"])[:8]


def test_the_rows_of_a_rate_are_its_denominator_and_tell_the_misses(quarter, units):
    rate = quarter.rulebook.rules["satisfaction_rate"]
    counts = quarter.world.cube.counts(quarter.readings)
    for number, unit in enumerate(quarter.world.cube.unit_ids):
        if unit not in units:
            continue
        rows = quarter.evidence("satisfaction_rate", unit)
        assert len(rows) == counts[rate.of][number].sum()
        assert rows["counts"].sum() == counts[rate.part][number].sum()
        for k, month in enumerate(quarter.period.months):
            of_month = quarter.evidence("satisfaction_rate", unit, month)
            assert len(of_month) == counts[rate.of][number][k]
            assert set(of_month["month"]) <= {month}


def test_the_rows_of_a_measure_are_those_of_the_ledger(quarter):
    ledger = quarter.ledger
    late = ledger[ledger["rule_id"] == "late_reply"]
    unit = late["unit_id"].iloc[0]
    rows = quarter.evidence("late_reply", unit)
    assert rows["counts"].all()
    assert sorted(rows["case_id"]) == sorted(late.loc[late["unit_id"] == unit, "case_id"])
    assert list(rows) == ["month", "case_id", "ref_id", "due_at", "replied_at", "counts"]
    assert ((rows["replied_at"] > rows["due_at"]) | rows["replied_at"].isna()).all()


def test_a_unit_is_found_by_its_name_too(quarter, units):
    name = quarter.ranking.set_index("unit_id").loc[units[0], "unit_name"]
    assert quarter.evidence("due", name).equals(quarter.evidence("due", units[0]))


@pytest.mark.parametrize(
    ("given", "near"),
    [
        (("late_replies", "U"), "late_reply"),
        (("late_reply", "nobody"), "nobody"),
        (("late_reply", "", "2026-10"), "2026-07"),
    ],
)
def test_a_name_that_is_not_known_is_refused(quarter, units, given, near):
    measure, unit, *month = given
    with pytest.raises(UsageRefusal, match=near):
        quarter.evidence(measure, unit or units[0], *month)


def test_the_funnel_is_of_the_books_own_rate_and_a_book_without_one_is_told_so(quarter):
    """No rule id is known to the program: the default is the rate that lists units of equal figures."""
    assert quarter.funnel().to_dict() == quarter.funnel("satisfaction_rate").to_dict()
    bare = replace(quarter.rulebook, rules={"attitude": quarter.rulebook.rules["attitude"]})
    with pytest.raises(UsageRefusal, match="short"):
        funnel(SimpleNamespace(rulebook=bare))


def test_the_misses_of_every_line_of_a_rate_are_as_many_as_its_figures_say(quarter):
    """The ledger says 9月办结率 68.42%（39/57）: `evidence.csv` has 18 rows of that unit, rule and month."""
    with (quarter.folder / "evidence.csv").open(encoding="utf-8-sig", newline="") as file:
        missed = Counter((row["unit_id"], row["rule_id"], row["month"]) for row in csv.DictReader(file))
    rates = quarter.ledger[quarter.ledger["rule_id"].isin(["completion_rate", "satisfaction_rate"])]
    assert len(rates) > 5
    for line in rates.itertuples():
        part, of = map(int, re.search(r"（(\d+)/(\d+)）", line.detail).groups())
        assert missed[line.unit_id, line.rule_id, line.month] == of - part > 0


def test_the_published_misses_are_those_that_a_notebook_asks_for(quarter, units):
    with (quarter.folder / "evidence.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for unit in units:
        for rule in ("completion_rate", "satisfaction_rate", "instruction_closing"):
            asked = quarter.evidence(rule, unit)
            own = [row["case_id"] for row in rows if (row["unit_id"], row["rule_id"]) == (unit, rule)]
            assert sorted(own) == sorted(asked.loc[~asked["counts"], "case_id"].fillna(""))


def test_a_unit_is_explained_to_the_misses_of_its_rates(quarter):
    with (quarter.folder / "evidence.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {(row["unit_id"], row["rule_id"], row["month"]): row for row in csv.DictReader(file)}
    found = quarter.ledger[quarter.ledger["rule_id"] == "completion_rate"].iloc[0]
    row = rows[found["unit_id"], "completion_rate", found["month"]]
    published = PublishedQuarter.open(quarter.folder)
    [item] = [one for one in explain(published, row["unit_id"]).items if one.item_id == row["item_id"]]
    lines = [line for line in item.lines if line["rule_id"] == "completion_rate"]
    assert row in [case for line in lines for case in item.misses_of(line)]
    assert all(case["month"] == line["month"] for line in lines for case in item.misses_of(line))
    [alone] = [one for one in explain(published, row["unit_id"], [row["case_id"]]).items if row in one.misses]
    assert {case["case_id"] for case in alone.misses} == {row["case_id"]}


def test_ratings_stand_in_the_units_own_evidence_alone(quarter):
    """B11: of a miss the public page has number and moments; rating and evaluation are for the unit, mode 0600."""
    own = quarter.folder.parents[2] / "restricted" / str(quarter.period) / "units"
    with (quarter.folder / "evidence.csv").open(encoding="utf-8-sig", newline="") as file:
        public = list(csv.DictReader(file))
    rows = []
    for one in sorted(own.iterdir()):
        assert one.stat().st_mode & 0o777 == 0o600
        with one.open(encoding="utf-8-sig", newline="") as file:
            rows += [(one.stem, row) for row in csv.DictReader(file)]
    assert len(rows) == len(public) and own.parent.stat().st_mode & 0o777 == 0o700
    dissatisfied = [row for _, row in rows if row["规则"] == "满意率"]
    assert dissatisfied and {row["群众评价"] for row in dissatisfied} <= {"不满意", "基本满意"}
    evaluated = [row for _, row in rows if row["专业评价"]]
    assert all(row["群众评价"] == "不满意" for row in evaluated)
    assert not {"不满意", "基本满意"} & {word for row in public for word in re.findall(r"\w+", row["detail"])}


def test_two_runs_at_once_write_one_whole_evidence(tmp_path, monkeypatch):
    """The second begins while the first writes, and waits for it."""
    others, row = [], ("U1", "r", "A", "2026-07", "C1", None, None, "dissatisfied", "")

    def misses(warehouse, clock):
        yield row
        if not others:
            others.append(Thread(target=written))
            others[0].start()
            others[0].join(1)
        yield ("U2", *row[1:])

    def written():
        book = SimpleNamespace(rules={"r": SimpleNamespace(title=Words("满意率", "rate"))})
        contracts = SimpleNamespace(tables={"cases": SimpleNamespace(
            columns={"public_rating": SimpleNamespace(labels=[])})})
        done.append(ledger.write_own_evidence(None, book, {}, contracts, tmp_path, Period.parse("2026Q3")))

    done = []
    monkeypatch.setattr(ledger, "own_misses", misses)
    monkeypatch.setattr(ledger, "Lines", lambda *_: SimpleNamespace(miss=lambda rule, facts: ""))
    written()
    others[0].join()
    assert done == [tmp_path / "restricted" / "2026Q3" / "units"] * 2
    assert sorted(file.name for file in done[0].iterdir()) == ["U1.csv", "U2.csv"]
    assert [file.name for file in done[0].parent.iterdir()] == ["units"]
