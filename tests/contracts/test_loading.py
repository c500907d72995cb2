"""Contracts are valid Open Data Contract Standard, and a promise that nothing executes does not load."""

import json
import re
import shutil
import time

import jsonschema
import pytest
import yaml
from open_data_contract_standard.model import OpenDataContractStandard

from pipelines.contracts.declared import load_contracts
from pipelines.contracts.promises import VOCABULARY
from pipelines.model.words import UsageRefusal
from pipelines.paths import CONTRACTS as FOLDER
from tests.contracts.world import CONTRACTS, IMPLIED

EXPORTS = FOLDER / "exports"


def must_be_of_the_standard(file):
    """As its own model takes it and its JSON schema; ValueError for anything else."""
    OpenDataContractStandard.from_file(str(file))
    schema = json.loads(OpenDataContractStandard.json_schema())
    validator = jsonschema.validators.validator_for(schema)(schema)
    validator.validate(yaml.safe_load(file.read_text(encoding="utf-8")))


def test_every_contract_is_valid_by_the_standard():
    contracts = sorted(EXPORTS.glob("*.yaml"))
    assert len(contracts) == 19
    for file in contracts:
        must_be_of_the_standard(file)


def test_a_contract_that_the_standard_does_not_know_is_found(tmp_path):
    text = (EXPORTS / "units.yaml").read_text(encoding="utf-8")
    (tmp_path / "units.yaml").write_text(text.replace("status: active", "status: active\nmood: good"), encoding="utf-8")
    with pytest.raises(ValueError, match="mood"):
        must_be_of_the_standard(tmp_path / "units.yaml")


def test_units_and_cases_are_required_and_the_others_are_not():
    assert {table.name for table in CONTRACTS.tables.values() if table.required} == {"units", "cases"}


def test_tables_come_after_those_that_they_refer_to():
    order = list(CONTRACTS.tables)
    for table in CONTRACTS.tables.values():
        for promise in table.promises:
            if promise.argument("table"):
                assert order.index(promise.argument("table")) < order.index(table.name)


def test_personal_data_and_evaluators_are_restricted():
    restricted = {(t.name, c.name) for t in CONTRACTS.tables.values() for c in t.columns.values() if c.restricted}
    assert {("evaluators", column) for column in CONTRACTS.tables["evaluators"].columns} <= restricted
    evaluations = set(CONTRACTS.tables["evaluations"].columns) - {"case_id", "unit_id"}
    assert {("evaluations", column) for column in evaluations} <= restricted
    assert {("appointment_steps", column) for column in CONTRACTS.tables["appointment_steps"].columns} <= restricted
    about_evaluators = ("evaluators", "evaluations", "appointment_steps")
    assert {pair for pair in restricted if pair[0] not in about_evaluators} == {
        ("cases", "title"), ("assessments", "assessor"),
        ("adjustments", "decided_by"), ("adjustments", "evidence"), ("knowledge", "signed_off_by"),
        ("matter_steps", "done_by"), ("guidance", "topic"), ("difficulties", "reason"),
        ("commendations", "person"), ("commendations", "reason"),
    }


def test_every_kind_of_the_vocabulary_is_used_by_a_contract():
    used = {promise.kind for table in CONTRACTS.tables.values() for promise in table.promises}
    assert used == {*VOCABULARY, *IMPLIED}


def test_every_promise_says_something_in_both_languages_with_every_fact_filled_in():
    for table in CONTRACTS.tables.values():
        for promise in table.promises:
            for words in (promise.says, promise.remedy):
                assert words.zh and words.en and not re.search(r"[{}]", words.zh + words.en)
                assert re.search("[一-鿿]", words.zh)


def test_loading_is_fast_enough_for_a_command_line():
    load_contracts.cache_clear()
    begin = time.process_time()
    load_contracts()
    assert time.process_time() - begin < 1.5


