"""WeasyPrint: page HTML → PDF with the project's own fonts, nothing fetched, the same bytes every time."""

import gc
import logging
import os
import re
import struct
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from fractions import Fraction
from functools import cache
from hashlib import file_digest
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from pipelines.edges.located_yaml import load_office
from pipelines.edges.scratch import scratch
from pipelines.edges.templates import render
from pipelines.lazy import fontTools, weasyprint
from pipelines.model.project import Office
from pipelines.model.score import ScoredPeriod
from pipelines.model.words import Words
from pipelines.paths import FONTS, SCRIPTS
from pipelines.views.official import Official
from pipelines.wording import say

# The fonts of the printed pages on disk, against the manifest of what they should be.


MANIFEST, SCRIPT = SCRIPTS / "fonts.manifest", SCRIPTS / "fonts.sh"
FONT_TYPES = {".otf", ".ttc", ".ttf"}

# Family, as style sheets name it, → the file that holds its regular or only face.
FACES = {
    "FandolFang": "FandolFang-Regular.otf",
    "FandolHei": "FandolHei-Regular.otf",
    "FandolKai": "FandolKai-Regular.otf",
    "FandolSong": "FandolSong-Regular.otf",
    "LXGW WenKai": "LXGWWenKai-Regular.ttf",
    "Noto Sans CJK SC": "NotoSansCJK-Regular.ttc",
    "Noto Serif CJK SC": "NotoSerifCJK-Bold.ttc",
}


@cache
def widths(family: str, folder: Path = FONTS) -> dict[str, Fraction]:
    """Every character of a font family with its width in em; an empty mapping for a family that is not there."""
    if (place := _place(family, folder)) is None:
        return {}
    with fontTools.ttLib.TTFont(folder / place[0], fontNumber=place[1], lazy=True) as font:
        metrics, em = font["hmtx"].metrics, font["head"].unitsPerEm
        return {chr(code): Fraction(metrics[name][0], em) for code, name in font.getBestCmap().items()}


def _place(family: str, folder: Path) -> tuple[str, int] | None:
    """File and face of a family, None where the folder has none of that name."""
    return (FACES[family], 0) if family in FACES else added(folder).get(family)


@cache
def added(folder: Path = FONTS) -> dict[str, tuple[str, int]]:
    """The families that an office has put into the folder, under every name they have, with file and face.

    A file that cannot be read as a font adds nothing: the printer does not see it either.
    """
    found: dict[str, tuple[str, int]] = {}
    for file in sorted(folder.glob("*")):
        if file.suffix.lower() in FONT_TYPES and file.name not in manifest():
            for number, names in enumerate(_names(file)):
                found = {**dict.fromkeys(names, (file.name, number)), **found}
    return found


def _names(file: Path) -> list[set[str]]:
    """The family names of every face in a file, in all languages."""
    open_font = fontTools.ttLib.TTCollection if file.suffix.lower() == ".ttc" else fontTools.ttLib.TTFont
    try:
        with open_font(file, lazy=True) as font:
            faces = font.fonts if isinstance(font, fontTools.ttLib.TTCollection) else [font]
            return [{r.toUnicode() for r in face["name"].names if r.nameID in (1, 16)} for face in faces]
    except (fontTools.ttLib.TTLibError, KeyError, UnicodeDecodeError):
        return []


@cache
def drawn(family: str, folder: Path = FONTS) -> frozenset[str]:
    """The characters that a font in the folder can draw."""
    file, number = _place(family, folder)
    with fontTools.ttLib.TTFont(folder / file, fontNumber=number, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))


WEB_FONT = "font.woff2"  # beside pages, for machines without Chinese fonts; as `shared/font.html.j2` names it
WEB_FACE = "Noto Sans CJK SC"
WEB_RANGES = ((0x3000, 0x9FFF), (0xFF00, 0xFFEF), (0x20000, 0x323AF))  # what the style of the pages asks it for


def font_beside(folder: Path, pages: Iterable[Path], also: str = "") -> list[Path]:
    """The font in a folder, made anew where pages or ``also`` say what it lacks; none on a machine without fonts."""
    file = folder / WEB_FONT
    if not (FONTS / FACES[WEB_FACE]).is_file():
        return []
    wanted = _asked_for(set(also).union(*(page.read_text(encoding="utf-8") for page in pages)))
    there = _characters_of(file)
    if wanted - there:
        new = file.with_name(f".{file.name}.{uuid.uuid4().hex}")  # two processes may make it at once
        new.write_bytes(web_font(wanted | there))
        new.replace(file)
    return [file] if file.is_file() else []


