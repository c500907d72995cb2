"""Files as they were meant: ids that a tool rewrote, lines that are no rows, files that look like tables."""

import base64
import gzip
import json
import os
import zipfile
import zlib
from datetime import datetime
from decimal import Decimal

import pyarrow
import pytest
from pyarrow import parquet

from pipelines.exports.parquet import _origin_of_int96
from tests.ingest.reading import COLUMNS, HEADER, UNITS, read, read_cases, row

OLE = bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 9000
INT96 = {"use_deprecated_int96_timestamps": True}


def reported(got):
    """Line, column, promise and value of every fault."""
    return [(b.line, b.column, b.promise, b.value) for b in got.intake.breaches]


def warned(got):
    """Line and promise of every warning about a file or a line of it."""
    return [(w.line, w.promise) for w in got.intake.warnings]


def in_csv(folder, id):
    """A case with this id, read from CSV."""
    return read_cases(folder, f'{HEADER}\n"{id.replace(chr(34), chr(34) * 2)}"{row("")}\n{row("Z")}\n')


IDS = [
    ("2026072100004.0", "2026072100004"), ("2026072100004.000", "2026072100004"),
    ("2,026,072,100,004", "2026072100004"),
    ("2.026072100004E+12", "2026072100004"), ("'2026072100004", "2026072100004"), ('="2026072100004"', "2026072100004"),
    ('="0012"', "0012"), ("2026\u200b0721", "20260721"), ("2026\ufeff0721", "20260721"),
    ("2026072100004．0", "2026072100004"), ("1.500E+3", "1500"), ("\\N", None), ("007", "007"), ("12E5", "12E5"),
    ("A1.1", "A1.1"), ("20.5", "20.5"), ("1,23", "1,23"),
]


@pytest.mark.parametrize(("written", "meant"), IDS)
def test_an_id_is_repaired_where_no_digit_is_lost(tmp_path, written, meant):
    got = in_csv(tmp_path, written)
    assert (got.ids(), reported(got)) == ([meant, "Z"], [])
    assert bool(got.intake.warnings) == (written != meant)


@pytest.mark.parametrize("written", ["2.02607E+12", "2.02607e+12", '="2.02607E+12"', "2.5E+0"])
def test_an_id_that_lost_digits_is_a_fault(tmp_path, written):
    got = in_csv(tmp_path, written)
    assert (got.ids(), reported(got)) == (["Z"], [(2, "case_id", "scientific", written)])
    assert "scientific notation" in got.intake.breaches[0].remedy.en


@pytest.mark.parametrize("error", ["#REF!", "#N/A", " #NAME? ", '="#VALUE!"'])
def test_a_formula_that_failed_is_no_id_and_no_value(tmp_path, error):
    got = read_cases(tmp_path, f"{HEADER},public_rating\n{row(error)},\n{row('A')},{error}\n{row('Z')},\n")
    assert (got.ids(), got.faults) == (["Z"], [(2, "error"), (3, "error")])
    assert "error of a formula" in got.intake.breaches[0].remedy.en


def test_a_word_of_a_list_is_read_without_signs_that_nobody_sees(tmp_path):
    got = read_cases(tmp_path, f"{HEADER},公众\u200b评价\n{row('A')},不\u200b满意\n{row('B')},\ufeff满意\n")
    assert got.ids(column="public_rating") == ["不满意", "满意"]
    assert "2 values of public_rating hold invisible characters" in got.notices


def test_ids_cut_to_15_digits_are_faults_where_all_of_the_column_are(tmp_path):
    cut = [row(f"2026070100000{n}10000") for n in range(3)]
    assert [fault[2] for fault in reported(read_cases(tmp_path, "\n".join([HEADER, *cut, ""])))] == ["digits"] * 3
    got = read_cases(tmp_path, "\n".join([HEADER, *cut, row("202607010000031234"), ""]))
    assert len(got.ids()) == 4


def test_an_id_in_a_column_of_words_stays_as_it_is(tmp_path):
    got = read_cases(tmp_path, f"{HEADER},channel,title\n{row('A')},1.0,=\"x\"\n")
    assert [got.tables["cases"][0][name] for name in ("channel", "title")] == ["1.0", "x"]


