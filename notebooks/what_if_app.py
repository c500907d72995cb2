"""Sliders for the main values and readings; the ranking follows them: `marimo run notebooks/what_if_app.py`."""

import marimo

__generated_with = "0.23.0"
app = marimo.App(width="medium", app_title="公评 What if")


@app.cell
def _():
    import os

    import marimo as mo

    from pipelines import sample_quarter
    from pipelines.laboratory.answer import html_table as table
    from pipelines.laboratory.charts import of_name

    quarter = sample_quarter(os.environ.get("GONGPING_OUT", "demo/out"))
    return mo, of_name, quarter, table


@app.cell
def _(mo, of_name, quarter):
    rules, words = quarter.rulebook.rules, quarter.rulebook.readings
    main = {
        "late_reply.deduct": (0, 2, 0.25), "late_signing.deduct": (0, 2, 0.25),
        "satisfaction_rate.target": (80, 100, 0.5), "completion_rate.target": (85, 100, 0.5),
    }
    main = {name: span for name, span in main.items() if name in quarter.changeable}
    was = {name: float(getattr(rules[name.split(".")[0]], name.split(".")[1])) for name in main}
    values = {
        name: mo.ui.slider(
            start=start, stop=stop, step=step, value=was[name],
            label=f"{of_name(quarter.rulebook, name)} `{name}`", show_value=True, full_width=True,
        )
        for name, (start, stop, step) in main.items()
    }
    readings = {
        id: mo.ui.dropdown(
            options={words[id].says[value].zh: value for value in words[id].values if value in words[id].says},
            value=words[id].says[quarter.readings[id]].zh,
            label=f"{words[id].title.zh} `{id}`", full_width=True,
        )
        for id in ("satisfied", "shortfall", "months", "completed", "rank_on")
        if quarter.readings[id] in words[id].says
    }
    sliders, choices = mo.ui.dictionary(values), mo.ui.dictionary(readings)
    mo.md(f"# {quarter.period} 试算 what if")
    return choices, sliders, was


@app.cell
def _(choices, mo, sliders):
    mo.hstack([mo.vstack(list(sliders.values())), mo.vstack(list(choices.values()))], widths="equal", gap=3)
    return


@app.cell
def _(choices, quarter, sliders, was):
    changes = {name: round(value, 2) for name, value in sliders.value.items() if value != was[name]}
    chosen = {id: value for id, value in choices.value.items() if value != quarter.readings[id]}
    scenario = quarter.what_if(changes, readings=chosen)
    compared = scenario.compare()
    return compared, scenario


@app.cell
def _(mo, quarter, scenario, table):
    ranking = scenario.ranking.merge(
        quarter.ranking[["unit_id", "rank"]].rename(columns={"rank": "was"}), on="unit_id"
    )[["rank", "was", "unit_name", "unit_group", "base", "bonus", "total"]]
    ranking.columns = ["名次", "原名次", "单位", "类别", "基础分", "加分", "总分"]
    mo.Html(f"<div id='ranking'>{table(ranking, scenario.says, 20)}</div>")
    return


@app.cell
def _(compared, mo):
    mo.vstack(
        [mo.ui.altair_chart(compared.chart()), mo.Html(compared._repr_html_())] if len(compared.movers)
        else ["名次未变 no change"]
    )
    return


if __name__ == "__main__":
    app.run()
