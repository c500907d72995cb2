"""Charts, in Altair; they carry their own drawing code and need no network. Colours tell apart for the colour-blind."""

from functools import cache

import numpy as np

from pipelines.edges.wording import say
from pipelines.laboratory.labels import told

# Okabe and Ito's palette: blue, vermilion, green, purple, sky, orange, black, and a grey for what stays.
BLUE, VERMILION, GREEN, PURPLE, SKY, ORANGE, BLACK, GREY = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#1b1b1b", "#8a919c")
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, SKY, ORANGE, BLACK, GREY)
FONT = "Noto Sans CJK SC, Noto Sans SC, PingFang SC, Microsoft YaHei, sans-serif"
LINE = 16  # pixels that a line of labels takes
WIDENINGS = 8


@cache
def altair():
    """Altair, set up so that a chart in a notebook is drawn without a network."""
    import altair as alt

    if alt.renderers.active in ("default", ""):
        alt.renderers.enable("html", template="inline")
    alt.data_transformers.disable_max_rows()
    return alt


def text(name: str, **facts) -> str:
    """A text of the charts: `chart_<name>` in wording/laboratory.yaml."""
    return told(say(f"laboratory.chart_{name}", **facts))


def styled(chart, title: str, subtitle: str = "", width: int = 560, height: int = 420):
    """The chart with its title, size and fonts."""
    heading = altair().TitleParams(title, subtitle=subtitle) if subtitle else title
    return (
        chart.properties(title=heading, width=width, height=height, padding=12)
        .configure(font=FONT).configure_view(strokeWidth=0)
        .configure_title(anchor="start", fontSize=16, subtitleFontSize=12, subtitleColor="#555", subtitlePadding=6,
                         offset=12)
        .configure_axis(grid=False, labelLimit=360, labelFontSize=11, titleFontSize=12, titleFontWeight="normal")
    )


def spread(wanted, gap: float) -> np.ndarray:
    """The positions nearest to those wanted of which no two lie closer than ``gap``."""
    from scipy.optimize import isotonic_regression

    wanted = np.asarray(wanted, float)
    if not len(wanted):
        return wanted
    order = np.argsort(wanted, kind="stable")
    shift = gap * np.arange(len(wanted))
    found = np.empty(len(wanted))
    found[order] = isotonic_regression(wanted[order] - shift).x + shift
    return found


def beside(wanted, height: int, ends: tuple[float, float]) -> tuple[np.ndarray, tuple[float, float]]:
    """Where labels of lines at ``wanted`` stand on an axis of so many pixels, and the ends that then hold them all."""
    low, high = ends
    places = np.asarray(wanted, float)
    for _ in range(WIDENINGS if len(places) else 0):  # labels beyond an end widen the axis, and every label with it
        places = spread(wanted, (high - low) * LINE / height)
        low, high = min(low, float(places.min())), max(high, float(places.max()))
    return places, (low, high)


def tornado(frame, title: str):
    """How far each single change moves the ranking."""
    alt = altair()
    rows = frame[["says", "change", "mean_moved", "most_moved", "furthest"]].to_dict("records")
    base = alt.Chart(alt.Data(values=rows)).encode(y=alt.Y("says:N", sort=None, title=None))
    bars = base.mark_bar(color=BLUE).encode(
        x=alt.X("mean_moved:Q", title=text("mean_moved")),
        tooltip=["change:N", "mean_moved:Q", "most_moved:N", "furthest:Q"])
    figures = base.mark_text(align="left", dx=4, fontSize=10).encode(x="mean_moved:Q", text="mean_moved:Q")
    return styled(bars + figures, title, text("tornado"), 420, 20 * len(rows) + 20)
