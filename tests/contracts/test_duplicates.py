"""Repeated keys: one of identical rows is kept, rows that differ are all refused, in any order."""

import random
from dataclasses import replace

import pytest

from pipelines.edges.warehouse import Warehouse
from pipelines.stages.validate import validate
from tests.contracts.world import CONTRACTS, good, good_tables, outcomes, read, validated


def judged(*cases: dict):
    validation, warehouse = validated({**good_tables(), "cases": list(cases)})
    accepted = [row["channel"] for row in warehouse.arrow("accepted.cases").to_pylist()]
    return outcomes(validation, "cases"), accepted, validation


def test_of_identical_rows_the_first_is_kept():
    broken, accepted, _ = judged(good("cases"), good("cases"), good("cases"))
    assert (broken, accepted) == ({3: {"duplicate_row"}, 4: {"duplicate_row"}}, ["电话"])


def test_the_first_is_the_first_by_file_and_line_whatever_the_order_of_reading():
    later = good("cases", _file="cases_2.csv", _line=2)
    first = good("cases", _file="cases_1.csv", _line=9)
    validation, _ = validated({**good_tables(), "cases": [later, first]})
    [breach] = [breach for breach in validation.breaches if breach.table == "cases"]
    assert (breach.file, breach.line) == ("cases_2.csv", 2)
    assert "cases_1.csv:9" in breach.remedy.zh


def test_rows_that_differ_only_in_how_they_are_written_are_identical():
    twin = good("cases", case_id="Ｃ1", dispatched_at="2026/7/1 9:00", public_rating="satisfied", role="LEAD")
    broken, accepted, _ = judged(good("cases"), twin)
    assert (broken, len(accepted)) == ({3: {"duplicate_row"}}, 1)


def test_rows_that_share_a_key_and_differ_are_all_refused():
    broken, accepted, _ = judged(good("cases"), good("cases", channel="网站"))
    assert (broken, accepted) == ({2: {"duplicate_key"}, 3: {"duplicate_key"}}, [])


def test_copies_among_rows_that_differ_are_copies():
    broken, accepted, _ = judged(good("cases"), good("cases", channel="网站"), good("cases"))
    assert (broken, accepted) == ({2: {"duplicate_key"}, 3: {"duplicate_key"}, 4: {"duplicate_row"}}, [])


def test_a_row_that_cannot_be_parsed_still_stands_in_the_way_of_its_twin():
    broken, accepted, _ = judged(good("cases"), good("cases", signed_at="昨天"))
    assert (broken, accepted) == ({2: {"duplicate_key"}, 3: {"duplicate_key", "signed_at_timestamp"}}, [])


def test_two_texts_that_cannot_be_parsed_are_not_identical():
    broken, _, _ = judged(good("cases", signed_at="昨天"), good("cases", signed_at="前天"))
    assert all("duplicate_key" in promises for promises in broken.values())


def test_a_copy_of_a_faulty_row_is_only_a_copy():
    faulty = good("cases", dispatched_at=None)
    broken, _, _ = judged(faulty, faulty)
    assert broken == {2: {"dispatched_at_required"}, 3: {"duplicate_row"}}


def test_rows_without_a_key_are_not_duplicates_of_one_another():
    nameless = good("cases", case_id=None)
    broken, _, _ = judged(nameless, nameless)
    assert broken == {2: {"case_id_required"}, 3: {"case_id_required"}}


def test_one_case_may_be_handled_by_several_units():
    tables = good_tables()
    tables["units"].append(good("units", unit_id="U2", unit_name="水务局"))
    tables["cases"].append(good("cases", unit_id="U2"))
    assert validated(tables)[0].rows["cases"].accepted == 2


def of_files(**files: list[dict]):
    """(copied file, what is said of it) of a case table in these files, and how many rows were accepted."""
    warehouse = Warehouse()
    rows = [{**row, "_file": f"{name}.csv", "_line": line}
            for name, own in files.items() for line, row in enumerate(own, 2)]
    intake = read(warehouse, {**good_tables(), "cases": rows})
    [cases] = [one for one in intake.receipts if one.table == "cases"]
    receipts = [one for one in intake.receipts if one.table != "cases"]
    receipts += [replace(cases, file=f"{name}.csv", records=len(own)) for name, own in files.items()]
    validation = validate(warehouse, replace(intake, receipts=tuple(receipts)), CONTRACTS)
    assert not validation.stops
    found = [(one.table, one.file, one.line) for one in validation.warnings if one.promise == "copied_file"]
    facts = [one for one in validation.notices if "put there twice" in one.en]
    assert [one[1] for one in found] == [one.file for one in facts] and {one[::2] for one in found} <= {("cases", 0)}
    return [(one.file, one.zh) for one in facts], validation.rows["cases"].accepted


ONE, TWO, THREE = (good("cases", case_id=f"C{i}") for i in (1, 2, 3))


def test_a_file_whose_rows_all_stand_in_another_is_told_and_counts_once():
    [(file, zh)], accepted = of_files(july=[ONE, TWO], july_again=[TWO, ONE], august=[THREE])
    assert (file, accepted) == ("july_again.csv", 3)
    assert "全部 2 行" in zh and "july.csv、august.csv" in zh


@pytest.mark.parametrize("again", [[ONE, THREE], [THREE, THREE], []])
def test_a_file_with_a_row_of_its_own_is_no_copy(again):
    assert of_files(july=[ONE, TWO], more=again)[0] == []


def test_copies_in_one_file_make_no_copied_file():
    assert of_files(july=[ONE, ONE, ONE]) == ([], 1)


@pytest.mark.parametrize("seed", range(3))
def test_the_outcome_does_not_depend_on_the_order_of_the_rows(seed):
    rows = [good("cases", case_id=f"C{i % 4}", channel=f"渠道{i % 3}", _line=i) for i in range(2, 14)]
    straight = judged(*rows)
    random.Random(seed).shuffle(rows)
    assert judged(*rows)[:2] == straight[:2]
