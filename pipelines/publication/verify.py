"""Verify: the record's chain, every published byte, and on request the whole quarter computed again."""

import csv
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pipelines.assess import Request, Run
from pipelines.edges.fingerprints import check_beside, code_version, file_sha256, folder_sha256
from pipelines.edges.folders import MANIFEST, RUNS, must_stay_here
from pipelines.edges.paper import paper_problem
from pipelines.edges.published import RULEBOOK, list_of
from pipelines.edges.scratch import scratch
from pipelines.lazy import lacking, without
from pipelines.model.period import Period
from pipelines.model.score import CountedList
from pipelines.model.words import UsageRefusal, VerificationFailed, Words
from pipelines.paths import STANDARD_RULES
from pipelines.publication.editions import (
    SHEETS,
    copy_into,
    edition_run,
    place_of,
    place_of_previews,
    preview_folder,
    unrecorded,
)
from pipelines.publication.pages import index_into, previews_into
from pipelines.publication.record import (
    RECORD,
    FinishedRun,
    finished_run,
    finished_runs,
    must_hold_no_link,
    run_in_force,
)
from pipelines.publication.signatures import head_before, read_whole
from pipelines.publication.signers import SIGNERS
from pipelines.publication.state import Edition, Preview, State
from pipelines.rulebook.load import load_rulebook
from pipelines.stages.publish import silent
from pipelines.wording import say

# Lists and previews against what they follow from: the record, and the runs that it names.
#
# Their hashes in `.beside.json` are plain, and whoever edits a page can edit its hash. What people signed cannot be
# edited, so the pages are made from it once more. Another version of the program may word them otherwise: then only the
# data of the lists are compared, and a notice says so.


def must_follow(out: Path, period: Period, state: State, notices: list[Words]) -> None:
    """VerificationFailed with the first list or preview that does not follow from the record and its runs."""
    runs = [finished_run(out, period, one.run) for one in state.previews]
    with scratch() as folder:
        if state.editions:
            same = _same_program(edition_run(out, period, state.edition))
            _compare(index_into(folder / "editions", out, period, state), place_of(out, period), same, notices)
        if state.previews and all(runs):
            same = _same_program(runs[-1])
            made = previews_into(folder / "previews", out, period, state)
            _compare(made, place_of_previews(out, period), same, notices)
        for preview, run in zip(state.previews, runs, strict=True):
            place = preview_folder(out, period, preview)
            if run and place.is_dir() and _same_program(run):
                _must_be_its_copy(place, preview, run, folder / str(preview.revision))


def _must_be_its_copy(place: Path, preview: Preview, run: FinishedRun, fresh: Path) -> None:
    copy_into(fresh, preview, run)
    there, made = folder_sha256(place), folder_sha256(fresh)
    for name in sorted({*there, *made}):
        if there.get(name) != made.get(name):
            raise VerificationFailed(say("publication.does_not_follow", file=place / name))


def _same_program(run: FinishedRun) -> bool:
    return run.manifest.get("code") == code_version()


def _compare(made: list[Path], place: Path, same: bool, notices: list[Words]) -> None:
    for file in made:
        there = place / file.name
        known = there.is_file() or not same  # an older version may have made fewer pages
        if not known or (same and there.read_bytes() != file.read_bytes()):
            raise VerificationFailed(say("publication.does_not_follow", file=there))
        if not same and file.suffix == ".json" and there.is_file() and _entries(there) != _entries(file):
            raise VerificationFailed(say("publication.does_not_follow", file=there))
    if not same:
        notices.append(say("publication.lists_by_another", place=place))


