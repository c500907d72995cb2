"""The panel's report and the appointments: figures that can be counted by hand (E0.1, E1.0, E7.0)."""

import csv
import json
import shutil
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from pipelines.evaluators.eligibility import endings, months_before, odd_terms, vacancies
from pipelines.evaluators.reports import (
    Severity,
    certificate_page,
    endings_page,
    incomplete_beta,
    jeffreys,
    panel_page,
    panel_report,
    percent,
    write_appointments,
    write_certificate,
    write_report,
)
from pipelines.model.period import Period
from pipelines.model.words import UsageRefusal
from pipelines.paths import RULES
from pipelines.sample.make import make_sample
from tests.evaluators.office import Office, act, case, person, rules

T0 = datetime(2026, 7, 6, 9)
DAY = timedelta(days=1)
STANDARD = RULES / "standard"


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(0, 0, 0, 1), (0, 5, 0, 0.3794), (5, 5, 0.6206, 1), (1, 10, 0.0110, 0.3813), (5, 10, 0.2235, 0.7765),
     (50, 179, 0.2176, 0.3482)],
)
def test_jeffreys_interval_is_the_published_one(k, n, low, high):
    assert jeffreys(k, n) == pytest.approx((low, high), abs=6e-4)


@pytest.mark.parametrize(("a", "b"), [(0.5, 5.5), (3.5, 2.5), (40.5, 60.5)])
def test_the_incomplete_beta_function_is_the_integral_of_its_density(a, b):
    grid = (np.arange(200_000) + 0.5) / 200_000
    density = grid ** (a - 1) * (1 - grid) ** (b - 1)
    for x in (0.1, 0.35, 0.8):
        assert incomplete_beta(a, b, x) == pytest.approx(density[grid < x].sum() / density.sum(), abs=2e-3)


def test_severity_is_marked_only_where_the_panel_lies_outside_the_interval():
    panel = Severity(50, 100)
    assert Severity(3, 3).against(panel) == "" and Severity(0, 0).against(panel) == ""
    assert Severity(20, 20).against(panel) == "strict" and Severity(0, 20).against(panel) == "lenient"


def test_the_report_counts_what_happened(tmp_path):
    people = [person("E1", employer_unit_id="U2"), person("E2", background="other", fields=("交通",)), person("E3")]
    office = Office(tmp_path / "s", people, [case("C1"), case("C2"), case("C3", "U2")])
    one, two, three = office.step(T0).assignments.values()
    office.step(T0 + DAY, act(one, "rate", T0 + 0.2 * DAY), act(two, "return", T0 + 0.1 * DAY))
    rated = act(three, "rate", T0 + 1.1 * DAY, rating="dissatisfied")
    state = office.step(T0 + 1.2 * DAY, rated, act(three, "rate", T0 + 1.1 * DAY, "z"))
    report = panel_report(state, office.seen, rules(), T0 + 1.2 * DAY)
    assert {name: report["size"][name] for name in ("wanted", "in_force", "vacant", "backgrounds", "fields")} == {
        "wanted": 50, "in_force": 3, "vacant": 47, "backgrounds": {"expert": 2, "other": 1}, "fields": {"交通": 1},
    }
    assert report["work"] == {
        "cases": 3, "assignments": 4, "rated": 2, "reminded": 1, "returned": 1, "withdrawn": 0, "reassigned": 1,
        "open": 1, "waiting": 0, "pending": 0, "on_time": (2, 2), "conflicts_blocked": 1,
    }
    assert report["overturned"]["share"] == (1, 2) and report["refused"] == 1
    assert [(line["unit_id"], line["overturned"]) for line in report["overturned"]["units"]] == [("U1", 1), ("U2", 0)]
    assert [(one["evaluator_id"], one["assignments"], one["rated"]) for one in report["evaluators"]] == [
        ("E1", 2, 1), ("E2", 1, 0), ("E3", 1, 1),
    ]


def a_day_at_the_office(folder):
    """One case is rated, one asked about, answered and given back twice; then E1 is away and E3's term is over."""
    people = [
        person("E1", away_from=date(2026, 7, 7)),
        person("E2", background="other", fields=("交通", "城建"), employer_unit_id="U9"),
        person("E3", background=None, fields=("交通",), term_ends_on=T0.date()),
    ]
    office, hour = Office(folder, people, [case("C1"), case("C2", "U2")]), DAY / 24
    one, two = office.step(T0).assignments.values()
    told = [act(two, "ask", T0 + hour), act(two, "answered", T0 + 2 * hour)]
    told.append(act(two, "return", T0 + 3 * hour, reason="难"))
    rated = act(one, "rate", T0 + hour, rating="dissatisfied", reason="未办")
    (three,) = office.step(T0 + 3 * hour, rated, *told).open.values()
    office.step(T0 + 4 * hour, act(three, "return", T0 + 4 * hour, reason="难"))
    return office


