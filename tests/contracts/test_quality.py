"""The second check: every promise reaches Great Expectations, and both checkers count the same rows."""

import json
import re
from collections import Counter
from dataclasses import replace

import pytest

from pipelines.contracts import quality
from pipelines.contracts.expectations import COMPILERS, checks_of
from pipelines.contracts.promises import ON_SCALE, REFERENCES, SUCCESSION, VOCABULARY
from pipelines.contracts.quality import Quality, start_quality
from pipelines.edges.warehouse import Warehouse
from pipelines.model.contract import Contracts
from pipelines.model.period import Period
from pipelines.model.words import ContractStop, Refusal
from pipelines.stages.validate import ROW_CHECKS, validate
from tests.contracts.test_broken import examples, rows_of
from tests.contracts.world import CONTRACTS, IMPLIED, good, good_tables, read

EVERY_TABLE = frozenset(CONTRACTS.tables)
# Parsing has settled these before a row can be accepted: what is left of them is told apart by hand below.
SETTLED = ("type", "enum", "decimals", "duplicate_row", "duplicate_key")


def lenient(contracts: Contracts) -> Contracts:
    """The same contracts with every promise a warning, so that rows which break them are kept."""
    tables = {
        name: replace(table, promises=tuple(replace(p, severity="warn") for p in table.promises))
        for name, table in contracts.tables.items()
    }
    return Contracts(tables)


def broken_tables() -> dict[str, list[dict]]:
    """The good rows and every broken example of every table that both checkers can see."""
    kinds = {p.id: p.kind for table in CONTRACTS.tables.values() for p in table.promises}
    tables = good_tables()
    for table in CONTRACTS.tables:
        for number, example in enumerate(examples(table), 1):
            if not {kinds[promise] for promise in example["breaks"]} & set(SETTLED):
                tables[table] += rows_of(table, example, number)
    return tables


def start(tables: dict, contracts: Contracts, work, simulated: bool = False, period: Period | None = None) -> Quality:
    warehouse = Warehouse()
    intake = read(warehouse, tables, simulated=simulated)
    validation = validate(warehouse, intake, contracts, period)
    warehouse.lock(work)
    return start_quality(warehouse, intake, validation, contracts, (), work)


@pytest.fixture(scope="module")
def checked_twice(tmp_path_factory):
    """The report on broken rows that were kept: both checkers saw the same rows."""
    folder = start(broken_tables(), lenient(CONTRACTS), tmp_path_factory.mktemp("work"), simulated=True).result()
    return json.loads((folder / "report.json").read_text(encoding="utf-8")), folder


def test_every_kind_of_promise_is_executed_by_both_checkers():
    in_sql = {*ROW_CHECKS, *REFERENCES, "unique", "duplicate_row", "duplicate_key",
              "one_spelling", "spelled_as", "number_in_any", "no_part_beside", "within_whole", *SUCCESSION}
    assert in_sql == set(COMPILERS) == {*VOCABULARY, *IMPLIED, ON_SCALE}


@pytest.mark.parametrize("table", CONTRACTS.tables)
def test_every_promise_is_compiled_to_an_expectation(table):
    contract = CONTRACTS.tables[table]
    compiled = Counter(id for check in checks_of(contract, contract.promises, EVERY_TABLE) for id in check.promises)
    assert set(compiled) == {promise.id for promise in contract.promises}


def test_a_promise_of_an_unknown_kind_is_an_error_and_not_left_out():
    contract = CONTRACTS.tables["units"]
    with pytest.raises(KeyError):
        checks_of(contract, (replace(contract.promises[0], kind="hoped"),), EVERY_TABLE)


def test_both_checkers_count_the_same_rows_for_every_promise(checked_twice):
    report, _ = checked_twice
    kinds = {(p.table, p.id): p.kind for table in CONTRACTS.tables.values() for p in table.promises}
    compared = 0
    for table in report["tables"]:
        for promise in table["promises"]:
            unexpected = sum(outcome["unexpected"] or 0 for outcome in promise["expectations"])
            assert (promise["promise"], unexpected) == (promise["promise"], promise["broken"])
            if kinds[table["table"], promise["promise"]] not in SETTLED:
                assert unexpected > 0, f"{promise['promise']} was never broken"
                compared += 1
    assert compared > 60


def test_a_long_table_is_checked_like_a_short_one(tmp_path, monkeypatch):
    """Of a long one, expectations have frames of their own columns."""
    from pipelines.contracts import quality_process

    warehouse, contracts = Warehouse(), lenient(CONTRACTS)
    validate(warehouse, read(warehouse, broken_tables()), contracts)
    rows = {name: tmp_path / f"{name}.parquet" for name in contracts.tables}
    for name, table in contracts.tables.items():
        warehouse.run_template("checks/export", table=name, columns=list(table.columns), file=rows[name])
    promises = {name: table.promises for name, table in contracts.tables.items()}
    job = ([*contracts.tables.values()], promises, EVERY_TABLE, (), rows, tmp_path)
    short = quality_process.outcomes(*job)
    monkeypatch.setattr(quality_process, "LONG", 0)
    assert quality_process.outcomes(*job) == short
    assert {outcome["outcome"] for outcome in short} == {"kept", "broken"}


def test_no_expectation_raised_and_every_promise_was_checked(checked_twice):
    report, _ = checked_twice
    assert report["expectations"]["error"] == 0
    assert {p["second_check"] for table in report["tables"] for p in table["promises"]} == {"kept", "broken"}


def test_the_page_is_chinese_labelled_and_escaped(checked_twice):
    _, folder = checked_twice
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert 'lang="zh-CN"' in page and "数据质量报告" in page and "模拟" in page
    assert "<script" not in page


