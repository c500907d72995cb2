"""The signers' one page: what must be mended is told before anybody signs; what is unusual is answered and kept."""

import json
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.model.words import NotAllowed, UsageRefusal, VerificationFailed
from pipelines.publication import desk as acts
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
    return [line.id for line in act(out, acts.checklist_of).lines]


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
                                                ({"checked_twice": False}, True)])  # fmt: skip
def test_rows_that_no_second_program_checked_are_a_line_to_answer(tmp_path, manifest, told):
    """A run of an older program says nothing: it was always checked twice."""
    assert ("once" in lines_of(tmp_path, manifest=manifest)) == told


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
        act(tmp_path, acts.approve, LIN, "", TICK, at=SIGNED)


def test_a_year_without_a_calendar_is_told_before_anybody_signs(tmp_path, monkeypatch):
    from pipelines.edges.calendar import Calendar

    finished_run(tmp_path)
    assert act(tmp_path, acts.checklist_of).stops == ()
    monkeypatch.setattr(Calendar, "load", lambda: Calendar(frozenset(), frozenset(), frozenset(), ""))
    (stop,) = act(tmp_path, acts.checklist_of).stops
    assert "2026" in stop.zh and "日历" in stop.zh


@pytest.mark.parametrize(
    ("answers", "match"), [({}, "还有 1 行"), ({1: " "}, "还有 1 行"), ({1: "✓", 2: "✓"}, "没有第 2 行")]
)
def test_every_line_and_no_other_is_answered(tmp_path, answers, match):
    finished_run(tmp_path)  # the only unit has 9 case rows
    with pytest.raises(UsageRefusal, match=match):
        act(tmp_path, acts.approve, LIN, "", answers)


def test_nobody_signs_past_the_checklist_by_giving_no_answers(tmp_path):
    begin_signers(tmp_path)
    for more, refused, why in (
        ({}, UsageRefusal, "还有 1 行"),  # the only unit has 9 case rows
        ({"quality": None}, NotAllowed, "签发前须补正"),
    ):
        finished_run(tmp_path, **more)
        desk = acts.open_desk(tmp_path, PERIOD, None, SETTINGS, signers=signers_of(tmp_path), clock=lambda: SIGNED)
        with desk as opened, pytest.raises(refused, match=why):
            acts.approve(opened, LIN)


def test_lines_and_answers_stand_in_the_record_and_are_signed(tmp_path):
    finished_run(tmp_path)
    act(tmp_path, acts.note_preview, at=SENT)
    state = act(tmp_path, acts.approve, LIN, "", {1: "已核实，电话 13812345678"})
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
        (line.split(" ", 2) for line in lines), 1)]  # fmt: skip
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


@pytest.mark.parametrize("case", DECISIONS)
def test_decisions_that_are_unlike_outside_the_window_or_late_are_told(tmp_path, case):
    lines, told = DECISIONS[case]
    finished_run(tmp_path, **decided(*lines))
    act(tmp_path, acts.note_preview, at=SENT)
    found = {line.id for line in act(tmp_path, acts.checklist_of).lines}
    assert found & {"unlike", "outside", "late_answers"} == told and "decisions" in found


@pytest.mark.parametrize(("change", "told"), [
    (("level_units: 3", "levl_units: 3"), ("levl_units", "level_units")),
    (("fallen_points: 20", ""), ("fallen_points",)),
    (("sprung_share: 1/3", "sprung_share: 1/0"), ("sprung_share", "1/0")),
    (("few_case_rows: 20", "few_case_rows: 0"), ("few_case_rows",)),
    (("quarantine_times: 2", "quarantine_times: [2]"), ("quarantine_times",)),
])  # fmt: skip
def test_a_bound_that_nothing_honours_is_refused_with_its_line(tmp_path, change, told):
    text = BOUNDS.read_text(encoding="utf-8")
    assert change[0] in text
    (tmp_path / "checklist.yaml").write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(UsageRefusal, match="checklist.yaml") as refused:
        load_bounds(tmp_path / "checklist.yaml")
    assert all(word in str(refused.value) for word in told)