def test_formula_texts_that_are_not_quoted_by_the_rules_are_read_as_meant(tmp_path):
    cells = row('="007"').replace("U1", '="U1"')
    got = read_cases(tmp_path, f"{HEADER}\n{cells}\n")
    assert (got.ids(), got.ids(column="unit_id"), reported(got)) == (["007"], ["U1"], [])


@pytest.mark.parametrize("word", ["NULL", "null", "(null)", "<NULL>", "None", "NaT", "nan"])
def test_a_word_of_a_tool_for_nothing_is_empty_where_no_text_may_stand(tmp_path, word):
    got = read_cases(tmp_path, f"{HEADER},replied_at,public_rating,title\n{row('A')},{word}, {word},{word}\n")
    assert [got.tables["cases"][0][name] for name in ("replied_at", "public_rating", "title")] == [None, None, word]
    assert reported(got) == [] and got.notices.count("says that nothing is there") == 2
    assert f"1 cell of replied_at says that nothing is there, such as {word}," in got.notices


@pytest.mark.parametrize("word", ["nulls", "no", "N/A", "#NA", "nil"])
def test_any_other_word_is_a_fault(tmp_path, word):
    got = read_cases(tmp_path, f"{HEADER},public_rating\n{row('A')},{word}\n")
    assert got.tables["cases"][0]["public_rating"] == word


def test_a_mapping_says_itself_what_such_a_word_means(tmp_path):
    (tmp_path / "map.yaml").write_text(
        "name: town\ntitle: {zh: 某市, en: Town}\nformat: 2\ntables: {cases: {columns: {public_rating: "
        "{from: 评价, values: {None: dissatisfied}}}}}\n", encoding="utf-8")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "units.csv").write_text(UNITS, encoding="utf-8")
    (tmp_path / "in" / "cases.csv").write_text(f"{HEADER},评价\n{row('A')},None\n", encoding="utf-8")
    got = read(tmp_path / "in", tmp_path / "map.yaml")
    assert got.stops == "" and got.tables["cases"][0]["public_rating"] == "dissatisfied"


def test_a_zero_date_is_none_and_is_told(tmp_path):
    got = read_cases(tmp_path, f"{HEADER},replied_at\n{row('A')},0000-00-00 00:00:00\n{row('B')},2026-07-03 09:00\n")
    assert got.ids(column="replied_at") == [None, "2026-07-03 09:00"]
    assert "1 cell of replied_at is 0000-00-00 00:00:00 and was read as empty" in got.notices


@pytest.mark.parametrize(("written", "meant"), [
    ("4.8500000000000005", "4.85"), ("4.6999999999999993", "4.7"), ("4.9999999999999999", "4.9999999999999999"),
    ("4.123456789", "4.123456789"),
])
def test_the_noise_of_floats_is_taken_from_a_number(tmp_path, written, meant):
    (tmp_path / "assessments.csv").write_text(f"unit_id,item_id,score\nU1,A1.1,{written}\n")
    assert read_cases(tmp_path, f"{HEADER}\n").ids("assessments", "score") == [meant]


def test_a_line_break_inside_a_text_that_is_compared_is_told(tmp_path):
    rows = 'award_id,unit_id,award_type,matter,awarded_on,approved\n1,U1,x,"供暖\n提前",,\n'
    (tmp_path / "awards.csv").write_text(rows, encoding="utf-8")
    got = read_cases(tmp_path, f"{HEADER}\n")
    assert got.ids("awards", "matter") == ["供暖\n提前"]
    assert "1 value of matter holds line breaks (the first in line 2)" in got.notices


def test_lines_below_and_between_the_rows_that_are_none(tmp_path):
    lines = [HEADER, row("A"), HEADER, row("B"), "合计,,,,", "共2条记录", "-- END --", "制表人：李某,,审核人：王某,,"]
    got = read_cases(tmp_path, "\n".join(lines))
    assert (got.ids(), reported(got), got.receipt().records) == (["A", "B"], [], 2)
    assert warned(got) == [(3, "repeated_header"), (5, "footer"), (6, "footer"), (7, "footer"), (8, "footer")]


