"""Charts, in Altair; they carry their own drawing code and need no network."""

from collections.abc import Iterable
from functools import cache

UP, DOWN, FLAT = "#1f4e8c", "#b3202a", "#8a919c"
FONT = "Noto Sans CJK SC, PingFang SC, Microsoft YaHei, sans-serif"


@cache
def altair():
    """Altair, set up so that a chart in a notebook is drawn without a network."""
    import altair as alt

    if alt.renderers.active in ("default", ""):
        alt.renderers.enable("html", template="inline")
    alt.data_transformers.disable_max_rows()
    return alt


def styled(chart, title: str, width: int = 560, height: int = 420):
    """The chart with its title, size and fonts."""
    return (
        chart.properties(title=title, width=width, height=height)
        .configure(font=FONT).configure_view(strokeWidth=0)
        .configure_title(anchor="start", fontSize=15).configure_axis(grid=False, labelLimit=220)
    )


def slope(frame, title: str):
    """Places before and after, a line a unit: blue rises, red falls."""
    alt, rows = altair(), []
    for row in frame.dropna(subset=["place_before", "place_after"]).itertuples():
        way = "up" if row.moved > 0 else "down" if row.moved < 0 else "flat"
        for side, place in (("before 前", row.place_before), ("after 后", row.place_after)):
            rows.append({"unit": row.unit_name, "side": side, "place": int(place), "way": way, "why": row.why})
    data = alt.Data(values=rows)
    x = alt.X("side:N", sort=["before 前", "after 后"], title=None,
              axis=alt.Axis(labelAngle=0, orient="top", domain=False, ticks=False), scale=alt.Scale(padding=0.5))
    y = alt.Y("place:Q", scale=alt.Scale(reverse=True, zero=False), axis=None)
    colour = alt.Color("way:N", scale=alt.Scale(domain=["up", "down", "flat"], range=[UP, DOWN, FLAT]), legend=None)
    lines = alt.Chart(data).mark_line(strokeWidth=2, point=True).encode(
        x=x, y=y, color=colour, detail="unit:N", tooltip=["unit:N", "place:Q", "why:N"])
    names = [
        alt.Chart(alt.Data(values=_labels(rows, side))).mark_text(align=align, dx=dx, fontSize=11)
        .encode(x=x, y=y, text="label:N")
        for side, align, dx in (("before 前", "right", -9), ("after 后", "left", 9))
    ]
    return styled(lines + names[0] + names[1], title, 760, max(240, 17 * len({row["unit"] for row in rows}) + 80))


def _labels(rows: list[dict], side: str) -> list[dict]:
    """One label a place: units that share it stand in one line."""
    names: dict[int, list[str]] = {}
    for row in rows:
        if row["side"] == side:
            names.setdefault(row["place"], []).append(row["unit"])
    return [
        {"side": side, "place": place, "label": f"{place} {'、'.join(units[:2])}{f' +{rest}' if rest > 0 else ''}"}
        for place, units in names.items() for rest in (len(units) - 2,)
    ]


def lines(sweep, units: Iterable[str]):
    """Places of some units along one value."""
    alt, name = altair(), sweep.names[0]
    frame = sweep.frame
    frame = frame[frame["unit_id"].isin(list(units)) & frame["place"].notna()]
    rows = [{"value": row[0], "unit": row[1], "place": int(row[2])}
            for row in zip(frame[name], frame["unit_name"], frame["place"], strict=True)]
    kind = "Q" if rows and isinstance(rows[0]["value"], float) else "N"
    chart = alt.Chart(alt.Data(values=rows)).mark_line(point=True)
    x = alt.X(f"value:{kind}", title=name, scale=alt.Scale(zero=False) if kind == "Q" else alt.Undefined)
    encoded = chart.encode(x=x, y=alt.Y("place:Q", scale=alt.Scale(reverse=True, zero=False), title="place 名次"),
                           color=alt.Color("unit:N", title=None), tooltip=["unit:N", "value:N", "place:Q"])
    return styled(encoded, f"{sweep.quarter.period}: {name}")


