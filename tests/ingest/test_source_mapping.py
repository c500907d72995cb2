"""Source mappings: what they make of a foreign export, and what they refuse."""

from itertools import pairwise
from pathlib import Path
from textwrap import dedent

import pytest

from pipelines.contracts.declared import load_contracts
from pipelines.edges.warehouse import Warehouse
from pipelines.exports.mapping import load_source
from pipelines.model.intake import RowCount
from pipelines.model.words import UsageRefusal
from pipelines.stages.ingest import ingest
from pipelines.stages.validate import validate
from tests.contracts.world import outcomes
from tests.ingest.reading import read

MAPPING = """
name: town
title: {zh: 某市, en: Town}
note: {zh: 无评价, en: no ratings}
tables:
  cases:
    files: ["requests*.csv"]
    null_values: ["-"]
    columns:
      case_id: No
      unit_id: Office
      role: {from: Part, values: {L: lead, A: assist}}
      dispatched_at: {from: Made, format: ["%m/%d/%Y %I:%M %p", "%Y%m%d"]}
      reply_due_at: {working_days_after: {column: dispatched_at, days: 2}}
      closed_at: {days_after: {column: dispatched_at, days: 3}}
      replied_at:
        by_flag: {deadline: reply_due_at, on_time: {Good: "1"}, late: {Bad: "1"}}
  units:
    files: ["requests*.csv"]
    null_values: ["-"]
    one_row_per: [unit_id]
    columns:
      unit_id: Office
      unit_name: Office name
      unit_group: {constant: all}
absent: [cases.sign_due_at, cases.signed_at, awards]
format: 2
"""
HEADER = "No,Office,Office name,Part,Made,Good,Bad,title"
ROWS = {
    2: "1,A,Beta,L,07/03/2026 09:05 AM,1,0,t",
    3: "2,A,Alpha,A,20260703,0,1,t",
    4: "3,B,-,-,07/03/2026 09:05 AM,1,-,t",
    5: "4,-,Lost,L,20260703,1,0,t",
    6: "5,A,Alpha,X,20260703,1,0,t",
    7: "6,A,Beta,L,2026-07-03,1,0,t",
    8: "7,B,Gamma,L,20260703,0,0,t",
    9: "8,B,Gamma,L,20260703,1,1,t",
}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A small foreign export, read by its mapping."""
    folder = tmp_path_factory.mktemp("town")
    (folder / "requests 1.csv").write_text("\n".join([HEADER, *ROWS.values()]))
    (folder / "other.csv").write_text("x")
    mapping = tmp_path_factory.mktemp("mapping") / "town.yaml"
    mapping.write_text(MAPPING, encoding="utf-8")
    return read(folder, mapping)


def test_values_dates_and_deadlines_become_ours(town):
    names = ("case_id", "role", "dispatched_at", "reply_due_at", "replied_at", "closed_at")
    assert [tuple(row[name] for name in names) for row in town.tables["cases"]] == [
        # Friday 3 July 2026 + 2 working days = Tuesday the 7th
        ("1", "lead", "2026-07-03 09:05:00", "2026-07-07 09:05:00", "2026-07-07 09:05:00", "2026-07-06 09:05:00"),
        ("2", "assist", "2026-07-03 00:00:00", "2026-07-07 00:00:00", "2026-07-07 00:00:01", "2026-07-06 00:00:00"),
        ("3", None, "2026-07-03 09:05:00", "2026-07-07 09:05:00", "2026-07-07 09:05:00", "2026-07-06 09:05:00"),
        ("4", "lead", "2026-07-03 00:00:00", "2026-07-07 00:00:00", "2026-07-07 00:00:00", "2026-07-06 00:00:00"),
    ]


def test_a_row_that_the_mapping_does_not_foresee_is_a_breach(town):
    assert [(b.line, b.promise, b.column, b.key, b.value) for b in town.intake.breaches] == [
        (6, "unmapped_value", "role", "5/A", "X"),
        (7, "date_format", "dispatched_at", "6/A", "2026-07-03"),
        (8, "flag", "replied_at", "7/B", "Good=0, Bad=0"),
        (9, "flag", "replied_at", "8/B", "Good=1, Bad=1"),
    ]
    assert town.receipt().records == len(ROWS) == len(town.ids()) + town.intake.broken["cases"]


def test_a_table_of_one_row_per_key_takes_the_most_frequent_name(town):
    assert [(r["unit_id"], r["unit_name"], r["unit_group"]) for r in town.tables["units"]] == [
        ("A", "Alpha", "all"),  # as often as Beta: the first of them
        ("B", "Gamma", "all"),
    ]
    assert town.receipt("units").records == 2
    assert "1 row without unit_id is left out" in town.notices
    assert "1 unit_id have several names" in town.notices


def test_rows_without_any_value_are_blank_in_both_kinds_of_table(tmp_path):
    (tmp_path / "town.yaml").write_text(MAPPING, encoding="utf-8")
    empty = "," * HEADER.count(",")
    (tmp_path / "requests.csv").write_text("\n".join([HEADER, ROWS[2], empty, ROWS[4], empty, ""]), encoding="utf-8")
    got = read(tmp_path, tmp_path / "town.yaml")
    for table in ("cases", "units"):
        assert (got.receipt(table).records, got.receipt(table).blank, len(got.tables[table])) == (4, 2, 2)
    assert got.intake.broken == {} and "0 rows without unit_id are left out" in got.notices


def test_a_standard_header_that_the_mapping_does_not_name_is_taken_as_it_is(town):
    assert town.ids(column="title") == ["t"] * 4


def test_a_standard_header_is_an_extra_column_where_the_mapping_makes_the_column_or_declares_it_absent(tmp_path):
    columns = "      case_id: No\n      title: Subject\n"
    mapping = f"""
