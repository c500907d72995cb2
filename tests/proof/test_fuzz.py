"""The seeds of the fuzzing and their neighbours are read or refused, and what is neither is a crash."""

from random import Random

import pytest

from pipelines.model.words import Refusal, Words
from tests.proof import fuzz

NEIGHBOURS = {"xlsx": 0, "rulebook": 1}


@pytest.mark.parametrize("name", fuzz.FUZZED)
def test_seeds_and_their_neighbours_are_read_or_refused(name, tmp_path):
    rng = Random(name)
    found = [*fuzz.seeds(name)]
    assert found
    for data in found if name != "xlsx" else found[-2:]:
        fuzz.taken(name, data, tmp_path)
        for _ in range(NEIGHBOURS.get(name, 8)):
            at = rng.randrange(len(data))
            changed = rng.choice([data[:at], data[at:], data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]])
            fuzz.taken(name, changed, tmp_path)


def test_anything_but_a_refusal_is_a_crash(monkeypatch, tmp_path):
    def reader(data, folder):
        if data:
            raise Refusal(Words("不读", "not read"))
        raise KeyError("a defect")

    monkeypatch.setitem(fuzz.FUZZED, "csv", reader)
    fuzz.taken("csv", b"x", tmp_path)
    with pytest.raises(KeyError):
        fuzz.taken("csv", b"", tmp_path)