def test_the_page_opens_with_what_is_to_be_mended_and_folds_what_was_kept(tmp_path):
    cases = [good("cases", case_id=f"C{n}", unit_id=unit) for n, unit in enumerate(["U9"] * 7)]
    tables = {**good_tables(), "cases": [*good_tables()["cases"], *cases, good("cases", case_id="C9", reply_due_at="")]}
    folder = start(tables, CONTRACTS, tmp_path).result()
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert [(cause["promise"], cause["count"], len(cause["rows"])) for cause in report["mend"]] == [
        ("unit_id_in_units", 7, 5),
        ("reply_due_at_required", 1, 1),
    ]
    page = (folder / "index.html").read_text(encoding="utf-8")
    heads = re.findall("<h2>(.*?)</h2>", page)
    assert heads[0] == "先改什么" and heads[-1] == "各项约定" and "另有 2" in re.sub(r"\s+", " ", page)
    shown, folded = page.split("<h2>各项约定</h2>")[1].split("<details>", 1)
    assert "unit_id_in_units" in shown and "reply_due_at_required" in shown and "case_id_required" not in shown
    assert "case_id_required" in folded


def test_nothing_to_mend_is_said(tmp_path):
    folder = start(good_tables(), CONTRACTS, tmp_path).result()
    assert "没有要改的" in (folder / "index.html").read_text(encoding="utf-8")


def test_what_is_told_of_a_whole_file_is_a_sentence_without_ids(tmp_path):
    late = [good("cases", case_id=f"C{n}", replied_at="2026-09-29 10:00:00", closed_at="2026-09-28 10:00:00")
            for n in range(20)]
    folder = start({**good_tables(), "cases": late}, CONTRACTS, tmp_path, period=Period.parse("2026Q3")).result()
    page = (folder / "index.html").read_text(encoding="utf-8")
    kept = page.split("<h2>保留并提示的行</h2>")[1].split("</ul>")[0]
    [told] = [line for line in re.findall("<li>(.*?)</li>", kept) if "像是对调了" in line]
    assert told.startswith("cases.csv：《诉求件》") and "reversed" not in told


def test_values_of_the_wrong_type_are_found_by_the_expectations():
    import pandas as pd

    from pipelines.contracts.quality_process import gx, suite_outcomes

    contract = CONTRACTS.tables["assessments"]
    settled = tuple(p for p in contract.promises if p.kind in SETTLED)
    checks = checks_of(contract, settled, EVERY_TABLE)
    frame = pd.DataFrame({"unit_id": ["U1", "U1"], "item_id": ["B9", "B9"], "score": [4.125, 4.125],
                          "score as text": ["4.125", "4.125"]})
    source = gx.get_context(mode="ephemeral").data_sources.add_pandas("test")
    batch = source.add_dataframe_asset("t").add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    found = suite_outcomes(batch, "assessments", checks)
    assert {outcome["outcome"] for outcome in found} == {"broken"}
    cases = CONTRACTS.tables["cases"]
    missing = suite_outcomes(batch, "cases", checks_of(cases, (cases.promises[2],), EVERY_TABLE))
    assert [outcome["outcome"] for outcome in missing] == ["error"]
    assert "case_id" in missing[0]["error"]


def test_the_same_data_gives_the_same_bytes_and_a_hostile_name_is_escaped(tmp_path):
    tables = {"units": [good("units")], "cases": [good("cases", matter_id="<script>alert(1)</script>")], "matters": []}
    folders = [start(tables, CONTRACTS, _new(tmp_path / name)) for name in ("one", "two")]
    written = [{path.name: path.read_bytes() for path in one.result().iterdir()} for one in folders]
    assert written[0] == written[1]
    assert set(written[0]) == {"report.json", "index.html", "index.en.html"}
    for name in ("index.html", "index.en.html"):
        assert b"<script>alert" not in written[0][name]
        assert b"&lt;script&gt;alert" in written[0][name]


def test_an_accepted_row_that_breaks_a_promise_stops_the_run(tmp_path):
    warehouse = Warehouse()
    intake = read(warehouse, good_tables())
    validation = validate(warehouse, intake, CONTRACTS)
    rows = warehouse.arrow("accepted.cases").to_pylist()
    import pyarrow as pa

    schema = warehouse.arrow("accepted.cases").schema
    warehouse.store("accepted.cases", pa.Table.from_pylist([{**rows[0], "unit_id": "U404"}], schema=schema))
    with pytest.raises(ContractStop) as stop:
        start_quality(warehouse, intake, validation, CONTRACTS, (), tmp_path).result()
    assert all(fact in stop.value.words.zh for fact in ("cases", "unit_id_in_units", "1 行"))


def test_a_check_that_ends_early_is_a_refusal_with_its_reason(tmp_path):
    begun = start({"units": [good("units")], "cases": [good("cases")]}, CONTRACTS, tmp_path)
    begun.stop()
    with pytest.raises(Refusal, match="没有做完"):
        begun.result()


def test_checks_share_one_loaded_library_and_one_that_was_killed_is_loaded_again(tmp_path):
    tables = {"units": [good("units")], "cases": [good("cases")]}
    first = start(tables, CONTRACTS, _new(tmp_path / "first"))
    process = quality._library[0].process
    second = start(tables, CONTRACTS, _new(tmp_path / "second"))
    assert first.result().is_dir() and second.result().is_dir()
    assert quality._library[0].process is process
    process.kill()
    process.wait()
    assert start(tables, CONTRACTS, _new(tmp_path / "third")).result().is_dir()
    assert quality._library[0].process is not process


def _new(folder):
    folder.mkdir()
    return folder
