"""E5.5: an evaluator's name or number in a free text that pages print stops the run and names the row."""

import csv

import pytest

from pipelines.assess import Request, Run
from pipelines.contracts.declared import load_contracts
from pipelines.model.period import Period
from pipelines.model.text import Evaluator, Panel
from pipelines.model.words import ContractStop
from pipelines.paths import RULES
from pipelines.sample.make import make_sample
from pipelines.stages.publish import panel_of_pages

PERIOD = Period.parse("2026Q3")
HEAD = "adjustment_id,action,unit_id,case_id,rule_id,ref_id,decided_by,decided_on,reason"
CODES = {"succeeded_by", "cases_to", "period"}  # a name there is no unit or period, which stops by itself
PRINTED = [
    (table.name, column.name)
    for table in load_contracts().tables.values() if table.name not in ("evaluators", "evaluations")
    for column in table.columns.values()
    if column.type == "text" and not column.restricted and not column.name.endswith("_id") and column.name not in CODES
]
SETTINGS = """objection: {working_days: 5}
approval: {roles: [审核, 签发], needed: 2}
canaries: {coincidences: [COINCIDENCE]}
"""


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("named")
    make_sample(folder, PERIOD, 6, 300, 1)
    return folder


def rows_of(file):
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def rewrite(file, rows):
    with file.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def decide(exports, reason: str) -> None:
    """Write one decision, with this reason, as the only one."""
    case = rows_of(exports / "cases.csv")[0]
    row = f"J77,exclude_case,{case['unit_id']},{case['case_id']},,,复核组,2026-10-02,{reason}"
    (exports / "adjustments.csv").write_text(f"{HEAD}\n{row}\n", encoding="utf-8")


def stops(exports, reason: str, settings=None) -> str:
    """What a check says of one decision with this reason."""
    decide(exports, reason)
    with Run(Request(PERIOD, exports, exports / "out", settings=settings)) as run:
        return "\n".join(stop.zh for stop in run.check())


def panel(exports) -> dict:
    return rows_of(exports / "evaluators.csv")[0]


@pytest.mark.parametrize("column", ["name", "evaluator_id"])
@pytest.mark.parametrize("form", ["经{}评价核实", "评价员 {} 反映"])
def test_a_reason_that_names_an_evaluator_stops_the_run_and_names_the_row(exports, column, form):
    who = panel(exports)[column]
    message = stops(exports, form.format(who))
    assert "J77" in message and "改写理由" in message and who not in message


def test_a_name_with_a_blank_between_its_signs_is_a_name_too(exports):
    assert "J77" in stops(exports, "经" + " ".join(panel(exports)["name"]) + "评价核实")


def test_a_number_in_full_width_is_a_number_too(exports):
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in panel(exports)["evaluator_id"])
    assert "J77" in stops(exports, f"经{wide}评价核实")


def test_a_reason_without_a_name_is_no_stop(exports):
    assert stops(exports, "专业评价员核实，确属重复派单") == ""


def test_nothing_is_published(exports):
    decide(exports, f"经{panel(exports)['name']}核实")
    with pytest.raises(ContractStop), Run(Request(PERIOD, exports, exports / "out", pdf=False)) as run:
        run.run()
    assert not (exports / "out" / str(PERIOD)).exists()


def test_every_table_with_free_texts_is_looked_at():
    assert len(PRINTED) == 16 and {table for table, _ in PRINTED} == {
        "units", "cases", "assessments", "awards", "adjustments", "matters", "matter_changes", "knowledge",
        "commendations",
    }


@pytest.mark.long
@pytest.mark.parametrize(("table", "column"), PRINTED)
def test_a_name_in_any_free_text_of_any_table_is_a_stop_that_says_where(exports, table, column):
    file, who = exports / f"{table}.csv", panel(exports)["name"]
    decide(exports, "重复派单")
    before = file.read_bytes()
    rows = [{column: "", **row} for row in rows_of(file)]
    rows[-1][column] = f"{rows[-1][column] or ''}（{who}）"
    rewrite(file, rows)
    with Run(Request(PERIOD, exports, exports / "out")) as run:
        [facts] = run.check()
    file.write_bytes(before)
    key = load_contracts().tables[table].key[0]
    title = load_contracts().tables[table].columns[column].title
    assert f"{table} 有 1 行（{rows[-1][key]}" in facts.zh and f"改写{title}" in facts.zh and f"`{column}`" in facts.en
    assert who not in facts.zh + facts.en


