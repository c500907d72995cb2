"""The signers' one page: what must be mended is told before anybody signs; what is unusual is answered and kept."""

import json
import re
from functools import cache
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.model.words import NotAllowed, UsageRefusal, VerificationFailed
from pipelines.paths import RULES
from pipelines.publication import checklist as source
from pipelines.publication import desk as publishing
from pipelines.publication.checklist import BOUNDS, load_bounds
from pipelines.publication.verify import verify
from tests.attack.test_forged_publication import _chained
from tests.publication.office import (
    HEADS,
    LIN,
    PERIOD,
    SENT,
    SETTINGS,
    SIGNED,
    act,
    begin_signers,
    finished_run,
    record,
    signers_of,
)

TICK = {1: "✓"}


def ranking(totals: dict[str, str], period=PERIOD, rows=50) -> bytes:
    """A ranking of units by their totals."""
    lines = [HEADS["ranking"]]
    for unit, total in totals.items():
        place = 1 + sum(float(other) > float(total) for other in totals.values())
        lines.append(f"{period},{unit},{unit}局,区,{total},0.00,{total},{place},{place},{rows},")
    return "\n".join([*lines, ""]).encode()


def lines_of(out: Path, **more) -> list[str]:
    """The keys of the unusual lines of a run."""
    finished_run(out, **more)
    return [line.id for line in act(out, publishing.checklist_of).lines]


def earlier(out: Path, totals: dict[str, str], rows: dict | None = None) -> None:
    """The period before, as a folder of tables."""
    folder = out / str(PERIOD.previous)
    folder.mkdir()
    (folder / "ranking.csv").write_bytes(ranking(totals, PERIOD.previous))
    (folder / "items.csv").write_text(HEADS["items"] + "\n", encoding="utf-8")
    manifest = {"rulebook": {"sha256": ""}, "readings": {}, "rows": rows or {}}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize(("level", "units", "told"), [(3, 10, False), (4, 10, True), (4, 40, False), (5, 40, True)])
def test_more_units_level_at_the_top_than_a_tenth_and_three_are_told(tmp_path, level, units, told):
    totals = {f"U{n}": "100.00" if n < level else f"{90 - n}.00" for n in range(units)}
    assert ("level" in lines_of(tmp_path, files={"ranking.csv": ranking(totals)})) == told


@pytest.mark.parametrize(("now", "told"), [("80.00", False), ("79.99", True)])
def test_a_unit_that_lost_more_than_twenty_points_is_told(tmp_path, now, told):
    earlier(tmp_path, {"U1": "100.00"})
    assert ("fallen" in lines_of(tmp_path, files={"ranking.csv": ranking({"U1": now})})) == told


@pytest.mark.parametrize(("quarantined", "told"), [(4, False), (5, True)])
def test_a_quarantine_of_more_than_twice_that_of_the_period_before_is_told(tmp_path, quarantined, told):
    earlier(tmp_path, {"U1": "100.00"}, {"cases": {"read": 100, "quarantined": 2}})
    rows = {"cases": {"read": 100, "quarantined": quarantined}}
    assert ("quarantine" in lines_of(tmp_path, manifest={"rows": rows})) == told


@pytest.mark.parametrize(("rows", "told"), [(19, True), (20, False)])
def test_a_first_place_on_few_rows_is_told(tmp_path, rows, told):
    files = {"ranking.csv": ranking({"U1": "100.00"}, rows=rows)}
    assert ("first_few" in lines_of(tmp_path, files=files)) == told


@pytest.mark.parametrize(("manifest", "told"), [({}, False), ({"checked_twice": True}, False),
                                                ({"checked_twice": False}, True)])
def test_rows_that_no_second_program_checked_are_a_line_to_answer(tmp_path, manifest, told):
    """A run of an older program says nothing: it was always checked twice."""
    assert ("once" in lines_of(tmp_path, manifest=manifest)) == told


@cache
def standard_book() -> dict[str, bytes]:
    """The standard edition, as a run keeps it."""
    files = (file for file in (RULES / "standard").rglob("*") if file.is_file())
    return {f"rulebook/{file.relative_to(RULES / 'standard').as_posix()}": file.read_bytes() for file in files}


def verdicts(*given: tuple[str, str]) -> bytes:
    """The table of verdicts: unit and list."""
    rows = [f"{PERIOD},{unit},{unit}局,{name},A0.1,题,说" for unit, name in given]
    return "\n".join(["period,unit_id,unit_name,list,clause,title,says", *rows, ""]).encode()


