"""Text as it may leave the office: no formulas, no telephone or identity numbers, no evaluators, nothing unseen."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from unicodedata import normalize
from urllib.parse import quote

BYTE_MARK = "\ufeff"  # before a CSV file: without it Excel takes UTF-8 for the machine's own letters

# Spreadsheets run a cell that begins so; the full-width twins are folded by some of them.
FORMULA_STARTS = frozenset("=+-@\t\r\n\0＝＋－＠")

_D = "[0-9０-９]"
_EDGE = "[^0-9０-９]"
# Written for Python and for DuckDB's RE2 alike: no look-around, so the neighbours are captured and put back.
MOBILE = f"(^|{_EDGE})((?:00)?(?:[+＋]?(?:86|８６)[- ]?)?[1１][3-9３-９]{_D}[- ]?{_D}{{4}}[- ]?{_D}{{4}})({_EDGE}|$)"
IDENTITY = f"(^|{_EDGE})({_D}{{17}}[0-9０-９XxＸｘ])({_EDGE}|$)"
# A landline with its area code, which is written apart: 0755-28888888, （0755）28888888.
LANDLINE = f"(^|{_EDGE})((?:[(（][0０]{_D}{{2,3}}[)）]|[0０]{_D}{{2,3}}[-－–— ]){_D}{{7,8}})({_EDGE}|$)"
MOBILE_MASK = r"\1［手机号已隐去］\3"
LANDLINE_MASK = r"\1［电话号码已隐去］\3"
IDENTITY_MASK = r"\1［身份证号已隐去］\3"

_MOBILE = re.compile(MOBILE)
_IDENTITY = re.compile(IDENTITY)
_LANDLINE = re.compile(LANDLINE)
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), "□")
_CONTROLS.update({ord(blank): " " for blank in "\t\n\r\u2028\u2029"})
# Marks that turn the direction of what follows, and characters without width: they hide what a text says.
_HIDDEN = (0x061C, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
_CONTROLS.update(dict.fromkeys(_HIDDEN, "□"))


def guarded(cell: str) -> str:
    """A text cell for CSV: one that a spreadsheet would run as a formula gets a leading apostrophe."""
    return f"'{cell}" if cell[:1] in FORMULA_STARTS and cell else cell


def unguarded(cell: str) -> str:
    """The text behind a guarded cell."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] and cell[1] in FORMULA_STARTS else cell


_CHINESE = "\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_BETWEEN_CHINESE = re.compile(f"(?<=[{_CHINESE}]) (?=[{_CHINESE}])")


@lru_cache(maxsize=4096)
def compared(text: str | None) -> str:
    """A text as it is compared: NFKC-folded, trimmed, line ends and runs of blanks one blank; none between Chinese."""
    return _BETWEEN_CHINESE.sub("", " ".join(normalize("NFKC", text or "").split()))


@lru_cache(2**15)  # names of units are asked again and again
def masked(text: str) -> str:
    """Free text without mobile, landline and 18-digit identity numbers.

    Twice, because two numbers with one character between them share that neighbour.
    """
    for _ in range(2):
        text = _LANDLINE.sub(LANDLINE_MASK, _IDENTITY.sub(IDENTITY_MASK, text))
        text = _MOBILE.sub(MOBILE_MASK, text)
    return text


def plain(text: str) -> str:
    """Text for a page: blanks become spaces; other control characters and marks of direction a box."""
    return text if text.isprintable() else text.translate(_CONTROLS)


def same_text(text: str) -> str:
    """A text as it is compared with another: width and case folded, blanks left out."""
    return "".join(normalize("NFKC", text).casefold().split())


# File names for identifiers that anybody may have typed: safe, unique, and readable where that is safe.


# Kept as they are: Latin letters, digits, `-`, `_`, inner dots, and the common Chinese characters.
_KEPT = re.compile(r"[A-Za-z0-9_.\-\u3400-\u4dbf\u4e00-\u9fff]")
LONGEST = 150  # bytes; a name and its suffix stay far below the 255 of common file systems
_HASH = 32


