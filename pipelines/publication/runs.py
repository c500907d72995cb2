"""Finished runs in the output folder and their bytes against the manifest."""

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipelines.edges.fingerprints import file_sha256, folder_sha256
from pipelines.edges.run_folders import MANIFEST, RUNS
from pipelines.edges.tallies import TALLIES
from pipelines.model.refusals import VerificationFailed
from pipelines.wording import say

# No symbolic link inside what is recorded or published: one could lead a reader, or the next act, somewhere else.


def must_hold_no_link(*places: Path) -> None:
    """VerificationFailed with the first link at or below one of the places; what is not there is no matter."""
    for place in places:
        for name in (str(place), *_below(place)):
            if os.path.islink(name):  # noqa: PTH114 - names, not Path objects: there may be very many
                raise VerificationFailed(say("publication.link", file=name))


def _below(place: Path):
    for folder, folders, files in os.walk(place):
        yield from (os.path.join(folder, name) for name in sorted((*folders, *files)))  # noqa: PTH118


@dataclass(frozen=True)
class FinishedRun:
    """A run's folder, and the sha256 that its manifest has, which names it; ``beside`` is what else may lie in it."""

    folder: Path
    sha256: str
    beside: frozenset[str] = frozenset()

    @cached_property
    def manifest(self) -> dict:
        """What went in and what came out; VerificationFailed where it is no manifest."""
        try:
            found = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
            if isinstance(found["outputs"], dict):
                return found
        except (OSError, ValueError, KeyError, TypeError):
            pass
        raise VerificationFailed(say("publication.changed", folder=self.folder, file=MANIFEST))

    def check(self) -> int:
        """Compare every byte with the manifest; how many files. VerificationFailed names the first that differs."""
        must_hold_no_link(self.folder)
        present = {name: sha for name, sha in folder_sha256(self.folder).items() if name not in self.beside}
        if present.pop(MANIFEST, "") != self.sha256:
            raise VerificationFailed(say("publication.changed", folder=self.folder, file=MANIFEST))
        promised = self.manifest["outputs"]
        for name in sorted({*present, *promised}):
            if present.get(name) != promised.get(name):
                raise VerificationFailed(
                    say(f"publication.{_how(name, present, promised)}", folder=self.folder, file=name)
                )
        return len(present) + 1


def run_in_force(out: Path, period: object) -> FinishedRun | None:
    """The run that `<out>/<period>` leads to, None where there is none.

    VerificationFailed if its manifest is not the one whose hash names its folder.
    """
    link = Path(out) / str(period)
    if not (link / MANIFEST).is_file():
        return None
    folder = link.resolve()
    found = FinishedRun(folder, file_sha256(folder / MANIFEST))
    if link.is_symlink() and not found.sha256.startswith(folder.name.split(".")[0]):
        raise VerificationFailed(say("publication.changed", folder=link, file=MANIFEST))
    return found


def finished_runs(out: Path, period: object) -> list[FinishedRun]:
    """Every run of a quarter, each named by its manifest; VerificationFailed for one whose manifest is another."""
    found = []
    for folder in sorted((Path(out) / RUNS / str(period)).glob("*")):
        if folder.is_dir() and not folder.name.endswith(TALLIES):
            manifest = folder / MANIFEST
            run = FinishedRun(folder, file_sha256(manifest) if manifest.is_file() else "")
            if not run.sha256.startswith(folder.name.split(".")[0]):
                raise VerificationFailed(say("publication.changed", folder=folder, file=MANIFEST))
            found.append(run)
    return found


def finished_run(out: Path, period: object, sha256: str) -> FinishedRun | None:
    """The run of that name, wherever the link leads now."""
    runs = Path(out) / RUNS / str(period)
    for folder in sorted(runs.glob(f"{sha256[:16]}*")):
        if (folder / MANIFEST).is_file() and file_sha256(folder / MANIFEST) == sha256:
            return FinishedRun(folder, sha256)
    return None


def _how(name: str, present: dict, promised: dict) -> str:
    if name not in present:
        return "lost"
    return "changed" if name in promised else "foreign"
