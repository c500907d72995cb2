"""A worked example: three units by hand, and every figure that a unit's, the section's and the leaders' page say."""

import csv
import json
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from openpyxl import load_workbook

from pipelines.contracts.declared import load_contracts
from pipelines.model.period import Period
from pipelines.model.tally import Unit
from pipelines.model.words import Words
from pipelines.paths import STANDARD_RULES
from pipelines.rulebook.load import load_rulebook
from pipelines.running import pages
from pipelines.running.findings import Finding
from pipelines.running.forecast import Likely
from pipelines.running.watch import HORIZONS, Due, Ratings, Step, UnitWatch, Watched

PERIOD, AT = Period.parse("2026Q3"), datetime(2026, 8, 14, 9)  # a Friday
AHEAD = (datetime(2026, 8, 15, 9), datetime(2026, 8, 17, 9), datetime(2026, 8, 22), datetime(2026, 10, 1))
BOOK = load_rulebook(STANDARD_RULES, PERIOD)
FULL = {id: int(item.full_marks * 100) for id, item in BOOK.items.items()}
END = Likely({"U1": (8000, 9550), "U2": (9000, 9000), "U3": (7000, 7100)}, {"U1": (1, 2), "U2": None, "U3": (3, 3)}, 2)


def due(*rows_and_costs):
    return {name: Due(rows, rows, cost) for name, (rows, cost) in zip(HORIZONS, rows_and_costs, strict=True)}


def unit(id, place, lost, risk, falls, **more):
    """A unit that has lost and can still lose so many hundredths, by item."""
    held = {item: full - lost.get(item, 0) for item, full in FULL.items()}
    missed = {item: points - risk.get(item, 0) for item, points in held.items()}
    score = SimpleNamespace(items={item: SimpleNamespace(full_marks=BOOK.items[item].full_marks) for item in FULL})
    figures = sum(held.values()), sum(missed.values()), place, falls
    ratings, waits = more.get("ratings", Ratings()), more.get("evaluations", {})
    return UnitWatch(Unit(id, f"Office {id[1]}", "bureaus", True), held, missed, *figures, ratings, waits, score)


def step(case, event, until, cost, of_row, ref=""):
    until = until and datetime.fromisoformat(until)
    counts = "instructions" if ref else "case_rows"
    return Step("U1", counts, case, ref, event, until, bool(until and until < AT), cost, of_row)


STEPS = (
    step("C1", "closed_at", "2026-08-13T18:00", 100, 100),
    step("C2", "closed_at", "2026-08-13T18:00", 0, 0),
    step("C3", "signed_at", "2026-08-15T08:59:59", 0, 150),
    step("C4", "closed_at", "2026-08-15T09:00", 100, 150),
    step("C4", "replied_at", "2026-08-15T09:00", 50, 150),
    step("C5", "closed_at", "2026-08-15T10:00", 100, 100),
    step("C6", "closed_at", "2026-08-17T09:00", 100, 100),
    step("C7", "closed_at", "2026-08-22T00:00", 100, 100),
    step("C9", "closed_at", None, 40, 40, ref="I9"),
)
UNITS = (
    unit("U1", 2, {"A3.1": 250, "A1.3": 30}, {"A3.1": 100, "A3.2": 1900}, due((1, 0), (3, 250), (4, 350), (6, 2000)),
         ratings=Ratings(("C8", "C9"), 2, 300, 1, 50), evaluations={"end": 3, "five_working_days": 2, "day": 1}),
    unit("U2", None, {"A3.2": 1000}, {}, due((0, 0), (0, 0), (0, 0), (0, 0)), ratings=Ratings(("D1",) * 31)),
    unit("U3", 1, {}, {"A3.2": 400}, due((0, 0), (0, 0), (0, 0), (2, 400))),
)
FOUND = (
    *(Finding("bunches", "U3", tuple(f"R{k}" for k in range(9)), 9) for _ in range(2)),
    *(Finding("passed_on", unit, (f"P{unit}",), 2) for unit in ("U1", "U2", "U3")),
)


