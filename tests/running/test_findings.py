"""What a watch points out beside the score: at its bounds and just beside them; the file that sets them."""

from datetime import datetime, timedelta

import pyarrow
import pytest

from pipelines.edges.private import VARIABLE, make_key
from pipelines.edges.warehouse import Warehouse
from pipelines.model.words import UsageRefusal
from pipelines.running.findings import FINDINGS, WATCH, Finding, find, how_many, load_watch

START, MINUTE, DAY = datetime(2026, 7, 1), timedelta(minutes=1), timedelta(days=1)
COLUMNS = {"case_id": "", "unit_id": "U1", "role": "lead", "matter_id": None, "title": None, "dispatched_at": START,
           "closed_at": None, "public_rating": None, "rated_at": None}
TEXT = ("case_id", "unit_id", "role", "matter_id", "title", "public_rating", "caller_key", "address")
LAMP = "路灯不亮，请派人维修，已经一周了"


def found(rows, rules=None, columns=COLUMNS):
    """What is found in these case rows, as (kind, unit, cases, n)."""
    rows = [{**columns, "case_id": f"C{k}", **row} for k, row in enumerate(rows)]
    types = {name: pyarrow.string() if name in TEXT else pyarrow.timestamp("us") for name in columns}
    table = {name: pyarrow.array([row[name] for row in rows], kind) for name, kind in types.items()}
    warehouse = Warehouse()
    try:
        warehouse.run("facts/quarter", start=START, end=START + 92 * DAY, cutoff=START + 92 * DAY)
        warehouse.store("accepted.cases", pyarrow.table(table))
        return [(one.kind, one.unit_id, one.cases, one.n, one.same) for one in find(warehouse, rules or load_watch())]
    finally:
        warehouse.close()


def kinds(*rows):
    return [one[0] for one in found(rows)]


@pytest.mark.parametrize(("later", "title", "matter", "expected"), [
    (10 * DAY, LAMP, "M1", ["repeats"]),
    (10 * DAY + timedelta(seconds=1), LAMP, "M1", []),
    (DAY, LAMP.replace("一周", "两周"), "M1", ["repeats"]),
    (DAY, "水压太低", "M1", []),
    (DAY, LAMP, "M2", []),
    (DAY, None, "M1", []),
])
def test_a_repeat_is_of_the_same_matter_with_a_like_title_soon_after(later, title, matter, expected):
    first = {"matter_id": "M1", "title": LAMP}
    assert kinds(first, {"matter_id": matter, "title": title, "dispatched_at": START + later}) == expected


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_of_cases_of_one_moment_the_later_number_repeats_the_one_before(order):
    rows = [{"case_id": f"C{k}", "matter_id": "M1", "title": LAMP} for k in order]
    told = [one[2] for one in found(rows) if one[0] == "repeats"]
    assert told == [("C1", "C0"), ("C2", "C1")]


@pytest.mark.parametrize(("before", "after", "expected"), [
    ({"dispatched_at": START - 2 * DAY}, {"dispatched_at": START - DAY}, 0),  # both of the period before
    ({"dispatched_at": START - DAY}, {"dispatched_at": START}, 1),
    ({}, {"role": "assist"}, 0),
    ({"case_id": "C"}, {"case_id": "C", "unit_id": "U2"}, 0),  # passed on, not said once more
])
def test_a_repeat_is_another_case_of_this_period_by_its_lead_unit(before, after, expected):
    same = {"matter_id": "M1", "title": LAMP}
    rows = {**same, "dispatched_at": START, **before}, {**same, "dispatched_at": START + MINUTE, **after}
    assert kinds(*rows).count("repeats") == expected


def test_a_caller_is_known_by_a_hash_alone(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "key"))
    make_key()
    file = tmp_path / "watch.yaml"
    file.write_text("findings: {repeats: {days: 10, alike: 0.9, caller: caller_key}}", encoding="utf-8")
    call = {"title": LAMP, "caller_key": "13800000000"}
    columns = {**COLUMNS, "caller_key": None}
    told = found([call, {**call, "dispatched_at": START + DAY}], load_watch(file), columns)
    [(kind, _, cases, _, same)] = told
    assert kind == "repeats" and set(cases) == {"C0", "C1"}
    assert len(same) == 8 and "138" not in str(told)
    with pytest.raises(UsageRefusal, match="caller_key"):
        found([call], load_watch(file))


