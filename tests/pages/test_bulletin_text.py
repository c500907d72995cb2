"""The bulletin: groups by their ends, failings by name, whole points, no ids, sections as the office wants."""

import re
import shutil
from dataclasses import replace
from fractions import Fraction
from os import environ
from pathlib import Path

import pytest

from pipelines.edges.located_yaml import DEMO_OFFICE, load_office
from pipelines.edges.paper import official_sheet
from pipelines.edges.templates import render
from pipelines.model.intake import Breach
from pipelines.model.rule import Ranking
from pipelines.model.score import Earlier
from pipelines.model.tally import Unit
from pipelines.model.words import UsageRefusal, Words
from pipelines.paths import REPORTS, RULES
from pipelines.rulebook.load import load_rulebook
from pipelines.views.bulletin import Bulletin
from pipelines.views.compared import KEPT, received
from pipelines.views.ranking import ranking
from pipelines.wording import say
from tests.pages.fixture import LINES, doubted, result
from tests.pages.test_pages import shown_text

OFFICE = load_office(DEMO_OFFICE)
TEXTS_KEPT = Path(__file__).parent / "bulletins"


def group_of(totals: list[int]):
    """Units of one group with these points lost for a late reply each."""
    units = tuple(Unit(f"V{n:02d}", f"单位{n:02d}", "同类", True) for n in range(len(totals)))
    lines = tuple((f"V{n:02d}", "A3.1", "late_reply", "2026-07", f"C{n}", "", f"-{lost}.00", "", "")
                  for n, lost in enumerate(totals) if lost)
    return result(units=units, lines=lines)


def printed(quarter, office=OFFICE) -> str:
    return shown_text(official_sheet(quarter, Bulletin(quarter, [], say).page(), office))


@pytest.mark.parametrize(("totals", "best", "worst"), [
    ([0, 1, 2, 3, 4, 5], ["00", "01", "02"], ["03", "04", "05"]),
    ([0, 1, 2, 2, 3, 4, 5], ["00", "01", "02", "03"], ["04", "05", "06"]),     # the third place is shared
    ([0, 1, 2, 3, 4, 4, 5], ["00", "01", "02"], ["04", "05", "06"]),
    ([0, 1, 2, 3, 4], None, None),                                             # a small group has its first alone
    ([0, 0, 0, 0, 0, 0, 0], None, None),
])
def test_a_group_is_told_by_its_ends_with_everybody_who_shares_a_place(totals, best, worst):
    book_page = Bulletin(group_of(totals), [], say)
    (group,) = book_page.page()["ranking"]["groups"]
    said = book_page.of_group(group)
    if best is None:
        assert "后三名" not in said and "第1名" in said
        return
    first, last = said.split("后三名")
    assert [re.findall("单位(\\d\\d)（", part) for part in (first, last)] == [best, worst]


def test_units_under_a_target_are_named_the_lowest_first_and_who_meets_it_is_not():
    quarter, satisfied = result(), {"U001": 80, "U002": 79, "U003": 60, "U004": 90}
    book = quarter.rulebook
    rule = replace(book.rules["satisfaction_rate"], target=Fraction(80))
    tallies = {
        id: replace(one, counts={**one.counts, "satisfied": {"2026-07": satisfied[id]}}) if id in satisfied else one
        for id, one in quarter.tallies.items()
    }
    quarter = replace(quarter, tallies=tallies, rulebook=replace(book, rules={**book.rules, rule.id: rule}))
    assert Bulletin(quarter, [], say).failings() == [
        "满意率未达目标的单位2个：市供水集团有限公司（60%）、西山区人民政府（79%）。"
    ]


