"""The panel's report and the appointments: figures that can be counted by hand (E0.1, E1.0, E7.0)."""

import csv
import json
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from pipelines.evaluators.eligibility import endings, months_before, odd_terms, vacancies
from pipelines.evaluators.reports import (
    Severity,
    incomplete_beta,
    jeffreys,
    panel_report,
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
)  # fmt: skip
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
    }  # fmt: skip
    assert report["work"] == {
        "cases": 3, "assignments": 4, "rated": 2, "reminded": 1, "returned": 1, "withdrawn": 0, "reassigned": 1,
        "open": 1, "waiting": 0, "pending": 0, "on_time": (2, 2), "conflicts_blocked": 1,
    }  # fmt: skip
    assert report["overturned"]["share"] == (1, 2) and report["refused"] == 1
    assert [(line["unit_id"], line["overturned"]) for line in report["overturned"]["units"]] == [("U1", 1), ("U2", 0)]
    assert [(one["evaluator_id"], one["assignments"], one["rated"]) for one in report["evaluators"]] == [
        ("E1", 2, 1), ("E2", 1, 0), ("E3", 1, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [("2026-07-31", 1, "2026-06-30"), ("2026-03-31", 1, "2026-02-28"), ("2026-01-15", 1, "2025-12-15"),
     ("2026-12-31", -2, "2027-02-28")],
)  # fmt: skip
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
    lines = list(csv.DictReader((state / "appointments.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [line["evaluator_id"] for line in lines] == ["E001", "E002", "E003"]


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
