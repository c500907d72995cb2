"""References: unknown is a fault, rejected is told as such, and an absent table promises nothing."""

import pytest

from tests.contracts.world import good, good_tables, outcomes, validated


def test_the_rejection_of_a_unit_takes_its_cases_and_their_rows_with_it():
    tables = good_tables()
    tables["units"].append(good("units", unit_id="U2", unit_name=None))
    tables["cases"].append(good("cases", case_id="C2", unit_id="U2"))
    tables["extensions"].append(good("extensions", extension_id="X2", case_id="C2", unit_id="U2"))
    tables["incidents"].append(good("incidents", incident_id="I2", unit_id="U2"))
    validation, _ = validated(tables)
    assert outcomes(validation, "units") == {3: {"unit_name_required"}}
    for table in ("cases", "extensions", "incidents"):
        assert outcomes(validation, table) == {3: {"reference_rejected"}}
    remedies = {breach.table: breach.remedy.zh for breach in validation.breaches}
    assert "《承办单位》" in remedies["cases"] and "已被隔离" in remedies["cases"]
    assert "《诉求件》" in remedies["extensions"]


def test_a_reference_to_a_key_with_an_accepted_row_is_good_although_its_copy_is_refused():
    tables = good_tables()
    tables["units"].append(good("units"))
    validation, _ = validated(tables)
    assert [breach.promise for breach in validation.breaches] == ["duplicate_row"]
    assert validation.rows["cases"].accepted == 1


def test_a_reference_to_rows_refused_for_a_repeated_key_says_so():
    tables = good_tables()
    tables["units"].append(good("units", unit_group="区县"))
    assert outcomes(validated(tables)[0], "cases") == {2: {"reference_rejected"}}


def test_a_reference_needs_both_columns_to_match_the_same_row():
    tables = good_tables()
    tables["units"].append(good("units", unit_id="U2", unit_name="水务局"))
    tables["cases"].append(good("cases", case_id="C2", unit_id="U2"))
    tables["extensions"] = [good("extensions", case_id="C1", unit_id="U2")]
    validation, _ = validated(tables)
    [breach] = validation.breaches
    assert (breach.promise, breach.column, breach.value) == ("case_in_cases", "case_id/unit_id", "C1/U2")


def test_an_incident_may_name_a_case_that_nobody_knows():
    validation, _ = validated({**good_tables(), "incidents": [good("incidents", case_id="C404")]})
    assert validation.breaches == ()


def test_a_rejected_evaluator_takes_the_evaluations_along():
    tables = {**good_tables(), "evaluators": [good("evaluators", name=None)]}
    assert outcomes(validated(tables)[0], "evaluations") == {2: {"reference_rejected"}}


def test_without_evaluators_evaluations_are_kept_and_reported():
    tables = good_tables()
    del tables["evaluators"]
    validation, warehouse = validated(tables)
    assert validation.rows["evaluations"].accepted == 1
    assert warehouse.arrow("accepted.evaluators").num_rows == 0
    steps, notice = sorted(validation.notices, key=lambda words: "evaluation is" in words.en)
    assert "1 条专业评价" in notice.zh and "1 evaluation is" in notice.en
    assert "appointment_steps" in steps.en and "evaluations" not in steps.en


def test_an_evaluators_file_without_rows_is_a_table_in_which_nobody_is_found():
    validation, _ = validated({**good_tables(), "evaluators": []})
    assert outcomes(validation, "evaluations") == {2: {"evaluator_id_in_evaluators"}}
    assert validation.notices == ()


def test_without_matters_a_case_may_name_any():
    tables = good_tables()
    del tables["matters"]
    validation, _ = validated(tables)
    assert validation.warnings == validation.notices == ()


def test_an_unknown_matter_is_a_warning_and_the_row_is_kept():
    validation, _ = validated({**good_tables(), "cases": [good("cases", matter_id="M404")]})
    [warning] = validation.warnings
    assert (warning.promise, warning.value, validation.rows["cases"].accepted) == ("matter_id_in_matters", "M404", 1)


def test_every_broken_promise_of_a_row_is_told():
    row = good("cases", unit_id="U404", title=None, dispatched_at="2026-07-02", signed_at="x", public_rating="好")
    validation, _ = validated({**good_tables(), "cases": [row]})
    assert outcomes(validation, "cases") == {
        2: {"unit_id_in_units", "dispatched_at_timestamp", "signed_at_timestamp", "public_rating_known"}
    }


def test_columns_that_the_source_declares_absent_are_exempt():
    absent = (("cases", "sign_due_at"), ("cases", "dispatched_at"))
    row = good("cases", sign_due_at=None, dispatched_at=None)
    validation, _ = validated({**good_tables(), "cases": [row]}, declared_absent=absent)
    assert (validation.breaches, validation.rows["cases"].accepted) == ((), 1)


def test_the_same_columns_not_declared_absent_are_missed():
    validation, _ = validated({**good_tables(), "cases": [good("cases", sign_due_at=None, dispatched_at=None)]})
    assert outcomes(validation, "cases") == {2: {"sign_due_at_required", "dispatched_at_required"}}


def test_unit_names_are_compared_among_kept_rows_only():
    tables = good_tables()
    tables["units"].append(good("units", unit_id="U2", unit_group=None))
    assert validated(tables)[0].warnings == ()


@pytest.mark.parametrize(("unit_id", "said"), [("u1", "U1 (units.csv:2)"), ("ｕ1", "U1 (units.csv:2)")])
def test_a_unit_written_in_another_case_is_a_stop_with_both_spellings_and_their_rows(unit_id, said):
    tables = {**good_tables(), "cases": [good("cases"), good("cases", case_id="C2", unit_id=unit_id)]}
    stops = validated(tables)[0].stops
    [stop] = [stop for stop in stops if "cases" in stop.en]
    assert all(fact in stop.en for fact in ("cases.csv, line 3", f"'{unit_id}'", said))


def test_two_spellings_of_a_unit_are_one_stop_with_both_and_their_rows():
    tables = good_tables()
    tables["units"].append(good("units", unit_id="u1"))
    [stop] = validated(tables)[0].stops
    assert all(fact in stop.en for fact in ("units.csv, line 2", "'U1'", "u1 (units.csv:3)"))


def test_lost_leading_zeros_are_named_with_the_code_that_was_meant():
    tables = {"units": [good("units", unit_id="007")], "cases": [good("cases", unit_id="7")]}
    [breach] = validated(tables)[0].breaches
    assert "007" in breach.remedy.zh and "leading zeros" in breach.remedy.en
