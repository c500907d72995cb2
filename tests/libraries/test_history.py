"""The matter library through time: what stood in it on any day, and which changes took effect."""

from datetime import date

import pytest

from pipelines.libraries import history, in_force
from pipelines.model.library import LibraryEntry, MatterChange

START = date(2020, 1, 1)
DAY = date(2026, 8, 10)
BEFORE, AFTER = date(2026, 8, 9), date(2026, 8, 11)


def entry(unit="U1", process="旧", start=START, end=None, name="路灯报修"):
    return LibraryEntry("M1", unit, name, process, start, end)


def change(kind, unit="U1", on=DAY, name=None, process=None, id="B1"):
    return MatterChange(id, "M1", unit, kind, name, process, on)


def stood(entries, changes, on):
    """(unit, name, process) of what is in force on a day."""
    return [(e.unit_id, e.matter_name, e.process) for e in history(entries, changes) if in_force(e, on)]


@pytest.mark.parametrize(("on", "there"), [(BEFORE, False), (DAY, True), (AFTER, True)])
def test_an_addition_is_in_force_from_the_day_of_its_decision(on, there):
    """M1"""
    added = change("add", unit="U2", name="路灯报修", process="新")
    assert stood([], [added], on) == ([("U2", "路灯报修", "新")] if there else [])


@pytest.mark.parametrize(("on", "there"), [(BEFORE, True), (DAY, False), (AFTER, False)])
def test_a_removal_ends_the_entry_on_the_day_before_its_decision(on, there):
    """M2"""
    assert bool(stood([entry()], [change("remove")], on)) is there


def test_another_units_removal_and_modification_take_no_effect():
    """M2, M3: only the holder's own application does."""
    foreign = [change("remove", unit="U2"), change("modify", unit="U2", process="新", id="B2")]
    assert stood([entry()], foreign, AFTER) == [("U1", "路灯报修", "旧")]


@pytest.mark.parametrize(("name", "process", "becomes"), [
    (None, "新", ("U1", "路灯报修", "新")),
    ("照明报修", None, ("U1", "照明报修", "旧")),
    ("照明报修", "新", ("U1", "照明报修", "新")),
])
def test_a_modification_keeps_what_it_does_not_name_and_the_history_keeps_the_rest(name, process, becomes):
    """M3"""
    changes = [change("modify", name=name, process=process)]
    assert stood([entry()], changes, AFTER) == [becomes]
    assert stood([entry()], changes, BEFORE) == [("U1", "路灯报修", "旧")]


def test_changes_follow_one_another_in_the_order_of_their_days():
    """M1, M2, M3: written down in any order."""
    changes = [
        change("add", on=date(2026, 8, 20), name="路灯报修", process="再建", id="B4"),
        change("remove", on=date(2026, 8, 15), id="B3"),
        change("modify", on=DAY, process="新", id="B2"),
        change("modify", on=date(2026, 8, 17), process="落空", id="B9"),
    ]
    days = [date(2026, 8, day) for day in (9, 10, 14, 15, 18, 20)]
    assert [[process for _, _, process in stood([entry()], changes, on)] for on in days] == [
        ["旧"], ["新"], ["新"], [], [], ["再建"]]


def test_an_export_that_tells_of_the_change_itself_is_not_changed_twice():
    """M1, M3: the row that begins on the day of the decision is the change."""
    exported = [entry(end=BEFORE), entry(process="新", start=DAY)]
    assert stood(exported, [change("modify", process="新")], AFTER) == [("U1", "路灯报修", "新")]
    assert stood([entry(process="新", start=DAY)], [change("add", name="路灯报修", process="新")], AFTER) == [
        ("U1", "路灯报修", "新")]


def test_a_modification_ends_every_process_that_the_unit_had():
    """M0.1, M3: so that one is left."""
    two = [entry(), entry(process="另一", start=date(2021, 1, 1))]
    assert stood(two, [change("modify", process="新")], DAY) == [("U1", "路灯报修", "新")]


def test_what_ends_names_the_change_that_ended_it():
    """M2"""
    assert [(e.change_id, e.valid_to) for e in history([entry()], [change("remove")])] == [("B1", BEFORE)]
