"""Hostile texts in every field of every table: nothing that a run publishes gains an element, a formula or a file."""

import csv
import json
import re
import zipfile
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import unquote

import openpyxl
import pytest
from markupsafe import escape

from pipelines.model.text import FORMULA_STARTS, file_stem
from pipelines.views.tables import COUNTS, NUMBERS
from tests.pages import hostile

TURNING = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\x00-\x08\x0b-\x1f\x7f]")


class Elements(HTMLParser):
    """Elements with the names of their attributes, and the values of those that a browser acts on."""

    def __init__(self, html: str):
        super().__init__()
        self.found, self.acted = Counter(), []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.found[tag, tuple(sorted(name for name, _ in attributes))] += 1
        self.acted += [(name, value) for name, value in attributes if name in ("href", "src", "style", "content", "id")]


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """The two published folders, and the place that nothing but them may appear in."""
    place = tmp_path_factory.mktemp("twins")
    exports = hostile.write_twins(place / "exports")
    return {name: hostile.publish_twin(folder, place / "out" / name) for name, folder in exports.items()}


def lines(folder, name):
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def pages(folder):
    return {file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8") for file in folder.rglob("*.html")}


def elements(folder):
    """By page; the pages of units together, since their names differ."""
    found = {}
    for name, html in pages(folder).items():
        found.setdefault(re.sub(r"units/.*", "units", name), Counter()).update(Elements(html).found)
    return found


def test_the_twins_are_scored_alike_and_the_texts_did_come_through(twins):
    for name, columns in (("ranking", ("total", "rank")), ("quarantine", ("file", "column", "promise"))):
        rows = [sorted(tuple(line[column] for column in columns) for line in lines(folder, name))
                for folder in twins.values()]
        assert rows[0] == rows[1] and len(rows[0]) > 2
    everything = "".join(pages(twins["hostile"]).values())
    shown = [text for text in hostile.TEXTS if str(escape(text)) in everything]
    assert len(shown) >= 25 and set(hostile.TEXTS[:5]) <= set(shown)
    assert "{{ 7*7 }}{% include &#39;x&#39; %}" in everything


def test_no_page_has_an_element_or_attribute_more_than_its_harmless_twin(twins):
    bad, good = elements(twins["hostile"]), elements(twins["harmless"])
    assert bad.keys() == good.keys() and len(bad) >= 7
    for name, counted in bad.items():  # kinds, not how many: what was mended in the hostile texts is told of in rows
        assert not counted.keys() - good[name].keys(), name


def notices_in(folder):
    """How many lines pages have to tell of a run: warnings, kinds of them, notices and findings of the libraries."""
    warned, broken = lines(folder, "warnings"), lines(folder, "quarantine")
    report = json.loads((folder / "quality" / "report.json").read_text(encoding="utf-8"))
    kinds = {tuple(line[name] for name in ("table", "column", "promise", "remedy")) for line in warned + broken}
    return Counter(warnings=len(warned), kinds=len(kinds), notices=len(report["notices"]),
                   findings=len(lines(folder, "libraries/findings")))


def test_no_page_has_more_elements_than_the_rows_that_it_tells(twins):
    """Not one element more or fewer: whatever a hostile text adds to a page is a row that tells of it."""
    bad, good = elements(twins["hostile"]), elements(twins["harmless"])
    more = Counter(notices_in(twins["hostile"]))
    more.subtract(notices_in(twins["harmless"]))
    item = ("li", ())
    kinds, notices, warnings, findings = (more[one] for one in ("kinds", "notices", "warnings", "findings"))
    assert kinds == notices == warnings > 20 and findings == 0  # of the same lines, and each page says each thing once
    bulletin = {item: notices}
    quality = {item: warnings}
    expected = {"bulletin.html": bulletin, "bulletin.en.html": bulletin, "quality/index.html": quality,
                "quality/index.en.html": quality}
    for page in bad:
        counted = {one: bad[page][one] - good[page][one] for one in bad[page].keys() | good[page].keys()}
        assert {one: n for one, n in counted.items() if n} == expected.get(page, {}), page


def test_no_attribute_that_a_browser_acts_on_is_made_of_a_text(twins):
    for name, html in pages(twins["hostile"]).items():
        for attribute, value in Elements(html).acted:
            if attribute == "style":
                assert re.fullmatch(r"[a-z-]+:\s?[\d.]+(%|px|pt|mm);?", value), (name, value)
            elif attribute == "href":
                assert re.fullmatch(r"(?=.)[^:#\s<>\"']*(?:#[\w.-]+)?", value), (name, value)
                assert not value.startswith("/"), (name, value)
            elif attribute == "id":
                assert re.fullmatch(r"[\w.-]+", value), (name, value)


def test_every_link_of_a_hostile_unit_leads_to_its_own_page(twins):
    folder = twins["hostile"]
    units = [line["unit_id"] for line in lines(folder, "ranking")]
    links = {unquote(value) for name, value in Elements((folder / "index.html").read_text("utf-8")).acted
             if name == "href" and value.startswith("units/")}
    assert links == {path.relative_to(folder).as_posix() for path in (folder / "units").glob("*.html")}
    assert len(links) == len(units)


def test_no_page_holds_a_mark_that_turns_or_hides_text(twins):
    for name, html in pages(twins["hostile"]).items():
        assert not TURNING.search(html), name


def test_no_cell_of_a_table_is_a_formula(twins):
    for file in twins["hostile"].rglob("*.csv"):
        for line in lines(file.parent, file.stem):
            texts = {cell for name, cell in line.items() if name not in NUMBERS | COUNTS and cell}
            assert not [cell for cell in texts if cell[0] in FORMULA_STARTS], file.name


def test_the_workbook_has_neither_formulas_nor_links_and_typed_numbers(twins):
    file = twins["hostile"] / "results.xlsx"
    with zipfile.ZipFile(file) as parts:
        content = "".join(parts.read(name).decode("utf-8") for name in parts.namelist())
        assert not re.search(r"<f[ >]|<hyperlink|externalLink|oleObject|TargetMode", content)
        assert not [name for name in parts.namelist() if "external" in name.lower() or "vba" in name.lower()]
    book = openpyxl.load_workbook(file)
    for sheet in book.worksheets[1:]:
        heads = [cell.value for cell in sheet[1]]
        assert sheet.freeze_panes and sheet.auto_filter.ref and len(heads) == len(set(heads))
        kinds = {cell.data_type for row in sheet.iter_rows(min_row=2) for cell in row if cell.value is not None}
        assert kinds == {"s", "n"}


def test_the_feed_is_one_document_that_keeps_its_schema(twins):
    import jsonschema

    document = json.loads((twins["hostile"] / "result.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, json.loads((twins["hostile"] / "result.schema.json").read_text(encoding="utf-8")))
    assert all((twins["hostile"] / page).is_file() for page in document["pages"].values())


def test_no_file_lies_outside_the_output_folder_or_under_an_odd_name(twins):
    out = twins["hostile"].parent
    assert sorted(path.name for path in out.parent.iterdir()) == ["harmless", "hostile"]
    assert sorted(path.name for path in out.iterdir()) == [
        ".beside.json", ".beside.json.lock", ".lock", ".runs", ".staging", "2026Q3", "index.html", "restricted"]
    for path in twins["hostile"].rglob("*"):
        assert len(path.name.encode()) < 200 and not set(path.name) & set("<>:\"|?*\\'\n\r\t ")
        assert path.resolve().is_relative_to(out.resolve())
    assert file_stem("../x") != "../x"
