"""E5.5: whatever a run is about to publish is searched for the panel's names and numbers, file by file."""

import csv
import shutil
from contextlib import nullcontext

import pytest

from pipelines.assess import Request, Run
from pipelines.contracts.declared import load_contracts
from pipelines.edges.paper import Sheet
from pipelines.exports.rows import texts_of
from pipelines.model.period import Period
from pipelines.model.text import Evaluator, Panel
from pipelines.model.words import ContractStop
from pipelines.sample.make import make_sample
from pipelines.stages.publish import must_name_nobody

PERIOD = Period.parse("2026Q3")
TEXTS = [(table.name, column.name) for table in load_contracts().tables.values()
         if table.name not in ("evaluators", "figures")  # figures name units and measures, and the sample has none
         for column in table.columns.values() if column.type == "text" and not column.name.endswith("_id")]
RESTRICTED = [place for place in TEXTS if load_contracts().tables[place[0]].columns[place[1]].restricted]
PRINTED = {("units", "unit_name"), ("units", "unit_group"), ("adjustments", "reason"), ("adjustments", "ground"),
           ("knowledge", "title"), ("matters", "matter_name")}


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("panel") / "plain"
    make_sample(folder, PERIOD, units=4, cases=120, seed=5)
    return folder


@pytest.fixture
def exports(sample, tmp_path):
    return shutil.copytree(sample, tmp_path / "exports")


def rows_of(exports, table):
    with (exports / f"{table}.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def plant(exports, table, column, form="{0}（{1}）", form_of_all=False, number=0):
    """An evaluator's name behind the last text of a column, or behind all of them; the name, in no other text."""
    who, rows = rows_of(exports, "evaluators")[number]["name"], [{column: "", **row} for row in rows_of(exports, table)]
    for row in rows if form_of_all else rows[-1:]:
        row[column] = form.format(row[column] or "", who)
    with (exports / f"{table}.csv").open("w", encoding="utf-8", newline="") as stream:
        written = csv.DictWriter(stream, list(rows[0]))
        written.writeheader()
        written.writerows(rows)
    return who


def run(exports, out, pdf=False):
    with Run(Request(PERIOD, exports, out, pdf=pdf)) as run:
        run.run()


def holding(out, who):
    """The files below a folder that hold a name, in whatever form a reader meets them."""
    files = [file for file in out.rglob("*") if file.is_file()]
    return [file.name for file in files if any(who in text for text in (file.name, *texts_of(file)))]


@pytest.mark.long
def test_a_name_in_every_restricted_text_is_in_no_file_of_any_kind(exports, tmp_path):
    """What contracts call restricted is never printed, so that nothing stops; the paper is read too."""
    names = {plant(exports, table, column, form_of_all=True) for table, column in RESTRICTED}
    assert len(RESTRICTED) == 13 and len(names) == 1
    run(exports, tmp_path / "out", pdf=True)
    kinds = {file.suffix for file in (tmp_path / "out" / str(PERIOD)).rglob("*")}
    assert {".html", ".pdf", ".json", ".csv", ".xlsx"} <= kinds
    assert holding(tmp_path / "out", names.pop()) == []


@pytest.fixture(scope="module")
def named(sample, tmp_path_factory):
    """What a run would publish if every public text named somebody and nobody looked: its folder, (place → row)."""
    home = tmp_path_factory.mktemp("named")
    exports, people = shutil.copytree(sample, home / "exports"), rows_of(sample, "evaluators")
    codes = {("units", "succeeded_by"), ("units", "cases_to")}  # a name there is no unit, which stops by itself
    public = [place for place in TEXTS if place not in RESTRICTED and place not in codes]
    who = {place: number for number, place in enumerate(public)}
    for place, number in who.items():
        plant(exports, *place, number=number, form_of_all=True)
    assert len({people[number]["name"] for number in who.values()}) == len(public)
    with Run(Request(PERIOD, exports, home / "out", pdf=False, verifying=True)) as run:
        run.run()
    lines = {place: Evaluator("evaluators.csv", n + 2, "", people[n]["name"]) for place, n in who.items()}
    return (home / "out" / str(PERIOD)).resolve(), lines


def test_a_name_in_any_public_text_that_is_printed_is_found_in_the_files(named):
    """`verifying`: what was published is public already, so that its bytes can be computed again."""
    folder, lines = named
    printed = {place for place, one in lines.items() if holding(folder, one.name)}
    assert printed >= PRINTED
    for place, one in lines.items():
        facts = f"evaluators.csv 第 {one.line} 行"
        with pytest.raises(ContractStop, match=facts) if place in printed else nullcontext():
            must_name_nobody(Panel((one,)), folder)


@pytest.mark.parametrize("kind", [".html", ".csv", ".json", ".xlsx"])
def test_every_kind_of_file_is_searched(named, tmp_path, kind):
    folder, lines = named
    one = lines["units", "unit_name"]
    held = [name for name in holding(folder, one.name) if name.endswith(kind)]
    assert held
    file = next(folder.rglob(held[0]))
    shutil.copy(file, tmp_path / file.name)
    with pytest.raises(ContractStop, match=f"^{file.name}"):
        must_name_nobody(Panel((one,)), tmp_path)


def test_a_name_in_a_quarantined_cell_stops_for_the_list_of_the_quarantine(exports, tmp_path):
    who = plant(exports, "cases", "public_rating", "{1}说不满意")
    with pytest.raises(ContractStop, match=r"^(quarantine\.csv|quality/|bulletin\S*html|index\.html)") as stop:
        run(exports, tmp_path / "out")
    assert holding(tmp_path / "out", who) == ["fix.xlsx"] and who not in str(stop.value)
    fix = tmp_path / "out" / "restricted" / "2026Q3" / "fix.xlsx"  # the office's own, where the cell is mended
    assert fix.stat().st_mode & 0o777 == 0o600


def test_paper_is_searched_as_the_page_that_it_is_printed_from(tmp_path):
    one, page = Evaluator("evaluators.csv", 2, "", "李和平"), tmp_path / "units" / "U001.pdf"
    with pytest.raises(ContractStop, match=r"^units/U001\.pdf"):
        must_name_nobody(Panel((one,)), tmp_path, [Sheet("<p>李<b>和</b>平</p>", page)])
    must_name_nobody(Panel((one,)), tmp_path, [Sheet("<p>李<b>和</b>乎</p>", page)])
