"""The project file `gongping.yaml`: found like git's, every key with its effect, every refusal with its line."""

import csv
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pyarrow
import pytest
from pyarrow import parquet

from pipelines.cli import VERBS, WITHOUT_PROJECT, Verbs
from pipelines.edges import process
from pipelines.edges.warehouse import Warehouse
from pipelines.model.project import KEYS, Project
from pipelines.paths import CALENDARS, ROOT, RULES
from pipelines.project import take
from pipelines.publication.ssh import stamp
from scripts import reference

PERIOD = "2026Q3"
CITY = "泽湖市"


@pytest.fixture
def town(tmp_path, exports, monkeypatch, quick) -> Path:
    """A folder with exports of one quarter, in which the command is called."""
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / PERIOD).symlink_to(exports)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    process.use(Project())


def write(folder: Path, *lines: str) -> Path:
    """The project file of a folder."""
    file = folder / "gongping.yaml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def manifest(out: Path) -> dict:
    return json.loads((out / PERIOD / "manifest.json").read_text(encoding="utf-8"))


def options_of(verb: click.Command) -> dict[str, click.Option]:
    """Every option of a verb and of its parts, by `part --name`."""
    found = {f" {one.opts[0]}": one for one in verb.params if isinstance(one, click.Option)}
    for name, part in getattr(verb, "commands", {}).items():
        found |= {f"{name}{key}": one for key, one in options_of(part).items()}
    return found


# ---- found, and said

