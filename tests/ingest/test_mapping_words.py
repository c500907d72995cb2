"""The words of the mapping language: every example of the manual, and what lies at the edges of each."""

import csv
import io
import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from pipelines.contracts.declared import load_contracts
from pipelines.exports.mapping import declarations, load_source, vocabulary
from pipelines.model.words import UsageRefusal
from scripts import mapping_reference
from tests.ingest.reading import read

FILLED = {
    "case_id": "1", "unit_id": "U1", "dispatched_at": "2026-07-01 09:00:00", "sign_due_at": "2026-07-02 09:00:00",
    "reply_due_at": "2026-07-09 17:00:00",
}
EXAMPLES = [
    (block, word) for block, words in declarations().items() for word, facts in words.items() if "example" in facts
]


def whole(says: dict, given: dict[str, str], table: str = "cases", filled: bool = True, **more) -> str:
    """A mapping of these words for a table; required columns that nobody names are filled in."""
    columns = dict(says.get("columns", {}))
    there = " ".join(given.values())
    if filled and table == "cases":
        columns = {name: {"constant": value} for name, value in FILLED.items()
                   if name not in columns and name not in there} | columns
    block = says | ({"columns": columns} if columns else {})
    document = {
        "name": "town",
        "title": {"zh": "某市", "en": "Town"},
        "format": "2",
        "tables": {table: block or {"encoding": "utf-8"}},
    }
    return yaml.safe_dump(document | more, allow_unicode=True, sort_keys=False)


def read_by(folder: Path, mapping: str, given: dict[str, str], beside: dict[str, str] | None = None):
    """Files of a folder by a mapping, with the files beside it."""
    (folder / "exports").mkdir(parents=True)
    for name, content in given.items():
        (folder / "exports" / name).write_text(content, encoding="utf-8")
    for name, content in {"town.yaml": mapping, **(beside or {})}.items():
        (folder / name).write_text(content, encoding="utf-8")
    return read(folder / "exports", folder / "town.yaml")


def rows(town, table: str, columns: list[str]) -> list[dict]:
    return [{name: row[name] or "" for name in columns} for row in town.tables[table]]


@pytest.mark.parametrize(("block", "word"), EXAMPLES)
def test_every_example_of_the_manual_reads_as_it_says(tmp_path, block, word):
    example = declarations()[block][word]["example"]
    table, says = example.get("table", "cases"), example["says"]
    more = {"absent": says["absent"]} if "absent" in says else {}
    mapping = whole({} if more else says, example["given"], table, **more)
    town = read_by(tmp_path, mapping, example["given"], example.get("beside"))
    expected = list(csv.DictReader(io.StringIO(example["reads"])))
    assert [stop for stop in town.stops.splitlines() if "the required table" not in stop] == []
    assert rows(town, table, list(expected[0])) == expected
    assert [breach.promise for breach in town.intake.breaches] == example.get("faults", [])


def test_every_word_that_is_no_detail_of_another_has_an_example():
    without = {f"{block}.{word}" for block, words in declarations().items() for word, facts in words.items()
               if "example" not in facts and block in ("table", "column")}
    assert without == {"table.encoding", "table.sheet", "table.sheets", "column.by", "column.take"}


def test_manual_and_schema_are_those_of_the_vocabulary():
    for file, content in mapping_reference.files().items():
        assert file.read_text(encoding="utf-8") == content, "make reference"


