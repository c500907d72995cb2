"""Drawn quarters for both judges: cells of the tally, and a slow, obvious count of them under the readings."""

from datetime import date
from fractions import Fraction

from hypothesis import strategies as st

from pipelines.model.tally import Award, Unit, UnitTally
from tests.toy.town import ISLAND, MONTHS

BOOK = ISLAND.book
UNITS = ("U1", "U2", "U3")
RATINGS = ("none", "satisfied", "basically_satisfied", "dissatisfied", "pending")
LATENESS = ("on_time", "late", "waived")
ASSESSED = tuple(ISLAND.full)
RUDE = '["scolded","slammed"]'
CLOCKS = ("reminder", "assignment")
EXTENSIONS = ("approved", "requested_in_time")

place = st.integers(0, 3)  # a month of the quarter, 0 outside it
case_rows = st.fixed_dictionaries({
    "counts": st.just("case_rows"), "unit_id": st.sampled_from(UNITS), "places": st.tuples(place, place, place),
    "lead": st.booleans(), "before": st.booleans(), "signing": st.sampled_from(LATENESS),
    "approved": st.sampled_from(LATENESS), "requested_in_time": st.sampled_from(LATENESS), "closed": st.booleans(),
    "in_time_approved": st.booleans(), "in_time_requested_in_time": st.booleans(),
    "reminder": st.sampled_from(RATINGS), "assignment": st.sampled_from(RATINGS), "n": st.integers(1, 60),
})
incidents = st.fixed_dictionaries({
    "counts": st.just("incidents"), "unit_id": st.sampled_from(UNITS), "places": st.tuples(place),
    "rude": st.booleans(), "verified": st.booleans(), "waived": st.booleans(), "n": st.integers(0, 25),
})
instructions = st.fixed_dictionaries({
    "counts": st.just("instructions"), "unit_id": st.sampled_from(UNITS), "places": st.tuples(place),
    "run": st.booleans(), "n": st.integers(0, 9),
})
hundredths = st.integers(0, 500).map(lambda n: Fraction(n, 100))
award = st.tuples(
    st.sampled_from(UNITS), st.sampled_from(tuple(BOOK.award_types)), st.sampled_from(("bridge", "lamp", "桥")),
    st.dates(date(2026, 7, 1), date(2026, 9, 30)),
)
readings = st.fixed_dictionaries({
    **{id: st.sampled_from(reading.values) for id, reading in BOOK.readings.items()},
    "bonus_cap": st.sampled_from(("8", "none", "0", "2.5", "6")),
    "missing_assessment": st.sampled_from(("full", "zero")),
})


@st.composite
def quarters(draw):
    """(cells, assessments, awards, readings)."""
    cells = draw(st.lists(case_rows, max_size=25)) + draw(st.lists(incidents, max_size=6))
    cells += draw(st.lists(instructions, max_size=6))
    keys = st.tuples(st.sampled_from(UNITS), st.sampled_from(ASSESSED))
    assessed = draw(st.dictionaries(keys, hundredths, max_size=12))
    return cells, assessed, draw(st.lists(award, max_size=9)), draw(readings)


def marked(cell: dict) -> set[str]:
    """What the marks of a cell say, by the keys of the tally."""
    if cell["counts"] == "incidents":
        said = {'{"verified":{"equals":"true"}}': cell["verified"], "waived manners": cell["waived"],
                f'{{"incident_type":{{"in":{RUDE}}}}}': cell["rude"]}
        return {key for key, holds in said.items() if holds}
    if cell["counts"] == "instructions":
        return {'{"implemented_at":{"given":"true"}}'} if cell["run"] else set()
    found = set() if cell["before"] else {'{"not":{"counted_before":{"equals":"true"}}}'}
    found |= {'{"role":{"equals":"lead"}}'} if cell["lead"] else set()
    found |= {'{"closed_at":{"given":"true"}}'} if cell["closed"] else set()
    found |= _late("signed_at", "sign_due_at", cell["signing"], "unclaimed")
    for extension in EXTENSIONS:
        found |= _late("replied_at", f"due_at__{extension}", cell[extension], "tardy")
        if cell[f"in_time_{extension}"]:
            found.add(f'{{"closed_at":{{"at_most":"due_at__{extension}"}}}}')
    for clock in CLOCKS:
        for unrated in ("left_out", "satisfied"):
            for value in ("dissatisfied", "left_out"):
                if "rated" in _rating(cell[clock], unrated, value, "with_basic"):
                    found.add(f'{{"rated__{clock}__{value}__{unrated}":{{"equals":"true"}}}}')
            for value in ("with_basic", "full_only"):
                if "satisfied" in _rating(cell[clock], unrated, "dissatisfied", value):
                    found.add(f'{{"satisfied__{clock}__{value}__{unrated}":{{"equals":"true"}}}}')
    return found


