"""File names for identifiers that anybody may have typed: safe, unique, and readable where that is safe."""

import hashlib
import re
from urllib.parse import quote, unquote

# Kept as they are: Latin letters, digits, `-`, `_`, inner dots, and the common Chinese characters.
_KEPT = re.compile(r"[A-Za-z0-9_.\-\u3400-\u4dbf\u4e00-\u9fff]")
LONGEST = 150  # bytes; a name and its suffix stay far below the 255 of common file systems
_HASH = 32


def file_stem(identifier: str) -> str:
    """The file name, without suffix, of an identifier: never empty, never a path, never hidden.

    Everything unusual is percent-encoded, so `identifier_of` gives it back. A name that would be too long is cut
    and ends in ``~`` and a hash: unique still, and result.json names the page of every unit.
    """
    encoded = "".join(c if _KEPT.fullmatch(c) else _percent(c) for c in identifier)
    encoded = re.sub(r"^\.|\.$", "%2E", encoded) or "%"
    if len(encoded.encode()) <= LONGEST:
        return encoded
    digest = hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
    head = encoded.encode()[: LONGEST - _HASH - 1].decode("utf-8", "ignore")
    return f"{re.sub('%.?$', '', head)}~{digest}"


def identifier_of(stem: str) -> str | None:
    """The identifier behind a file stem, or None where the name was cut."""
    if "~" in stem:
        return None
    return "" if stem == "%" else unquote(stem)


def link_to(stem: str) -> str:
    """A relative address of a file stem: the percent signs of the name are encoded once more."""
    return quote(stem)


def _percent(character: str) -> str:
    # `quote` leaves `~` alone, which marks a cut name here.
    return "%7E" if character == "~" else quote(character, safe="", errors="surrogatepass")
