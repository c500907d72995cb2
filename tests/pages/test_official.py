"""The bulletin as an official document: the finished PDF measured, the line setter, the office's settings."""

import re
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from pipelines.assess import Request, Run
from pipelines.edges.located_yaml import DEMO_OFFICE, OFFICE, load_office
from pipelines.edges.paper import Sheet, official_sheet, paper_problem, print_pages
from pipelines.model.intake import RowCount
from pipelines.model.period import Period
from pipelines.model.project import Issue
from pipelines.model.tally import Unit
from pipelines.model.words import UsageRefusal, Words
from pipelines.paths import REPORTS
from pipelines.sample.make import make_sample
from pipelines.stages.publish import blanks_to_fill
from pipelines.verbs import project as demo
from pipelines.views.bulletin import Bulletin
from pipelines.views.official import BLANK, CLOSING, markup, set_lines, visible
from pipelines.views.ranking import ranking
from pipelines.wording import say
from tests.pages import layout
from tests.pages.fixture import HOSTILE, doubted, result

needs_paper = pytest.mark.skipif(paper_problem() is not None, reason="no PDF on this machine: see `gongping doctor`")
MANY = tuple(Unit(f"V{n:03d}", f"某某市第{n}承办单位办公室", ("区县", "部门", "企业")[n % 3], True) for n in range(60))
PITCH, FIRST, LAST = 10.445, 39.82, 259.18  # millimetres: of lines, middle of the first and of the last line


def advance(character):
    return Fraction(1, 2) if character.isascii() else Fraction(1)


def sheet(office, units=MANY):
    quarter = result(units=units)
    return official_sheet(quarter, Bulletin(quarter, [], say).page(), office)


def text(html):
    return re.sub(r"<[^>]+>|\n", "", html)


@pytest.fixture(scope="module")
def bulletin(tmp_path_factory):
    file = tmp_path_factory.mktemp("official") / "bulletin.pdf"
    assert print_pages([Sheet(sheet(load_office(DEMO_OFFICE)), file, True)], "", lambda *_: None) == ()
    return file


@pytest.fixture(scope="module")
def pages(bulletin):
    return layout.read(bulletin)


@needs_paper
def test_a_full_page_has_22_lines_from_edge_to_edge_of_the_type_area(pages):
    full = pages[1].body()
    assert len(full) == 22
    assert full[0].middle == pytest.approx(FIRST, abs=0.3) and full[-1].middle == pytest.approx(LAST, abs=0.3)
    pitches = [below.middle - above.middle for above, below in zip(full, full[1:], strict=False)]
    assert pitches == [pytest.approx(PITCH, abs=0.05)] * 21


@needs_paper
def test_full_lines_fill_the_type_area_and_hold_28_characters(pages):
    body = [line for page in pages[:2] for line in page.body() if line.left < 28.5 and line.middle > 160]
    full = [line for line in body if line.right > 180]
    assert full
    for line in full:
        assert line.left == pytest.approx(28, abs=0.3)
        assert 182.5 < line.right < 187.2  # a sign that closes a squeezed line stands with its empty half outside
        assert 26 <= sum(advance(c) for c in line.text) <= 30


@needs_paper
def test_no_line_starts_with_a_sign_that_closes(pages):
    assert [line.text for page in pages for line in page.body() if line.text[0] in CLOSING] == []


@needs_paper
def test_head_number_red_line_and_title_stand_where_they_must(bulletin, pages):
    first = pages[0]
    mark = next(line for line in first.lines if line.text.endswith("文件"))
    number = next(line for line in first.lines if "〔" in line.text)
    rule = next(r for r in first.rules if r[4] and r[4][0] > 0.8 and r[4][1] < 0.2)
    title = [line for line in first.lines if abs(line.size - 22) < 0.1]
    assert layout.inked(bulletin, 1, "red")[0] == pytest.approx(72, abs=0.5)  # 35 mm below the type area's edge
    assert (rule[0], rule[1]) == (pytest.approx(28, abs=0.1), pytest.approx(184, abs=0.1))
    above = [y for y in layout.inked(bulletin, 1, "black") if y < rule[2]]
    assert rule[2] - above[-1] == pytest.approx(4, abs=0.4)
    for line in (mark, number, *title):
        assert (line.left + line.right) / 2 == pytest.approx(106, abs=1)
    assert any("区县" not in line.text and line.middle > 180 for line in first.body())  # the body begins on page one