def heat(sweep):
    """How many places units move on average, over two values."""
    alt = altair()
    rows = [{"x": values[0], "y": values[1], "moved": round(float(moved), 2)}
            for values, moved in zip(sweep.grid, sweep.moved, strict=True)]
    orders = [list(dict.fromkeys(row[axis] for row in rows)) for axis in ("x", "y")]
    chart = alt.Chart(alt.Data(values=rows)).mark_rect().encode(
        x=alt.X("x:O", sort=orders[0], title=sweep.names[0]),
        y=alt.Y("y:O", sort=orders[1][::-1], title=sweep.names[1]),
        color=alt.Color("moved:Q", title=["mean places moved", "平均变动名次"], scale=alt.Scale(scheme="blues")),
        tooltip=["x:O", "y:O", "moved:Q"])
    return styled(chart, f"{sweep.quarter.period}: {' × '.join(sweep.names[:2])}")


def tornado(frame, title: str):
    """How far each single change moves the ranking."""
    alt = altair()
    rows = frame[["change", "mean_moved", "most_moved", "furthest"]].to_dict("records")
    chart = alt.Chart(alt.Data(values=rows)).mark_bar(color=UP).encode(
        x=alt.X("mean_moved:Q", title="mean places moved 平均变动名次"), y=alt.Y("change:N", sort=None, title=None),
        tooltip=["change:N", "mean_moved:Q", "most_moved:N", "furthest:Q"])
    return styled(chart, title, 460, 18 * len(rows) + 20)


def ranges(frame, title: str):
    """Every unit's place: thick under other readings, thin by chance, the dot where it stands."""
    alt = altair()
    names = ["unit_name", "place", "best", "worst", "chance_best", "chance_worst"]
    rows = frame[names].astype(object).to_dict("records")
    base = alt.Chart(alt.Data(values=rows))
    y = alt.Y("unit_name:N", sort=None, title=None)
    title_x = "place 名次 (thick 粗: other readings 其他释义; thin 细: chance 偶然)"
    x = alt.X("chance_best:Q", title=title_x, scale=alt.Scale(zero=False))
    layers = (
        base.mark_rule(color=FLAT).encode(y=y, x=x, x2="chance_worst:Q")
        + base.mark_bar(color=UP, opacity=0.45, height=7).encode(y=y, x="best:Q", x2="worst:Q")
        + base.mark_point(color=DOWN, filled=True, size=55).encode(
            y=y, x="place:Q", tooltip=["unit_name:N", "place:Q", "best:Q", "worst:Q"])
    )
    return styled(layers, title, 560, 17 * len(rows) + 20)


def funnel(rows: list[dict], limits: list[dict], target: float, title: str):
    """Rates by volume with the limits of chance around the rate of all."""
    alt = altair()
    points = alt.Chart(alt.Data(values=rows)).mark_point(filled=True, size=60).encode(
        x=alt.X("of:Q", title="case rows 件数", scale=alt.Scale(type="sqrt")),
        y=alt.Y("rate:Q", title="%", scale=alt.Scale(zero=False)),
        color=alt.Color("outside:N", scale=alt.Scale(domain=["no", "yes"], range=[FLAT, DOWN]), legend=None),
        tooltip=["unit:N", "part:Q", "of:Q", "rate:Q"])
    curves = alt.Chart(alt.Data(values=limits)).mark_line(color=UP, strokeDash=[5, 3]).encode(
        x="of:Q", y="limit:Q", detail="which:N")
    rule = alt.Chart(alt.Data(values=[{"target": target}])).mark_rule(color=DOWN).encode(y="target:Q")
    named = alt.Chart(alt.Data(values=[row for row in rows if row["outside"] == "yes"])).mark_text(
        align="left", dx=7, fontSize=11).encode(x="of:Q", y="rate:Q", text="unit:N")
    return styled(curves + rule + points + named, title)


