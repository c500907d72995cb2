"""A book with more marks than one whole number of a row holds is counted, checked and scored alike."""

import pytest

from pipelines.assess import Request, Run
from pipelines.engines import cube
from pipelines.model import tally
from pipelines.model.period import Period
from pipelines.scoring import opinions
from pipelines.stages import measure
from tests.toy.exports import island_sample
from tests.toy.town import LAW

PERIOD = Period.parse("2026Q3")


def scored(place, exports):
    """Totals and ledger of a run up to the verdicts; both judges and the literal reader look at it."""
    with Run(Request(PERIOD, exports, place, rules=LAW)) as run:
        assert not run.check()
        for stage in (run.measure, run.judge, run.settle, run.rank):
            stage()
        words = run.rulebook.marks["case_rows"].words
        return words, {unit: score.total for unit, score in run.scores.items()}, run.warehouse.arrow("ledger.entries")


@pytest.mark.parametrize("word", [1, 8, 26])
def test_marks_that_fill_several_numbers_count_as_those_in_one(word, tmp_path, monkeypatch):
    island_sample(tmp_path / "in", PERIOD, units=6, cases=300, seed=5)
    one, totals, ledger = scored(tmp_path / "one", tmp_path / "in")
    for module in (tally, measure, cube, opinions):
        monkeypatch.setattr(module, "WORD", word)
    several, again, lines = scored(tmp_path / "several", tmp_path / "in")
    assert (one, again) == (1, totals) and several > 1
    assert lines.equals(ledger)