@needs_paper
def test_page_numbers_stand_outside_seven_millimetres_below_the_type_area(pages):
    for page in pages:
        footer = page.footer()
        assert footer.text == f"— {page.number} —"
        assert footer.middle == pytest.approx(269.3, abs=0.6)
        if page.number % 2:
            assert footer.right == pytest.approx(184 - 4.94, abs=0.5)
        else:
            assert footer.left == pytest.approx(28 + 4.94, abs=0.5)


@needs_paper
def test_long_tables_repeat_their_heads_and_the_imprint_closes_the_last_page(pages):
    texts = {page.number: [line.text.replace(" ", "") for line in page.lines] for page in pages}
    heads = [number for number, lines in texts.items() if any(line.startswith("名次单位") for line in lines)]
    assert len(heads) >= 3
    last = pages[-1]
    lowest = max(r[3] for r in last.rules)
    assert lowest == pytest.approx(262, abs=0.6)
    assert any(line.startswith("抄送：") for line in texts[last.number])
    assert any("印发" in line for line in texts[last.number])


@needs_paper
def test_the_signature_shares_its_page_with_text_and_the_seal_is_not_drawn(pages):
    office = load_office(DEMO_OFFICE)
    signed = next(page for page in pages if any(line.text == office.signer for line in page.lines))
    signer = next(line for line in signed.lines if line.text == office.signer)
    day = next(line for line in signed.lines if line.text == "2026年10月12日")
    assert signed.body()[0].text != signer.text and len(signed.body()) > 4
    assert (signer.left + signer.right) / 2 == pytest.approx((day.left + day.right) / 2, abs=0.6)
    assert max(signer.right, day.right) == pytest.approx(184 - 4 * 5.571, abs=1)
    above = max(line.middle for line in signed.body() if line.middle < signer.middle)
    assert signer.middle - above > 30  # room for the seal


@needs_paper
def test_all_fonts_are_ours_and_embedded_and_every_glyph_is_there(bulletin, pages):
    fonts = layout.embedded(bulletin)
    assert {"FandolFang", "FandolHei", "FandolKai"} <= {name.partition("-")[0] for name in fonts}
    assert all(fonts.values())
    assert [name for name in fonts if not name.startswith(layout.ALLOWED)] == []
    assert sum(page.unknown for page in pages) == 0


@needs_paper
def test_every_page_of_an_invented_quarter_says_so(pages):
    assert all(any("模拟数据" in line.text for line in page.lines) for page in pages)


def test_a_quarter_that_the_office_has_not_dated_is_left_to_be_filled_in():
    office = replace(load_office(DEMO_OFFICE), issues={"2026Q2": Issue("1", date(2026, 7, 1))})
    html = sheet(office)
    assert "\u3000\u3000年\u3000月\u3000日" in html and "〔2026〕\u3000\u3000号" in html


def test_the_shipped_settings_print_blanks_never_a_sample_and_say_which():
    office = load_office(OFFICE)
    html = sheet(office)
    assert "人民政府办公室" not in html
    assert f'class="number">{BLANK * 3}〔2026〕{BLANK * 2}号</p>' in html
    assert f"{BLANK * 2}年{BLANK}月{BLANK}日印发" in html
    (notice,) = blanks_to_fill(replace(result(), office=office))
    assert all(name in notice.zh for name in ("mark", "number", "signer", "printer", "issues.2026Q3.date"))
    assert blanks_to_fill(replace(result(), office=load_office(DEMO_OFFICE))) == ()


def test_another_quarters_issue_does_not_change_what_a_bulletin_was_made_with():
    office = load_office(DEMO_OFFICE)
    later = replace(office, issues={**office.issues, "2026Q4": Issue("58")})
    assert later.sha256("2026Q3") == office.sha256("2026Q3") != replace(office, signer="x").sha256("2026Q3")


def test_a_slip_in_the_settings_is_refused_before_anything_is_read(tmp_path):
    file = tmp_path / "office.yaml"
    file.write_text(DEMO_OFFICE.read_text(encoding="utf-8").replace("signer:", "singer:"), encoding="utf-8")
    with pytest.raises(UsageRefusal, match="singer"):
        Run(Request(Period.parse("2026Q3"), tmp_path / "none", tmp_path / "out", office=file))


@pytest.mark.parametrize("settings", [OFFICE, DEMO_OFFICE])
def test_the_opening_names_the_rulebook_that_the_annex_names(settings):
    quarter = result()
    quarter = replace(quarter, rulebook=replace(quarter.rulebook, title=Words("某市月度考核", "A month of a city")))
    page = text(official_sheet(quarter, Bulletin(quarter, [], say).page(), load_office(settings)))
    assert page.count("根据《某市月度考核》") == 1 and "依据：《某市月度考核》" in page


