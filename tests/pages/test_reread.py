"""The ranking page under any readings at once: what it counts in the browser is what the program would come to."""

import random
import shutil
from dataclasses import replace

import numpy as np
import pytest

from pipelines.assess import Request, Run
from pipelines.edges.templates import render
from pipelines.engines import rereading
from pipelines.engines.batch import alternatives
from pipelines.engines.cube import Cube
from pipelines.engines.vector import overall_figure, places, rescore
from pipelines.model.period import Period
from pipelines.paths import RULES
from pipelines.sample.make import make_sample
from pipelines.views.ranking import ranking
from pipelines.wording import say
from tests.pages import browser

PERIOD = Period.parse("2026Q3")
pytestmark = pytest.mark.skipif(browser.chromium() is None, reason=browser.WITHOUT)


def book(place, *changes):
    """The standard rulebook with some of its words changed: (file, word, other word)."""
    folder = shutil.copytree(RULES / "standard", place / "book")
    for name, word, other in changes:
        text = (folder / name).read_text(encoding="utf-8")
        assert word in text
        (folder / name).write_text(text.replace(word, other), encoding="utf-8")
    return folder


def finished(place, units=12, cases=700, **asked):
    """A quarter with its places, and how to score it anew: (result, cube)."""
    make_sample(place / "in", PERIOD, units=units, cases=cases, seed=5)
    with Run(Request(PERIOD, place / "in", place / "out", pdf=False, **asked)) as run:
        for stage in run.stages[: run.stages.index("publish")]:
            getattr(run, stage)()
        sure, result = run._how_sure, run.result()
        table = run.warehouse.arrow("tallies.cube")
        marks, measures = result.rulebook.marks, result.rulebook.measures
        cube = Cube.prepare(table, marks, measures, result.tallies, PERIOD.months, run.absent)
    return replace(result, place_ranges=sure.ranges, reread=sure.reread), cube


CITIES = {
    "the standard book": {},
    "few cases, so that some units have nothing to be judged by": {"cases": 60},
    "no ratings in the exports": {"absent": ("cases.public_rating",), "cases": 200},
    "other readings in force": {"readings": {"months": "pooled", "shortfall": "pro_rata", "unmeasured": "reweighted",
                                             "rank_on": "base", "satisfied": "full_only"}, "cases": 200},
    "missing data are nothing": {"readings": {"unmeasured": "zero", "shortfall": "any_part", "months": "mean"},
                                 "cases": 60},
}


@pytest.fixture(scope="module", params=CITIES)
def city(request, tmp_path_factory):
    """A quarter of each kind."""
    return finished(tmp_path_factory.mktemp("reread"), **CITIES[request.param])


def engine(result, cube, readings):
    """Of every placed unit, by the second judge from the start: place, place in group, total, base, bonus."""
    under = rescore(cube, result.rulebook, readings)
    figure = under.base if result.rulebook.ranked_by(readings) == "base" else under.total
    ranked = np.isin(cube.unit_ids, result.reread.unit_ids)
    place = places(overall_figure(result.rulebook, figure, under.full), ranked)
    found = {}
    for unit in result.reread.unit_ids:
        k = cube.unit_ids.index(unit)
        peers = (cube.groups == cube.groups[k]) & ranked
        found[unit] = (place[k], places(figure, peers)[k], under.total[k], under.base[k], under.bonus[k])
    return {unit: [int(one) for one in figures] for unit, figures in found.items()}


def written(result, place):
    file = place / "index.html"
    file.write_text(render("site/index.html.j2", ranking(result, say)), encoding="utf-8")
    return file


def opened(chrome, file):
    page = chrome.new_page()
    page.complaints = browser.complaints(page)
    page.goto(file.as_uri())
    return page


def switched(page, result, values, readings):
    """What the first table shows once the page's switches stand so, by unit, as `engine` gives it."""
    wanted = {str(n): str(values[id].index(readings[id])) for n, id in enumerate(values)}
    rows = page.evaluate("""wanted => {
        const all = [...document.querySelectorAll("#reread select")];
        for (const one of all) one.value = wanted[one.dataset.n];
        all[0].dispatchEvent(new Event("change"));
        const table = document.querySelector("table.sortable"), heads = [...table.tHead.rows[0].cells];
        return [...table.tBodies[0].rows].map(row => [Number(row.dataset.at), heads.filter(head => head.dataset.is)
            .map(head => [Number(head.dataset.is), row.cells[head.cellIndex].textContent])]);
    }""", wanted)
    found = {}
    for at, cells in rows:
        shown = {which: int(text.replace(".", "")) for which, text in cells}
        found[result.reread.unit_ids[at]] = [shown.get(which, shown[2] if which == 3 else 0) for which in range(5)]
    return found