def test_where_something_happened_once_it_did_not_happen_often():
    quarter = result()
    counts = {"U001": 1, "U002": 3, "U003": 2, "U004": 0}
    tallies = {
        id: replace(one, counts={**one.counts, "attitude": {"2026-07": counts[id]}}) if id in counts else one
        for id, one in quarter.tallies.items()
    }
    said = Bulletin(replace(quarter, tallies=tallies), [], say).failings()
    assert said == ["态度与服务较多的单位：西山区人民政府（3件次）、市供水集团有限公司（2件次）。"]


def test_prose_has_whole_points_and_no_ids():
    page = Bulletin(result(), [], say).page()
    prose = "".join([*page["overall"], *(t for part in page["places"] for t in part["sentences"]), *page["failings"]])
    assert not re.findall(r"\.0+分|（[A-Z]\d", prose), prose
    assert "加分2分" in prose
    body = printed(result()).split("附件1")[0]
    assert "A0.1" not in body and "A3.1" not in body


def test_items_beyond_the_three_that_cost_most_are_one_sum():
    unit = "U003"
    lines = (*LINES, *((unit, item, "liaison_officer", "", "", "", f"-0.{n}0", "", "") for n, item in
                       enumerate(("A1.2", "A1.3", "A2.1"), 1)))
    quarter = result(lines=lines)
    standing = next(one for one in quarter.standings if one.unit_id == unit)
    said = Bulletin(quarter, [], say).trailing(standing)
    assert "扣22.10分" in said and "扣20分、扣完为止" in said and "另2项共扣0.30分" in said


def test_both_places_stand_in_one_table_with_case_rows_and_the_interval():
    quarter = result()
    text = printed(replace(quarter, **doubted(quarter)))
    head = text.split("附件1")[-1]
    assert (
        all(word in head for word in ("总名次", "区间", "办件")) and "全部参加排名的单位" not in head.split("区间：")[0]
    )


def test_the_office_chooses_and_orders_its_sections():
    office = replace(OFFICE, sections=("closing", "overall"), closing=("一是及时整改。",))
    text = printed(result(), office)
    assert text.index("一、工作要求") < text.index("二、总体情况") and "三、" not in text.split("附件：")[0]
    assert office.sha256("2026Q3") != OFFICE.sha256("2026Q3")


def test_settings_from_before_sections_have_the_hash_that_they_had(tmp_path):
    file = tmp_path / "office.yaml"
    text = DEMO_OFFICE.read_text(encoding="utf-8")
    file.write_text("\n".join(line for line in text.splitlines() if not line.startswith("sections:")), encoding="utf-8")
    assert load_office(file).sha256("2026Q3") == OFFICE.sha256("2026Q3")


# Ten bulletins, read as text when they change: tests/pages/bulletins/. GONGPING_NEW_TEXTS=1 writes them anew.


def with_findings(**changes):
    """The invented quarter after other changes of its value."""
    return replace(result(), **changes)


def without_overall():
    quarter = group_of([0, 1, 2, 3, 4, 5])
    book = replace(quarter.rulebook, ranking=replace(quarter.rulebook.ranking, overall=False))
    return replace(quarter, rulebook=book, standings=tuple(replace(s, rank=None) for s in quarter.standings))


TEXTS = {
    "usual": (result, "zh"),
    "usual_in_english": (result, "en"),
    "nobody_lost_anything": (lambda: group_of([0] * 6), "zh"),
    "many_share_the_first_place": (lambda: group_of([0] * 14 + [5, 20]), "zh"),
    "all_differ": (lambda: group_of([0, 1, 2, 3, 4, 5, 6, 25]), "zh"),
    "three_units": (lambda: group_of([3, 0, 8]), "zh"),
    "no_verdicts": (lambda: with_findings(verdicts=()), "zh"),
    "nothing_before": (lambda: with_findings(earlier=()), "zh"),
    "places_in_groups_alone": (without_overall, "zh"),
    "no_readings": (lambda: with_findings(readings={}, rulebook=replace(result().rulebook, readings={})), "zh"),
}


