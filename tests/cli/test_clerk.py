"""A clerk's walk by docs/excel.md: forms filled in, rows mended in Excel, the scores those of the right quarter."""

import csv
import re
import shlex
import shutil
from pathlib import Path

import openpyxl

from pipelines.assess import Request, Run
from pipelines.cli import _run
from pipelines.contracts.declared import load_contracts
from pipelines.model.contract import FILE, LINE, WHY
from pipelines.model.period import Period
from pipelines.model.points import shown
from pipelines.paths import ROOT

PERIOD = Period.parse("2026Q3")
EXPORTS = Path("exports/2026Q3")
DAMAGE = {  # row of cases.csv -> a column, what the clerk finds there, and what is wrong with it
    5: ("公众评价", "很满意"), 9: ("承办单位编码", "U404"), 14: ("签收时间", "2026-07-32 09:00"),
    20: ("办理时限", "2026-07-10"),
}


def commands(file: str) -> list[list[str]]:
    """The lines of the last block of a page, without the remarks."""
    block = (ROOT / "docs" / file).read_text(encoding="utf-8").split("```")[-2]
    return [shlex.split(line, comments=True) for line in block.strip().splitlines()]


def rows_of(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def typed(table: str, cells: dict[str, str]) -> dict[str, str]:
    """A row of the sample as a person types it: under Chinese headers, with the words of the lists."""
    columns = load_contracts().tables[table].columns
    words = {"true": "是", "false": "否"}
    labels = {name: words | {value: of[0] for value, of in one.labels if of} for name, one in columns.items()}
    return {columns[name].title: labels[name].get(value, value) for name, value in cells.items()}


def fill_in_forms(tables: dict[str, list[list[str]]]) -> None:
    """What the sample has of each table, typed into the form: below the keys that are there, or row by row."""
    for title, (header, *rows) in tables.items():
        file = Path("forms") / f"{title}.xlsx"
        book = openpyxl.load_workbook(file)
        sheet = book[title]
        places = {cell.value: cell.column for cell in sheet[1] if cell.value}
        keys = {(sheet.cell(line, 1).value, sheet.cell(line, 2).value): line for line in range(2, sheet.max_row + 1)}
        for line, row in enumerate(rows, 2):
            cells = typed({"定性评分": "assessments"}.get(title, "awards"), dict(zip(header, row, strict=True)))
            line = keys[row[0], row[1]] if title == "定性评分" else line
            for head, value in cells.items():
                sheet.cell(line, places[head]).value = value or None
        book.save(file)


def damage(file: Path) -> dict[int, dict[str, str]]:
    """Spoil a cell of some rows of the cases; what stood there."""
    header, *rows = rows_of(file)
    names = [load_contracts().tables["cases"].columns[name].title for name in header]
    right = {}
    for line, (head, value) in DAMAGE.items():
        right[line] = typed("cases", dict(zip(header, rows[line - 2], strict=True)))
        rows[line - 2][names.index(head)] = value
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return right


def mend(file: Path, right: dict[int, dict[str, str]]) -> list[str]:
    """What is wrong, row by row; the red cells as they should be."""
    book = openpyxl.load_workbook(file)
    sheet = book["诉求件"]
    heads = {cell.value: cell.column for cell in sheet[1]}
    why = []
    for row in range(2, sheet.max_row + 1):
        assert sheet.cell(row, heads[FILE]).value == "cases.csv"
        line = int(sheet.cell(row, heads[LINE]).value)
        why.append(sheet.cell(row, heads[WHY]).value)
        red = [head for head, place in heads.items() if sheet.cell(row, place).fill.start_color.rgb == "FFFFC7CE"]
        assert red == [DAMAGE[line][0]]
        sheet.cell(row, heads[red[0]]).value = right[line][red[0]] or None
    book.save(file)
    return why


def totals() -> dict[str, str]:
    """The total of every unit, without pages."""
    with Run(Request(PERIOD, EXPORTS, Path("right"))) as run:
        assert run.check() == ()
        for stage in ("measure", "judge", "settle", "rank"):
            getattr(run, stage)()
        return {unit: shown(score.total) for unit, score in run.scores.items()}


def test_a_clerk_fills_in_mends_and_comes_to_the_right_scores(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lines = commands("excel.md")
    assert lines == commands("excel.en.md")
    right, wanted, tables = {}, {}, {}
    for words in lines:
        if words[0] == "gongping":
            assert _run([*words[1:], *(["--no-pdf"] if words[1] == "run" else [])]) == 0, capsys.readouterr().err
        elif words[0] == "rm":
            tables = {"定性评分": rows_of(Path(words[1])), "加分申报": rows_of(Path(words[2]))}
            wanted = totals()
            for name in words[1:]:
                Path(name).unlink()
        else:
            assert words[0] == "cp"
            if "forms" in words[1]:
                fill_in_forms(tables)
                right = damage(EXPORTS / "cases.csv")
            else:
                why = mend(Path(words[1]), right)
                assert any("满意、基本满意、不满意" in one for one in why) and len(why) == len(DAMAGE)
            for name in words[1:-1]:
                shutil.copy(name, words[-1])
    said = capsys.readouterr().out
    assert "fix.xlsx" in said and "很满意" in said
    ranking = rows_of(Path("out/2026Q3/ranking.csv"))
    unit, total = ranking[0].index("unit_id"), ranking[0].index("total")
    assert {row[unit]: row[total] for row in ranking[1:]} == wanted
    manifest = Path("out/2026Q3/manifest.json").read_text(encoding="utf-8")
    assert re.search(r'"replaced": 4\b', manifest)
    left = openpyxl.load_workbook("out/restricted/2026Q3/fix.xlsx")  # the sample lacks one assessment on purpose
    assert [(row[0], row[3]) for row in left["定性评分"].values][1:] == [("定性评分.xlsx", "得分：请补填得分")]
    assert {row[3] for row in left["诉求件"].values} == {WHY, "已更正，无须再改"}
    assert "restricted/" not in "".join(file.read_text(encoding="utf-8") for file in Path("out/2026Q3").rglob("*.html"))