def lost(unit: str, rule: str, points: str) -> dict[str, bytes]:
    """A ledger of one entry, and two units of which U1 is the first."""
    entry = f"E1,{PERIOD},{unit},A3.4,{rule},A3.4,2026-04,,,{points},,率"
    files = {"ledger.csv": "\n".join([HEADS["ledger"], entry, ""]).encode()}
    return {**files, "ranking.csv": ranking({"U1": "99.00", "U2": "98.00"})}


def measured(unit: str, marks: str) -> dict[str, bytes]:
    """An item of ten marks, of which so many rest on data, and two units of which U1 is the first."""
    head, row = "period,unit_id,item_id,full_marks,deducted,score,measured_marks,note", f"{PERIOD},{unit},A3.1,10.00"
    items = f"{head}\n{row},0.00,10.00,{marks},\n".encode()
    return {"items.csv": items, "ranking.csv": ranking({"U1": "99.00", "U2": "98.00"})}


BOTH = [("U1", "commend"), ("U2", "criticise")]
RATE, LATE = "satisfaction_rate", "late_reply"
UNUSUAL = {  # key of a line → (a run that is told of, the nearest that is not)
    "first_under": [(lost("U1", RATE, "-0.01"), True), (lost("U1", RATE, "0.00"), False),
                    (lost("U2", RATE, "-0.01"), False), (lost("U1", LATE, "-0.01"), False)],
    "first_unmeasured": [(measured("U1", "9.99"), True), (measured("U1", "10.00"), False),
                         (measured("U2", "9.99"), False), (measured("U1", ""), False)],
    "both_lists": [({"verdicts.csv": verdicts(*BOTH, ("U1", "criticise"))}, True),
                   ({"verdicts.csv": verdicts(*BOTH)}, False),
                   ({"verdicts.csv": verdicts(*BOTH, ("U1", "remark"), ("", "criticise"))}, False)],
    "nobody_commend": [({"verdicts.csv": verdicts(BOTH[1])}, True), ({"verdicts.csv": verdicts(*BOTH)}, False)],
    "nobody_criticise": [({"verdicts.csv": verdicts(BOTH[0], ("", "criticise"))}, True),
                         ({"verdicts.csv": verdicts(*BOTH)}, False)],
}


@pytest.mark.parametrize(("key", "n"), [(key, n) for key, cases in UNUSUAL.items() for n in range(len(cases))])
def test_what_is_unusual_of_the_first_places_and_the_verdicts_is_told_and_its_neighbour_is_not(tmp_path, key, n):
    files, told = UNUSUAL[key][n]
    assert (key in lines_of(tmp_path, files={**standard_book(), **files})) == told


def test_without_a_book_nobody_is_asked_why_nobody_is_commended(tmp_path):
    assert not {"nobody_commend", "nobody_criticise"} & {*lines_of(tmp_path, files={"verdicts.csv": verdicts()})}


@pytest.mark.parametrize(("now", "told"), [(2, False), (3, True)])
def test_a_unit_that_moved_by_more_than_a_third_of_the_places_is_told(tmp_path, now, told):
    """Six units: two places are a third of them."""
    earlier(tmp_path, {f"U{n}": f"{100 - n}.00" for n in range(6)})
    order = [*range(1, now + 1), 0, *range(now + 1, 6)]
    totals = {f"U{unit}": f"{100 - place}.00" for place, unit in enumerate(order)}
    assert ("sprung" in lines_of(tmp_path, files={"ranking.csv": ranking(totals)})) == told


@pytest.mark.parametrize(("readings", "told"), [({}, False), ({"satisfied": "with_basic"}, False),
                                                ({"satisfied": "full_only"}, True)])
def test_a_reading_that_is_not_the_default_is_told(tmp_path, readings, told):
    manifest = {"readings": readings}
    assert ("readings" in lines_of(tmp_path, files=standard_book(), manifest=manifest)) == told


@pytest.mark.parametrize(("promise", "told"), [("thin_month", True), ("unique", False)])
def test_exports_that_seem_cut_are_told(tmp_path, promise, told):
    remedy = {"zh": "缺了几天", "en": "days are missing"}
    report = {"expectations": {"error": 0}, "warnings": [{"promise": promise, "remedy": remedy}]}
    assert ("cut" in lines_of(tmp_path, quality=report)) == told


def test_every_line_of_the_checklist_has_a_run_that_it_is_told_of():
    """Read off this module: a new line comes with its test."""
    here, there = (Path(file).read_text(encoding="utf-8") for file in (__file__, source.__file__))
    keys = {key for key in re.findall(r'_line\(f?"(\w+)', there) if not key.endswith("_")}
    assert len(keys) > 10 and [key for key in sorted(keys) if f'"{key}"' not in here] == []


