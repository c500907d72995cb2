"""Rules of every kind as files: what loads, what does not and why, what a what-if may change, what a line says."""

from datetime import date
from fractions import Fraction
from shutil import copytree

import pytest

from pipelines.model.words import RulebookRefusal, UsageRefusal
from pipelines.rulebook.check import check
from pipelines.rulebook.load import changeable, load_rulebook, value_of, values_of, with_changes
from pipelines.stages.judge import beside_others, must_know_groups
from pipelines.views.figures import speaking
from pipelines.views.rules import Lines, RuleTexts
from pipelines.wording import say
from tests.rules.book import TODAY
from tests.toy.town import LAW, MONTHS, Town

HEAD = """rule: {id}
clause: {item}
item: {item}
title: {{zh: 规则, en: A rule}}
says: {{zh: "{says}", en: "{says}"}}
remedy: {{zh: 改, en: Mend it}}
"""
RULES = {
    "beyond": ("H2.1", "{n} {points}", """measure: tardy
deduct: 1
beyond: 2
at_most: 3
examples:
  - {name: none, given: {tardy: 0}, points: 0}
  - {name: one, given: {tardy: 1}, points: 0}
  - {name: two free, given: {tardy: [1, 1, 0]}, points: 0}
  - {name: the third is not, given: {tardy: [1, 1, 1]}, points: -1}
  - {name: bounded, given: {tardy: 6}, points: -3}
"""),
    "density": ("H2.1", "{count} {of} {each} {points}", """measure: unclaimed
deduct: 1
per: {each: 100, of: owed}
examples:
  - {name: none, given: {unclaimed: 0, owed: 50}, points: 0}
  - {name: one, given: {unclaimed: 1, owed: 300}, points: -0.33}
  - {name: more, given: {unclaimed: 3, owed: 200}, points: -1.5}
"""),
    "short": ("H2.2", "{rate} {part} {of} {target} {short} {points}", """part: mended
of: owed
target: {islets: 70, "*": 80}
round_rate: 0
needs: {of: 5}
short: {each: 5, deduct: 2, mode: any_part}
over: {each: 10, award: 1}
at_most: 9
examples:
  - {name: on target, given: {owed: 100, mended: 80}, points: 0}
  - {name: on target once rounded, given: {owed: 200, mended: 159}, points: 0}
  - {name: just under that, given: {owed: 1000, mended: 794}, points: -2}
  - {name: above, given: {owed: 100, mended: 81}, points: 0}
  - {name: an islet is held to less, group: islets, given: {owed: 100, mended: 70}, points: 0}
  - {name: bounded, given: {owed: 100, mended: 10}, points: -9}
  - {name: too few to judge, given: {owed: 4, mended: 0}, points: 0}
  - {name: enough to judge, given: {owed: 5, mended: 0}, points: -9}
"""),
    "worth": ("H2.3", "{rate} {part} {of} {points} {worth}", """part: content
of: asked
worth: full
round_rate: 2
examples:
  - {name: all, given: {asked: 3, content: 3}, points: 30}
  - {name: two of three, given: {asked: 3, content: 2}, points: 20}
  - {name: none, given: {asked: 3, content: 0}, points: 0}
"""),
    "bands": ("H1.1", "{count} {points}", """measure: rudeness
bands:
  - {at_most: 0, points: 10}
  - {at_most: 2, points: 6}
  - then: {each: 1, points: -1.5}
examples:
  - {name: none, given: {rudeness: 0}, points: 10}
  - {name: one, given: {rudeness: 1}, points: 6}
  - {name: two, given: {rudeness: 2}, points: 6}
  - {name: three, given: {rudeness: 3}, points: 4.5}
  - {name: never below zero, given: {rudeness: 20}, points: 0}
"""),
    "place": ("H2.3", "{place} {points}", """by_place:
  part: mended
  of: owed
  among: group
  bands: [{at_most: 1, points: 3}, {at_most: 3, points: 1}, {points: 0}]
examples:
  - {name: first, place: 1, of: 9, points: 3}
  - {name: second, place: 2, points: 1}
  - {name: third, place: 3, points: 1}
  - {name: fourth, place: 4, points: 0}
"""),
    "rise": ("H2.3", "{now} {before} {points}", """change:
  measure: unclaimed
  against: previous
  bands: [{at_most: -5, points: 2}, {at_most: 0, points: 1}, {points: 0}]
examples:
  - {name: five fewer, given: {unclaimed: 5}, before: {unclaimed: 10}, points: 2}
  - {name: four fewer, given: {unclaimed: 6}, before: {unclaimed: 10}, points: 1}
  - {name: as many, given: {unclaimed: 10}, before: {unclaimed: 10}, points: 1}
  - {name: one more, given: {unclaimed: 11}, before: {unclaimed: 10}, points: 0}
  - {name: nobody knows of before, given: {unclaimed: 11}, points: 2}
"""),
    "share": ("H2.3", "{part} {of} {points}", """part: errands_run
of: {best: errands_run}
worth: 4
examples:
  - {name: the best, given: {errands_run: 8}, best: 8, points: 4}
  - {name: half of it, given: {errands_run: 4}, best: 8, points: 2}
  - {name: nobody has any, given: {errands_run: 0}, best: 0, points: 4}
"""),
    "merit": ("H3", "{count} {points}", """measure: errands_run
tiers: [{from: 1, award: 1}, {from: 3, award: 0.5}]
at_most: 3
groups: [harbours]
examples:
  - {name: none, group: harbours, given: {errands_run: 0}, points: 0}
  - {name: one, group: harbours, given: {errands_run: 1}, points: 1}
  - {name: two, group: harbours, given: {errands_run: 2}, points: 2}
  - {name: three, group: harbours, given: {errands_run: 3}, points: 2.5}
  - {name: bounded, group: harbours, given: {errands_run: 9}, points: 3}
  - {name: not of these units, group: reefs, given: {errands_run: 9}, points: 0}
"""),
}


