"""Bytes of an export file, plain or gzip, in bounded memory: hashed, decompressed, cut at line ends."""

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from pipelines.edges.wording import say
from pipelines.model.export import UnreadableExport

BLOCK = 4 << 20
LONGEST_LINE = 16 << 20
# A gzip file may always grow to FREE_SIZE; beyond it the ratio tells an export from a decompression bomb.
FREE_SIZE = 64 << 20
MAX_RATIO = 200
MAX_SIZE = 64 << 30
GZIP = b"\x1f\x8b"  # how such a file begins

SWAPPED_LINE_ENDS = bytes.maketrans(b"\r\n", b"\n\r")
_LINE_END = re.compile(rb"\r*\n|\r")


def sha256_of(path: Path) -> str:
    """The sha256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def state_of(path: Path) -> tuple[int, int, int, int]:
    """What changes when a file is written to or replaced: file number, size, and the times of its last changes."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def first_block(path: Path) -> bytes:
    """The first bytes of a file after decompression."""
    return next(_blocks(path), b"")


def line_blocks(path: Path) -> Iterator[bytes]:
    """The content of a file in blocks of whole lines that end with LF; only the last may lack its line end.

    A file whose header ends with CR alone is read with CR as the line end: its CR and LF are swapped.
    UnreadableExport for damaged gzip, a decompression bomb and a line of more than 16 MiB.
    """
    rest, swap = b"", None
    for block in _blocks(path):
        if swap is None:
            end = _LINE_END.search(block)
            swap = bool(end) and not end[0].endswith(b"\n")
        whole, line_end, tail = (block.translate(SWAPPED_LINE_ENDS) if swap else block).rpartition(b"\n")
        if line_end:
            yield rest + whole + line_end
            rest = tail
        else:
            rest += tail
        if len(rest) > LONGEST_LINE:
            raise UnreadableExport(say("ingest.line_too_long", file=path.name, size=LONGEST_LINE >> 20))
    if rest:
        yield rest


def _blocks(path: Path) -> Iterator[bytes]:
    return _unzipped(path) if path.name.lower().endswith(".gz") else _plain(path)


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _unzipped(path: Path) -> Iterator[bytes]:
    packed, size = max(path.stat().st_size, 1), 0
    try:
        with gzip.open(path) as file:
            while block := file.read(BLOCK):
                size += len(block)
                if size > MAX_SIZE or (size > FREE_SIZE and size > MAX_RATIO * packed):
                    raise UnreadableExport(say("ingest.gzip_bomb", file=path.name, size=size >> 20))
                yield block
    except EOFError:
        raise UnreadableExport(say("ingest.gzip_cut", file=path.name)) from None
    except (gzip.BadGzipFile, zlib.error):
        is_gzip = next(_plain(path), b"").startswith(GZIP)
        words = say("ingest.gzip_damaged", file=path.name) if is_gzip else say("ingest.no_gzip", file=path.name)
        raise UnreadableExport(words) from None
