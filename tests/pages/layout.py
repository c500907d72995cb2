"""Measures a finished PDF against GB/T 9704-2012: positions in millimetres, lines, characters, fonts, glyphs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pdfplumber

MM = 25.4 / 72
SIZE = 16  # points of the body
ALLOWED = ("Fandol", "LXGWWenKai", "LXGW-WenKai", "Noto-Serif-CJK-SC", "Noto-Sans-CJK-SC")


@dataclass(frozen=True)
class Line:
    """A line of text: its box in millimetres from the upper left corner of the page, its characters and its font."""

    text: str
    left: float
    right: float
    middle: float
    size: float
    font: str


@dataclass(frozen=True)
class Page:
    """What is on a page: lines from the top, rules as (left, right, top, bottom, colour), unnamed glyphs."""

    number: int
    lines: tuple[Line, ...]
    rules: tuple[tuple, ...]
    fonts: frozenset[str]
    unknown: int

    def body(self) -> list[Line]:
        """The lines of the type area in the size of the body."""
        return [line for line in self.lines if abs(line.size - SIZE) < 0.1]

    def footer(self) -> Line:
        """The page number."""
        return next(line for line in self.lines if line.text.startswith("—") and line.middle > 262)


def read(file: Path) -> list[Page]:
    """Every page of a PDF."""
    with pdfplumber.open(file) as pdf:
        return [_page(page) for page in pdf.pages]


def inked(file: Path, page: int, colour: str) -> list[float]:
    """The heights, in millimetres from above, at which a page shows ink of a colour ("red" or "black")."""
    with pdfplumber.open(file) as pdf:
        image = pdf.pages[page - 1].to_image(resolution=150).original.convert("RGB")
    red, green, blue = np.asarray(image, dtype=int).transpose(2, 0, 1)
    inks = {"red": (red > 180) & (green < 90), "black": red + green + blue < 200}
    return [int(y) * 25.4 / 150 for y in inks[colour].any(axis=1).nonzero()[0]]


def embedded(file: Path) -> dict[str, bool]:
    """The fonts of a PDF by name, and whether their program is embedded."""
    from pypdf import PdfReader

    found = {}
    for page in PdfReader(file).pages:
        for font in page["/Resources"].get("/Font", {}).values():
            font = font.get_object()
            inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
            descriptor = inner["/FontDescriptor"].get_object()
            name = str(font["/BaseFont"]).partition("+")[2]
            found[name] = any(f"/FontFile{kind}" in descriptor for kind in ("", "2", "3"))
    return found


def _page(page) -> Page:
    lines = sorted((_line(line) for line in page.extract_text_lines(strip=False)), key=lambda line: line.middle)
    rules = tuple(
        (r["x0"] * MM, r["x1"] * MM, r["top"] * MM, r["bottom"] * MM, r.get("non_stroking_color"))
        for r in (*page.rects, *page.lines)
    )
    fonts = frozenset(c["fontname"].partition("+")[2] for c in page.chars)
    unknown = sum(c["text"].startswith("(cid:") or c["text"] == "\x00" for c in page.chars)
    return Page(page.page_number, tuple(lines), rules, fonts, unknown)


def _line(line: dict) -> Line:
    first = line["chars"][0]
    middle = (line["top"] + line["bottom"]) / 2 * MM
    font = first["fontname"].partition("+")[2]
    return Line(line["text"], line["x0"] * MM, line["x1"] * MM, middle, first["size"], font)
