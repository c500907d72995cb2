"""One thing wrong or odd in a tiny right quarter, by kind: read as the writer meant, or refused with place and remedy.

Read as meant is: the scores of the right quarter. Nothing may change a score without a word.
"""

import csv
import gzip
import io
import shutil
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet

from pipelines.sample.make import make_sample
from tests.ingest.test_cases import PERIOD, ROWS, SAME, STOP, Outcome, scored

pytestmark = pytest.mark.long

MOMENTS = ("received_at", "dispatched_at", "sign_due_at", "signed_at", "reply_due_at", "replied_at", "closed_at",
           "rated_at")
RATINGS = {"satisfied": "1", "basically_satisfied": "2", "dissatisfied": "3", "": "-"}
CHINESE = {"case_id": "诉求件编号", "unit_id": "承办单位编码", "dispatched_at": "派发时间", "replied_at": "回复时间"}


@pytest.fixture(scope="module")
def right(tmp_path_factory) -> tuple[Path, Outcome]:
    """A right quarter of three units, and what becomes of it."""
    folder = tmp_path_factory.mktemp("kinds") / "right"
    make_sample(folder, PERIOD, 3, 120)
    outcome = scored(folder, folder.parent / "out")
    assert outcome.scores and not outcome.away
    return folder, outcome


class Quarter:
    """The exports of a case: the right quarter's tables as files, and ways to write one anew."""

    def __init__(self, folder: Path, right: Path) -> None:
        shutil.copytree(right, folder)
        self.folder, self.tables = folder, {}
        for file in folder.glob("*.csv"):
            with file.open(encoding="utf-8-sig", newline="") as lines:
                self.tables[file.stem] = list(csv.DictReader(lines))

    def rows(self, table: str) -> list[dict]:
        assert self.tables[table], f"the right quarter has no row of {table}"
        return self.tables[table]

    def text(self, table: str, delimiter: str = ",", **heads: str) -> str:
        written = io.StringIO()
        rows = self.tables[table]
        lines = csv.writer(written, delimiter=delimiter, lineterminator="\n")
        lines.writerow([heads.get(name, name) for name in rows[0]])
        lines.writerows(row.values() for row in rows)
        return written.getvalue()

    def csv(self, table: str, name: str = "", encoding: str = "utf-8", **how: str) -> None:
        self.write(name or f"{table}.csv", self.text(table, **how).encode(encoding))

    def write(self, name: str, content: bytes | str) -> None:
        (self.folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    def drop(self, table: str) -> None:
        (self.folder / f"{table}.csv").unlink()

    def book(self, table: str, *, change=lambda sheet: None, cell=lambda name, value: value, above=()) -> None:
        """The table as a workbook; ``cell`` makes a cell's value, ``change`` is given the sheet."""
        self.drop(table)
        book = openpyxl.Workbook()
        sheet, rows = book.active, self.tables[table]
        for line in above:
            sheet.append(line)
        sheet.append(list(rows[0]))
        for row in rows:
            sheet.append([cell(name, _cell(name, value)) for name, value in row.items()])
        change(sheet)
        book.save(self.folder / f"{table}.xlsx")

    def parquet(self, table: str, types: dict, footer: dict | None = None, **how) -> None:
        """The table as Parquet; ``types`` gives the columns that are no text, ``footer`` what it says of itself."""
        self.drop(table)
        rows = self.tables[table]
        columns = {name: pa.array([_typed(row[name], types.get(name)) for row in rows], types.get(name, pa.string()))
                   for name in rows[0]}
        whole = pa.table(columns).replace_schema_metadata(footer)
        parquet.write_table(whole, self.folder / f"{table}.parquet", **how)

    def mapping(self, text: str) -> None:
        self.folder.with_name(self.folder.name + ".mapping.yaml").write_text(text, encoding="utf-8")


def _cell(name: str, value: str):
    return datetime.fromisoformat(value) if name in MOMENTS and value else value or None


def _typed(value: str, type):
    if not value or type is None or type == pa.string():
        return value or None
    if pa.types.is_timestamp(type):
        return datetime.fromisoformat(value)
    return float(value) if pa.types.is_floating(type) else int(value)


KINDS = []  # name, what becomes of it, what is said on the way, and the fault


def fault(became: str, *words: str):
    def keep(make):
        KINDS.append(pytest.param(became, words, make, id=make.__name__))
        return make

    return keep


# A cells


@fault(STOP, "cases.xlsx", "public_rating", "#N/A")
def a_error_cells(q):
    q.book("cases", cell=lambda name, value: "#N/A" if name == "public_rating" else value)


@fault(STOP, "cases.xlsx", "without a value")
def a_formula_never_calculated(q):
    q.book("cases", cell=lambda name, value: '="满意"' if name == "public_rating" else value)


@fault(SAME, "units.xlsx", "merged")
def a_merged_down_a_column(q):
    q.rows("units").sort(key=lambda row: row["unit_group"])
    for row in q.rows("units"):
        row["unit_group"] = "市直部门"
    q.csv("units")
    q.book("units", change=lambda sheet: sheet.merge_cells("C2:C4"))


@fault(STOP, "cases.xlsx", "reply_due_at", "date")
def a_deadline_typed_as_a_date(q):
    q.book("cases", cell=lambda name, value: value.strftime("%Y-%m-%d") if name == "reply_due_at" else value)


@fault(STOP, "assessments.xlsx", "score", "%")
def a_scores_typed_as_percent(q):
    def percent(sheet):
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, 3, 1.0).number_format = "0%"

    q.book("assessments", change=percent)