def test_without_a_repeat_no_key_is_asked_for_nor_for_one_of_a_matter(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none"))
    file = tmp_path / "watch.yaml"
    file.write_text("findings: {repeats: {days: 10, alike: 0.9, caller: caller_key}}", encoding="utf-8")
    row, columns = {"title": LAMP, "matter_id": "M1"}, {**COLUMNS, "caller_key": None}
    told = found([row, {**row, "dispatched_at": START + DAY}], load_watch(file), columns)
    assert told == [("repeats", "U1", ("C1", "C0"), 2, "")]


@pytest.mark.parametrize("lacking", ["title", "matter_id", "rated_at", "public_rating"])
def test_of_what_an_export_does_not_hold_nothing_is_found(lacking):
    """A kind that needs it finds nothing; the others find what they would."""
    columns = {name: value for name, value in COLUMNS.items() if name != lacking}
    assert [one[0] for one in found([{"closed_at": START + MINUTE}], columns=columns)] == ["quick"]


def test_a_repeat_is_found_behind_other_cases_of_the_matter():
    first, other = {"matter_id": "M1", "title": LAMP}, {"matter_id": "M1", "title": "水压太低"}
    told = (first, other, other | {"title": "?"}, first)
    rows = [{**one, "dispatched_at": START + n * DAY} for n, one in enumerate(told)]
    [(kind, _, cases, _, _)] = found(rows)
    assert kind == "repeats" and cases == ("C3", "C0")


@pytest.mark.parametrize(("address", "expected"), [("幸福路1号", ["repeats"]), ("幸福路2号", []), (None, [])])
def test_a_repeat_of_an_address(tmp_path, address, expected):
    file = tmp_path / "watch.yaml"
    file.write_text("findings: {repeats: {days: 10, alike: 0.9, address: address}}", encoding="utf-8")
    columns = {**COLUMNS, "address": None}
    rows = [{"title": LAMP, "address": "幸福路1号"}, {"title": LAMP, "address": address, "dispatched_at": START + DAY}]
    assert [one[0] for one in found(rows, load_watch(file), columns)] == expected


def test_a_case_with_two_lead_units_was_passed_on():
    two = [{"case_id": "C", "unit_id": unit, "role": role} for unit, role in (("U1", "lead"), ("U2", "lead"))]
    assert [one[:4] for one in found(two)] == [("passed_on", "U1", ("C",), 2), ("passed_on", "U2", ("C",), 2)]
    assert kinds(two[0], {**two[1], "role": "assist"}) == []


@pytest.mark.parametrize(("minutes", "expected"), [(5, ["quick"]), (6, [])])
def test_closed_within_minutes(minutes, expected):
    assert kinds({"closed_at": START + minutes * MINUTE}) == expected


@pytest.mark.parametrize(("n", "apart", "expected"), [(8, 10, 1), (7, 10, 0), (8, 11, 0)])
def test_ratings_in_a_bunch(n, apart, expected):
    rows = [{"public_rating": "dissatisfied", "rated_at": START + DAY} for _ in range(n - 1)]
    last = {"public_rating": "satisfied", "rated_at": START + DAY + apart * MINUTE}
    assert kinds(*rows, last).count("bunches") == expected


def test_of_bunches_of_a_day_that_are_equal_the_first_is_told():
    rows = [{"public_rating": "satisfied", "rated_at": START + hour * 60 * MINUTE + k * MINUTE}
            for hour in (3, 1, 2) for k in range(8)]
    [(kind, _, cases, n, _)] = found(rows)
    assert (kind, n, set(cases)) == ("bunches", 8, {f"C{k}" for k in range(8, 16)})


def test_of_a_unit_and_day_the_largest_bunch_is_told_the_largest_of_all_first():
    sizes = [("U1", 0, 8), ("U1", 2, 9), ("U1", 4, 8), ("U1", 24, 8), ("U2", 2, 10), ("U3", 1, 9)]
    rows = [{"unit_id": unit, "public_rating": "dissatisfied", "rated_at": START + hour * 60 * MINUTE + k * MINUTE / 2}
            for unit, hour, n in sizes for k in range(n)]
    told = [(unit, n) for kind, unit, _, n, _ in found(rows) if kind == "bunches"]
    assert told == [("U2", 10), ("U1", 9), ("U3", 9), ("U1", 8)]


@pytest.mark.parametrize(("ratings", "expected"), [
    (["satisfied"] * 30, ["perfect"]),
    (["satisfied"] * 29, []),
    (["satisfied"] * 30 + ["basically_satisfied"], []),
])
def test_every_rating_the_best_one(ratings, expected):
    rows = [{"public_rating": rating, "rated_at": START + k * DAY} for k, rating in enumerate(ratings)]
    assert kinds(*rows) == expected


def test_rows_of_before_the_period_are_not_told():
    """Nor do ratings of before it make a bunch with those of its first minutes."""
    before = START - DAY
    assert kinds({"dispatched_at": before, "closed_at": before}) == []
    assert kinds(*({"case_id": "C", "unit_id": unit, "dispatched_at": before} for unit in ("U1", "U2"))) == []
    best = {"public_rating": "satisfied", "dispatched_at": before}
    assert kinds(*({**best, "rated_at": START + k * DAY} for k in range(30))) == []
    assert kinds(*({**best, "rated_at": START + k * MINUTE} for k in range(-4, 4))) == []


def test_the_strongest_come_first():
    """Of repeats the most alike, among equals the soonest; of what was closed quickly the quickest."""
    other = LAMP.replace("一周", "两周")
    told = (LAMP, other, other, LAMP + "！")
    rows = [{"matter_id": "M1", "title": title, "dispatched_at": START + (3 - k) * k * DAY + k * MINUTE}
            for k, title in enumerate(told)]
    rows += [{"dispatched_at": START, "closed_at": START + minutes * MINUTE} for minutes in (4, 2)]
    rows += [{"matter_id": "M2", "title": LAMP, "dispatched_at": START + days * DAY} for days in (0, 5)]
    assert [cases for kind, _, cases, *_ in found(rows) if kind == "repeats"][:2] == [("C2", "C1"), ("C7", "C6")]
    assert [(cases, n) for kind, _, cases, n, _ in found(rows) if kind == "quick"] == [(("C5",), 2), (("C4",), 4)]


def test_what_is_found_is_told_beside_the_city_s_share():
    """Of 1,000 case rows 40 are named: U1 with 20 of 100 is far above its 4, U3 with 10 above its 8 by chance."""
    many = {"U1": 20, "U2": 10, "U3": 10}
    findings = [Finding("quick", unit, (f"{unit}-{k}",), 3) for unit, n in many.items() for k in range(n)]
    findings += [Finding("bunches", "U2", ("C1", "C2"), 9), Finding("perfect", "U3", (), 30)]
    quick, bunches = how_many(findings, {"U1": 100, "U2": 700, "U3": 200})
    assert (quick.kind, quick.n, quick.of) == ("quick", 40, 1000)
    assert quick.more == (("U1", 20, 4),)
    assert (bunches.kind, bunches.n, bunches.more) == ("bunches", 9, ())
    assert [one[0] for one in how_many(findings, {"U1": 100, "U2": 700, "U3": 100})[0].more] == ["U1", "U3"]


@pytest.mark.parametrize(("n", "told"), [(16, False), (17, True)])
def test_a_unit_is_named_from_two_standard_deviations_on(n, told):
    """Of 100 in 10,000, U1 has 1,000 rows: 10 expected, and 4 times 10 is between the squares of 6 and of 7."""
    findings = [Finding("quick", unit, ("C",), 3) for unit, rows in (("U1", n), ("U2", 100 - n)) for _ in range(rows)]
    [many] = how_many(findings, {"U1": 1000, "U2": 9000})
    assert bool(many.more) == told
    assert how_many(findings, {}) == how_many([], {"U1": 1}) == ()


@pytest.mark.parametrize(("text", "says"), [
    ("finding: {}", r"watch.yaml, line 1: finding is not known; the nearest is findings"),
    ("findings:\n  quik: {minutes: 5}", "line 2: quik is not known; the nearest is quick"),
    ("findings:\n  quick: {minutes: soon}", "line 2: minutes takes a whole number from 1, not soon"),
    ("findings:\n  quick: {minutes: 0}", "line 2: minutes takes a whole number"),
    ("findings:\n  repeats: {days: 3, alike: 2}", "line 2: alike takes a number between 0 and 1"),
    ("findings:\n  repeats: {days: 3}", "line 2: repeats lacks alike"),
    ("findings: 5", "line 1: expected"),
    ("warnings:\n  rate: {part: a b, of: b, under: 1, at_least: 1}", "line 2: part takes a name"),
    ("warnings:\n  rate: {part: a, of: b, under: 101, at_least: 1}", "line 2: under takes a number between 0 and 100"),
])
def test_a_file_that_nothing_would_honour_is_refused(tmp_path, text, says):
    (tmp_path / "watch.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageRefusal, match=says):
        load_watch(tmp_path / "watch.yaml")


def test_the_projects_own_file_names_every_finding():
    assert set(load_watch(WATCH).findings) == set(FINDINGS)
