"""The evaluators' clauses that are about people: whom to look at, which cases are hard, what is said to them."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipelines.contracts.declared import load_contracts
from pipelines.evaluators.outbox import reminder
from pipelines.evaluators.reports import panel_page, panel_report
from pipelines.evaluators.step import read_exports
from pipelines.paths import CONTRACTS
from pipelines.rulebook.load import choose_readings
from pipelines.stages.measure import measure, tallies_in_force
from tests.evaluators.office import Office, act, calendar, case, person, rules
from tests.libraries.office import BOOK, PERIOD
from tests.sql.accepted import warehouse_with

T0 = datetime(2026, 7, 6, 9)
DAY = timedelta(days=1)
HEADER = "case_id,unit_id,dispatched_at,sign_due_at,reply_due_at,public_rating,rated_at\n"


def looked_at(office: Office, at: datetime = T0) -> list[tuple[str, str, str]]:
    """(clause, evaluator, what) of the report's list for the office."""
    report = panel_report(office.step(at), office.seen, rules(), at)
    return [(line["clause"], line["evaluator_id"], line["what"]) for line in report["attention"]]


def test_evaluators_whose_background_or_field_nobody_wrote_down_are_named(tmp_path):
    """E1.0, E2.0: whom the panel is drawn from, and what its people know."""
    people = [person("E1", background=None, fields=("交通",)), person("E2"), person("E3", fields=("城建",))]
    assert looked_at(Office(tmp_path / "s", people, [])) == [
        ("E1.0", "E1", "no_background"), ("E2.0", "E2", "no_fields"),
        ("E7.0", "E1", "odd_term"), ("E7.0", "E2", "odd_term"), ("E7.0", "E3", "odd_term"),
    ]


def test_only_those_in_force_are_asked_for_their_particulars(tmp_path):
    """E1.0, E5.4"""
    gone = person("E1", background=None, ended_on=T0.date() - DAY)
    away = person("E2", fields=("交通",), away_from=T0.date())
    assert [line for line in looked_at(Office(tmp_path / "s", [gone, away], [])) if line[0] != "E7.0"] == [
        ("E5.4", "E2", "away_without_end"),
    ]


def test_an_evaluator_who_rates_unlike_the_panel_is_named_and_one_with_few_ratings_is_not(tmp_path):
    """E2.0: objective and fair, as far as figures can tell."""
    people = [person(f"E{n}", fields=("交通",)) for n in range(1, 4)]
    office = Office(tmp_path / "s", people, [case(f"C{n}") for n in range(36)])
    acts = []
    for one in office.step(T0).assignments.values():
        rating = "dissatisfied" if one.evaluator_id == "E3" else "satisfied"
        acts.append(act(one, "rate", T0 + timedelta(hours=1), rating=rating))
    office.step(T0 + timedelta(hours=2), *acts)
    found = [line for line in looked_at(office, T0 + timedelta(hours=3)) if line[0] == "E2.0"]
    assert found == [("E2.0", "E1", "lenient"), ("E2.0", "E2", "lenient"), ("E2.0", "E3", "strict")]
    few = Office(tmp_path / "t", people, [case("C1")])
    (one,) = few.step(T0).assignments.values()
    few.step(T0 + timedelta(hours=2), act(one, "rate", T0 + timedelta(hours=1), rating="dissatisfied"))
    assert [line for line in looked_at(few, T0 + timedelta(hours=3)) if line[0] == "E2.0"] == []


@pytest.mark.parametrize(("forgotten", "named"), [(2, False), (3, True), (4, True)])
def test_who_lets_cases_run_out_is_named_from_the_third_on(tmp_path, forgotten, named):
    """E5.1: on time; the number is a setting."""
    office = Office(tmp_path / "s", [person("E1", fields=("交通",))], [case(f"C{n}") for n in range(forgotten)])
    office.step(T0)
    office.step(T0 + DAY)
    found = [line for line in looked_at(office, T0 + 10 * DAY) if line[0] == "E5.1"]
    assert found == ([("E5.1", "E1", "withdrawn")] if named else [])


def test_only_cases_that_the_public_rated_dissatisfied_are_taken(tmp_path):
    """E3.0, E5.3: every other rating, and none, is left alone."""
    (tmp_path / "units.csv").write_text("unit_id,unit_name,unit_group\nU1,甲局,市直部门\n", encoding="utf-8")
    ratings = ("satisfied", "basically_satisfied", "dissatisfied", "", "未评价", "不满意")
    days = "2026-07-01 09:00,2026-07-02 09:00,2026-07-08 09:00"
    lines = "".join(f"C{n},U1,{days},{rating},\n" for n, rating in enumerate(ratings))
    (tmp_path / "cases.csv").write_text(HEADER + lines, encoding="utf-8")
    assert [one.key[0] for one in read_exports(tmp_path).cases] == ["C2", "C5"]


