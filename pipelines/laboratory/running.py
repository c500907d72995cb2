"""A running period in a notebook: the same what-ifs before it is over, and the film of the days that were watched."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

from pipelines.assess import Request
from pipelines.engines.vector import overall_figure, places
from pipelines.laboratory.answer import Answer, copied
from pipelines.laboratory.changes import names
from pipelines.laboratory.charts import altair, in_session_language, styled
from pipelines.lazy import pandas
from pipelines.model.period import Period
from pipelines.model.points import CENT
from pipelines.model.words import UsageRefusal
from pipelines.paths import STANDARD_RULES
from pipelines.running.forecast import history_of, likely
from pipelines.running.pages import days
from pipelines.running.watch import HORIZONS, Look, Open, Watch
from pipelines.wording import say

FILM = ("at", "unit_id", "unit_name", "can_be_kept", "at_risk", "place_if_kept", "likely_best", "likely_worst")


@dataclass(frozen=True, eq=False, repr=False)
class Running(Answer):
    """``frame``: a line a unit, with what can be kept, what is at risk and the likely end. No assessment."""

    look: Look = field(repr=False)
    out: Path = field(repr=False)

    @classmethod
    def of(
        cls,
        period: str | Period,
        exports: str | Path,
        at: str | datetime | None = None,
        out: str | Path = "out",
        rules: str | Path = STANDARD_RULES,
        readings: Mapping[str, str] | None = None,
        absent: Collection[str] = (),
    ) -> "Running":
        """Look at the period at an instant, now where None; refusals as of `gongping watch`. Writes nothing."""
        try:
            parsed = period if isinstance(period, Period) else Period.parse(period)
        except ValueError:
            raise UsageRefusal(say("cli.no_period", given=period)) from None
        try:
            instant = datetime.fromisoformat(at) if isinstance(at, str) else at
        except ValueError:
            raise UsageRefusal(say("cli.no_moment", given=at)) from None
        request = Request(
            parsed, Path(exports), Path(out), None, dict(readings or {}), Path(rules), pdf=False, absent=tuple(absent)
        )
        look = Look(Watch(request, instant).run())
        return cls(look, Path(out))

    @property
    def watched(self):
        """Everything that is seen, as the pages have it."""
        return self.look.seen

    @copied
    def frame(self):
        """Points as numbers; the interval empty where the data carry no forecast."""
        end = likely(self.watched, history_of(self.look.watch))
        rows = []
        for one in self.watched.units:
            low, high = end.total.get(one.unit.unit_id, (None, None))
            best, worst = end.place.get(one.unit.unit_id) or (None, None)
            due = [one.due[name].rows for name in HORIZONS]
            points = [
                None if value is None else float(value / CENT) for value in (one.held_total, one.at_risk, low, high)
            ]
            rows.append((one.unit.unit_id, one.unit.unit_name, one.place, *points, best, worst, *due))
        columns = [
            "unit_id",
            "unit_name",
            "place_if_kept",
            "can_be_kept",
            "at_risk",
            "likely_low",
            "likely_high",
            "likely_best",
            "likely_worst",
            *(f"due_{name}" for name in HORIZONS),
        ]
        whole = dict.fromkeys(("place_if_kept", "likely_best", "likely_worst"), "Int64")
        return pandas.DataFrame(rows, columns=columns).astype(whole)

    @copied
    def steps(self):
        """A line an act that is still to be done, with what it costs."""
        rows = [
            (
                one.unit_id,
                one.case_id,
                one.ref_id,
                one.event,
                one.until,
                one.late,
                float(one.cost / CENT),
                float(one.cost_of_row / CENT),
            )
            for one in self.watched.steps
        ]
        columns = ["unit_id", "case_id", "ref_id", "event", "until", "late", "costs", "costs_with_row"]
        return pandas.DataFrame(rows, columns=columns)

    def what_if(self, due: str = "", events: Collection[str] | str = (), units: Collection[str] | str = ()):
        """Every unit's total and place if these acts are done at once and no other: all that is due before a horizon.

        ``due`` is one of `day`, `three_days`, `five_working_days`, `end` (all); ``events`` such as `replied_at` and
        ``units`` by id narrow it. UsageRefusal for a name that is none.
        """
        if due and due not in HORIZONS:
            raise UsageRefusal(say("running.no_horizon", given=due, known="、".join(HORIZONS)))
        of, known = set(names(units)), {act.event for rows in self.look.open.values() for act in rows.acts}
        for given, there in ((of, set(self.look.unit_at)), (set(names(events)), known)):
            if wrong := given - there:
                raise UsageRefusal(say("running.no_name", given=sorted(wrong)[0], known="、".join(sorted(there))))
        horizon = HORIZONS.index(due or "end")
        wanted = np.array([not of or id in of for id in self.look.unit_at], bool)

        def done(rows: Open) -> np.ndarray:
            bits = sum(1 << bit for bit, act in enumerate(rows.acts) if not events or act.event in names(events))
            return np.where(wanted[rows.unit], self.look.falling(rows.counts, horizon) & bits, 0)

        scores, watch = self.look.if_done(done), self.look.watch
        ids = list(self.look.unit_at)
        total = np.broadcast_to(scores.total, (len(ids),))
        figure = scores.base if watch.rulebook.ranked_by(watch.readings) == "base" else total
        with_place = {one.unit_id for one in self.watched.standings if one.rank is not None}
        ranked = np.array([id in with_place for id in ids], bool)
        place = places(overall_figure(watch.rulebook, np.broadcast_to(figure, (len(ids),)), scores.full), ranked)
        found = {one.unit.unit_id: one for one in self.watched.units}
        rows = [
            (
                id,
                found[id].unit.unit_name,
                float(found[id].missed_total / CENT),
                float(total[k] / CENT),
                float(found[id].held_total / CENT),
                int(place[k]) if ranked[k] else None,
            )
            for k, id in enumerate(ids)
        ]
        columns = ["unit_id", "unit_name", "nothing_done", "so_done", "all_done", "place"]
        return pandas.DataFrame(rows, columns=columns).astype({"place": "Int64"})

    def film(self):
        """The days of the period that were watched below ``out``, a line a day and unit."""
        rows = [
            (
                day["at"],
                one["unit_id"],
                one["unit_name"],
                float(one["can_be_kept"]),
                float(one["at_risk"]),
                one["place_if_kept"],
                *(one["likely_place"] or (None, None)),
            )
            for day in days(self.out, self.look.watch.period)
            for one in day["units"]
        ]
        whole = dict.fromkeys(("place_if_kept", "likely_best", "likely_worst"), "Int64")
        return pandas.DataFrame(rows, columns=list(FILM)).astype({"at": "datetime64[s]", **whole})

    def chart(self, units: Collection[str] | str = ()):
        """How the likely place of these units (all where none is named) moved from day to day."""
        film = self.film()
        film = film[film["unit_id"].isin(set(names(units)))] if names(units) else film
        alt = altair()
        base = alt.Chart(film).encode(x=alt.X("at:T", title=None), color=alt.Color("unit_name:N", title=None))
        place = alt.Y("place_if_kept:Q", title=None, scale=alt.Scale(reverse=True))
        band = base.mark_area(opacity=0.15).encode(y="likely_best:Q", y2="likely_worst:Q")
        return styled(alt.layer(band, base.mark_line(point=True).encode(y=place)), self.title)

    @property
    def title(self) -> str:
        """The period, the instant, and that it is no assessment."""
        watch = self.look.watch
        return in_session_language(say("running.title_notebook", period=watch.period, at=watch.at))