@pytest.fixture
def watched():
    """The three units on a Friday morning."""
    rows = SimpleNamespace(unit_ids=("U1", "U2", "U3"), whole=lambda id, readings: np.array([100, 800, 100]))
    watch = SimpleNamespace(
        **{"period": PERIOD, "cutoff": AHEAD[-1], "horizons": AHEAD, "rulebook": BOOK, "contracts": load_contracts()},
        **{"readings": {}, "missed": rows, "intake": SimpleNamespace(simulated=False), "findings": FOUND},
        **{"warnings_of_day": (Words("注意", "Beware"),), "at": AT},
    )
    return Watched(watch, AT, UNITS, STEPS, None, None, (), np.zeros(3), None)


def page(watched, name, *facts, before=None, end=END):
    return getattr(pages.Pages(watched, end, before or {}, "en"), name)(*facts)


def test_a_unit_s_figures_and_sentences(watched):
    told = page(watched, "unit", UNITS[0], STEPS)
    assert [one["value"] for one in told["figures"]] == ["97.20", "20.00", "2.80", "2"]
    assert told["says"] == [
        "6 open: 20.00 points if they stay so until 2026-10-01 00:00; 2 of them fall due first, on 2026-08-15.",
        "Lost and not to be got back: Signing and replying in time 2.50, Working conditions 0.30.",
        "2 closed cases are not rated yet. 2 dissatisfied among them cost 3.00 points more. 1 satisfied one gives back "
        "0.50.",
        "3 evaluations are waited for; 2 of them are due within five working days.",
        told["says"][4],
    ]
    assert "80.00" in told["says"][4] and "95.50" in told["says"][4] and "place 1 to 2" in told["says"][4]
    assert [(one["rows"], one["cost"]) for one in told["due"]] == [
        ("1 case", ""), ("3 cases", "2.50 points"), ("4 cases", "3.50 points"), ("6 cases", "20.00 points"),
    ]


def test_a_unit_that_has_nothing_to_do_or_to_lose(watched):
    idle, lucky = (page(watched, "unit", one, ()) for one in UNITS[1:])
    assert idle["says"][:3] == [
        "Nothing is open that could cost points in this period.",
        "Lost and not to be got back: Completion and satisfaction 10.00.",
        "31 closed cases are not rated yet. No ratings of the first 30 move the total.",
    ]
    assert idle["says"][-1] == (
        "The unit has no place at present (it is not ranked, or has too few cases so far): no forecast of the place."
    )
    assert idle["figures"][3]["value"] == "—" and idle["groups"] == [] and idle["list"] == "U2.xlsx"
    assert lucky["says"][1] == "No points are lost yet." and lucky["list"] == "" and len(lucky["says"]) == 3
    assert {one["rows"] for one in idle["due"]} == {"—"}


def test_steps_stand_by_how_soon_they_fall_due_to_the_second(watched):
    told = page(watched, "unit", UNITS[0], STEPS)["groups"]
    late, day, three, five, end, together = (
        [(one["number"], one["cost"], one["whole"]) for one in group["steps"]] for group in told
    )
    assert late == [("C1", "-1.00", "")] and together == [("C2", "costs nothing by itself", "")]
    assert day == [("C3", "costs nothing by itself", "nothing done on it: -1.50")]
    assert three == [
        ("C4", "-1.00", "nothing done on it: -1.50"), ("C4", "-0.50", ""), ("C5", "-1.00", ""),
    ]
    assert five == [("C6", "-1.00", "")] and end == [("C7", "-1.00", ""), ("I9", "-0.40", "")]
    assert told[0]["steps"][0]["until"] == "was due 2026-08-13 18:00"
    assert told[4]["steps"][1]["until"] == "before the end"


def test_the_first_days_are_those_of_what_still_costs_else_of_what_is_late(watched):
    late = STEPS[:2]
    assert "2 of them fall due first, on 2026-08-13" in page(watched, "unit", UNITS[0], late)["says"][0]
    assert "1 of them falls due first, on 2026-08-17" in page(watched, "unit", UNITS[0], late + STEPS[6:7])["says"][0]
    assert "6 of them fall due first, on 2026-10-01" in page(watched, "unit", UNITS[0], STEPS[8:])["says"][0]