def test_cases_that_two_evaluators_gave_back_or_nobody_rated_are_listed_with_what_was_said(tmp_path):
    """E3.0: the hard ones are there to be looked into, with the evaluators' own words."""
    office = Office(tmp_path / "s", [person(f"E{n}") for n in range(1, 5)], [case("C1"), case("C2"), case("C3")])
    given = {one.case[0]: one for one in office.step(T0).assignments.values()}
    at = T0 + timedelta(hours=1)
    state = office.step(at, *(act(given[id], "return", at, reason=f"{id} is not clear") for id in ("C1", "C2")))
    again = {one.case[0]: one for one in state.open.values()}
    at += timedelta(hours=1)
    state = office.step(at, act(again["C1"], "return", at, reason="no papers"), act(again["C2"], "rate", at))
    (row,) = panel_report(state, office.seen, rules(), at)["hard"]
    assert (row["case_id"], row["returned"], row["rated"]) == ("C1", 2, False)
    assert row["reasons"] == ["C1 is not clear", "no papers"]
    page = panel_page(panel_report(state, office.seen, rules(), at), at, False)
    assert page["hard"][0]["reasons"] == "C1 is not clear；no papers"


def test_the_reasons_of_a_return_stay_out_of_the_table_for_scoring(tmp_path):
    """E5.5: `evaluations` carries the reason of a rating only."""
    from pipelines.evaluators.state import write_evaluations

    office = Office(tmp_path / "s", [person("E1"), person("E2")], [case("C1")])
    (one,) = office.step(T0).assignments.values()
    state = office.step(T0 + timedelta(hours=2), act(one, "return", T0 + timedelta(hours=1), reason="my neighbour"))
    write_evaluations(tmp_path / "e.csv", state, {("C1", "U1")})
    text = (tmp_path / "e.csv").read_text(encoding="utf-8-sig")
    assert one.id in text and "my neighbour" not in text


def test_the_reminder_tells_the_evaluators_right_and_nothing_of_the_case(tmp_path):
    """E4.0: they may ask the unit; the text names neither the case nor the unit nor the evaluator."""
    office = Office(tmp_path / "s", [person("E1")], [case("CASE77", "UNIT88")])
    (one,) = office.step(T0).assignments.values()
    text = reminder(one, rules())["text"]
    assert "可要求承办单位提供资料" in text
    assert not any(word in text for word in ("CASE77", "UNIT88", "E1"))


@pytest.mark.parametrize("table", ["evaluators", "evaluations", "evaluator_actions"])
def test_everything_about_an_evaluator_is_restricted_in_the_contracts(table):
    """E4.0, E5.5: masked wherever a row is quarantined."""
    tables = load_contracts().tables | load_contracts(Path(CONTRACTS) / "inbox").tables
    facts = {"evaluators": {"evaluator_id", "name", "fields", "employer_unit_id", "background"},
            "evaluations": {"evaluator_id", "rating", "reason", "assigned_at", "rated_at", "withdrawn_at"},
            "evaluator_actions": {"evaluator_id", "rating", "reason", "away_from"}}[table]
    assert {name for name in facts if not tables[table].columns[name].restricted} == set()
    assert load_contracts().tables["cases"].columns["title"].restricted


@pytest.mark.parametrize(
    ("reading", "rated", "satisfied"), [("dissatisfied", 3, 2), ("left_out", 2, 2)], ids=["dissatisfied", "left_out"]
)
def test_a_dissatisfied_case_that_nobody_evaluated_counts_as_the_reading_says(reading, rated, satisfied):
    """E5, E6: of three rated cases one was overturned by an evaluator and one is still waiting."""
    facts = {"public_rating": "dissatisfied", "rated_at": "2026-08-11 09:00:00"}
    rows = [{"case_id": "C1", **facts}, {"case_id": "C2", **facts}, {"case_id": "C3", "public_rating": "satisfied"}]
    warehouse = warehouse_with(cases=rows, evaluators=[{}], evaluations=[{"assignment_id": "P1"}])
    measure(warehouse, PERIOD, PERIOD.end, BOOK, calendar())
    readings = choose_readings(BOOK, {"pending_evaluation": reading})
    (tally,) = tallies_in_force(warehouse, PERIOD, BOOK, readings).values()
    warehouse.close()
    assert (tally.count("rated"), tally.count("satisfied")) == (rated, satisfied)


def test_a_rating_and_a_reason_are_asked_of_every_evaluation():
    """E5.3: three ratings there are, each with its reason."""
    table = load_contracts(Path(CONTRACTS) / "inbox").tables["evaluator_actions"]
    ratings = [value for value, _ in table.columns["rating"].labels]
    assert ratings == ["satisfied", "basically_satisfied", "dissatisfied"]
    kept = {promise.id for promise in table.promises if promise.severity == "reject"}
    assert {"rating_required_to_rate", "reason_required_to_rate"} <= kept