def text_of(quarter, lang: str) -> str:
    """What the bulletin says, a paragraph a line: as printed in Chinese, as on the web in English."""
    rules, units = quarter.rulebook.rules, quarter.scores
    sums = [{"unit_id": unit, "rule_id": rule, "lines": 1} for unit in units for rule in rules]
    page = Bulletin(quarter, sums, say, lang).page()
    if lang == "en":
        parts = [*page["overall"], *(text for part in page["places"] for text in (part["heading"], *part["sentences"]))]
        return "\n".join([*parts, *page["failings"]]) + "\n"
    sections = tuple(name for name in OFFICE.sections if name != "closing")  # the office's own words
    sheet = official_sheet(quarter, page, replace(OFFICE, sections=sections))
    body = re.findall(r"<(h[123]|p)[^>]*>(.*?)</\1>", sheet[: sheet.index('class="signature')], re.S)
    lines = [re.sub(r"<[^>]+>|\s+", "", text) for _, text in body]
    return "\n".join(line for line in lines if line) + "\n"


@pytest.mark.parametrize("name", TEXTS)
def test_a_bulletin_says_what_was_approved(name):
    make, lang = TEXTS[name]
    file, said = TEXTS_KEPT / f"{name}.txt", text_of(make(), lang)
    if environ.get("GONGPING_NEW_TEXTS"):
        file.write_text(said, encoding="utf-8")
    assert said == file.read_text(encoding="utf-8")


def test_items_that_as_many_units_lack_are_told_with_each_of_them():
    quarter = result()
    units = [s.unit_id for s in quarter.standings]
    items = list(quarter.scores[units[0]].items)

    def without(unit, item):
        score = quarter.scores[unit]
        return replace(score, items={**score.items, item: replace(score.items[item], measured=False)})

    scores = {**quarter.scores, units[0]: without(units[0], items[0]), units[1]: without(units[1], items[1])}
    said = {lang: Bulletin(replace(quarter, scores=scores), [], say, lang).unmeasured()[0] for lang in ("zh", "en")}
    assert said["zh"].startswith("有2个单位的部分评分项") and said["zh"].endswith("”各1个单位。")
    assert said["en"].endswith(", 1 unit each.")


def test_an_item_that_every_unit_lacks_is_told_of_all_of_them():
    quarter = result()
    scores = {unit: replace(score, items={id: replace(item, measured=False) for id, item in score.items.items()})
              for unit, score in quarter.scores.items()}
    said = {lang: Bulletin(replace(quarter, scores=scores), [], say, lang).unmeasured()[0] for lang in ("zh", "en")}
    assert said["zh"].endswith("”全部单位。") and said["en"].endswith(", all units.")


def test_what_a_notice_says_is_not_said_again_among_the_rows_that_need_a_look():
    quarter = result()
    told, other = (Breach("cases", "cases.csv", line, "", "", "unused_columns", "", Words(said, said))
                   for line, said in ((1, "19 列未用"), (2, "请核对时间")))
    validation = replace(quarter.validation, warnings=(told, other))
    quarter = replace(quarter, validation=validation, observations=(told.remedy,))
    page = Bulletin(quarter, [], say).page()
    assert "19 列未用" in page["notices"] and [row["remedy"] for row in page["warned"]] == ["请核对时间"]


def test_a_table_without_rows_has_no_line_of_the_account():
    page = Bulletin(result(), [], say).page()
    row = {"title": "指标数", "absent": False, "read": "0", "accepted": "0", "quarantined": "0", "note": ""}
    page["accounts"] = [row, row | {"title": "诉求件", "read": "3", "accepted": "3"}]
    shown = shown_text(render("bulletin/bulletin.html.j2", page))
    assert "诉求件 3 3 0" in " ".join(shown.split()) and "指标数" not in shown