name: town
title: {{zh: 某市, en: Town}}
format: 2
tables:
  cases:
    columns:
{columns}
absent: [cases.closed_at]
"""
    header = "No,unit_id,dispatched_at,sign_due_at,reply_due_at,Subject,诉求标题,closed_at"
    row = "1,A,2026-07-01 09:00,2026-07-02 09:00,2026-07-09 09:00,ours,theirs,2026-07-02 10:00"
    town = read_mapped(tmp_path, {"cases.csv": f"{header}\n{row}\n"}, mapping)
    [read] = town.tables["cases"]
    assert (read["title"], read["source 诉求标题"]) == ("ours", "theirs")
    assert (read["closed_at"], read["source closed_at"]) == (None, "2026-07-02 10:00")


def test_the_intake_says_what_the_source_is_and_what_it_lacks(town):
    intake = town.intake
    assert (intake.source, intake.stops) == ("town", ())
    assert intake.declared_absent == (("cases", "sign_due_at"), ("cases", "signed_at"))
    assert [words.en for words in intake.notices] == ["Town", "no ratings"]


def test_a_mapping_may_extend_another(tmp_path):
    (tmp_path / "base.yaml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "more.yaml").write_text("extends: base.yaml\nname: more\ntables: {cases: {header_row: 2}}\n")
    base, more = (load_source(tmp_path / name, load_contracts()) for name in ("base.yaml", "more.yaml"))
    assert more.name == "more" and base.name == "town"
    assert more.tables["cases"].layout.header_row == 2
    assert more.tables["cases"].columns == base.tables["cases"].columns
    assert more.tables["units"] == base.tables["units"]
    assert more.sha256 != base.sha256


# what to replace -> (with what, line, words of the refusal)
REFUSED = {
    "name: town": ("nmae: town", 2, "nmae is not known; the nearest is name"),
    "  units:": ("  unitz:", 18, "unitz is not known; the nearest is units"),
    "case_id: No": ("caseid: No", 10, "caseid is not known; the nearest is case_id"),
    "null_values: [\"-\"]\n    columns": ("nulls: [\"-\"]\n    columns", 8, "nulls is not known"),
    "values: {L": ("vals: {L", 12, "vals is not known; the nearest is values"),
    "{constant: all}": ("{constant: all, from: X}", 25, "unit_group has exactly one origin"),
    "days: 3": ("days: -3", 15, "whole number"),
    "deadline: reply_due_at": ("deadline: replied_at", 16, "made from replied_at"),
    "one_row_per: [unit_id]": ("one_row_per: [unit]", 21, "unit is not known"),
    "cases.signed_at": ("cases.signd_at", 26, "the nearest is cases.signed_at"),
    'files: ["requests': ('files: ["../requests', 7, "not paths"),
    "  cases:": ("  cases: [", 0, "cannot be read"),
    "title: {zh: 某市, en: Town}": ("title: Town", 3, "title is missing, or has no"),
    "      unit_id: Office\n      role": ("      case_id: Office\n      role", 11, "case_id is written twice"),
}


@pytest.mark.parametrize(("old", "new", "line", "said"), [(old, *rest) for old, rest in REFUSED.items()])
def test_a_mapping_that_says_something_unknown_is_refused_with_its_line(tmp_path, old, new, line, said):
    assert old in MAPPING
    file = tmp_path / "town.yaml"
    file.write_text(MAPPING.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UsageRefusal) as refusal:
        load_source(file, load_contracts())
    assert said in refusal.value.words.en
    assert f"town.yaml, line {line or ''}" in refusal.value.words.en


@pytest.mark.parametrize(("content", "said"), [
    ("a: &a [x, x]\n" + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefghijkl")),
     "once its aliases (*) are written out"),
    ("a: &a\n  b: *a\n", "cannot be read: *"),
    ("a: " + "[" * 3000 + "]" * 3000, "recursion"),
])
def test_a_mapping_that_is_small_on_paper_and_endless_when_read_is_refused(tmp_path, content, said):
    (tmp_path / "town.yaml").write_text(content)
    with pytest.raises(UsageRefusal) as refusal:
        load_source(tmp_path / "town.yaml", load_contracts())
    assert said in refusal.value.words.en


def test_a_required_column_that_neither_mapping_nor_file_has_is_a_stop(tmp_path):
    town = read_mapped(tmp_path, {"requests.csv": f"{HEADER}\n{ROWS[2]}\n"}, MAPPING.replace("cases.sign_due_at, ", ""))
    assert "sign_due_at" in town.stops and "requests.csv" in town.stops


def test_a_mapping_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageRefusal) as refusal:
        load_source(tmp_path / "nowhere.yaml", load_contracts())
    assert "check --source" in refusal.value.words.en


@pytest.mark.parametrize(("name", "content", "said"), [
    ("requests.csv", HEADER.replace("Part", "Role"), "the header “Part” of the source mapping is there 0 times"),
    ("requests.csv", HEADER + ",Part", "is there 2 times"),
    ("requets.csv", HEADER, "not in the folder"),
])
def test_an_export_that_does_not_fit_the_mapping_is_a_stop(tmp_path, name, content, said):
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / name).write_text(content)
    (tmp_path / "town.yaml").write_text(dedent(MAPPING), encoding="utf-8")
    assert said in read(tmp_path / "exports", Path(tmp_path / "town.yaml")).stops


def test_a_late_reply_that_only_a_flag_tells_is_quoted_as_a_flag_and_not_as_a_moment(tmp_path):
    """No citizen's case is said to have been answered at a second that the city never wrote down."""
    from pipelines.assess import Request, Run
    from pipelines.model.period import Period

    (tmp_path / "in").mkdir()
    rows = [f"{k},A,Alpha,L,20260703,{int(k > 1)},{int(k == 1)},t" for k in range(1, 4)]
    (tmp_path / "in" / "requests 1.csv").write_text("\n".join([HEADER, *rows]))
    mapping = tmp_path / "town.yaml"
    mapping.write_text(MAPPING, encoding="utf-8")
    request = Request(Period.parse("2026Q3"), tmp_path / "in", tmp_path / "out", source=mapping,
                      absent=("cases.public_rating",))
    with Run(request) as run:
        assert not run.check()
        for stage in (run.measure, run.judge, run.settle):
            stage()
        lines = run.warehouse.arrow("ledger.entries").to_pylist()
    facts = [line["sentence"] for line in lines if line["rule_id"] == "late_reply"]
    assert facts == ["flagged"]