def test_it_is_found_from_a_folder_below_and_its_paths_begin_where_it_lies(town, call, monkeypatch):
    write(town, f"name: {CITY}", "exports: exports", "out: results")
    (town / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(town / "a" / "b")
    code, _, output = call("run", PERIOD, "--no-pdf")
    assert code == 0, output
    assert output.count("../../gongping.yaml") == 1 and CITY in output
    assert json.loads((town / "results" / "city.json").read_text(encoding="utf-8")) == {"city": CITY}
    assert manifest(town / "results")["city"] == CITY
    code, output, _ = call("doctor")
    assert f"../../gongping.yaml {CITY}" in output and str(town / "results") in output.replace("\n", "")
    code, output, _ = call("status")
    assert code == 0 and PERIOD in output
    code, output, error = call("verify", PERIOD, "--exports", str(town / "exports" / PERIOD))
    assert code == 0, error
    assert (town / "results" / PERIOD).resolve().name in output  # computed again, with the city's name, to the byte


def test_the_nearest_file_counts(town, call):
    write(town, "name: 远")
    (town / "in").mkdir()
    write(town / "in", "name: 近")
    assert "近" in call("--project", "in", "doctor")[1]
    assert "远" in call("doctor")[1]


@pytest.mark.parametrize("words", [("--project", "mine.yaml", "status"), ("status", "--project=mine.yaml")])
def test_another_file_can_be_named_anywhere_in_the_call(town, call, words):
    write(town, "out: usual")
    write(town, "out: other").rename(town / "mine.yaml")
    write(town, "out: usual")
    assert "other" in call(*words)[1]
    assert "usual" in call("status")[1]


@pytest.mark.parametrize("given", ["nowhere.yaml", "exports"])
def test_a_named_file_that_is_not_there_is_refused(town, call, given):
    write(town, "out: usual")
    code, _, output = call("status", "--project", given)
    assert code == 2 and given in output and "--project" in output
    assert call("status", "--project")[0] == 2


def test_without_a_file_everything_is_as_before(town, call):
    code, output, _ = call("doctor")
    assert "没有 gongping.yaml" in output
    code, _, output = call("run", PERIOD)
    assert code == 2 and "--exports" in output
    code, _, output = call("run", PERIOD, "--exports", f"exports/{PERIOD}", "--no-pdf")
    assert code == 0 and "gongping.yaml" not in output
    made = manifest(town / "out")
    assert "city" not in made and "zone" not in made
    assert (town / "out" / "city.json").read_text(encoding="utf-8") == '{"city": "standard"}\n'


def test_the_demo_is_no_citys(town, call):
    write(town, "nonsense: 1")
    assert call("demo", "--help")[0] == 0
    assert call("status", "--help")[0] == 2


def test_the_doctor_tells_what_is_refused_and_looks_at_the_rest(town, call):
    write(town, f"name: {CITY}", "zone: Asia/Shangai")
    code, output, _ = call("doctor")
    output = output.replace("\n", "")
    assert code == 1 and "gongping.yaml 第 2 行" in output and "Python" in output


# ---- every key has its effect, and an option wins

def test_the_name_gives_the_folder_to_the_city(town, call, out):
    write(town, f"name: {CITY}", "exports: exports", f"out: {out}")
    code, _, output = call("run", PERIOD)
    assert code == 4 and CITY in output and "standard" in output


def cases_due(folder: Path, exports: Path, due: str, form: str) -> None:
    """The exports with a first case row that is due at this instant, as CSV with an offset or as a Parquet instant."""
    shutil.copytree(exports, folder)
    with (folder / "cases.csv").open(encoding="utf-8-sig", newline="") as stream:
        header, first, *rows = csv.reader(stream)
    facts = dict(zip(header, first, strict=True)) | dict.fromkeys(("replied_at", "closed_at", "rated_at"), "")
    facts |= dict.fromkeys(("received_at", "dispatched_at", "signed_at", "sign_due_at"), "2026-06-24 09:00:00")
    table = [facts | {"reply_due_at": due}, *(dict(zip(header, row, strict=True)) for row in rows)]
    (folder / "cases.csv").unlink()
    if form == "csv":
        with (folder / "cases.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, header)
            writer.writeheader()
            writer.writerows(table)
        return
    columns = {name: pyarrow.array([row[name] or None for row in table]) for name in header}
    due_at = [datetime.fromisoformat(row["reply_due_at"]) if row["reply_due_at"] else None for row in table]
    instants = [at and at.replace(tzinfo=UTC) for at in due_at]
    columns["reply_due_at"] = pyarrow.array(instants, pyarrow.timestamp("us", "UTC"))
    parquet.write_table(pyarrow.table(columns), folder / "cases.parquet")


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_zone_is_that_of_moments(town, call, exports, form):
    cases_due(town / "with" / PERIOD, exports, "2026-06-30T23:30:00+00:00", form)  # 1 July in Shanghai

    def periods(zone: str) -> dict:
        write(town, f"zone: {zone}", "exports: with")
        return json.loads(call("check", PERIOD, "--json")[1])["periods"]["cases"]

    here, there = periods("Asia/Shanghai"), periods("UTC")
    assert there["2026Q2"] > here.get("2026Q2", 0)
    assert call("run", PERIOD, "--no-pdf")[0] == 0
    assert manifest(town / "out")["zone"] == "UTC"
    write(town, "zone: Asia/Shanghai")
    code, _, output = call("verify", PERIOD, "--exports", f"with/{PERIOD}")
    assert code == 5 and "重新计算时 zone 与" in output


def test_the_zone_is_that_of_the_clock_of_options_and_of_signatures(town, call):
    write(town, "zone: UTC", "exports: exports")
    (town / "inbox").mkdir()
    code, output, error = call("evaluators", "step", "--at", "2026-10-09T00:00+08:00", "--inbox", "inbox", "--json")
    assert code == 0 and json.loads(output)["at"] == "2026-10-08 16:00:00", error
    assert stamp(datetime(2026, 7, 1, 8)) == "20260701080000Z"
    assert abs(process.now() - datetime.now(ZoneInfo("UTC")).replace(tzinfo=None)).total_seconds() < 60


def test_the_period_is_the_quarter(town, call):
    write(town, "period: quarter")
    assert call("status")[0] == 0


def test_the_rulebook_judges_checks_and_is_listed(town, call):
    book = shutil.copytree(RULES / "standard", town / "rules") / "rulebook.yaml"
    book.write_text(book.read_text(encoding="utf-8").replace("edition: standard", "edition: mine"), encoding="utf-8")
    write(town, "rulebook: rules", "exports: exports")
    assert call("run", PERIOD, "--no-pdf")[0] == 0
    assert manifest(town / "out")["rulebook"]["edition"] == "mine"
    assert call("run", PERIOD, "--rules", str(RULES / "standard"))[0] == 4  # the folder is the edition's
    book.unlink()
    assert [call(*words)[0] for words in (("check", PERIOD), ("catalogue",))] == [2, 2]
    assert call("catalogue", "--rules", str(RULES / "standard"))[0] == 0


def test_the_mapping_reads_the_exports(town, call):
    shutil.copy(ROOT / "examples" / "baltimore" / "mapping.yaml", town / "mine.yaml")
    write(town, "mapping: mine.yaml", "exports: exports")
    for words in (("check", PERIOD), ("run", PERIOD, "--no-pdf"), ("libraries", "check", PERIOD)):
        code, printed, output = call(*words)
        assert code == 3 and "baltimore311_official_sample.csv" in printed + output
    code, _, output = call("check", PERIOD, "--source", "other.yaml")
    assert code == 2 and "other.yaml" in output


@pytest.mark.parametrize("line", ["exports: exports", "exports: 'exports/{period}'", "exports: '{period}/csv'"])
def test_the_exports_of_a_quarter_are_found(town, exports, call, line):
    (town / PERIOD).mkdir()
    (town / PERIOD / "csv").symlink_to(exports)
    write(town, line)
    code, output, _ = call("check", PERIOD, "--json")
    assert code == 0 and json.loads(output)["rows"]["cases"]["read"]
    code, _, output = call("check", "2026Q2")
    assert code in (2, 3) and "2026Q2" in output
    code, _, output = call("check", PERIOD, "--exports", "elsewhere")
    assert "elsewhere" in output and "exports" not in output.replace("--exports", "")


def test_the_evaluators_work_on_the_quarter_of_the_moment_and_the_one_before(town, call):
    write(town, "exports: exports")
    (town / "inbox").mkdir()
    code, output, error = call("evaluators", "step", "--at", "2026-10-09", "--inbox", "inbox", "--json")
    assert code == 0, error
    assert json.loads(output)["open"]
    code, output, error = call("evaluators", "report", "--at", "2026-10-09", "--json")
    assert code == 0, error
    code, _, output = call("evaluators", "step", "--at", "2026-10-10", "--evaluations", "evaluations.csv")
    assert code == 2 and "{period}" in output
    code, _, output = call("evaluators", "step", "--at", "2027-04-09")
    assert code == 2 and "2027Q2" in output and "2027Q1" in output


def test_the_calendars_are_the_citys_own(town, call):
    shutil.copytree(CALENDARS, town / "days")
    write(town, "calendars: days", "exports: exports")
    assert call("run", PERIOD, "--no-pdf")[0] == 0
    (town / "days" / "2026.yaml").unlink()
    code, _, output = call("run", PERIOD, "--no-pdf", "--out", "again")
    assert code == 1 and "days/2026.yaml" in output
    output = call("doctor")[1].replace("\n", "")
    assert "✗ 工作日历" in output and "days/2026.yaml" in output


def test_a_mapping_counts_working_days_by_the_citys_calendars(town, call, exports):
    header = (exports / "cases.csv").read_text(encoding="utf-8-sig").splitlines()[0].replace('"', "").split(",")
    columns = {name: name for name in header}
    columns["reply_due_at"] = "{working_days_after: {column: dispatched_at, days: 5}}"
    lines = ["name: x", "title: {zh: x, en: x}", "tables:", "  cases:", "    files: [cases.csv]", "    columns:",
             *(f"      {name}: {value}" for name, value in columns.items())]
    (town / "mine.yaml").write_text("\n".join(lines), encoding="utf-8")
    shutil.copytree(CALENDARS, town / "days")
    write(town, "calendars: days", "exports: exports", "mapping: mine.yaml")
    code, output, error = call("check", PERIOD, "--json")
    assert code == 0, error
    (town / "days" / "2026.yaml").unlink()
    shutil.move(town / "days", town / "others")
    write(town, "calendars: others", "exports: exports", "mapping: mine.yaml")
    found = json.loads(call("check", PERIOD, "--json")[1])
    assert found["rows"]["cases"]["accepted"] == 0
    (remedy,) = {one["remedy"]["zh"] for one in found["breaches"] if one["table"] == "cases"}
    assert "calendars 所指的文件夹" in remedy


def test_what_is_absent_is_not_asked_for(town, call, exports):
    shutil.copytree(exports, town / "short" / PERIOD)
    for file in (town / "short" / PERIOD).glob("instructions.*"):
        file.unlink()
    write(town, "exports: short", "absent: [instructions, cases.title]")
    assert call("run", PERIOD, "--no-pdf")[0] == 0
    assert manifest(town / "out")["absent"] == ["cases.title", "instructions"]
    assert call("run", PERIOD, "--no-pdf", "--absent", "instructions")[0] == 0
    assert manifest(town / "out")["absent"] == ["instructions"]


def test_the_office_is_the_citys(town, call):
    office = (ROOT / "reports" / "bulletin" / "demo.yaml").read_text(encoding="utf-8")
    (town / "mine.yaml").write_text(office.replace("signer:", "sinner:"), encoding="utf-8")
    write(town, "office: mine.yaml", "exports: exports")
    code, _, output = call("run", PERIOD, "--no-pdf")
    assert code == 2 and "mine.yaml" in output and "sinner" in output
    usual = str(ROOT / "reports" / "bulletin" / "demo.yaml")
    assert call("run", PERIOD, "--no-pdf", "--office", usual)[0] == 0


def test_the_bounds_of_early_warnings_are_the_citys(town, call):
    bounds = (ROOT / "rules" / "watch.yaml").read_text(encoding="utf-8")
    (town / "mine.yaml").write_text(bounds.replace("under: 90", "under: many"), encoding="utf-8")
    write(town, "watch: mine.yaml", "exports: exports")
    line = 1 + bounds[: bounds.index("under: 90")].count("\n")
    code, _, output = call("watch", PERIOD, "--at", "2026-09-01")
    assert code == 2 and f"mine.yaml 第 {line} 行" in output and "many" in output


FROM_NO_PROJECT = {
    "demo --out", "template --exports", "whatif --rules", "objections --rules", "verify --rules", "verify --exports",
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_of_a_key_has_its_default_from_the_file(town, verb):
    """What was scored before is computed again from what it was scored by, and on request only."""
    for name in ("rules", "days"):
        (town / name).mkdir()
    for name in ("map.yaml", "office.yaml", "watch.yaml"):
        (town / name).touch()
    given = {"rulebook": "rules", "mapping": "map.yaml", "exports": "in", "out": "results", "absent": "[cases.title]",
             "office": "office.yaml", "watch": "watch.yaml"}
    write(town, *(f"{key}: {value}" for key, value in given.items()))
    bare = click.Context(Verbs("gongping"))
    found = options_of(Verbs("gongping").get_command(bare, verb))
    project = process.project()
    assert verb in WITHOUT_PROJECT or project.file
    keys = {facts["option"]: key for key, facts in KEYS.items() if facts["option"]}
    for name, option in found.items():
        if (key := keys.get(option.opts[0])) and f"{verb}{name}" not in FROM_NO_PROJECT:
            default = option.show_default if key == "exports" else option.default
            assert default == getattr(project, key), name
            assert not option.required


# ---- refused, with the line

@pytest.mark.parametrize(("line", "message"), [
    ("nmae: x", ("nmae", "最接近的是 name", "不会起作用", "calendars")),
    ("zone: Asia/Shangai", ("Asia/Shangai", "最接近的是 Asia/Shanghai")),
    ("zone: localtime", ("localtime",)),
    ("spark_master: head:7077", ("spark://", "head:7077")),
    ("spark_folder: nowhere", ("nowhere",)),
    ("memory: much", ("memory", "8GB")),
    ("memory: 499MB", ("500",)),
    ("zone: ../etc", ("../etc",)),
    ("zone:", ("zone",)),
    ("name: ''", ("name",)),
    ('name: "a\\nb"', ("name",)),
    ("name: [a]", ("name",)),
    ("period: mounth", ("mounth", "最接近的是 month")),
        ("period: span", ("span", "half_year")),
    ("contracts: mine", ("contracts", "rulebook.yaml 的 columns")),
    ("rulebook: ruels", ("ruels", "最接近的是 rules")),
    ("rulebook: file.yaml", ("file.yaml", "不是文件夹")),
    ("mapping: fiel.yaml", ("fiel.yaml", "最接近的是 file.yaml")),
    ("mapping: rules", ("rules", "不是文件")),
    ("office: none.yaml", ("none.yaml",)),
    ("calendars: none", ("none",)),
    ("out: file.yaml", ("file.yaml", "不是文件夹")),
    ("out: ~/out", ("~/out", "不用 ~")),
    ('out: "a\\0b"', ("out",)),
    ("exports: file.yaml", ("file.yaml", "不是文件夹")),
    ("exports: 'in/{quarter}'", ("{quarter}", "{period}")),
    ("exports: 'in/{period'", ("{period",)),
    ("absent: cases.replied", ("cases.replied", "cases.replied_at")),
    ("absent: [units]", ("units",)),
    ("absent: {a: b}", ("absent",)),
    ("absent: [[a]]", ("absent",)),
    ("zone: UTC\nzone: UTC", ("zone", "两次")),
    ("name: [a", ("YAML",)),
    ("- a", ("YAML",)),
])
def test_what_nothing_would_honour_is_refused_at_its_line(town, call, line, message):
    (town / "rules").mkdir()
    (town / "file.yaml").touch()
    write(town, "# a city", "", "zone: UTC" if line.startswith("name") else "name: x", line)
    code, _, error = call("status")
    at = 5 if line.startswith("name: [a") and not line.endswith("]") or "\nzone" in line else 4
    assert code == 2 and f"gongping.yaml 第 {at} 行" in error
    assert all(word in error for word in message), error
    assert len(error.strip().splitlines()) == 1
    assert f"gongping.yaml, line {at}" in call("--lang", "en", "status")[2]


@pytest.mark.parametrize("content", [b"", b"just words", b"\xff\xfe\x00", b"a: &a [*a]\n"])
def test_a_file_that_is_no_project_is_refused(town, call, content):
    (town / "gongping.yaml").write_bytes(content)
    code, _, error = call("status")
    assert code == 2 and "项目文件 gongping.yaml 第 1 行" in error


def test_a_file_that_cannot_be_opened_is_refused_and_not_passed_over(town, call):
    (town / "gongping.yaml").symlink_to("gone.yaml")
    code, _, error = call("status")
    assert code == 2 and "无法打开项目文件 gongping.yaml" in error


# ---- written down

def test_the_page_has_the_table_of_the_keys():
    page = (ROOT / "docs" / "project.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in page if line.startswith("| `")] == reference.keys()


def test_the_example_of_the_page_is_taken(town, call):
    shutil.copytree(RULES / "standard", town / "rules")
    for name in ("mapping.yaml", "office.yaml"):
        (town / name).touch()
    page = (ROOT / "docs" / "project.md").read_text(encoding="utf-8")
    write(town, page.split("```yaml\n")[1].split("```")[0])
    assert call("status")[0] == 0
    assert process.project().name == CITY and process.project().absent == ("instructions",)


@pytest.mark.parametrize(("written", "limit"), [("500MB", "476.8 MiB"), ("2 gb", "1.8 GiB")])
def test_the_database_takes_the_memory_that_the_file_gives(town, written, limit):
    write(town, f"memory: {written}")
    take(town)
    [(taken,)] = Warehouse().connection.execute("select current_setting('memory_limit')").fetchall()
    assert taken == limit
