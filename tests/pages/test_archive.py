"""Every printed page can be kept in an archive: PDF/A-2a by the rules that its bytes show."""

import io

import pytest
from fontTools.ttLib import TTFont
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from pipelines.edges.paper import drawn, numbered, paper_problem, print_pages, widths
from pipelines.paths import FONTS
from tests.pages.archive import faults

pytestmark = [
    pytest.mark.skipif(paper_problem() is not None, reason="no PDF on this machine: see `gongping doctor`"),
]


def test_no_printed_page_breaks_a_rule_of_the_archive(printed):
    files = sorted(printed.folder.rglob("*.pdf"))
    assert len(files) == 7
    assert {file.name: found for file in files if (found := faults(file))} == {}


RARE = "¥–€‐↗⊕═①一二三"


def test_rare_signs_are_listed_under_the_numbers_that_the_page_uses(tmp_path):
    families = ("FandolFang", "FandolHei", "FandolKai", "FandolSong", "Noto Serif CJK SC")
    texts = {family: "".join(sign for sign in RARE if sign in drawn(family)) for family in families}
    head = "<html lang=zh-CN><title>x</title><meta name=generator content=Gongping>"
    sheets = [(f"{head}<p style=\"font: 20px '{family}'\">{text}</p>", tmp_path / family)
              for family, text in texts.items()]
    assert print_pages(sheets, "", lambda *_: None) == ()
    for family, text in texts.items():
        assert len(text) > 3 and faults(tmp_path / family) == []
        (page,) = PdfReader(tmp_path / family).pages
        assert set(text) <= set(page.extract_text())
        (font,) = page["/Resources"]["/Font"].values()
        facts = font.get_object()["/DescendantFonts"][0].get_object()["/W"][1::2]
        assert sorted(width for row in facts for width in row) == sorted(round(1000 * widths(family)[c]) for c in text)


def test_a_font_whose_list_is_right_stays_as_it_is():
    whole = (FONTS / "FandolFang-Regular.otf").read_bytes()
    assert numbered(whole, 8895) == whole
    font = TTFont(io.BytesIO(numbered(whole, 8896)))
    assert [int(name[3:]) for name in font.getGlyphOrder()[1:]] == list(range(1, font["maxp"].numGlyphs))


def test_printed_pages_do_not_say_when_they_were_made(printed):
    assert [f for f in printed.folder.rglob("*.pdf") if "/CreationDate" in (PdfReader(f).metadata or {})] == []


def changed(printed, tmp_path, change):
    writer = PdfWriter(clone_from=printed.folder / "units" / "U001.pdf")
    change(writer, writer.pages[0])
    writer.write(tmp_path / "changed.pdf")
    return faults(tmp_path / "changed.pdf")


def add_script(writer, page):
    script = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
    writer.root_object[NameObject("/OpenAction")] = writer._add_object(DictionaryObject(script))


def add_note(writer, page):
    note = DictionaryObject({NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject("/Text")})
    page[NameObject("/Annots")] = ArrayObject([writer._add_object(note)])


def take_font_out(writer, page):
    for font in page["/Resources"]["/Font"].values():
        descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        descriptor.pop("/FontFile3", None)


def paint_untagged_in_cmyk(writer, page):
    stream = DecodedStreamObject()
    stream.set_data(b"q 0 0 0 1 k 0 0 9 9 re f")
    page[NameObject("/Contents")] = ArrayObject([page["/Contents"].indirect_reference, writer._add_object(stream)])


def change_a_width(writer, page):
    font = next(iter(page["/Resources"]["/Font"].values())).get_object()["/DescendantFonts"][0].get_object()
    font["/W"][1][0] = NumberObject(7)


def silence_figures(writer, page):
    for number in range(1, len(writer._objects) + 1):
        thing = writer.get_object(number)
        if isinstance(thing, DictionaryObject) and thing.get("/S") == "/Figure":
            thing.pop("/Alt", None)


def rename(writer, page):
    writer.metadata = {"/Title": TextStringObject("another")}


@pytest.mark.parametrize(("change", "fault"), [
    (add_script, "/OpenAction"), (add_script, "/JS"), (add_note, "annotation /Text"),
    (take_font_out, "is not embedded"), (paint_untagged_in_cmyk, "without a profile"),
    (paint_untagged_in_cmyk, "neither tagged nor"),
    (paint_untagged_in_cmyk, "unbalanced"), (change_a_width, "another width"), (silence_figures, "without words"),
    (rename, "/Title differs"),
])
def test_what_no_archive_takes_is_found(printed, tmp_path, change, fault):
    assert [line for line in changed(printed, tmp_path, change) if fault in line]