def read_mapped(folder: Path, files: dict[str, str], mapping: str):
    """Files and a mapping of these words, read."""
    (folder / "exports").mkdir()
    for name, content in files.items():
        (folder / "exports" / name).write_text(content, encoding="utf-8")
    (folder / "town.yaml").write_text(dedent(mapping), encoding="utf-8")
    return read(folder / "exports", folder / "town.yaml")


MOMENTS = """
name: town
title: {zh: 某市, en: Town}
tables:
  cases:
    files: [cases.csv]
    columns:
      case_id: No
      unit_id: Office
      dispatched_at: Made
      reply_due_at: {days_after: {column: dispatched_at, days: 5}}
      replied_at: {by_flag: {deadline: reply_due_at, on_time: {Late: "0"}, late: {Late: "1"}}}
      closed_at: {working_days_after: {column: dispatched_at, days: 2}}
absent: [cases.sign_due_at]
format: 2
"""
# how the moment is written -> the deadline five days later
WRITTEN = {
    "2026-07-03 09:05:00": "2026-07-08 09:05:00", "2026/7/3 9:05": "2026-07-08 09:05:00",
    "2026/7/3 9:05:09": "2026-07-08 09:05:09", "２０２６-07-03　09:05": "2026-07-08 09:05:00",
    "2026-07-03T01:05:00Z": "2026-07-08 09:05:00", "2026-07-03T09:05:00+0800": "2026-07-08 09:05:00",
}


