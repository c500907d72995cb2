"""What the machine refused, in one sentence with its remedy: a full disk, a read-only place, no rights, no memory."""

import errno
import os
import re
from collections.abc import Iterator

from pipelines.model.words import Words
from pipelines.wording import say

KINDS = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "quota",
    errno.EFBIG: "quota",
    errno.EROFS: "read_only",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EMFILE: "files",
    errno.ENFILE: "files",
    errno.EIO: "broken",
    errno.ENOMEM: "memory",
    errno.ENAMETOOLONG: "long_name",
}
# Libraries hand on what the system said as text, and some of them nothing else.
SAID = {os.strerror(number).lower(): kind for number, kind in KINDS.items()}
PLACE = re.compile(r"""["'](/[^"'\\\n]+)""")


def machine_fault(problem: BaseException) -> Words | None:
    """The refusal of the machine behind an exception, or behind what caused it; None where there is none."""
    for one in _behind(problem):
        if kind := _kind(one):
            where = _place(one)
            return say(f"faults.{kind}", where=f"{where}：" if where else "")
    if isinstance(problem, OSError):
        says = problem.strerror or str(problem).splitlines()[0][:200] if str(problem) else type(problem).__name__
        return say("faults.other", where=f"{_place(problem)}：" if _place(problem) else "", says=says)
    return None


def _behind(problem: BaseException | None) -> Iterator[BaseException]:
    seen = set()
    while problem is not None and id(problem) not in seen:
        seen.add(id(problem))
        yield problem
        yield from (one for one in problem.args if isinstance(one, OSError))
        problem = problem.__cause__ or problem.__context__


def _kind(problem: BaseException) -> str | None:
    if isinstance(problem, MemoryError):
        return "memory"
    if isinstance(problem, OSError) and problem.errno in KINDS:
        return KINDS[problem.errno]
    if isinstance(problem, FileNotFoundError | FileExistsError | NotADirectoryError | IsADirectoryError):
        return None
    text = str(problem).lower()
    return next((kind for said, kind in SAID.items() if said in text), None)


def _place(problem: BaseException) -> str:
    """The file or folder; of many, as in `shutil.Error`, the first that could not be written."""
    if isinstance(problem, OSError) and problem.filename:
        return os.fsdecode(problem.filename)
    first = problem.args[0] if problem.args else ""
    if isinstance(first, list) and first:
        pair = first[0]
        return str(pair[1] if isinstance(pair, tuple) and len(pair) > 1 else pair)[:300]
    found = PLACE.search(str(problem))
    return found[1] if found else ""
