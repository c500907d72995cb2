"""A rulebook that could mislead does not load: one broken place each, and what the refusal must name."""

import re
import traceback
from pathlib import Path

import pytest

from pipelines.model.words import RulebookRefusal
from pipelines.paths import ROOT
from pipelines.rulebook.load import load_rulebook
from pipelines.wording import say
from tests.rules.book import TODAY, changed, refused

REPLY, RATE, PRAISE = "A3.1/late_reply.yaml", "A3.2/completion_rate.yaml", "A4/public_praise.yaml"
ASSESSED = "A1.1/leadership_attention.yaml"
BOOK, READINGS, VERDICTS, CLAUSES = "rulebook.yaml", "readings.yaml", "verdicts.yaml", "regulation.md"
RANK = "rank: {listed_by: {rate: [satisfied, rated]}}"

SHORT = ("target: 95                       # percent\nper: {reading: months}\n"
         "short: {each: 2, deduct: 1, mode: {reading: shortfall}}   #")

SHAM = """- reading: weekend
  clause: A3.1
  title: {zh: 周末, en: Weekends}
  values: {counts: {zh: 计, en: they count}, skipped: {zh: 不计, en: they do not}}
  reason: {zh: 未写, en: unwritten}
"""

# Where a break in one file comes to light in another.
ELSEWHERE = (BOOK, REPLY, PRAISE, "A4/briefing_praise.yaml", "A3.3/refusal.yaml", "A4/city_media.yaml",
             "measures/due.yaml", READINGS, RATE)

ELSEWHERE_BROKEN = {"span", "blanks", "unknown_number", "assessed_twice"}  # no reasons; of the libraries; of two files

