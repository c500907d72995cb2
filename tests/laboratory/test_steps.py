"""The cheapest step of every unit against brute force: each way to fewer or as many cases, by the judge of record."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.laboratory.steps import next_step
from pipelines.stages.judge import judge
from pipelines.stages.settle import settle
from tests.laboratory.test_oracle import kept
from tests.oracle.quarters import draw_readings, make_quarter

AS_FAR_AS = 3  # cases tried for a unit that no step betters, and at most for the others


@pytest.fixture(scope="module")
def invented(tmp_path_factory):
    """A nasty quarter."""
    return kept(make_quarter(17), tmp_path_factory.mktemp("steps"))


def totals(scenario, variants: list) -> list[int]:
    """What ranks, in hundredths, of each tally on its own, by the engine of record."""
    named = {f"V{k}": replace(tally, unit=replace(tally.unit, unit_id=f"V{k}")) for k, tally in enumerate(variants)}
    months = scenario.quarter.period.months
    findings, _ = judge(scenario.rulebook, scenario.readings, named, months)
    scores, _, _ = settle(scenario.rulebook, scenario.readings, findings, named, months)
    base_only = scenario.readings["rank_on"] == "base"
    return [int((scores[id].base if base_only else scores[id].total) * 100) for id in named]


# What one case handled better does, as the standard edition means it: measure -> by how much, and the whole it is of.
BETTER = {
    "late_reply": (-1, ""), "late_signing": (-1, ""), "refusal": (-1, ""), "attitude": (-1, ""),
    "completed": (1, "due"), "satisfied": (1, "rated"), "instructions_closed": (1, "instructions_due"),
    "instructions_implemented": (1, "instructions_due"),
}


def ways(tally, months, most: int):
    """(measure, month, n, tally) of everything that up to ``most`` cases could have been handled better in."""
    for measure, (by, whole) in BETTER.items():
        for month in ("",) if measure.startswith("instructions") else months:
            there = tally.count(measure, month)
            room = tally.occurrences(measure, measure, month) if by < 0 else tally.count(whole, month) - there
            for n in range(1, min(room, most) + 1):
                at = month or months[0]
                by_month = {**tally.counts[measure], at: tally.count(measure, at) + by * n}
                yield measure, month, n, replace(tally, counts={**tally.counts, measure: by_month})


def test_no_cheaper_step_betters_a_place_and_the_told_one_leads_where_it_says(invented):
    facts = 0
    for drawn in range(3):
        readings = {**draw_readings(70 + drawn, changed=8 * (drawn > 0)), "missing_assessment": "full"}
        facts += count_steps(invented.what_if({}, readings))
    assert facts >= 2


@pytest.mark.parametrize("readings", [{}, {"shortfall": "any_part", "rank_on": "base"}], ids=str)
def test_the_same_on_the_sample_quarter(quarter, readings):
    assert count_steps(quarter.what_if({}, readings)) >= 3


def count_steps(scenario) -> int:
    """How many units have a step; AssertionError where brute force finds another."""
    months = scenario.quarter.period.months
    base_only = scenario.readings["rank_on"] == "base"
    figure = scenario.scores.base if base_only else scenario.scores.total
    place, facts = scenario.placed.place, 0
    for k, id in enumerate(scenario.scores.unit_ids):
        if not place[k]:
            continue
        step = next_step(scenario, id)
        others = figure[(place > 0) & (np.arange(len(figure)) != k)]
        tried = list(ways(scenario.tallies[id], months, min(step.n, AS_FAR_AS) if step else AS_FAR_AS))
        found = [(name, month, n, total, 1 + int((others > total).sum()))
                 for (name, month, n, _), total in zip(tried, totals(scenario, [way[3] for way in tried]), strict=True)]
        better = [one for one in found if one[4] < place[k]]
        if step is None or step.n > AS_FAR_AS:
            assert not better, (id, better[:3])
            continue
        fewest = min(one[2] for one in better)
        most = max(one[3] for one in better if one[2] == fewest)
        own = (step.measure.id, step.month, step.n, int(figure[k]) + step.gain, step.better)
        assert own in better and own[2:4] == (fewest, most), (id, own, better[:3])
        facts += 1
    return facts