def _entries(file: Path) -> list[tuple]:
    """What a list says of each act that every version wrote: number, run, moment; nothing of a damaged one."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        return [
            (one.get("folder"), one.get("revision"), one["run"], one["at"])
            for one in document.get("editions", document.get("previews"))
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


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
    verdict.files += check_beside(out, period, verdict.notices) + sum(one.check() for one in finished_runs(out, period))
    if run is not None:
        verdict.files += run.check()
        must_stay_here(Path(out), run.manifest)
        _must_be_marked_alike(state, run)
        _must_show_the_head(out, period, run)
    if not state.editions:
        looked_at = "only_preview" if state.previews else "only_run"
        verdict.notices.append(say(f"publication.{looked_at}", period=period))
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
            verdict.notices.append(
                say("publication.by_name", edition=edition.folder, names="、".join(one.by for one in edition.signed))
            )
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
    with scratch() as folder:
        fresh, pages = recompute(run, out, folder, again, progress or silent), can_print(run)
        same = compare_runs(run, fresh, pages)
        if not pages:
            verdict.notices.append(say("publication.pages_not_compared"))
        if not _alike_checked(run, fresh):
            verdict.notices.append(say("publication.quality_not_compared", why=without("quality", lacking("quality"))))
        if fresh.manifest["code"] != run.manifest["code"]:
            codes = (run.manifest["code"], fresh.manifest["code"])
            then, now = (f"{code['version']} {code['sha256'][:12]}".strip() for code in codes)
            name = "other_code" if same else "figures_equal"
            verdict.notices.append(say(f"publication.{name}", then=then, now=now))
    verdict.same_bytes = same
    verdict.recomputed = str(run.folder)


# A quarter computed again from what its manifest says, into a folder of its own, and compared byte for byte.


PAGES = (".html", ".pdf")
QUALITY = "quality/"
COMPARED = {"ranking_sha256": "ranking.csv", "manifest_sha256": MANIFEST}
FIGURES = ("ranking.csv", "items.csv", "ledger.csv")
WORDS = ("note", "detail")  # columns of these that hold sentences, which a newer program may put in other words
OF_THE_PROGRAM = ("contracts", "office")  # what comes with the program, and another one may have worded otherwise
FACTS = (
    "cutoff",
    "readings",
    "source",
    "rulebook",
    "calendar",
    "contracts",
    "earlier",
    "office",
    "absent",
    "counted_before",
    "record",
    "zone",
)
LATER = ("absent", "counted_before", "record")  # facts that older manifests do not hold


@dataclass(frozen=True)
class Again:
    """What a quarter is computed from again; ``rules`` and ``source`` as they were given to the run."""

    exports: Path
    rules: Path | None = None
    source: Path | None = None
    office: Path | None = None


def can_print(run: FinishedRun) -> bool:
    """Whether the run's pages can be made here: they show whether there is paper beside them."""
    return not _printed(run) or paper_problem() is None


def recompute(run: FinishedRun, out: Path, folder: Path, again: Again, progress=silent) -> FinishedRun:
    """The run made again in ``folder`` with the manifest's readings, cutoff and quarter before."""
    manifest = run.manifest
    period = Period.parse(manifest["period"])
    parts = (part for part in manifest.get("parts", ()) if "ranking_sha256" in part)
    for earlier in (*manifest.get("earlier", ()), *parts):
        _link_earlier(earlier, out, folder)
    request = Request(
        period,
        again.exports,
        folder,
        datetime.fromisoformat(manifest["cutoff"]),
        dict(manifest["readings"]),
        again.rules or own_rules(run),
        again.source,
        _printed(run) and can_print(run),
        again.office,
        absent=tuple(manifest.get("absent", ())),
        twice=_checked_twice(run) and not lacking("quality"),
        verifying=True,
        record_before=head_before(out, period),
        counted=tuple(_counted(one, out) for one in manifest.get("counted_before", ())),
    )
    with Run(request, progress) as made:
        made.run()
    return run_in_force(folder, period)


