"""Headers: duplicate, missing, unknown, unreadable."""

import pytest

from tests.ingest.reading import HEADER, UNITS, read, read_cases, row

ROW = row("A")


@pytest.mark.parametrize(("header", "line", "said"), [
    (HEADER + ",case_id", ROW + ",B", ["“case_id”、“case_id”", "both are the column case_id"]),
    (HEADER + ",诉求件编号", ROW + ",B", ["“case_id”、“诉求件编号”"]),
    (HEADER.replace("unit_id", "unit_idd"), ROW, ["required column unit_id (承办单位编码) is missing", "“unit_idd”"]),
    (HEADER.replace(",reply_due_at", ""), ROW, ["reply_due_at (办理时限)"]),
    ('case_id,"unit_id', ROW, ["header in line 1 cannot be read"]),
    ("case_id,\0unit_id", ROW, ["UTF-16", "cannot be read"]),
])
def test_a_header_that_cannot_be_used_stops_the_run_and_names_it(tmp_path, header, line, said):
    got = read_cases(tmp_path, f"{header}\n{line}\n")
    assert any(words in got.stops for words in said)
    assert "cases.csv" in got.stops
    assert got.ids() == []


@pytest.mark.parametrize("around", [
    "*{}", "※{}", "{}*", "{}（必填）", "{}(选填)", "* {} （必填）", "{}\n（yyyy-mm-dd hh:mm）",
])
def test_a_header_that_says_how_it_is_filled_in_is_the_column(tmp_path, around):
    header = HEADER.split(",")
    header[0] = f'"{around.format(header[0])}"'
    header[1] = f'"{around.format("承办单位编码")}"'
    got = read_cases(tmp_path, f"{','.join(header)}\n{ROW}\n")
    assert (got.ids(), got.stops, got.notices) == (["A"], "", "")


def test_a_remark_behind_a_header_is_told_beside_the_column_that_it_may_be(tmp_path):
    got = read_cases(tmp_path, f"{HEADER.replace('unit_id', '承办单位编码（见附件二中的代码一览表）')}\n{ROW}\n")
    assert "is missing; the nearest header is “承办单位编码（见附件二中的代码一览表）”" in got.stops


@pytest.mark.parametrize("sign", [",", "，", "|"])
def test_rows_that_stand_in_one_cell_are_told_as_such(tmp_path, sign):
    got = read_cases(tmp_path, f'"{HEADER.replace(",", sign)}"\n"{ROW}"\n')
    assert f"every row stands in one cell, with “{sign}” between" in got.stops and "\n" not in got.stops


@pytest.mark.parametrize("title", ["2026年第三季度办件台账", "2026年第三季度办件台账,,,", "# 导出时间：2026-10-09\n"])
def test_the_header_is_found_below_a_title_and_the_title_told(tmp_path, title):
    got = read_cases(tmp_path, f"{title}\n{HEADER}\n{ROW}\n")
    assert (got.ids(), got.stops) == (["A"], "")
    at = 2 + title.count("\n")
    assert f"cases.csv: the header is in line {at}; above it line 1 was not read" in got.notices
    assert [(w.file, w.line, w.promise) for w in got.intake.warnings] == [("cases.csv", 0, "lines_above")]


def test_a_file_without_a_header_says_so_and_repeats_nobodys_row(tmp_path):
    got = read_cases(tmp_path, f"{ROW}\n{row('B')}\n")
    first, *missing = got.stops.splitlines()
    assert "no name in the header is known" in first and "2026-07-02" not in got.stops
    assert len(missing) == 5 and all("is missing" in line for line in missing)


def test_all_duplicate_headers_are_named(tmp_path):
    got = read_cases(tmp_path, f"{HEADER},诉求件编号,派发时间\n")
    assert len(got.intake.stops) == 2


def test_unknown_columns_are_kept_and_reported_once(tmp_path):
    got = read_cases(tmp_path, f"{HEADER},备注,note,Note,_line\n{ROW},x,y,z,w\n")
    assert not got.stops
    assert [got.tables["cases"][0][name] for name in ("备注", "note", "Note 2", "_line 2")] == ["x", "y", "z", "w"]
    assert got.notices.count("备注") == 1


def test_an_extra_column_that_looks_like_one_that_is_not_there_is_asked_about(tmp_path):
    got = read_cases(tmp_path, f"{HEADER},singed_at,备注\n{ROW},,x\n")
    assert "singed_at、备注; is “singed_at” meant to be signed_at (签收时间)?" in got.notices
    assert "备注”" not in got.notices


def test_a_synonym_beside_the_proper_header_is_an_extra_column(tmp_path):
    got = read_cases(tmp_path, f"{HEADER},工单号\n{ROW},W1\n")
    assert not got.stops
    assert (got.ids(), got.ids(column="工单号")) == (["A"], ["W1"])


def test_columns_without_a_header_are_kept_without_a_word(tmp_path):
    got = read_cases(tmp_path, f"{HEADER},,\n{ROW},,\n")
    assert (got.ids(), got.stops, got.notices) == (["A"], "", "")


def test_a_header_may_be_quoted_and_hold_line_breaks(tmp_path):
    got = read_cases(tmp_path, HEADER.replace("unit_id", '"unit_\nid"') + f"\n{ROW}\n")
    assert [(line["_line"], line["unit_id"]) for line in got.tables["cases"]] == [(3, "U1")]


def test_optional_columns_that_are_missing_are_null(tmp_path):
    assert read_cases(tmp_path, f"{HEADER}\n{ROW}\n").tables["cases"][0]["signed_at"] is None


def test_too_many_columns_are_a_stop(tmp_path):
    header = HEADER + "".join(f",x{n}" for n in range(1000))
    assert "1005 columns" in read_cases(tmp_path, header).stops


@pytest.mark.parametrize("content", [HEADER, HEADER + "\n", "\ufeff" + HEADER + "\r\n"])
def test_a_header_alone_is_an_empty_table(tmp_path, content):
    got = read_cases(tmp_path, content)
    assert (got.stops, got.receipt().records, got.ids()) == ("", 0, [])
    assert "holds no rows" in got.notices


@pytest.mark.parametrize(
    ("headers", "named", "not_named"),
    [
        ("承办单位反馈时间,备用", ["“承办单位反馈时间”", "rename its header to replied_at"], ["备用"]),  # of its kind
        ("反馈情况,备用", ["“反馈情况”、“备用”"], []),  # none is of its kind: all
        ("回复的时间,承办单位反馈时间", ["the nearest header is “回复的时间”"], ["承办单位反馈时间"]),
        ("", [], ["not used"]),
        ("甲" * 31, [], ["甲"]),  # no header
    ],
)
def test_a_missing_column_is_told_with_the_headers_that_may_be_it(tmp_path, headers, named, not_named):
    columns = f"{HEADER},signed_at,closed_at,public_rating"
    (tmp_path / "cases.csv").write_text(f"{columns},{headers}\n" if headers else f"{columns}\n", encoding="utf-8")
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    [stop] = read(tmp_path, scored=True).stops.splitlines()
    assert "replied_at" in stop and all(word in stop for word in named)
    assert not any(word in stop for word in not_named)