def test_makers_read_every_moment_that_the_contract_reads(tmp_path):
    lines = [f"{i},A,{written},0" for i, written in enumerate(WRITTEN)]
    town = read_mapped(tmp_path, {"cases.csv": "\n".join(["No,Office,Made,Late", *lines])}, MOMENTS)
    assert town.intake.breaches == ()
    assert [row["reply_due_at"] for row in town.tables["cases"]] == list(WRITTEN.values())
    assert [row["replied_at"] for row in town.tables["cases"]] == list(WRITTEN.values())


@pytest.mark.parametrize(("written", "promise"), [
    ("9999-12-31 00:00:00", "beyond_calendar"), ("9999-12-27 00:00:00", "beyond_calendar"),
    ("1900-01-01 00:00:00", "calendar_years"), ("2026-07-03", "not_a_moment"), ("昨天", "not_a_moment"),
    ("2026-02-30 09:00", "not_a_moment"),
])
def test_what_a_maker_cannot_use_is_a_fault_of_that_row_and_column(tmp_path, written, promise):
    lines = ["No,Office,Made,Late", "1,A,2026-07-03 09:05,0", f"2,A,{written},0"]
    town = read_mapped(tmp_path, {"cases.csv": "\n".join(lines)}, MOMENTS)
    [breach] = town.intake.breaches
    facts = (breach.file, breach.line, breach.column, breach.key, breach.promise, breach.value)
    assert facts == ("cases.csv", 3, "dispatched_at", "2/A", promise, written)
    assert breach.remedy.zh and breach.remedy.en
    assert town.ids() == ["1"]


@pytest.mark.parametrize(
    ("late", "second"), [("0", 0), ("否", 0), ("no", 0), ("０", 0), ("1", 1), (" 是 ", 1), ("TRUE", 1)]
)
def test_a_flag_is_read_as_the_contract_reads_yes_and_no(tmp_path, late, second):
    content = f"No,Office,Made,Late\n1,A,2026-07-03 09:05,{late}\n"
    town = read_mapped(tmp_path, {"cases.csv": content}, MOMENTS)
    assert town.ids(column="replied_at") == [f"2026-07-08 09:05:0{second}"]


