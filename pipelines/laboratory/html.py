"""Frames as HTML for a notebook: every cell escaped, a caption above, the end of long tables told."""

from html import escape

MOST = 60
STYLE = "text-align:left;vertical-align:top;padding:2px 10px;border-bottom:1px solid #ddd"


def table(frame, caption: str = "", most: int = MOST) -> str:
    """A frame as a table of at most ``most`` rows."""
    head = "".join(f"<th style='{STYLE}'>{escape(str(name))}</th>" for name in frame.columns)
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
    number = isinstance(value, int | float) and not isinstance(value, bool)
    text = f"{value:.2f}" if isinstance(value, float) else str(value)
    text = "" if text in ("None", "nan", "<NA>") else text
    side = ";text-align:right" if number else ""
    return f"<td style='{STYLE}{side}'>{escape(text)}</td>"
