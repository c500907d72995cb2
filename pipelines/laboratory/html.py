"""Frames as HTML for a notebook: every cell escaped, a caption above, the end of long tables told."""

from html import escape
from numbers import Real

MOST = 30
STYLE = "vertical-align:top;padding:3px 10px;border-bottom:1px solid #ddd;text-align:"
SHORT = 24  # characters that are not broken into lines


def table(frame, caption: str = "", most: int = MOST) -> str:
    """A frame as a table of at most ``most`` rows."""
    sides = ["right" if kind.kind in "iuf" else "left" for kind in frame.dtypes]
    pairs = zip(frame.columns, sides, strict=True)
    head = "".join(f"<th style='{STYLE}{side}'>{escape(str(name))}</th>" for name, side in pairs)
    body = "".join(
        "<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in frame.head(most).itertuples(index=False)
    )
    rest = f"<p>… {len(frame) - most} more rows 余下各行</p>" if len(frame) > most else ""
    title = f"<caption style='text-align:left;font-weight:bold'>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}"


def lines(sentences) -> str:
    """Sentences as paragraphs."""
    return "".join(f"<p>{escape(str(sentence))}</p>" for sentence in sentences)


def _cell(value: object) -> str:
    number = isinstance(value, Real) and not isinstance(value, bool)
    text = f"{value:.2f}" if isinstance(value, float) else str(value)
    text = "" if text in ("None", "nan", "<NA>") else text
    side = "right" if number else "left"
    whole = ";white-space:nowrap" if len(text) <= SHORT else ""
    return f"<td style='{STYLE}{side}{whole}'>{escape(text)}</td>"
