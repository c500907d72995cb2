"""What stops a publication though people approved it: quality, paper, a canary."""

import json
import re
from pathlib import Path, PurePosixPath

from pipelines.exports.text import texts_of
from pipelines.model.refusals import NotAllowed
from pipelines.model.words import Words
from pipelines.publication.runs import FinishedRun
from pipelines.publication.settings import Settings
from pipelines.wording import say

QUALITY = "quality/report.json"


def must_be_fit(run: FinishedRun, settings: Settings, without_pdf: bool) -> None:
    """NotAllowed with the reason where a run must not be published; its bytes have been checked before."""
    for reason in (_quality(run), _paper(run, without_pdf), _blanks(run)):
        if reason:
            raise NotAllowed(reason)
    if hit := canary_hit(run.folder, settings):
        raise NotAllowed(say("publication.canary", file=hit[0], what=hit[1]))


def faults_of_paper(run: FinishedRun) -> list[Words]:
    """What is known to stop publication before anybody signs: quality, glyphs and fonts, blanks.

    A run that was asked for without paper is no fault: it may be published without.
    """
    paper = _paper(run, without_pdf=True)
    return [reason for reason in (_quality(run), paper, _blanks(run)) if reason]


def must_hold_no_canary(name: str, text: str, settings: Settings) -> None:
    """NotAllowed where a text that is to be published beside a run holds a canary."""
    if hit := found_in(text, settings):
        raise NotAllowed(say("publication.canary", file=name, what=hit))


def _blanks(run: FinishedRun) -> Words | None:
    """What the printed bulletin leaves to be filled in: office, number, signatory, dates."""
    blanks = run.manifest.get("blanks", ())
    names = [say(f"publication.blank_{name.rpartition('.')[2]}", period=run.manifest["period"]) for name in blanks]
    if not names:
        return None
    return say("publication.blanks", what=Words("、".join(one.zh for one in names), ", ".join(one.en for one in names)))


def _quality(run: FinishedRun) -> Words | None:
    if QUALITY not in run.manifest["outputs"]:
        return say("publication.no_quality", file=QUALITY)
    report = json.loads((run.folder / QUALITY).read_text(encoding="utf-8"))
    errors = report.get("expectations", {}).get("error", 0)
    return say("publication.quality_errors", n=errors) if errors else None


def _paper(run: FinishedRun, without_pdf: bool) -> Words | None:
    """A run without paper is published only where that is wanted; one with paper must have all of it, without fault.

    One whose printing failed, as it does where a page asks for a file or an address, is not published at all.
    """
    outputs, notices = run.manifest["outputs"], run.manifest.get("paper", [])
    printed = {name for name in outputs if name.endswith(".pdf")}
    if run.manifest.get("printing") == "failed":
        return say("publication.paper_faults", why="；".join(notices))
    if not printed:
        why = "；".join(notices)
        return None if without_pdf else say("publication.no_paper", why=why or say("publication.not_asked"))
    pages = {name for name in outputs if PurePosixPath(name).parent.name == "units" and name.endswith(".html")}
    wanted = {"bulletin.pdf", *(str(PurePosixPath(name).with_suffix(".pdf")) for name in pages)}
    if lacking := sorted(wanted - printed):
        return say("publication.paper_lacking", n=len(lacking), file=lacking[0])
    return say("publication.paper_faults", why="；".join(notices)) if notices else None


# The canaries: texts that must not stand in anything published, looked for in bytes, cells and printed lines.


_BLANK = re.compile(r"\s+")


def canary_hit(folder: Path, settings: Settings) -> tuple[str, str] | None:
    """(file, what was found) of the first canary below a folder, in the order of the names; None where none is."""
    if not (settings.texts or settings.patterns):
        return None
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    for file in files:
        for text in (file.name, *texts_of(file)):
            if found := found_in(text, settings):
                return file.relative_to(folder).as_posix(), found
    return None


def found_in(text: str, settings: Settings) -> str:
    """The first canary in a text, "" where none is: blanks and line ends do not hide a text."""
    squeezed = _BLANK.sub("", text)
    for canary in settings.texts:
        if _BLANK.sub("", canary) in squeezed:
            return canary
    for pattern in settings.patterns:
        if pattern.search(text) or pattern.search(squeezed):
            return pattern.pattern
    return ""