def drawn(rng, result, values):
    """Some readings of those that the page offers, others than in force: from one to all of them."""
    offered = [id for id, _ in result.reread.choices]
    changed = rng.sample(offered, rng.randint(1, len(offered)))
    return {**result.readings, **{id: rng.choice(values[id][1:]) for id in changed}}


@pytest.mark.long
def test_forty_changes_of_some_readings_at_once_equal_the_engine(chrome, city, tmp_path):
    """Forty of each of five quarters: two hundred, from one reading to all of them."""
    result, cube = city
    values, rng, together = alternatives(result.rulebook, result.readings), random.Random(17), 0
    page = opened(chrome, written(result, tmp_path))
    assert page.locator("#reread").is_visible()
    for _ in range(40):
        readings = drawn(rng, result, values)
        assert switched(page, result, values, readings) == engine(result, cube, readings)
        together += sum(readings[id] != result.readings[id] for id in values) > 1
    assert switched(page, result, values, result.readings) == engine(result, cube, result.readings)
    assert page.complaints == [] and together >= 30
    page.close()


def test_what_no_reading_changes_is_not_offered(city):
    result, cube = city
    values = alternatives(result.rulebook, result.readings)
    offered = {id for id, _ in result.reread.choices}
    now = engine(result, cube, result.readings)
    for id in set(values) - offered:
        assert all(engine(result, cube, {**result.readings, id: value}) == now for value in values[id])


def test_readings_of_an_item_too_large_to_tell_are_changed_one_at_a_time_and_named(chrome, tmp_path, monkeypatch):
    monkeypatch.setattr(rereading, "SETS", 1)
    monkeypatch.setattr(rereading, "_is_counted", lambda *_: False)
    result, cube = finished(tmp_path)
    values = alternatives(result.rulebook, result.readings)
    page = opened(chrome, written(result, tmp_path))
    one = {**result.readings, "shortfall": "pro_rata"}
    assert switched(page, result, values, one) == engine(result, cube, one)
    apart = {**one, "rank_on": "base"}
    assert switched(page, result, values, apart) == engine(result, cube, apart)  # they share no item
    refused = switched(page, result, values, {**one, "months": "mean"})
    said = page.locator("#said").inner_text()
    assert refused == engine(result, cube, result.readings) != engine(result, cube, one)
    assert "办结率与满意率" in said and "每差两个百分点的计法、三个月合成季度" in said and page.complaints == []
    page.close()


def test_figures_that_are_not_the_printed_ones_are_not_offered(chrome, tmp_path):
    result, _ = finished(tmp_path)
    file = written(result, tmp_path)
    text = file.read_text(encoding="utf-8")
    base = f'"base":[{result.reread.numbers["base"][0]},'
    assert base in text
    file.write_text(text.replace(base, f'"base":[{result.reread.numbers["base"][0] - 1},'), encoding="utf-8")
    page = opened(chrome, file)
    assert not page.locator("#reread").is_visible() and page.complaints == []
    page.close()


def test_a_run_by_other_readings_has_the_places_that_the_page_showed(chrome, tmp_path):
    result, _ = finished(tmp_path)
    values = alternatives(result.rulebook, result.readings)
    others = {"attribution": "dispatched", "satisfied": "full_only", "shortfall": "pro_rata", "months": "mean"}
    page = opened(chrome, written(result, tmp_path))
    shown = switched(page, result, values, {**result.readings, **others})
    page.close()
    with Run(Request(PERIOD, tmp_path / "in", tmp_path / "again", readings=others, pdf=False)) as run:
        for stage in run.stages[: run.stages.index("publish")]:
            getattr(run, stage)()
        for standing in run.result().standings:
            if standing.unit_id in shown:
                total = int(100 * run.result().scores[standing.unit_id].total)
                assert shown[standing.unit_id][:3] == [standing.rank, standing.group_rank, total]