def test_pages_and_paper_name_the_regulation_and_not_the_edition_of_its_rulebook():
    quarter = result()
    quarter = replace(quarter, rulebook=replace(quarter.rulebook, edition="edition_of_this_test"))
    page = Bulletin(quarter, [], say).page()
    texts = [official_sheet(quarter, page, OFFICE), render("bulletin/bulletin.html.j2", page),
             *(render("site/index.html.j2", ranking(quarter, say, lang)) for lang in ("zh", "en"))]
    assert [text for text in texts if "edition_of_this_test" in text] == []
    assert all(f"依据：《{quarter.rulebook.title.zh}》" in shown_text(text) for text in texts[:3])


def test_channels_and_matters_are_named_with_their_shares_and_not_where_there_is_one_alone():
    rows = [("channel", "电话", 60), ("channel", "网站", 25), ("channel", "信箱", 10), ("channel", "微信", 3),
            ("channel", "来访", 2), ("matter", "停水，电话13812345678", 7), ("matter", "路灯", 5)]
    received = [dict(zip(("kind", "name", "n"), row, strict=True)) for row in rows]
    channels, matters = Bulletin(replace(result(), received=tuple(received)), [], say).received()
    assert channels == "按受理渠道：电话60%、网站25%、信箱10%、微信3%、其他2%。"
    assert matters.startswith("诉求较集中的事项：停水") and matters.endswith("、路灯5件。")
    assert "13812345678" not in matters
    alone = tuple(one for one in received if one["name"] in ("电话", "路灯"))
    assert Bulletin(replace(result(), received=alone), [], say).received() == []


def came_in(*rows) -> dict:
    """What came in: rows of kind, name and number."""
    return {"received": tuple(dict(zip(("kind", "name", "n"), row, strict=True)) for row in rows)}


def test_what_came_in_is_told_with_its_change_on_the_period_before():
    now = (("channel", "电话", 60), ("channel", "网站", 30), ("channel", "来访", 10),
           ("kind", "投诉", 3), ("kind", "咨询", 1),
           ("matter", "路灯", 9), ("matter", "停水", 7), ("matter", "噪声", 7), ("matter", "油烟", 1))
    then = (("channel", "电话", 40), ("channel", "网站", 60), ("channel", "来访", 11), ("matter", "路灯", 4),
            ("matter", "停水", 8), ("matter", "噪声", 7))
    before = Earlier(result().period.previous, {}, **came_in(*then))
    channels, kinds, matters = Bulletin(replace(result(), earlier=(before,), **came_in(*now)), [], say).received()
    assert channels == (
        "按受理渠道（括号内为占比较上季度增减的百分点）：电话60%（增23.96）、网站30%（减24.05）、来访10%（增0.09）。"
    )
    assert kinds == "按诉求类型：投诉75%、咨询25%。"  # the period before tells of none
    assert matters == (
        "诉求较集中的事项（括号内为较上季度增减的件数）：路灯9件（增5）、停水7件（减1）、噪声7件（持平）、油烟1件（新增）。"
    )
    other = replace(before, period=result().period.year_before)  # a year before is not the period before
    assert "（" not in "".join(Bulletin(replace(result(), earlier=(other,), **came_in(*now)), [], say).received())


def test_what_came_in_stands_in_the_manifest_as_pages_may_name_it_the_most_frequent_of_each():
    many = [("matter", f"事项{n}", 300 - n) for n in range(KEPT + 1)]
    found = received(replace(result(), **came_in(("channel", "电话13812345678", 5), *many)))
    assert len(found) == 1 + KEPT and found[-1] == ("matter", f"事项{KEPT - 1}", 300 - KEPT + 1)
    assert "13812345678" not in found[0][1]