@fault(SAME, "cases.xlsx", "1 hidden row")
def a_rows_hidden_by_a_filter(q):
    q.book("cases", change=lambda sheet: sheet.row_dimensions.__getitem__(3).__setattr__("hidden", True))


@fault(SAME)
def a_float_noise_of_a_score(q):
    q.book("assessments", cell=lambda name, value: float(value) + 1e-15 if name == "score" else value)


@fault(STOP, "cases.xlsx", "15 digits")
def a_ids_of_more_than_15_digits(q):
    q.book("cases", cell=lambda name, value: int(f"20260000000{value}"[:19]) if name == "case_id" else value)


# B identifiers


@fault(SAME, "adjustments.csv", ".0")
def b_float_ids(q):
    for row in q.rows("adjustments"):
        row["case_id"] += ".0" if row["case_id"] else ""
    q.csv("adjustments")


@fault(STOP, "adjustments.csv", "2.02607E+12", "scientific notation")
def b_scientific_ids(q):
    for row in q.rows("adjustments"):
        row["case_id"] = "2.02607E+12" if row["case_id"] else ""
    q.csv("adjustments")


@fault(SAME, "extensions.csv", "=")
def b_ids_quoted_for_a_spreadsheet(q):
    for row in q.rows("extensions"):
        row["case_id"] = f'="{row["case_id"]}"'
    q.csv("extensions")


@fault(SAME, "extensions.csv", "begin with an apostrophe")
def b_ids_behind_a_backtick(q):
    for row in q.rows("extensions"):
        row["case_id"] = f'`{row["case_id"]}'
    q.csv("extensions")


@fault(STOP, "cases.csv", "leading zeros")
def b_leading_zeros_lost(q):
    for row in q.rows("units"):
        row["unit_id"] = "00" + row["unit_id"][-1]
    for table in [table for table, rows in q.tables.items() if rows and table != "units"]:
        for row in q.rows(table):
            for name in row.keys() & {"unit_id", "employer_unit_id"}:
                row[name] = row[name][-1:]
        q.csv(table)
    q.csv("units")


@fault(STOP, "adjustments.csv", "case_id")
def b_decisions_on_cases_that_nobody_has(q):
    for row in q.rows("adjustments"):
        row["case_id"] = "2026079999999" if row["case_id"] else ""
    q.csv("adjustments")


@fault(SAME)
def b_zero_width_signs(q):
    for row in q.rows("extensions"):
        row["case_id"] = f"​{row['case_id']} "
    q.csv("extensions")


# C whole columns


@fault(STOP, "cases.csv", "replied_at", "承办单位反馈时间")
def c_a_decisive_column_renamed(q):
    q.csv("cases", replied_at="承办单位反馈时间")


@fault(STOP, "cases.csv", "dispatched_at")
def c_a_required_column_missing(q):
    for row in q.rows("cases"):
        del row["dispatched_at"]
    q.csv("cases")


@fault(SAME)
def c_heads_in_chinese(q):
    q.csv("cases", **CHINESE)


@fault(SAME, "cases.csv", "热度")
def c_a_column_of_their_own(q):
    for row in q.rows("cases"):
        row["热度"] = "3"
    q.csv("cases")


# D whole files and sheets


