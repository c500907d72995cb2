"""Whether a PDF can be what it says, PDF/A-2a (ISO 19005-2, level A): the rules that can be seen without a viewer."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

from fontTools.ttLib import TTFont
from pypdf import PdfReader
from pypdf.generic import ContentStream, DictionaryObject, IndirectObject, StreamObject

FORBIDDEN = {"/JS", "/AA", "/OpenAction", "/EmbeddedFiles", "/XFA", "/PresSteps", "/OPI", "/TR", "/HTP", "/Encrypt",
             "/F", "/FFilter", "/OCProperties", "/Requirements", "/Perms", "/Alternates"}
ROLES = {"/Document", "/Part", "/Art", "/Sect", "/Div", "/BlockQuote", "/Caption", "/TOC", "/TOCI", "/NonStruct", "/P",
         "/H", "/H1", "/H2", "/H3", "/H4", "/H5", "/H6", "/L", "/LI", "/Lbl", "/LBody", "/Table", "/TR", "/TH", "/TD",
         "/THead", "/TBody", "/TFoot", "/Span", "/Quote", "/Note", "/Link", "/Annot", "/Figure"}
DEEPEST = 28  # of q and Q
SHOWING = {b"Tj", b"TJ", b"'", b'"'}
PAINTING = SHOWING | {b"S", b"s", b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*", b"sh", b"Do"}
CMYK = {b"k", b"K"}


def faults(file: Path) -> list[str]:
    """Everything that breaks a rule; empty where nothing was found."""
    raw, reader = file.read_bytes(), PdfReader(file)
    found = [*_file(raw, reader), *_catalog(reader), *_metadata(reader), *_objects(reader), *_structure(reader)]
    for number, page in enumerate(reader.pages, 1):
        found += [f"page {number}: {fault}" for fault in _content(page.get_contents(), reader)]
    return [*found, *_fonts(reader)]


def _file(raw: bytes, reader: PdfReader) -> Iterator[str]:
    head, _, rest = raw.partition(b"\n")
    if not re.fullmatch(rb"%PDF-1\.[0-7]", head):
        yield f"header {head!r}"
    if not (rest[:1] == b"%" and all(byte > 127 for byte in rest[1:5])):
        yield "no line of binary bytes after the header"
    if "/ID" not in reader.trailer:
        yield "no identifier"


def _catalog(reader: PdfReader) -> Iterator[str]:
    root = reader.trailer["/Root"]
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z]{2,8})*", str(root.get("/Lang"))):
        yield f"language {root.get('/Lang')}"
    if not root.get("/MarkInfo", {}).get("/Marked"):
        yield "not marked as tagged"
    intents = [one.get_object() for one in root.get("/OutputIntents", ())]
    profile = intents[0]["/DestOutputProfile"].get_object() if len(intents) == 1 else None
    if profile is None or intents[0]["/S"] != "/GTS_PDFA1":
        yield "no output intent"
    elif profile["/N"] != 3 or profile.get_data()[16:20] != b"RGB " or profile.get_data()[36:40] != b"acsp":
        yield "the output intent is no RGB profile"


def _metadata(reader: PdfReader) -> Iterator[str]:
    text = reader.trailer["/Root"]["/Metadata"].get_object().get_data().decode("utf-8")
    if not re.search(r"pdfaid:part[>=\"]+2\b", text) or not re.search(r"pdfaid:conformance[>=\"]+A\b", text):
        yield "metadata do not say PDF/A-2a"
    if re.search(r"<\?xpacket begin=[^?]*(bytes|encoding)=", text):
        yield "packet header with bytes or encoding"
    xmp = reader.xmp_metadata
    said = {"/Title": xmp.dc_title.get("x-default"), "/Producer": xmp.pdf_producer, "/Creator": xmp.xmp_creator_tool}
    for key, value in said.items():
        if str((reader.metadata or {}).get(key, "")) != str(value or ""):
            yield f"{key} differs from the metadata"


def _objects(reader: PdfReader) -> Iterator[str]:
    for number in range(1, reader.trailer["/Size"]):
        thing = reader.get_object(IndirectObject(number, 0, reader))
        if isinstance(thing, DictionaryObject):
            if thing.get("/Type") == "/Annot" or thing.get("/Subtype") in ("/Link", "/Widget"):
                if thing.get("/Subtype") != "/Link" or not int(thing.get("/F", 0)) & 4:
                    yield f"annotation {thing.get('/Subtype')} in object {number}"
                continue
            keys = FORBIDDEN & set(thing) - ({"/F"} if not isinstance(thing, StreamObject) else set())
            yield from (f"{key} in object {number}" for key in keys)
            if "LZW" in str(thing.get("/Filter")):
                yield f"LZW in object {number}"
            if thing.get("/BM", "/Normal") not in ("/Normal", "/Compatible", "/Multiply", "/Screen"):
                yield f"blend mode {thing['/BM']}"


def _structure(reader: PdfReader) -> Iterator[str]:
    root = reader.trailer["/Root"]["/StructTreeRoot"]
    waiting, mapped = [root], root.get("/RoleMap", {})
    while waiting:
        node = waiting.pop()
        role = node.get("/S")
        if role is not None and role not in ROLES and mapped.get(role) not in ROLES:
            yield f"unknown role {role}"
        if role == "/Figure" and not node.get("/Alt"):
            yield "a figure without words"
        children = node.get("/K", ())
        children = children if isinstance(children, list) else [children]
        objects = (child.get_object() for child in children)
        waiting += [child for child in objects if isinstance(child, DictionaryObject) and "/S" in child]


def _content(stream, reader: PdfReader) -> Iterator[str]:
    depth = marked = 0
    for _, operator in ContentStream(stream, reader).operations:
        depth += (operator == b"q") - (operator == b"Q")
        marked += (operator in (b"BDC", b"BMC")) - (operator == b"EMC")
        if depth > DEEPEST:
            yield "too many nested graphics states"
        if operator in CMYK:
            yield "colours without a profile"
        if operator in PAINTING and not marked:
            yield f"{operator.decode()} neither tagged nor an artifact"
    if depth or marked:
        yield "unbalanced q or marked content"


def _fonts(reader: PdfReader) -> Iterator[str]:
    fonts = {str(font.get_object()["/BaseFont"]): font.get_object() for page in reader.pages
             for font in page["/Resources"].get("/Font", {}).values()}
    for name, font in fonts.items():
        inner = font["/DescendantFonts"][0].get_object()
        descriptor = inner["/FontDescriptor"].get_object()
        program = next((descriptor[f"/FontFile{n}"] for n in ("", 2, 3) if f"/FontFile{n}" in descriptor), None)
        if program is None:
            yield f"{name} is not embedded"
            continue
        said = font["/ToUnicode"].get_object().get_data() if "/ToUnicode" in font else b"<0000>"
        if re.search(rb"<(0000|feff|fffe)>\s*$", said, re.MULTILINE):
            yield f"{name} does not say which characters its glyphs are"
        yield from (f"{name}: {fault}" for fault in _widths(inner["/W"], program.get_object().get_data()))


def _widths(widths: list, program: bytes) -> Iterator[str]:
    """Widths told to the reader against those in the font program, and glyphs that it lacks under that number."""
    font = TTFont(io.BytesIO(program))
    names, metrics, em = font.getGlyphOrder(), font["hmtx"].metrics, font["head"].unitsPerEm
    for first, row in zip(widths[::2], widths[1::2], strict=True):
        for glyph, facts in enumerate(row, first):
            if glyph >= len(names):
                yield f"glyph {glyph} is not there"
            elif abs(metrics[names[glyph]][0] * 1000 / em - facts) > 1:
                yield f"glyph {glyph} has another width"
            elif "CFF " in font and names[glyph].startswith("cid") and int(names[glyph][3:]) != glyph:
                yield f"glyph {glyph} is known as {names[glyph]}"