@pytest.mark.parametrize(("form", "said"), [
    ("%Y-%m-%d %Q", "there is no directive %Q"), ("%Y-%m-%d %", "no directive %"), ("%d/%d/%Y", "one directive twice"),
    ("%Y-%L-%d", "no directive %L"), ("%m月%d日 %H:%M", "has no year"),
])
def test_a_format_that_cannot_be_is_refused_at_its_line(tmp_path, form, said):
    (tmp_path / "town.yaml").write_text(MAPPING.replace("%m/%d/%Y %I:%M %p", form), encoding="utf-8")
    with pytest.raises(UsageRefusal) as refusal:
        load_source(tmp_path / "town.yaml", load_contracts())
    assert said in refusal.value.words.en and "line 13" in refusal.value.words.en


def test_halves_of_the_day_are_read_in_either_language(tmp_path):
    mapping = MOMENTS.replace("dispatched_at: Made", 'dispatched_at: {from: Made, format: "%Y/%m/%d %p%I:%M"}')
    rows = "1,A,2026/7/3 上午12:05,0\n2,A,2026/7/3 下午3:05,0\n3,A,2026/7/3 PM3:05,0\n"
    town = read_mapped(tmp_path, {"cases.csv": f"No,Office,Made,Late\n{rows}"}, mapping)
    day = "2026-07-03 "
    assert town.ids(column="dispatched_at") == [day + "00:05:00", day + "15:05:00", day + "15:05:00"]


def test_a_header_that_is_not_there_is_told_with_the_nearest_whatever_its_width(tmp_path):
    town = read_mapped(tmp_path, {"cases.csv": "No,Office,Ｍａｄｅ \u200bAt,Late\n"}, MOMENTS)
    assert "header “Made” of the source mapping is there 0 times" in town.stops
    assert "the nearest is Ｍａｄｅ" in town.stops and "mend the mapping" in town.stops


@pytest.mark.parametrize(("row", "then"), [
    ("1,A,soon,0", "reference_rejected"), ("9,A,soon,0", "case_in_cases"),
    ("1,A,2026-07-03 09:05,", "reference_rejected"),
])
def test_what_refers_to_a_row_that_the_mapping_could_not_read_is_told_as_such(tmp_path, row, then):
    exports = tmp_path / "exports"
    exports.mkdir()
    (exports / "units.csv").write_text("unit_id,unit_name,unit_group\nA,甲局,部门\n", encoding="utf-8")
    (exports / "cases.csv").write_text(f"No,Office,Made,Late\n{row}\n", encoding="utf-8")
    (exports / "extensions.csv").write_text(
        "extension_id,case_id,unit_id,requested_at\nX1,1,A,2026-07-04 09:05\n", encoding="utf-8")
    (tmp_path / "town.yaml").write_text(dedent(MOMENTS), encoding="utf-8")
    contracts, warehouse = load_contracts(), Warehouse()
    intake = ingest(warehouse, exports, contracts, tmp_path / "town.yaml")
    validation = validate(warehouse, intake, contracts)
    warehouse.close()
    assert outcomes(validation, "extensions") == {2: {then}}
    assert validation.rows["cases"] == RowCount(1, 0, 1)


def test_a_column_made_from_one_that_is_no_moment_is_refused(tmp_path):
    mapping = MOMENTS.replace("{column: dispatched_at, days: 5}", "{column: unit_id, days: 5}")
    (tmp_path / "town.yaml").write_text(mapping, encoding="utf-8")
    with pytest.raises(UsageRefusal) as refusal:
        load_source(tmp_path / "town.yaml", load_contracts())
    assert "unit_id, which is no moment" in refusal.value.words.en


