"""Corrections: numbered, with reason and difference; what was published stays as it was."""

import dataclasses
import json
import re

import pytest
from fontTools.ttLib import TTFont

from pipelines.edges.paper import WEB_FONT, paper_problem
from pipelines.model.words import NotAllowed, UsageRefusal, VerificationFailed
from pipelines.paths import ROOT, RULES
from pipelines.publication import desk as publishing
from pipelines.publication.editions import place_of
from pipelines.publication.pages import _moved as told_of
from pipelines.publication.verify import verify
from tests.publication.office import (
    LATER,
    LIN,
    PERIOD,
    SETTINGS,
    WU,
    act,
    approved_run,
    bytes_below,
    finished_run,
    published,
    record,
    signers_of,
)


def _approved_again(out, points="-0.50", adjustment="FH1") -> str:
    named = finished_run(out, points, adjustment)
    for person in (LIN, WU):
        act(out, publishing.approve, person, at=LATER)
    return named


def _correct(out, reason="复核后撤销扣分", **named):
    return act(out, publishing.correct, reason, LIN, at=LATER, **{"without_pdf": True, **named})


def test_a_correction_tells_reason_places_points_and_adjustments(tmp_path):
    published(tmp_path)
    new = _approved_again(tmp_path)
    edition = _correct(tmp_path)
    assert (edition.folder, edition.notice, edition.run) == ("2", 1, new)
    document = json.loads((place_of(tmp_path, PERIOD) / "correction-1.json").read_text(encoding="utf-8"))
    assert [document[key] for key in ("reason", "by", "role", "corrects")] == ["复核后撤销扣分", "林一", "审核", "1"]
    (moved,) = document["movements"]
    assert (moved["unit_name"], moved["points"], moved["by_rule"]) == ("甲局", "0.50", {"late_reply": "0.50"})
    (decided,) = document["adjustments"]
    assert (decided["adjustment_id"], decided["before"], decided["after"]) == ("FH1", "-1.00", "-0.50")


def test_a_new_decision_is_told_by_the_names_of_unit_and_rule(tmp_path):
    book = {f"rulebook/{file.relative_to(RULES / 'standard')}": file.read_bytes()
            for file in (RULES / "standard").rglob("*") if file.is_file()}
    published(tmp_path)
    finished_run(tmp_path, "-0.50", "FH1", files=book)
    for person in (LIN, WU):
        act(tmp_path, publishing.approve, person, at=LATER)
    _correct(tmp_path)
    row = (place_of(tmp_path, PERIOD) / "correction-1.html").read_text(encoding="utf-8").rpartition("<tbody>")[2]
    assert "逾期回复" in row and "甲局" in row and "late_reply" not in row and "U1" not in row


def test_a_correction_is_a_notice_that_says_what_changed_why_and_for_whom(tmp_path):
    published(tmp_path)
    _approved_again(tmp_path)
    _correct(tmp_path)
    page = (place_of(tmp_path, PERIOD) / "correction-1.html").read_text(encoding="utf-8")
    text = re.sub("<[^>]+>", "", page)
    for said in ("关于更正2026年第二季度考核结果的通报", "（第1版）作如下更正。更正原因：复核后撤销扣分。",
                 "更正涉及1个单位：", "甲局：总分由99分更正为99.50分。", "自本通报发布起以第2版为准",
                 "审核：林一　2026年7月15日",
                 "total 99.50 instead of 99", "from this notice on edition 2 is in force"):
        assert said in text, said


def moved(**changes) -> dict:
    """A unit's movement, as a notice has it."""
    same = {"unit_name": "甲局", "rank_before": "3", "rank_after": "3", "total_before": "90.00", "total_after": "90.00"}
    return same | changes


@pytest.mark.parametrize(("changes", "zh", "en"), [
    ({}, "甲局：总分和名次不变，扣分明细有变。", "甲局: total and place stay, its lines change."),
    ({"rank_after": "2"}, "甲局：名次由第3名更正为第2名。", "甲局: place 2 instead of 3."),
    ({"rank_before": ""}, "甲局：原不参加排名，更正为第3名。", "甲局: place 3, without a place before."),
    ({"rank_after": ""}, "甲局：原列第3名，更正为不参加排名。", "甲局: without a place instead of 3."),
    ({"rank_before": "", "rank_after": "", "total_after": "91.00"}, "甲局：总分由90分更正为91分。",
     "甲局: total 91 instead of 90."),
])
def test_a_notice_says_of_every_unit_what_changed(changes, zh, en):
    _, told = told_of({"movements": [moved(**changes)]})
    assert (told.zh, told.en) == (zh, en)