def page_at(office, at, simulated=False):
    return panel_page(panel_report(office.step(at), office.seen, rules(), at), at, simulated)


def columns(lines, *names):
    return [tuple(line[name] for name in names) for line in lines]


def test_the_panels_page_says_the_figures_of_a_day_in_words(tmp_path):
    page = page_at(a_day_at_the_office(tmp_path / "s"), T0 + DAY, simulated=True)
    assert page["frame"] == {"at": "2026-07-07 09:00", "simulated": "模拟数据"}
    assert page["figures"] == [("在聘 / 定额", "2 / 50"), ("暂停", "1"), ("按时评价", "100.0%"),
                               ("改变公众评价", "0.0%"), ("待派", "0"), ("未评价", "0")]
    assert page["vacant"].startswith("比定额少 48 人") and page["odd_terms"] == "E1、E2"
    assert page["backgrounds"] == [("行业专家", 1), ("其他", 1)] and page["without_employer"] == 1
    assert [n for _, n in page["work"]] == [2, 4, 1, 0, 2, 0, 2, 1, 0, 0, 0]
    assert page["severity"] == {"upheld": "1/1", "share": "100.0%", "interval": "15%–100%", "against": ""}
    shown = ("evaluator_id", "background", "last_day", "marks", "assignments", "rated", "returned", "open", "interval")
    assert columns(page["evaluators"], *shown) == [
        ("E1", "行业专家", "2030-12-31", "暂停中", 2, 1, 0, 1, "15%–100%"),
        ("E2", "其他", "2030-12-31", "", 1, 0, 1, 0, "—"),
        ("E3", "未填", "2026-07-06", "不在聘期", 1, 0, 1, 0, "—"),
    ]
    assert columns(page["attention"], "clause", "who", "what")[:3] == [
        ("E2.0", "E1 name of E1", "未填专业领域，派评时无法对口"),
        ("E5.3", "E1 name of E1", "有 1 件评价没有说全三项要点"),
        ("E5.4", "E1 name of E1", "暂停没有截止日期"),
    ]
    hard = ("case_id", "assignments", "returned", "outcome", "reasons", "suggestions")
    assert columns(page["hard"], *hard) == [("C2", 3, 2, "未评价", "难", "尚无调研建议，请市政府办公室委托调研")]
    asked = ("unit_name", "case_id", "evaluator_id", "asked_at", "outcome")
    answered = ("U2", "C2", "E2", "2026-07-06 10:00:00", "单位 2026-07-06 11:00:00 已提供")
    assert columns(page["asked"], *asked) == [answered]
    assert columns(page["points"], "unit_id", "rated", "spoken", "duty_done") == [("U1", 1, 0, 0)]
    assert "最近 365 天没有组织评价员学习" in page["no_training"]


def test_before_anything_happened_the_page_has_dashes_and_the_fields_that_most_have_come_first(tmp_path):
    people = [person("E2", fields=("城建", "交通")), person("E1", fields=("交通",)), person("E3", fields=("Ａ",))]
    page = page_at(Office(tmp_path / "s", people, []), T0)
    assert [shown for _, shown in page["figures"]] == ["3 / 50", "0", "—", "—", "0", "0"]
    assert page["fields"] == [("交通", 2), ("城建", 1), ("Ａ", 1)] and page["frame"]["simulated"] == ""
    assert page["severity"] is None  # of all there is nothing to tell
    assert [one["marks"] for one in page["evaluators"]] == ["", "", ""]


