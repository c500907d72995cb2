"""A run's folder that is cut short, changed by hand or replaced by a newer run: a refusal, or the old answer."""

import json
import shutil

import pyarrow.parquet as parquet
import pytest

from pipelines import Quarter
from pipelines.assess import Request, Run
from pipelines.edges.published import tallies_of
from pipelines.laboratory.running import Running
from pipelines.model.period import Period
from pipelines.model.words import Refusal, UsageRefusal, VerificationFailed
from tests.kinds.conftest import checked_once  # noqa: F401
from tests.laboratory.conftest import fingerprint


@pytest.fixture
def copied(quarter, tmp_path):
    """A copy of the finished run, to be damaged."""
    folder = tmp_path / "run"
    shutil.copytree(quarter.folder, folder)
    shutil.copytree(tallies_of(quarter.folder), tallies_of(folder))
    again = Quarter.open(folder).what_if({"late_reply.deduct": 1}).ranking
    assert len(again) == len(quarter.ranking) and set(quarter.ranking) - set(again) == {"steady"}
    return folder


MANIFESTS = ["", "{", "[]", "{}", '{"period": "2026Q9"}', '{"period": "2026Q3", "readings": 5, "simulated": true}']


@pytest.mark.parametrize("text", MANIFESTS)
def test_a_manifest_that_says_nothing_is_refused_by_name(copied, text):
    (copied / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageRefusal, match=r"manifest\.json"):
        Quarter.open(copied)