def test_two_instructions_on_a_case_are_two(watched):
    both = tuple(step("C9", "closed_at", "2026-08-21T09:00", 100, 150, ref=ref) for ref in ("I1", "I2"))
    told = page(watched, "unit", UNITS[0], both)
    assert "2 of them fall due first" in told["says"][0]
    assert [one["whole"] for one in told["groups"][0]["steps"]] == ["nothing done on it: -1.50"] * 2


@pytest.mark.parametrize(("n", "told", "more"), [(80, 80, ""), (81, 80, "1 more are in the morning list.")])
def test_a_page_tells_eighty_steps_and_how_many_more_there_are(watched, n, told, more):
    steps = tuple(step(f"C{k}", "closed_at", "2026-08-21T09:00", 100, 100) for k in range(n))
    found = page(watched, "unit", UNITS[0], steps)
    assert sum(len(group["steps"]) for group in found["groups"]) == told and found["more"] == more


def test_the_section_s_page(watched):
    told = page(watched, "section")
    assert [one["id"] for one in told["columns"]] == ["A3.1", "A3.2"]
    rows = [(one["name"], one["held"], one["at_risk"], one["likely"], one["cells"]) for one in told["rows"]]
    assert rows == [
        ("Office 1", "97.20", "20.00", "80.00–95.50",
         [{"points": "1.00", "shade": "1"}, {"points": "19.00", "shade": "5"}]),
        ("Office 3", "100.00", "4.00", "70.00–71.00", [{"points": "", "shade": "0"}, {"points": "4.00", "shade": "2"}]),
        ("Office 2", "90.00", "", "90.00–90.00", [{"points": "", "shade": "0"}, {"points": "", "shade": "0"}]),
    ]
    assert told["rows"][0]["due"][2] == {"rows": "4", "cost": "3.50"}
    assert told["rows"][2]["due"][3] == {"rows": "", "cost": ""}
    assert told["beyond"] == "Points are lost and nothing is left to do: Office 2."
    assert told["movers_title"] == "" and told["movers_none"].startswith("This period was not watched before")
    assert told["warnings"] == ["Beware"]


def test_who_moved_most_stands_first_and_who_did_not_is_not_told(watched):
    was = {"U1": "98.00", "U2": "90.00", "U3": "99.90", "U9": "1.00"}
    before = {"at": "2026-08-13T09:00:00", "units": [{"unit_id": id, "can_be_kept": held} for id, held in was.items()]}
    told = page(watched, "section", before=before)
    assert told["movers_title"] == "Biggest changes since 2026-08-13"
    assert [one.split(":")[0] for one in told["movers"]] == ["Office 1", "Office 3"]
    assert "97.20 can be kept (-0.80), 20.00 at risk" in told["movers"][0] and "(+0.10)" in told["movers"][1]
    before["units"] = before["units"][1:2]
    told = page(watched, "section", before=before)
    assert told["movers"] == [] and told["movers_none"] == "What can be kept changed for no unit."


def test_what_is_found_is_counted_against_the_city_s_rows(watched):
    passed_on, bunches = page(watched, "section")["findings"]
    assert passed_on["says"] == "3 cases, 0.30% of all the city's." and len(passed_on["told"]) == 3
    assert bunches["says"].startswith("18 cases, 1.80% of all the city's. Above the city's rate by more than chance: ")
    assert bunches["says"].endswith("Office 3 18 (about 2 by the city's rate).")
    assert bunches["told"][0] == "Office 3: 9 ratings came within minutes R0 R1 R2 R3…"
    assert passed_on["told"][0].endswith(" PU1")


def test_four_units_above_the_city_s_rate_are_named(watched):
    rows = SimpleNamespace(unit_ids=(*"ABCDEF",), whole=lambda id, readings: np.array([10] * 5 + [9950]))
    found = tuple(Finding("quick", unit, ("C",), 3) for unit in "ABCDE" for _ in range(10))
    watch = SimpleNamespace(**{**vars(watched.watch), "missed": rows, "findings": found})
    [quick] = page(replace(watched, watch=watch), "section")["findings"]
    assert [name for name in "ABCDE" if f"{name} 10 (about 0 " in quick["says"]] == [*"ABCD"]
    assert len(quick["told"]) == 8 and quick["more"] == "42 more are in findings.csv."