def test_what_a_narrow_column_showed_is_told_as_lost(tmp_path):
    got = read_cases(tmp_path, f"{HEADER},replied_at,title\n{row('A')},########,###\n{row('B')},# 1,###\n")
    assert reported(got) == [(2, "replied_at", "narrow_column", "########")]
    assert "widen it" in got.intake.breaches[0].remedy.en and got.ids(column="title") == ["###"]


@pytest.mark.parametrize(("total", "n"), [
    ("U1 汇总", 1), ("U1 计数", 1), ("城市管理局 小计", 1), ("U1 Total", 1), ("U1汇总", 0), ("汇总处", 0),
])
def test_a_subtotal_between_the_rows_is_no_row(tmp_path, total, n):
    line = f",{total},,3" + "," * (HEADER.count(",") - 3)
    got = read_cases(tmp_path, f"{HEADER}\n{row('A')}\n{line}\n{row('B')}\n")
    assert [id for id in got.ids() if id] == ["A", "B"]
    assert [w.promise for w in got.intake.warnings].count("footer") == n


def test_a_footer_does_not_stop_the_units(tmp_path):
    (tmp_path / "units.csv").write_text(UNITS + "合计,1,\n", encoding="utf-8")
    (tmp_path / "cases.csv").write_text(f"{HEADER}\n{row('A')}\n")
    got = read(tmp_path)
    assert (got.ids("units", "unit_id"), got.stops) == (["U1"], "")


def test_joined_files_are_read_through_their_marks(tmp_path):
    part = f"\ufeff{HEADER}\r\n{row('A')}\r\n"
    got = read_cases(tmp_path, part + part.replace("A,", "B,"))
    assert (got.ids(), reported(got), warned(got)) == (["A", "B"], [], [(3, "repeated_header")])
    got = read_cases(tmp_path, part.rstrip() + part)
    assert [fault[2] for fault in reported(got)] == ["joined_files"]


def test_a_line_that_names_the_delimiter_is_followed(tmp_path):
    text = "\n".join(["sep=;", HEADER.replace(",", ";"), row("A").replace(",", ";")])
    got = read_cases(tmp_path, text)
    assert (got.ids(), got.stops) == (["A"], "") and "separated by “;”" in got.notices


def test_a_delimiter_at_the_end_of_every_row_is_left_out(tmp_path):
    got = read_cases(tmp_path, f"{HEADER}\n{row('A')},\n{row('B')},\n")
    assert (got.ids(), reported(got)) == (["A", "B"], [])
    got = read_cases(tmp_path, f"{HEADER}\n{row('A')},\n{row('B')}\n")
    assert [fault[2] for fault in reported(got)] == ["field_count"]


def test_quotes_escaped_with_a_backslash_are_read(tmp_path):
    got = read_cases(tmp_path, f'{HEADER},title\n{row("A")},"反映 \\"噪声\\" 扰民, 夜间"\n{row("B")},"坏"了"\n')
    assert got.ids(column="title") == ['反映 "噪声" 扰民, 夜间']
    assert reported(got) == [(3, "", "stray_quote", '"')]


@pytest.mark.parametrize("name", ["cases.txt", "诉求件.txt", "cases.tsv"])
def test_text_separated_by_tabs_is_read(tmp_path, name):
    got = read_cases(tmp_path, f"{HEADER}\n{row('甲')}\n".replace(",", "\t").encode("gbk"), name)
    assert got.ids() == ["甲"] and "TAB" in got.notices


def beside(folder, name, content=b"x"):
    """Stops of a sound folder with one more file in it."""
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    return read_cases(folder, f"{HEADER}\n{row('A')}\n").stops


@pytest.mark.parametrize("name", [
    "加分申报(1).csv", "extensions [最新].csv", "2026Q3 awards.xlsx", "awards-copy.csv", "副本加分申报.et",
    "awards.csv.crdownload", "加分申报.xls", "awards.zip", "加分申报/7月.csv", "导出/awards.csv",
    "awards.parquet/part-00000.parquet",
])
def test_what_looks_like_a_table_and_was_not_read_is_a_stop_that_names_it(tmp_path, name):
    assert name.split("/")[0] in beside(tmp_path, name)


@pytest.mark.parametrize("name", ["说明.txt", "photo.jpg", "加分申报说明.docx", "notes/readme.txt", "照片.zip"])
def test_what_looks_like_no_table_is_passed_over(tmp_path, name):
    assert beside(tmp_path, name) == ""


