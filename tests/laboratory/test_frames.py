"""What the laboratory hands out is a copy: editing it changes no later answer. Printed, it says what it is."""

import pytest

ALL = ("ranking", "items", "ledger")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("side", ["quarter", "scenario"])
def test_an_edited_frame_changes_no_later_comparison(quarter, side, name):
    scenario = quarter.what_if({"late_reply.deduct": 1})
    before, kept = scenario.compare().frame, getattr(scenario, name)
    frame = getattr(quarter if side == "quarter" else scenario, name)
    frame[frame.columns[-1]] = ""
    for column in frame.select_dtypes("number"):
        frame.loc[:, column] = 0
    assert scenario.compare().frame.equals(before) and quarter.what_if({"late_reply.deduct": 1}).compare().frame.equals(
        before)
    assert getattr(scenario, name).equals(kept)


@pytest.mark.parametrize("ask", [
    lambda q: q.what_if({"late_reply.deduct": 1}).compare(), lambda q: q.sweep({"late_reply.deduct": [0, 1]}),
    lambda q: q.tornado(), lambda q: q.robustness(), lambda q: q.gaming(), lambda q: q.explain(q.ranking.unit_id[6]),
], ids=["compare", "sweep", "tornado", "robustness", "gaming", "explain"])
def test_an_edited_answer_stays_as_it_was_asked(quarter, ask):
    answer = ask(quarter)
    before = answer.frame
    edited = answer.frame
    edited[edited.columns[0]] = ""
    assert len(before) and answer.frame.equals(before)
    with pytest.raises(AttributeError):
        answer.frame = edited


def test_an_edited_answer_changes_no_chart_and_no_reading(quarter):
    answer = quarter.what_if({"late_reply.deduct": 1}).compare()
    drawn = answer.chart().to_dict()
    movers, rules = answer.movers, answer.rules
    movers["unit_name"] = ""
    rules.loc[:, "change"] = 0
    assert answer.chart().to_dict() == drawn
    sweep = quarter.sweep({"late_reply.deduct": [0, 1]})
    for array in (sweep.places, sweep.totals, sweep.bases):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0
    for readings in (quarter.readings, quarter.what_if({}).readings):
        with pytest.raises(TypeError):
            readings["satisfied"] = "full_only"


def test_print_says_what_was_asked_and_what_came_of_it(quarter, capsys):
    moves = quarter.what_if({"late_reply.deduct": 1}).compare()
    print(quarter)
    first = quarter.ranking.iloc[0]
    output = capsys.readouterr().out
    assert all(text in output for text in ("2026Q3，12 个单位，模拟数据", first["unit_name"], f"{first['total']:.2f}"))
    print(moves)
    output = capsys.readouterr().out
    assert "逾期回复 每次扣分 → 1" in output and all(row.unit_name in output and row.why in output
                                            for row in moves.movers.head(20).itertuples())
    print(quarter.what_if({}).compare())
    assert "未作改动\n–" in capsys.readouterr().out


@pytest.mark.parametrize("ask", [
    lambda q: q.what_if({"late_reply.deduct": 1}), lambda q: q.tornado(), lambda q: q.robustness(),
    lambda q: q.gaming(), lambda q: q.explain(q.ranking.unit_id[6]), lambda q: q.sweep({"late_reply.deduct": [0, 1]}),
])
def test_every_answer_prints_as_a_table(quarter, ask):
    assert len(str(ask(quarter)).splitlines()) > 2