@pytest.mark.parametrize("name", ["cube", "units", "assessed", "awards"])
@pytest.mark.parametrize("way", ["gone", "empty", "cut", "other columns"])
def test_tallies_that_cannot_be_read_are_refused(copied, name, way):
    file = tallies_of(copied) / f"{name}.parquet"
    if way == "gone":
        file.unlink()
    elif way == "other columns":
        table = parquet.ParquetFile(file).read()
        parquet.write_table(table.rename_columns([f"x{column}" for column in table.column_names]), file)
    else:
        whole = file.read_bytes()
        file.write_bytes(b"" if way == "empty" else whole[: len(whole) // 2])
    with pytest.raises(UsageRefusal, match="运行"):
        assert Quarter.open(copied).what_if({}).ranking is None


def test_tallies_that_somebody_changed_do_not_give_the_published_ranking(copied):
    file = tallies_of(copied) / "assessed.parquet"
    table = parquet.ParquetFile(file).read()
    parquet.write_table(table.set_column(2, "hundredths", [[0] * len(table)]).cast(table.schema), file)
    quarter = Quarter.open(copied)
    for ask in (quarter.what_if, quarter.tornado, quarter.robustness, quarter.next_steps):
        with pytest.raises(VerificationFailed):
            ask()


@pytest.mark.parametrize("name", ["ranking", "items", "ledger"])
def test_a_published_table_that_somebody_changed_is_not_compared_with(copied, name):
    file = copied / f"{name}.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("2026Q3", "2026Q4", 1), encoding="utf-8")
    with pytest.raises(VerificationFailed):
        getattr(Quarter.open(copied), name)
    file.unlink()
    with pytest.raises(UsageRefusal, match=f"{name}.csv"):
        getattr(Quarter.open(copied), name)


def test_a_rulebook_that_this_version_does_not_understand_is_refused_with_the_remedy(copied):
    file = copied / "rulebook" / "A3.1" / "late_reply.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "unheard_of: 1\n", encoding="utf-8")
    with pytest.raises(UsageRefusal, match="(?s)unheard_of.*run the period again"):
        assert Quarter.open(copied).rulebook


def test_opening_and_asking_reads_counts_and_no_case(copied, quarter):
    (tallies_of(copied) / "rows_case_rows.parquet").unlink()
    (copied / "ledger.csv").unlink()
    opened = Quarter.open(copied)
    asked = {"late_reply.deduct": 1}
    assert opened.what_if(asked).ranking.equals(quarter.what_if(asked).ranking)
    assert len(opened.sweep({"late_reply.deduct": [0, 1]})) == 2
    with pytest.raises(Refusal):
        opened.what_if({}, exclude_cases="2026070100001")


@pytest.mark.long
def test_a_run_that_publishes_anew_leaves_an_open_quarter_and_its_files_as_they_were(tmp_path):
    from pipelines import sample_quarter

    out = tmp_path / "out"
    before = sample_quarter(out, units=6, cases=200, seed=8)
    bytes_before = fingerprint(before.folder), fingerprint(tallies_of(before.folder))
    request = Request(Period.parse("2026Q3"), tmp_path / "exports" / "2026Q3", out, pdf=False,
                      readings={"satisfied": "full_only"})
    with Run(request) as run:
        run.check()
        asked = before.what_if({"late_reply.deduct": 1}).compare()  # in the midst of the other run
        run.measure()
    with Run(request) as run:
        run.run()
    after = Quarter.open("2026Q3", out)
    assert after.folder != before.folder and after.readings["satisfied"] == "full_only"
    assert before.ledger.shape and before.what_if({"late_reply.deduct": 1}).compare().frame.equals(asked.frame)
    assert (fingerprint(before.folder), fingerprint(tallies_of(before.folder))) == bytes_before
    assert json.loads((before.folder / "manifest.json").read_text())["readings"]["satisfied"] == "with_basic"


WRONG = [
    {"changes": "late_reply.deduct=1"}, {"changes": {"late_reply.deduct": -1}}, {"changes": {"late_reply.deduct": "x"}},
    {"changes": {"late_reply.deduct": 1.234}}, {"changes": {"late_reply.deduct": True}},
    {"changes": {"late_reply.deduct": float("nan")}}, {"changes": {"late_reply.deduct": None}},
    {"changes": {"satisfied": "full_only"}}, {"readings": {"late_reply.deduct": 1}}, {"readings": ["satisfied"]},
    {"readings": {"bonus_cap": -1}}, {"drop": 5}, {"add": "/nowhere/rule.yaml"}, {"rules": "/nowhere"}, {"rules": 5},
    {"exclude_cases": "no such case"}, {"rank_apart": "U0001"},
]


@pytest.mark.parametrize("asked", WRONG, ids=str)
def test_what_is_no_change_is_refused_in_both_languages(quarter, asked):
    with pytest.raises(UsageRefusal) as refused:
        quarter.what_if(**asked)
    chinese, english = str(refused.value).split("\n")
    assert chinese and english.isprintable() and chinese != english


@pytest.mark.parametrize("values", [None, "late_reply.deduct", {}, {"late_reply.deduct": []},
                                    {"late_reply.deduct": [None]}, {"late_reply.deduct": range(1000),
                                                                    "late_signing.deduct": range(1000)}], ids=str)
def test_what_is_no_sweep_is_refused(quarter, values):
    with pytest.raises(UsageRefusal):
        quarter.sweep(values)


def test_a_misspelt_reading_of_a_sweep_gets_the_nearest_reading(quarter):
    with pytest.raises(UsageRefusal, match="satisfied"):
        quarter.sweep({}, readings={"satisfeid": ["full_only"]})


def test_a_float_stands_for_the_two_decimals_that_it_means(quarter):
    assert quarter.what_if({"satisfaction_rate.target": 85.19999999999999}).change == quarter.what_if(
        {"satisfaction_rate.target": "85.2"}).change


@pytest.mark.parametrize("given", ["2026Q3", "2026年第三季度", "2026q3", Period.parse("2026Q3")])
def test_a_period_is_opened_by_every_spelling_that_the_command_takes(quarter, out, given):
    assert Quarter.open(given, out).folder == quarter.folder


@pytest.mark.parametrize("given", ["2026Q9", "2026-13", "nowhere/2026Q3"])
def test_what_is_neither_a_period_nor_a_folder_is_refused_with_the_spellings(out, given):
    with pytest.raises(UsageRefusal, match=r"2026-01\.\.2026-04"):
        Quarter.open(given, out)
    with pytest.raises(UsageRefusal, match=r"2026-01\.\.2026-04"):
        Running.of(given, out)


def test_an_instant_that_is_none_is_refused_with_the_form(out):
    with pytest.raises(UsageRefusal, match="2026-10-15"):
        Running.of("2026Q3", out, "soon")
