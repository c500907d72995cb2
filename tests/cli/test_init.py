"""`gongping init`: a city's own project, which runs at once; what it may not write over or begin with is refused."""

import json
from datetime import datetime

import pytest

from pipelines.edges import process
from pipelines.model.period import Period, Periods
from pipelines.model.project import Project
from pipelines.publication.signers import signers_of_city
from pipelines.publication.state import load_settings
from pipelines.rulebook.load import load_rulebook, periods_of
from pipelines.scaffold import books, cron
from tests.pages.test_recompute import recomputed

CITY = "泽湖市"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The first of October: the third quarter and September have just ended."""
    monkeypatch.setattr(process, "now", lambda: datetime(2026, 10, 1))
    yield
    process.use(Project())


@pytest.fixture
def said(call):
    """Call the command: exit code, and all that it said."""

    def run(*words: str) -> tuple[int, str]:
        code, output, complaints = call(*words)
        return code, output + complaints

    return run


def test_what_it_writes_is_scored_without_another_word(said, quick, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, told = said("init", CITY)
    assert (code, "gongping run 2026Q3" in told) == (0, True), told
    monkeypatch.chdir(tmp_path / CITY)
    code, told = said("run", "2026Q3", "--no-pdf")
    assert code == 0, told
    made = json.loads((tmp_path / CITY / "out" / "2026Q3" / "manifest.json").read_text(encoding="utf-8"))
    assert (made["city"], made["simulated"]) == (CITY, True)
    assert said("explain", "U001", "2026Q3")[0] == 0


@pytest.mark.long
@pytest.mark.parametrize("book", books())
def test_a_project_can_begin_with_any_book_and_runs_to_pages_that_add_up(book, said, quick, tmp_path, monkeypatch):
    home = tmp_path / "city"
    assert said("init", CITY, str(home), "--from", book)[0] == 0
    monkeypatch.chdir(home)
    (folder,) = (home / "exports").iterdir()
    code, told = said("run", folder.name, "--no-pdf")
    assert code == 0, told
    code, told = recomputed(home / "out" / folder.name)
    assert code == 0, told
    assert load_rulebook(home / "rules", Period.parse(folder.name)).edition


def test_the_book_scores_the_periods_that_are_asked_for(said, tmp_path):
    assert said("init", CITY, str(tmp_path / "a"), "--period", "month")[0] == 0
    assert periods_of(tmp_path / "a" / "rules") == Periods("month")
    assert [folder.name for folder in (tmp_path / "a" / "exports").iterdir()] == ["2026-09"]
    assert 'cron: "0 7 6 * *"' in (tmp_path / "a" / "gongping.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("periods", "wanted"),
    [
        (Periods("month"), "0 7 6 * *"),
        (Periods("quarter"), "0 7 6 1,4,7,10 *"),
        (Periods("quarter", 11), "0 7 6 2,5,8,11 *"),
        (Periods("half_year"), "0 7 6 1,7 *"),
        (Periods("year", 11), "0 7 6 11 *"),
        (Periods("span"), "0 7 6 * *"),
    ],
)
def test_a_schedule_falls_on_the_sixth_day_after_every_period(periods, wanted):
    assert cron(periods, 7) == wanted


def test_a_folder_that_holds_something_is_left_alone(said, tmp_path):
    (tmp_path / "note.txt").write_text("mine", encoding="utf-8")
    code, told = said("init", CITY, str(tmp_path))
    assert (code, str(tmp_path) in told) == (2, True)
    assert [file.name for file in tmp_path.iterdir()] == ["note.txt"]


@pytest.mark.parametrize(
    ("words", "named"), [(("--from", "lianyungnag"), "lianyungang?"), (("--period", "week"), "--period")]
)
def test_a_book_or_a_period_that_is_none_is_refused_and_nothing_is_written(words, named, said, tmp_path):
    code, told = said("init", CITY, str(tmp_path / "new"), *words)
    assert (code, named in told) == (2, True), told
    assert not (tmp_path / "new").exists()


def test_a_name_of_two_lines_is_refused(said, tmp_path):
    assert said("init", "泽湖\n市", str(tmp_path / "new"))[0] == 2
    assert not (tmp_path / "new").exists()


def test_a_path_in_place_of_the_name_is_refused_with_the_call_that_was_meant(said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, told = said("init", "projects/泽湖市")
    assert code == 2 and "init 泽湖市 projects/泽湖市" in told
    assert said("init", "")[0] == 2 and not list(tmp_path.iterdir())


def test_two_cities_on_one_machine_have_signers_and_settings_of_their_own(said, tmp_path, monkeypatch):
    """Also from a folder below."""
    for name, days in (("甲市", 5), ("乙市", 7)):
        assert said("init", name, str(tmp_path / name))[0] == 0
        file = tmp_path / name / "publication.yaml"
        text = file.read_text(encoding="utf-8").replace("working_days: 5", f"working_days: {days}")
        file.write_text(text, encoding="utf-8")
        monkeypatch.chdir(tmp_path / name / "exports")
        assert said("--version")[0] == 0
        said("signers", "list")  # a verb takes the project file before its work
        assert load_settings().objection_days == days
        assert signers_of_city().resolve() == (tmp_path / name / "rules" / "signers").resolve()
