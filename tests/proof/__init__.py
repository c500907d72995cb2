"""What is promised, how it is proven, and what came of it: `python -m tests.proof`."""

import os


def seeds(first: int, usual: int) -> range:
    """The seeds of a sweep: ``usual`` many from ``first`` on, or as many and from where a proof says."""
    first += 1_000_000 * int(os.environ.get("GONGPING_SEED", 0))
    return range(first, first + int(os.environ.get("GONGPING_COUNT", usual)))
