"""Charts, in Altair; drawn wherever they are shown, without a network. Colours tell apart for the colour-blind."""

from base64 import b64encode
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np

from pipelines.edges.wording import say
from pipelines.laboratory.labels import told
from pipelines.paths import FONTS

# Okabe and Ito's palette: blue, vermilion, green, purple, sky, orange, black, and a grey for what stays.
BLUE, VERMILION, GREEN, PURPLE, SKY, ORANGE, BLACK, GREY = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#1b1b1b", "#8a919c")
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, SKY, ORANGE, BLACK, GREY)
FONT = "Noto Sans CJK SC, Noto Sans SC, PingFang SC, Microsoft YaHei, sans-serif"
LINE = 16  # pixels that a line of labels takes
WIDENINGS = 8


# Notebooks draw Vega-Lite 5 themselves (JupyterLab 4, VS Code); ours uses nothing that came after it.
INTERACTIVE = "application/vnd.vegalite.v5+json"
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
SHARP = 2  # pixels of the PNG to one of the chart
COLOURS = 48  # of the PNG


@cache
def altair():
    """Altair, for data of any length."""
    import altair as alt

    alt.data_transformers.disable_max_rows()
    return alt


@cache
def converter():
    """vl-convert, which draws charts without a browser, with the project's Chinese fonts."""
    import vl_convert

    if FONTS.is_dir():
        vl_convert.register_font_directory(str(FONTS))
    return vl_convert


class Shown:
    """A chart as a notebook, an export or a file gets it.

    Beside the form that answers the mouse stand two pictures, for whatever cannot run it: GitHub, nbconvert, paper.
    Altair's own form for notebooks is a page with 0.9 MB of script in it, of which JupyterLab draws the first only.
    """

    def _repr_mimebundle_(self, *given: object, **options: object):
        alt = altair()
        if alt.renderers.active not in ("default", ""):
            return super()._repr_mimebundle_(*given, **options)  # whoever uses the chart has chosen another form
        chart = {**self.to_dict(), "$schema": SCHEMA}
        svg = converter().vegalite_to_svg(chart)
        png, size = _png(svg)
        data = {INTERACTIVE: chart, "image/svg+xml": svg, "image/png": png, "text/plain": self.says}
        return data, {INTERACTIVE: {"embed_options": {"renderer": "svg"}}, "image/png": size}

    @property
    def says(self) -> str:
        """The chart's title and what it shows, as text."""
        title = self.title
        lines = (title,) if isinstance(title, str) else (title.text, title.subtitle)
        return "\n".join(line for line in lines if isinstance(line, str))

    def save(self, fp: str | Path | IO, format: str | None = None, **options: object) -> None:
        """As Altair's, and a page holds its own drawing code: it opens without a network."""
        converter()
        kind = format or (Path(fp).suffix.lstrip(".") if isinstance(fp, str | Path) else "")
        super().save(fp, format, **{"inline": kind == "html"} | options)

    def to_html(self, *given: object, inline: bool = True, **options: object) -> str:
        """As Altair's, and the page holds its own drawing code."""
        return super().to_html(*given, inline=inline, **options)


def _png(svg: str) -> tuple[str, dict[str, int]]:
    """The picture in base64 and the size at which it is shown; few colours make it a tenth as large."""
    from PIL import Image

    with Image.open(BytesIO(converter().svg_to_png(svg, scale=SHARP))) as drawn, BytesIO() as small:
        drawn.convert("RGB").quantize(COLOURS).save(small, "png", optimize=True)
        return b64encode(small.getvalue()).decode(), {"width": drawn.width // SHARP, "height": drawn.height // SHARP}


@cache
def shown() -> type:
    """The class of every chart that the laboratory hands out."""
    return type("Shown", (Shown, altair().LayerChart), {})


def text(name: str, **facts) -> str:
    """A text of the charts: `chart_<name>` in wording/laboratory.yaml."""
    return told(say(f"laboratory.chart_{name}", **facts))


def styled(layers, title: str, subtitle: str = "", width: int = 560, height: int = 420):
    """Layers as a chart with its title, size and fonts."""
    chart = shown()(**layers._kwds)
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