def test_an_order_names_the_units_under_a_target_and_a_day_and_falls_away_without_them():
    order = "限期整改。{failing}于{due}前报送整改结果。"
    office = replace(OFFICE, closing=(order, "及时提出异议。"))
    quarter = result()
    book = quarter.rulebook
    rule = replace(book.rules["satisfaction_rate"], target=Fraction(86))
    failing = replace(quarter, rulebook=replace(book, rules={**book.rules, rule.id: rule}))
    units = [s.unit_id for s in failing.standings if s.ranked]
    told = re.sub(r"\s", "", printed(failing, office))
    assert f"等{len(units)}个单位于2026年11月11日前报送整改结果" in told
    assert "限期整改" not in printed(quarter, office) and "及时提出异议" in printed(quarter, office)


def test_orders_name_who_has_most_of_what_costs_points_and_are_numbered_without_a_gap():
    orders = ("（一）整改。{failing}要整改。", "（二）销号。{often}要销号。", "（三）异议。可提出。")
    office = replace(OFFICE, closing=orders)
    quarter = result()
    counts = {"U001": 1, "U002": 3, "U003": 2, "U004": 0}
    tallies = {
        id: replace(one, counts={**one.counts, "attitude": {"2026-07": counts[id]}}) if id in counts else one
        for id, one in quarter.tallies.items()
    }
    told = re.sub(r"\s", "", printed(replace(quarter, tallies=tallies), office))
    assert "（一）销号" in told and "西山区人民政府、市供水集团有限公司要销号。" in told and "（二）异议" in told
    assert "整改" not in told and "（一）异议" in re.sub(r"\s", "", printed(quarter, office))


def test_the_settings_as_they_come_ask_of_nobody_what_nobody_lacks():
    office = load_office(REPORTS / "bulletin" / "office.yaml")
    assert "工作要求" not in printed(result(), office)