def test_the_annex_has_no_column_of_intervals_where_no_place_has_one():
    quarter = result()
    bare, whole = (
        text(official_sheet(one, Bulletin(one, [], say).page(), load_office(OFFICE)))
        for one in (quarter, replace(quarter, **doubted(quarter)))
    )
    assert "区间" in whole and "区间" not in bare


def test_what_was_not_handed_in_is_told_once_and_a_source_by_its_title():
    page = text(sheet(load_office(OFFICE)))
    data = page.partition("数据情况")[2].partition("发布台账")[0]
    assert data.count("知识库") == 1 and "某市导出" in data and "mapping" not in data
    assert "诉求件读入6174行，收下6172行，隔离2行；其余1张表全部收下。" in data


def test_where_every_row_was_accepted_no_table_is_another_one():
    quarter = result()
    quarter = replace(quarter, validation=replace(quarter.validation, rows={"units": RowCount(6, 6, 0)}))
    page = text(official_sheet(quarter, Bulletin(quarter, [], say).page(), load_office(OFFICE)))
    assert "1张表的行全部收下。" in page and "其余1张表" not in page


def test_a_numbered_requirement_is_a_heading_and_its_paragraph():
    html = sheet(replace(load_office(DEMO_OFFICE), closing=("（一）立即整改。逐件核实。", "没有编号的一段。")))
    assert re.search(r"<h3>.*（一）立即整改</span></h3>\s*<p><span[^>]*>逐件核实。", html)
    assert "没有编号的一段。" in html


def test_without_a_seal_the_form_is_the_one_without_a_seal():
    assert 'class="signature unsealed"' in sheet(replace(load_office(DEMO_OFFICE), seal=False))


def test_hostile_names_are_text_in_the_set_lines():
    html = official_sheet(result(), Bulletin(result(), [], say).page(), load_office(DEMO_OFFICE))
    assert "<img" not in html and "\u202e" not in html.replace(f"<bdi>{HOSTILE}", "")


@pytest.mark.parametrize(
    "text", ["数" * 27 + "，下一行", "数" * 28 + "。" * 3, "“" * 40, "2026年" * 9 + "12345678", "长" * 300]
)
def test_lines_keep_every_character_and_their_rules(text):
    lines = set_lines(text, advance)
    assert "".join(line.text for line in lines) == text
    assert all(line.text[0] not in CLOSING for line in lines)


def test_numbers_and_years_are_never_broken_unless_wider_than_a_line():
    lines = set_lines("一" * 24 + "2026年共12345.67分", advance)
    assert [line.text[-1] for line in lines[:1]] == ["一"] and lines[1].text.startswith("2026年")
    assert len(set_lines("9" * 300, advance)) > 5


def test_every_full_line_comes_to_the_same_width():
    text = "各承办单位要对照“评分卡”（含附件1），逐项、逐件、逐月核实2026年第三季度的12345件诉求；不得“就件办件”。" * 4
    for line in set_lines(text, advance)[1:-1]:
        natural = sum(advance(c) for c in line.text) * 16 - (8 if line.squeezed else 0)
        assert natural + line.spacing * len(line.text) == Fraction(4422, 10)
        assert abs(line.spacing) < Fraction(7, 5)


def test_what_becomes_markup_is_escaped_and_carries_no_direction_marks():
    assert "<b>" not in markup(set_lines("<b>甲</b>\u202e", advance))
    assert visible("甲\u202e乙\u200b\x07") == "甲乙"


@pytest.mark.parametrize("change, message", [
    (("signer:", "singer:"), "signer"),
    (("seal: true", "seal: 是"), "true"),
    (("{quarter}公众", "{quater}公众"), "quarter"),
    (("2026Q3:", "2026-3:"), "2026Q3"),
    (("date: 2026-10-12", "date: soon"), "2026-10-12"),
    (("body: [FandolFang, LXGW WenKai]", "body: ['x\"; } body { display: none']"), "fonts.body"),
    (("mirrored: false", ""), "mirrored"),
    (("sections: [overall, places", "sections: [overal, places"), "overall places"),
    (("sections: [overall, places", "sections: [places, places"), "各一次"),
])
def test_a_slip_in_the_office_settings_is_refused_with_its_place(tmp_path, change, message):
    file = tmp_path / "office.yaml"
    text = DEMO_OFFICE.read_text(encoding="utf-8")
    assert change[0] in text
    file.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(UsageRefusal) as refused:
        load_office(file)
    assert message in refused.value.words.zh and "office.yaml" in refused.value.words.zh


