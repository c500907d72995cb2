"""A rule of change from the exports to the pages: what the run of the period before kept is what it compares with."""

import json
from decimal import Decimal
from shutil import copytree

import pytest

from pipelines import Quarter
from pipelines.assess import Request, Run
from pipelines.edges.published import counted_in
from pipelines.model.period import Period
from pipelines.publication.verify import Again, verify
from pipelines.sample.make import make_sample
from tests.kinds.test_loading import HEAD
from tests.rules.book import changed

BEFORE, NOW = Period.parse("2026Q2"), Period.parse("2026Q3")
RULE = """change:
  measure: late_reply
  against: previous
  bands: [{at_most: -1, points: 0}, {at_most: 0, points: -1}, {points: -2}]
examples:
  - {name: one fewer, given: {late_reply: 4}, before: {late_reply: 5}, points: 0}
  - {name: as many, given: {late_reply: 5}, before: {late_reply: 5}, points: -1}
  - {name: one more, given: {late_reply: 6}, before: {late_reply: 5}, points: -2}
  - {name: nobody knows, given: {late_reply: 6}, points: 0}
"""


@pytest.fixture(scope="module")
def quarters(tmp_path_factory):
    """The quarter before and this one, under a book that compares them; and this one with nothing before it."""
    place = tmp_path_factory.mktemp("change")
    book = changed(place, "rulebook.yaml", "edition: ", "edition: compared_")
    says = "{now} against {before}: {points}"
    text = HEAD.format(id="trend_of_late_replies", item="A3.3", says=says) + RULE
    (book / "A3.3" / "trend_of_late_replies.yaml").write_text(text, encoding="utf-8")
    for period in (BEFORE, NOW):
        make_sample(place / str(period), period, units=6, cases=300, seed=period.first)
    for period, out in ((BEFORE, "out"), (NOW, "out"), (NOW, "alone")):
        request = Request(period, place / str(period), place / out, rules=book, pdf=False)
        with Run(request) as run:
            run.run()
    return [Quarter.open(str(period), place / out) for period, out in ((BEFORE, "out"), (NOW, "out"), (NOW, "alone"))]


def late(quarter) -> dict[str, int]:
    tallies = quarter.as_it_was.tallies
    return {id: tally.count("late_reply") for id, tally in tallies.items()}


def test_the_change_is_this_quarter_less_the_one_before(quarters):
    before, now, _ = quarters
    lines = now.ledger[now.ledger["rule_id"] == "trend_of_late_replies"].set_index("unit_id")["points"]
    were, are = late(before), late(now)
    wanted = {id: 0 if n - were[id] <= -1 else -1 if n == were[id] else -2 for id, n in are.items()}
    assert {id: Decimal(str(lines.get(id, 0))) for id in are} == {id: Decimal(n) for id, n in wanted.items()}
    told = now.ledger[now.ledger["rule_id"] == "trend_of_late_replies"].iloc[0]
    assert f"{are[told['unit_id']]} against {were[told['unit_id']]}" in told["detail"]


def test_without_a_quarter_before_nothing_is_taken_and_the_card_says_so(quarters):
    *_, alone = quarters
    assert not (alone.ledger["rule_id"] == "trend_of_late_replies").any()
    card = next((alone.folder / "units").glob("*.html")).read_text(encoding="utf-8")
    assert "规则未考核" in card


def test_figures_of_the_period_before_come_before_what_its_run_counted(quarters, tmp_path):
    out = next(folder for folder in quarters[0].folder.parents if folder.name == "out")
    place, [book] = out.parent, [file.parent for file in out.parent.glob("*/rulebook.yaml")]
    exports = tmp_path / "in"
    copytree(place / str(NOW), exports)
    months = "".join(f"U002,{month},late_reply,{n}\n" for month, n in zip(BEFORE.months, (4, 0, 3), strict=True))
    lines = f"unit_id,period,measure,n\nU001,2026Q2,late_reply,900\nU003,{BEFORE.months[0]},late_reply,1\n{months}"
    (exports / "figures.csv").write_text(lines, encoding="utf-8")
    with Run(Request(NOW, exports, out, rules=book, pdf=False)) as run:
        for stage in ("ingest", "validate", "measure"):
            getattr(run, stage)()
    were = {id: tally.before["trend_of_late_replies"]["late_reply"] for id, tally in run.tallies.items()}
    assert were == {**late(quarters[0]), "U001": 900, "U002": 7}


def test_the_laboratory_scores_it_as_it_was(quarters):
    _, now, _ = quarters
    other = now.what_if({"trend_of_late_replies.points_3": -1.5})
    lines = other.ledger.groupby(["unit_id", "item_id"])["points"].sum()
    for row in other.items.itertuples():
        assert round(row.full_marks + lines.get((row.unit_id, row.item_id), 0), 2) == row.score
    taken = now.ledger[now.ledger["rule_id"] == "trend_of_late_replies"]["points"].tolist()
    less = other.ledger[other.ledger["rule_id"] == "trend_of_late_replies"]["points"].tolist()
    assert -2.0 in taken and sorted(less) == sorted(-1.5 if n == -2 else n for n in taken)


@pytest.mark.parametrize(("page", "said"), [
    ("method.html", "逾期回复与上一期相比（本期减前期）：不多于 -1 得 0 分、不多于 0 得 -1 分、其余 -2 分。"),
    ("method.en.html", "beside the period before (now less before)"),
])
def test_the_method_page_says_against_what(quarters, page, said):
    text = (quarters[1].folder / page).read_text(encoding="utf-8")
    assert said in text or said.replace("逾期回复", "") in text


@pytest.fixture
def again(quarters, tmp_path_factory):
    """What the quarter is computed again from."""
    place = quarters[1].folder.resolve().parents[3]
    return place / "out", Again(place / str(NOW), rules=place / "book")


def test_it_is_computed_again_to_the_byte(again):
    out, from_what = again
    assert verify(out, NOW, from_what).same_bytes


def test_the_counts_of_an_edition_lie_beside_its_run(again, tmp_path):
    """The run in force is another one than what was published: what was published is compared with (G5)."""
    out = copytree(again[0], tmp_path / "out", symlinks=True)
    run, place = (out / str(BEFORE)).resolve(), out / "published" / str(BEFORE)
    assert counted_in(out, BEFORE) == run
    copytree(run, place / "1")
    (place / "index.json").write_text(json.dumps({"editions": [{"folder": "1"}]}), encoding="utf-8")
    assert counted_in(out, BEFORE) == run
    (out / str(BEFORE)).unlink()
    (out / str(BEFORE)).symlink_to(place / "1")
    assert counted_in(out, BEFORE) == run, "a link to the edition, as one computes again"
    (place / "1" / "manifest.json").write_text("{}", encoding="utf-8")
    assert counted_in(out, BEFORE) is None, "of no run that is kept"
    assert counted_in(out, Period.parse("2025Q3")) is None
