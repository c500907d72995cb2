"""The words of settling stand where they act: fixed, or left to a reading (semantics G7, B6)."""

from fractions import Fraction

import pytest

from pipelines.model.rule import Bonus, Left
from pipelines.rulebook.load import load_rulebook
from tests.rules.book import TODAY
from tests.toy.town import LAW, MONTHS, Town, award

FIXED = {
    "rulebook.yaml": [
        ("rank_on: {reading: rank_on}", "rank_on: base"),
        ("unassessed: {reading: missing_assessment}", "unassessed: zero"),
        ("cap: {reading: bonus_cap}", "cap: 2.5"),
        ("same_matter: {reading: same_matter, scope: {reading: same_matter_scope}}",
         "same_matter: {takes: first, scope: same_type}"),
    ],
    "H2.2/mending.yaml": [("mode: {reading: shortfall}", "mode: pro_rata"), ("per: {reading: months}", "per: period")],
    "H2.2/liking.yaml": [("mode: {reading: shortfall}", "mode: any_part"),
                         ("per: {reading: months}", "per: {month: mean}")],
    "H2.3/errand.yaml": [("mode: {reading: shortfall}", "mode: whole_steps")],
}
GONE = ("rank_on", "missing_assessment", "bonus_cap", "same_matter", "same_matter_scope", "shortfall", "months")


def island(folder, edits, without=()):
    """Heron Island with other words, without some of its readings."""
    for file in LAW.rglob("*"):
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            name = file.relative_to(LAW).as_posix()
            for old, new in edits.get(name, ()):
                assert old in text, (name, old)
                text = text.replace(old, new)
            if name == "readings.yaml":
                blocks = text.split("\n- ")
                text = "\n- ".join(one for one in blocks if one.split("\n")[0].split(": ")[-1] not in without)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def fixed(tmp_path_factory):
    edits = {name: list(pairs) for name, pairs in FIXED.items()}
    edits["H2.2/mending.yaml"] += [
        ("mended: 76}, points: 0}", "mended: 76}, points: -1.6}"),
        ("mended: [75, 70, 100]}, points: -6}", "mended: [75, 70, 100]}, points: 0}"),
    ]
    edits["H2.2/liking.yaml"] += [("content: 70}, points: -1}", "content: 70}, points: -0.33}")]
    edits["H3/shell.yaml"] = [
        ("[bridge]}, points: 3}", "[bridge]}, points: 2.5}"),
        ("[bridge, lamp]}, points: 6}", "[bridge, lamp]}, points: 2.5}"),
        ("[bridge, bridge]}, points: 3}", "[bridge, bridge]}, points: 2.5}"),
    ]
    folder = island(tmp_path_factory.mktemp("fixed"), edits, without=GONE)
    return Town(load_rulebook(folder, TODAY))


def test_fixed_words_need_no_readings(fixed):
    assert not set(GONE) & set(fixed.book.readings)
    rules = fixed.book.rules
    assert (rules["mending"].mode, rules["mending"].per) == ("pro_rata", "period")
    assert (rules["liking"].mode, rules["liking"].per) == ("any_part", "mean")
    assert fixed.book.items["H3"].bonus == Bonus("first", "same_type", "2.5")
    assert fixed.book.rank_on == "base"


def test_they_act(fixed):
    assert fixed.item(fixed.unit(owed=[100, 100, 100], mended=[79, 79, 79]), "H2.2") == Fraction("29.6")
    assert fixed.item(fixed.unit(asked=[100, 100, 100], content=[74, 75, 100]), "H2.2") == Fraction("29.67")
    assert fixed.item(fixed.unit(assessed={}), "H1.1") == 0
    twice = fixed.unit(awards=[award("A1", "song", "bridge"), award("A2", "shell", "bridge", "2026-07-20")])
    assert fixed.item(twice, "H3") == Fraction("2.5")
    once = fixed.unit(awards=[award("A1", "song", "bridge"), award("A2", "song", "bridge", "2026-07-20")])
    assert fixed.item(once, "H3") == 1


def test_both_judges_read_them(fixed):
    """The second judge knows them as well, with no reading of the book's own for any of them."""
    import numpy as np

    from pipelines.engines.cube import Awards, Cube
    from pipelines.engines.vector import rescore

    table = {name: [] for name in ("counts", "unit_id", "n", "place_0", "place_1", "place_2", "marks_0")}
    unit = fixed.unit(assessed={}, awards=[award("A1", "shell", "bridge"), award("A2", "song", "bridge")])
    book = fixed.book
    cube = Cube.prepare(table, book.marks, book.measures, {"U1": unit}, MONTHS)
    again = rescore(cube, book, {id: one.default for id, one in book.readings.items()})
    assert isinstance(cube.awards, Awards)
    assert np.array_equal(again.items["H1.1"], [0]) and np.array_equal(again.items["H3"], [250])


def test_what_older_books_leave_unsaid_is_the_readings(tmp_path):
    """No `mode`, `unassessed`, `bonus`, `rank_on`: the readings of the same names decide, as they did (B6)."""
    old = [("H2.2/mending.yaml", ", mode: {reading: shortfall}", ""),
           ("H2.2/mending.yaml", "{reading: months}", "month"),
           ("H2.3/errand.yaml", "per: period", "per: quarter"), ("rulebook.yaml", "rank_on: {reading: rank_on}\n", ""),
           ("rulebook.yaml", " unassessed: {reading: missing_assessment},", ""),
           ("rulebook.yaml", "bonus: {cap: {reading: bonus_cap}, "
            "same_matter: {reading: same_matter, scope: {reading: same_matter_scope}}}\n", "")]
    edits: dict = {}
    for name, before, after in old:
        edits.setdefault(name, []).append((before, after))
    book = load_rulebook(island(tmp_path, edits), TODAY)
    law = load_rulebook(LAW, TODAY)
    assert (book.rules, book.items, book.rank_on) == (law.rules, law.items, law.rank_on)
    assert book.rules["mending"].mode == Left("shortfall")