def test_three_sentences(watched):
    first, second, third = page(watched, "leaders")["sentences"]
    assert all(word in first for word in ("3", "2", "24.00", "Office 1", "20.00"))
    assert all(word in second for word in ("1", "4", "3.50")) and "24.00" not in second
    assert all(word in third for word in ("12.80", "Office 2", "10.00"))
    assert page(replace(watched, units=()), "sentences") == []


def test_the_screen_names_those_first_who_can_lose_most(watched):
    told = [words.en for words in pages.lines(watched)]
    assert told[0].lstrip() == "2 Office 1 kept 97.20 at risk 20.00 | 24 h 1, 5 days 4"
    assert [one.split("Office ")[1][0] for one in told] == ["1", "3", "2"] and told[2].lstrip().startswith("—")


def test_the_files_of_a_day(watched, tmp_path):
    folder = pages.write(watched, tmp_path, END)
    told = json.loads((folder / "watch.json").read_text("utf-8"))
    one = told["units"][0]
    assert (one["can_be_kept"], one["at_risk"], one["likely_total"]) == ("97.20", "20.00", ["80.00", "95.50"])
    assert one["items"]["A3.2"] == ["20.00", "1.00"] and one["due"]["end"] == {"rows": 6, "points": "20.00"}

    def table(name):
        with (folder / name).open(encoding="utf-8-sig") as stream:
            return list(csv.DictReader(stream))

    steps, units = table("steps.csv"), table("units.csv")
    assert [(row["case_id"], row["costs"], row["costs_with_row"]) for row in steps][2:4] == [
        ("C3", "0.00", "1.50"), ("C4", "1.00", "1.50"),
    ]
    assert [(row["can_be_kept"], row["at_risk"], row["lost"], row["place_if_kept"]) for row in units] == [
        ("97.20", "20.00", "2.80", "2"), ("90.00", "0.00", "10.00", ""), ("100.00", "4.00", "0.00", "1"),
    ]
    [above] = table("findings_by_unit.csv")
    assert (above["unit_id"], above["kind"], above["cases"], above["by_city_rate"]) == ("U3", "bunches", "18", "1.80")
    assert sorted(file.name for file in (folder / "units").glob("*.xlsx")) == ["U1.xlsx", "U2.xlsx"]
    rows = [*load_workbook(folder / "units/U1.xlsx")["运行中"].iter_rows(min_row=2, values_only=True)]
    assert [(row[1], row[5], row[6]) for row in rows][:3] == [("C1", 1, 1), ("C3", 0, 1.5), ("C4", 1, 1.5)]
    assert [row[1] for row in rows][-2:] == ["I9", "C2"] and rows[0][3] == "2026-08-13 18:00"
    waiting = load_workbook(folder / "units/U1.xlsx")["待评价"]
    assert [cell.value for (cell,) in waiting.iter_rows(min_row=2)] == ["C8", "C9"]


def test_a_day_is_compared_with_the_last_one_before_it(watched, tmp_path):
    """Not with itself, watched once more; nor with a later one."""
    early = replace(watched, at=datetime(2026, 8, 12, 9))
    for one in (replace(early, units=tuple(replace(unit, held_total=1) for unit in UNITS)), watched):
        pages.write(one, tmp_path, END)
    folder = pages.write(watched, tmp_path, END)
    assert "since 2026-08-12" in (folder / "index.en.html").read_text("utf-8")
    again = pages.write(early, tmp_path, END)
    assert "was not watched before" in (again / "index.en.html").read_text("utf-8")
    assert [day["at"][:10] for day in pages.days(tmp_path, PERIOD)] == ["2026-08-12", "2026-08-14"]
    assert Fraction(pages.days(tmp_path, PERIOD)[1]["units"][0]["can_be_kept"]) == Fraction("97.2")