def compare_runs(run: FinishedRun, fresh: FinishedRun, pages: bool = True) -> bool:
    """Whether every byte is the same; False where every figure is and another program made the pages.

    VerificationFailed naming what differs: an input, what else went in, or the first output by name.
    """
    then, now = run.manifest, fresh.manifest
    upgraded = then["code"] != now["code"]
    if file := _first_difference(_inputs(then), _inputs(now)):
        raise VerificationFailed(say("publication.input_differs", file=file, folder=run.folder))
    for fact in FACTS:
        if fact in LATER and fact not in then:
            continue
        if then.get(fact) != now.get(fact) and not (upgraded and fact in OF_THE_PROGRAM):
            raise VerificationFailed(say("publication.fact_differs", fact=fact, folder=run.folder))
    skipped = (*(() if pages else PAGES), *(() if _alike_checked(run, fresh) else (QUALITY,)))
    file = _first_difference(*(_compared(one["outputs"], skipped) for one in (then, now)))
    if file and upgraded:
        for name in FIGURES:
            _must_have_equal_figures(run, fresh, name)
        return False
    if file:
        raise VerificationFailed(say("publication.output_differs", file=file, folder=run.folder))
    return True


def _checked_twice(run: FinishedRun) -> bool:
    return run.manifest.get("checked_twice", True)  # older programs always did


def _alike_checked(run: FinishedRun, fresh: FinishedRun) -> bool:
    """Whether the rows of both were checked a second time, or of neither: their quality reports say which."""
    return _checked_twice(run) == _checked_twice(fresh)


def _must_have_equal_figures(run: FinishedRun, fresh: FinishedRun, name: str) -> None:
    """VerificationFailed where a table says something else in a column that both programs write."""
    then, now = (_rows(one.folder / name) for one in (run, fresh))
    columns = [set(rows[0]) if rows else set() for rows in (then, now)]
    shared = sorted((columns[0] & columns[1]) - set(WORDS))
    if len(then) != len(now) or [[row[c] for c in shared] for row in then] != [[row[c] for c in shared] for row in now]:
        version = run.manifest["code"]["version"] or run.manifest["code"]["sha256"][:12]
        raise VerificationFailed(say("publication.figures_differ", file=name, folder=run.folder, then=version))


def _rows(file: Path) -> list[dict]:
    if not file.is_file():
        return []
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def _printed(run: FinishedRun) -> bool:
    return any(name.endswith(".pdf") for name in run.manifest["outputs"])


def _inputs(manifest: dict) -> dict[str, str]:
    return {one["file"]: one["sha256"] for one in manifest["inputs"]}


def _compared(outputs: dict[str, str], skipped: tuple[str, ...]) -> dict[str, str]:
    return {name: sha for name, sha in outputs.items() if not name.endswith(skipped) and not name.startswith(skipped)}


def _first_difference(then: dict[str, str], now: dict[str, str]) -> str:
    return next((name for name in sorted({*then, *now}) if then.get(name) != now.get(name)), "")


def own_rules(run: FinishedRun) -> Path:
    """The rulebook that comes with the program where it is the run's, else the copy that lies in the run."""
    copy, period = run.folder / RULEBOOK, Period.parse(run.manifest["period"])
    ours = load_rulebook(STANDARD_RULES, period).sha256 == run.manifest["rulebook"]["sha256"]
    return copy if copy.is_dir() and not ours else STANDARD_RULES


def _link_earlier(earlier: dict, out: Path, folder: Path) -> None:
    """Put an earlier quarter that the run was compared with where the new run looks for it."""
    period = earlier["period"]
    folders = (Path(out) / RUNS / period, place_of(out, period))
    for place in (Path(out) / period, *(place for runs in folders for place in sorted(runs.glob("*")))):
        hashes = {name: _sha256(place / file) for name, file in COMPARED.items()}
        if all(earlier[name] == sha256 for name, sha256 in hashes.items()):
            (folder / period).symlink_to(place.resolve())
            return
    raise VerificationFailed(say("publication.no_previous", period=period, out=out))


def _counted(pinned: dict, out: Path) -> CountedList:
    """The list of an earlier quarter's counted case rows that the run pinned, by its hash."""
    for file in sorted(list_of(out, pinned["period"], "*").parent.glob("counted-*.parquet")):
        if file_sha256(file) == pinned["sha256"]:
            return CountedList(Period.parse(pinned["period"]), file, pinned["sha256"])
    raise VerificationFailed(say("publication.no_counted", period=pinned["period"], out=out))


def _sha256(file: Path) -> str:
    return file_sha256(file) if file.is_file() else ""
