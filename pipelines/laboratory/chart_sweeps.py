"""Charts of sweeps: places along one value as lines, how far units move over two values as a heat map."""

from collections.abc import Iterable

from pipelines.laboratory.charts import GREY, PALETTE, altair, beside, styled, text
from pipelines.laboratory.labels import of_name, of_value

HEIGHT = 460
FIGURES_UP_TO = 400  # cells of a heat map that still hold a figure


def lines(sweep, units: Iterable[str]):
    """Places of some units along one value, each named at the end of its line."""
    alt, name, book = altair(), sweep.names[0], sweep.quarter.rulebook
    at = {id: k for k, id in enumerate(sweep.unit_ids)}
    units = [id for id in units if sweep.places[:, at[id]].all()]
    values = _values([of_value(book, name, row[0]) for row in sweep.grid])
    rows = [{"value": value, "unit": sweep.unit_name(id), "place": int(place)}
            for id in units for value, place in zip(values, sweep.places[:, at[id]].tolist(), strict=True)]
    numbers = all(isinstance(value, float) for value in values)
    x = (alt.X("value:Q", title=of_name(book, name), scale=alt.Scale(zero=False, nice=False)) if numbers else
         alt.X("value:N", title=of_name(book, name), sort=values, axis=alt.Axis(labelAngle=0, labelLimit=170)))
    ends = [row["place"] for row in rows[len(values) - 1 :: len(values)]]
    labels, domain = beside(ends, HEIGHT, (1.0, float(max([2, *(row["place"] for row in rows)]))))
    scale = alt.Scale(reverse=True, domain=list(domain), nice=False)
    order = [sweep.unit_name(id) for id in units]
    colour = alt.Color("unit:N", sort=order, legend=None, scale=alt.Scale(
        domain=order, range=[PALETTE[k % len(PALETTE)] for k in range(len(order))]))
    drawn = alt.Chart(alt.Data(values=rows)).mark_line(point=alt.OverlayMarkDef(size=36)).encode(
        x=x, y=alt.Y("place:Q", scale=scale, title=text("place")), color=colour,
        tooltip=["unit:N", "value:N", "place:Q"])
    named = [{"value": values[-1], "unit": unit, "at": float(label)} for unit, label in zip(order, labels, strict=True)]
    names = alt.Chart(alt.Data(values=named)).mark_text(align="left", dx=10, fontSize=11).encode(
        x=x, y=alt.Y("at:Q", scale=scale), text="unit:N", color=colour)
    layers = [*([_in_force(sweep, x)] if numbers else []), drawn, names]
    return styled(alt.layer(*layers), text("lines", value=of_name(book, name)), f"{sweep.quarter.period}", 560, HEIGHT)


def _in_force(sweep, x):
    """A dashed line where the value stands now."""
    alt, name = altair(), sweep.names[0]
    value = sweep.in_force(name)
    ends = [float(row[0]) for row in sweep.grid]
    shown = [{"value": float(value), "says": text("now")}] if min(ends) <= float(value) <= max(ends) else []
    base = alt.Chart(alt.Data(values=shown))
    return base.mark_rule(strokeDash=[4, 4], color=GREY).encode(x=x) + base.mark_text(
        align="left", dx=4, baseline="top", fontSize=11, color="#555").encode(x=x, y=alt.value(2), text="says:N")


def heat(sweep):
    """How many places units move on average, over two values; the values in force are framed."""
    alt, book, names = altair(), sweep.quarter.rulebook, sweep.names[:2]
    now = tuple(sweep.in_force(name) for name in names)
    rows = [{"x": of_value(book, names[0], values[0]), "y": of_value(book, names[1], values[1]),
             "moved": round(float(moved), 1), "now": all(map(_equal, values, now))}
            for values, moved in zip(sweep.grid, sweep.moved, strict=True)]
    orders = [list(dict.fromkeys(row[axis] for row in rows)) for axis in ("x", "y")]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("x:O", sort=orders[0], title=of_name(book, names[0]), axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        y=alt.Y("y:O", sort=orders[1][::-1], title=of_name(book, names[1])))
    cells = base.mark_rect().encode(
        color=alt.Color("moved:Q", title=text("mean_moved"), scale=alt.Scale(scheme="blues"),
                        legend=alt.Legend(orient="bottom", gradientLength=300)),
        tooltip=["x:O", "y:O", "moved:Q"])
    frame = base.transform_filter("datum.now").mark_rect(filled=False, stroke="#1b1b1b", strokeWidth=2)
    layers = [cells, frame]
    if len(rows) <= FIGURES_UP_TO:
        dark = alt.condition(f"datum.moved > {max(row['moved'] for row in rows) * 0.55}", alt.value("white"),
                             alt.value("#1b1b1b"))
        layers.append(base.mark_text(fontSize=11).encode(text="moved:Q", color=dark))
    title = text("heat", first=of_name(book, names[0]), second=of_name(book, names[1]))
    return styled(alt.layer(*layers), title, f"{sweep.quarter.period}  {text('framed')}", 600,
                  max(120, min(460, 44 * len(orders[1]))))


def _number(value: str) -> object:
    try:
        return float(value)
    except ValueError:
        return value


def _values(texts: list[str]) -> list:
    """Numbers where all are numbers, else words."""
    numbers = [_number(text) for text in texts]
    return numbers if all(isinstance(number, float) for number in numbers) else texts


def _equal(one: str, other: str) -> bool:
    return _number(one) == _number(other)