def test_a_file_that_holds_a_whole_table_under_another_name_is_a_stop(tmp_path):
    said = beside(tmp_path, "奖励.csv", b"award_id,unit_id,award_type,matter,awarded_on,approved\n")
    assert "奖励.csv: holds all required columns of awards" in said and "awards.csv" in said


def test_a_zip_of_tables_is_a_stop(tmp_path):
    with zipfile.ZipFile(tmp_path / "其他.zip", "w") as archive:
        archive.writestr("2026/awards.csv", "x")
    assert "其他.zip" in read_cases(tmp_path, f"{HEADER}\n{row('A')}\n").stops


@pytest.mark.parametrize(("name", "content", "said"), [
    ("awards.xlsx", b"award_id,unit_id\n1,2\n", "change its suffix to .csv"),
    ("awards.xlsx", b"<html><table><tr><td>1</td></tr></table></html>\n", "web page"),
    ("awards.xlsx", OLE, "old format"), ("awards.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), "password"),
    ("awards.csv", b"PK\x03\x04" + b"\0" * 600, "unpack it"),
    ("awards.csv", b"PAR1" + b"\0" * 600, ".parquet"),
    ("awards.csv", b"<table><tr><td>award_id</td></tr></table>", "web page"),
])
def test_a_disguised_file_is_a_stop_with_the_remedy_for_what_it_is(tmp_path, name, content, said):
    stops = beside(tmp_path, name, content)
    assert f"{name}: " in stops and said in stops and "\n" not in stops


HEADS = "award_id,unit_id,award_type,matter,awarded_on,approved"
XLS = zlib.decompress(base64.b64decode("""
eNrtWF1Mm1UYfs/Xr+VrYVAY+MMUK3MFBpjhLsTopAOmLnGB7D+GBEv7gYWWkq6oJP50zN25ZGaJ3ixxS3CJ0fgTE71wiXDnxYw/yZLpFfNu0YvO+JMl
g/qc9ztf+SRt0jI1cfb98p5z3vf8vT3vz3lPv/m6fvn8x81XaR08Si5azXnJ4+AJoNcm/ESa4q3mcjmbnavAfwpWVC11qEN/bqDUeRXQULr1qboCtx/s
pyS+NAVoD02jTtEclQN3wGKc65UyZ7XEcaVCZf+N7y/jt4zjLmAh/5fxXvp/NbAGuAlYC6yzrgCqBzYANwMbgU1sE0R3Au8C3g1sBm4B3gO8F9gCvA8Y
ULK0qlriNrSDim6vxJ1/HLwGtOhx0+ebLkmVs+6vwiI+0pfYLn4EjtCMtI2BcDwS+Legn2UICynDIox0F1qCzoJbSx8y9yKXu9j6ACEK9CqLPqqFWPZT
XLZyWUty/mc85wfm9MDOvpTe8+pp5QTVYpBMmqQwHaZZWOcBtKbpGEY2O0dKLxG7ESlj6I/fUm+LXkML0teeNKfNVDjeotfTO9LP5gAj3YnESHc02qJ7
6IJ01NAyu9gC/ZYLONx5MSD5cnXm/1oaXyuTT/87/gLOrtA5d1rjs+v5HUX4XUX424vwvQX5BMNgefT1/AsWv2aNf0bDoAzlZO3PuLiuz3i4bsjoXG/O
VHHdmHHnnmW3OImdg27LhRKvYx+Bb0kYQKKDpwT9RM/IuJ/dz9t4sjK+S3Hsd4ATd1J1VnrmF7hFDDoucI8YiyKEMkQt1/3WTWJAZgM3hfEHLpOblOBb
ptq6ecIvhFPR0VgUzjE7HUuj5bOZ6bkZE3EqEU6nzZTNNaOjyWk5b2YmlXzejEKoIz0oDvVgRCSWnhtNmNFYGLIlIHI6NWvmcLFV05u6dXQRowm4pu0m
VWvy9rOipP8vUbIGvzuK85BxpZ7PwA+5b757/bt9Y8N9o8zP0NqK2zTWnDiOniV9O8/o5HKexzbiXsQtGRwItg6ak+HDs4EDZio23tWfTE61BnseCu5u
oq1S0UVHDIcnzEBw+AQv+hqXQQiwk+FaX5uj3Y72ie4r891Xsn0djvZ5hEsvfpbgb566RJew59i1oENY26CXlcmdNuq4lrScddGzRmv4zvnWaBc+Z7+O
b9XR78Z3ybEeDlo0qX7Saq2KbBUYmt9uW8FV1DFPrOOtcApjJS2kKAFK5CmNFWlTLlCuPKWD0vOUG5RbUYLX9OQpuWZVnpJrGnlKrimTqVc0Semwr9+/
1VSfGymTXPtnGpZyZJ+yjClrKGeS20Oi7A7eT8+2M9+b9RdI7jTy8Tw5R8r5uNZAn3qsG5LoMeiWOA2zfqG9AWACnjhhOBcSdkLpK55LCmRoLp+Vg/oN
SzWLVtcTMufbF4ukkseS4+nAnhcjZjzwyMPdB8NjZjxu8rn1x8bHe28l9xW2PWwQVnPEqiqwLi2ffPuXG0PP+d97w6DOtk++l8f/kjI92d+r8uOQOqKn
VfQ6qnLlqMqXZ5TRXluxcl/Z3qHm2VBKuxz5JUe7/NXlsw9u8Z95C/J33fhgUJrvOt6IytPtuO13yFqMX4HbB/7O9z/byboYUGiODDwhFVOOYPcUTdEY
yzFVtvwNfMVYWVGujHd1h2H7+QD2TcBHhyDD5Ib2dzne4KXMuR+4Nx9nhvAOMDesPx/2L/f9v1W91fk1glfOLH5/Au8Rqfu9sIJx1onkpPFOSYJTHNrV
/u4yzv8B4Pv5/QexQ4RlMNkCy5OndwO/vw2Yrvz/w/AnSxk80w==
"""))  # one award, saved as .xls by LibreOffice


def ods(folder):
    """A spreadsheet of OpenDocument with the same header."""
    cells = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{head}</text:p></table:table-cell>'
        for head in HEADS.split(",")
    )
    of = "urn:oasis:names:tc:opendocument:xmlns"
    names = " ".join(f'xmlns:{name}="{of}:{name}:1.0"' for name in ("office", "table", "text"))
    sheet = f'<table:table table:name="a"><table:table-row>{cells}</table:table-row></table:table>'
    body = f"<office:body><office:spreadsheet>{sheet}</office:spreadsheet></office:body>"
    file = folder / "made.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest:manifest/>")
        archive.writestr("content.xml", f"<office:document-content {names}>{body}</office:document-content>")
    content = file.read_bytes()
    file.unlink()
    return content


