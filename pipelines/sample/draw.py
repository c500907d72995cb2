"""Seeded draws that come out alike on every machine: PCG64, whole numbers, no logarithms or powers."""

from decimal import Decimal
from functools import cache
from pathlib import Path
from zlib import crc32

import yaml

from pipelines.lazy import compute as pc
from pipelines.lazy import numpy as np
from pipelines.lazy import pyarrow as pa


def stream(seed: int, *words: object):
    """The random stream of ``seed`` for a purpose; other words, another stream."""
    purpose = crc32("/".join(map(str, words)).encode())
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, purpose])))


def chance(rng, likelihood, count: int):
    """``count`` yes/no draws; ``likelihood`` is one number or one for each draw."""
    return rng.random(count) < likelihood


def weighted(rng, weights, count: int):
    """``count`` positions in ``weights``, heavier ones more often."""
    steps = np.cumsum(np.asarray(weights, dtype=float))
    return np.searchsorted(steps, rng.random(count) * steps[-1], side="right").clip(max=len(steps) - 1)


def between(rng, low, high):
    """Whole numbers from ``low`` to ``high``, both included, element by element."""
    low, high = np.broadcast_arrays(np.asarray(low, dtype="int64"), np.asarray(high, dtype="int64"))
    width = np.maximum(high - low, 0) + 1
    return low + (rng.random(low.shape) * width).astype("int64")


def some(rng, positions, count: int):
    """Up to ``count`` different ones of ``positions``, in ascending order."""
    chosen = rng.random(len(positions)).argsort(kind="stable")[:count]
    return np.sort(positions[chosen])


# Columns of the sample: whole numbers in NumPy, typed arrays in Arrow.


NONE = -(2**62)
DAY = 86_400


def stamps(seconds):
    """Seconds as timestamps, NONE as null."""
    return pa.array(seconds * 1_000_000, pa.int64(), mask=seconds == NONE).cast(pa.timestamp("us"))


def dates(days):
    """Days as dates, NONE as null."""
    return pa.array(days.astype("int32"), pa.int32(), mask=days == NONE).cast(pa.date32())


def labels(codes, options):
    """Texts chosen from ``options`` by position; a negative position is null."""
    positions = pa.array(codes, pa.int64(), mask=codes < 0)
    return pa.array(options, pa.string()).take(positions)


def positions(numbers, kept):
    """Whole numbers to take by; null where ``kept`` is false."""
    return pa.array(numbers, pa.int64(), mask=~kept)


def joined(*parts):
    """Texts and text columns put together row by row; a null part makes a null."""
    return pc.binary_join_element_wise(*parts, "")


def numbered(prefix, count, width=6):
    """``count`` codes such as ``EXT000001``."""
    return joined(prefix, digits(np.arange(1, count + 1), width))


def digits(numbers, width):
    """Whole numbers as texts with leading zeros."""
    return pc.utf8_lpad(pa.array(numbers, pa.int64()).cast(pa.string()), width, "0")


def compact_dates(days):
    """Days as ``20260701``."""
    first, last = (int(days.min()), int(days.max())) if len(days) else (0, 0)
    texts = [str(day).replace("-", "") for day in np.arange(first, last + 1).astype("datetime64[D]")]
    return labels(days - first, texts)


def decimals(hundredths):
    """Whole hundredths as decimals with two places."""
    return pa.array([Decimal(int(n)) / 100 for n in hundredths], pa.decimal128(18, 2))


# The words of the invented city, kept in `invented.yaml`.


@cache
def words(topic: str) -> tuple[str, ...]:
    """The words of a topic, such as ``surnames``, always in the same order."""
    return tuple(_all()[topic])


@cache
def _all() -> dict[str, list[str]]:
    return yaml.safe_load(Path(__file__).with_name("invented.yaml").read_text(encoding="utf-8"))
