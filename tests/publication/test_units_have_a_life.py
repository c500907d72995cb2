"""Units renamed and merged between two quarters: cases, comparison, cards and accounts cross the change."""

import csv

import pytest

from pipelines.assess import Request, Run
from pipelines.edges.published import read_registers
from pipelines.model.period import Period
from pipelines.sample.make import make_sample
from tests.publication.office import Checked

BEFORE, NOW = Period.parse("2026Q2"), Period.parse("2026Q3")
RENAMED, MERGED, INTO = "U001", "U002", "U003"


def rows_of(file):
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def rewrite(file, rows):
    with file.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, [*dict.fromkeys(name for row in rows for name in row)])
        table.writeheader()
        table.writerows(rows)


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Two quarters, the second with a changed register whose other tables still use the old codes; its run and rows."""
    home = tmp_path_factory.mktemp("lives")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setattr("pipelines.assess.start_quality", lambda *facts: Checked(facts[-1]))
        make_sample(home / "before", BEFORE, 4, 80, 7)
        make_sample(home / "now", NOW, 4, 80, 8)
        units = rows_of(home / "now" / "units.csv")
        old, merged = (next(row for row in units if row["unit_id"] == id) for id in (RENAMED, MERGED))
        old |= {"valid_to": "2026-06-30", "succeeded_by": "U009"}
        merged |= {"valid_to": "2026-06-30", "succeeded_by": INTO}
        new = {**old, "unit_id": "U009", "unit_name": "新设的局", "valid_from": "2026-07-01", "valid_to": "",
               "succeeded_by": "", "former_names": "更早的局"}
        other = next(row for row in units if row["unit_id"] == "U004")
        other |= {"sort": "7"}
        rewrite(home / "now" / "units.csv", [*units, new])
        marks = [row for row in rows_of(home / "now" / "assessments.csv") if row["unit_id"] != MERGED]
        rewrite(home / "now" / "assessments.csv", marks)
        for period, exports in ((BEFORE, home / "before"), (NOW, home / "now")):
            with Run(Request(period, exports, home / "out", pdf=False)) as run:
                for stage in run.stages:
                    getattr(run, stage)()
                if period == NOW:
                    yield run, home


def test_the_old_codes_are_scored_as_their_successors(scored):
    run, home = scored
    folder = home / "out" / str(NOW)
    assert {row["unit_id"] for row in rows_of(folder / "ranking.csv")} == {INTO, "U004", "U009"}
    cases = rows_of(home / "now" / "cases.csv")
    of = {id: sum(row["unit_id"] == id for row in cases) for id in (RENAMED, MERGED)}
    accounts = {row["unit_id"]: row for row in rows_of(folder / "accounts.csv")}
    assert accounts["U009"]["from_former_units"] == f"{RENAMED}（{of[RENAMED]}）"
    assert int(accounts["U009"]["received"]) == of[RENAMED]
    assert accounts[INTO]["from_former_units"].startswith(f"{MERGED}（")
    assert accounts["U004"]["from_former_units"] == ""
    assert sum(int(row["received"]) for row in accounts.values()) + run.rows["cases"].left_out == len(cases)


def test_the_registers_order_is_read_and_kept_with_the_run(scored):
    run, home = scored
    assert [(id, one.unit.sort) for id, one in run.tallies.items()] == [("U004", 7), (INTO, None), ("U009", None)]
    kept = read_registers(home / "out" / str(NOW))
    assert {id: one.unit.sort for id, one in kept.items()} == {"U004": 7, INTO: None, "U009": None}


def test_a_new_code_is_compared_with_the_old_one_and_a_merged_unit_with_nothing(scored):
    run, home = scored
    before = {row["unit_id"]: row for row in rows_of(home / "out" / str(BEFORE) / "ranking.csv")}
    known = run.result().previous
    assert known["U009"]["total"] == before[RENAMED]["total"] and INTO not in known and len(known) == 4
    cards = {id: (home / "out" / str(NOW) / "units" / f"{id}.html").read_text(encoding="utf-8")
             for id in ("U009", INTO, "U004")}
    name = before[RENAMED]["unit_name"]
    assert "曾用名：更早的局。" in cards["U009"] and f"2026-06-30 及以前为{name}（编码 {RENAMED}）。" in cards["U009"]
    assert f"写在编码 {RENAMED} 下" in cards["U009"]
    assert "此前的得分不是同一规模的单位，不作比较" in cards[INTO] and "不作比较" not in cards["U004"]
    shown = {id: "2026年第二季度" in card for id, card in cards.items()}
    assert shown["U009"] and shown["U004"]
