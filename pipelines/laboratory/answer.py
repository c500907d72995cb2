"""An answer of the laboratory is a frame with more to it: what a frame can do, it does too, and it shows itself."""

from collections.abc import Callable
from html import escape
from numbers import Real

from pipelines.lazy import pandas

# Frames as HTML for a notebook: every cell escaped, a caption above, the end of long tables told.


MOST_OF_PAGE = 30
STYLE = "vertical-align:top;padding:3px 10px;border-bottom:1px solid #ddd;text-align:"
SHORT = 24  # characters that are not broken into lines


def html_table(frame, caption: str = "", most: int = MOST_OF_PAGE) -> str:
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


class copied:
    """A frame that is made once and handed out as a copy: whoever edits it changes no later answer.

    The laboratory's own code reads the kept frame as ``_name`` and never writes to it.
    """

    def __init__(self, make: Callable) -> None:
        self.make, self.__doc__ = make, make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        setattr(owner, f"_{name}", property(self._kept))

    def __get__(self, answer, owner: type | None = None):
        return self if answer is None else self._kept(answer).copy()

    def __set__(self, answer, value) -> None:
        raise AttributeError(f"{self.name} cannot be set")

    def _kept(self, answer):
        kept = answer.__dict__.setdefault("kept_frames", {})
        if self.name not in kept:
            kept[self.name] = self.make(answer)
        return kept[self.name]


class Answer:
    """``frame`` is the answer, ``shown`` the part of it that a notebook shows below ``title``."""

    MOST = 60  # rows shown

    @copied
    def frame(self):
        """The answer as a pandas frame."""
        raise NotImplementedError

    @property
    def shown(self):
        """What a notebook shows."""
        return self._frame

    @property
    def title(self) -> str:
        """Of the table and of the chart."""
        return str(self.quarter.period)

    def __getattr__(self, name: str):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.frame, name)

    def __getitem__(self, key):
        return self._frame[key].copy()

    def __len__(self) -> int:
        return len(self._frame)

    def __iter__(self):
        return iter(self._frame)

    def __repr__(self) -> str:

        return table(self.shown, self.title)

    def _repr_html_(self) -> str:

        return table(self.shown, self.title, self.MOST)


# Frames as text, for `print` and for a terminal: columns stand below one another, Chinese or not.


MOST = 20


def with_decimals(frame, decimals: int, columns):
    """The frame with the sums in ``columns`` as text of so many decimals; as it is where they have two like all."""
    if decimals == 2:
        return frame
    sums = {name: frame[name].map(lambda value: f"{value:.{decimals}f}", na_action="ignore") for name in columns}
    return frame.assign(**sums)


def table(frame, caption: str, most: int = MOST) -> str:
    """The caption, at most ``most`` rows, and how many rows are left."""
    if frame.empty:
        return f"{caption}\n–"
    with pandas.option_context("display.unicode.east_asian_width", True):
        rows = frame.head(most).astype(object).where(frame.head(most).notna(), "")
        body = rows.to_string(index=False, float_format="{:.2f}".format)
    rest = f"\n… {len(frame) - most} more rows 余下各行" if len(frame) > most else ""
    return f"{caption}\n{body}{rest}"
