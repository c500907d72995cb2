"""A finished quarter in a notebook: read once, from the run that is in force when it is opened, and never written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from pipelines.assess import Request, Run
from pipelines.edges.folders import MANIFEST
from pipelines.edges.published import PublishedQuarter, run_folder, tallies_of
from pipelines.explain import Explanation, explain
from pipelines.laboratory import answer, finished
from pipelines.laboratory.answer import copied
from pipelines.laboratory.changes import Change, hint, names, pairs, several, whole_number
from pipelines.laboratory.charts import funnel, in_session_language
from pipelines.laboratory.finished import Manifest, as_scored, must_be_as_published, rulebook_of, table_of
from pipelines.laboratory.robustness import Robustness
from pipelines.laboratory.running import Running
from pipelines.laboratory.scenario import Scenario, World
from pipelines.laboratory.steps import Step, next_step, next_steps, no_step
from pipelines.laboratory.sweep import Sweep, Tornado
from pipelines.lazy import pandas
from pipelines.model.period import Period
from pipelines.model.rule import Rulebook
from pipelines.model.words import UsageRefusal
from pipelines.rulebook.load import changeable
from pipelines.sample.make import make_sample
from pipelines.wording import say


@dataclass(frozen=True, eq=False, repr=False)
class Quarter:
    """A finished run: ``folder`` is the run itself, so a later run of the same quarter changes nothing here."""

    folder: Path
    period: Period
    readings: Mapping[str, str] = field(repr=False)  # in force in the run
    simulated: bool = field(repr=False)
    world: World = field(repr=False)
    outputs: Mapping[str, str] = field(default_factory=dict, repr=False)  # sha256 of the published files

    @classmethod
    def open(cls, period: str | Path, out: str | Path = "out") -> "Quarter":
        """Open the quarter ``period`` below ``out``, or a finished run's own folder; UsageRefusal where there is none.

        Reads tallies, never cases, and takes no lock.
        """
        place = run_folder(period, out)
        folder = place.resolve()
        if not (folder / MANIFEST).is_file():
            PublishedQuarter.open(place)  # refuses, and says which quarters are finished
            raise UsageRefusal(say("published.damaged", folder=place))
        if not tallies_of(folder).is_dir():
            raise UsageRefusal(say("laboratory.no_tallies", folder=place))
        run = Manifest.read(folder)
        period = as_scored(folder, run.period)
        readings, world = MappingProxyType(run.readings), World.open(folder, period, run.cutoff)
        return cls(folder, period, readings, run.simulated, world, run.outputs)

    @cached_property
    def rulebook(self) -> Rulebook:
        """The edition that the quarter was scored by, as it was then."""
        return rulebook_of(self.folder, self.period)

    @copied
    def ranking(self):
        """`ranking.csv` as a frame."""
        return finished.read_csv(table_of(self.folder, "ranking.csv", self.outputs))

    @copied
    def items(self):
        """`items.csv` as a frame."""
        return finished.read_csv(table_of(self.folder, "items.csv", self.outputs))

    @copied
    def ledger(self):
        """`ledger.csv` as a frame; half a million lines take a second or two."""
        return finished.read_csv(table_of(self.folder, "ledger.csv", self.outputs))

    @property
    def changeable(self) -> list[str]:
        """Every ``rule.field`` that a what-if may change."""
        return changeable(self.rulebook)

    @cached_property
    def as_it_was(self) -> Scenario:
        """The quarter without any change, as a scenario; VerificationFailed where that is not what was published."""
        if how := self.rulebook.made_of(self.period):
            raise UsageRefusal(say("laboratory.composed", period=self.period, kind=say(f"period.kind_{how.of}")))
        scenario = Scenario.of(self, Change())
        must_be_as_published(scenario)
        return scenario

    def what_if(
        self,
        changes: Mapping[str, object] | None = None,
        readings: Mapping[str, object] | None = None,
        *,
        drop: Iterable[str] | str = (),
        add: Iterable[str | Path] | str | Path = (),
        exclude_units: Iterable[str] | str = (),
        exclude_cases: Iterable[str] | str = (),
        rules: str | Path | None = None,
        rank_apart: Iterable[str] | str = (),
        rank_apart_below: int | None = None,
    ) -> Scenario:
        """The quarter under other values (``{"late_reply.deduct": 1}``), readings, rules, without units or cases.

        ``add`` are rule files, ``rules`` is another edition's folder. Units ranked apart (by id or name, or all with
        fewer case rows than ``rank_apart_below``) leave the common list and are placed among themselves. A name that is
        not known is refused with the nearest right one.
        """
        files = tuple(Path(file) for file in names(add))
        edition = names(rules)
        _ = self.as_it_was  # what is changed must be what was published
        return Scenario.of(
            self,
            Change(
                pairs(changes),
                pairs(readings),
                names(drop),
                files,
                names(exclude_units),
                names(exclude_cases),
                Path(edition[0]) if edition else None,
                names(rank_apart),
                whole_number(rank_apart_below),
            ),
        )

    def sweep(self, values: Mapping[str, Iterable], readings: Mapping[str, Iterable] | None = None):
        """Every combination of the given values and readings: ``{"satisfaction_rate.target": [85, 90]}``."""
        return Sweep.of(self, several(values) | several(readings))

    def tornado(self):
        """Which single value or reading moves the ranking most."""
        return Tornado.of(self)

    def robustness(self, seed: int = 1):
        """Each unit's best and worst place under all combinations of readings, and an interval from small numbers."""
        return Robustness.of(self, seed)

    def funnel(self, measure: str = ""):
        """A rate rule of every unit by how much it rests on, with the limits that chance alone would keep to.

        By default the rate that lists units of equal figures, else the first of the book.
        """
        return funnel(self, measure)

    def explain(self, unit: str):
        """A unit's score from full marks to the case, and the cheapest step to the next place."""
        return Explained.of(self, unit)

    def evidence(self, of: str, unit: str, month: str = ""):
        """The rows behind a figure of a unit, as a frame: month, case_id, ref_id, what lines quote, ``counts``.

        ``of`` is a measure, or the rule of a rate: then the rows are the denominator's and ``counts`` is false for the
        misses. ``month`` as ``2026-07``; all months without it. UsageRefusal for a name that is not known.
        """
        book = self.rulebook
        rates = {id: rule for id, rule in book.rules.items() if rule.part}
        if of not in rates and of not in book.measures:
            raise UsageRefusal(say("laboratory.no_rule", rule=of, hint=hint(of, [*rates, *book.measures])))
        months = self.period.months
        if month and month not in months:
            raise UsageRefusal(say("laboratory.no_month", month=month, months="、".join(months)))
        whole, part = (rates[of].of, rates[of].part) if of in rates else (of, "")
        found = self.world.kept.evidence(whole, self.readings, self.world.unit(unit), part).to_pandas()
        found["month"] = [months[number - 1] for number in found["month"]]
        found = found[found["month"] == month] if month else found
        return found.sort_values(["month", "case_id", "ref_id"], ignore_index=True)

    def next_steps(self):
        """For every unit the cheapest one step that would have meant a better place, as a frame."""
        return next_steps(self.as_it_was)

    def watch(self, exports: str | Path, at: str | datetime | None = None):
        """The same period as it ran, at an instant before its cutoff: what was open then, and the same what-ifs.

        By the rulebook and the readings of this run; ``exports`` are read again. `pipelines.Running.of` looks at a
        period that no run has scored yet.
        """
        rules, out = self.folder / "rulebook", self.folder.parents[2]
        absent = tuple(sorted(self.world.absent.names))
        return Running.of(self.period, exports, at, out, rules, self.readings, absent)

    def gaming(self):
        """Which behaviour buys most points per case, and which clauses tell no units apart."""
        return self.as_it_was.gaming()

    @property
    def title(self) -> str:
        """The period, how many units, and that it is simulated where it is."""
        return in_session_language(
            say(
                "laboratory.quarter_simulated" if self.simulated else "laboratory.quarter",
                period=self.period,
                n=len(self._ranking),
                folder=self.folder,
            )
        )

    def __repr__(self) -> str:
        return answer.table(self._ranking.drop(columns="period"), self.title)

    def _repr_html_(self) -> str:
        return answer.html_table(self._ranking, self.title)


