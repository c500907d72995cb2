"""Retention: the day before, the day and the day after; what is published, in force or on its way is never touched."""

import json
import os
import shutil
from dataclasses import replace
from datetime import date, datetime

import pytest

from pipelines.cli import main
from pipelines.edges import process
from pipelines.edges.fingerprints import note_beside
from pipelines.edges.published import tallies_of
from pipelines.edges.runs import NOTES
from pipelines.model.period import Period
from pipelines.model.project import LAYERS, Keep, Project
from pipelines.model.words import Refusal, UsageRefusal
from pipelines.project import load
from pipelines.publication import desk as publishing
from pipelines.publication.retention import LOG, delete, stocks
from pipelines.publication.verify import verify
from tests.publication.office import (
    LATER,
    LIN,
    PERIOD,
    SENT,
    WU,
    act,
    approved_run,
    bytes_below,
    finished_run,
    published,
    signers_of,
)

AFTER = datetime(2027, 7, 1)  # the first day after a year from the end of the second quarter of 2026
PERSONAL = "王小明 13900001234"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A city whose second quarter is published, with something in every layer."""
    home = tmp_path_factory.mktemp("city")
    out = home / "out"
    finished_run(out, "-5.00")  # which nobody ever saw
    approved_run(out)
    act(out, publishing.publish, without_pdf=True, at=LATER)
    for name in (
        "exports/2026Q2/cases.csv",
        "exports/notes/plan.txt",
        "raw/2026Q2/20260701T080000/exports/cases.parquet",
        "out/restricted/2026Q2/fix.xlsx",
        "out/restricted/2026Q2/units/U1.csv",
        "out/restricted/2026Q2/counted-1.parquet",
        "out/running/2026Q2/2026-06-29/morning.xlsx",
        "out/restricted/evaluators/log.jsonl.old",
    ):
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(PERSONAL, encoding="utf-8")
    pull = home / "raw/2026Q2/20260701T080000"
    (home / "raw/2026Q2/current").symlink_to(pull.name)
    for folder in (pull / "exports", pull):
        folder.chmod(0o500)
    return home


@pytest.fixture
def home(made, tmp_path):
    """A copy of the city."""
    return shutil.copytree(made, tmp_path / "city", symlinks=True)


def city(home, *layers, n=1, unit="years"):
    return Project(
        exports=str(home / "exports" / "{period}"),
        raw=home / "raw",
        retention=tuple(Keep(layer, n, unit) for layer in layers or LAYERS),
    )


def found(home, now=AFTER, given=None):
    return stocks(given or city(home), home / "out", now, signers_of(home / "out"))


@pytest.mark.parametrize(
    ("keep", "last"),
    [
        (Keep("raw", 1, "days"), date(2026, 7, 1)),
        (Keep("raw", 90, "days"), date(2026, 9, 28)),
        (Keep("raw", 1, "months"), date(2026, 7, 31)),
        (Keep("raw", 8, "months"), date(2027, 2, 28)),
        (Keep("raw", 3, "years"), date(2029, 6, 30)),
    ],
)
def test_an_age_counts_from_the_end_of_the_period(keep, last):
    assert keep.last_day(PERIOD) == last
    assert Keep("raw", 2, "years").last_day(Period.parse("2026-02")) == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("now", "due"),
    [(datetime(2027, 6, 29, 23), False), (datetime(2027, 6, 30, 23, 59), False), (AFTER, True)],
)
def test_what_is_kept_a_year_is_due_on_the_first_day_after_it(home, now, due):
    assert {one.is_due(now) for one in found(home, now)} == {due}
    assert {one.keep.layer for one in found(home, now)} == set(LAYERS)


def test_it_is_deleted_and_what_is_published_stays_to_the_byte(home):
    out = home / "out"
    kept = {name: content for name, content in bytes_below(out).items()
            if name.startswith(("published", "preview", "record", "2026Q2")) or "counted-" in name}
    for one in found(home):
        delete(out, one)
    left = bytes_below(home)
    assert [name for name, content in left.items() if PERSONAL.encode() in content] == [
        "exports/notes/plan.txt", "out/restricted/2026Q2/counted-1.parquet", "out/restricted/evaluators/log.jsonl.old",
    ]
    assert kept.items() <= bytes_below(out).items()
    assert not (home / "raw/2026Q2").exists() and not (home / "exports/2026Q2").exists()
    assert len([run for run in (out / ".runs/2026Q2").iterdir() if run.is_dir()]) == 1
    assert found(home) == []


def test_a_period_of_which_data_were_deleted_is_still_verified(tmp_path):
    """Also where it kept tallies, of which verify knows the hashes."""
    finished_run(tmp_path, "-5.00")
    tallies = tallies_of(tmp_path / str(PERIOD))
    tallies.mkdir()
    (tallies / "cube.parquet").write_text(PERSONAL, encoding="utf-8")
    note_beside(tmp_path, [tallies])
    published(tmp_path)
    given = replace(city(tmp_path, "runs"), exports="")
    (one,) = stocks(given, tmp_path, AFTER, signers_of(tmp_path))
    before = verify(tmp_path, PERIOD, signers=signers_of(tmp_path))
    delete(tmp_path, one)
    assert not tallies.exists()
    after = verify(tmp_path, PERIOD, signers=signers_of(tmp_path))
    assert (before.editions, after.editions) == (["1"], ["1"])


def test_the_log_holds_hashes_and_counts_and_nothing_else(home):
    from hashlib import sha256

    (one,) = found(home, given=city(home, "exports"))
    delete(home / "out", one)
    text = (home / "out" / LOG).read_text(encoding="utf-8")
    begun, deleted = map(json.loads, text.splitlines())
    assert begun["sha256"] == [sha256(PERSONAL.encode()).hexdigest()]
    assert (begun["files"], begun["bytes"]) == (1, len(PERSONAL.encode()))
    assert (begun["state"], deleted["state"], deleted["kept_until"]) == ("begun", "deleted", "2027-06-30")
    assert "王" not in text and "cases" not in text
    assert oct((home / "out" / LOG).stat().st_mode)[-3:] == "600"


@pytest.mark.parametrize("layers", [LAYERS])
def test_a_period_that_is_on_its_way_to_publication_is_held(tmp_path, layers):
    finished_run(tmp_path / "out")
    act(tmp_path / "out", publishing.note_preview, at=SENT)
    (tmp_path / "exports/2026Q2").mkdir(parents=True)
    (tmp_path / "exports/2026Q2/cases.csv").write_text("x")
    (one,) = found(tmp_path)
    assert one.is_due(AFTER) and "preview" in one.held.en
    for person in (LIN, WU):
        act(tmp_path / "out", publishing.approve, person)
    act(tmp_path / "out", publishing.publish, without_pdf=True, at=LATER)
    (one,) = found(tmp_path)
    assert one.held is None


def test_a_period_that_nobody_scored_is_deleted_all_the_same(tmp_path):
    (tmp_path / "exports/2025Q1").mkdir(parents=True)
    (tmp_path / "exports/2025Q1/cases.csv").write_text("x")
    (one,) = found(tmp_path)
    assert one.is_due(AFTER) and one.held is None


def test_a_period_that_is_being_scored_is_held(home):
    import fcntl

    (home / "out" / NOTES).mkdir()
    note = {"kind": "run", "period": "2026Q2", "at": "2027-07-01 06:00:00", "pid": os.getpid(), "host": "x"}
    file = home / "out" / NOTES / "a.json"
    file.write_text(json.dumps(note))
    with file.open() as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        assert all("scored" in one.held.en for one in found(home))
    assert not any(one.held for one in found(home))


def test_a_damaged_record_holds_everything(home):
    (home / "out/record/2026Q2.jsonl").write_text("{}\n")
    assert {one.keep.layer for one in found(home)} == set(LAYERS) - {"runs"}
    assert all(one.held for one in found(home))


def test_links_that_lead_elsewhere_are_held_and_never_followed(home):
    outside = home / "elsewhere"
    outside.mkdir()
    (outside / "cases.csv").write_text(PERSONAL, encoding="utf-8")
    (home / "exports/2026Q1").symlink_to(outside)
    (home / "exports/2026Q2/more").symlink_to(outside)
    held = [one for one in found(home, given=city(home, "exports")) if one.held]
    assert [str(one.period) for one in held] == ["2026Q1", "2026Q2"] and "link" in held[0].held.en


@pytest.mark.parametrize("exports", ["out/published/{period}", "out/{period}", "{period}"])
def test_exports_that_lie_in_the_results_are_refused(home, exports, monkeypatch):
    monkeypatch.chdir(home)
    out = home / "out" if exports != "{period}" else home / "2026Q1" / "out"
    out.mkdir(parents=True, exist_ok=True)
    given = replace(city(home, "exports"), exports=str(home / exports))
    with pytest.raises(UsageRefusal, match="apart"):
        stocks(given, out, AFTER, signers_of(out))


def test_a_layer_without_a_place_is_refused(home):
    with pytest.raises(UsageRefusal, match="no place"):
        found(home, given=replace(city(home, "exports"), exports=""))


def test_a_deletion_that_was_cut_short_goes_on_with_what_is_left(home, monkeypatch):
    (home / "exports/2026Q2/units.csv").write_text("x")
    given = city(home, "exports")
    (one,) = found(home, given=given)
    unlink, gone = type(one.files[0]).unlink, []

    def once(file, **more):
        if gone:
            raise OSError(13, "Permission denied", str(file))
        gone.append(file)
        unlink(file, **more)

    with monkeypatch.context() as patched:
        patched.setattr(type(one.files[0]), "unlink", once)
        with pytest.raises(Refusal, match="units.csv"):
            delete(home / "out", one)
    (left,) = found(home, given=given)
    assert len(left.files) == 1
    delete(home / "out", left)
    assert found(home, given=given) == []


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("  export: 3 years",), ("第 3 行", "exports")),
        (("  exports: soon",), ("第 3 行", "3 years")),
        (("  exports: 0 days",), ("第 3 行", "3 years")),
        (("  exports: 3 weeks",), ("第 3 行", "3 years")),
        (("  published: 3 years",), ("第 3 行", "restricted")),
    ],
)
def test_a_rule_that_nothing_would_honour_is_refused_with_its_line(lines, said, tmp_path):
    file = tmp_path / "gongping.yaml"
    file.write_text("\n".join(("name: 泽湖市", "retention:", *lines)) + "\n", encoding="utf-8")
    with pytest.raises(UsageRefusal) as refusal:
        load(file)
    assert all(one in refusal.value.words.zh for one in said), refusal.value.words.zh


@pytest.mark.parametrize("age", ["1 year", "12 months", "1 years"])
def test_ages_are_read_in_one_and_in_many(age, tmp_path):
    (tmp_path / "gongping.yaml").write_text(f"retention: {{raw: {age}}}\n", encoding="utf-8")
    (keep,) = load(tmp_path / "gongping.yaml").retention
    assert keep.last_day(PERIOD) == date(2027, 6, 30)


def test_the_command_lists_first_and_deletes_when_it_is_told(home, capsys, monkeypatch):
    (home / "gongping.yaml").write_text("exports: exports\nretention: {exports: 1 year, raw: 9 years}\n")
    monkeypatch.chdir(home)
    monkeypatch.setenv("GONGPING_LANG", "en")
    monkeypatch.setattr(process, "now", lambda: AFTER)

    def called(*words):
        with pytest.raises(SystemExit) as ended:
            main(["retain", "--signers", str(signers_of(home / "out")), *words])
        output = capsys.readouterr()
        process.use(Project())
        return ended.value.code, output.out + output.err

    code, told = called()
    assert code == 0 and "due  exports 2026Q2: 1 files" in told and "kept raw 2026Q2" in told, told
    assert (home / "exports/2026Q2/cases.csv").is_file()
    code, told = called("--delete")
    assert code == 0 and "1 files deleted" in told, told
    assert not (home / "exports/2026Q2").exists() and (home / "raw/2026Q2").exists()
    assert json.loads(called("--json")[1])[0]["layer"] == "raw"


def test_without_a_rule_nothing_is_deleted(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["--lang", "en", "retain", "--delete"])
    assert (ended.value.code, "retention" in capsys.readouterr().err) == (2, True)
