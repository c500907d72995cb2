"""A month, a half, a year from November and a span, end to end: folders, tables, pages, what-if, comparison."""

import csv
import json
import re
import shutil

import pytest

from pipelines import Quarter
from pipelines.assess import Request, Run
from pipelines.edges.published import PublishedQuarter
from pipelines.explain import compare
from pipelines.model.period import LENGTH, Period
from pipelines.model.words import UsageRefusal
from pipelines.paths import RULES
from pipelines.rulebook.load import load_rulebook
from pipelines.sample.make import make_sample
from tests.cli.conftest import Checked

pytestmark = pytest.mark.long

TOLD = (".html", ".csv", ".json", ".md")
STRAY = re.compile(r"季|[Qq]uarter")
# kind, year_starts, the period as asked, its folder, its months, what its pages call it, and the one before
RUNS = [
    ("month", "1", "2026年7月", "2026-07", 1, ("2026年7月", "July 2026", "本月", "与上月（2026年6月）相比"), "2026-06"),
    ("half_year", "1", "2026H1", "2026H1", 6,
     ("2026年上半年", "first half of 2026", "本半年", "与上个半年（2025年下半年）相比"), "2025H2"),
    ("year", "11", "2026", "2026", 12, ("2026年度", "2026", "本年度", "与上年同期（2025年度）相比"), "2025"),
    ("span", "1", "2026-01..2026-04", "2026-01..2026-04", 4,
     ("2026年1月至4月", "January to April 2026", "本考核期", "与上一考核期（2025年9月至12月）相比"),
     "2025-09..2025-12"),
]


def without_lists(text: str) -> str:
    """A rule without its examples that give a count for each of three months."""
    return re.sub(r"(?m)^.*\[\d+(?:, \d+){2}\].*\n", "", text)


def book_of(folder, kind: str, starts: str):
    """A copy of the standard edition that scores another kind of period, in words that name no quarter."""
    book = shutil.copytree(RULES / "standard", folder)
    for file in (file for file in book.rglob("*") if file.suffix in (".yaml", ".md")):
        text = file.read_text(encoding="utf-8").replace("季度", "期").replace("quarter", "period")
        file.write_text(text if LENGTH.get(kind, 3) == 3 else without_lists(text), encoding="utf-8")
    with (book / "rulebook.yaml").open("a", encoding="utf-8") as stream:
        stream.write(f"period: {kind}\nyear_starts: {starts}\n")
    return book


@pytest.fixture(scope="module", params=RUNS, ids=[one[0] for one in RUNS])
def done(request, tmp_path_factory):
    """Two periods in a row, the later with what it is expected to be."""
    kind, starts, asked, *told, before = request.param
    place = tmp_path_factory.mktemp(kind)
    book = book_of(place / "book", kind, starts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.assess.start_quality", lambda *facts: Checked(facts[-1]))
        for name in (before, asked):
            period = Period.parse(name, int(starts))
            make_sample(place / str(period), period, units=6, cases=240, seed=5)
            with Run(Request(Period.parse(name), place / str(period), place / "out", rules=book, pdf=False)) as run:
                run.run()
    return place / "out", before, told


def test_the_folder_has_the_canonical_name_and_the_months_are_counted(done):
    out, before, (name, months, *_) = done
    assert {entry.name for entry in out.iterdir()} >= {name, before}
    feed = json.loads((out / name / "result.json").read_text(encoding="utf-8"))
    first, last = (tuple(map(int, feed[key][:7].split("-"))) for key in ("period_start", "period_end"))
    assert 12 * (last[0] - first[0]) + last[1] - first[1] == months
    with (out / name / "ledger.csv").open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert {line["period"] for line in lines} == {name} and len({line["month"] for line in lines} - {""}) == months


def test_its_pages_name_it_and_no_quarter(done):
    out, _, (name, _, words) = done
    texts = {
        file.relative_to(out / name): file.read_text(encoding="utf-8-sig")
        for file in (out / name).rglob("*")
        if file.suffix in TOLD and file.name != "result.schema.json"
    }
    zh, en, this, _ = words
    for page, found in (("index.html", zh), ("bulletin.html", zh), ("index.en.html", en), ("index.html", this)):
        assert found in next(text for file, text in texts.items() if str(file) == page), page
    stray = {str(file): STRAY.findall(text) for file, text in texts.items()}
    assert {file: found for file, found in stray.items() if found} == {}
    assert not STRAY.search((out / "index.html").read_text(encoding="utf-8"))


def test_it_is_compared_with_the_period_before(done):
    out, before, (name, _, (*_, compared)) = done
    earlier = json.loads((out / name / "manifest.json").read_text(encoding="utf-8"))["earlier"]
    assert [one["period"] for one in earlier] == [before]
    assert compare(PublishedQuarter.open(out / before), PublishedQuarter.open(out / name))
    assert compared in (out / name / "bulletin.html").read_text(encoding="utf-8")


def test_it_is_open_to_what_if(done):
    out, _, (name, months, _) = done
    opened = Quarter.open(name, out=out)
    assert len(opened.period.months) == months
    assert opened.what_if({"late_reply.deduct": 1}).compare() is not None
    for months_read in ("mean", "pooled"):
        assert len(opened.what_if(readings={"months": months_read, "shortfall": "pro_rata"}).ranking) == 6


@pytest.mark.parametrize(("kind", "asked", "near"), [
    ("quarter", "2026-07", "2026Q3"), ("quarter", "2026H2", "2026Q3"), ("quarter", "2026", "2026Q1"),
    ("month", "2026Q3", "2026-07"), ("half_year", "2026-07", "2026H2"), ("year", "2026Q3", "2026"),
])
def test_what_the_book_does_not_score_is_refused_with_the_nearest_that_it_does(tmp_path, kind, asked, near):
    book = book_of(tmp_path / "book", kind, "1")
    with pytest.raises(UsageRefusal, match=f"最接近的是 {near}。"):
        Run(Request(Period.parse(asked), tmp_path, tmp_path / "out", rules=book))


@pytest.mark.parametrize(("line", "told"), [
    ("period: fortnight", "fortnight"), ("period: qarter", "quarter"), ("year_starts: 0", "year_starts"),
    ("year_starts: 13", "year_starts"), ("year_starts: November", "year_starts"),
])
def test_a_book_that_says_another_period_does_not_load(tmp_path, line, told):
    book = shutil.copytree(RULES / "standard", tmp_path / "book")
    with (book / "rulebook.yaml").open("a", encoding="utf-8") as stream:
        stream.write(f"{line}\n")
    with pytest.raises(UsageRefusal, match=told):
        load_rulebook(book, Period.parse("2026Q3"))