def island(folder, change=None):
    """Heron Island with a rule of every kind in the place of its own rules; ``change``: (rule, old, new)."""
    book = copytree(LAW, folder / "book")
    for file in book.glob("H*/*.yaml"):
        if file.parent.name not in ("H1.2", "H3"):
            file.unlink()
    for id, (item, says, body) in RULES.items():
        text = HEAD.format(id=id, item=item, says=says) + body
        if change and change[0] == id:
            assert text.count(change[1]) == 1, (id, change[1], text.count(change[1]))
            text = text.replace(*change[1:])
        (book / item / f"{id}.yaml").write_text(text, encoding="utf-8")
    readings = book / "readings.yaml"
    blocks = readings.read_text(encoding="utf-8").split("\n- reading: ")
    kept = [one for one in blocks if one.split("\n")[0] not in ("shortfall", "months")]
    readings.write_text("\n- reading: ".join(kept), encoding="utf-8")
    return book


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return load_rulebook(island(tmp_path_factory.mktemp("kinds")), TODAY)


def test_a_book_of_every_kind_loads_without_readings_for_what_it_fixes(book):
    assert set(RULES) <= set(book.rules)
    assert {"shortfall", "months"}.isdisjoint(book.readings)
    assert book.items["H2.3"].starts == book.items["H1.1"].starts == "zero"
    assert book.items["H2.1"].starts == book.items["H2.2"].starts == "full"