def test_a_word_that_holds_a_name_and_means_something_else_is_settled_once(exports, tmp_path):
    who, settings = panel(exports)["name"], tmp_path / "publication.yaml"
    settings.write_text(SETTINGS.replace("COINCIDENCE", f"{who}大桥"), encoding="utf-8")
    assert stops(exports, f"{who}大桥维修，重复派单", settings) == ""
    assert "J77" in stops(exports, f"{who}大桥维修，{who}核实", settings)
    assert "canaries.coincidences" in stops(exports, f"{who}大桥维修")


LI = Evaluator("evaluators.csv", 2, "E0012", "李和平", "云溪区")


@pytest.mark.parametrize(
    ("text", "found"),
    [("李和平", True), ("李 和\u200b平", True), ("李和", False), ("李和乎", False), ("E0012", True),
     ("评价员E0012号", True), ("E00123", False), ("AE0012", False), ("AE0012、E0012", True), ("", False)],
)
def test_what_is_a_name_or_a_number(text, found):
    assert Panel((LI,)).found_in(text) is (LI if found else None)


@pytest.mark.parametrize(("name", "number"), [("李", "E0012"), ("", "E0012"), ("李和平", "E01"), ("李和平", "")])
def test_one_sign_is_no_name_and_three_are_no_number(name, number):
    short = Panel((Evaluator("e", 2, number, name),))
    assert bool(short.found_in(name or "x")) is (len(name) > 1) and bool(short.found_in(number)) is (len(number) > 3)


def test_nobody_is_found_where_there_is_nobody():
    assert Panel(()).found_in("李和平") is None and Panel((Evaluator("e", 2, "", ""),)).found_in("") is None


@pytest.mark.parametrize(
    ("number", "public", "found"),
    [("E0012", (), True), ("10012", (), False), ("U0012", ("U0012",), False), ("U0012", ("U0013",), True)],
)
def test_pages_have_numbers_of_their_own(number, public, found):
    everyone = Panel((Evaluator("e", 2, number, "李和平"),), public=frozenset(public), pages=True)
    assert bool(everyone.found_in(f"见 {number} 等")) is found


def test_a_name_that_every_page_says_counts_behind_its_employer_alone():
    two = Evaluator("e", 2, "", "高峰", "云溪区"), Evaluator("e", 3, "", "方法", "")
    everyone = Panel(two, ordinary="早晚高峰，方法")
    assert everyone.found_in("早晚高峰用这个方法") is None
    assert everyone.found_in("云溪区 高峰").line == 2


def test_the_panel_is_everybody_once_with_the_name_of_the_unit_that_employs_them(exports):
    file = exports / "evaluators.csv"
    before, rows, [unit, *_] = file.read_bytes(), rows_of(file), rows_of(exports / "units.csv")
    for row, employer in zip(rows, (unit["unit_id"], f" {unit['unit_id']}　", "", "elsewhere"), strict=False):
        row["employer_unit_id"] = employer
    rewrite(file, rows[:4])
    with Run(Request(PERIOD, exports, exports / "out")) as run:
        run.check()
        panel = run.panel.evaluators
    file.write_bytes(before)
    assert [(one.line, one.number, one.name) for one in panel] == [
        (line, row["evaluator_id"], row["name"]) for line, row in enumerate(rows[:4], 2)
    ]
    assert [one.employer for one in panel] == [unit["unit_name"], unit["unit_name"], "", ""]


def test_a_number_that_is_also_a_units_is_none_of_an_evaluator_on_pages(exports):
    file = exports / "evaluators.csv"
    before, rows = file.read_bytes(), rows_of(file)
    rows[0]["evaluator_id"] = unit = rows_of(exports / "units.csv")[0]["unit_id"]
    rewrite(file, rows)
    with Run(Request(PERIOD, exports, exports / "out")) as run:
        run.check()
        pages = panel_of_pages(run.warehouse, run.contracts, run.panel, RULES / "standard")
    file.write_bytes(before)
    assert pages.public == {unit} and pages.pages
    assert pages.found_in(f"单位 {unit} 第 1 名") is None and run.panel.found_in(unit) is not None
    assert pages.found_in(rows[1]["evaluator_id"]) is not None