@lru_cache(2**15)
def file_stem(identifier: str) -> str:
    """The file name, without suffix, of an identifier: never empty, never a path, never hidden.

    Everything unusual is percent-encoded, so it can be read back. A name that would be too long is cut
    and ends in ``~`` and a hash: unique still, and result.json names the page of every unit.
    """
    encoded = "".join(c if _KEPT.fullmatch(c) else _percent(c) for c in identifier)
    encoded = re.sub(r"^\.|\.$", "%2E", encoded) or "%"
    if len(encoded.encode()) <= LONGEST:
        return encoded
    digest = hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
    head = encoded.encode()[: LONGEST - _HASH - 1].decode("utf-8", "ignore")
    return f"{re.sub('%.?$', '', head)}~{digest}"


def link_to(stem: str) -> str:
    """A relative address of a file stem: the percent signs of the name are encoded once more."""
    return quote(stem)


def _percent(character: str) -> str:
    # `quote` leaves `~` alone, which marks a cut name here.
    return "%7E" if character == "~" else quote(character, safe="", errors="surrogatepass")


# The names and numbers of the evaluators, looked for in texts that anybody may read (E5.5).


SHORTEST_NAME, SHORTEST_NUMBER = 2, 4
_BETWEEN = r"[\s\u00ad\u200b-\u200f\u2060\ufeff]*"  # blanks and unseen signs do not hide a name


@dataclass(frozen=True)
class Evaluator:
    """One row of the panel's table: where it stands, whom it names."""

    file: str
    line: int
    number: str
    name: str
    employer: str = ""  # the name of a unit


@dataclass(frozen=True)
class Panel:
    """Everybody whom no public text may name.

    ``coincidences`` are texts that hold a name and mean something else, such as a place. ``ordinary`` are texts that
    every page says: a name that is one of their words counts only behind its employer, a number that is one of
    ``public`` (units, cases …) or has no letter is not looked for at all. Both are empty for the texts of rows.
    """

    evaluators: tuple[Evaluator, ...]
    coincidences: tuple[str, ...] = ()
    ordinary: str = ""
    public: frozenset[str] = field(default=frozenset())
    pages: bool = False

    def found_in(self, text: str) -> Evaluator | None:
        """The first of them whom a text names or whose number it gives."""
        if not self._forms or not self._pattern.search(text):
            return None
        for coincidence in self.coincidences:
            text = text.replace(coincidence, "\0")
        place = 0
        while found := self._pattern.search(text, place):
            if not (_joins(found[0][0]) and found.start() and _joins(text[found.start() - 1])):
                return self._forms[_squeezed(found[0])]
            place = found.start() + 1
        return None

    @cached_property
    def _forms(self) -> dict[str, Evaluator]:
        forms: dict[str, Evaluator] = {}
        for one in self.evaluators:
            for form in self._forms_of(one):
                forms.setdefault(form, one)
        return forms

    def _forms_of(self, one: Evaluator) -> Iterable[str]:
        name, employer = _squeezed(one.name), _squeezed(one.employer)
        if len(name) >= SHORTEST_NAME:
            usual = bool(self.ordinary) and name in self.ordinary
            yield from [employer + name] if usual and employer else [] if usual else [name]
        number = _squeezed(one.number)
        if len(number) >= SHORTEST_NUMBER and not (self.pages and (number.isdigit() or one.number in self.public)):
            yield number

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(_spelled(form) for form in sorted(self._forms, key=lambda form: -len(form))))


def _spelled(form: str) -> str:
    """A form with anything unseen between its signs; letters and digits end where a word ends."""
    return _BETWEEN.join(map(re.escape, form)) + (r"(?![0-9A-Za-z])" if _joins(form[-1]) else "")


def _joins(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


def _squeezed(text: str) -> str:
    return re.sub(_BETWEEN, "", normalize("NFKC", text))
