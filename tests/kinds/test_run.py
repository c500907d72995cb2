"""A quarter by a book of every kind, from the exports to the pages, and what-ifs on it."""

import re

import pytest

from pipelines import Quarter
from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.model.words import RulebookRefusal, UsageRefusal
from pipelines.rulebook.load import load_rulebook
from pipelines.sample.make import make_sample
from tests.kinds.test_loading import HEAD
from tests.rules.book import TODAY, changed

PERIOD = Period.parse("2026Q3")
LATE = """deduct: 0.5
beyond: 1
at_most: 2
groups: [市直部门]
"""
LATE_EXAMPLES = """examples:
  - {name: none, group: 市直部门, given: {late_reply: 0}, points: 0}
  - {name: one is free, group: 市直部门, given: {late_reply: 1}, points: 0}
  - {name: two, group: 市直部门, given: {late_reply: 2}, points: -0.5}
  - {name: bounded, group: 市直部门, given: {late_reply: 9}, points: -2}
  - {name: of other groups, group: 区县, given: {late_reply: 9}, points: 0}
"""
WORTH = ("instruction_closing", "A3.4", "{month} {rate} {part} {of} {points}", """part: instructions_closed
of: instructions_due
worth: 4
examples:
  - {name: all, given: {instructions_due: 4, instructions_closed: 4}, points: 4}
  - {name: half, given: {instructions_due: 4, instructions_closed: 2}, points: 2}
""")
PLACE = ("instruction_implementation", "A3.4", "{place} {rate} {points}", """by_place:
  part: completed
  of: due
  among: all
  bands: [{at_most: 2, points: 6}, {at_most: 4, points: 3}, {points: 0}]
examples:
  - {name: second, place: 2, points: 6}
  - {name: third, place: 3, points: 3}
  - {name: fourth, place: 4, points: 3}
  - {name: fifth, place: 5, points: 0}
""")
BANDS = ("refusal", "A3.3", "{count} {points}", """measure: refusal
bands: [{at_most: 0, points: 0}, {at_most: 1, points: -2}, {then: {each: 1, points: -1}}]
examples:
  - {name: none, given: {refusal: 0}, points: 0}
  - {name: one, given: {refusal: 1}, points: -2}
  - {name: two, given: {refusal: 2}, points: -3}
""")


def book_in(place):
    """The standard edition with other rules in the place of some of its own."""
    book = changed(place, "rulebook.yaml", "id: A3.2, full_marks: 20,", "id: A3.2, full_marks: 20, floor: 12.5,")
    book = changed(place, "A3.2/satisfaction_rate.yaml", "target: 90                       # percent",
                   "target: 90\nround_rate: 1\nover: {each: 1, award: 0.1}")
    file = book / "A3.2" / "satisfaction_rate.yaml"
    text = file.read_text(encoding="utf-8").replace("satisfied: 91}, points: 0}", "satisfied: 91}, points: 0}")
    file.write_text(text.replace("satisfied: 0}, points: -20}", "satisfied: 0}, points: -7.5}"), encoding="utf-8")
    late = book / "A3.1" / "late_reply.yaml"
    text = late.read_text(encoding="utf-8").replace("deduct: 0.5\n", LATE)
    late.write_text(text.split("examples:")[0] + LATE_EXAMPLES, encoding="utf-8")
    for id, item, says, body in (WORTH, PLACE, BANDS):
        text = HEAD.format(id=id, item=item, says=says) + body
        (book / item / f"{id}.yaml").write_text(text, encoding="utf-8")
    return book


@pytest.fixture(scope="module")
def quarter(tmp_path_factory):
    place = tmp_path_factory.mktemp("kinds")
    make_sample(place / "in", PERIOD, units=8, cases=500, seed=4)
    request = Request(PERIOD, place / "in", place / "out", rules=book_in(place), pdf=False)
    with Run(request) as run:
        run.run()
    return Quarter.open("2026Q3", place / "out")


def test_both_judges_score_it_and_the_ledger_adds_up(quarter):
    """The run itself stops where judges differ or lines do not add up; here the files are added up once more."""
    lines = quarter.ledger.groupby(["unit_id", "item_id"])["points"].sum()
    for row in quarter.as_it_was.items.itertuples():
        assert round(row.full_marks + lines.get((row.unit_id, row.item_id), 0), 2) == row.score


