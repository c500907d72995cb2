"""Ranking, items, ledger and verdicts of kept quarters come out as they did when they were kept.

A figure that is meant to change is kept anew by `python -m tests.golden`, in the same commit, with the reason.
"""

import pytest

from tests.examples.test_cities import BALTIMORE, PINGSHAN
from tests.golden.figures import CITIES, cases, stored

QUICK = 12  # of the drawn quarters, evenly spread


def marked():
    kept = stored()
    drawn = [case.name for case, _ in kept if case.name.startswith("drawn")]
    quick = set(drawn[:: len(drawn) // QUICK])
    cities = {name for name, _ in CITIES}
    for case, hashes in kept:
        marks = [] if case.name in quick or case.name.startswith("sample") else [pytest.mark.slow]
        if case.name.split()[0] in cities:
            marks.append(pytest.mark.real_data)
            here = BALTIMORE.exists() and PINGSHAN.exists()
            marks.append(pytest.mark.skipif(not here, reason="the cities' files are not here: set GONGPING_REAL_DATA"))
        yield pytest.param(case, hashes, id=case.name, marks=marks)


@pytest.mark.parametrize(("case", "hashes"), list(marked()))
def test_the_figures_are_those_that_were_kept(tmp_path, case, hashes):
    assert case.scored(tmp_path) == hashes


def test_every_value_of_every_reading_is_in_the_set():
    kept = {(id, value) for case, _ in stored() for id, value in case.readings.items()}
    assert kept >= {(id, value) for case in cases() for id, value in case.readings.items()}
    assert len(stored()) == len(list(cases()))