@pytest.mark.parametrize(("name", "said"), [
    ("awards.xls", "save awards as .xlsx"), ("加分申报.et", "save awards as .xlsx"),
    ("奖励.xls", "save it as awards.xlsx"), ("奖励.et", "save it as awards.xlsx"),
    ("awards.ods", "save awards as .xlsx"), ("奖励.ods", "save it as awards.xlsx"),
    ("awards.xlsx", "open it in Excel or WPS"), ("加分申报.csv", "open it in Excel or WPS"),
])
def test_a_true_spreadsheet_of_another_format_is_a_stop_however_it_is_called(tmp_path, name, said):
    stops = beside(tmp_path, name, ods(tmp_path) if name.endswith("ods") else XLS)
    assert f"{name}: " in stops and said in stops and "\n" not in stops


@pytest.mark.parametrize("name", ["awards.xlsx", "awards.csv"])
def test_an_open_document_under_another_name_is_told_as_what_it_is(tmp_path, name):
    assert "is an .ods spreadsheet" in beside(tmp_path, name, ods(tmp_path))


def test_a_spreadsheet_of_another_format_that_holds_no_table_is_passed_over(tmp_path):
    assert beside(tmp_path, "通讯录.xls") == ""


def typed(folder, columns, **how):
    """The cases of a Parquet file with these columns, the others text."""
    text = pyarrow.array(["2026-07-02 09:05:00"])
    table = pyarrow.table({name: columns.get(name, text) for name in (*COLUMNS, *columns)})
    parquet.write_table(table.replace_schema_metadata(how.pop("metadata", None)), folder / "cases.parquet", **how)
    (folder / "units.csv").write_text(UNITS, encoding="utf-8")
    return read(folder)