def given(*lines: str) -> dict:
    """What a run's table of verdicts holds."""
    head = "period,unit_id,unit_name,list,clause,title,says"
    return {"verdicts.csv": "\n".join([head, *(f"2026Q2,{line}" for line in lines), ""]).encode()}


def test_a_notice_tells_who_is_commended_or_criticised_no_longer_and_who_is_now(tmp_path):
    stays = "U1,甲局,criticise,A0.1,末位,甲局列末位"
    first, own = "commend,A0.1,同类第一,第一", "own,A0.1,名单一,在"
    then = given(stays, f"U1,甲局,{first}", "U1,甲局,remark,A0.1,单项扣完,零分", f"U1,甲局,{own}")
    now = given(f"U2,乙局,{first}", stays, "U2,乙局,criticise,A0.1,首位,首位", f"U2,乙局,{own}")
    approved_run(tmp_path, files=then)
    act(tmp_path, publishing.publish, without_pdf=True, at=LATER)
    finished_run(tmp_path, "-0.50", "FH1", files=now)
    for person in (LIN, WU):
        act(tmp_path, publishing.approve, person, at=LATER)
    _correct(tmp_path)
    place = place_of(tmp_path, PERIOD)
    text = re.sub("<[^>]+>", "", (place / "correction-1.html").read_text(encoding="utf-8"))
    for said in ("撤销对甲局的表彰（同类第一）。", "对乙局予以表彰（同类第一）。", "对乙局予以通报批评（首位）。",
                 "甲局不再列入：名单一。", "乙局列入：名单一。", "甲局 is no longer commended", "乙局 is criticised"):
        assert said in text, said
    assert "末位" not in text and "单项扣完" not in text
    lists = json.loads((place / "correction-1.json").read_text(encoding="utf-8"))["lists"]
    assert [(one["list"], one["unit_name"], one["given"]) for one in lists] == [
        ("commend", "甲局", False), ("commend", "乙局", True), ("criticise", "乙局", True),
        ("own", "甲局", False), ("own", "乙局", True)]


HEAD = "period,unit_id,unit_name,unit_group,base,bonus,total,rank,group_rank,case_rows,grade,note"


def graded(*units: str) -> dict:
    """A run's ranking, by a book with grades."""
    book = ROOT / "examples" / "two_sheets" / "rulebook"
    files = {f"rulebook/{file.relative_to(book)}": file.read_bytes() for file in book.rglob("*") if file.is_file()}
    lines = [f"2026Q2,{unit},9," + note for unit, note in (one.split("|") for one in units)]
    return files | {"ranking.csv": "\n".join([HEAD, *lines, ""]).encode()}


def test_a_notice_tells_of_another_grade_and_of_places_in_groups_where_none_is_over_all(tmp_path):
    then = graded("U1,甲局,g,90.00,0.00,90.00,1,1|excellent,", "U2,乙局,g,80.00,0.00,80.00,,1|good,",
                  "U3,丙局,g,80.00,0.00,80.00,2,2|good,")
    now = graded("U1,甲局,g,90.00,0.00,90.00,1,2|good,", "U2,乙局,g,80.00,0.00,80.00,,2|,",
                 "U3,丙局,g,80.00,0.00,80.00,2,2|good,")
    approved_run(tmp_path, files=then)
    act(tmp_path, publishing.publish, without_pdf=True, at=LATER)
    finished_run(tmp_path, "-0.50", "FH1", files=now)
    for person in (LIN, WU):
        act(tmp_path, publishing.approve, person, at=LATER)
    _correct(tmp_path)
    text = re.sub("<[^>]+>", "", (place_of(tmp_path, PERIOD) / "correction-1.html").read_text(encoding="utf-8"))
    for said in ("甲局的等次由“优秀”更正为“良好”。", "乙局的等次由“良好”更正为“无”。", "乙局的类别名次由1更正为2。",
                 "甲局: grade Good instead of Excellent.", "乙局: place 2 in its group instead of 1."):
        assert said in text, said
    assert "甲局的类别名次" not in text and "丙局" not in text


def test_pages_beside_editions_name_the_period_in_words_and_readings_by_what_they_mean(tmp_path):
    published(tmp_path)
    book = {f"rulebook/{file.relative_to(RULES / 'standard')}": file.read_bytes()
            for file in (RULES / "standard").rglob("*") if file.is_file()}
    finished_run(tmp_path, "-0.50", "FH1", files=book, manifest={"readings": {"satisfied": "full_only"}})
    for person in (LIN, WU):
        act(tmp_path, publishing.approve, person, at=LATER)
    _correct(tmp_path)
    place = place_of(tmp_path, PERIOD)
    heads = {name: re.search("<h1>(.*?)</h1>", (place / name).read_text(encoding="utf-8"), re.S)[1]
             for name in ("index.html", "edition-1.html", "correction-1.html", "2/publication.html")}
    assert all("2026年第二季度" in head and str(PERIOD) not in head for head in heads.values())
    notice = (place / "correction-1.html").read_text(encoding="utf-8")
    assert "只计满意" in notice and "full_only" not in notice and "(审核), 2026-07-15" in notice