def test_a_rule_for_some_groups_costs_no_other_unit(quarter):
    groups = quarter.ranking.set_index("unit_id")["unit_group"]
    late = quarter.ledger[quarter.ledger["rule_id"] == "late_reply"]
    assert set(late["unit_id"].map(groups)) == {"市直部门"}
    for _, own in late.groupby("unit_id"):
        assert -2 <= own["points"].sum() <= 0
    assert any("前1次不扣" in told for told in late["detail"])


def test_an_item_that_gives_starts_at_zero(quarter):
    lines = quarter.ledger[quarter.ledger["item_id"] == "A3.4"]
    assert set(lines[lines["rule_id"] == "starts"]["points"]) == {-10.0}
    assert set(lines[lines["rule_id"] == "instruction_implementation"]["points"]) <= {6.0, 3.0}
    assert quarter.as_it_was.items[quarter.as_it_was.items["item_id"] == "A3.2"]["score"].min() >= 12.5


@pytest.mark.parametrize("values", [
    {"late_reply.beyond": 0}, {"late_reply.at_most": 0.5}, {"refusal.points_2": -7.25}, {"refusal.bound_2": 3},
    {"instruction_closing.worth": 1.11}, {"instruction_implementation.points_1": 9},
    {"satisfaction_rate.over_award": 2},
])
def test_what_ifs_are_judged_twice_and_add_up(quarter, values):
    scenario = quarter.what_if(values)
    lines = scenario.ledger.groupby(["unit_id", "item_id"])["points"].sum()
    for row in scenario.items.itertuples():
        assert round(row.full_marks + lines.get((row.unit_id, row.item_id), 0), 2) == row.score


def test_a_what_if_is_saved_and_loads_as_it_was(quarter, tmp_path):
    values = {"late_reply.beyond": 2, "late_reply.at_most": 1, "refusal.bound_2": 3, "instruction_closing.worth": 3.5,
              "instruction_implementation.bound_2": 5, "instruction_implementation.points_2": 2}
    folder = quarter.what_if(values).save(tmp_path / "saved")
    rules = load_rulebook(folder, TODAY).rules
    assert (rules["late_reply"].beyond, rules["instruction_closing"].worth * 2) == (2, 7)
    assert rules["instruction_implementation"].bands[1].points == 2
    assert (rules["instruction_implementation"].bands[1].bound, rules["refusal"].bands[1].bound) == (5, 3)


def test_the_laboratory_knows_them(quarter):
    assert quarter.next_steps().shape[0] and quarter.gaming().frame.shape[0] and quarter.tornado().frame.shape[0]
    with pytest.raises(UsageRefusal, match="分档"):  # chance is not known of bands and weights
        quarter.robustness()
    assert quarter.sweep({"refusal.points_2": [-1, -2], "late_reply.beyond": [0, 1]}).frame.shape[0]


@pytest.mark.parametrize("page", ["index.html", "method.html", "method.en.html", "bulletin.html"])
def test_pages_say_them_in_words(quarter, page):
    html = (quarter.folder / page).read_text(encoding="utf-8")
    text = re.sub(r"<script.*?</script>|<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
    assert "{" not in text.replace("{level}", "").replace("{ranked}", "")  # of a verdict that is told when given
    for id in ("instruction_implementation", "points_1", "at_most"):
        assert id not in text


def test_cards_carry_their_lines(quarter):
    cards = "".join(card.read_text(encoding="utf-8") for card in (quarter.folder / "units").glob("*.html"))
    assert "自零分起计" in cards and "前1次不扣" in cards


def test_a_group_that_no_unit_is_of_stops_the_run(tmp_path):
    make_sample(tmp_path / "in", PERIOD, units=4, cases=60, seed=4)
    book = book_in(tmp_path)
    late = book / "A3.1" / "late_reply.yaml"
    late.write_text(late.read_text(encoding="utf-8").replace("市直部门", "市直部門"), encoding="utf-8")
    request = Request(PERIOD, tmp_path / "in", tmp_path / "out", rules=book, pdf=False)
    with Run(request) as run, pytest.raises(RulebookRefusal, match="市直部门"):
        run.run()