def test_a_hard_case_says_what_a_study_suggested_and_an_evaluator_who_is_strict_is_marked(tmp_path):
    office = Office(tmp_path / "s", [person(f"E{n}") for n in (1, 2)], [case(f"C{n}") for n in range(16)])
    given = list(office.step(T0).assignments.values())
    rates = [act(one, "rate", T0 + 0.1 * DAY, rating="dissatisfied" if one.evaluator_id == "E1" else "satisfied")
             for one in given[:14]]
    back = act(given[14], "return", T0 + 0.1 * DAY, reason="甲")
    (again,) = (one for one in office.step(T0 + 0.1 * DAY, *rates, back).open.values() if one.number == 2)
    study = act(again, "study", T0 + 0.3 * DAY, reason="分级办理")
    office.step(T0 + 0.3 * DAY, act(again, "return", T0 + 0.2 * DAY, reason="乙"), study)
    page = page_at(office, T0 + 0.3 * DAY)
    assert columns(page["evaluators"], "evaluator_id", "upheld", "share", "against") == [
        ("E1", "7/7", "100.0%", "偏严"), ("E2", "0/7", "0.0%", "偏宽"),
    ]
    assert columns(page["hard"], "reasons", "suggestions") == [("甲；乙", "分级办理")]


@pytest.mark.parametrize(
    ("part", "of", "shown"),
    [(0, 0, "—"), (0, 3, "0.0%"), (1, 3, "33.3%"), (1, 16, "6.3%"), (2, 3, "66.7%"), (3, 3, "100.0%")],
)
def test_a_share_is_shown_in_tenths_half_up(part, of, shown):
    assert percent(part, of) == shown


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [("2026-07-31", 1, "2026-06-30"), ("2026-03-31", 1, "2026-02-28"), ("2026-01-15", 1, "2025-12-15"),
     ("2026-12-31", -2, "2027-02-28")],
)
def test_a_month_before_is_the_same_day_or_the_months_last(day, months, then):
    assert months_before(date.fromisoformat(day), months) == date.fromisoformat(then)


def test_notice_is_due_a_month_before_the_end_and_the_proposal_fits():
    on = date(2026, 7, 20)
    panel = (
        person("E1", term_ends_on=date(2026, 9, 20)),
        person("E2", term_ends_on=date(2026, 9, 21)),
        person("E3", ended_on=date(2026, 8, 1)),
        person("E4", term_ends_on=date(2026, 7, 19)),
        person("E5", term_ends_on=date(2026, 6, 19)),
    )
    found = {one.evaluator.evaluator_id: (str(one.notice_by), one.proposal) for one in endings(panel, on, rules())}
    assert list(found) == ["E4", "E3", "E1"]
    assert found == {"E1": ("2026-08-20", "renewal"), "E3": ("2026-07-01", "replacement"), "E4": ("2026-06-19", "over")}
    assert vacancies(panel, on, rules()) == 47


def test_a_term_that_is_not_two_years_is_named():
    right = person("E1", appointed_on=date(2025, 3, 1), term_ends_on=date(2027, 2, 28))
    wrong = person("E2", appointed_on=date(2025, 3, 1), term_ends_on=date(2028, 2, 29))
    assert [one.evaluator_id for one in odd_terms((right, wrong), rules())] == ["E2"]


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    make_sample(folder / "x", Period.parse("2026Q3"), 6, 300, 3)
    return folder


