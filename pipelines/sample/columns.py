"""Columns of the sample: whole numbers in NumPy, typed arrays in Arrow.

Times are seconds and days since 1970-01-01, local time; ``NONE`` stands for an empty value.
"""

NONE = -(2**62)
DAY = 86_400


def stamps(seconds):
    """Seconds as timestamps, NONE as null."""
    import pyarrow as pa

    return pa.array(seconds * 1_000_000, pa.int64(), mask=seconds == NONE).cast(pa.timestamp("us"))


def dates(days):
    """Days as dates, NONE as null."""
    import pyarrow as pa

    return pa.array(days.astype("int32"), pa.int32(), mask=days == NONE).cast(pa.date32())


def labels(codes, options):
    """Texts chosen from ``options`` by position; a negative position is null."""
    import pyarrow as pa

    positions = pa.array(codes, pa.int64(), mask=codes < 0)
    return pa.array(options, pa.string()).take(positions)


def positions(numbers, kept):
    """Whole numbers to take by; null where ``kept`` is false."""
    import pyarrow as pa

    return pa.array(numbers, pa.int64(), mask=~kept)


def joined(*parts):
    """Texts and text columns put together row by row; a null part makes a null."""
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(*parts, "")


def numbered(prefix, count, width=6):
    """``count`` codes such as ``EXT000001``."""
    import numpy as np

    return joined(prefix, digits(np.arange(1, count + 1), width))


def digits(numbers, width):
    """Whole numbers as texts with leading zeros."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.utf8_lpad(pa.array(numbers, pa.int64()).cast(pa.string()), width, "0")


def compact_dates(days):
    """Days as ``20260701``."""
    import numpy as np

    first, last = (int(days.min()), int(days.max())) if len(days) else (0, 0)
    texts = [str(day).replace("-", "") for day in np.arange(first, last + 1).astype("datetime64[D]")]
    return labels(days - first, texts)


def decimals(hundredths):
    """Whole hundredths as decimals with two places."""
    from decimal import Decimal

    import pyarrow as pa

    return pa.array([Decimal(int(n)) / 100 for n in hundredths], pa.decimal128(18, 2))
