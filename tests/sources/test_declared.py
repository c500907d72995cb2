"""`sources:` of the project file: what it refuses, where secrets may lie, and the verb that reads it."""

import json

import pytest

from pipelines.assess import Run
from pipelines.cli import main
from pipelines.edges.private import revealed
from pipelines.model.project import Secret
from pipelines.model.words import UsageRefusal
from pipelines.project import load
from tests.ingest.reading import HEADER as CASES
from tests.ingest.reading import UNITS, row

DATABASE = """
name: 某市
sources:
  hotline:
    kind: postgresql
    host: db.example
    database: hotline
    user: reader
    password: {env: HOTLINE_PASSWORD}
    tables:
      cases: select * from cases where made >= :start and made < :end;
"""


def project(folder, text):
    (folder / "gongping.yaml").write_text(text, encoding="utf-8")
    return load(folder / "gongping.yaml")


def test_a_source_is_read_with_its_defaults(tmp_path):
    [source] = project(tmp_path, DATABASE).sources
    assert (source.name, source.kind, source.port, source.tls) == ("hotline", "postgresql", 5432, "verify")
    assert source.password == Secret(env="HOTLINE_PASSWORD")
    assert source.tables[0].text == "select * from cases where made >= :start and made < :end"


REFUSED = {
    "kind: postgresql": ("kind: postgres", 5, "the nearest is postgresql"),
    "    host: db.example\n": ("", 5, "needs host"),
    "user: reader": ("usr: reader", 8, "the nearest is user"),
    "{env: HOTLINE_PASSWORD}": ("hunter2", 9, "does not stand in the project file"),
    "{env: HOTLINE": ("{variable: HOTLINE", 9, "does not stand in the project file"),
    "      cases: select": ("      ../cases: select", 11, "is no name"),
    "    tables:\n": ("    port: 70000\n    tables:\n", 10, "whole number"),
    "    user:": ("    tls: maybe\n    user:", 8, "one of verify、require、off"),
    "kind: postgresql\n": ("kind: sqlserver\n", 5, "SQL Server and Oracle"),
    "    kind: postgresql\n    host": ("    kind: http\n    url: http://me:pass@host/x\n    files: a.csv\n    host", 8, "http does not know host"),  # noqa: E501
}


@pytest.mark.parametrize("old", REFUSED)
def test_what_nothing_would_honour_is_refused_with_its_line(tmp_path, old):
    new, line, said = REFUSED[old]
    assert old in DATABASE
    with pytest.raises(UsageRefusal) as refusal:
        project(tmp_path, DATABASE.replace(old, new, 1))
    assert said in refusal.value.words.en and f"line {line}" in refusal.value.words.en
    assert "hunter2" not in refusal.value.words.en


@pytest.mark.parametrize(("url", "is_good"), [
    ("https://host/x", True), ("http://me:pass@host/x", False), ("ftp://host/x", False), ("https:///x", False),
])
def test_an_address_has_a_host_and_no_account(tmp_path, url, is_good):
    text = f"name: 某市\nsources: {{site: {{kind: http, url: '{url}', files: a.csv}}}}\n"
    if is_good:
        assert project(tmp_path, text).sources[0].url == url
    else:
        with pytest.raises(UsageRefusal):
            project(tmp_path, text)


@pytest.mark.parametrize("pattern", ["../x.csv", "/etc/passwd", "{month}/x.csv"])
def test_files_lie_inside_the_folder_of_the_source(tmp_path, pattern):
    with pytest.raises(UsageRefusal):
        project(tmp_path, f"name: 某市\nsources: {{share: {{kind: folder, folder: ., files: '{pattern}'}}}}\n")


@pytest.mark.parametrize(("mode", "is_good"), [(0o600, True), (0o400, True), (0o640, False), (0o604, False)])
def test_a_secret_file_is_its_owners_alone(tmp_path, mode, is_good):
    (tmp_path / "secret").write_text("hush\n")
    (tmp_path / "secret").chmod(mode)
    if is_good:
        assert revealed(Secret(file=tmp_path / "secret"), "hotline") == "hush"
    else:
        with pytest.raises(UsageRefusal) as refusal:
            revealed(Secret(file=tmp_path / "secret"), "hotline")
        assert "chmod 600" in refusal.value.words.en and "hush" not in refusal.value.words.en


