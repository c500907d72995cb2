"""Text cells as they may leave the office: no formulas, no telephone or identity numbers, no control characters."""

import hashlib
import re
from functools import lru_cache
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
