"""The 31 mechanisms that real regulations use: for each a test named after it, which scores a book that has it.

The manual's table (docs/rulebook.en.md, "What regulations ask") names them; the first test holds table and tests
together, the fixture each test to scoring something.
"""

import json
import re
import shutil
from datetime import date, datetime
from fractions import Fraction

import pytest

from pipelines.contracts.declared import load_contracts
from pipelines.engines.literal import Reader
from pipelines.engines.marks import derived_of
from pipelines.model.period import Period
from pipelines.model.points import points
from pipelines.model.tally import Award, Unit, UnitTally
from pipelines.rulebook.load import load_rulebook
from pipelines.rulebook.load import scored as named
from pipelines.stages.judge import Judge
from pipelines.stages.rank import grade, rank
from pipelines.stages.settle import Settler
from scripts.rulebook_reference import MANUALS
from tests.examples.counted import scored, verdicts

MONTH, DUE, LATE = "2026-01", datetime(2026, 1, 9, 18), datetime(2026, 1, 9, 18, 0, 1)
WORDS = {"zh": "试", "en": "trial"}
MEASURES = {  # id → (among, where)
    "due": ("", {"role": "lead"}),
    "completed": ("due", {"closed_at": {"given": "true"}}),
    "in_time": ("due", {"closed_at": {"at_most": "reply_due_at"}}),
    "signed": ("due", {"signed_at": {"at_most": "sign_due_at"}}),
    "replied": ("due", {"replied_at": {"at_most": "reply_due_at"}}),
    "called_back": ("due", {"rated_at": {"given": "true"}}),
    "at_once": ("due", {"closed_at": {"at_most": "sign_due_at"}}),
    "responded": ("due", {"replied_at": {"given": "true"}}),
    "solved": ("due", {"closed_at": {"given": "true"}, "public_rating": {"not": "dissatisfied"}}),
    "rated": ("due", {"public_rating": {"given": "true"}}),
    "satisfied": ("rated", {"public_rating": ["satisfied", "basically_satisfied"]}),
    "by_web": ("due", {"channel": "web"}),
    "by_web_in_time": ("by_web", {"closed_at": {"at_most": "reply_due_at"}}),
}
OTHERS = {  # id → (table, its moment, where)
    "returned": ("incidents", "occurred_at", {"verified": "true", "incident_type": "returned"}),
    "shirked": ("incidents", "occurred_at", {"verified": "true", "incident_type": "shirked"}),
    "articles": ("knowledge", "updated_on", {}),
}


