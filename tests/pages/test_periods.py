"""The list of quarters beside their folders."""

from dataclasses import replace

from pipelines.model.period import Period
from pipelines.stages.publish import publish
from tests.pages.fixture import result, warehouse


def of(period):
    return replace(result(), period=Period.parse(period))


def test_every_quarter_is_listed_the_latest_first_and_no_quarter_changes(tmp_path):
    first = publish(warehouse(), of("2026Q3"), tmp_path, pdf=False).folder
    before = {file: file.read_bytes() for file in first.rglob("*") if file.is_file()}
    publish(warehouse(), of("2026Q4"), tmp_path, pdf=False)
    html = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 0 < html.index('href="2026Q4/index.html"') < html.index('href="2026Q3/index.html"')
    assert {file: file.read_bytes() for file in before} == before


def test_a_page_that_somebody_else_wrote_is_left_alone_and_said(tmp_path):
    (tmp_path / "index.html").write_text("mine")
    notices = publish(warehouse(), of("2026Q3"), tmp_path, pdf=False).notices
    assert (tmp_path / "index.html").read_text() == "mine"
    assert "index.html" in notices[0].zh