# file, text, what it becomes, what the refusal says
BROKEN = {
    "a field that nothing reads": (REPLY, "deduct: 0.5", "deduct: 0.5\ndeducts: 1", "unknown field deducts"),
    "the nearest known field": (REPLY, "remedy:", "remdy:", "nearest known name is remedy"),
    "no remedy": (REPLY, "remedy: {zh: 在", "# remedy: {zh: 在", "remedy is missing"),
    "an English title alone": (REPLY, "title: {zh: 逾期回复, en: Replied late}", "title: {en: Late}", "both zh and en"),
    "a third decimal": (REPLY, "deduct: 0.5", "deduct: 0.125", "at most two decimals"),
    "an exponent": (REPLY, "deduct: 0.5", "deduct: 5e-1", "'5e-1'"),
    "no number at all": (REPLY, "deduct: 0.5", "deduct: half", "'half'"),
    "a number that some read as another": (REPLY, "deduct: 0.5", "deduct: 012", "'012', not a number"),
    "a count that some read as another": (REPLY, "order: 2", "order: 010", "not a count"),
    "a rule for no groups": (REPLY, "deduct: 0.5", "deduct: 0.5\ngroups: []", "groups is an empty list"),
    "a row that costs once with none": (REPLY, "deduct: 0.5", "deduct: 0.5\nonce_per: row\nwith: []", "with is an emp"),
    "a verdict for no groups": (
        VERDICTS, "  also: [bottom_of_group]\n", "  also: [bottom_of_group]\n  groups: []\n", "groups is an empty"),
    "a verdict on one of no places": (
        VERDICTS, "{fact: ranked, at_least: 1}", "{fact: ranked, in: []}", "in is an empty list"),
    "negative points": (REPLY, "deduct: 0.5", "deduct: -0.5", "from 0 to 1000"),
    "a target above 100": (RATE, "target: 95", "target: 101", "from 0 to 100"),
    "steps of nothing": (RATE, "each: 2", "each: 0", "from 0.01"),
    "an id of the ledger's own": (REPLY, "rule: late_reply", "rule: floor", "floor cannot be an id"),
    "an id that no engine takes": (REPLY, "rule: late_reply", "rule: 逾期", "cannot be an id"),
    "an item of another form": (BOOK, "id: A3.1,", "id: A3_1,", "A3_1 cannot be an id"),
    "other incidents than are counted": ("A3.3/refusal.yaml", "deduct: 0.5", "deduct: 0.5\ncounts: [refused_to_sign]",
                                         "would have no effect"),
    "an unknown clause": (REPLY, "clause: A3.1", "clause: A3.9", "nearest known name is A3"),
    "an unknown item": (REPLY, "item: A3.1", "item: A3.7", "item A3.7 is not on the score sheet"),
    "a rule in another item's folder": (REPLY, "item: A3.1", "item: A3.2", "move it to A3.2"),
    "an unknown measure": (REPLY, "measure: late_reply", "measure: late_replies", "nearest known name is late_reply"),
    "a rate of nobody's count": (RATE, "part: completed", "part: complete", "nearest known name is completed"),
    "a part of another whole": (RATE, "of: due", "of: instructions_due", "could pass 100 %"),
    "a measure that nobody declares": (REPLY, "measure: late_reply", "measure: same_day",
                                       "declare it in measures/same_day.yaml"),
    "points that are no hundredths once they are doubled": (REPLY, "deduct: 0.5", "deduct: 0.5\ntimes: 0.01",
                                                            "no whole hundredths"),
    "a row that costs once with no other rule": (REPLY, "deduct: 0.5", "deduct: 0.5\nonce_per: row\nwith: [lately]",
                                                 "with: lately is no other rule"),
    "an order that is no number": (REPLY, "order: 2", "order: last", "not a count"),
    "an unknown award": (PRAISE, "measure: public_praise", "measure: public_prize", "public_praise"),
    "a list in the place of an award": (
        PRAISE, "measure: public_praise", "measure: [public_praise]", "among award_types"),
    "a list in the place of a part": (RATE, "part: completed", "part: [completed]", "part"),
    "a list in the place of a section": (VERDICTS, "{section: A1, at", "{section: [A1], at", "a text is expected"),
    "once per something else": (PRAISE, "once_per: matter", "once_per: week", "week is not known"),
    "a rate per week": (RATE, "per: {reading: months}", "per: week", "week is not known"),
    "two kinds at once": (REPLY, "deduct: 0.5", "deduct: 0.5\naward: 1", "exactly one of deduct"),
    "no kind": (REPLY, "deduct: 0.5\n", "", "exactly one of deduct"),
    "a deduction from the bonus": (BOOK, "id: A3.1, full_marks: 20", "id: A3.1, full_marks: 0", "two items with 0"),
    "a rule that takes from the bonus": (
        PRAISE, "measure: public_praise\naward: 0.5\nonce_per: matter                   # A4.4",
        "measure: late_reply\ndeduct: 1", "awards alone go there"),
    "matters of two items": (
        REPLY,
        'measure: late_reply\ndeduct: 0.5\nsays: {zh: "逾期回复，扣{deduct}分", en: "Replied late: {deduct} off"}',
        'measure: province_media\naward: 1\nonce_per: matter\nsays: {zh: "加{points}分", en: "{points}"}',
        "belong to one item"),
    "bands that rise": (
        RATE, SHORT, "bands: [{at_least: 90, points: 1}, {at_least: 95, points: 2}, {points: 0}]   #",
        "fall step by step"),
    "a blank never filled": (REPLY, "逾期回复，扣{deduct}", "逾期回复，扣{deducts}", "nearest known name is deduct"),
    "no example at the threshold": (
        RATE, "  - {name: exactly on target, given: {due: 100, completed: 95}, points: 0}\n",
                                    "", "exactly on target"),
    "no example below": (REPLY, "  - {name: none, given: {late_reply: 0}, points: 0}\n", "", "none at all"),
    "no example of full marks": (ASSESSED, "  - {name: full marks, given: {A1.1: 5}, points: 0}\n", "", "full marks"),
    "an example that does not come out": (REPLY, "name: one, given: {late_reply: 1}, points: -0.5",
                                          "name: one, given: {late_reply: 1}, points: -0.4", "gives -0.50"),
    "an example of an unknown count": (REPLY, "name: one, given: {late_reply: 1}", "name: one, given: {late: 1}",
                                       "declare it in measures/late.yaml"),
    "an example with half a case": (REPLY, "name: one, given: {late_reply: 1}", "name: one, given: {late_reply: 1.5}",
                                    "not a count"),
    "an example under an unknown reading": (RATE, "{shortfall: any_part}", "{shortfal: any_part}", "shortfall"),
    "an example under an unknown value": (RATE, "{shortfall: any_part}", "{shortfall: any_step}", "any_part"),
    "no day": (REPLY, "order: 2", "in_force: {from: 2026-13-01}", "not a date"),
    "dates the wrong way round": (
        REPLY, "order: 2", "in_force: {from: 2026-07-01, to: 2026-06-30}", "before it"),
    "an unknown reading": (READINGS, "- reading: months", "- reading: mouths",
                           "the reading months named here is not in readings.yaml. The nearest known name is mouths"),
    "an unknown reading value": (READINGS, "pooled: {zh", "pool: {zh", "nearest known name is pooled"),
    "a reading that nothing honours": (
        READINGS, "- reading: attribution\n", f"{SHAM}- reading: attribution\n", "nothing honours the reading weekend"),
    "a value that nothing honours": (
        READINGS, "    approved: {zh", "    asked: {zh: 申请, en: asked}\n    approved: {zh",
        "nothing honours the value asked"),
    "a value of a reading that a measure leaves open": (
        READINGS, "    lead_only: {zh", "    assist_only: {zh: 协办, en: assist}\n    lead_only: {zh",
        "the value assist_only of the reading joint_cases is not named"),
    "an award type that the book does not name": (BOOK, "  city_media: {zh: 市级媒体, en: city media}\n", "",
                                                  "not among award_types"),
    "a listing by half a rate": (BOOK, "{rate: [satisfied, rated]}", "{rate: [satisfied]}", "is no rate"),
    "a listing by a rate of another whole": (BOOK, "{rate: [satisfied, rated]}", "{rate: [satisfied, completed]}",
                                             "could pass 100 %"),
    "a format of the future": (BOOK, "format: 2", "format: 3", "3 is not known"),
    "no moment of a case row": (BOOK, "case_rows:   #", "case_row:   #", "nearest known name is case_rows"),
    "a reading twice": (READINGS, "- reading: extension", "- reading: attribution", "attribution"),
    "a number where none is open": (READINGS, "- reading: rank_on", "- reading: rank_on\n  open_number: true",
                                    "nowhere that it acts takes one"),
    "an open number that is neither": (READINGS, "open_number: true", "open_number: sure", "sure is not known"),
    "a word left to a reading of other words": (RATE, "per: {reading: months}", "per: {reading: rank_on}",
                                                "the value total of the reading rank_on means nothing here"),
    "a reading that was honoured and is no more": (BOOK, "rank_on: {reading: rank_on}", "rank_on: base",
                                                   "nothing honours the reading rank_on"),
    "a word of settling that is none": (BOOK, "rank_on: {reading: rank_on}", "rank_on: bonus", "bonus is not known"),
    "a cap below nothing": (BOOK, "cap: {reading: bonus_cap}", "cap: -1", "-1 is not known"),
    "a word left to two readings": (RATE, "per: {reading: months}", "per: {reading: months, other: rank_on}",
                                    "unknown field other"),
    "a verdict on an unknown fact": (VERDICTS, "{fact: items_at_zero,", "{fact: items_at_zer,",
                                     "nearest known name is items_at_zero"),
    "a verdict without a comparison": (
        VERDICTS, "{fact: level_share, more_than: 10}", "{fact: level_share}", "exactly one of"),
    "a verdict that looks at two things": (
        VERDICTS, "{section: A1, at_least: 12}", "{section: A1, item: A1.1, at_least: 12}", "exactly one of fact"),
    "a verdict on an unknown section": (VERDICTS, "{section: A1, at", "{section: A8, at", "A8 is not known"),
    "a verdict on an unknown rate": (VERDICTS, "[satisfied, rated], at_least", "[satisfid, rated], at_least",
                                     "nearest known name is satisfied"),
    "a verdict on half a rate": (VERDICTS, "[satisfied, rated], at_least", "[satisfied], at_least", "is no rate"),
    "a verdict whose example differs": (VERDICTS, "{name: last of three, given: {from_bottom: 1",
                                        "{name: last of three, given: {from_bottom: 2", "comes to false"),
    "a verdict whose example leaves a fact out": (
        VERDICTS, "given: {quality_items_at_zero: 0, case_rows: 20, ", "given: {quality_items_at_zero: 0, ",
        "case_rows is missing"),
    "a verdict on an unknown verdict": (VERDICTS, "unless: [crowded_top]", "unless: [top]", "no verdict top"),
    "verdicts in a circle": (VERDICTS, "{fact: ranked, at_least: 1}\n",
                             "{fact: ranked, at_least: 1}\n  unless: [top_of_group]\n", "depends on itself"),
    "a verdict without an example at a bound": (
        VERDICTS, "group_place: 3, satisfied/rated: 90,", "group_place: 3, satisfied/rated: 91,", "on the bound"),
    "a verdict without an example beyond a bound": (
        VERDICTS, "50, ranked: 0}, holds: false", "50, ranked: 9}, holds: true", "just beyond it"),
    "a verdict for groups without an example of another": (
        VERDICTS, "  also: [bottom_of_group]\n", "  also: [bottom_of_group]\n  groups: [deep]\n", "group is missing"),
    "a verdict for groups of units all alike": (
        VERDICTS, """    - {rate: [satisfied, rated], less_than: 90}
  also: [item_exhausted, bottom_of_group]
  examples:
    - {name: just under, given: {satisfied/rated: 89.99, item_exhausted: true, bottom_of_group: true}, holds: true}
    - {name: at target, given: {satisfied/rated: 90, item_exhausted: true, bottom_of_group: true}, holds: false}
    - {name: nobody rated, given: {satisfied/rated: "", item_exhausted: true, bottom_of_group: true}, holds: false}
    - {name: no item used up, given: {satisfied/rated: 50, item_exhausted: false, bottom_of_group: true}, holds: false}
    - {name: not last, given: {satisfied/rated: 50, item_exhausted: true, bottom_of_group: false}, holds: false}
""", """    - {fact: place, equals: 1}
  groups: [district]
  examples:
    - {name: first, group: district, given: {place: 1}, holds: true}
    - {name: second, group: district, given: {place: 2}, holds: false}
""", "one of them and one of another"),
    "a verdict for a group that is a list": (
        VERDICTS, "  also: [bottom_of_group]\n", "  also: [bottom_of_group]\n  groups: [[deep]]\n", "a text is"),
    "hundredths in a book that has points": (
        VERDICTS, "{fact: ranked, at_least: 1}", "{fact: total_hundredths, at_least: 1}", "look at total_hundredths"),
    "a grade without an id": (BOOK, RANK, "grades: [{at_least: 0, title: {zh: 甲, en: A}}]\n" + RANK, "id is missing"),
    "grades from the lowest up": (
        BOOK, RANK, "grades:\n  - {id: low, at_least: 0, title: {zh: 乙, en: B}}\n"
        "  - {id: high, at_least: 0, title: {zh: 甲, en: A}}\n" + RANK, "high does not lie below low"),
    "a last grade that begins above nothing": (
        BOOK, RANK, "grades: [{id: low, at_least: 0.01, title: {zh: 乙, en: B}}]\n" + RANK, "low, begins above 0"),
    "a list that every book has": (
        BOOK, RANK, "lists: [{id: commend, title: {zh: 红榜, en: Red list}}]\n" + RANK, "commend appears twice"),
    "places over all by something unknown": (BOOK, "rated]}}", "rated]}, all_by: shar}", "nearest known name is share"),
    "an order over all where there is none": (BOOK, "rated]}}", "rated]}, all_by: share, all: false}", "no place over"),
    "apart below half a case": (BOOK, "rated]}}", "rated]}, apart_below: 0.5}", "not a count"),
    "a verdict on a grade that is none": (
        VERDICTS, "{fact: ranked, at_least: 1}", "{fact: grade, equals: shining}", "shining is not known"),
    "a verdict on a grade as on a number": (
        VERDICTS, "{fact: ranked, at_least: 1}", "{fact: grade, at_least: 1}", "at_least"),
    "five decimals of a total": (BOOK, RANK, "decimals: 5\n" + RANK, "from 0 to 4"),
    "rounding somewhere unknown": (BOOK, RANK, "round_at: totals\n" + RANK, "nearest known name is total"),
    "a coefficient of no section": (
        BOOK, RANK, "sheets: [{groups: [县区], times: {A9: 1.15}}]\n" + RANK, "there is no section A9"),
    "a coefficient of nothing": (BOOK, RANK, "sheets: [{groups: [县区], times: {A3: 0}}]\n" + RANK, "0.01"),
    "a cap of no coefficient": (BOOK, RANK, "sheets: [{groups: [县区], cap: true}]\n" + RANK, "cap is written without"),
    "a sheet that changes nothing": (BOOK, RANK, "sheets: [{groups: [县区]}]\n" + RANK, "changes no item"),
    "a bound of the total that is finer than the total": (
        BOOK, RANK, "decimals: 1\ntotal: {cap: 99.95}\n" + RANK, "finer than the 1 decimals"),
    "a floor of the total on its cap": (BOOK, RANK, "total: {floor: 100, cap: 100}\n" + RANK, "does not lie below"),
    "a bonus under a condition on the total": (
        BOOK, "bonus: {cap:", "bonus: {only_when: {total: {at_least: 80}}, cap:", "unknown field total"),
    "a bonus under two conditions": (
        BOOK, "bonus: {cap:", "bonus: {only_when: {base: {at_least: 80, at_most: 90}}, cap:", "exactly one of"),
    "an item that weighs nothing": (BOOK, "{id: A1.2, full_marks: 5,", "{id: A1.2, weight: 0, full_marks: 5,", "0.01"),
    "a veto of nothing": (REPLY, "deduct: 0.5", "deduct: 0.5\nveto: {}", "exactly one thing"),
    "a veto that leaves a point": (REPLY, "deduct: 0.5", "deduct: 0.5\nveto: {total: 1}", "1 is not known"),
    "a veto by a grade that is none": (REPLY, "deduct: 0.5", "deduct: 0.5\nveto: {grade: d}", "d is not known"),
    "a veto by an assessor's mark": (ASSESSED, "assessed: A1.1", "assessed: A1.1\nveto: {total: 0}", "carry a veto"),
    "a sheet for an item that is none": (
        BOOK, RANK, "sheets: [{groups: [deep], items: {A1.9: {full_marks: 3}}}]\n" + RANK, "A1.9 is not on"),
    "a sheet for the bonus": (
        BOOK, RANK, "sheets: [{groups: [deep], items: {A4: {full_marks: 3}}}]\n" + RANK, "A4 is not on"),
    "a sheet that says something else": (
        BOOK, RANK, "sheets: [{groups: [deep], items: {A1.1: {title: 3}}}]\n" + RANK, "unknown field title"),
    "a group on two sheets": (
        BOOK, RANK, "sheets: [{groups: [deep], items: {A1.1: {full_marks: 3}}},"
        " {groups: [deep], items: {A1.2: {full_marks: 3}}}]\n" + RANK, "deep is on two sheets"),
    "other full marks in one order by points": (
        BOOK, RANK, "sheets: [{groups: [deep], items: {A1.1: {full_marks: 3}}}]\n" + RANK, "(98.00、100.00)"),
    "an item without data that is worth something unknown": (
        BOOK, "{id: A3.1, full_marks: 20,", "{id: A3.1, full_marks: 20, unmeasured: ful,", "name is full"),
    "a verdict that says what it does not look at": (
        VERDICTS, "zh: 单项扣完, en: An item used up}\n  says: {zh: 办理质效有评分项扣完（0分）",
        "zh: 单项扣完, en: An item used up}\n  says: {zh: '总分{total}'", "the zh text has {total}"),
    "a year that begins in no month": (BOOK, RANK, "year_starts: 13\n" + RANK, "13 is no month"),
    "a measure without an example that does not count": (
        "measures/refusal.yaml",
        "  - {name: another kind, row: {verified: true, incident_type: rude_attitude}, counts: 0}\n"
        "  - {name: not verified, row: {verified: false, incident_type: refused_to_sign}, counts: 0}\n",
        "", "lacks an example: a row that it does not count"),
    "a moment compared with a truth value": (
        "measures/late_reply.yaml", "{after: due_at}}", "{after: satisfied}}", "different types"),
    "awards of a matter in tiers": (
        PRAISE, "\naward: 0.5\n", "\ntiers: [{from: 1, award: 0.5}]\n", "do not go together"),
    "an unknown list": (VERDICTS, "list: commend", "list: recommend", "nearest known name is commend"),
    "a verdict twice": (VERDICTS, "- verdict: exhausted_at_the_bottom", "- verdict: bottom_of_group", "appears twice"),
    "a clause that nothing applies": (CLAUSES, "- no rule zh: 引导句，规则见 A1 至 A4。\n"
                                      "- no rule en: An introduction; the rules are under A1 to A4.\n", "", "A0.2"),
    "a clause in one language": (
        CLAUSES, "- en: Bonus points; whether they are capped is a reading.\n", "", "en is missing"),
    "a line of no known kind": (CLAUSES, "- zh: 办理质效，70 分。", "- cn: 办理质效，70 分。", "not understood"),
    "an item twice": (BOOK, "id: A1.2,", "id: A1.1,", "A1.1"),
    "half a day to evaluate": (BOOK, "working_days: 2", "working_days: 0.5", "not a count"),
    "broken YAML": (REPLY, "title: {zh: 逾期回复", "title: {zh: [逾期回复", "cannot be read"),
    "endless nesting": (REPLY, "deduct: 0.5", "deduct: " + "[" * 3000 + "]" * 3000, "cannot be read"),
    "a key twice": (REPLY, "deduct: 0.5", "deduct: 0.5\ndeduct: 1", "written twice"),
    "an anchor": (REPLY, "clause: A3.1\nitem: A3.1", "clause: &id A3.1\nitem: *id", "anchors"),
    "an award that another rule counts": (PRAISE, "measure: public_praise", "measure: city_media", "count twice"),
    "a list in the place of a word": (REPLY, "item: A3.1", "item: [A3.1]", "a text is expected"),
    "a list in the place of an item": (ASSESSED, "assessed: A1.1", "assessed: [A1.1]", "a text is expected"),
    "a reading without values": (
        READINGS, "  values:\n    none: {zh: 不设上限, en: no cap}", "  values: {}", "values is missing",
    ),
    "a list in the place of a block": (RATE, "short: {each: 2, deduct: 1, mode: {reading: shortfall}}",
                                       "short: [2, 1]", "a block of keys"),
    "a word in the place of a list": (VERDICTS, "unless: [crowded_top]", "unless: crowded_top", "a list is expected"),
    "a reading that is left out": (READINGS, "- reading: rank_on", "- reading: rank_on\n  in_force: {from: 2027-01-01}",
                                   "the reading rank_on named here is not in readings.yaml"),
    "a reading of a derived column that is left out": (
        READINGS, "- reading: extension", "- reading: extension\n  in_force: {from: 2027-01-01}",
        "extension is missing"),
    "the same rule twice": ("A3.3/attitude.yaml", "rule: attitude", "rule: refusal", "two rules would hold at once"),
    "examples that are no list": (REPLY, "examples:\n", "examples: none\nrest:\n", "unknown field rest"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_rulebook_does_not_load_with(case, tmp_path):
    file, old, new, says = BROKEN[case]
    message = refused(changed(tmp_path, file, old, new))
    assert says in message
    assert ", line " in message and message.split(", line ")[0] in {file, *ELSEWHERE}


def test_the_refusal_names_the_line(tmp_path):
    message = refused(changed(tmp_path, REPLY, "deduct: 0.5", "deduct: 0.5\ncounted: 1"))
    assert message.startswith("A3.1/late_reply.yaml, line 9: unknown field counted")


def test_a_place_interval_is_not_asked_for_where_a_total_is_bounded(tmp_path):
    book = changed(tmp_path, BOOK, RANK, "total: {cap: 99}\n" + RANK)
    asks = """- verdict: firm
  clause: A0.1
  list: remark
  title: {zh: 稳, en: Firm}
  says: {zh: 稳, en: Firm}
  when: [{fact: steady, at_most: 1}]
  examples:
    - {name: one, given: {steady: 1}, holds: true}
    - {name: two, given: {steady: 2}, holds: false}
"""
    (book / VERDICTS).write_text((book / VERDICTS).read_text(encoding="utf-8") + asks, encoding="utf-8")
    message = refused(book)
    assert message.startswith("verdicts.yaml, line ") and "steady" in message


# Reasons of words that the standard edition does not use: tests/kinds/test_loading.py, tests/rules (test_whole_book,
# test_measures, test_periods and others), tests/libraries and tests/evaluators break a book for each.
OF_OTHER_BOOKS = {
    "among_nothing", "among_other", "assessed_twice", "bad_constant", "band_tests", "bands_end", "bands_of_what",
    "best_of_what", "condition_needed", "counts_nothing", "found_otherwise", "measure_bound",
    "measure_differs", "measure_elsewhere", "mixed_item", "no_moment", "not_in_force", "not_shorter",
    "one_test", "other_months", "place_without_better", "pooled_has_no_parts", "steady_unknown",
    "targets_apart", "then_of_rate", "tiers_in_disorder", "two_versions", "unknown_column", "unknown_number",
    # own columns, sums and prices: tests/kinds/test_own_refusals.py; marks in words: tests/kinds/test_scale.py
    "bad_column", "bad_value", "beyond_of_several", "counted_unlike", "deadline_of", "header_taken", "no_such_table",
    "price_by", "price_missing", "priced_by_value", "scale_of_numbers", "scale_of_one", "scale_twice",
    "sum_and_distinct", "sum_of_type", "tiers_of_decimals", "times_of_assessed", "too_many_columns", "values_of_enum",
    "with_apart", "with_other_days", "with_other_rows", "worths_apart",
}


def test_every_sentence_of_refusal_is_said_by_a_case(tmp_path, monkeypatch):
    """Each `refusal(block, "reason", …)` of the loader, by these cases or by the tests that are named here."""
    source = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "pipelines" / "rulebook").glob("*.py"))
    reasons = set(re.findall(r'refusal\(\s*\w+(?:\["\w+"\])?(?:\[-1\])?,\s*"(\w+)"', source))
    said = set()
    spoken = say

    def noted(key, /, **facts):
        said.add(key.removeprefix("rulebook."))
        return spoken(key, **facts)

    monkeypatch.setattr("pipelines.rulebook.source.say", noted)
    for number, (file, old, new, _) in enumerate(BROKEN.values()):
        refused(changed(tmp_path / str(number), file, old, new))
    assert len(reasons) > 80
    assert reasons - said == OF_OTHER_BOOKS


def test_every_reason_is_broken_by_a_case(tmp_path):
    source = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "pipelines/rulebook").glob("fail_if*.py"))
    reasons = set(re.findall(r"(?m)^def ([a-z]\w+)", source)) - ELSEWHERE_BROKEN
    raised = set()
    for number, (file, old, new, _) in enumerate(BROKEN.values()):
        raised |= functions_that_raise(changed(tmp_path / str(number), file, old, new))
    assert reasons <= raised


def functions_that_raise(book: Path) -> set[str]:
    with pytest.raises(RulebookRefusal) as caught:
        load_rulebook(book, TODAY)
    return {frame.name for frame in traceback.extract_tb(caught.tb)}
