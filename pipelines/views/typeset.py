"""Chinese text → lines of equal width: no punctuation at a line's start, numbers whole, the slack spread evenly."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from html import escape

from markupsafe import Markup

Advance = Callable[[str], Fraction]  # the width of a character in em

CELLS = 28  # characters a line (GB/T 9704-2012, 5.2.2)
SIZE = 16  # points of size three
MEASURE = Fraction(4422, 10)  # points: the 156 mm of the type area
HALF = Fraction(1, 2)
OPENING = "（〔［【《〈「『“‘("
CLOSING = "，。、；：？！）〕］】》〉」』”’)%％…,;:?!"
SQUEEZED = "，。、；：）〕》”’」"  # full-width signs with an empty right half
_WORD = re.compile(r"[0-9A-Za-z][0-9A-Za-z.,:/+\-]*[0-9A-Za-z][年%％]?|[0-9]年|——|……|.", re.S)


@dataclass(frozen=True)
class Line:
    """A line as it is printed; ``spacing`` is added after each character, ``squeezed`` ends in half a sign."""

    text: str
    indent: int  # whole characters left free
    spacing: Fraction  # points
    squeezed: bool = False


def set_lines(text: str, advance: Advance, indent: int = 2, hang: int = 0, cells: int = CELLS) -> list[Line]:
    """Break ``text`` into lines of ``cells`` characters: the first starts ``indent`` characters in, others ``hang``."""
    pieces, free = [], Fraction(cells - indent)
    lines: list[Line] = []
    for piece in _pieces(visible(text), advance, cells - max(indent, hang)):
        if pieces and _width((*pieces, piece), advance) > free:
            lines.append(_full(pieces, indent if not lines else hang, cells, advance))
            pieces, free = [], Fraction(cells - hang)
        pieces.append(piece)
    last = "".join(pieces)
    return [*lines, Line(last, indent if not lines else hang, _grid(cells))] if last else lines


def markup(lines: list[Line]) -> Markup:
    """The lines as block spans; the only place where text becomes markup, and it is escaped first."""
    return Markup("").join(_span(line) for line in lines)


def visible(text: str) -> str:
    """Text without characters that only steer: direction marks and their like would turn a whole line round."""
    return "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc", "Cs", "Co", "Zl", "Zp"))


def _pieces(text: str, advance: Advance, most: int) -> Iterator[str]:
    """What must stay on one line: opening signs, a character or a number, closing signs."""
    held = ""
    for word in (part for match in _WORD.findall(text) for part in _short(match, advance, most)):
        follows = word in CLOSING and held
        if held and not follows and held[-1] not in OPENING:
            yield held
            held = ""
        held += word
    if held:
        yield held


def _short(word: str, advance: Advance, most: int) -> Iterator[str]:
    """A word, in parts where it is wider than a line."""
    start = 0
    for end in range(1, len(word)):
        if sum(map(advance, word[start : end + 1])) > most:
            yield word[start:end]
            start = end
    yield word[start:]


def _width(pieces, advance: Advance) -> Fraction:
    """The width in em; a sign that closes the line needs only its left half."""
    text = "".join(pieces)
    return sum(map(advance, text), Fraction(0)) - (HALF if text[-1] in SQUEEZED else 0)


def _full(pieces: list[str], indent: int, cells: int, advance: Advance) -> Line:
    """A line stretched or squeezed to the full measure."""
    text = "".join(pieces)
    room = (cells - indent) * (SIZE + _grid(cells))
    whole = sum(map(advance, text), Fraction(0)) * SIZE
    squeezed = text[-1] in SQUEEZED and whole > room + len(text) * HALF / 2
    natural = whole - (SIZE * HALF if squeezed else 0)
    return Line(text, indent, (room - natural) / len(text), squeezed)


def _grid(cells: int) -> Fraction:
    """What is added to a character so that ``cells`` of them fill the measure: negative at 28."""
    return MEASURE / cells - SIZE


def _span(line: Line) -> Markup:
    spacing = f"{_points(line.spacing)}pt"
    left = f"padding-left:{_points(line.indent * (SIZE + _grid(CELLS)))}pt;" if line.indent else ""
    text = escape(line.text)
    if line.squeezed:
        last = escape(line.text[-1])
        narrow = _points(line.spacing - SIZE * HALF)
        text = f'{escape(line.text[:-1])}<span style="letter-spacing:{narrow}pt">{last}</span>'
    return Markup(f'<span class="l" style="{left}letter-spacing:{spacing}">{text}</span>')  # noqa: S704 - escaped above


def _points(value: Fraction) -> str:
    thousandths = round(value * 1000)
    sign, whole = "-" if thousandths < 0 else "", abs(thousandths)
    return f"{sign}{whole // 1000}.{whole % 1000:03d}"