def test_nothing_published_changes_and_the_index_lists_every_edition(tmp_path):
    published(tmp_path)
    place = place_of(tmp_path, PERIOD)
    first = bytes_below(place / "1")
    for points in ("-0.50", "-0.25"):
        _approved_again(tmp_path, points)
        _correct(tmp_path)
    assert bytes_below(place / "1") == first
    document = json.loads((place / "index.json").read_text(encoding="utf-8"))
    assert [(one["folder"], one["notice"]) for one in document["editions"]] == [("3", 2), ("2", 1), ("1", 0)]
    page = (place / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{name}"' in page for name in ("3/index.html", "correction-2.html", "edition-1.html"))
    assert 'href="1/index.html"' not in page  # a superseded edition is reached by the page that says so
    assert 'src="1/index.html"' in (place / "edition-1.html").read_text(encoding="utf-8")


def test_a_correction_needs_a_publication_a_new_run_its_approval_and_a_reason(tmp_path):
    approved_run(tmp_path)
    with pytest.raises(NotAllowed, match="还没有发布"):
        _correct(tmp_path)
    act(tmp_path, publishing.publish, without_pdf=True, at=LATER)
    with pytest.raises(NotAllowed, match="没有可更正的"):
        _correct(tmp_path)
    finished_run(tmp_path, "-0.50")
    with pytest.raises(NotAllowed, match="审签"):
        _correct(tmp_path)
    _approved_again(tmp_path)
    with pytest.raises(UsageRefusal):
        _correct(tmp_path, reason="  ")
    with pytest.raises(NotAllowed, match="--without-pdf"):
        _correct(tmp_path, without_pdf=False)
    assert _correct(tmp_path).folder == "2"


def test_a_published_edition_that_was_changed_stops_its_correction(tmp_path):
    published(tmp_path)
    _approved_again(tmp_path)
    file = place_of(tmp_path, PERIOD) / "1" / "ranking.csv"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(VerificationFailed, match=r"ranking\.csv"):
        _correct(tmp_path)


def test_a_reason_is_text_on_the_page_and_holds_no_telephone_number(tmp_path):
    published(tmp_path)
    _approved_again(tmp_path)
    _correct(tmp_path, reason="<script>alert(1)</script> 电话13912345678")
    place = place_of(tmp_path, PERIOD)
    for name in ("index.html", "correction-1.html"):
        page = (place / name).read_text(encoding="utf-8")
        assert "&lt;script&gt;" in page
        assert "<script" not in page
        assert "13912345678" not in page


def test_a_canary_in_the_reason_stops_the_correction(tmp_path):
    published(tmp_path)
    _approved_again(tmp_path)
    before = record(tmp_path).read_bytes()
    with pytest.raises(NotAllowed, match="KANARI"):
        _correct(tmp_path, reason="见 KANARI-7", settings=dataclasses.replace(SETTINGS, texts=("KANARI-7",)))
    assert record(tmp_path).read_bytes() == before
    assert not list(place_of(tmp_path, PERIOD).glob("correction-*"))


@pytest.mark.skipif(paper_problem() is not None, reason="no fonts on this machine: see `gongping doctor`")
def test_pages_beside_editions_with_a_font_have_one_of_their_own_characters_and_others_none(tmp_path):
    for name, files in (("with", {"font.woff2": b"of the edition"}), ("bare", {})):
        out = tmp_path / name
        approved_run(out, files=files)
        act(out, publishing.publish, without_pdf=True, at=LATER)
        _approved_again(out)
        _correct(out, "龘字有误")
        pages = {file.name: file.read_text(encoding="utf-8") for file in place_of(out, PERIOD).glob("*.html")}
        assert {"index.html", "edition-1.html", "edition-2.html", "correction-1.html"} <= set(pages)
        font = place_of(out, PERIOD) / WEB_FONT
        pages["sheet"] = (place_of(out, PERIOD) / "2" / "publication.html").read_text(encoding="utf-8")
        assert all(WEB_FONT in page and "font-src 'self'" in page for page in pages.values())
        assert font.is_file() == (name == "with")
        assert verify(out, PERIOD, signers=signers_of(out)).editions == ["1", "2"]
    with TTFont(place_of(tmp_path / "with", PERIOD) / WEB_FONT) as drawn:
        assert {ord(sign) for sign in "龘更正通报签"} <= set(drawn.getBestCmap())
