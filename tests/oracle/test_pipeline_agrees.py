"""The product scores nasty random quarters exactly as the oracle does, under every reading."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.proof import seeds

from .compare import differences, run_command, run_pipeline
from .deductions import MissingAssessment
from .quarter import READINGS
from .quarters import draw_readings, every_reading_value, make_quarter
from .scorer import score
from .tables import write_folder
from .unmeasured import WITHOUT

ALONE = [readings for readings in every_reading_value() if readings != {"missing_assessment": "stop"}]
SWEEP = 150
# Without deadlines no case row belongs to a quarter: that is another matter.
NAMES = {"awards", *(name for names in WITHOUT.values() for name in names)} - {"cases.reply_due_at"}
ABSENT = list(enumerate(sorted(NAMES)))


def agrees(tmp_path, seed: int, readings: dict[str, str], absent: tuple[str, ...] = ()) -> None:
    """Fails with every difference between the product and the oracle on the quarter of a seed."""
    sample = make_quarter(seed)
    if "incidents" in absent:  # a decision about an incident that is in no table is no clean row
        kept = [row for row in sample.tables["adjustments"] if not row["ref_id"]]
        sample = replace(sample, tables={**sample.tables, "adjustments": kept})
    exports = write_folder(without(sample.tables, absent), tmp_path / "exports")
    expected = sample.score(readings, absent)
    published = run_pipeline(
        exports, sample.period, sample.cutoff, readings, tmp_path / "out", absent, sample.counted
    )
    found = differences(expected, published, sample.period)
    about = f"seed {seed}, {sample.period}, cutoff {sample.cutoff}, {readings}, without {absent}"
    assert not found, f"{about}:\n" + "\n".join(found[:40])


def telling_seed(readings: dict[str, str], first: int) -> int:
    """The first seed from there on whose quarter comes out differently under the readings than under the defaults."""
    for seed in range(first, first + 60):
        sample = make_quarter(seed)
        if not readings or sample.score(readings).ledger != sample.score().ledger:
            return seed
        if sample.score(readings).ranking != sample.score().ranking:
            return seed
    raise AssertionError(f"no quarter tells {readings} from the defaults")


def without(tables, absent: tuple[str, ...]):
    """The tables without what is declared absent: whole tables, or single columns."""
    kept = {table: rows for table, rows in tables.items() if table not in absent}
    for name in absent:
        table, _, column = name.partition(".")
        if column and table in kept:
            kept[table] = [{key: value for key, value in row.items() if key != column} for row in kept[table]]
    return kept


@pytest.mark.parametrize("readings", ALONE, ids=lambda readings: "-".join(*readings.items() or [["defaults"]]))
def test_every_value_of_every_reading_scores_as_the_oracle_does(tmp_path, readings):
    agrees(tmp_path, telling_seed(readings, 10 * ALONE.index(readings)), readings)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 1006))
def test_readings_in_combination_score_as_the_oracle_does(tmp_path, seed):
    agrees(tmp_path, seed, draw_readings(seed, changed=6))


@pytest.mark.long
@pytest.mark.parametrize(("k", "name"), ABSENT)
def test_what_is_absent_is_not_assessed_as_the_oracle_says(tmp_path, k, name):
    """Under each value of `unmeasured` in turn, with other readings beside it."""
    readings = draw_readings(5000 + k, changed=3)
    readings["unmeasured"] = READINGS["unmeasured"][k % 4]
    agrees(tmp_path, 5000 + k, readings, (name,))


@pytest.mark.long
@pytest.mark.parametrize("value", READINGS["unmeasured"])
def test_most_of_a_quarter_may_be_absent(tmp_path, value):
    """A whole A3 without data: nothing to stretch, nothing taken but under `zero`."""
    absent = (*(f"cases.{name}" for name in ("signed_at", "replied_at", "closed_at", "public_rating")), "incidents",
              "instructions")
    agrees(tmp_path, 5100, {"unmeasured": value, "unrated": "satisfied"}, absent)


def test_the_command_publishes_what_the_oracle_says(tmp_path):
    sample, readings = make_quarter(3), {"satisfied": "full_only", "shortfall": "pro_rata"}
    exports = write_folder(sample.tables, tmp_path / "exports")
    assert run_command(exports, sample.period, "2026-10-09", readings, tmp_path / "out") == 0
    expected = score(exports, sample.period, "2026-10-09", readings)
    assert differences(expected, tmp_path / "out" / sample.period, sample.period) == []


def test_a_missing_assessment_stops_the_run_where_the_reading_says_so(tmp_path):
    sample = make_quarter(0)
    tables = {name: rows for name, rows in sample.tables.items() if name != "assessments"}
    readings = {"missing_assessment": "stop"}
    with pytest.raises(MissingAssessment):
        score(tables, sample.period, sample.cutoff, readings)
    exports = write_folder(tables, tmp_path / "exports")
    assert run_command(exports, sample.period, sample.cutoff, readings, tmp_path / "out") == 3
    assert not (tmp_path / "out" / sample.period).exists()


def test_a_difference_in_any_table_is_reported(tmp_path):
    sample = make_quarter(1)
    exports = write_folder(sample.tables, tmp_path / "exports")
    published = run_pipeline(exports, sample.period, sample.cutoff, {}, tmp_path / "out")
    expected = score(sample.tables, sample.period, sample.cutoff)
    swapped = replace(expected, ranking=expected.ranking[1::-1] + expected.ranking[2:])
    assert len(differences(swapped, published, sample.period)) == 2
    line = next(iter(expected.ledger))
    fewer = replace(expected, ledger=expected.ledger - Counter([line]))
    assert [found[:16] for found in differences(fewer, published, sample.period)] == ["ledger: too many"]
    without_item = replace(expected, items=dict(list(expected.items.items())[1:]))
    assert [found[:15] for found in differences(without_item, published, sample.period)] == ["items: too many"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds(2000, SWEEP))
def test_many_quarters_under_many_readings_score_as_the_oracle_does(tmp_path, seed):
    agrees(tmp_path, seed, draw_readings(seed, changed=seed % 9))
