"""WeasyPrint: page HTML → PDF with the project's own fonts, nothing fetched, the same bytes every time."""

import gc
import logging
import os
import re
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from fractions import Fraction
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from pipelines.edges.fonts import FONT_TYPES, absent, foreign, missing, uncovered, widths
from pipelines.edges.office import load_office
from pipelines.edges.scratch import scratch
from pipelines.edges.templates import render
from pipelines.model.office import Office
from pipelines.model.result import ScoredPeriod
from pipelines.model.words import Words
from pipelines.paths import FONTS
from pipelines.views.official import Official
from pipelines.wording import say

WORKERS = 2
VARIANT = "pdf/a-2a"  # for the archive, and tagged
_GLYPH = re.compile(r"\.notdef glyph.*\(U\+([0-9A-F]+)\)")
# The bold faces of Fandol call themselves regular: either could stand for the other, by the order of a folder.
_FONTCONFIG = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{fonts}/cache</cachedir>
<selectfont><rejectfont><glob>{fonts}/Fandol*-Bold.otf</glob></rejectfont></selectfont></fontconfig>
"""


class Sheet(NamedTuple):
    """A page to print; ``alone`` where it brings its own style and needs none of the shared one."""

    html: str
    file: Path
    alone: bool = False


_style = None  # of a worker: FontConfiguration and CSS, built once
_log = None


def paper_problem() -> Words | None:
    """Why no PDF can be made on this machine, with the line that mends it; None where all is there."""
    if lacking := [name for name in missing(FONTS) if Path(name).suffix in FONT_TYPES]:
        return say("publish.no_paper_fonts", folder=FONTS.name, fonts="、".join(lacking))
    try:
        import weasyprint  # noqa: F401 - only whether its libraries load
    except (OSError, ImportError) as problem:
        return say("publish.no_paper_library", why=str(problem).splitlines()[0][:120])
    return None


def print_pages(
    pages: Iterable[Sheet | tuple[str, Path]], css: str, progress: Callable[[int, int], None]
) -> tuple[Words, ...]:
    """Print sheets, or plain (HTML, target file) pairs, in two processes; notices tell of lacking glyphs and fonts.

    OSError where a file cannot be written.
    """
    pages = [_drawable(Sheet(*page)) for page in pages]
    glyphs = uncovered("".join({*"".join(page.html for page in pages)}), FONTS)
    fonts: set[str] = set()
    with scratch() as folder:
        conf = folder / "fonts.conf"
        conf.write_text(fontconfig(), encoding="utf-8")
        workers = min(WORKERS, len(pages)) or 1
        with ProcessPoolExecutor(workers, get_context("spawn"), _prepare, (str(conf), css, os.getpid())) as pool:
            waiting = [pool.submit(_print, page.html, str(page.file), page.alone) for page in pages]
            try:
                for done, future in enumerate(as_completed(waiting), 1):
                    lacking, used = future.result()
                    glyphs |= lacking
                    fonts |= used
                    progress(done, len(pages))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return _found(glyphs, foreign(fonts, FONTS))


def fontconfig() -> str:
    """The settings with which only the project's own fonts are found."""
    return _FONTCONFIG.format(fonts=escape(str(FONTS)))


def _drawable(page: Sheet) -> Sheet:
    """A page with the printers' mark for a sign that cannot be set, which the fonts have, for the screen's."""
    return page._replace(html=page.html.replace("\ufffd", "〓"))


def _found(glyphs: set[str], strange: set[str]) -> tuple[Words, ...]:
    """A notice where characters show as boxes, and one where the machine's fonts stood in for ours."""
    lacking = say("publish.missing_glyphs", n=len(glyphs), glyphs="".join(sorted(glyphs)[:20]))
    others = say("publish.foreign_fonts", fonts="、".join(sorted(strange)[:8]))
    return (*([lacking] if glyphs else []), *([others] if strange else []))


def _prepare(conf: str, css: str, parent: int) -> None:
    global _style, _log
    os.environ["FONTCONFIG_FILE"] = conf  # read when the library is loaded, hence before the import
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    _style = fonts, weasyprint.CSS(string=css, font_config=fonts, url_fetcher=_fetch_nothing())
    _log = _Glyphs()
    logger = logging.getLogger("weasyprint")
    logger.handlers, logger.propagate = [_log], False
    logger.setLevel(logging.WARNING)
    gc.freeze()
    gc.disable()  # a page is many small objects that die together: looked through once, when it is printed


def _end_with(parent: int) -> None:
    """A worker must not outlive a run that was killed."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _print(html: str, file: str, alone: bool) -> tuple[set[str], set[str]]:
    """Write one PDF; the characters without a glyph and the names of the embedded fonts."""
    import weasyprint
    from weasyprint.urls import FatalURLFetchingError

    fonts, css = _style
    _log.found.clear()
    used: set[str] = set()
    document = weasyprint.HTML(string=html, url_fetcher=_fetch_nothing())
    try:
        content = document.write_pdf(
            stylesheets=[] if alone else [css],
            font_config=fonts,
            pdf_variant=VARIANT,
            finisher=lambda _, pdf: (used.update(names_of(pdf)), number_by_place(pdf)),
        )
    except FatalURLFetchingError as forbidden:
        raise RuntimeError(str(forbidden)) from None
    Path(file).write_bytes(content)
    gc.collect()
    return set(_log.found), used


def _fetch_nothing():
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    class Nothing(URLFetcher):
        """Pages are whole in themselves: whatever asks for a file or an address is an attack or a mistake."""

        def fetch(self, url, headers=None):
            raise FatalURLFetchingError(f"forbidden: {url[:80]}")

    return Nothing()


class _Glyphs(logging.Handler):
    """Collects the characters for which no font has a glyph: a box on paper that text extraction does not show."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if match := _GLYPH.search(record.getMessage()):
            self.found.add(chr(int(match[1], 16)))


# The fonts inside a PDF before it is written: their names, and glyphs listed under the numbers that the pages use.


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


# The bulletin on paper: the office's settings and the fonts' widths brought to the official document.


TEMPLATE = "bulletin/gb9704.html.j2"


def official_sheet(result: ScoredPeriod, bulletin: dict, office: Office | None = None) -> str:
    """The HTML to print of a bulletin page; UsageRefusal where the office's settings are wrong."""
    office = office or result.office or load_office()
    official = Official(result, office, advance_of(office), say)
    return render(TEMPLATE, official.page(bulletin), paper=True)


def absent_fonts(result: ScoredPeriod) -> tuple[Words, ...]:
    """A notice where the office names a font that is not there: another would stand in for it without a word."""
    office = result.office or load_office()
    lacking = absent((family for families in office.fonts.values() for family in families), FONTS)
    return (say("publish.absent_fonts", fonts="、".join(lacking), folder=FONTS.name),) if lacking else ()


def advance_of(office: Office) -> Callable[[str], Callable[[str], Fraction]]:
    """The width of a character by font use; a character of no font of ours counts as one em, as Chinese ones are."""

    def by_use(use: str) -> Callable[[str], Fraction]:
        fonts = [widths(family, FONTS) for family in office.fonts[use]]
        return lambda c: next((font[c] for font in fonts if c in font), Fraction(1))

    return by_use
