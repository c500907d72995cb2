"""Charts of places: before and after, and how far a place could be elsewhere."""

from pipelines.laboratory.charts import BLACK, BLUE, GREY, LINE, SKY, VERMILION, altair, beside, styled, text

AT = {"before": 0.0, "after": 1.0}  # where each side stands across the chart
TIE, NAME = 0.05, 0.06  # how far a label stands from its point, and what ties them


def slope(frame, title: str):
    """Places before and after, a line a unit: blue rises, orange falls; labels give way to one another."""
    alt = altair()
    frame = frame.dropna(subset=["place_before", "place_after"]).reset_index(drop=True)
    height, ends = max(160, (LINE + 6) * len(frame)), (1.0, 2.0)
    wanted = {side: frame[f"place_{side}"].astype(int).tolist() for side in AT}
    if len(frame):
        every = [*wanted["before"], *wanted["after"]]
        ends = min(every), max(*every, min(every) + 1)
    for side in (*AT, *AT):  # twice: the second side may have widened the axis
        at, ends = beside(wanted[side], height, ends)
        frame[f"at_{side}"] = at
    rows = [_row(row, side) for row in frame.itertuples() for side in AT]
    base = alt.Chart(alt.Data(values=rows))
    down, across = alt.Scale(reverse=True, domain=list(ends), nice=False), alt.Scale(domain=[-0.7, 1.7], nice=False)
    y, x = alt.Y("place:Q", scale=down, axis=None), alt.X("x:Q", scale=across, axis=None)
    colour = alt.Color("way:N", legend=None, scale=alt.Scale(domain=["up", "down", "same"],
                                                            range=[BLUE, VERMILION, GREY]))
    lines = base.mark_line(strokeWidth=2, point=True).encode(
        x=x, y=y, color=colour, detail="unit:N", tooltip=["unit:N", "place:Q", "why:N"])
    ties = base.mark_rule(strokeWidth=0.7, opacity=0.6).encode(x=x, x2="tie:Q", y=y, y2="at:Q", color=colour)
    names = [
        base.transform_filter(f"datum.x == {AT[side]}").mark_text(align=align, fontSize=11).encode(
            x=alt.X("name:Q", scale=across, axis=None), y=alt.Y("at:Q", scale=down, axis=None), text="label:N",
            color=colour)
        for side, align in (("before", "right"), ("after", "left"))
    ]
    heads = alt.Chart(alt.Data(values=[{"x": at, "says": text(side)} for side, at in AT.items()])).mark_text(
        fontSize=13, dy=-14).encode(x=x, y=alt.value(0), text="says:N")
    return styled(alt.layer(ties, lines, *names, heads), title, text("slope"), 820, height)


def _row(row, side: str) -> dict:
    """One end of a unit's line."""
    place, out = int(getattr(row, f"place_{side}")), -1 if side == "before" else 1
    return {
        "unit": row.unit_name, "place": place, "why": row.why, "x": AT[side], "at": float(getattr(row, f"at_{side}")),
        "tie": AT[side] + out * TIE, "name": AT[side] + out * NAME, "label": f"{place}  {row.unit_name}",
        "way": "up" if row.moved > 0 else "down" if row.moved < 0 else "same",
    }


def ranges(frame, title: str):
    """Every unit's place: the band under other readings, the line by chance, the dot where it stands."""
    alt = altair()
    names = ["unit_name", "place", "best", "worst", "chance_best", "chance_worst"]
    rows = frame[names].astype(object).to_dict("records")
    for row in rows:
        row["unit"] = f"{row['unit_name']}  {row['place']}"
    step = 18 if len(rows) <= 60 else 14
    base = alt.Chart(alt.Data(values=rows))
    y = alt.Y("unit:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False, labelPadding=8))
    last = max((max(row["worst"], row["chance_worst"]) for row in rows), default=2)
    scale = alt.Scale(domain=[1, max(last, 2)], nice=False, zero=False)

    def x(name: str, side: str = ""):
        axis = alt.Axis(orient=side, title=text("place"), grid=True, gridColor="#eee") if side else None
        return alt.X(f"{name}:Q", scale=scale, axis=axis)

    def tick(name: str):
        return base.mark_tick(color=BLACK, thickness=1, size=step * 0.45).encode(y=y, x=x(name))

    layers = (
        base.mark_bar(color=SKY, opacity=0.6, height=step * 0.55).encode(y=y, x=x("best", "top"), x2="worst:Q"),
        base.mark_rule(color=BLACK, strokeWidth=1).encode(y=y, x=x("chance_best"), x2="chance_worst:Q"),
        tick("chance_best"), tick("chance_worst"),
        base.mark_point(color=VERMILION, filled=True, opacity=1, size=step * 3).encode(
            y=y, x=x("place", "bottom"), tooltip=["unit_name:N", *(f"{name}:Q" for name in names[1:])]),
    )
    chart = alt.layer(*layers).resolve_axis(x="independent")
    return styled(chart, title, text("ranges"), 620, step * len(rows) + 20)
