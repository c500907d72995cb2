"""Approved runs frozen below `<out>/published/<period>/<number>/`, and the copies that go to units before."""

import json
import re
import shutil
import uuid
from pathlib import Path

from pipelines.edges import folders
from pipelines.edges.fingerprints import note_beside, note_left_out
from pipelines.edges.folders import PUBLISHED
from pipelines.edges.published import proposed_pages
from pipelines.model.intake import DAMAGE_SIGNS
from pipelines.model.words import VerificationFailed, Words
from pipelines.publication.record import FinishedRun
from pipelines.publication.state import Edition, Preview, State
from pipelines.wording import say

# Editions: approved runs frozen below `<out>/published/<period>/<number>/`, never overwritten, never deleted.


UNFINISHED = ".unfinished-"
READ_ONLY = 0o444
SHEETS = frozenset(f"publication.{kind}" for kind in ("html", "json", "pdf"))  # beside the approved bytes


def place_of(out: Path, period: object) -> Path:
    """Where a quarter's editions lie."""
    return Path(out) / PUBLISHED / str(period)


def edition_run(out: Path, period: object, edition: Edition) -> FinishedRun:
    """A recorded edition; VerificationFailed where its folder is gone."""
    folder = place_of(out, period) / edition.folder
    if not folder.is_dir():
        raise VerificationFailed(say("publication.edition_lost", folder=folder))
    return FinishedRun(folder, edition.run, SHEETS)


def freeze(out: Path, period: object, run: FinishedRun, state: State) -> str:
    """Copy a run to a new edition, every byte checked after the copy; the edition's name.

    The caller holds the record's lock. An edition that was frozen but not recorded, because the machine stopped in
    between, is taken over where it is this run, and left alone otherwise.
    """
    place = place_of(out, period)
    place.mkdir(parents=True, exist_ok=True)
    for left in place.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left)
    name = _number(place, run, state)
    if (place / name).exists():
        return name
    copy = place / f"{UNFINISHED}{uuid.uuid4().hex}"
    shutil.copytree(run.folder, copy)
    FinishedRun(copy, run.sha256).check()
    for file in copy.rglob("*"):
        if file.is_file():
            file.chmod(READ_ONLY)
    folders.sync(copy)
    copy.rename(place / name)
    folders.sync_folder(place)
    return name


def unrecorded(out: Path, period: object, state: State) -> list[str]:
    """Names of edition folders that the record does not know, neither as published nor as left by a crash."""
    known = {name for edition in state.editions for name in (edition.folder, *edition.says.get("left", ()))}
    place = place_of(out, period)
    found = (entry.name for entry in place.iterdir()) if place.is_dir() else ()
    return sorted(name for name in found if name.isdecimal() and name not in known)


def _number(place: Path, run: FinishedRun, state: State) -> str:
    """The next number, or that of the same run frozen before a crash."""
    number = max((int(edition.folder) for edition in state.editions), default=0) + 1
    while (place / str(number)).exists() and not _same(place / str(number), run):
        number += 1
    return str(number)


def _same(folder: Path, run: FinishedRun) -> bool:
    try:
        return bool(FinishedRun(folder, run.sha256).check())
    except VerificationFailed:
        return False


# The copy of a run that goes to the units: every page says 预览; what cannot be marked stays at home.


FOLDER = "preview"
LEFT_OUT = frozenset({".pdf", ".xlsx", ".json"})  # no banner can be put into them, and they look final
_BODY = re.compile(r"<body[^>]*>")
_LINK = re.compile(r'<a href="[^"]*\.(?:pdf|xlsx|json)"[^>]*>(.*?)</a>', re.DOTALL)  # to what is left out


def place_of_previews(out: Path, period: object) -> Path:
    """Where a quarter's copies for the units lie."""
    return Path(out) / FOLDER / str(period)


def preview_folder(out: Path, period: object, preview: Preview) -> Path:
    """Where a revision's copy for the units lies."""
    return place_of_previews(out, period) / str(preview.revision)


def write_preview(out: Path, period: object, preview: Preview, run: FinishedRun) -> Path:
    """Copy the run with a banner on every page; the run itself, which is what gets approved, stays as it is."""
    target = preview_folder(out, period, preview)
    note_left_out(Path(out), [target.with_name(str(revision)) for revision in range(1, preview.revision + 1)])
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left)
    copy = target.with_name(f"{UNFINISHED}{uuid.uuid4().hex}")
    copy_into(copy, preview, run)
    copy.rename(target)
    note_beside(Path(out), [target])
    return target


def copy_into(copy: Path, preview: Preview, run: FinishedRun) -> None:
    """The copy, made as a new folder.

    Pages that name commendations are rendered again from their data, for what is signed says 予以 and a preview 拟.
    """
    shutil.copytree(run.folder, copy, ignore=_left_out)
    banner = say("publication.banner", revision=preview.revision, run=run.sha256[:16])
    if promised := run.manifest.get("proposed"):  # runs of older versions were worded as a proposal
        for name, html in proposed_pages(run.folder, promised):
            (copy / name).write_text(html, encoding="utf-8", newline="")
    for page in copy.rglob("*.html"):
        page.write_text(
            marked(page.read_text(encoding="utf-8"), f"{banner.zh}　{banner.en}"), encoding="utf-8", newline=""
        )


def damage_warnings(run: FinishedRun) -> list[Words]:
    """What the run's quality report tells of exports that seem damaged."""
    report = run.folder / "quality" / "report.json"
    warnings = json.loads(report.read_text(encoding="utf-8")).get("warnings", ()) if report.is_file() else ()
    return [Words(**one["remedy"]) for one in warnings if one["promise"] in DAMAGE_SIGNS]


def marked(page: str, banner: str) -> str:
    """The page with the banner as the first thing in its body, and without links to what the copy does not have."""
    page = _LINK.sub(r"\1", page)
    note = f'<aside aria-label="预览 Preview" style="padding:.5em 1em;background:#b00020;color:#fff">{banner}</aside>'
    body = _BODY.search(page)
    place = body.end() if body else 0
    return page[:place] + note + page[place:]


def _left_out(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(name).suffix in LEFT_OUT]
