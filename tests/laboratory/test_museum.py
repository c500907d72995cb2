"""A quarter that was published before measures were declared: opened, changed, explained and scored again (B7)."""

import io
import tarfile

import pytest

from pipelines import Quarter
from pipelines.assess import Request, Run
from pipelines.laboratory.finished import read_csv
from pipelines.model.period import Period
from pipelines.paths import ROOT
from tests.attack.test_forged_publication import AS_PACKED

FIGURES = ["unit_id", "base", "bonus", "total", "rank", "group_rank", "case_rows"]
LINES = ["unit_id", "item_id", "rule_id", "month", "case_id", "ref_id", "points", "adjustment_id"]


@pytest.fixture(scope="module")
def museum(tmp_path_factory):
    """The folder of the museum, unpacked."""
    place = tmp_path_factory.mktemp("museum")
    with tarfile.open(fileobj=io.BytesIO((ROOT / "tests" / "old" / "publication.tar.xz").read_bytes())) as packed:
        packed.extractall(place, **AS_PACKED)
    return place


@pytest.fixture(scope="module")
def quarter(museum):
    return Quarter.open("2026Q2", museum / "out")


def test_it_opens_as_it_was_published(quarter):
    """Opening scores it from its tallies and compares with its own ranking."""
    assert quarter.as_it_was.ranking[FIGURES].equals(quarter.ranking[FIGURES])
    assert quarter.rulebook.format == 1


def test_every_ledger_line_is_found_again(quarter):
    then, now = (frame[LINES].sort_values(LINES).reset_index(drop=True)
                 for frame in (quarter.ledger, quarter.as_it_was.ledger))
    assert now.equals(then)


def test_what_ifs_without_cases_count_its_rows_anew(quarter):
    late = quarter.ledger[(quarter.ledger["rule_id"] == "late_reply") & (quarter.ledger["points"] < 0)].iloc[0]
    without = quarter.what_if({}, exclude_cases=late["case_id"]).ledger
    assert late["case_id"] not in set(without["case_id"])
    assert len(without) < len(quarter.ledger)
    assert quarter.what_if({"late_reply.deduct": 0}).ranking["base"].sum() >= quarter.ranking["base"].sum()


def test_it_is_explained(quarter):
    unit = quarter.ranking.iloc[-1]["unit_id"]
    assert quarter.explain(unit).frame.shape[0]


def test_its_exports_and_its_book_give_the_same_figures_today(museum, quarter, tmp_path):
    request = Request(Period.parse("2026Q2"), museum / "exports", tmp_path / "out", rules=quarter.folder / "rulebook",
                      readings=dict(quarter.readings), pdf=False, counted=())
    with Run(request) as run:
        run.run()
    again = read_csv(tmp_path / "out" / "2026Q2" / "ranking.csv")
    assert again[FIGURES].equals(quarter.ranking[FIGURES])
    lines = read_csv(tmp_path / "out" / "2026Q2" / "ledger.csv")
    assert lines[LINES].sort_values(LINES).reset_index(drop=True).equals(
        quarter.ledger[LINES].sort_values(LINES).reset_index(drop=True)
    )