def test_the_pages_are_written_for_the_office_alone_and_hold_their_figures(sample, tmp_path):
    from pipelines.evaluators.desk import Work, take_steps

    state = tmp_path / "s"
    take_steps(Work(sample / "x", None, state), [T0, T0 + DAY])
    files = write_report(sample / "x", state, T0 + DAY, STANDARD)
    files += write_appointments(sample / "x", state, T0 + DAY, STANDARD)
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}
    report = json.loads((state / "panel.json").read_text(encoding="utf-8"))
    page = (state / "panel.html").read_text(encoding="utf-8")
    assert f"{report['size']['in_force']} / 50" in page and "限制查阅" in page and "模拟数据" in page
    assert "default-src 'none'" in page and page.index("提请关注") < page.index("疑难办件")
    assert "的件数。区间是" in page  # nobody has rated, and nothing is said of all
    lines = list(csv.DictReader((state / "appointments.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [line["evaluator_id"] for line in lines] == ["E001", "E002", "E003"]


def test_the_table_of_appointments_has_the_employer_or_nothing_and_what_is_to_be_done(sample, tmp_path):
    exports, state = tmp_path / "x", tmp_path / "s"
    shutil.copytree(sample / "x", exports)
    text = (exports / "evaluators.csv").read_text(encoding="utf-8-sig")
    (exports / "evaluators.csv").write_text(text.replace("U001", "", 1), encoding="utf-8")
    _, file = write_appointments(exports, state, T0, STANDARD)
    lines = list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines()))
    shown = columns(lines, "evaluator_id", "employer_unit_id", "todo")
    assert [line[:2] for line in shown[:3]] == [("E001", "U005"), ("E002", ""), ("E003", "U006")]
    assert "resigned_late;ask_replacement" in {todo for _, _, todo in shown}


def test_the_report_is_printed_within_its_margins_where_paper_is_asked_for(sample, tmp_path):
    from pypdf import PdfReader

    from pipelines.edges.paper import paper_problem
    from pipelines.evaluators.desk import Work, take_steps

    if problem := paper_problem():
        pytest.skip(str(problem))
    take_steps(Work(sample / "x", None, tmp_path / "s"), [T0])
    *_, file = write_report(sample / "x", tmp_path / "s", T0, STANDARD, pdf=True)
    pages = PdfReader(file).pages
    assert file.name == "panel.pdf" and oct(file.stat().st_mode & 0o777) == "0o600"
    assert "限制查阅" in pages[0].extract_text() and float(pages[0].mediabox.width) < float(pages[0].mediabox.height)
    ends = []
    for page in pages:
        page.extract_text(visitor_text=lambda text, cm, tm, *_: text.strip() and ends.append(cm[0] * tm[4] + cm[4]))
    assert 400 < max(ends) < float(pages[0].mediabox.width) - 60


def test_an_appointment_whose_notice_is_overdue_says_so():
    """E7.0: told until 30 June, looked at on 20 July."""
    from pipelines.evaluators.reports import endings_page

    on = datetime(2026, 7, 20)
    panel = person("E1", term_ends_on=date(2026, 7, 31)), person("E2", term_ends_on=date(2026, 9, 1))
    page = endings_page(endings(panel, on.date(), rules()), 0, on, False, {})
    assert [one["late"] for one in page["endings"]] == ["（已过）", ""]


def test_an_appointment_that_ends_says_why_whom_it_concerns_and_what_is_to_be_done():
    """E7.0: renewal asked for, ended early and replaced, and one of whom nothing is known."""
    on = datetime(2026, 7, 20)
    panel = (
        person("E1", term_ends_on=date(2026, 8, 31), employer_unit_id="U1", recommended_by="市政协"),
        person("E2", ended_on=date(2026, 8, 1)),
        person("E3", term_ends_on=date(2026, 7, 10), employer_unit_id="U9"),
    )
    steps = (("E2", "resigned", date(2026, 6, 30)), ("E2", "released", date(2026, 7, 2)))
    page = endings_page(endings(panel, on.date(), rules(), steps), 48, on, True, {"U1": "甲局"})
    shown = ("evaluator_id", "employer", "early", "proposal", "recommended_by", "steps", "todo")
    assert page["vacant"] == 48 and columns(page["endings"], *shown) == [
        ("E3", "U9", "", "已届满：补办续聘，或请推荐单位推荐替换人选", "—", "", "请市政府办公室决定续聘与否"),
        ("E2", "—", "（提前解聘）", "请推荐单位推荐替换人选", "—", "2026-06-30 申请不再担任；2026-07-02 解除聘任",
         "请推荐单位推荐替换人选"),
        ("E1", "甲局", "", "征求本人意愿：续聘，或由推荐单位另荐人选", "市政协", "", ""),
    ]


def test_the_days_of_a_certificate_are_those_of_the_appointment():
    one = person("E1", appointed_on=date(2025, 3, 1), term_ends_on=date(2027, 2, 28))
    page = certificate_page(one, T0, False, rules())
    assert (page["first"], page["last"], page["years"], page["on"]) == (
        "2025年3月1日", "2027年2月28日", 2, "2025年3月1日",
    )


def test_a_certificate_says_who_and_for_how_long(sample, tmp_path):
    from pypdf import PdfReader

    from pipelines.edges.paper import paper_problem

    if problem := paper_problem():
        pytest.skip(str(problem))
    file = write_certificate(sample / "x", tmp_path / "s", "E005", T0, STANDARD)
    (page,) = PdfReader(file).pages
    text = "".join(page.extract_text().split())
    assert "聘书" in text and "聘期2年" in text and "E005" in text
    assert float(page.mediabox.width) > float(page.mediabox.height)
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    assert "自2025年" in text and "日起至2027年" in text
    with pytest.raises(UsageRefusal, match="E05"):
        write_certificate(sample / "x", tmp_path / "s", "E05", T0, STANDARD)