def test_units_are_banded_by_case_rows_as_the_office_says_and_the_smallest_are_not_told_of():
    quarter = group_of([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    rows = [300, 299, 300, 400, 301, 302, 303, 304, 80, 79]
    standings = tuple(replace(s, case_rows=n) for s, n in zip(quarter.standings, rows, strict=True))
    banded = replace(quarter, standings=standings, office=replace(OFFICE, bands=(300, 80)))
    assert "前三名：单位00（满意率85%，100分）、" in Bulletin(banded, [], say).bands()[0]
    unlisted = replace(banded, rulebook=replace(banded.rulebook, ranking=Ranking()))  # no rate lists equals
    many, few = Bulletin(unlisted, [], say).bands()
    assert many.startswith("办件300件以上的7个单位，前三名：单位00（100分）、单位02（98分）、单位03（97分）；")
    assert many.endswith("后三名：单位05（95分）、单位06（94分）、单位07（93分）。")
    assert few == "办件80至299件的2个单位依次为：单位01（99分）、单位08（92分）。"
    assert "按办件量分档情况" in printed(banded, banded.office) and "按办件量" not in printed(quarter)
    assert Bulletin(replace(quarter, standings=standings), [], say).bands() == []


@pytest.mark.parametrize(("length", "fits"), [(200, True), (201, False)])
def test_a_practice_is_praised_in_the_words_of_the_office_on_paper_and_web(tmp_path, length, fits):
    words = "某局设专人回访" + "，" * (length - 7)
    text = DEMO_OFFICE.read_text(encoding="utf-8")
    file = tmp_path / "office.yaml"
    file.write_text(text.replace('2026Q3: {serial: "37",', f'2026Q3: {{practice: ["{words}"], serial: "37",'), "utf-8")
    if not fits:
        with pytest.raises(UsageRefusal, match="200"):
            load_office(file)
        return
    office = load_office(file)
    quarter = replace(result(), office=office)
    told = re.sub(r"\s", "", printed(quarter, office))
    assert "四、典型做法" in told and "某局设专人回访" in told
    web = render("bulletin/bulletin.html.j2", Bulletin(quarter, [], say).page())
    assert "典型做法" in web and "某局设专人回访" in web
    assert office.sha256("2026Q2") == OFFICE.sha256("2026Q2") and office.sha256("2026Q3") != OFFICE.sha256("2026Q3")


@pytest.mark.parametrize("bands", ["[80, 300]", "[300, 300]", "[0]", "many", "[80.5]"])
def test_bands_that_are_no_numbers_from_the_largest_down_are_refused(tmp_path, bands):
    file = tmp_path / "office.yaml"
    file.write_text(DEMO_OFFICE.read_text(encoding="utf-8").replace("bands: []", f"bands: {bands}"), encoding="utf-8")
    with pytest.raises(UsageRefusal, match="bands"):
        load_office(file)


def test_what_did_not_happen_and_what_nobody_has_is_not_said():
    said = "".join(Bulletin(result(), [], say).overall())
    assert "超期签收5件次" in said and "0件次" not in said
    assert Bulletin(replace(result(), tallies={}), [], say).occurrences() == []
    alone = Bulletin(group_of([1, 2, 3, 4, 5]), [], say)
    assert alone.leaders(alone._first()[:1]) == "第1名：单位00，总分99分。"


def test_only_the_ranked_are_said_to_have_met_the_targets_and_where_nobody_is_ranked_nobody_is():
    met_them = "参加排名的单位各率均达目标"
    for ranked, said in ((3, met_them), (1, met_them), (0, "没有参加排名的单位")):
        quarter = group_of([0, 0, 0])
        apart = tuple(replace(one, rank=None, group_rank=None) for one in quarter.standings[ranked:])
        met = {id: replace(one, counts={name: {} for name in one.counts}) for id, one in quarter.tallies.items()}
        page = Bulletin(replace(quarter, tallies=met, standings=quarter.standings[:ranked] + apart), [], say).page()
        section = shown_text(render("bulletin/bulletin.html.j2", page)).split("存在的主要问题")[1].split("表彰")[0]
        assert said in section and ("均达目标" in section) == (ranked > 0)


def test_where_no_total_differs_from_its_base_there_is_no_column_of_either():
    for quarter, split in ((result(), True), (group_of([0, 1, 2, 3, 4, 5]), False)):
        page = ranking(quarter, say)
        assert ("基础分" in render("site/index.html.j2", page)) == split == page["summed"]
        assert (
            '<th scope="col">加分</th>' in official_sheet(quarter, Bulletin(quarter, [], say).page(), OFFICE)
        ) == split
    assert page["placed_by"] == "按总分从高到低"


def test_a_clause_is_called_by_its_number_in_the_published_text_where_the_book_gives_it(tmp_path):
    book = shutil.copytree(RULES / "standard", tmp_path / "book")
    regulation = book / "regulation.md"
    text = regulation.read_text(encoding="utf-8")
    regulation.write_text(text.replace("## A0.1\n", "## A0.1\n- cited: 《办法》第三条\n"), encoding="utf-8")
    clauses = load_rulebook(book, result().period).clauses
    assert (clauses["A0.1"].cited, clauses["A3.1"].cited) == ("《办法》第三条", "")
    quarter = replace(result(), rulebook=replace(result().rulebook, clauses=clauses))
    given = [v for name, v in Bulletin(quarter, [], say).page()["verdicts"].items() if v and name != "together"]
    assert {one["clause"] for listed in given for one in listed} == {"A0.1"}
    told = re.sub(r"\s", "", printed(quarter))
    assert "依据《办法》第三条，予以表彰（同类第一）" in told and "A0.1" not in told
    assert "依据" not in printed(result()).split("附件")[0].split("三、")[-1]
    web = render("site/index.html.j2", ranking(quarter, say))
    assert 'method.html#A0.1">《办法》第三条</a>' in web and ">A0.1</a>" not in web


def test_a_book_without_verdicts_has_no_section_of_them_on_paper():
    quarter = with_findings(verdicts=())
    assert "三、予以表彰和通报批评的单位" in printed(quarter)
    silent = replace(quarter, rulebook=replace(quarter.rulebook, verdicts=()))
    assert "表彰" not in printed(silent).split("附件")[0]