def test_a_variable_that_is_not_set_and_a_file_that_is_not_there_are_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("HOTLINE_PASSWORD", raising=False)
    for secret in (Secret(env="HOTLINE_PASSWORD"), Secret(file=tmp_path / "nowhere")):
        with pytest.raises(UsageRefusal):
            revealed(secret, "hotline")


def call(*words) -> int:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--lang", "en"])
    return ended.value.code or 0


@pytest.fixture
def city(tmp_path, monkeypatch):
    """A project whose exports lie on a share, and are scored from what was pulled."""
    share = tmp_path / "share" / "2026Q3"
    share.mkdir(parents=True)
    (share / "units.csv").write_text(UNITS, encoding="utf-8")
    (share / "cases.csv").write_text(f"{CASES}\n{row('1')}\n", encoding="utf-8")
    (tmp_path / "gongping.yaml").write_text(
        "name: 某市\nsources: {share: {kind: folder, folder: share, files: '{period}/*.csv'}}\n"
        "exports: 'raw/{period}/current/exports'\nabsent: [cases.signed_at, cases.replied_at, cases.closed_at, "
        "cases.public_rating]\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_was_pulled_is_what_check_reads_without_the_source(city, capsys):
    assert call("pull", "2026Q3", "--json") == 0
    done = json.loads(capsys.readouterr().out)
    assert [table["file"] for table in done["tables"]] == ["cases.csv", "units.csv"]
    (city / "share").rename(city / "gone")
    assert call("pull", "2026Q3") == 1  # and the pull from before stands
    assert call("check", "2026Q3") == 0


def test_a_run_may_pull_first_and_scores_what_came(city):
    (city / "share" / "2026Q3" / "cases.csv").write_text(f"{CASES}\n{row('1')}\n{row('2')}\n", encoding="utf-8")
    assert call("run", "2026Q3", "--pull", "--no-pdf") == 0
    manifest = json.loads((city / "out" / "2026Q3" / "manifest.json").read_text(encoding="utf-8"))
    [pulled] = [one for one in (city / "raw" / "2026Q3").iterdir() if not one.is_symlink()]
    assert "cases.csv" in json.dumps(manifest) and (pulled / "receipt.json").is_file()


def test_a_run_whose_later_stage_failed_is_repeated_from_what_was_kept(city, monkeypatch, capsys):
    """The pull stays where the run that asked for it dies: the next run needs no source."""
    with monkeypatch.context() as broken:
        broken.setattr(Run, "settle", lambda run: 1 // 0)
        assert call("run", "2026Q3", "--pull", "--no-pdf") == 1
    [kept] = [one for one in (city / "raw" / "2026Q3").iterdir() if not one.is_symlink()]
    (city / "share").rename(city / "gone")
    assert call("run", "2026Q3", "--no-pdf") == 0
    manifest = json.loads((city / "out" / "2026Q3" / "manifest.json").read_text(encoding="utf-8"))
    wanted = {table["file"]: table["sha256"] for table in json.loads((kept / "receipt.json").read_text())["tables"]}
    assert {one["file"]: one["sha256"] for one in manifest["inputs"]} == wanted


@pytest.mark.parametrize("file", ["exports/cases.csv", "receipt.json"])
def test_a_pull_that_was_changed_is_not_scored(city, capsys, file):
    assert call("pull", "2026Q3") == 0
    there = city / "raw" / "2026Q3" / "current" / file
    assert call("check", "2026Q3") == 0
    there.chmod(0o600)
    there.write_text(there.read_text(encoding="utf-8").replace("1", "2") + "\n{", encoding="utf-8")
    capsys.readouterr()
    assert call("check", "2026Q3") == 3
    assert f"{there.name} changed since the pull" in capsys.readouterr().err


def test_a_source_that_is_not_declared_is_refused_with_the_nearest(city, capsys):
    assert call("pull", "2026Q3", "--from", "shares") == 2
    assert "share?" in capsys.readouterr().err


def test_a_project_without_sources_says_where_to_read(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert call("pull", "2026Q3") == 2 and "docs/sources.en.md" in capsys.readouterr().err
