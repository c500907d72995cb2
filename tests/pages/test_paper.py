"""Printed pages: fonts, safety, the same bytes, and machines on which nothing can be printed."""

import json
from os import environ
from pathlib import Path

import pytest
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from pypdf import PdfReader

from pipelines import lazy
from pipelines.contracts.quality import write_report
from pipelines.edges import paper
from pipelines.edges.paper import WEB_FONT, WEB_RANGES, font_beside, paper_problem, print_pages, web_font
from pipelines.edges.templates import style
from pipelines.model.text import file_stem
from pipelines.paths import FONTS
from pipelines.stages import publish as stage
from pipelines.stages.publish import PRINTED_LINES, publish
from pipelines.wording import say
from tests.pages import browser
from tests.pages.fixture import HOSTILE, LINES, result, warehouse
from tests.pages.test_browser import REPORT

needs_paper = pytest.mark.skipif(paper_problem() is not None, reason="no PDF on this machine: see `gongping doctor`")


def words(file):
    return "".join(page.extract_text() for page in PdfReader(file).pages)


@needs_paper
def test_bulletin_and_scorecards_are_printed(printed):
    names = sorted(f.relative_to(printed.folder).as_posix() for f in printed.folder.rglob("*.pdf"))
    assert len(names) == 7
    lengths = {name: len(PdfReader(printed.folder / name).pages) for name in names if name.startswith("units/")}
    assert max(lengths.values()) <= 3
    assert {"bulletin.pdf", "units/U001.pdf", f"units/{file_stem(HOSTILE)}.pdf"} < set(names)
    assert "考核情况的通报" in words(printed.folder / "bulletin.pdf")
    assert printed.notices == ()


@needs_paper
def test_only_the_project_s_own_fonts_are_embedded(printed):
    fonts = set()
    for file in printed.folder.rglob("*.pdf"):
        for page in PdfReader(file).pages:
            used = page["/Resources"]["/Font"].values()
            fonts |= {str(font.get_object()["/BaseFont"]).partition("+")[2] for font in used}
    allowed = ("Fandol", "Noto-Serif-CJK-SC", "LXGW", "Noto-Sans-CJK-SC")
    assert fonts and not [font for font in fonts if not font.startswith(allowed)]


@needs_paper
def test_printed_pages_are_labelled_and_long_lists_say_what_they_leave_out(printed):
    for page in PdfReader(printed.folder / "units" / "U003.pdf").pages:
        assert "模拟数据" in page.extract_text()
    late = sum(line[:3] == ("U003", "A3.1", "late_reply") for line in LINES)
    left_out = late - (PRINTED_LINES - 2)  # two other rules have a line each
    assert f"另有 {left_out} 条" in words(printed.folder / "units" / "U003.pdf")


@needs_paper
def test_the_same_page_is_printed_as_the_same_bytes(printed, tmp_path):
    sheets = {sheet.file.name: sheet for sheet in stage.write_pages(warehouse(), result(), tmp_path)}
    for name in ("bulletin.pdf", "U001.pdf"):
        assert print_pages([sheets[name]], style(), lambda *_: None) == ()
        (published,) = printed.folder.rglob(name)
        assert sheets[name].file.read_bytes() == published.read_bytes()


@needs_paper
def test_a_character_without_a_glyph_is_a_notice(tmp_path):
    notices = print_pages([("<p>好\U000f1234</p>", tmp_path / "x.pdf")], "p {font-family: FandolFang}", lambda *_: None)
    assert [n for n in notices if "\U000f1234" in n.zh]


@needs_paper
@pytest.mark.parametrize("html, css", [
    ("<img src='file:///etc/hostname'>", ""),
    ("<img src='http://127.0.0.1:9/x.png'>", ""),
    ("<link rel=attachment href='file:///etc/hostname'>", ""),
    ("<p>x</p>", "p {background: url(file:///etc/hostname)}"),
    ("<p>x</p>", "@import url(file:///etc/hostname);"),
])
def test_nothing_is_ever_fetched(html, css, tmp_path, monkeypatch):
    with pytest.raises(Exception) as refused:
        print_pages([(html, tmp_path / "x.pdf")], css, lambda *_: None)
    assert refused.typename in ("RuntimeError", "BrokenProcessPool")
    assert not (tmp_path / "x.pdf").exists()


def test_without_fonts_the_pages_are_published_and_one_line_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(paper, "FONTS", tmp_path / "none")
    done = publish(warehouse(), result(), tmp_path / "out")
    assert [notice.zh for notice in done.notices] == [paper_problem().zh]
    assert "gongping doctor" in done.notices[0].zh and "\n" not in done.notices[0].zh
    assert not list(done.folder.rglob("*.pdf"))
    assert ".pdf" not in (done.folder / "bulletin.html").read_text(encoding="utf-8")


