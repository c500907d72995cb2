"""The method page tells what a book says of items, sheets, total, places and grades; the standard edition says none."""

import re
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from pipelines.model.condition import FACTS, Condition
from pipelines.model.rule import Own, Veto
from pipelines.paths import ROOT
from pipelines.rulebook.load import load_rulebook
from pipelines.views.figures import speaking
from pipelines.views.rules import RuleTexts, _parts, _whole
from pipelines.wording import say


def book(name: str):
    return load_rulebook(ROOT / name, date(2026, 1, 1))


def told(rulebook, lang: str = "zh") -> list[str]:
    return [words.into(lang) for words in _whole(rulebook, say)]


def test_the_standard_edition_says_nothing_more():
    assert told(book("rules/standard")) == []


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        ("examples/lianyungang/rulebook", ["“群众满意”最低 12.5 分。", "各项四舍五入的是得分，不是扣分。"]),
        (
            "examples/panjin/rulebook",
            [
                "各项得分不四舍五入，以 3 位小数列出；只有基础分、加分和总分四舍五入。",
                "基础分、加分和总分取 1 位小数，四舍五入。",
            ],
        ),
        ("examples/three_rates/rulebook", ["办件不足 5 件的单位单列，不排名次。"]),
        (
            "examples/two_sheets/rulebook",
            [
                "属于“县(市、区)”的单位：“办结率”满分 40 分。",
                "各单位满分不同，全部单位的名次按得分占满分的比例排。",
                "等次按总分定：90 分以上为优秀、75 分以上为良好、其余为合格。",
            ],
        ),
    ],
)
def test_what_an_example_book_says_of_the_whole(name, sentences):
    assert told(book(name)) == sentences


def test_weights_bounds_conditions_and_vetoes_are_told():
    sheets = book("examples/two_sheets/rulebook")
    rule = sheets.rules["completion"]
    other = replace(
        sheets,
        items=sheets.items | {"Q1": replace(sheets.items["Q1"], weight=Fraction(7, 10), floor=None)},
        rules=sheets.rules | {"completion": replace(rule, veto=Veto("grade", "pass"))},
        total_floor=Fraction(0),
        total_cap=Fraction(110),
    )
    text = " ".join(told(other))
    for part in ("权重 0.7", "可以扣到零分以下", "总分不低于 0 分", "总分不高于 110 分", "等次为“合格”，不予表彰"):
        assert part in text
    english = " ".join(told(other, "en"))
    assert "with the weight 0.7" in english and "The grade is Pass" in english and "{" not in english + text


def test_a_coefficient_and_what_lacks_data_on_a_sheet_are_told_in_words():
    sheets = book("examples/two_sheets/rulebook")
    (group,) = sheets.sheets
    item = next(iter(sheets.items.values()))
    own = Own(floors=(None,), unmeasured="left_out", times=Fraction("1.15"))
    (sentence, *_) = told(replace(sheets, sheets={group: {item.id: own}}))
    section = sheets.sections[item.section].zh
    for part in ("可以扣到零分以下", "没有数据时：未考核，不计入得分和满分", f"“{section}”得分乘以 1.15，可以超过满分"):
        assert part in sentence
    assert "left_out" not in sentence
    (held, *_) = told(replace(sheets, sheets={group: {item.id: replace(own, capped=True)}}), "en")
    assert "never more than its full marks" in held and "left out of score and full marks" in held


def test_the_condition_of_a_bonus_is_told():
    standard = book("rules/standard")
    bonus = replace(standard.items["A4"].bonus, only_when=Condition("base", "more_than", Fraction(80)))
    other = replace(standard, items=standard.items | {"A4": replace(standard.items["A4"], bonus=bonus)})
    (sentence,) = told(other)
    assert "80" in sentence and "{" not in sentence


def test_what_a_book_fixes_of_its_bonus_and_of_missing_data_is_told():
    standard = book("rules/standard")
    bonus = replace(standard.items["A4"].bonus, cap="5", same_matter="first", scope="same_type")
    items = {
        "A4": replace(standard.items["A4"], bonus=bonus),
        "A3.2": replace(standard.items["A3.2"], unmeasured="zero"),
    }
    said = told(replace(standard, items=standard.items | items))
    assert said == [
        "加分至多 5 分。",
        "同一事项有几次加分的，计最早的一次。",
        "同一事项不同种类的加分，分别计分。",
        f"“{standard.items['A3.2'].title.zh}”没有数据的，未考核，按零分计。",
    ]


