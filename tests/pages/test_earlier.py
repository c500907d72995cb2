"""What a quarter is compared with: all quarters before it that lie in the same folder."""

import json
from dataclasses import replace

import pytest

from pipelines.edges.published import earlier_periods
from pipelines.model.period import Period
from pipelines.model.words import UsageRefusal, VerificationFailed
from pipelines.publication.verify import _link_earlier
from pipelines.stages.publish import publish
from pipelines.views.compared import changes
from pipelines.wording import say
from tests.pages.fixture import LINES, PERIOD, result, warehouse
from tests.pages.test_pages import shown_text

CHAIN = [PERIOD.ago(n) for n in range(6, -1, -1)]  # 2025Q1 to 2026Q3


def scored(period, out, **more):
    """The invented quarter as another one, compared with what lies in ``out``."""
    return replace(result(), period=period, earlier=earlier_periods(out, period), **more)


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """Seven quarters, one after the other; the third without the fine for one case, the fourth left out."""
    out = tmp_path_factory.mktemp("chain")
    for number, period in enumerate(CHAIN):
        lines = LINES[1:] if number == 2 else LINES
        if number != 3:
            publish(warehouse(lines), scored(period, out, scores=result(lines=lines).scores), out, pdf=False)
    return out


def test_a_scorecard_shows_every_quarter_there_is_and_its_line_has_a_gap(chain):
    text = shown_text((chain / "2026Q3" / "units" / "U001.html").read_text(encoding="utf-8"))
    rows = text.split("较前一季", 1)[1]
    assert [quarter for quarter in map(str, CHAIN) if quarter in text.split("各季度总分", 1)[1][:200]] == [
        "2025Q1", "2025Q2", "2025Q3", "2026Q1", "2026Q2", "2026Q3"]
    assert "2025年第三季度 102.00 +0.50" in rows and "2026年第一季度 101.50 — 1 / 5" in rows
    assert "2025年第四季度" not in rows.split("扣分与加分明细")[0]
    english = (chain / "2026Q3" / "units" / "en" / "U001.html").read_text(encoding="utf-8")
    assert "quarter 3 of 2025" in english and "102.00" in english


def test_the_bulletin_compares_with_the_last_quarter_and_with_the_same_of_last_year(chain):
    text = shown_text((chain / "2026Q3" / "bulletin.html").read_text(encoding="utf-8"))
    assert "与上季度（2026年第二季度）相比，办件数持平，平均总分持平，办结率持平，满意率持平。" in text
    assert "与上年同期（2025年第三季度）相比，办件数持平，平均总分下降0.10分（原95.23分）" in text
    first = shown_text((chain / "2025Q1" / "bulletin.html").read_text(encoding="utf-8"))
    assert "没有" not in first.split("二、排名情况")[0]  # nobody expects a comparison of the first
    gap = shown_text((chain / "2026Q1" / "bulletin.html").read_text(encoding="utf-8"))
    assert "没有2025年第四季度的考核结果，不作环比。" in gap and "与上年同期（2025年第一季度）相比" in gap


def test_quarters_under_other_readings_are_said_to_be_less_comparable(chain):
    quarter = scored(PERIOD, chain)
    assert "不完全可比" not in "".join(changes(quarter, say))
    other = replace(quarter, readings={**quarter.readings, "satisfied": "with_basic"})
    assert "".join(changes(other, say)).count("不完全可比") == 2
    assert "not fully comparable" in changes(other, say, "en")[0]


def test_the_manifest_names_what_was_compared_and_verify_finds_it_again(chain, tmp_path):
    manifest = json.loads((chain / "2026Q3" / "manifest.json").read_text(encoding="utf-8"))
    assert [one["period"] for one in manifest["earlier"]] == [str(p) for p in CHAIN[:-1] if str(p) != "2025Q4"]
    last = manifest["earlier"][-1]
    _link_earlier(last, chain, tmp_path)
    assert (tmp_path / "2026Q2").resolve() == (chain / "2026Q2").resolve()
    with pytest.raises(VerificationFailed, match="2026Q2"):
        _link_earlier({**last, "manifest_sha256": "0" * 64}, chain, tmp_path)


def test_the_published_edition_counts_and_not_a_later_run(tmp_path):
    period = PERIOD.previous
    publish(warehouse(), scored(period, tmp_path), tmp_path, pdf=False)
    place = tmp_path / "published" / str(period)
    place.mkdir(parents=True)
    (tmp_path / str(period)).resolve().rename(place / "2")
    (place / "index.json").write_text('{"editions": [{"folder": "2"}, {"folder": "1"}]}')
    (tmp_path / str(period)).unlink()
    lines = LINES[1:]
    publish(warehouse(lines), scored(period, tmp_path, scores=result(lines=lines).scores), tmp_path, pdf=False)
    (known,) = earlier_periods(tmp_path, PERIOD)
    assert known.ranking["U001"]["total"] == "101.50"


@pytest.mark.parametrize("damage", ["index", "manifest", "ranking"])
def test_a_damaged_earlier_quarter_is_refused_by_name(tmp_path, damage):
    publish(warehouse(), scored(PERIOD.previous, tmp_path), tmp_path, pdf=False)
    place = tmp_path / "published" / str(PERIOD.previous)
    if damage == "index":
        place.mkdir(parents=True)
        (place / "index.json").write_text("{")
    else:
        name = "manifest.json" if damage == "manifest" else "ranking.csv"
        (tmp_path / str(PERIOD.previous) / name).write_text("{")
    with pytest.raises(UsageRefusal, match=str(PERIOD.previous)):
        earlier_periods(tmp_path, PERIOD)


def test_a_ranking_alone_is_compared_as_far_as_it_goes(tmp_path):
    folder = publish(warehouse(), scored(PERIOD.previous, tmp_path), tmp_path, pdf=False).folder
    bare = tmp_path / "bare" / str(PERIOD.previous)
    bare.mkdir(parents=True)
    for name in ("ranking.csv", "items.csv"):
        (bare / name).write_bytes((folder / name).read_bytes())
    said = changes(scored(PERIOD, tmp_path / "bare"), say)[0]
    assert "平均总分持平" in said and "办结率" not in said


def test_periods_count_back_over_years():
    assert [str(Period.parse("2026Q1").ago(n)) for n in (0, 1, 4, 5)] == ["2026Q1", "2025Q4", "2025Q1", "2024Q4"]