def test_a_table_split_over_files_reads_as_the_whole_file_does(tmp_path):
    lines = [line for line in ROWS.values() if line[0] in "12347"] * 3
    whole, split = tmp_path / "whole", tmp_path / "split"
    whole.mkdir(), split.mkdir()
    one = read_mapped(whole, {"requests.csv": "\n".join([HEADER, *lines])}, MAPPING)
    parts = {f"requests {i}.csv": "\n".join([HEADER, *lines[i::4]]) for i in range(4)}
    parts["requests 9.csv"] = HEADER
    several = read_mapped(split, parts, MAPPING)
    known = [[(r["unit_id"], r["unit_name"]) for r in sorted(town.tables["units"], key=lambda row: row["unit_id"])]
             for town in (one, several)]
    assert known[0] == known[1] == [("A", "Alpha"), ("B", "Gamma")]
    assert sum(receipt.records for receipt in several.intake.receipts if receipt.table == "units") == 2
    assert len(several.tables["cases"]) + several.intake.broken["cases"] == len(lines)


def test_what_the_mapping_cannot_read_in_a_folded_table_is_a_fault_and_not_lost(tmp_path):
    grouped = MAPPING.replace("{constant: all}", "{from: Part, values: {L: lead, A: assist}}")
    town = read_mapped(tmp_path, {"requests.csv": "\n".join([HEADER, *ROWS.values()])}, grouped)
    assert [(b.line, b.promise) for b in town.intake.breaches if b.table == "units"] == [(6, "unmapped_value")]


WHERE = """
    where:
      Part: {not_in: [CANC, " dup "]}
      Office: {in: [A, B]}
    columns:
      case_id: No"""


def test_rows_that_the_mapping_leaves_out_are_counted_and_no_breaches(tmp_path):
    rows = ["1,A,x,L,20260703,1,0,t", "2,A,x,CANC,nonsense,1,1,t", "3,B,x,ｄｕｐ,20260703,1,0,t",
            "4,C,x,L,20260703,1,0,t", "5,B,x,,20260703,1,0,t", "6,B,x,dup,20260703,1,0,t"]
    mapping = MAPPING.replace("\n    columns:\n      case_id: No", WHERE, 1)
    town = read_mapped(tmp_path, {"requests.csv": "\n".join([HEADER, *rows])}, mapping)
    assert town.ids() == ["1", "5"]
    receipt = town.receipt()
    assert (receipt.records, receipt.left_out, town.intake.breaches) == (6, 4, ())


@pytest.mark.parametrize(("where", "said"), [
    ("{not_in: [A], in: [B]}", "has either in or not_in"), ("{unlike: [A]}", "unlike is not known"), ("{}", "no “name"),
])
def test_a_condition_that_says_nothing_known_is_refused(tmp_path, where, said):
    columns = "    columns:\n      case_id: No"
    mapping = MAPPING.replace(columns, f"    where: {{Part: {where}}}\n{columns}")
    (tmp_path / "town.yaml").write_text(mapping, encoding="utf-8")
    with pytest.raises(UsageRefusal) as refusal:
        load_source(tmp_path / "town.yaml", load_contracts())
    assert said in refusal.value.words.en


@pytest.mark.parametrize(("other", "role", "breaches"), [
    ("keep", "X", 0), ("assist", "assist", 0), ("reject", None, 1), ("主办", "主办", 0),
])
def test_any_other_value_is_kept_rejected_or_mapped_as_the_mapping_says(tmp_path, other, role, breaches):
    mapping = MAPPING.replace("A: assist}", f'A: assist, "*": {other}}}')
    town = read_mapped(tmp_path, {"requests.csv": HEADER + "\n5,A,Alpha,X,20260703,1,0,t\n"}, mapping)
    assert [b.promise for b in town.intake.breaches] == ["unmapped_value"] * breaches
    assert town.ids(column="role") == ([role] if role else [])


def test_a_file_whose_name_has_brackets_is_found_by_its_name(tmp_path):
    town = read_mapped(tmp_path, {"[2026]cases.csv": "No,Office,Made,Late\n1,A,2026-07-03 09:05,0\n"},
                       MOMENTS.replace("[cases.csv]", '["[2026]cases.csv"]'))
    assert town.ids() == ["1"] and "cases" not in town.stops