def test_without_the_system_libraries_the_remedy_is_named(monkeypatch):
    def broken(name):
        raise OSError(f"{name}: cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr(paper, "missing", lambda folder: [])
    monkeypatch.setattr(paper, "weasyprint", lazy.weasyprint)  # one that nobody has asked yet
    monkeypatch.setattr(lazy, "import_module", broken)
    assert "libpango" in paper_problem().zh and "gongping doctor" in paper_problem().zh


def test_a_failure_in_printing_leaves_the_rest_published(tmp_path, monkeypatch):
    def failing(*_):
        raise RuntimeError("boom")

    monkeypatch.setattr(stage, "paper_problem", lambda: None)
    monkeypatch.setattr(stage, "print_pages", failing)
    done = publish(warehouse(), result(), tmp_path)
    assert "boom" in done.notices[0].zh
    assert (done.folder / "index.html").is_file()


def test_where_printing_fails_no_page_leads_to_a_pdf_and_the_reason_is_kept(tmp_path, monkeypatch):
    def broken(pages, css, progress):
        Path(pages[0].file).write_bytes(b"%PDF-")  # one was ready
        raise RuntimeError("forbidden: http://x.invalid/")

    monkeypatch.setattr("pipelines.stages.publish.print_pages", broken)
    monkeypatch.setattr("pipelines.stages.publish.paper_problem", lambda: None)
    done = publish(warehouse(), result(), tmp_path)
    assert not list(done.folder.rglob("*.pdf"))
    assert not [file for file in done.folder.rglob("*.html") if '.pdf"' in file.read_text(encoding="utf-8")]
    assert "forbidden" in json.loads((done.folder / "manifest.json").read_text(encoding="utf-8"))["paper"][0]


@needs_paper
def test_machines_without_chinese_fonts_get_what_the_pages_use_and_nothing_else(printed, folder):
    file = printed.folder / WEB_FONT
    with TTFont(file) as font:
        drawn = {chr(code) for code in font.getBestCmap()}
    pages = [page.read_text(encoding="utf-8") for page in printed.folder.rglob("*.html")]
    used = {c for page in pages for c in page if any(first <= ord(c) <= last for first, last in WEB_RANGES)}
    banner = {c for c in say("publication.banner", revision="", run="").zh if c in drawn}  # of a preview's copy
    assert "览" in banner and drawn == used | banner and len(used) > 300 and file.stat().st_size < 200_000
    assert all("font-src 'self'" in page and f"{WEB_FONT})" in page for page in pages)
    assert not (folder / WEB_FONT).exists()


@needs_paper
def test_the_quality_report_draws_with_the_font_of_the_period(tmp_path):
    """Its own characters are in it, rare ones too."""

    def report():
        write_report(tmp_path / "report", {**REPORT, "notices": [{"zh": "多出一列：龘", "en": "龘"}]})
        return tmp_path / "report"

    made = publish(warehouse(), result(), tmp_path / "with", quality=report).folder
    for name in ("index.html", "index.en.html"):
        page = (made / "quality" / name).read_text(encoding="utf-8")
        assert f"url(../{WEB_FONT})" in page and "font-src 'self'" in page
    with TTFont(made / WEB_FONT) as font:
        assert {ord(c) for c in "龘隔离"} <= set(font.getBestCmap())


@needs_paper
def test_a_font_that_has_what_the_pages_say_stays_and_another_keeps_what_it_had(tmp_path):
    page, font = tmp_path / "index.html", tmp_path / WEB_FONT

    def drawn_for(text):
        page.write_text(text, encoding="utf-8")
        assert font_beside(tmp_path, [page]) == [font]
        with TTFont(font) as made:
            return "".join(sorted(map(chr, made.getBestCmap())))

    assert drawn_for("乙甲a") == "乙甲"
    before = font.stat().st_mtime_ns
    assert drawn_for("甲") == "乙甲" and font.stat().st_mtime_ns == before
    assert drawn_for("丙") == "丙乙甲" and font.read_bytes() == web_font("甲乙丙")
    font.write_bytes(b"damaged")
    assert drawn_for("丁") == "丁"


@needs_paper
def test_two_processes_that_make_a_font_at_once_leave_one_whole(tmp_path, monkeypatch):
    """The other one makes and places its font between this one's writing and placing."""
    page = tmp_path / "index.html"
    page.write_text("甲乙", encoding="utf-8")
    place, others = Path.replace, [lambda: font_beside(tmp_path, [page])]

    def placed(new, file):
        if others:
            others.pop()()
        return place(new, file)

    monkeypatch.setattr(Path, "replace", placed)
    assert [file.name for file in font_beside(tmp_path, [page])] == [WEB_FONT]
    assert (tmp_path / WEB_FONT).read_bytes() == web_font("甲乙")
    assert sorted(file.name for file in tmp_path.iterdir()) == [WEB_FONT, "index.html"]


def test_the_font_of_the_same_characters_is_the_same_bytes():
    assert web_font("甲乙丙") == web_font("丙丙甲a乙") != web_font("甲乙")


@needs_paper
@pytest.mark.skipif(browser.chromium() is None, reason=browser.WITHOUT)
def test_a_browser_without_chinese_fonts_takes_the_font_beside_the_page(printed, tmp_path):
    from playwright.sync_api import sync_playwright

    with TTFont(FONTS / "FandolHei-Regular.otf") as font:  # a browser needs some font: one of Latin letters alone
        latin = Subsetter(Options(layout_features=[]))
        latin.populate(text="".join(map(chr, range(32, 127))))
        latin.subset(font)
        font.save(tmp_path / "latin.otf")
    lean = tmp_path / "fonts.conf"
    lean.write_text(f"<fontconfig><dir>{tmp_path}</dir><cachedir>{tmp_path}</cachedir></fontconfig>", encoding="utf-8")
    complaints = []
    with sync_playwright() as driver:
        chrome = driver.chromium.launch(executable_path=browser.chromium(), args=["--no-sandbox"],
                                        env={**environ, "FONTCONFIG_FILE": str(lean)})
        page = chrome.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        for name in ("index.html", "units/U001.html", "units/en/U001.html"):
            page.goto((printed.folder / name).as_uri())
            assert page.evaluate("document.fonts.ready.then(all => [...all].map(one => one.status))") == ["loaded"]
        chrome.close()
    assert complaints == []