def test_the_schema_takes_what_the_loader_takes_and_nothing_else(tmp_path):
    schema = json.loads(mapping_reference.SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    for block, word in EXAMPLES:
        says = declarations()[block][word]["example"]["says"]
        document = yaml.safe_load(whole({} if "absent" in says else says, {}, filled=False))
        assert [error.message for error in validator.iter_errors(document)] == [], word
    good = yaml.safe_load(whole({"columns": {"case_id": "No"}}, {}, filled=False))
    for wrong in (
        {"tabels": {}},
        {"format": "3"},
        {"tables": {"cases": {"where": {"S": {"no_in": []}}}}},
        {"name": 7.5},
    ):
        if "name" not in wrong:
            assert list(validator.iter_errors(good | wrong)), wrong


# Refusals as the mapping loads: (words of a column or a table, what is said)
REFUSED = {
    "pattern_group": ({"columns": {"case_id": {"from": "N", "pattern": "(a)"}}}, "a group called value"),
    "pattern_wrong": ({"columns": {"case_id": {"from": "N", "pattern": "(?P<value>"}}}, "no regular expression"),
    "with": ({"columns": {"case_id": {"constant": "1", "format": "%Y"}}}, "format goes only with: from、join、first_of"),  # noqa: E501
    "take": ({"columns": {"channel": {"lookup": "g.csv", "by": "unit_id"}}}, "take is missing"),
    "no_order": ({"columns": {"channel": {"worst_of": ["a"]}}}, "no order from good to bad"),
    "no_moment": ({"columns": {"case_id": {"from": "N", "end_of_day": "true"}}}, "case_id is no moment"),
    "span_order": ({"columns": {"sign_due_at": {"working_hours_after": {
        "column": "dispatched_at", "hours": 1, "day": ["14:00-18:00", "09:00-12:00"]}}}}, "spans such as 09:00-12:00"),
    "span_empty": ({"columns": {"sign_due_at": {"working_hours_after": {
        "column": "dispatched_at", "hours": 1, "day": ["09:00-09:00"]}}}}, "spans such as 09:00-12:00"),
    "zone": ({"zone": "America/New York"}, "the nearest is America/New_York"),
    "two": ({"sheet": "a", "sheets": "b*"}, "either sheet or sheets"),
    "twice": ({"unpivot": {"names": "m", "values": "m", "columns": ["a"]}}, "must differ"),
    "beside": ({"columns": {"channel": {"from": "c", "values_from": "aliases.cvs"}}}, "the nearest is aliases.csv"),
    "outside": ({"columns": {"channel": {"from": "c", "values_from": "../a.csv"}}}, "not a path"),
    "no_header": ({"columns": {"channel": {"from": "c", "values_from": "headless.csv"}}}, "its headers: 甲、乙"),
    "contradicts": ({"columns": {"channel": {"from": "c", "values_from": "twice.csv"}}}, "twice.csv, line 3"),
    "no_value": ({"columns": {"role": {"from": "c", "values_from": "aliases.csv"}}}, "aliases.csv, line 2: 主力 is not known"),  # noqa: E501
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_refused_as_the_mapping_loads(tmp_path, case):
    says, said = REFUSED[case]
    (tmp_path / "aliases.csv").write_text("值,读作\n主,主力\n", encoding="utf-8")
    (tmp_path / "headless.csv").write_text("甲,乙\n丙,丁\n", encoding="utf-8")
    (tmp_path / "twice.csv").write_text("值,读作\n主,1\n主,2\n", encoding="utf-8")
    (tmp_path / "town.yaml").write_text(whole(says, {}, filled=False), encoding="utf-8")
    with pytest.raises(UsageRefusal) as refusal:
        load_source(tmp_path / "town.yaml", load_contracts())
    assert said in refusal.value.words.en and "town.yaml, line " in refusal.value.words.en


def test_a_mapping_is_another_one_when_a_file_beside_it_is(tmp_path):
    (tmp_path / "town.yaml").write_text(
        whole({"columns": {"channel": {"from": "c", "values_from": "a.csv"}}}, {}, filled=False), encoding="utf-8"
    )
    found = []
    for content in ("值,读作\n甲,1\n", "值,读作\n甲,2\n"):
        (tmp_path / "a.csv").write_text(content, encoding="utf-8")
        found.append(load_source(tmp_path / "town.yaml", load_contracts()).sha256)
    assert found[0] != found[1]


# Edges of single words.


def test_all_values_that_are_not_listed_are_told_with_their_counts_the_most_frequent_first(tmp_path):
    says = {"columns": {"role": {"from": "Part", "values": {"L": "lead"}}}}
    given = {"cases.csv": "case_id,Part\n" + "".join(f"{i},{part}\n" for i, part in enumerate("LXYYZZZ"))}
    town = read_by(tmp_path, whole(says, given), given)
    assert (
        "6 values of role are not listed in the source mapping, 3 different: Z (3)、Y (2)、X (1)" in town.notices
    )
    [notice] = [one for receipt in town.intake.receipts for one in receipt.notices if one.kind == "unlisted_values"]
    assert "Z" not in notice.public.en and "6 values" in notice.public.en and notice.table == "cases"


def test_a_kept_value_is_told_as_well_and_a_restricted_one_is_not_shown(tmp_path):
    says = {"columns": {"channel": {"from": "Src", "values": {"a": "b", "*": "keep"}},
                        "title": {"from": "T", "values": {"a": "b", "*": "keep"}}}}
    given = {"cases.csv": "case_id,Src,T\n1,web,secret\n"}
    town = read_by(tmp_path, whole(says, given), given)
    assert "1 value of channel is not listed in the source mapping, 1 different: web (1)" in town.notices
    assert "secret" not in town.notices and "1 value of title" in town.notices


@pytest.mark.parametrize(("moment", "reads", "fault"), [
    ("2026-03-08 01:59:59", "2026-03-08 14:59:59", ""), ("2026-03-08 02:00:00", None, "no_such_hour"),
    ("2026-03-08 02:59:59", None, "no_such_hour"), ("2026-03-08 03:00:00", "2026-03-08 15:00:00", ""),
    ("2026-11-01 00:59:59", "2026-11-01 12:59:59", ""), ("2026-11-01 01:00:00", None, "hour_twice"),
    ("2026-11-01 02:00:00", "2026-11-01 15:00:00", ""), ("9999-12-31 20:00:00", None, "beyond_calendar"),
])
def test_a_zone_converts_by_its_own_summer_time_and_guesses_no_hour(tmp_path, moment, reads, fault):
    given = {"cases.csv": f"case_id,replied_at\n1,{moment}\n2,\n"}
    town = read_by(tmp_path, whole({"zone": "America/New_York"}, given), given)
    assert [row["replied_at"] for row in town.tables["cases"]] == ([reads] if reads else []) + [None]
    assert [breach.promise for breach in town.intake.breaches] == ([fault] if fault else [])


def test_conversions_are_told_once_a_file_with_their_number(tmp_path):
    given = {
        "cases.csv": "case_id,replied_at,closed_at\n1,2026-07-01 01:00,2026-07-01 02:00\n2,2026-07-01T01:00:00Z,\n"
    }
    town = read_by(tmp_path, whole({"zone": "UTC"}, given), given)
    assert "2 moments (replied_at、closed_at) were converted from UTC to Asia/Shanghai" in town.notices
    assert "1 moment of replied_at carries an offset (such as 2026-07-01T01:00:00Z)" in town.notices
    assert town.ids(column="replied_at") == ["2026-07-01 09:00:00", "2026-07-01T01:00:00Z"]


def test_offsets_are_told_without_a_mapping_too_and_plain_moments_are_not(tmp_path):
    (tmp_path / "units.csv").write_text("unit_id,unit_name,unit_group\nU1,甲,区县\n", encoding="utf-8")
    header = ",".join(FILLED)
    lines = [
        "1,U1,2026-07-01T09:00:00+08:00,2026-07-02 09:00,2026-07-09 17:00",
        "2,U1,2026-07-01 09:00,2026-07-02 09:00,2026-07-09 17:00",
    ]
    (tmp_path / "cases.csv").write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    told = [line for line in read(tmp_path).notices.splitlines() if "offset" in line]
    assert told == [
        "cases.csv: 1 moment of dispatched_at carries an offset (such as 2026-07-01T09:00:00+08:00) and was converted to the time of Asia/Shanghai"  # noqa: E501
    ]


def working_hours(folder: Path, start: str, hours: int) -> str | None:
    """Four hours and three hours a day, from a Friday on."""
    says = {"columns": {"sign_due_at": {"working_hours_after": {
        "column": "dispatched_at", "hours": hours, "day": ["09:00-12:00", "14:00-18:00"]}}}}
    given = {"cases.csv": f"case_id,dispatched_at\n1,{start}\n"}
    return read_by(folder, whole(says, given), given).ids(column="sign_due_at")[0]


@pytest.mark.parametrize(("start", "hours", "end"), [
    ("2026-07-03 08:00", 3, "2026-07-03 12:00:00"), ("2026-07-03 12:00", 1, "2026-07-03 15:00:00"),
    ("2026-07-03 13:00", 4, "2026-07-03 18:00:00"), ("2026-07-03 13:00", 5, "2026-07-06 10:00:00"),
    ("2026-07-03 18:00", 1, "2026-07-06 10:00:00"), ("2026-07-04 10:00", 7, "2026-07-06 18:00:00"),
    ("2026-07-03 09:30", 14, "2026-07-07 09:30:00"), ("2026-07-03 09:30", 0, "2026-07-03 09:30:00"),
])
def test_working_hours_are_those_of_working_days_alone(tmp_path, start, hours, end):
    assert working_hours(tmp_path, start, hours) == end


@pytest.mark.parametrize(("cells", "choice", "reads"), [
    (("基本满意", "不满意", "不满意"), "mean_of", "dissatisfied"), (("满意", "满意", "不满意"), "mean_of", "basically_satisfied"),  # noqa: E501
    (("满意", "满意", "基本满意"), "mean_of", "satisfied"), (("满意", "未评价", ""), "worst_of", "satisfied"),
    (("未评价", "", ""), "best_of", None), (("基本满意", "不满意", "满意"), "worst_of", "dissatisfied"),
])
def test_ratings_of_several_columns_go_by_their_order(tmp_path, cells, choice, reads):
    given = {"cases.csv": f"case_id,a,b,c\n1,{','.join(cells)}\n"}
    town = read_by(tmp_path, whole({"columns": {"public_rating": {choice: ["a", "b", "c"]}}}, given), given)
    assert town.ids(column="public_rating") == [reads]


def test_a_rating_of_several_that_nobody_knows_is_a_fault_of_its_row(tmp_path):
    given = {"cases.csv": "case_id,a,b\n1,满意,还行\n2,满意,满意\n"}
    town = read_by(tmp_path, whole({"columns": {"public_rating": {"worst_of": ["a", "b"]}}}, given), given)
    assert [(b.line, b.promise, b.value) for b in town.intake.breaches] == [(2, "unmapped_value", "还行")]


@pytest.mark.parametrize(("cells", "choice", "reads"), [
    (("1", "2"), "mean_of", "1.50"), (("0.01", "0.02"), "mean_of", "0.02"), (("1", "1", "2"), "mean_of", "1.33"),
    (("10", "9"), "worst_of", "9"), (("10", "9"), "best_of", "10"), (("1.234", "2"), "worst_of", "1.234"),
])
def test_numbers_of_several_columns_are_exact(tmp_path, cells, choice, reads):
    names = [f"m{i}" for i in range(len(cells))]
    given = {"assessments.csv": f"unit_id,item_id,{','.join(names)}\nU1,A1.1,{','.join(cells)}\n"}
    town = read_by(tmp_path, whole({"columns": {"score": {choice: names}}}, given, "assessments"), given)
    assert town.ids("assessments", "score") == [reads]


def test_a_number_of_several_that_is_none_is_a_fault(tmp_path):
    given = {"assessments.csv": "unit_id,item_id,a,b\nU1,A1.1,3,三\n"}
    town = read_by(tmp_path, whole({"columns": {"score": {"mean_of": ["a", "b"]}}}, given, "assessments"), given)
    assert [(b.line, b.promise, b.value) for b in town.intake.breaches] == [(2, "not_a_number", "三")]


def test_what_is_worked_out_lasts_until_the_end_of_its_day_where_the_mapping_says_so(tmp_path):
    says = {
        "columns": {
            "reply_due_at": {"working_days_after": {"column": "dispatched_at", "days": 1}, "end_of_day": "true"}
        }
    }
    given = {"cases.csv": "case_id,dispatched_at\n1,2026-07-03 09:05\n"}
    assert read_by(tmp_path, whole(says, given), given).ids(column="reply_due_at") == ["2026-07-06 23:59:59"]


def test_a_day_of_another_zone_ends_with_the_day_of_that_zone(tmp_path):
    says = {"zone": "UTC", "columns": {"reply_due_at": {"from": "Due", "format": "%Y-%m-%d", "end_of_day": "true"}}}
    given = {"cases.csv": "case_id,Due\n1,2026-07-09\n"}
    assert read_by(tmp_path, whole(says, given), given).ids(column="reply_due_at") == ["2026-07-10 07:59:59"]


def test_row_numbers_tell_files_of_a_table_apart_and_stay_with_their_file(tmp_path):
    says = {"files": "受理_*.csv", "columns": {"case_id": {"row_number": "true"}}}
    july, august = {"受理_07.csv": "title\n甲\n乙\n"}, {"受理_08.csv": "title\n丙\n"}
    one = read_by(tmp_path / "one", whole(says, july), july).ids()
    both = read_by(tmp_path / "both", whole(says, july), july | august).ids()
    assert one == ["受理_07.csv:2", "受理_07.csv:3"] == both[:2] and both[2:] == ["受理_08.csv:2"]


def test_row_numbers_of_unpivoted_rows_differ(tmp_path):
    says = {"files": "cases.csv", "unpivot": {"names": "m", "values": "n", "columns": ["7月", "8月"]},
            "columns": {"case_id": {"row_number": "true"}, "channel": "n"}}
    given = {"cases.csv": "单位,7月,8月\n甲,1,2\n"}
    assert read_by(tmp_path, whole(says, given), given).ids() == ["2:7月", "2:8月"]


def test_unpivoted_rows_add_up_and_an_empty_cell_is_a_blank_row(tmp_path):
    says = {
        "unpivot": {"names": "m", "values": "n", "columns": ["7月", "8月"]},
        "columns": {"case_id": "n", "channel": "m"},
    }
    given = {"cases.csv": "单位,7月,8月\n甲,11,\n乙,21,22\n"}
    town = read_by(tmp_path, whole(says, given), given)
    receipt = town.receipt()
    assert (town.ids(), receipt.records, receipt.blank) == (["11", "21", "22"], 4, 1)


@pytest.mark.parametrize(("unpivot", "said"), [
    ({"names": "m", "values": "n", "columns": ["7月", "9月"]}, "the header “9月” of the source mapping is there 0 times"),  # noqa: E501
    ({"names": "单位", "values": "n", "columns": ["7月"]}, "the header “单位” that unpivot is to make is in the file already"),  # noqa: E501
])
def test_an_unpivot_that_does_not_fit_the_file_is_a_stop(tmp_path, unpivot, said):
    given = {"cases.csv": "单位,7月,8月\n甲,11,12\n"}
    assert said in read_by(tmp_path, whole({"unpivot": unpivot, "columns": {"case_id": "n"}}, given), given).stops


def test_what_is_made_from_a_column_that_nobody_has_is_a_stop(tmp_path):
    says = {"columns": {"closed_at": {"days_after": {"column": "received_at", "days": 1}}}}
    given = {"cases.csv": "case_id\n1\n"}
    assert "makes closed_at from received_at" in read_by(tmp_path, whole(says, given), given).stops


def test_a_flag_that_says_both_is_a_fault_even_where_silence_is_open(tmp_path):
    flag = {"deadline": "reply_due_at", "on_time": {"Good": "1"}, "late": {"Bad": "1"}, "open": ["", "0"]}
    given = {"cases.csv": "case_id,Good,Bad\n1,1,1\n2,0,\n3,0,x\n4,,1\n"}
    town = read_by(tmp_path, whole({"columns": {"replied_at": {"by_flag": flag}}}, given), given)
    assert [(row["case_id"], row["replied_at"]) for row in town.tables["cases"]] == [
        ("2", None),
        ("4", "2026-07-09 17:00:01"),
    ]
    assert [(b.line, b.promise) for b in town.intake.breaches] == [(2, "flag"), (4, "flag")]


# JSON.


@pytest.mark.parametrize(("content", "ids"), [
    ('[{"case_id": "1"}, {"case_id": 20260700000000000001}]', ["1", "20260700000000000001"]),
    ("[]", []), (' [\n{"case_id": "1"}\n]\n ', ["1"]),
])
def test_an_array_of_objects_is_a_table(tmp_path, content, ids):
    given = {"cases.json": content}
    assert read_by(tmp_path, whole({}, {"cases.json": "case_id"}), given).ids() == ids


@pytest.mark.parametrize(("content", "said"), [
    ('[{"case_id": "1"}', "no JSON"), ('[{"case_id": "1"}] x', "no JSON"), ('[{"case_id": "1"},', "no JSON"),
    ('{"items": [{"case_id": "1"}]}', "(there are: items)"), ("", "no JSON"), ('"x"', "no array"), ("[" * 100_000, "no JSON"),  # noqa: E501
])
def test_json_that_is_none_to_its_end_is_a_stop(tmp_path, content, said):
    assert said in read_by(tmp_path, whole({}, {"cases.json": "case_id"}), {"cases.json": content}).stops


def test_an_element_that_is_no_sound_object_is_a_fault_with_its_line(tmp_path):
    content = '[\n{"case_id": "1"},\n7,\n{"case_id": "2", "case_id": "3"},\n{"case_id": [1]},\n{"case_id": "4"}\n]'
    town = read_by(tmp_path, whole({}, {"cases.json": "case_id"}), {"cases.json": content})
    assert (town.ids(), town.faults) == (["1", "4"], [(3, "json"), (4, "json"), (5, "json")])


@pytest.mark.parametrize("path", ["recent", "recent.itmes", "recent.items.0"])
def test_a_path_that_leads_to_no_array_is_a_stop_that_names_what_is_there(tmp_path, path):
    town = read_by(
        tmp_path, whole({"path": path}, {"cases.json": "case_id"}), {"cases.json": '{"n": 1, "recent": {"items": []}}'}
    )
    assert "no array of objects" in town.stops and "cases.json" in town.stops


def test_an_array_that_is_wrapped_is_named_with_its_path(tmp_path):
    content = '{"code": 0, "data": {"total": 1, "rows": [{"case_id": "1"}]}}'
    town = read_by(tmp_path, whole({}, {"cases.json": "case_id"}), {"cases.json": content})
    assert "no array of objects outermost (there are: code、data); data.rows looks like it" in town.stops


def test_dotted_names_reach_into_json_lines_too(tmp_path):
    says = {"files": "cases.jsonl", "columns": {"case_id": "no", "unit_id": "office.id", "channel": "office.kind.name"}}
    given = {
        "cases.jsonl": '{"no": 1, "office": {"id": "A", "kind": {"name": "街道"}}}\n{"no": 2, "office": {"id": "B"}}\n'
    }
    town = read_by(tmp_path, whole(says, given), given)
    assert rows(town, "cases", ["case_id", "unit_id", "channel"]) == [
        {"case_id": "1", "unit_id": "A", "channel": "街道"}, {"case_id": "2", "unit_id": "B", "channel": ""}]  # noqa: E501


def test_every_kind_of_word_is_one_that_the_loader_checks():
    from pipelines.exports.mapping import _KINDS

    assert {word.kind for words in vocabulary().values() for word in words.values()} == set(_KINDS)


# Sheets of a workbook.


def book(folder: Path, sheets: dict[str, list[list[str]]]) -> None:
    import xlsxwriter

    folder.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(folder / "受理.xlsx") as workbook:
        for name, lines in sheets.items():
            sheet = workbook.add_worksheet(name)
            for line, cells in enumerate(lines):
                sheet.write_row(line, 0, cells)


def test_sheets_by_a_pattern_are_one_table_and_others_are_left(tmp_path):
    head = ["case_id"]
    sheets = {"说明": [["只是说明"]], "7月": [head, ["1"]], "8月": [head, ["2"]], "旧数据": [head, ["9"]]}
    book(tmp_path / "exports", sheets)
    (tmp_path / "town.yaml").write_text(whole({"files": "受理.xlsx", "sheets": "*月"}, {"": "case_id"}), "utf-8")
    town = read(tmp_path / "exports", tmp_path / "town.yaml")
    assert town.ids() == ["1", "2"]
    assert "only the sheet “7月、8月” was read, not: 说明、旧数据" in town.notices


@pytest.mark.parametrize(("asked", "others"), [("7月", "8月"), ("8月", "7月")])
def test_sheets_that_a_mapping_does_not_choose_are_told(asked, others, tmp_path):
    book(tmp_path / "exports", {"7月": [["case_id"], ["1"]], "8月": [["case_id"], ["2"]]})
    (tmp_path / "town.yaml").write_text(whole({"files": "受理.xlsx", "sheet": asked}, {"": "case_id"}), "utf-8")
    told = read(tmp_path / "exports", tmp_path / "town.yaml").notices
    assert f"only the sheet “{asked}” was read, not: {others}" in told


def test_nothing_is_told_of_sheets_that_are_all_chosen(tmp_path):
    book(tmp_path / "exports", {"7月": [["case_id"], ["1"]]})
    (tmp_path / "town.yaml").write_text(whole({"files": "受理.xlsx", "sheet": "7月"}, {"": "case_id"}), "utf-8")
    assert "was read, not" not in read(tmp_path / "exports", tmp_path / "town.yaml").notices


def test_a_pattern_that_no_sheet_has_is_a_stop_that_names_the_sheets(tmp_path):
    book(tmp_path / "exports", {"一月": [["case_id"], ["1"]]})
    (tmp_path / "town.yaml").write_text(whole({"files": "受理.xlsx", "sheets": "*季"}, {"": "case_id"}), "utf-8")
    assert "no sheet “*季”; it has: 一月" in read(tmp_path / "exports", tmp_path / "town.yaml").stops