BROKEN = {
    "an example that lies on no bound": ("bands", "  - {name: two, given: {rudeness: 2}, points: 6}\n", "",
                                         "on the bound (at_most 2)"),
    "nothing just beyond a bound": ("bands", """  - {name: one, given: {rudeness: 1}, points: 6}
  - {name: two, given: {rudeness: 2}, points: 6}
  - {name: three, given: {rudeness: 3}, points: 4.5}
  - {name: never below zero, given: {rudeness: 20}, points: 0}
""", "", "just beyond the bound (at_most 0)"),
    "a hole under the last band": ("bands", "  - then: {each: 1, points: -1.5}\n", "", "bands end in one without"),
    "bands in the wrong order": ("bands", "{at_most: 2, points: 6}", "{at_most: 0, points: 6}", "step by step"),
    "bands of two comparisons": ("bands", "{at_most: 2, points: 6}", "{at_least: 2, points: 6}", "step by step"),
    "a band with two comparisons": ("bands", "{at_most: 2,", "{at_most: 2, at_least: 1,", "one comparison"),
    "bands of nothing": ("bands", "measure: rudeness\n", "", "one of the two"),
    "then of a rate": ("bands", "measure: rudeness\n", "part: content\nof: asked\n", "not for rates"),
    "a rate rounded to too many places": ("short", "round_rate: 0", "round_rate: 5", "from 0 to 4"),
    "a target without the rest": ("short", '{islets: 70, "*": 80}', "{islets: 70}", "* is missing"),
    "a dated target with a hole": ("short", '{islets: 70, "*": 80}',
                                   "[{to: 2026-06-30, at: 80}, {from: 2026-07-02, at: 80}]", "follow one another"),
    "a dated target that overlaps": ("short", '{islets: 70, "*": 80}',
                                     "[{to: 2026-06-30, at: 80}, {from: 2026-06-30, at: 80}]", "follow one another"),
    "a way of counting that is none": ("short", "mode: any_part", "mode: part", "nearest known name is"),
    "no way of counting": ("short", ", mode: any_part", "", "mode is missing"),
    "no example that is bounded": ("beyond", "  - {name: bounded, given: {tardy: 6}, points: -3}\n", "",
                                   "bounded at 3"),
    "no example of the last that is free": ("beyond", "  - {name: two free, given: {tardy: [1, 1, 0]}, points: 0}\n",
                                            "", "2 of them"),
    "a mean of occurrences": ("beyond", "beyond: 2", "beyond: 2\nper: {month: mean}", "not known"),
    "a part of an occurrence": ("beyond", "beyond: 2", "beyond: 1.5", "not a count"),
    "per so many of nothing": ("density", "of: owed", "of: owned", "owned"),
    "tiers that do not begin": ("merit", "{from: 1, award: 1}", "{from: 2, award: 1}", "begin at 1"),
    "tiers beside an award": ("merit", "tiers:", "award: 1\ntiers:", "in the place of award"),
    "a blank that its kind does not fill": ("merit", "{count} {points}\", en", "{rate}\", en", "nothing fills in"),
    "an example that is not borne out": ("worth", "content: 2}, points: 20", "content: 2}, points: 20.01", "20.00"),
    "no example on the change": (
        "rise", "  - {name: five fewer, given: {unclaimed: 5}, before: {unclaimed: 10}, points: 2}\n", "",
        "on the bound (at_most -5)"),
    "nothing beside the change": (
        "rise", "  - {name: one more, given: {unclaimed: 11}, before: {unclaimed: 10}, points: 0}\n", "",
        "just beyond the bound (at_most 0)"),
    "a change against nothing": ("rise", "against: previous", "against: the_last", "the_last"),
    "a change of nothing": ("rise", "measure: unclaimed", "measure: unclaim", "unclaim"),
    "another count before": (
        "rise", "  - {name: nobody knows of before, given: {unclaimed: 11}, points: 2}",
        "  - {name: of another count, given: {unclaimed: 11}, before: {tardy: 1}, points: 2}", "unknown field tardy"),
    "places of a measure that does not say what is better": (
        "place", "  part: mended\n  of: owed\n", "  measure: owed\n", "does not say better"),
    "places among nobody": ("place", "among: group", "among: them", "them is not known"),
    "places without bands": ("place", "  bands: [{at_most: 1, points: 3}, {at_most: 3, points: 1}, {points: 0}]\n", "",
                             "bands is missing"),
    "a place beyond the last": ("place", "place: 1, of: 9", "place: 1, of: 0", "not a count"),
    "no example on the place": ("place", "  - {name: third, place: 3, points: 1}\n", "", "on the bound (at_most 3)"),
    "the best of another count": ("share", "{best: errands_run}", "{best: errands_ran}", "errands_ran"),
    "the best under a target": ("share", "worth: 4", "target: 50\nshort: {each: 1, deduct: 1, mode: pro_rata}",
                                "is for worth and bands"),
    "no example of everybody": ("worth", "  - {name: all, given: {asked: 3, content: 3}, points: 30}\n", "",
                                "a rate of 100 %"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_it_does_not_load_with(case, tmp_path):
    id, old, new, told = BROKEN[case]
    with pytest.raises(RulebookRefusal) as refused:
        load_rulebook(island(tmp_path, (id, old, new)), TODAY)
    assert told in refused.value.words.en
    assert refused.value.words.en.startswith(f"{RULES[id][0]}/{id}.yaml, line ")


@pytest.mark.parametrize(("points", "more", "noted"), [
    ("10", "", False), ("10.01", "", True), ("6", "times: 2\n", True), ("6", "times: 2\nat_most: 10\n", False),
])
def test_points_above_the_full_marks_of_an_item_are_noted(points, more, noted, tmp_path):
    rule = f"""measure: rudeness
bands: [{{at_most: 0, points: {points}}}, {{points: 0}}]
{more}examples:
  - {{name: none, given: {{rudeness: 0}}, points: 10}}
  - {{name: one, given: {{rudeness: 1}}, points: 0}}
"""
    refusals, notes = check(island(tmp_path, ("bands", RULES["bands"][2], rule)), TODAY)
    assert not refusals
    assert any(one.en.startswith("H1.1/bands.yaml: the rule bands can give") for one in notes) == noted


def test_an_item_of_both_says_what_it_starts_from(tmp_path):
    folder = island(tmp_path)
    worth = folder / "H2.3" / "worth.yaml"
    (folder / "H2.2" / "worth.yaml").write_text(
        worth.read_text(encoding="utf-8").replace("item: H2.3", "item: H2.2"), encoding="utf-8")
    worth.unlink()
    with pytest.raises(RulebookRefusal, match="H2.2.*starts: full"):
        load_rulebook(folder, TODAY)
    text = (folder / "rulebook.yaml").read_text(encoding="utf-8")
    said = text.replace("{id: H2.2, full_marks: 30,", "{id: H2.2, full_marks: 30, starts: zero,")
    (folder / "rulebook.yaml").write_text(said, encoding="utf-8")
    assert load_rulebook(folder, TODAY).items["H2.2"].starts == "zero"


def test_a_group_that_no_unit_is_of(book):
    must_know_groups(book, {"harbours", "islets"})
    with pytest.raises(RulebookRefusal, match="merit"):
        must_know_groups(book, {"harbour", "islets"})
    with pytest.raises(RulebookRefusal, match="short"):
        must_know_groups(book, {"harbours"})


CHANGES = {"beyond.deduct": "1", "beyond.beyond": "2", "beyond.at_most": "3", "density.deduct": "1",
           "density.each": "100", "short.each": "5", "short.over_award": "1", "worth.worth": "30",
           "bands.points_2": "6", "place.points_1": "3", "place.bound_2": "3",
           "share.worth": "4", "bands.bound_2": "2", "bands.points_3": "-1.5", "merit.award_2": "0.5"}


@pytest.mark.parametrize("name", CHANGES)
def test_a_what_if_changes_it(book, name):
    assert name in changeable(book)
    rule, field = name.split(".")
    assert value_of(book.rules[rule], field) == Fraction(CHANGES[name])
    changed = with_changes(book, {name: "7"}).rules[rule]
    assert value_of(changed, field) == 7 and changed != book.rules[rule]
    assert set(values_of(changed)) == set(values_of(book.rules[rule]))


def test_a_part_of_an_occurrence_cannot_be_free(book):
    with pytest.raises(UsageRefusal):
        with_changes(book, {"beyond.beyond": "1.5"})


def test_lines_say_what_happened(book):
    town = Town(book)
    unit = town.unit(group="harbours", tardy=6, unclaimed=3, owed=200, mended=200, asked=3, content=2, rudeness=3,
                     errands=9, errands_run=9, assessed={"H1.2": 5})
    _, entries, _ = town.settled(unit)
    lines = {lang: [_told(book, entry, lang) for entry in entries] for lang in ("zh", "en")}
    for told in ("The first 2 are free: 2 back", "This rule is bounded: 1 beyond its bound do not count",
                 "3 200 100 1.5", "100.00% (200/200), better than the target of 80%: 2 added", "66.67 2 3 20 30",
                 "3 4.5", "2 2", "7 3.5", "This rule is bounded: 2.5 beyond its bound do not count"):
        assert told in lines["en"], (told, lines["en"])
    assert not any("{" in line for line in lines["zh"])
    assert "前2次不扣，补回2分" in lines["zh"]


def _told(book, entry, lang):
    import json

    return Lines(book, say, lang).text(entry.rule_id, entry.sentence, json.dumps(dict(entry.facts)))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_kind_is_a_sentence_of_the_method_page(book, lang):
    texts = RuleTexts(book, speaking(say, "quarter"), lang)
    for rule in book.rules.values():
        told = texts.rule(rule)
        assert told["says"] and "{" not in told["says"]
        assert len(told["examples"]) == len(rule.examples)


def test_a_dated_target_is_read_on_the_first_day_of_each_month(tmp_path):
    """G24: where every month is tested, each has the target of its first day."""
    body = '{islets: 70, "*": 80}', "[{to: 2026-08-01, at: 80}, {from: 2026-08-02, at: 90}]"
    folder = island(tmp_path, ("short", *body))
    file = folder / "H2.2" / "short.yaml"
    text = file.read_text(encoding="utf-8").replace("any_part}", "any_part}\nper: month")
    gone = ("islet", "enough", "bounded", "at_most")
    kept = [line for line in text.splitlines() if not any(word in line for word in gone)]
    file.write_text("\n".join(kept) + "\n", encoding="utf-8")
    town = Town(load_rulebook(folder, date(2026, 7, 1)))
    assert town.item(town.unit(owed=[100, 100, 0], mended=[80, 80, 0], assessed={}), "H2.2") == 30
    assert town.item(town.unit(owed=[0, 0, 100], mended=[0, 0, 89], assessed={}), "H2.2") == 28


def test_places_and_the_best_are_of_the_groups_other_units(book):
    """Equals share a place; a reef does not compete with harbours; without a denominator there is no place."""
    town = Town(book)
    units = [town.unit("U1", "harbours", owed=10, mended=9, errands=9, errands_run=8, assessed={}),
             town.unit("U2", "harbours", owed=20, mended=18, errands=9, errands_run=2, assessed={}),
             town.unit("U3", "harbours", owed=10, mended=8, errands=9, assessed={}),
             town.unit("U4", "reefs", owed=10, mended=1, assessed={}),
             town.unit("U5", "harbours", owed=0, assessed={})]
    tallies = beside_others(book, {one.unit.unit_id: one for one in units}, MONTHS)
    assert [one.places.get("place") for one in tallies.values()] == [1, 1, 3, 1, None]
    assert [one.best["share"][""] for one in tallies.values()] == [8, 8, 8, 0, 8]
    _, _, findings = town.settled(*tallies.values())
    points = {rule: {f.unit_id: f.points for f in findings if f.rule_id == rule} for rule in ("place", "share")}
    assert points == {"place": {"U1": 3, "U2": 3, "U3": 1, "U4": 3, "U5": 3}, "share": {"U1": 4, "U2": 1, "U4": 4}}