def _late(done: str, due: str, lateness: str, rule: str) -> set[str]:
    if lateness == "on_time":
        return set()
    never = f'{{"all":[{{"{done}":{{"given":"false"}}}},{{"{due}":{{"before":"cutoff"}}}}]}}'
    late = f'{{"any":[{{"{done}":{{"after":"{due}"}}}},{never}]}}'
    return {late, f"waived {rule}"} if lateness == "waived" else {late}


def columns(cells: list[dict]) -> dict[str, list]:
    """Cells as the columns of `tallies.cube`."""
    found = {"counts": [cell["counts"] for cell in cells], "unit_id": [cell["unit_id"] for cell in cells],
             "n": [cell["n"] for cell in cells]}
    for k in range(3):
        found[f"place_{k}"] = [(*cell["places"], 0, 0)[k] for cell in cells]
    bits = [[BOOK.marks[cell["counts"]].position[key] for key in marked(cell)] for cell in cells]
    return found | {"marks_0": [sum(1 << bit for bit in own) for own in bits]}


def tallies_of(cells, assessed, awards, chosen) -> dict[str, UnitTally]:
    """What SQL hands to the first judge, counted cell by cell."""
    return {unit: _tally(unit, cells, assessed, awards, chosen) for unit in UNITS}


def _tally(unit, cells, assessed, awards, chosen) -> UnitTally:
    counts: dict[str, dict] = {id: {} for id in BOOK.measures}
    waived: dict[str, dict] = {}
    for cell in cells:
        if cell["unit_id"] != unit or not (of := cell["places"][_place(cell, chosen)]):
            continue
        month = MONTHS[of - 1]
        for measure in _measures(cell, chosen):
            counts[measure][month] = counts[measure].get(month, 0) + cell["n"]
        for rule in _waived(cell, chosen):
            by_month = waived.setdefault(rule, {})
            by_month[month] = by_month.get(month, 0) + cell["n"]
    listed = (Award(f"AW{k:02}", kind, matter, on) for k, (of, kind, matter, on) in enumerate(awards) if of == unit)
    scores = {item: score for (of, item), score in assessed.items() if of == unit}
    rows = sum(counts["case_rows"].values())
    return UnitTally(Unit(unit, unit, "group", True), rows, counts, waived, scores, tuple(listed))


def _place(cell: dict, chosen: dict) -> int:
    if cell["counts"] != "case_rows":
        return 0
    return 2 if chosen["belongs_to"] == "sent" else EXTENSIONS.index(chosen["extension"])


def _measures(cell: dict, chosen: dict) -> list[str]:
    if cell["counts"] == "incidents":
        return ["rudeness"] if cell["rude"] and cell["verified"] else []
    if cell["counts"] == "instructions":
        return ["errands", *(["errands_run"] if cell["run"] else [])]
    if cell["before"] and chosen["counted_before"] == "left_out":
        return []
    found = ["case_rows"]
    found += ["unclaimed"] if cell["signing"] != "on_time" else []
    found += ["tardy"] if cell[chosen["extension"]] != "on_time" else []
    if not cell["lead"] and chosen["assisting"] == "lead":
        return found
    found.append("owed")
    if cell["closed" if chosen["mended_when"] == "at_last" else f"in_time_{chosen['extension']}"]:
        found.append("mended")
    clock, names = chosen["evaluation_clock"], ("unrated", "pending_evaluation", "satisfied")
    says = {"rated": "asked", "satisfied": "content"}
    return found + [says[word] for word in _rating(cell[clock], *(chosen[name] for name in names))]


def _waived(cell: dict, chosen: dict) -> list[str]:
    """The occurrence rules whose waivers meet the cell's lines: a waiver of a rule meets a row however it is read."""
    measures = _measures(cell, chosen)
    if cell["counts"] == "incidents":
        return ["manners"] if measures and cell["waived"] else []
    if cell["counts"] == "instructions":
        return []
    meets = {"unclaimed": cell["signing"] == "waived",
             "tardy": "waived" in (cell["approved"], cell["requested_in_time"])}
    return [rule for rule in measures if meets.get(rule)]


def _rating(rating: str, unrated: str, pending: str, taken: str) -> list[str]:
    if rating == "none":
        return ["rated", "satisfied"] if unrated == "satisfied" else []
    if rating == "pending":
        return ["rated"] if pending == "dissatisfied" else []
    good = rating == "satisfied" or (rating == "basically_satisfied" and taken == "with_basic")
    return ["rated", "satisfied"] if good else ["rated"]
