"""A quarter computed again from what its manifest says, into a folder of its own, and compared byte for byte."""

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.assess import STANDARD_RULES, Request, Run, silent
from pipelines.edges.counted import list_of
from pipelines.edges.fingerprints import file_sha256
from pipelines.edges.shelf import MANIFEST, RUNS
from pipelines.edges.tallies import RULEBOOK
from pipelines.edges.wording import say
from pipelines.model.counted import CountedList
from pipelines.model.period import Period
from pipelines.model.refusals import VerificationFailed
from pipelines.publication.editions import place_of
from pipelines.publication.runs import FinishedRun, run_in_force
from pipelines.publication.whole import head_before
from pipelines.rulebook import load_rulebook

PAGES = (".html", ".pdf")
COMPARED = {"ranking_sha256": "ranking.csv", "manifest_sha256": MANIFEST}
FIGURES = ("ranking.csv", "items.csv", "ledger.csv")
WORDS = ("note", "detail")  # columns of these that hold sentences, which a newer program may put in other words
OF_THE_PROGRAM = ("contracts", "office")  # what comes with the program, and another one may have worded otherwise
FACTS = ("cutoff", "readings", "source", "rulebook", "calendar", "contracts", "earlier", "office", "absent",
         "counted_before", "record", "zone")  # fmt: skip
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
    from pipelines.edges.paper import paper_problem

    return not _printed(run) or paper_problem() is None


def recompute(run: FinishedRun, out: Path, folder: Path, again: Again, progress=silent) -> FinishedRun:
    """The run made again in ``folder`` with the manifest's readings, cutoff and quarter before."""
    manifest = run.manifest
    period = Period.parse(manifest["period"])
    for earlier in manifest.get("earlier", ()):
        _link_earlier(earlier, out, folder)
    request = Request(
        period, again.exports, folder, datetime.fromisoformat(manifest["cutoff"]), dict(manifest["readings"]),
        again.rules or _own_rules(run), again.source, _printed(run) and can_print(run), again.office,
        absent=tuple(manifest.get("absent", ())), verifying=True, record_before=head_before(out, period),
        counted=tuple(_counted(one, out) for one in manifest.get("counted_before", ())),
    )  # fmt: skip
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
    file = _first_difference(_compared(then["outputs"], pages), _compared(now["outputs"], pages))
    if file and upgraded:
        for name in FIGURES:
            _must_have_equal_figures(run, fresh, name)
        return False
    if file:
        raise VerificationFailed(say("publication.output_differs", file=file, folder=run.folder))
    return True


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


def _compared(outputs: dict[str, str], pages: bool) -> dict[str, str]:
    return {name: sha for name, sha in outputs.items() if pages or not name.endswith(PAGES)}


def _first_difference(then: dict[str, str], now: dict[str, str]) -> str:
    return next((name for name in sorted({*then, *now}) if then.get(name) != now.get(name)), "")


def _own_rules(run: FinishedRun) -> Path:
    """The rulebook that comes with the program where it is the run's, else the copy that lies in the run."""
    copy, start = run.folder / RULEBOOK, Period.parse(run.manifest["period"]).start.date()
    ours = load_rulebook(STANDARD_RULES, start).sha256 == run.manifest["rulebook"]["sha256"]
    return copy if copy.is_dir() and not ours else STANDARD_RULES


def _link_earlier(earlier: dict, out: Path, folder: Path) -> None:
    """Put an earlier quarter that the run was compared with where the new run looks for it."""
    period = earlier["period"]
    shelves = (Path(out) / RUNS / period, place_of(out, period))
    for place in (Path(out) / period, *(place for shelf in shelves for place in sorted(shelf.glob("*")))):
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