def _asked_for(characters: Iterable[str]) -> set[str]:
    return {c for c in characters if any(first <= ord(c) <= last for first, last in WEB_RANGES)}


def _characters_of(file: Path) -> set[str]:
    """What a font beside pages draws; nothing where there is none, or one that is damaged and made anew."""
    try:
        with fontTools.ttLib.TTFont(file, lazy=True) as font:
            return _asked_for(map(chr, font.getBestCmap()))
    except (FileNotFoundError, fontTools.ttLib.TTLibError):
        return set()


def web_font(characters: Iterable[str], folder: Path = FONTS) -> bytes:
    """Those of the characters that pages ask it for, as WOFF2 without hints; the same bytes for the same characters."""
    file = folder / FACES[WEB_FACE]
    with fontTools.ttLib.TTCollection(file, lazy=True) as faces:
        number = next(n for n, face in enumerate(faces.fonts) if face["name"].getDebugName(1) == WEB_FACE)
    wanted = sorted(_asked_for(set(characters)))
    options = fontTools.subset.Options(
        flavor="woff2", layout_features=[], hinting=False, desubroutinize=True, glyph_names=False
    )
    options.drop_tables += ["vhea", "vmtx", "VORG", "GSUB", "GPOS", "GDEF", "BASE"]
    with fontTools.ttLib.TTFont(file, fontNumber=number, lazy=True, recalcTimestamp=False) as font, BytesIO() as made:
        chosen = fontTools.subset.Subsetter(options)
        chosen.populate(text="".join(wanted))
        chosen.subset(font)
        font.flavor = "woff2"
        font.save(made)
        return made.getvalue()


def uncovered(text: str, folder: Path = FONTS) -> set[str]:
    """The printable characters that no font in the folder can draw; the large fonts are opened only when need be."""
    left = {c for c in text if c.isprintable() and not c.isspace()}
    for family in (*FACES, *added(folder)):
        left = left - drawn(family, folder) if left else left
    return left


def foreign(names: set[str], folder: Path = FONTS) -> set[str]:
    """Those of a document's embedded fonts that are neither ours nor in the folder of fonts."""
    ours = tuple(family.replace(" ", "-") for family in (*FACES, *added(folder)))
    return {name for name in names if not name.startswith(ours)}


def absent(families: Iterable[str], folder: Path = FONTS) -> list[str]:
    """The families that somebody asks for and no file in the folder has."""
    return [family for family in dict.fromkeys(families) if _place(family, folder) is None]


def manifest() -> dict[str, str]:
    """File name → sha256 of every font, as `scripts/fonts.sh` fetches them."""
    lines = (line.split() for line in MANIFEST.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    files = {path.rpartition("/")[2]: sha for _, sha, path in lines}
    return {name: sha for name, sha in files.items() if Path(name).suffix in FONT_TYPES}


def missing(folder: Path = FONTS) -> list[str]:
    """Names of the fonts that are not there, `fonts.conf` among them where it names another folder."""
    conf = folder / "fonts.conf"
    names = [name for name in manifest() if not (folder / name).is_file()]
    placed = conf.is_file() and f"<dir>{folder}</dir>" in conf.read_text(encoding="utf-8")
    return names if placed else [*names, conf.name]


def changed(folder: Path = FONTS) -> list[str]:
    """Names of the fonts that are there with other bytes than the manifest's."""
    return [name for name, sha in manifest().items() if (folder / name).is_file() and _sha256(folder / name) != sha]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


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
        _ = weasyprint.HTML  # only whether its libraries load
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
    os.environ["FONTCONFIG_FILE"] = conf  # read when the library is loaded, hence before its first use
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    fonts = weasyprint.text.fonts.FontConfiguration()
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
    except weasyprint.urls.FatalURLFetchingError as forbidden:
        raise RuntimeError(str(forbidden)) from None
    Path(file).write_bytes(content)
    gc.collect()
    return set(_log.found), used


def _fetch_nothing():
    class Nothing(weasyprint.urls.URLFetcher):
        """Pages are whole in themselves: whatever asks for a file or an address is an attack or a mistake."""

        def fetch(self, url, headers=None):
            raise weasyprint.urls.FatalURLFetchingError(f"forbidden: {url[:80]}")

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
    tables = dict(_tables(program))
    fonts = fontTools.cffLib.CFFFontSet()
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
