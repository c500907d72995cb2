"""The fonts inside a PDF before it is written: their names, and glyphs listed under the numbers that the pages use.

A page names a glyph by its place in the font. A strict reader looks that number up in the font's own list, where the
Fandol fonts have rare signs (¥ – € ↗ and others) under other numbers, and shows nothing.
"""

import struct
from collections.abc import Iterator
from io import BytesIO

RANGE = {0: ">H", 1: ">HB", 2: ">HH"}  # first number, and how many follow it, by the kind of list
WHOLE = ">BHH"  # a list of the second kind with one range


def names_of(pdf) -> set[str]:
    """The names of a document's fonts, without the six letters of the subset."""
    names = (thing["BaseFont"] for thing in _dictionaries(pdf) if thing.get("BaseFont"))
    return {name.decode().lstrip("/").rpartition("+")[2] for name in names}


def number_by_place(pdf) -> None:
    """List the glyphs of every font under their places, where one that the pages use is listed otherwise."""
    for font in _dictionaries(pdf):
        if font.get("Subtype") == "/CIDFontType0":
            program = _at(pdf, _at(pdf, font["FontDescriptor"])["FontFile3"])
            first, row = font["W"][-2:]
            program.stream = [numbered(b"".join(program.stream), first + len(row) - 1)]


def numbered(program: bytes, last: int) -> bytes:
    """An OpenType font that lists its glyphs up to ``last`` under their places; unchanged where it does already."""
    from fontTools.cffLib import CFFFontSet

    tables = dict(_tables(program))
    fonts = CFFFontSet()
    fonts.decompile(BytesIO(program[slice(*tables[b"CFF "])]), None)
    facts = fonts[0].rawDict
    if "ROS" not in facts:  # listed by names: readers take the place
        return program
    glyphs = struct.unpack_from(">H", program, tables[b"maxp"][0] + 4)[0]
    begin = tables[b"CFF "][0] + facts["charset"]
    in_place, end = _listed(program, begin, glyphs)
    whole = struct.pack(WHOLE, 2, 1, glyphs - 2)
    if last <= in_place or end - begin < len(whole):
        return program
    return program[:begin] + whole + program[begin + len(whole) :]


def _listed(program: bytes, begin: int, glyphs: int) -> tuple[int, int]:
    """The last glyph before one that is listed under another number, and where the list ends."""
    form, at, listed, in_place = RANGE[program[begin]], begin + 1, 0, 0
    while listed < glyphs - 1:
        first, *more = struct.unpack_from(form, program, at)
        at += struct.calcsize(form)
        if first == in_place + 1 == listed + 1:
            in_place += 1 + sum(more)
        listed += 1 + sum(more)
    return in_place, at


def _tables(program: bytes) -> Iterator[tuple[bytes, tuple[int, int]]]:
    for number in range(struct.unpack_from(">H", program, 4)[0]):
        tag, _, begin, length = struct.unpack_from(">4sLLL", program, 12 + 16 * number)
        yield tag, (begin, begin + length)


def _dictionaries(pdf) -> Iterator[dict]:
    return (thing for thing in pdf.objects if isinstance(thing, dict))


def _at(pdf, reference: bytes):
    return pdf.objects[int(reference.split()[0])]