@fault(STOP, "awards.csv.crdownload")
def d_a_download_under_way(q):
    (q.folder / "awards.csv").rename(q.folder / "awards.csv.crdownload")


@fault(STOP, "其他表.zip")
def d_a_zip(q):
    with zipfile.ZipFile(q.folder / "其他表.zip", "w") as packed:
        packed.write(q.folder / "awards.csv", "awards.csv")
    q.drop("awards")


@fault(SAME)
def d_a_file_a_month(q):
    rows = q.rows("cases")
    for n, part in enumerate((rows[:60], rows[60:]), 7):
        q.tables["cases"] = part
        q.csv("cases", f"cases_{n:02}.csv")
    q.drop("cases")


@fault(SAME, "cases.xlsx", "7月", "8月")
def d_a_sheet_a_month(q):
    rows = q.rows("cases")
    q.drop("cases")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, part in (("7月", rows[:60]), ("8月", rows[60:])):
        sheet = book.create_sheet(name)
        sheet.append(list(rows[0]))
        for row in part:
            sheet.append([_cell(head, value) for head, value in row.items()])
    book.save(q.folder / "cases.xlsx")


@fault(SAME, "units.xlsx", "row 3")
def d_title_lines_above(q):
    q.book("units", above=(["承办单位名单"], ["制表：专班"]))


@fault(SAME)
def d_packed_with_gzip(q):
    q.write("cases.csv.gz", gzip.compress((q.folder / "cases.csv").read_bytes()))
    q.drop("cases")


@fault(STOP, "cases_0930.csv", "cases_1009.csv")
def d_two_snapshots(q):
    q.csv("cases", "cases_0930.csv")
    for row in q.rows("cases"):
        row["title"] += "（二）"
        row["closed_at"] = row["closed_at"] and str(datetime.fromisoformat(row["closed_at"]) + timedelta(minutes=1))
    q.csv("cases", "cases_1009.csv")
    q.drop("cases")


# E plausibility


@fault(STOP, "cases.csv", "9999-12-31")
def e_deadlines_of_the_year_9999(q):
    for row in q.rows("cases"):
        row["reply_due_at"] = "9999-12-31 00:00:00"
    q.csv("cases")


@fault(STOP, "cases.csv", "2025Q3")
def e_the_quarter_of_another_year(q):
    for file in q.folder.glob("*.csv"):
        file.write_text(file.read_text(encoding="utf-8-sig").replace("2026-", "2025-"), encoding="utf-8")


@fault(SAME, "cases.csv line 121", "seems to be cut")  # the last row is of the next period: no score hangs on it
def e_cut_in_a_row(q):
    q.write("cases.csv", q.text("cases").encode()[:-40])


@fault(STOP, "totals.csv", "cases")
def e_fewer_rows_than_the_control_total(q):
    q.write("totals.csv", f"table,rows\ncases,{len(q.rows('cases')) + 1}\n")


# F typed formats


@fault(SAME)
def f_parquet(q):
    q.parquet("cases", dict.fromkeys(MOMENTS, pa.timestamp("us")))


@fault(SAME, "cases.parquet", "INT96")
def f_moments_of_spark_in_utc(q):
    for row in q.rows("cases"):
        for name in MOMENTS:
            row[name] = row[name] and str(datetime.fromisoformat(row[name]) - timedelta(hours=8))
    types, spark = dict.fromkeys(MOMENTS, pa.timestamp("ns")), {"org.apache.spark.version": "3.5.1"}
    q.parquet("cases", types, spark, use_deprecated_int96_timestamps=True, store_schema=False)


@fault(SAME)
def f_ids_as_floats(q):
    q.parquet("extensions", {"case_id": pa.float64()})


@fault(STOP, "cases.parquet", "matter_id")
def f_nested_values(q):
    q.drop("cases")
    rows = q.rows("cases")
    columns = {name: [row[name] or None for row in rows] for name in rows[0]}
    parquet.write_table(pa.table({**columns, "matter_id": [["M1"]] * len(rows)}), q.folder / "cases.parquet")


@fault(STOP, "cases.parquet", "reply_due_at")
def f_days_where_moments_are_asked(q):
    q.drop("cases")
    rows = q.rows("cases")
    columns = {name: [row[name] or None for row in rows] for name in rows[0]}
    columns["reply_due_at"] = [date.fromisoformat(row["reply_due_at"][:10]) for row in rows]
    parquet.write_table(pa.table(columns), q.folder / "cases.parquet")


# G mappings