FAULTS = {
    "blank": ({"manifest": {"blanks": ["signer"]}}, "署名"),
    "glyph": (
        {"paper": ["有 1 个字没有字形"], "files": {"bulletin.pdf": b"%PDF-", "units/U1.pdf": b"%PDF-"}},
        "没有字形",
    ),
    "font": (
        {"paper": ["字体 DejaVuSans"], "files": {"bulletin.pdf": b"%PDF-", "units/U1.pdf": b"%PDF-"}},
        "DejaVuSans",
    ),
    "quality": ({"quality": {"expectations": {"error": 2}}}, "2 项"),
    "no quality": ({"quality": None}, "quality/report.json"),
    "a page without paper": ({"files": {"bulletin.pdf": b"%PDF-"}}, "units/U1.pdf"),
    "printing that failed": ({"printing": "failed", "paper": ["打不开 x.png"]}, "打不开 x.png"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_would_stop_publication_is_told_at_the_preview_and_nobody_signs_before_it_is_mended(
    tmp_path, monkeypatch, capsys, fault
):
    more, said = FAULTS[fault]
    monkeypatch.setenv("GONGPING_LANG", "zh")
    more = {**more, "manifest": {**more.get("manifest", {}), "simulated": True}}
    finished_run(tmp_path, **more)
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "preview",
                str(PERIOD),
                "--out",
                str(tmp_path),
                "--at",
                "2026-07-06",
                "--signers",
                str(signers_of(tmp_path)),
            ]
        )
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "签发前须补正" in told and said in told
    with pytest.raises(NotAllowed, match=said):
        act(tmp_path, publishing.approve, LIN, "", TICK, at=SIGNED)


def test_a_year_without_a_calendar_is_told_before_anybody_signs(tmp_path, monkeypatch):
    from pipelines.edges.calendar import Calendar

    finished_run(tmp_path)
    assert act(tmp_path, publishing.checklist_of).stops == ()
    monkeypatch.setattr(Calendar, "load", lambda: Calendar(frozenset(), frozenset(), frozenset(), ""))
    (stop,) = act(tmp_path, publishing.checklist_of).stops
    assert "2026" in stop.zh and "日历" in stop.zh


@pytest.mark.parametrize(
    ("answers", "match"), [({}, "还有 1 行"), ({1: " "}, "还有 1 行"), ({1: "✓", 2: "✓"}, "没有第 2 行")]
)
def test_every_line_and_no_other_is_answered(tmp_path, answers, match):
    finished_run(tmp_path)  # the only unit has 9 case rows
    with pytest.raises(UsageRefusal, match=match):
        act(tmp_path, publishing.approve, LIN, "", answers)


def test_nobody_signs_past_the_checklist_by_giving_no_answers(tmp_path):
    begin_signers(tmp_path)
    for more, refused, why in (
        ({}, UsageRefusal, "还有 1 行"),  # the only unit has 9 case rows
        ({"quality": None}, NotAllowed, "签发前须补正"),
    ):
        finished_run(tmp_path, **more)
        signers = signers_of(tmp_path)
        desk = publishing.open_desk(tmp_path, PERIOD, None, SETTINGS, signers=signers, clock=lambda: SIGNED)
        with desk as opened, pytest.raises(refused, match=why):
            publishing.approve(opened, LIN)


def test_lines_and_answers_stand_in_the_record_and_are_signed(tmp_path):
    finished_run(tmp_path)
    act(tmp_path, publishing.note_preview, at=SENT)
    state = act(tmp_path, publishing.approve, LIN, "", {1: "已核实，电话 13812345678"})
    (check,) = state.approvals[0].checks
    assert check["line"] == "first_few" and "甲局" in check["zh"] and check["answer"].startswith("已核实")
    assert "13812345678" not in record(tmp_path).read_text(encoding="utf-8")
    verify(tmp_path, PERIOD, signers=signers_of(tmp_path))
    lines = [json.loads(line) for line in record(tmp_path).read_text(encoding="utf-8").splitlines()]
    lines[-1]["checks"][0]["answer"] = "✓"
    record(tmp_path).write_bytes(_chained(lines))
    heads = tmp_path / "record" / "heads.json"
    known = json.loads(heads.read_text(encoding="utf-8"))
    last = json.loads(record(tmp_path).read_text(encoding="utf-8").splitlines()[-1])
    known[str(PERIOD)]["sha256"] = last["sha256"]
    heads.write_text(json.dumps(known), encoding="utf-8")
    with pytest.raises(VerificationFailed):
        verify(tmp_path, PERIOD, signers=signers_of(tmp_path))


