"""Seeded draws that come out alike on every machine: PCG64, whole numbers, no logarithms or powers."""

from zlib import crc32


def stream(seed: int, *words: object):
    """The random stream of ``seed`` for a purpose; other words, another stream."""
    import numpy as np

    purpose = crc32("/".join(map(str, words)).encode())
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, purpose])))


def chance(rng, likelihood, count: int):
    """``count`` yes/no draws; ``likelihood`` is one number or one for each draw."""
    return rng.random(count) < likelihood


def weighted(rng, weights, count: int):
    """``count`` positions in ``weights``, heavier ones more often."""
    import numpy as np

    steps = np.cumsum(np.asarray(weights, dtype=float))
    return np.searchsorted(steps, rng.random(count) * steps[-1], side="right").clip(max=len(steps) - 1)


def between(rng, low, high):
    """Whole numbers from ``low`` to ``high``, both included, element by element."""
    import numpy as np

    low, high = np.broadcast_arrays(np.asarray(low, dtype="int64"), np.asarray(high, dtype="int64"))
    width = np.maximum(high - low, 0) + 1
    return low + (rng.random(low.shape) * width).astype("int64")


def some(rng, positions, count: int):
    """Up to ``count`` different ones of ``positions``, in ascending order."""
    import numpy as np

    chosen = rng.random(len(positions)).argsort(kind="stable")[:count]
    return np.sort(positions[chosen])
