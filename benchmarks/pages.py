"""`python -m benchmarks.pages [UNITS]`: a sample's pages as HTML and on paper, printed by us and by others."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import printers
from benchmarks.peers.as_typst import as_typst
from benchmarks.usage import Usage, used
from pipelines.edges.paper import Sheet
from pipelines.model.period import Period
from pipelines.paths import ROOT

CARDS = 300
PERIOD = Period.parse("2026Q3")
COMPARED = 40  # scorecards that every side prints, with the bulletin; ours prints all of them too
ROUNDS = 2  # of the two pools, in turns; the better one counts
HTML_SECONDS, TIMES_PLAIN, MEMORY = 3, 0.7, 1


@dataclass(frozen=True)
class Printed:
    """What a side printed, and what it took."""

    side: str
    documents: int
    pages: int
    usage: Usage


@dataclass(frozen=True)
class Pages:
    """The seconds of all HTML, our printing of everything, and the sides over the same sheets."""

    html_seconds: float
    whole: Printed
    sides: list[Printed]

    def limits(self) -> list[tuple[str, float, float]]:
        """(what, figure, limit) lines of the report."""
        cpu = {side.side: side.usage.cpu for side in self.sides}
        return [
            ("HTML of all scorecards and the site", self.html_seconds, HTML_SECONDS),
            ("printing ÷ the best plain pool, processor seconds", cpu["ours"] / cpu["plain_pool"], TIMES_PLAIN),
            ("printing, memory of all processes, GiB", self.whole.usage.peak_gib, MEMORY),
        ]


def measure_pages(work: Path, exports: Path) -> Pages:
    """Write and print a quarter's pages; AssertionError where two sides do not print the same."""
    seconds, sheets = make_pages(work / "pages", exports)
    whole = _printed("ours", printers.ours, sheets, work / "whole")
    some = sheets[: COMPARED + 1]  # the bulletin is the first
    pools = [_printed(name, getattr(printers, name), some, work / f"{name}-{n}")
             for n in range(ROUNDS) for name in ("ours", "plain_pool")]
    assert _contents(work / "ours-0") == _contents(work / "plain_pool-0"), "ours and the plain pool print other bytes"
    sides = [min((p for p in pools if p.side == name), key=lambda p: p.usage.cpu) for name in ("ours", "plain_pool")]
    sides.append(_printed("plain_loop", printers.plain_loop, some, work / "loop"))
    try:
        sides.append(_printed("chromium", printers.chromium, some, work / "chromium"))
    except FileNotFoundError:
        print("no Chromium on this machine: left out", file=sys.stderr)
    sources = [sheet._replace(html=as_typst(sheet.html)) for sheet in some]
    sides.append(_printed("typst", printers.typst, sources, work / "typst"))
    for ours, other in zip(*(sorted((work / one).glob("*.pdf")) for one in ("ours-0", "typst")), strict=True):
        assert _numbers(ours) == _numbers(other), f"Typst prints other numbers than ours in {other.name}"
    return Pages(seconds, whole, sides)


def make_pages(folder: Path, exports: Path) -> tuple[float, list[Sheet]]:
    """Score the quarter; the least seconds that all its HTML took, and everything to be printed, the bulletin first."""
    from pipelines.assess import Request, Run
    from pipelines.stages.publish import write_pages, write_tables

    folder.mkdir(parents=True)
    with Run(Request(PERIOD, exports, folder)) as run:
        for stage in ("ingest", "validate", "measure", "judge", "settle", "rank"):
            getattr(run, stage)()
        run.write_misses()
        result = run.result()
        places = [folder / str(number) for number in range(ROUNDS + 1)]
        for place in places:
            place.mkdir()
            write_tables(run.warehouse, result, place)
        html = [used(lambda p=place: write_pages(run.warehouse, result, p, pdf=False)) for place in places[1:]]
        return min(one.seconds for one in html), write_pages(run.warehouse, result, places[0])


def _printed(name: str, side: Callable[[list[Sheet], Path], None], sheets: list[Sheet], folder: Path) -> Printed:
    from pypdf import PdfReader

    folder.mkdir()
    usage = used(lambda: side(sheets, folder))
    files = sorted(folder.glob("*.pdf"))
    assert len(files) == len(sheets), f"{name} printed {len(files)} of {len(sheets)} documents"
    return Printed(name, len(files), sum(len(PdfReader(file).pages) for file in files), usage)


def _numbers(file: Path) -> set[str]:
    """The numbers with decimals that a document prints."""
    from pypdf import PdfReader

    text = " ".join(page.extract_text() for page in PdfReader(file).pages)
    return set(re.findall(r"\d+\.\d\d", text))


def _contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*.pdf")}


def sample_exports(folder: Path, units: int = CARDS) -> Path:
    """A sample quarter of so many units, written by `gongping sample`."""
    command = [sys.executable, "-m", "pipelines", "sample", str(folder), "--period", str(PERIOD), "--units", str(units)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


def main() -> None:
    """Measure a sample of so many units and print both tables."""
    from benchmarks.report import limits_table, printing_table

    units = int(sys.argv[1]) if len(sys.argv) > 1 else CARDS
    with tempfile.TemporaryDirectory(prefix="gongping-pages-") as folder:
        pages = measure_pages(Path(folder), sample_exports(Path(folder) / "exports", units))
    print(printing_table(pages))
    print()
    print(limits_table(pages.limits()))


if __name__ == "__main__":
    main()