# A quarter to try things on: made, scored and opened, where there is none yet.


def sample_quarter(
    out: str | Path = "demo/out", period: str = "2026Q3", units: int = 40, cases: int = 4000, seed: int = 1
) -> Quarter:
    """The quarter ``period`` below ``out``; simulated and scored first where it is not there (half a minute)."""
    out, quarter = Path(out), Period.parse(period)
    if not tallies_of(out / str(quarter)).is_dir():
        exports = out.parent / "exports" / str(quarter)
        make_sample(exports, quarter, units, cases, seed)
        with Run(Request(quarter, exports, out, pdf=False)) as run:
            run.run()
    return Quarter.open(str(quarter), out)


# A unit's score from full marks to the case, as a notebook shows it, with the cheapest step to a better place.


COLUMNS = ("item_id", "full_marks", "clause", "rule_id", "month", "case_id", "ref_id", "points", "detail", "score")


@dataclass(frozen=True, eq=False, repr=False)
class Explained:
    """``frame`` holds the unit's ledger lines with their items; ``step`` the cheapest way to a better place."""

    explanation: Explanation = field(repr=False)
    step: Step | None

    @classmethod
    def of(cls, quarter, unit: str) -> "Explained":
        """Of the unit with this id or name; UsageRefusal with the nearest name for one that is not there."""
        explanation = explain(PublishedQuarter.open(quarter.folder), str(unit))
        return cls(explanation, next_step(quarter.as_it_was, explanation.unit["unit_id"]))

    @copied
    def frame(self):
        """A line of the ledger with the full marks and the score of its item."""
        rows = [
            (
                item.item_id,
                float(item.full_marks),
                line["clause"],
                line["rule_id"],
                line["month"],
                line["case_id"],
                line["ref_id"],
                float(line["points"]),
                line["detail"],
                float(item.score),
            )
            for item in self.explanation.items
            for line in item.lines
        ]
        return pandas.DataFrame(rows, columns=list(COLUMNS))

    @property
    def says(self) -> str:
        """Place and points in a line, then the step."""
        unit = self.explanation.unit
        sums = f"{unit['total']} = {unit['base']} + {unit['bonus']}"
        head = f"{unit['unit_id']} {unit['unit_name']}: {sums}, {unit['rank'] or '–'}"
        if not unit["rank"]:
            return head
        words = self.step.says if self.step else no_step(int(unit["rank"]))
        return f"{head}\n{words.zh}\n{words.en}"

    def __repr__(self) -> str:
        return answer.table(self._frame, self.says)

    def _repr_html_(self) -> str:
        return answer.lines(self.says.splitlines()) + answer.html_table(self._frame)