class Trial:
    """A book made for one test, and what it comes to."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.scored = folder / "book", 0
        for name in ("load.check_examples", "measures._try_examples"):  # tried in tests/rules
            monkeypatch.setattr(f"pipelines.rulebook.{name}", lambda *_: None)

    def book(self, rules, items=(("Q1", 100),), verdicts=(), period="month", on=date(2026, 1, 1), **more):
        """The book that says these things; ``rules`` without what every rule says."""
        shutil.rmtree(self.folder, ignore_errors=True)
        sheet = [one if isinstance(one, dict) else {"id": one[0], "full_marks": one[1]} for one in items]
        sections = [{"id": "S", "title": WORDS, "items": [{"title": WORDS, **item} for item in sheet]}]
        head = {
            "format": 2,
            "edition": "trial",
            "title": WORDS,
            "in_force": {"from": "2020-01-01"},
            "period": period,
            "evaluation": {"working_days": 2, "reminder_after_hours": 24},
            "case_rows": {"by": "reply_due_at"},
            "incident_types": {"returned": WORDS, "shirked": WORDS},
            "award_types": {"media": WORDS, "praise": WORDS},
        }
        self._write("rulebook.yaml", head | {"sections": sections} | more)
        self._write("verdicts.yaml", [{"clause": sheet[0]["id"], "title": WORDS, "says": WORDS, "examples": [], **one}
                                      for one in verdicts])
        clauses = "".join(
            f"## {item['id']}\n- zh: 试\n- en: trial\n- no rule zh: 试\n- no rule en: trial\n" for item in sheet
        )
        (self.folder / "regulation.md").write_text(clauses, encoding="utf-8")
        for id, (among, where) in MEASURES.items():
            self._measure(
                id, {"counts": "case_rows", "where": where} | ({"among": among} if among else {"by": "reply_due_at"})
            )
        for id, (table, by, where) in OTHERS.items():
            self._measure(id, {"counts": table, "by": by, "better": "fewer"} | ({"where": where} if where else {}))
        for k, rule in enumerate(rules):
            item = rule.get("item", "Q1")
            common = {"rule": f"rule_{k}", "item": item, "clause": item, "title": WORDS, "says": WORDS, "remedy": WORDS}
            self._write(f"{item}/rule_{k}.yaml", common | {"examples": [{"name": "x", "points": 0}]} | rule)
        return load_rulebook(self.folder, on)

    def _measure(self, id, said):
        self._write(
            f"measures/{id}.yaml",
            {"measure": id, "title": WORDS, "better": "more", "examples": [{"name": "x", "counts": 0}]} | said,
        )

    def _write(self, name, content):
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")  # JSON is YAML

    def units(self, book, counts, groups=None, month=MONTH):
        """(scores, tallies) of units by their counts, both judges agreeing."""
        self.scored += 1
        scores, _, tallies = scored(book, month, counts, groups)
        return scores, tallies

    def total(self, book, counts, group="county", month=MONTH):
        return self.units(book, {"U1": counts}, {"U1": group}, month)[0]["U1"].total

    def of_rows(self, book, rows):
        """The total of a unit with these case rows, each counted by the measures as they are written."""
        types = {column.name: column.type for column in load_contracts().tables["cases"].columns.values()}
        types |= {name: one.type for name, one in derived_of("case_rows").items()} | {"cutoff": "timestamp"}
        rows = [{"role": "lead", "reply_due_at": DUE, **row} for row in rows]
        asks = {id: Reader({}, types).asks(book.measures[id].written) for id in MEASURES}
        counted = {id: sum(int(asks[id](row)) for row in rows) for id in MEASURES}
        return self.total(book, counted | {"case_rows": len(rows)})

    def tally(self, book, months, **facts):
        """What one unit comes to whose counts are by month, or who has marks and awards."""
        self.scored += 1
        by_month = {id: dict(zip(months, n, strict=True)) for id, n in facts.pop("counts", {}).items()}
        given = [Award(f"w{k}", kind, f"m{k}", date(2026, 1, 1 + k)) for k, kind in enumerate(facts.pop("awards", ()))]
        by_month = {id: by_month.get(id, {}) for id in book.measures}
        marks = {item: points(str(mark)) for item, mark in facts.pop("assessed", {}).items()}
        tally = UnitTally(Unit("U1", "U1", "county", True), 1, by_month, {}, marks, tuple(given))
        scores, _, _ = Settler(book, {}).settle(tally, Judge(book, {}, months).judge(tally)[0])
        return scores


@pytest.fixture
def trial(tmp_path, monkeypatch):
    one = Trial(tmp_path, monkeypatch)
    yield one
    assert one.scored, "a mechanism is shown by a score"


def worth(part, of="due", points=100, **more):
    return {"part": part, "of": of, "worth": points, **more}


def short(part="completed", target=95, each=1, deduct=1, mode="pro_rata", **more):
    return {
        "part": part,
        "of": "due",
        "target": target,
        "short": {"each": each, "deduct": deduct, "mode": mode},
        **more,
    }


def slug(name: str) -> str:
    return "test_" + re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


@pytest.mark.parametrize("lang", MANUALS)
def test_every_mechanism_of_the_manual_has_its_test(lang):
    text = MANUALS[lang].read_text(encoding="utf-8").split("<!-- mechanisms")[1].split("<!-- end -->")[0]
    rows = [row for row in re.findall(r"(?m)^\| ([^|]+) \| ([^|]+) \|", text) if not row[0].startswith("---")][1:]
    assert len(rows) == 31
    if lang == "en":
        tests = {
            name for name, one in globals().items() if name.startswith("test_") and "trial" in one.__code__.co_varnames
        }
        assert {slug(name) for name, _ in rows} == tests


def test_pro_rata_per_percentage_point(trial):
    book = trial.book([short()])
    assert trial.total(book, {"due": 8, "completed": 7}) == Fraction("92.5")  # 87.5 %, 7.5 points short


def test_dated_targets(trial):
    target = [{"to": "2026-06-30", "at": 90}, {"from": "2026-07-01", "at": 95}]
    book = trial.book([short(target=target)])
    of = {"due": 100, "completed": 90}
    assert [trial.total(book, of, month=month) for month in ("2026-06", "2026-07")] == [100, 95]


def test_item_floor_above_zero(trial):
    book = trial.book([short(deduct=3)], items=[{"id": "Q1", "full_marks": 25, "floor": 12.5}])
    totals = [trial.total(book, {"due": 600, "completed": n}) for n in (546, 545, 544)]  # 4, 4.17, 4.33 points short
    assert totals == [13, Fraction("12.5"), Fraction("12.5")]


def test_rate_rounded_first(trial):
    exact, printed = (trial.book([short(deduct=3, **more)]) for more in ({}, {"round_rate": 1}))
    assert trial.total(exact, {"due": 7, "completed": 6}) == Fraction("72.14")
    assert trial.total(printed, {"due": 7, "completed": 6}) == Fraction("72.1")  # 85.7 %


def test_on_time_completion_rate(trial):
    book = trial.book([worth("in_time")])
    assert trial.of_rows(
        book, [{"closed_at": DUE}, {"closed_at": LATE}, {}, {"closed_at": DUE, "role": "assist"}]
    ) == Fraction("33.33")


def test_completion_and_on_time_completion_side_by_side(trial):
    book = trial.book([worth("completed", points=40), worth("in_time", points=60)])
    assert trial.of_rows(book, [{"closed_at": DUE}, {"closed_at": LATE}]) == 70


def test_timely_signing_rate(trial):
    book = trial.book([worth("signed")])
    rows = [{"sign_due_at": DUE, "signed_at": DUE}, {"sign_due_at": DUE, "signed_at": LATE}]
    assert trial.of_rows(book, rows) == 50


def test_on_time_reply_rate(trial):
    book = trial.book([worth("replied")])
    assert trial.of_rows(book, [{"replied_at": DUE}, {"replied_at": DUE}, {"replied_at": LATE}, {}]) == 50


def test_call_back_or_verification_rate(trial):
    book = trial.book([worth("called_back")])
    assert trial.of_rows(book, [{"rated_at": DUE}, {"rated_at": DUE}, {"rated_at": LATE}, {}]) == 75


def test_returned_redone_done_at_once_rate(trial):
    """Done at once is a part of what is due; what comes back is counted per hundred due."""
    back = {"deduct": 1, "measure": "returned", "per": {"each": 100, "of": "due"}}
    book = trial.book([short("at_once", 50), back])
    rows = [{"closed_at": DUE, "sign_due_at": DUE}, {"closed_at": LATE, "sign_due_at": DUE}, {}, {}]
    assert trial.of_rows(book, rows) == 75
    assert trial.total(book, {"due": 200, "at_once": 100, "returned": 5}) == Fraction("97.5")


def test_solved_and_response_rate(trial):
    book = trial.book([worth("solved", points=50), worth("responded", points=50)])
    rows = [
        {"closed_at": DUE, "public_rating": "dissatisfied", "replied_at": DUE},
        {"closed_at": DUE, "replied_at": DUE},
    ]
    assert trial.of_rows(book, rows) == 75


def test_weighted_sum_of_rates(trial):
    book = trial.book([worth("completed", points=30), worth("satisfied", "rated", 35), worth("responded", points=35)])
    assert trial.total(book, {"due": 10, "completed": 9, "rated": 5, "satisfied": 4, "responded": 6}) == 27 + 28 + 21


def test_own_denominators_one_channel_one_type(trial):
    book = trial.book([worth("by_web_in_time", "by_web")])
    rows = [{"channel": "web", "closed_at": DUE}, {"channel": "web"}, {"channel": "phone"}, {"channel": "phone"}]
    assert trial.of_rows(book, rows) == 50


def test_other_marks_by_group_of_units(trial):
    sheets = [{"groups": ["town"], "items": {"Q1": {"full_marks": 40}}}]
    book = trial.book([worth("completed", points="full")], sheets=sheets, rank={"all_by": "share"})
    totals = [trial.total(book, {"due": 4, "completed": 3}, group) for group in ("town", "county")]
    assert totals == [30, 75]


def places(trial, book, completed, groups=None, case_rows=10):
    units = {f"U{k}": {"due": 10, "completed": n, "case_rows": case_rows if n is not None else 0}
             | ({} if n is not None else {"completed": 0}) for k, n in enumerate(completed)}
    scores, tallies = trial.units(book, units, groups)
    return {one.unit_id: one for one in rank(book, {}, tallies, scores)}, scores, tallies


def test_ranking_inside_named_groups(trial):
    groups = {"U0": "county", "U1": "town", "U2": "county", "U3": "town"}
    standings, _, _ = places(trial, trial.book([worth("completed")]), [9, 8, 7, 6], groups)
    assert {id: (one.rank, one.group_rank) for id, one in standings.items()} == {
        "U0": (1, 1), "U1": (2, 1), "U2": (3, 2), "U3": (4, 2)}


def test_month(trial):
    book = trial.book([short()])
    assert str(named(trial.folder, Period.parse("2026-01"))) == "2026-01"
    assert trial.total(book, {"due": 100, "completed": 94}) == 99


def test_cumulative_span_half_year_year_year_from_another_month(trial):
    """One rate over all months; a year from November is named by the year in which it ends."""
    for period, asked, length in (("span", "2026-01..2026-04", 4), ("half_year", "2026H1", 6), ("year", "2026", 12)):
        book = trial.book([worth("completed")], period=period, year_starts=11 if period == "year" else 1)
        months = named(trial.folder, Period.parse(asked)).months
        counts = {"due": [10] * length, "completed": [10] + [5] * (length - 1)}
        expected = Fraction(100 + 50 * (length - 1), length).limit_denominator(1000)
        assert len(months) == length and round(trial.tally(book, months, counts=counts)["Q1"], 2) == round(expected, 2)
    assert (months[0], months[-1]) == ("2025-11", "2026-10")


def test_year_out_of_months(trial):
    """Each month is judged by itself, and the year is their mean: 12 months, of which one is 12 points short."""
    book = trial.book([short(per={"month": "mean"})], period="year")
    months = named(trial.folder, Period.parse("2026")).months
    counts = {"due": [100, 10] + [100] * 10, "completed": [83, 10] + [100] * 10}
    assert trial.tally(book, months, counts=counts)["Q1"] == 99


def test_items_with_any_ids(trial):
    items = [("K7", 30), ("K7.2", 20), ("Z12.34", 50)]
    book = trial.book([{"item": id, **worth("completed", points=marks)} for id, marks in items], items=items)
    assert list(book.items) == [id for id, _ in items] and trial.total(book, {"due": 2, "completed": 1}) == 50


def test_organisation_and_staff_as_marks(trial):
    book = trial.book([{"assessed": "Q1"}, {"item": "Q2", "assessed": "Q2"}], items=[("Q1", 5), ("Q2", 10)])
    scores = trial.tally(book, (MONTH,), assessed={"Q1": 4.5, "Q2": 7})
    assert (scores["Q1"], scores["Q2"]) == (Fraction("4.5"), 7)


def test_spot_checks_by_hand(trial):
    """What inspectors find is a row of incidents: so much for each, up to a bound."""
    book = trial.book([{"deduct": 2, "measure": "shirked", "at_most": 6}])
    assert [trial.total(book, {"shirked": n}) for n in (0, 1, 3, 4)] == [100, 98, 94, 94]


def test_knowledge_base_in_the_score(trial):
    bands = [{"at_least": 5, "points": 10}, {"at_least": 1, "points": 4}, {"points": 0}]
    book = trial.book([{"measure": "articles", "bands": bands}], items=[("Q1", 10)])
    assert [trial.total(book, {"articles": n}) for n in (0, 1, 4, 5)] == [0, 4, 4, 10]


def test_own_bonus_kinds_tiers_caps(trial):
    rules = [{"item": "Q9", "measure": "media", "tiers": [{"from": 1, "award": 2}, {"from": 3, "award": 1}]},
             {"item": "Q9", "measure": "praise", "award": 3, "at_most": 6}]
    book = trial.book(rules, items=[("Q1", 100), ("Q9", 0)], bonus={"cap": 9})
    for awards, bonus in ((["media"] * 3, 5), (["praise"] * 3, 6), (["media"] * 2 + ["praise"] * 2, 9)):
        assert trial.tally(book, (MONTH,), awards=awards)["Q9"] == bonus


def test_own_deduction_kinds(trial):
    rules = [{"deduct": 1, "measure": "returned", "beyond": 2}, {"deduct": 5, "measure": "shirked"}]
    book = trial.book(rules)
    assert [trial.total(book, {"returned": n, "shirked": m}) for n, m in ((2, 0), (3, 0), (3, 1))] == [100, 99, 94]


def listed(trial, when, completed, groups=None):
    verdict = {"verdict": "listed", "list": "commend", "when": [when]}
    book = trial.book([worth("completed")], verdicts=[verdict])
    _, scores, tallies = places(trial, book, completed, groups)
    return {unit for unit, _ in verdicts(book, scores, tallies)}


def test_first_n_of_a_group(trial):
    groups = {f"U{k}": "county" if k % 2 else "town" for k in range(6)}
    assert listed(trial, {"fact": "group_place", "at_most": 2}, [9, 8, 7, 6, 5, 4], groups) == {"U0", "U1", "U2", "U3"}


def test_last_n_of_all(trial):
    assert listed(trial, {"fact": "from_bottom_of_all", "at_most": 2}, [9, 8, 7, 6, 6]) == {"U3", "U4"}
    assert listed(trial, {"fact": "from_bottom_of_all", "at_most": 2}, [9, 8, 7, 6, 5]) == {"U3", "U4"}


def test_grades_by_score(trial):
    grades = [{"id": "good", "at_least": 90, "title": WORDS}, {"id": "fair", "at_least": 60, "title": WORDS},
              {"id": "poor", "at_least": 0, "title": WORDS}]
    book = trial.book([worth("completed")], grades=grades)
    expected = {900: "good", 899: "fair", 600: "fair", 599: "poor"}
    scores, tallies = trial.units(book, {f"U{n}": {"due": 1000, "completed": n, "case_rows": 1} for n in expected})
    assert {n: grade(book, scores[f"U{n}"], tallies[f"U{n}"]) for n in expected} == expected


def test_minimum_rates_with_an_order_to_mend(trial):
    assert listed(trial, {"rate": ["completed", "due"], "less_than": 80}, [9, 8, 7]) == {"U2"}


def test_units_without_cases_not_ranked(trial):
    standings, _, _ = places(trial, trial.book([worth("completed")]), [9, None, 7])
    assert {id: one.rank for id, one in standings.items()} == {"U0": 1, "U2": 2, "U1": None}


def test_ties_share_a_place(trial):
    standings, _, _ = places(trial, trial.book([worth("completed")]), [9, 8, 8, 7])
    assert {id: one.rank for id, one in standings.items()} == {"U0": 1, "U1": 2, "U2": 2, "U3": 4}


def test_five_grades_or_two_star_questions_and_any_number_of_decimals(trial):
    """The city's grades are mapped onto the contract's three; totals are published with as many decimals as it says."""
    for decimals, total in ((0, 67), (1, Fraction("66.7")), (2, Fraction("66.67"))):
        book = trial.book([worth("satisfied", "rated")], decimals=decimals)
        rows = [{"public_rating": grade} for grade in ("satisfied", "basically_satisfied", "dissatisfied")]
        assert trial.of_rows(book, rows) == total