@pytest.mark.parametrize(("metadata", "hour", "said"), [
    ({"org.apache.spark.version": "3.5.1"}, "17", "in UTC"), (None, "09", "unknown writer"),
])
def test_the_old_times_of_parquet_are_what_their_writer_meant(tmp_path, metadata, hour, said):
    times = pyarrow.array([datetime(2026, 7, 2, 9, 5)], pyarrow.timestamp("ns"))
    got = typed(tmp_path, {"replied_at": times}, metadata=metadata, **INT96)
    assert got.ids(column="replied_at") == [f"2026-07-02 {hour}:05:00"]
    assert said in got.notices and len(got.intake.warnings) == 1


@pytest.mark.parametrize(("writer", "origin"), [
    ("parquet-mr version 1.13.1", "utc"), ("parquet-cpp-arrow org.apache.spark.version", "utc"),
    ("impala version 4.0", "local"), ("parquet-cpp-arrow version 26.0.1", "unknown"),
])
def test_the_writer_of_old_times_is_told_by_its_name(writer, origin):
    assert _origin_of_int96(writer) == origin


def test_old_times_far_away_do_not_come_round_to_another_year(tmp_path):
    times = pyarrow.array([datetime(9999, 12, 31)], pyarrow.timestamp("us"))
    got = typed(tmp_path, {"replied_at": times}, **INT96)
    assert not got.ids(column="replied_at")[0].startswith(("1", "2"))


def test_a_nested_column_that_is_needed_is_a_stop_and_another_is_kept(tmp_path):
    nested = pyarrow.array([{"code": "M1"}])
    assert "the column matter_id holds nested values" in typed(tmp_path, {"matter_id": nested}).stops
    assert typed(tmp_path, {"extra": nested}).ids(column="extra") == ['{"code": "M1"}']


@pytest.mark.parametrize(("column", "id"), [
    (pyarrow.array([2026072100004.0]), "2026072100004"), (pyarrow.array([2.0**53 + 2]), None),
    (pyarrow.array([2026072.0], "float32"), "2026072"), (pyarrow.array([2026072100004.0], "float32"), None),
    (pyarrow.array([Decimal("2026072100004")], pyarrow.decimal128(38, 10)), "2026072100004"),
])
def test_an_id_that_is_a_number_keeps_its_digits_or_is_a_fault(tmp_path, column, id):
    got = typed(tmp_path, {"case_id": column})
    assert (got.ids(), [fault[2] for fault in reported(got)]) == (([id], []) if id else ([], ["digits"]))


def test_keys_of_json_are_known_in_any_case_and_doubles_written_out(tmp_path):
    one = dict(zip(COLUMNS, row("x").split(","), strict=True))
    lines = [json.dumps(one | {"case_id": 1}), json.dumps({k.upper(): v for k, v in one.items()}),
             json.dumps(one).replace('"x"', "2.0260615E+12"), json.dumps(one | {"CASE_ID": "y"})]
    got = read_cases(tmp_path, "\n".join(lines), "cases.jsonl")
    assert got.ids() == ["1", "x", "2026061500000"]
    assert reported(got) == [(4, "", "json", "duplicate key")]


def test_a_file_that_changes_while_it_is_read_is_a_stop(tmp_path, monkeypatch):
    from pipelines.stages import ingest

    def late(path):
        os.utime(path, (1, 1)) if path.name == "cases.csv" else None
        return "0" * 64

    monkeypatch.setattr(ingest, "file_sha256", late)
    assert "cases.csv: the file changed while it was read" in read_cases(tmp_path, f"{HEADER}\n{row('A')}\n").stops


def test_members_of_a_gzip_file_are_read_one_after_the_other(tmp_path):
    content = f"{HEADER}\n{row('A')}\n{row('B')}\n".encode()
    packed = b"".join(gzip.compress(content[at : at + 40]) for at in range(0, len(content), 40))
    assert read_cases(tmp_path, packed, "cases.csv.gz").ids() == ["A", "B"]
