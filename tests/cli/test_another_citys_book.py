"""A monthly book without readings, verdicts, assessed items and types of its own: from a sample to pages by itself."""

import html
import re
import shutil

import pytest

from pipelines.paths import ROOT
from tests.cli.conftest import gongping

BOOK = ROOT / "examples" / "lianyungang" / "rulebook"
PERIOD = "2023-01"
UNFILLED = re.compile(r"\{[a-z_]+\}")
CLAUSES = re.compile(r"\b[A-Z]\d(?:\.\d+)+\b")
SILENT = re.compile("释义|季|三个月|[Rr]eading|[Qq]uarter|three months")  # what this book knows nothing of


def text_of(page) -> str:
    """What a page says to its readers: no script, no style, no template of the script."""
    text = re.sub(r"(?s)<(script|style)\b.*?</\1>", " ", page.read_text(encoding="utf-8"))
    return html.unescape(re.sub(r"(?s)<[^>]*>", " ", text))


def pages_of(folder) -> dict[str, str]:
    """The text of every page of a finished run."""
    return {str(page.relative_to(folder)): text_of(page) for page in sorted(folder.rglob("*.html"))}


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    """Exports of an invented month, made by the command."""
    folder = tmp_path_factory.mktemp("exports")
    made = gongping("sample", str(folder), "--period", PERIOD, "--units", "8", "--cases", "300", "--seed", "3")
    assert made.returncode == 0, made.stderr
    return folder


def bare(folder):
    """The book without the files that may be missing."""
    book = shutil.copytree(BOOK, folder)
    for name in ("readings.yaml", "verdicts.yaml"):
        (book / name).unlink()
    return book


@pytest.mark.parametrize("book_of", [lambda folder: BOOK, bare], ids=["empty_lists", "no_files"])
def test_it_runs_from_a_sample_to_its_pages(call, quick, month, tmp_path, book_of):
    book = book_of(tmp_path / "book")
    code, said, problem = call(
        "run", PERIOD, "--rules", str(book), "--exports", str(month), "--out", str(tmp_path / "out"), "--no-pdf"
    )
    assert code == 0, problem
    assert "《定性评分》（assessments）有" in said and "《加分申报》（awards）有" in said and "（incidents）有" in said
    pages = pages_of(tmp_path / "out" / PERIOD)
    assert {"index.html", "method.html", "bulletin.html", "bulletin.en.html", "units/U001.html"} <= {*pages}
    assert {name: UNFILLED.findall(text) for name, text in pages.items() if UNFILLED.search(text)} == {}
    own = {name: text for name, text in pages.items() if not name.startswith("quality/")}
    assert {clause for text in own.values() for clause in CLAUSES.findall(text)} == {"B1.1", "B1.2"}
    assert {name: SILENT.findall(text) for name, text in own.items() if SILENT.search(text)} == {}
    assert "没有单位符合表彰" not in pages["bulletin.html"] and "没有表彰或通报批评的规定" in pages["bulletin.html"]


@pytest.mark.parametrize("written", ["{public_rating: satisfied}", "{public_rating: [satisfied]}"])
def test_a_value_that_is_spelled_like_a_derived_column_stays_a_value(call, quick, month, tmp_path, written):
    """`satisfied` is a rating, and a column that this book's readings would have to bear on."""
    book = shutil.copytree(BOOK, tmp_path / "book")
    measure = book / "measures" / "satisfied.yaml"
    text = measure.read_text(encoding="utf-8").replace("{public_rating: [satisfied, basically_satisfied]}", written)
    text = re.sub(r"(?m)^.*name: basically.*\n", "", text)
    measure.write_text(text, encoding="utf-8")
    places = ("--exports", str(month), "--out", str(tmp_path / "out"))
    code, _, problem = call("run", PERIOD, "--rules", str(book), *places, "--no-pdf")
    assert code == 0, problem


def test_a_waiver_of_a_rule_that_the_book_does_not_have_is_told(call, quick, month, tmp_path):
    code, said, problem = call(
        "run", PERIOD, "--rules", str(BOOK), "--exports", str(month), "--out", str(tmp_path), "--no-pdf"
    )
    assert code == 0, problem
    assert "条复核决定没有对应的办件或扣分" in said and "专业评价" not in said.split("复核决定没有")[1]


def test_a_standard_sample_run_has_no_unfilled_placeholder(out):
    pages = pages_of(next(folder for folder in out.iterdir() if (folder / "index.html").exists()))
    assert {name: UNFILLED.findall(text) for name, text in pages.items() if UNFILLED.search(text)} == {}
