"""The copy of a run that goes to the units: every page says 预览; what cannot be marked stays at home."""

import json
import re
import shutil
import uuid
from pathlib import Path

from pipelines.edges.fingerprints import note_beside, note_left_out
from pipelines.edges.published import proposed_pages
from pipelines.model.export import CUT_SIGNS
from pipelines.model.words import Words
from pipelines.publication.editions import UNFINISHED
from pipelines.publication.runs import FinishedRun
from pipelines.publication.state import Preview
from pipelines.wording import say

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


def signs_of_damage(run: FinishedRun) -> list[Words]:
    """What the run's quality report tells of exports that seem cut."""
    report = run.folder / "quality" / "report.json"
    warnings = json.loads(report.read_text(encoding="utf-8")).get("warnings", ()) if report.is_file() else ()
    return [Words(**one["remedy"]) for one in warnings if one["promise"] in CUT_SIGNS]


def marked(page: str, banner: str) -> str:
    """The page with the banner as the first thing in its body, and without links to what the copy does not have."""
    page = _LINK.sub(r"\1", page)
    note = f'<p role="note" style="margin:0;padding:.5em 1em;background:#b00020;color:#fff">{banner}</p>'
    body = _BODY.search(page)
    place = body.end() if body else 0
    return page[:place] + note + page[place:]


def _left_out(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(name).suffix in LEFT_OUT]