def test_the_command_asks_for_every_line_and_the_page_shows_the_answers(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GONGPING_LANG", "zh")
    finished_run(tmp_path, manifest={"simulated": True})
    begin_signers(tmp_path)
    around = ["--out", str(tmp_path), "--signers", str(signers_of(tmp_path)), "--at", "2026-07-14"]
    sign = ["approve", str(PERIOD), "--by", LIN.by, "--role", LIN.role, "--key", str(LIN.key), *around]

    def called(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([*arguments])
        return ended.value.code, capsys.readouterr()

    code, said = called("checklist", str(PERIOD), *around)
    assert code == 0 and "1. 第一名甲局办件不足20件" in said.out and not record(tmp_path).exists()
    code, said = called(*sign)
    assert code == 2 and "1. 第一名甲局办件不足20件" in said.err
    assert called(*sign, "--answer", "1")[0] == called(*sign, "--ticked", "x")[0] == 2
    assert called(*sign, "--answer", "1=件数少，已逐件看过")[0] == 0
    page = tmp_path / "restricted" / str(PERIOD) / "checklist-1.html"
    assert "林一（审核）：件数少，已逐件看过" in page.read_text(encoding="utf-8")
    assert page.stat().st_mode & 0o777 == 0o600


def decided(*lines: str) -> dict[str, bytes]:
    """The table of decisions: number, action, received, to be answered by, decided."""
    head = f"{HEADS['adjustments']},received_on,answer_by,decided_on"
    rows = [f"{id},U1,{action},C{n},late_reply,,{days}" for n, (id, action, days) in enumerate(
        (line.split(" ", 2) for line in lines), 1)]
    return {"files": {"adjustments.csv": "\n".join([head, *rows, ""]).encode()}}


DECISIONS = {  # the window is open from 2026-07-06 to 2026-07-13
    "alike": (("D1 refuse ,,2026-07-14", "D2 refuse ,,2026-07-14"), set()),
    "one of each": (("D1 refuse ,,2026-07-14", "D2 waive_deduction ,,2026-07-14"), {"unlike"}),
    "received on the first and the last day": (
        ("D1 refuse 2026-07-06,,2026-07-14", "D2 refuse 2026-07-13,,2026-07-14"),
        set(),
    ),
    "received the day after": (("D1 refuse 2026-07-14,,2026-07-14",), {"outside"}),
    "decided on the first day": (("D1 refuse ,,2026-07-06",), set()),
    "decided before anybody could object": (("D1 refuse ,,2026-07-05",), {"outside"}),
    "answered on its last day": (("D1 refuse ,2026-07-14,2026-07-14",), set()),
    "answered a day later": (("D1 refuse ,2026-07-13,2026-07-14",), {"late_answers"}),
}


def test_decisions_about_other_rules_are_not_alike_and_a_rule_that_the_book_does_not_know_has_its_name(tmp_path):
    table = decided(*DECISIONS["one of each"][0])["files"]["adjustments.csv"]
    other = table.replace(b"waive_deduction,C2,late_reply", b"waive_deduction,C2,late_signing")
    assert other != table and "unlike" not in lines_of(tmp_path / "a", files={"adjustments.csv": other})
    old = {"adjustments.csv": table.replace(b"late_reply", b"of_an_older_book")}
    finished_run(tmp_path / "b", files={**standard_book(), **old})
    (line,) = [line for line in act(tmp_path / "b", publishing.checklist_of).lines if line.id == "unlike"]
    assert "of_an_older_book" in line.says.zh and "采纳1件、不予采纳1件" in line.says.zh


@pytest.mark.parametrize("case", DECISIONS)
def test_decisions_that_are_unlike_outside_the_window_or_late_are_told(tmp_path, case):
    lines, told = DECISIONS[case]
    finished_run(tmp_path, **decided(*lines))
    act(tmp_path, publishing.note_preview, at=SENT)
    found = {line.id for line in act(tmp_path, publishing.checklist_of).lines}
    assert found & {"unlike", "outside", "late_answers"} == told and "decisions" in found


@pytest.mark.parametrize(("change", "told"), [
    (("level_units: 3", "levl_units: 3"), ("levl_units", "level_units")),
    (("fallen_points: 20", ""), ("fallen_points",)),
    (("sprung_share: 1/3", "sprung_share: 1/0"), ("sprung_share", "1/0")),
    (("few_case_rows: 20", "few_case_rows: 0"), ("few_case_rows",)),
    (("quarantine_times: 2", "quarantine_times: [2]"), ("quarantine_times",)),
])
def test_a_bound_that_nothing_honours_is_refused_with_its_line(tmp_path, change, told):
    text = BOUNDS.read_text(encoding="utf-8")
    assert change[0] in text
    (tmp_path / "checklist.yaml").write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(UsageRefusal, match="checklist.yaml") as refused:
        load_bounds(tmp_path / "checklist.yaml")
    assert all(word in str(refused.value) for word in told)