def test_the_annex_on_the_method_says_what_the_book_says():
    quarter = result()
    book = quarter.rulebook

    def said(**changes):
        return Bulletin(replace(quarter, rulebook=replace(book, **changes)), [], say).method_says()

    def items(**changes):
        return {id: replace(item, **changes) if item.full_marks else item for id, item in book.items.items()}

    first, *rest = [id for id, item in book.items.items() if item.full_marks]
    assert said() == (
        "各评分项从满分起扣，扣完为止；各项得分之和为基础分，基础分与加分之和为总分。总分保留2位小数，同分同名次。"
    )
    assert "总分保留1位小数" in said(decimals=1) and "总分保留整数" in said(decimals=0)
    assert "从零分起，按规则得分" in said(items=items(starts="zero"))
    mixed = {**book.items, first: replace(book.items[first], starts="zero")}
    assert "或从满分起扣，或从零分起" in said(items=mixed)
    assert "扣到该项最低分为止" in said(items=items(floor=Fraction(1)))
    assert "乘以权重之和为基础分" in said(items=items(weight=Fraction("0.5")))
    assert "各项得分之和为总分。" in said(items={id: book.items[id] for id in (first, *rest)})


@pytest.mark.parametrize(("period", "head"), [("2026-07", "较上月"), ("2026Q3", "较上季"), ("2026", "较上年")])
def test_the_column_of_moves_is_named_after_the_period(period, head):
    quarter = replace(result(), period=Period.parse(period))
    assert ranking(quarter, say)["words"]["col_moved"] == head
    assert "较上" not in (REPORTS / "bulletin" / "gb9704.html.j2").read_text(encoding="utf-8")


@needs_paper
def test_the_bulletin_of_forty_units_has_eight_pages_at_most(tmp_path):
    file, forty = tmp_path / "bulletin.pdf", MANY[:40]
    assert print_pages([Sheet(sheet(load_office(DEMO_OFFICE), forty), file, True)], "", lambda *_: None) == ()
    assert 5 <= len(layout.read(file)) <= 8


def test_a_long_piece_that_nearly_fits_is_taken_in_before_the_line_gapes():
    """The rate of a unit stays with its name: the line is set closer by half a point, not spread all over."""
    text = "办结率未达目标的单位5个：模拟市自然资源局（77.18%）、模拟市供电公司（84.35%）。"
    first, *_ = set_lines(text, advance)
    assert first.text == "办结率未达目标的单位5个：模拟市自然资源局（77.18%）、" and first.spacing > -1
    short, *_ = set_lines("一" * 25 + "（1%）、" + "二" * 30, advance)  # what is far too wide goes to the next line
    assert short.text == "一" * 25


@needs_paper
def test_two_lines_of_the_last_order_go_with_the_signature_and_no_more(tmp_path):
    """Its other lines stay where there is room: no half page is left free before them."""
    office = load_office(DEMO_OFFICE)
    closing = (*(f"第{n}项。" for n in range(7)), "要逐件核实责任、办理到位，不留尾巴。" * 7)
    file = tmp_path / "bulletin.pdf"
    made = sheet(replace(office, closing=closing), MANY[:12])
    assert print_pages([Sheet(made, file, True)], "", lambda *_: None) == ()
    before, signed = layout.read(file)[2:4]
    assert [line.text[:3] for line in before.body()][-4:] == ["第6项", "要逐件", "办理到", "要逐件"]
    assert [line.text[:3] for line in signed.body()] == ["到位，", "件核实", "附件：", "2.评", "模拟市", "202"]


@needs_paper
@pytest.mark.slow
def test_the_demo_s_own_bulletin_has_eight_pages_at_most(tmp_path):
    for period in (demo.PERIOD.previous, demo.PERIOD):
        make_sample(tmp_path / str(period), period, demo.UNITS, demo.CASES, demo.SEED, dirt=demo.DIRT)
        request = Request(
            period, tmp_path / str(period), tmp_path / "out", pdf=False, office=DEMO_OFFICE, twice=False
        )
        with Run(request) as run:
            run.run()
            quarter = run.result()
            sums, decided = (run.warehouse.records(f"publish/{name}") for name in ("sums", "decisions"))
    made = official_sheet(quarter, Bulletin(quarter, sums, say, decisions=decided).page(), load_office(DEMO_OFFICE))
    file = tmp_path / "bulletin.pdf"
    assert print_pages([Sheet(made, file, True)], "", lambda *_: None) == ()
    assert 5 <= len(layout.read(file)) <= 8