def says(rulebook, rule, lang: str = "zh") -> str:
    return RuleTexts(rulebook, speaking(say, "quarter"), lang).rule(rule)["says"]


def test_how_a_rule_measures_is_told_where_no_reading_decides_it():
    lakeside = book("examples/lakeside/rulebook")
    assert says(lakeside, lakeside.rules["completion"]).endswith("扣 1.5 分，不足 1 个百分点的不计，取各月平均。")
    assert says(lakeside, lakeside.rules["satisfaction"]).endswith("已评价不足 5 件的不评。")
    assert says(lakeside, lakeside.rules["late_signing"]).endswith("每月前 3 次不扣。")
    assert says(lakeside, lakeside.rules["press"]).endswith("自第 3 次起每次 0.5 分。")
    dated = replace(lakeside.rules["press"], in_force_from=date(2026, 8, 15), in_force_to=date(2026, 12, 31))
    assert says(lakeside, dated).endswith("，2026-08-15 起施行，施行至 2026-12-31。")
    over = replace(lakeside.rules["completion"], over_each=Fraction(1), over_award=Fraction("0.5"), mode="any_part")
    assert "，不足 1 个百分点的按 1 个计，高于目标的每 1 个百分点加 0.5 分，" in says(lakeside, over)
    standard = book("rules/standard")
    assert says(standard, standard.rules["completion_rate"]).endswith("扣 1 分。")  # its readings say the rest


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("rules/standard", ["考核评分", "专业评价员", "知识库", "承办事项库"]),
        ("examples/lakeside/rulebook", ["考核评分", "其他条款"]),
        ("examples/lianyungang/rulebook", ["考核评分"]),
    ],
)
def test_the_parts_are_those_of_the_book_whatever_letters_its_clauses_have(name, parts):
    rulebook = book(name)
    assert [part["title"] for part in _parts(rulebook, [{"id": id} for id in rulebook.clauses], say, "zh")] == parts
    assert sum(
        len(part["clauses"]) for part in _parts(rulebook, [{"id": id} for id in rulebook.clauses], say, "zh")
    ) == len(rulebook.clauses)


def test_bands_of_a_rate_say_what_is_divided():
    sheets = book("examples/two_sheets/rulebook")
    said = RuleTexts(sheets, speaking(say, "quarter"), "zh").rule(sheets.rules["completion"])["says"]
    assert said.startswith("已办结 ÷ 应办结 的百分比：不少于 95 得 0 分、")


def test_dated_targets_say_until_when_and_from_when():
    rules = load_rulebook(ROOT / "examples/lianyungang/rulebook", date(2022, 2, 1))
    dated = next(rule for rule in rules.rules.values() if len(rule.targets) > 1)
    zh, en = (RuleTexts(rules, speaking(say, "month"), lang).rule(dated)["says"] for lang in ("zh", "en"))
    assert "低于目标（2022-06-30 及以前 95%、自 2022-07-01 起 98%）的" in zh
    assert "below the target of 95% (until 2022-06-30), 98% (from 2022-07-01), every" in en


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_all_that_conditions_look_at_has_words_and_flags_are_yes_or_no(lang):
    """A name of the program never stands on a page that a city publishes."""
    texts = RuleTexts(book("rules/standard"), say, lang)
    for fact in FACTS:
        said = texts.condition(Condition(fact, "at_most", 1))
        assert "_" not in said and (lang == "en" or not said[0].isascii()), said
    findings = [texts.finding(rule) for rule in texts.rulebook.libraries]
    said = [one["when"] for one in findings] + [example["given"] for one in findings for example in one["examples"]]
    assert len(said) > 40
    assert not [text for text in said if "_" in text or (lang == "zh" and re.search("[a-z]", text))]
    (waiver,) = (one for one in findings if "建议" in one["title"] or "a waiver is proposed" in one["title"])
    yes, no = {"zh": ("为 是", "为 否"), "en": ("is yes", "is no")}[lang]
    assert waiver["when"].count(yes) == 2 and waiver["when"].count(no) == 1
