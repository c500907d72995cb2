"""A quarter to try things on: made, scored and opened, where there is none yet."""

from pathlib import Path

from pipelines.laboratory.quarter import Quarter
from pipelines.model.period import Period


def sample_quarter(
    out: str | Path = "demo/out", period: str = "2026Q3", units: int = 40, cases: int = 4000, seed: int = 1
) -> Quarter:
    """The quarter ``period`` below ``out``; simulated and scored first where it is not there (half a minute)."""
    from pipelines.assess import Request, Run
    from pipelines.edges.tallies import tallies_of
    from pipelines.sample.make import make_sample

    out, quarter = Path(out), Period.parse(period)
    if not tallies_of(out / str(quarter)).is_dir():
        exports = out.parent / "exports" / str(quarter)
        make_sample(exports, quarter, units, cases, seed)
        with Run(Request(quarter, exports, out, pdf=False)) as run:
            run.run()
    return Quarter.open(str(quarter), out)
