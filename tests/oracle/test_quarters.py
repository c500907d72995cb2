"""The made quarters are the same for a seed, keep the promises of the exports, and reach the edges they are for."""

from collections import Counter
from datetime import datetime

from .compare import money
from .quarters import make_quarter
from .scorer import score
from .tables import read_folder, write_folder

SEEDS = range(30)
AFTER_DISPATCH = ("sign_due_at", "signed_at", "reply_due_at", "replied_at", "closed_at", "rated_at")


def test_a_seed_makes_the_same_quarter_again(tmp_path):
    assert make_quarter(7) == make_quarter(7)
    assert make_quarter(7) != make_quarter(8)
    folder = write_folder(make_quarter(7).tables, tmp_path)
    assert read_folder(folder) == make_quarter(7).tables


def test_keys_are_unique_and_references_exist():
    for seed in SEEDS:
        tables = make_quarter(seed).tables
        units = {row["unit_id"] for row in tables["units"]}
        cases = {(row["case_id"], row["unit_id"]) for row in tables["cases"]}
        evaluators = {row["evaluator_id"] for row in tables.get("evaluators", [])}
        assert len(units) == len(tables["units"]) == len({row["unit_name"] for row in tables["units"]})
        assert len(cases) == len(tables["cases"])
        for name, key in (("extensions", "extension_id"), ("evaluations", "assignment_id"), ("awards", "award_id"),
                          ("incidents", "incident_id"), ("adjustments", "adjustment_id")):
            keys = [row[key] for row in tables.get(name, [])]
            assert len(keys) == len(set(keys)), (seed, name)
        for name, rows in tables.items():
            assert {row["unit_id"] for row in rows if "unit_id" in row} <= units, (seed, name)
        for row in [*tables.get("extensions", []), *tables.get("evaluations", [])]:
            assert (row["case_id"], row["unit_id"]) in cases
            assert not evaluators or row.get("evaluator_id", "") in evaluators | {""}


def test_no_step_of_a_case_comes_before_its_dispatch():
    for seed in SEEDS:
        for row in make_quarter(seed).tables["cases"]:
            dispatched = datetime.fromisoformat(row["dispatched_at"])
            assert all(datetime.fromisoformat(row[name]) >= dispatched for name in AFTER_DISPATCH if row[name])


def test_the_quarters_reach_floors_waivers_ties_and_every_rule():
    rules, ties = Counter(), 0
    for seed in SEEDS:
        sample = make_quarter(seed)
        result = score(sample.tables, sample.period, sample.cutoff)
        rules.update((line.rule_id, bool(line.adjustment_id)) for line in result.ledger.elements())
        places = [row.rank for row in result.ranking if row.rank]
        ties += len(places) - len(set(places))
    reached = {rule for rule, _ in rules}
    assert {"floor", "same_matter", "completion_rate", "satisfaction_rate", "instruction_closing"} <= reached
    assert {(rule, True) for rule in ("late_signing", "late_reply", "refusal", "attitude")} <= set(rules)
    assert ties >= 10


def test_the_oracle_adds_up_under_the_readings_that_round():
    for seed in SEEDS:
        sample = make_quarter(seed)
        result = score(sample.tables, sample.period, sample.cutoff, {"months": "mean", "shortfall": "pro_rata"})
        for (unit_id, item_id), item in result.items.items():
            points = sum(line.points for line in result.lines(unit_id, item_id))
            assert item.score == item.full_marks + points
            assert money(item.score)