BROKEN = {
    "an unknown kind": ("kind: not_before", "kind: not_befor", ["cases.yaml", "not_befor", "not_before"]),
    "an unknown column": ("than: dispatched_at", "than: dispatchd_at", ["cases.yaml", "dispatchd_at", "dispatched_at"]),
    "an unknown argument": ("than: dispatched_at", "then: dispatched_at", ["cases.yaml", "then", "than"]),
    "an unknown severity": ("severity: warn", "severity: wran", ["matter_id_in_matters", "wran", "warn"]),
    "an unknown table": ("table: matters", "table: mattrs", ["mattrs", "matters"]),
    "an unknown type": ("logicalType: timestamp", "logicalType: timestmp", ["timestmp", "timestamp"]),
    "an unknown setting": ("property: tolerancePercent", "property: tolerance", ["tolerance", "tolerancePercent"]),
    "an unknown word of a column": ("required: true\n    synonyms", "unique: true\n    synonyms", ["unique"]),
    "a rule of another engine": ("engine: gongping", "engine: soda", ["soda", "gongping"]),
    "a library metric": ("type: custom", "type: library", ["library", "custom"]),
    "a missing argument": (", than: dispatched_at}", "}", ["than"]),
    "no Chinese header": ("    businessName: 派发时间\n", "", ["dispatched_at", "businessName"]),
    "a promise without a name": ("{id: unit_id_in_units, severity", "{severity", ["cases.yaml", "id"]),
    "a tolerance in words": ("tolerancePercent, value: 5", "tolerancePercent, value: five", ["five"]),
    "keys that do not pair": ("keys: [unit_id]", "keys: [unit_id, case_id]", ["unit_id_in_units", "keys"]),
    "an ambiguous header": ("synonym: 派单时间", "synonym: 签收时间", ["签收时间", "dispatched_at", "signed_at"]),
    "YAML that cannot be read": ("schema:", "schema: [", ["cases.yaml"]),
    "a file named unlike its table": ("- name: cases", "- name: case", ["cases.yaml"]),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_contract_does_not_load_with(fault, tmp_path):
    old, new, facts = BROKEN[fault]
    folder = shutil.copytree(EXPORTS, tmp_path / "exports")
    text = (folder / "cases.yaml").read_text(encoding="utf-8")
    assert old in text
    (folder / "cases.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UsageRefusal) as refusal:
        load_contracts(folder)
    for fact in facts:
        assert fact in refusal.value.words.zh
        assert fact in refusal.value.words.en


def test_a_condition_on_a_value_outside_the_vocabulary_does_not_load(tmp_path):
    folder = shutil.copytree(EXPORTS, tmp_path / "exports")
    text = (folder / "extensions.yaml").read_text(encoding="utf-8")
    (folder / "extensions.yaml").write_text(text.replace("equals: [approved]", "equals: [aproved]"), encoding="utf-8")
    with pytest.raises(UsageRefusal, match="approved"):
        load_contracts(folder)


def test_references_in_a_circle_do_not_load(tmp_path):
    folder = shutil.copytree(EXPORTS, tmp_path / "exports")
    units = yaml.safe_load((folder / "units.yaml").read_text(encoding="utf-8"))
    units["schema"][0]["quality"].append({
        "id": "back", "type": "custom", "engine": "gongping", "severity": "reject",
        "implementation": {"kind": "reference", "columns": ["unit_id"], "table": "cases", "keys": ["unit_id"]},
    })
    (folder / "units.yaml").write_text(yaml.safe_dump(units, allow_unicode=True), encoding="utf-8")
    with pytest.raises(UsageRefusal, match="units"):
        load_contracts(folder)


def test_the_tolerance_is_a_setting_of_the_contract_and_a_stop_promise_stops(tmp_path):
    from pipelines.edges.warehouse import Warehouse
    from pipelines.stages.validate import validate
    from tests.contracts.world import good, good_tables, read

    folder = shutil.copytree(EXPORTS, tmp_path / "exports")
    text = (folder / "cases.yaml").read_text(encoding="utf-8")
    text = text.replace("tolerancePercent, value: 5", "tolerancePercent, value: 100")
    (folder / "cases.yaml").write_text(text.replace("severity: reject", "severity: stop", 1), encoding="utf-8")
    rows = [good("cases", case_id=f"C{i}", unit_id="U404") for i in range(9)]
    warehouse = Warehouse()
    intake = read(warehouse, {**good_tables(), "cases": rows})
    [stop] = [stop for stop in validate(warehouse, intake, load_contracts(folder)).stops if "cases" in stop.zh]
    assert "9 行" in stop.zh and "承办单位编码" in stop.zh


@pytest.mark.parametrize(("rows", "tolerated"), [(3, True), (4, False)])
def test_a_table_that_tolerates_rows_and_no_share_says_how_much_it_tolerates(tmp_path, rows, tolerated):
    from pipelines.edges.warehouse import Warehouse
    from pipelines.stages.validate import validate
    from tests.contracts.world import good, good_tables, read

    folder = shutil.copytree(EXPORTS, tmp_path / "exports")
    text = (folder / "cases.yaml").read_text(encoding="utf-8")
    text = text.replace("tolerancePercent, value: 5", "tolerancePercent, value: 0")
    (folder / "cases.yaml").write_text(text, encoding="utf-8")
    wrong = [good("cases", case_id=f"X{i}", dispatched_at="昨天") for i in range(rows)]
    warehouse = Warehouse()
    intake = read(warehouse, {**good_tables(), "cases": [good("cases"), *wrong]})
    stops = [stop.zh for stop in validate(warehouse, intake, load_contracts(folder)).stops if "cases" in stop.zh]
    assert stops == [] if tolerated else "超过 5 行的 0%" in stops[0], stops


@pytest.mark.parametrize(("rows", "tolerated"), [(5, True), (6, False)])
def test_the_tolerated_share_itself_is_tolerated(rows, tolerated):
    from tests.contracts.world import good, good_tables, validated

    cases = [good("cases", case_id=f"C{i}", **({"dispatched_at": "昨天"} if i < rows else {})) for i in range(100)]
    stops = validated({**good_tables(), "cases": cases})[0].stops
    assert ([stop for stop in stops if "cases" in stop.zh] == []) is tolerated