def mapped(q, more: str, named: str = "工单.csv") -> None:
    """The case table through a source mapping, with ``more`` for its last columns."""
    columns = "".join(f"      {name}: {name}\n" for name in q.rows("cases")[0] if f"{name}:" not in more)
    q.mapping(f"format: 2\nname: 例\ntitle: {{zh: 例, en: example}}\ntables:\n  cases:\n    files: [{named}]\n"
              f"    null_values: ['-']\n    columns:\n{columns}{more}")


@fault(SAME)
def g_chinese_moments_and_codes(q):
    codes = "{1: satisfied, 2: basically_satisfied, 3: dissatisfied}"
    mapped(q, '      received_at: {from: received_at, format: "%Y年%m月%d日 %H时%M分%S秒"}\n'
              f"      public_rating: {{from: public_rating, values: {codes}}}\n")
    for row in q.rows("cases"):
        row["received_at"] = datetime.fromisoformat(row["received_at"]).strftime("%Y年%m月%d日 %H时%M分%S秒")
        row["public_rating"] = RATINGS[row["public_rating"]]
    q.drop("cases")
    q.csv("cases", "工单.csv", encoding="gb18030")


@fault(STOP, "工单.csv", "public_rating", "9")
def g_a_value_that_the_mapping_does_not_know(q):
    mapped(q, "      public_rating: {from: public_rating, values: {1: satisfied, 2: basically_satisfied}}\n")
    for row in q.rows("cases"):
        row["public_rating"] = "9"
    q.drop("cases")
    q.csv("cases", "工单.csv")


@fault(STOP, "replyed_at", "replied_at")
def g_a_header_that_no_file_has(q):
    mapped(q, "      replied_at: replyed_at\n")
    q.drop("cases")
    q.csv("cases", "工单.csv")


@fault(SAME)
def g_brackets_in_a_name(q):
    mapped(q, "", "'工单 [最新](1).csv'")
    q.drop("cases")
    q.csv("cases", "工单 [最新](1).csv")


# H remedies that hit the cause


@fault(SAME, "cases.csv", ";")
def h_a_line_that_names_the_separator(q):
    q.write("cases.csv", "sep=;\n" + q.text("cases", delimiter=";"))


@fault(STOP, "assessments.xlsx", "password")
def h_a_workbook_under_a_password(q):
    q.drop("assessments")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # of an OLE file, in which Excel encrypts a workbook
    q.write("assessments.xlsx", head + bytes(600) + "EncryptedPackage".encode("utf-16-le"))


@fault(ROWS, "awards.csv line 2 approved", "√", "是/否")  # so few rows that no tolerance is passed
def h_ticks_as_booleans(q):
    for row in q.rows("awards"):
        row["approved"] = "√"
    q.csv("awards")


@fault(SAME)
def h_blank_lines_at_the_end(q):
    q.write("cases.csv", q.text("cases") + "," * (len(q.rows("cases")[0]) - 1) + "\n\n\n")


# I equality of texts, encodings


@fault(SAME)
def i_line_ends_in_a_matter(q):
    for row in q.rows("awards"):
        row["matter"] = f"  {row['matter']}\r\n"
    q.csv("awards")


@fault(STOP, "u003", "U003")
def i_ids_in_another_case(q):
    for row in q.rows("cases"):
        row["unit_id"] = row["unit_id"].replace("U003", "u003")
    q.csv("cases")


@fault(SAME)
def i_gb18030_with_full_width_digits(q):
    for row in q.rows("units"):
        row["unit_id"] = row["unit_id"].translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    q.csv("units", encoding="gb18030")


@pytest.mark.parametrize(("became", "words", "make"), KINDS)
def test_a_fault_is_read_as_meant_or_refused_with_its_place_and_remedy(became, words, make, right, tmp_path):
    folder, whole = right
    quarter = Quarter(tmp_path / "exports", folder)
    make(quarter)
    got = scored(quarter.folder, tmp_path / "out")
    kind = STOP if got.scores is None else SAME if got.scores == whole.scores else ROWS
    assert kind == became, got.said
    assert [word for word in words if word not in got.said] == [], got.said


def test_every_kind_has_faults_read_as_meant_and_faults_refused():
    found = {(one.id[0], one.values[0]) for one in KINDS}
    assert {kind for kind, _ in found} == set("abcdefghi")
    assert found >= {(kind, became) for kind in "abcdfghi" for became in (SAME, STOP)}
