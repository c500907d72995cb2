"""The published tables: what other people and other systems read."""

import csv
import hashlib
import json
from collections import defaultdict
from decimal import Decimal

import jsonschema
import openpyxl
import pytest

from pipelines.paths import CONTRACTS
from pipelines.stages.publish import publish
from pipelines.views import tables
from tests.pages.fixture import FORMULA, HOSTILE, result, warehouse

COLUMNS = {
    "ranking": "period,unit_id,unit_name,unit_group,base,bonus,total,rank,group_rank,case_rows,measured_marks,"
               "grade,steady,note",
    "items": "period,unit_id,item_id,full_marks,deducted,score,measured_marks,note",
    "ledger": "entry_id,period,unit_id,item_id,rule_id,clause,month,case_id,ref_id,points,adjustment_id,detail",
    "quarantine": "table,file,line,key,column,promise,value,remedy",
}


def read(folder, name):
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_stand_in_the_order_of_the_interface(folder, name):
    content = (folder / f"{name}.csv").read_bytes()
    assert content.decode("utf-8").split("\n")[0] == "\ufeff" + COLUMNS[name]  # the mark by which Excel knows UTF-8
    assert b"\r\n" not in content


def test_the_ledger_adds_up_to_items_and_ranking(folder):
    sums = defaultdict(Decimal)
    for line in read(folder, "ledger"):
        sums[line["unit_id"], line["item_id"]] += Decimal(line["points"])
    base, bonus = defaultdict(Decimal), defaultdict(Decimal)
    for item in read(folder, "items"):
        lines = sums.pop((item["unit_id"], item["item_id"]), Decimal(0))
        assert Decimal(item["deducted"]) == lines
        assert Decimal(item["full_marks"]) + lines == Decimal(item["score"])
        (bonus if item["item_id"] == "A4" else base)[item["unit_id"]] += Decimal(item["score"])
    assert not sums
    for unit in read(folder, "ranking"):
        assert Decimal(unit["base"]) == base[unit["unit_id"]]
        assert Decimal(unit["bonus"]) == bonus[unit["unit_id"]]
        assert Decimal(unit["total"]) == base[unit["unit_id"]] + bonus[unit["unit_id"]]


def test_the_bonus_is_an_item_without_full_marks(folder):
    bonus = [item for item in read(folder, "items") if item["item_id"] == "A4"]
    assert len(bonus) == 6
    assert {item["full_marks"] for item in bonus} == {"0.00"}


def test_the_unranked_have_no_place_and_say_why(folder):
    last = read(folder, "ranking")[-1]
    assert (last["unit_id"], last["rank"], last["group_rank"]) == ("U005", "", "")
    assert "无应办结件" in last["note"]


def test_text_is_guarded_and_numbers_are_not(folder):
    ranking = {line["unit_id"]: line for line in read(folder, "ranking")}
    assert ranking[HOSTILE]["unit_name"] == "'" + FORMULA
    line = next(line for line in read(folder, "ledger") if line["unit_id"] == HOSTILE)
    assert (line["case_id"], line["ref_id"], line["detail"][:2]) == ("'=1+1", "'@x", "'+")
    assert line["points"] == "-0.50"
    assert next(line for line in read(folder, "quarantine") if line["line"] == "7")["value"].startswith("'=")


def test_free_text_carries_no_telephone_or_identity_number(folder):
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix != ".xlsx":
            content = file.read_text(encoding="utf-8")
            for secret in ("13812345678", "110101199003071234", "13912345678", "139-1234-5678", "张三"):
                assert secret not in content, f"{secret} in {file.name}"


def test_quarantine_has_a_line_for_every_broken_promise_with_its_remedy(folder):
    lines = read(folder, "quarantine")
    assert [(line["line"], line["remedy"]) for line in lines] == [("7", "核对办结时间"), ("12", "补上引号")]
    assert [line["promise"] for line in read(folder, "warnings")] == ["known_matter"]


def test_the_feed_keeps_its_published_schema(folder):
    schema = json.loads((CONTRACTS / "outputs" / "result.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    document = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
    document["ranking"][0]["total"] = 99.5
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema, jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", COLUMNS)
def test_the_feed_holds_the_same_rows_as_the_tables(folder, name):
    rows = json.loads((folder / "result.json").read_text(encoding="utf-8"))[name]
    written = [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]
    assert written == [{k: v.removeprefix("'") for k, v in line.items()} for line in read(folder, name)]


def test_the_feed_leads_to_every_page(folder):
    pages = json.loads((folder / "result.json").read_text(encoding="utf-8"))["pages"]
    assert set(pages) == set(result().scores)
    assert all((folder / page).is_file() for page in pages.values())


def test_the_manifest_names_every_output_with_its_hash(folder):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    files = {f.relative_to(folder).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest()
             for f in folder.rglob("*") if f.is_file() and f.name != "manifest.json"}
    assert manifest["outputs"] == files
    assert manifest["rows"]["cases"] == {"read": 6174, "accepted": 6172, "quarantined": 2}
    assert {i["file"]: i["sha256"] for i in manifest["inputs"]} == {"cases.csv": "a" * 64, "units.csv": "b" * 64}
    assert manifest["readings"] == {"satisfied": "full_only", "bonus_cap": "3"}
    assert str(folder.parent) not in json.dumps(manifest)


def test_the_workbook_holds_typed_numbers_and_no_formulas(folder):
    book = openpyxl.load_workbook(folder / "results.xlsx")
    assert book.sheetnames == ["说明", "排名", "分项", "台账"]
    sheet = book["排名"]
    assert sheet.freeze_panes == "A2"
    cells = [[(cell.value, cell.data_type) for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert (FORMULA, "s") in [row[2] for row in cells]
    assert cells[0][6] == (101.5, "n")
    assert "f" not in {kind for row in cells for _, kind in row}
    assert "模拟数据" in [row[0].value for row in book["说明"].iter_rows()]


def test_simulated_data_say_so_and_real_data_do_not(tmp_path, folder):
    real = publish(warehouse(), result(simulated=False), tmp_path, pdf=False).folder
    for name in ("ranking.csv", "items.csv", "result.json", "index.html", "bulletin.html", "units/U001.html"):
        assert "模拟数据" in (folder / name).read_text(encoding="utf-8")
        assert "模拟数据" not in (real / name).read_text(encoding="utf-8")


def test_two_publications_are_the_same_bytes(tmp_path, folder):
    again = publish(warehouse(), result(), tmp_path, pdf=False).folder
    names = sorted(f.relative_to(folder) for f in folder.rglob("*") if f.is_file())
    assert names == sorted(f.relative_to(again) for f in again.rglob("*") if f.is_file())
    assert [n for n in names if (folder / n).read_bytes() != (again / n).read_bytes()] == []


def test_points_never_read_minus_zero(folder):
    for name in ("ranking", "items", "ledger"):
        for line in read(folder, name):
            assert "-0.00" not in [line[column] for column in line if column in tables.NUMBERS]
