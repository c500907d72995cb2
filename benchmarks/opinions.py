"""What the second opinions of a run cost: the processor time of a run with them, as a ratio to the run without.

    python -m benchmarks.opinions                300,000 case rows
    python -m benchmarks.opinions --rows 5000    a small quarter, every row of which is judged again

Both figures come from one run, from reading the exports to the verdicts: what the opinions take is clocked and taken
off. Pages and the quality check are left out; with them the share is smaller. Processor time, as machines are busy.
"""

import argparse
import tempfile
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from time import process_time
from unittest.mock import patch

from benchmarks.scoring import make_accepted
from benchmarks.sides import PERIOD
from pipelines import assess
from pipelines.assess import Request, Run
from pipelines.engines import standings
from pipelines.model.period import Period

OPINIONS = (
    ("case rows", assess, "draw"),
    ("case rows", assess, "must_read_alike"),
    ("scores", assess, "second_opinion"),
    ("places", standings.SecondOpinion, "must_place_alike"),
    ("verdicts", standings.SecondOpinion, "must_agree_on_verdicts"),
)


@contextmanager
def clocked(taken: dict[str, float]):
    """Every second opinion adds the processor seconds that it takes to ``taken``."""
    patches = [patch.object(owner, name, _clocked(getattr(owner, name), opinion, taken))
               for opinion, owner, name in OPINIONS]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


def _clocked(function, opinion: str, taken: dict[str, float]):
    def timed(*arguments):
        begun = process_time()
        given = function(*arguments)
        taken[opinion] += process_time() - begun
        return given

    return timed


def measured(exports: Path, out: Path) -> tuple[float, dict[str, float]]:
    """Processor seconds of one run up to the verdicts, and of each second opinion in it."""
    taken: dict[str, float] = defaultdict(float)
    with clocked(taken):
        begun = process_time()
        with Run(Request(Period.parse(PERIOD), exports, out, pdf=False)) as run:
            assert not run.check()
            for stage in (run.measure, run.judge, run.settle, run.rank):
                stage()
            whole = process_time() - begun
    return whole, taken


def main() -> None:
    """Print the ratio, the least of the repeats, and the share of each opinion."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", type=int, default=300_000)
    asked.add_argument("--repeats", type=int, default=3)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="gongping-opinions-") as folder:
        exports = make_accepted(Path(folder) / "exports", given.rows)
        found = [measured(exports, Path(folder) / "out") for _ in range(given.repeats)]
    whole, taken = min(found, key=lambda one: one[0] / (one[0] - sum(one[1].values())))
    without = whole - sum(taken.values())
    print(f"{given.rows:,} rows: {whole / without:.2f} times the run without second opinions")
    for opinion, seconds in taken.items():
        print(f"  {opinion:10} {seconds / without:6.1%} of it")


if __name__ == "__main__":
    main()
