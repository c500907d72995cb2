"""Frames as text, for `print` and for a terminal: columns stand below one another, Chinese or not."""

MOST = 20


def table(frame, caption: str, most: int = MOST) -> str:
    """The caption, at most ``most`` rows, and how many rows are left."""
    import pandas

    if frame.empty:
        return f"{caption}\n–"
    with pandas.option_context("display.unicode.east_asian_width", True):
        rows = frame.head(most).astype(object).where(frame.head(most).notna(), "")
        body = rows.to_string(index=False, float_format="{:.2f}".format)
    rest = f"\n… {len(frame) - most} more rows 余下各行" if len(frame) > most else ""
    return f"{caption}\n{body}{rest}"
