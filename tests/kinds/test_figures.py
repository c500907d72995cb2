"""Counts that a city gives in place of rows: they replace, are told of, and are refused where they cannot be used."""

import csv
from fractions import Fraction

import pytest

from pipelines import Quarter
from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.model.tally import Unit, UnitTally
from pipelines.model.words import ContractStop
from pipelines.rulebook.load import load_rulebook
from pipelines.stages.measure import must_fit, read_figures, with_figures
from tests.toy.exports import island_sample
from tests.toy.town import LAW

PERIOD = Period.parse("2026Q3")
BOOK = load_rulebook(LAW, PERIOD)
GIVEN = [("U001", "2026-07", "tardy", 3), ("U002", "2026Q3", "rudeness", 2), ("U002", "2026Q2", "rudeness", 9),
         ("U003", "2026-07..2026-09", "errands", 10), ("U003", "2026Q3", "errands_run", 4)]


def figures(folder, rows):
    with (folder / "figures.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("unit_id", "period", "measure", "n"), *rows])


def run_of(exports, out, **more):
    with Run(Request(PERIOD, exports, out, rules=LAW, pdf=False, **more)) as run:
        run.run()
    return run


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The same quarter from rows alone, and with figures beside them."""
    place = tmp_path_factory.mktemp("figures")
    island_sample(place / "in", PERIOD, units=5, cases=300)
    without = run_of(place / "in", place / "rows")
    figures(place / "in", GIVEN)
    return without, run_of(place / "in", place / "out"), place


def points(run, unit, rule):
    return {one.month: one.points for one in run.findings if (one.unit_id, one.rule_id) == (unit, rule)}


def lines(run, unit, rule):
    with (run.published.folder / "ledger.csv").open(encoding="utf-8-sig") as file:
        return [line for line in csv.DictReader(file) if (line["unit_id"], line["rule_id"]) == (unit, rule)]


def test_a_figure_replaces_the_count_of_its_month_and_of_no_other(both):
    without, run, _ = both
    assert points(run, "U001", "tardy") == {**points(without, "U001", "tardy"), "2026-07": Fraction(-6)}
    [july] = [line for line in lines(run, "U001", "tardy") if line["month"] == "2026-07"]
    assert july["case_id"] == "" and Fraction(july["points"]) == -6 and "按报送的指标数" in july["detail"]


def test_a_figure_of_the_period_is_one_line_and_its_rows_are_none(both):
    _, run, _ = both
    assert points(run, "U002", "manners") == {"": Fraction(-6)}
    [line] = lines(run, "U002", "manners")
    assert line["month"] == "" and Fraction(line["points"]) == -6
    assert run.tallies["U003"].count("errands") == 10 and run.tallies["U003"].count("errands_run") == 4


def test_what_no_figure_names_is_as_it_was(both):
    without, run, _ = both
    named = {("U001", "tardy"), ("U002", "manners"), ("U003", "errand")}
    kept = [[one for one in each.findings if (one.unit_id, one.rule_id) not in named] for each in (without, run)]
    assert kept[0] == kept[1]


def test_the_run_says_how_many_counts_are_as_given_and_how_many_are_not_used(both):
    _, run, _ = both
    said = [notice.en for notice in run.notices()]
    assert any("4 counts of 3 units are as given" in one for one in said)
    assert any("1 rows of figures are of other periods and no counts of this one" in one for one in said)


def test_the_laboratory_counts_with_the_figures(both):
    _, run, place = both
    quarter = Quarter.open("2026Q3", place / "out")
    scenario = quarter.as_it_was
    assert scenario.ledger.detail.tolist() == quarter.ledger.detail.tolist()
    dearer = quarter.what_if({"manners.deduct": 4})
    item = dearer.items.set_index(["unit_id", "item_id"]).deducted - quarter.items.set_index(
        ["unit_id", "item_id"]).deducted
    assert item["U002", "H2.3"] == -2
    assert len(quarter.next_steps()) == 5
    sure = quarter.robustness().place_ranges
    assert (sure.readings.best <= sure.place).all() and (sure.place <= sure.readings.worst).all()


def test_a_unit_with_a_figure_is_measured_though_the_table_is_absent(both, tmp_path):
    _, _, place = both
    figures(place / "in", [(f"U00{k}", "2026Q3", "rudeness", k) for k in range(1, 5)])
    run = run_of(place / "in", tmp_path / "out", absent=("incidents",))
    assert [points(run, f"U00{k}", "manners") for k in range(1, 5)] == [{"": Fraction(-3 * k)} for k in range(1, 5)]
    assert points(run, "U005", "manners") == {} and "rudeness" in run.tallies["U005"].lacking
    Quarter.open("2026Q3", tmp_path / "out").as_it_was  # noqa: B018 - refuses what differs from the published


class Rows:
    """A warehouse of figures alone."""

    def __init__(self, *rows):
        self.given = rows

    def rows(self, _):
        return self.given


def test_figures_of_the_period_and_of_its_months_are_read_and_no_others():
    found = read_figures(Rows(("U1", "2026Q3", "rudeness", 2), ("U1", "2026-07", "tardy", 1),
                              ("U1", "2026-06", "tardy", 7), ("U1", "2026", "rudeness", 8)), PERIOD, BOOK)
    assert found == {"U1": {"rudeness": {"": 2}, "tardy": {"2026-07": 1}}}


@pytest.mark.parametrize(("row", "why"), [
    (("U1", "2026Q3", "owed", 5), "look at its months"),
    (("U1", "2026-07", "tardy", Fraction(3, 2)), "counts whole ones"),
])
def test_a_figure_that_cannot_be_used_stops(row, why):
    with pytest.raises(ContractStop) as stop:
        read_figures(Rows(row), PERIOD, BOOK)
    assert why in stop.value.words.en and "U1" in stop.value.words.en


def tally(lacking=(), **counts):
    unit = Unit("U1", "U1", "district", True)
    return UnitTally(unit, 0, dict.fromkeys(BOOK.measures, {}) | counts, {}, {}, (), frozenset(lacking))


@pytest.mark.parametrize(("n", "stops"), [(4, False), (5, False), (6, True)])
def test_a_given_part_is_not_above_its_counted_whole(n, stops):
    of = {"errands": {"2026-07": 3, "2026-08": 2}}
    if stops:
        with pytest.raises(ContractStop, match="6"):
            with_figures(tally(**of), {"errands_run": {"": n}}, PERIOD, BOOK)
    else:
        assert with_figures(tally(**of), {"errands_run": {"": n}}, PERIOD, BOOK).count("errands_run") == n


def test_months_without_figures_of_what_nothing_else_tells_stop():
    given = {"rudeness": {"2026-07": 1, "2026-08": 0}}
    with pytest.raises(ContractStop) as stop:
        with_figures(tally(["rudeness"]), given, PERIOD, BOOK)
    assert "2026-09" in stop.value.words.en
    whole = with_figures(tally(["rudeness"]), {"rudeness": given["rudeness"] | {"2026-09": 0}}, PERIOD, BOOK)
    assert whole.lacking == frozenset() and whole.count("rudeness") == 1


def test_another_edition_that_looks_at_months_cannot_use_a_figure_of_the_period():
    given = with_figures(tally(), {"rudeness": {"": 2}}, PERIOD, BOOK)
    must_fit(BOOK, PERIOD, {"U1": given})
    with pytest.raises(ContractStop):
        must_fit(BOOK, PERIOD, {"U1": UnitTally(given.unit, 0, {}, {}, {}, (), given={"owed": {"": 2}})})


def test_without_the_case_table_every_ranked_unit_needs_its_case_rows(tmp_path):
    exports = tmp_path / "in"
    island_sample(exports, PERIOD, units=5, cases=50)
    for file in exports.glob("*.csv"):
        if file.stem != "units":
            file.unlink()
    figures(exports, [(f"U00{k}", "2026Q3", "case_rows", 9) for k in range(1, 5)] + [
        ("U005", month, "case_rows", 3) for month in ("2026-07", "2026-08")])
    with Run(Request(PERIOD, exports, tmp_path / "out", rules=LAW, pdf=False)) as run:
        [stop] = run.check()
    assert "U005" in stop.en and "U001" not in stop.en
    figures(exports, [(f"U00{k}", "2026Q3", "case_rows", 9) for k in range(1, 6)])
    with Run(Request(PERIOD, exports, tmp_path / "out", rules=LAW, pdf=False)) as run:
        assert run.check() == ()
