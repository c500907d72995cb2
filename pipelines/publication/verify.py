"""Verify: the record's chain, every published byte, and on request the whole quarter computed again."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.edges.fingerprints import file_sha256
from pipelines.edges.wording import say
from pipelines.model.period import Period
from pipelines.model.refusals import UsageRefusal, VerificationFailed
from pipelines.model.words import Words
from pipelines.publication.editions import edition_run, place_of, unrecorded
from pipelines.publication.record import read, record_file
from pipelines.publication.runs import FinishedRun, run_in_force
from pipelines.publication.state import State, replay


@dataclass
class Verdict:
    """What was looked at and found in order; ``notices`` say what was not looked at."""

    events: int = 0
    editions: list[str] = field(default_factory=list)
    files: int = 0
    recomputed: str = ""  # the folder that was computed again
    notices: list[Words] = field(default_factory=list)


def verify(out: Path, period: Period, again=None, progress=None) -> Verdict:
    """Everything that is published of a quarter, and the run in force; ``again`` is a `recompute.Again`.

    VerificationFailed names the first file or record line that differs; UsageRefusal where there is nothing.
    """
    file = record_file(out, period)
    events = read(file)
    state, run = replay(events, file), run_in_force(out, period)
    if run is None and not state.editions:
        raise UsageRefusal(say("publication.nothing_to_verify", period=period, out=out))
    verdict = Verdict(len(events))
    _editions(out, period, state, verdict)
    if run is not None:
        verdict.files += run.check()
    if not state.editions:
        verdict.notices.append(say("publication.only_preview", period=period))
    if again is None:
        verdict.notices.append(say("publication.only_bytes"))
    else:
        _recompute(edition_run(out, period, state.edition) if state.editions else run, out, again, verdict, progress)
    return verdict


def _editions(out: Path, period: Period, state: State, verdict: Verdict) -> None:
    for edition in state.editions:
        verdict.files += edition_run(out, period, edition).check()
        verdict.editions.append(edition.folder)
        for name, promised in edition.says.get("files", {}).items():
            _notice(place_of(out, period) / name, promised)
            verdict.files += 1
    if left := unrecorded(out, period, state):
        raise VerificationFailed(say("publication.unrecorded", folder=place_of(out, period) / left[0]))


def _notice(file: Path, promised: str) -> None:
    if not file.is_file():
        raise VerificationFailed(say("publication.lost", folder=file.parent, file=file.name))
    if file_sha256(file) != promised:
        raise VerificationFailed(say("publication.changed", folder=file.parent, file=file.name))


def _recompute(run: FinishedRun, out: Path, again, verdict: Verdict, progress) -> None:
    from pipelines.assess import silent
    from pipelines.publication.recompute import can_print, compare_runs, recompute

    with tempfile.TemporaryDirectory(prefix="gongping-verify-") as folder:
        fresh, pages = recompute(run, out, Path(folder), again, progress or silent), can_print(run)
        compare_runs(run, fresh, pages)
        if not pages:
            verdict.notices.append(say("publication.pages_not_compared"))
        if fresh.manifest["code"] != run.manifest["code"]:
            verdict.notices.append(say("publication.other_code"))
    verdict.recomputed = str(run.folder)
