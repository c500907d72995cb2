"""Verify: the record's chain, every published byte, and on request the whole quarter computed again."""

from dataclasses import dataclass, field
from pathlib import Path

from pipelines.edges.beside import check_beside
from pipelines.edges.city import must_stay_here
from pipelines.edges.counted import list_of
from pipelines.edges.fingerprints import file_sha256
from pipelines.edges.scratch import scratch
from pipelines.edges.wording import say
from pipelines.model.period import Period
from pipelines.model.refusals import UsageRefusal, VerificationFailed
from pipelines.model.words import Words
from pipelines.publication.editions import SHEETS, edition_run, place_of, unrecorded
from pipelines.publication.follow import must_follow
from pipelines.publication.links import must_hold_no_link
from pipelines.publication.preview import place_of_previews
from pipelines.publication.record import RECORD
from pipelines.publication.runs import FinishedRun, run_in_force, runs_on_shelf
from pipelines.publication.signers import SIGNERS
from pipelines.publication.state import Edition, State
from pipelines.publication.whole import head_before, read_whole


@dataclass
class Verdict:
    """What was looked at and found in order; ``notices`` say what was not looked at."""

    events: int = 0
    editions: list[str] = field(default_factory=list)
    files: int = 0
    recomputed: str = ""  # the folder that was computed again
    same_bytes: bool = True  # every byte of it, else every figure only
    notices: list[Words] = field(default_factory=list)


def verify(out: Path, period: Period, again=None, progress=None, signers: Path = SIGNERS) -> Verdict:
    """Everything that is published of a quarter, and the run in force; ``again`` is a `recompute.Again`.

    VerificationFailed names the first file or record line that differs; UsageRefusal where there is nothing.
    """
    must_hold_no_link(Path(out) / RECORD, place_of(out, period).parent, place_of_previews(out, period).parent)
    events, state, _ = read_whole(out, period, signers)
    run = run_in_force(out, period)
    if run is None and not state.editions:
        raise UsageRefusal(say("publication.nothing_to_verify", period=period, out=out))
    verdict = Verdict(len(events))
    _editions(out, period, state, verdict)
    must_follow(Path(out), period, state, verdict.notices)
    verdict.files += check_beside(out, period, verdict.notices) + sum(one.check() for one in runs_on_shelf(out, period))
    if run is not None:
        verdict.files += run.check()
        must_stay_here(Path(out), run.manifest)
        _must_be_marked_alike(state, run)
        _must_show_the_head(out, period, run)
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
        verdict.files += _sheet(place_of(out, period) / edition.folder, edition)
        if not edition.clock:
            verdict.notices.append(say("publication.by_name", edition=edition.folder,
                                       names="、".join(one.by for one in edition.signed)))  # fmt: skip
        _must_be_marked_alike(state, edition_run(out, period, edition))
        _must_show_the_head(out, period, edition_run(out, period, edition))
        must_stay_here(Path(out), edition_run(out, period, edition).manifest)
        if counted := edition.says.get("counted"):
            _notice(list_of(out, period, edition.folder), counted)
    if left := unrecorded(out, period, state):
        raise VerificationFailed(say("publication.unrecorded", folder=place_of(out, period) / left[0]))


def _sheet(folder: Path, edition: Edition) -> int:
    """The publication sheet against the record; how many files."""
    present = {name for name in SHEETS if (folder / name).exists()}
    if edition.clock and edition.sheet is None:
        raise VerificationFailed(say("publication.unrecorded", folder=folder / "publication.html"))
    if surplus := present - set(edition.sheet or ()):
        raise VerificationFailed(say("publication.foreign", folder=folder, file=min(surplus)))
    for name, promised in (edition.sheet or {}).items():
        _notice(folder / name, promised)
    return len(present)


def _must_be_marked_alike(state: State, run: FinishedRun) -> None:
    """Typed times count for invented data alone: a record that says so of other data was forged."""
    if state.simulated and not run.manifest.get("simulated"):
        raise VerificationFailed(say("publication.not_simulated", folder=run.folder))


def _must_show_the_head(out: Path, period: Period, run: FinishedRun) -> None:
    """The bulletin shows the record's head before the quarter's first act; runs of older versions show none."""
    shown, known = run.manifest.get("record", {}).get("before"), head_before(out, period)
    if shown not in (None, known):
        raise VerificationFailed(say("publication.head_differs", folder=run.folder, shown=shown, known=known))


def _notice(file: Path, promised: str) -> None:
    if not file.is_file():
        raise VerificationFailed(say("publication.lost", folder=file.parent, file=file.name))
    if file_sha256(file) != promised:
        raise VerificationFailed(say("publication.changed", folder=file.parent, file=file.name))


def _recompute(run: FinishedRun, out: Path, again, verdict: Verdict, progress) -> None:
    from pipelines.assess import silent
    from pipelines.publication.recompute import can_print, compare_runs, recompute

    with scratch() as folder:
        fresh, pages = recompute(run, out, folder, again, progress or silent), can_print(run)
        same = compare_runs(run, fresh, pages)
        if not pages:
            verdict.notices.append(say("publication.pages_not_compared"))
        if fresh.manifest["code"] != run.manifest["code"]:
            codes = (run.manifest["code"], fresh.manifest["code"])
            then, now = (f"{code['version']} {code['sha256'][:12]}".strip() for code in codes)
            name = "other_code" if same else "figures_equal"
            verdict.notices.append(say(f"publication.{name}", then=then, now=now))
    verdict.same_bytes = same
    verdict.recomputed = str(run.folder)
