"""A scenario: a finished quarter scored under other rules, and the quarter before and after side by side."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from pipelines.edges import published as kept
from pipelines.edges.warehouse import Warehouse
from pipelines.engines.cube import Cube
from pipelines.engines.vector import Rescored, differences, in_points, rescore
from pipelines.laboratory import answer, finished
from pipelines.laboratory.answer import Answer, copied, with_decimals
from pipelines.laboratory.changes import Change, changed_rulebook, readings_under, save_rulebook
from pipelines.laboratory.charts import in_session_language, of_change, slope
from pipelines.laboratory.finished import Placed, placed, readable, rulebook_of
from pipelines.laboratory.steps import Gaming
from pipelines.lazy import pandas
from pipelines.model.contract import NOTHING, Absent
from pipelines.model.period import Period
from pipelines.model.rule import Rulebook
from pipelines.model.score import Entry, UnitScore
from pipelines.model.tally import UnitTally
from pipelines.model.words import JudgesDisagree, UsageRefusal
from pipelines.running.moved import tallies_of
from pipelines.stages.judge import judge
from pipelines.stages.measure import Kept, must_fit, tally
from pipelines.stages.settle import UnitSums, settle, unit_scores
from pipelines.wording import say

if TYPE_CHECKING:
    from pipelines.laboratory.quarter import Quarter


# Before and after: who moved, how far, and through which rules and entries.


KEY = ["unit_id", "item_id", "rule_id", "month", "case_id", "ref_id"]


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Answer):
    """``frame`` has a line a unit, most moved first; ``rules`` and ``entries`` say what moved it.

    Anything else that a frame can do, this does too.
    """

    quarter: object = field(repr=False)
    scenario: object = field(repr=False)

    @classmethod
    def of(cls, quarter, scenario) -> "Comparison":
        """The finished quarter against a scenario of it."""
        return cls(quarter, scenario)

    @copied
    def entries(self):
        """Ledger lines that are new, gone or worth something else: points before, after and the difference."""
        before, after = (_summed(side._ledger, KEY) for side in (self.quarter, self.scenario))
        left = set(self.scenario.world.registers)
        before = before[before.index.get_level_values("unit_id").isin(left)]
        return _difference(before, after)

    @copied
    def rules(self):
        """Points of each rule's lines before and after, a line per unit and rule that changed."""
        return self._by_rule.reset_index()

    @cached_property
    def _by_rule(self):
        changed = self._entries
        if changed.empty:
            return changed.set_index(["unit_id", "rule_id"])[["before", "after", "change"]]
        return changed.groupby(["unit_id", "rule_id"], sort=True)[["before", "after", "change"]].sum().round(2)

    @copied
    def frame(self):
        """unit_id, unit_name, place and points before and after, ``moved`` (places up), ``change`` and ``why``."""
        names = {"rank": "place", "total": "points"}
        columns = ["unit_id", "unit_name", "rank", "total"]
        sides = [side._ranking[columns].rename(columns=names) for side in (self.quarter, self.scenario)]
        joined = sides[0].merge(
            sides[1].drop(columns="unit_name"), on="unit_id", suffixes=("_before", "_after"), how="left"
        )
        joined["moved"] = joined["place_before"] - joined["place_after"]
        joined["change"] = (joined["points_after"] - joined["points_before"]).round(2)
        joined["why"] = [self._why(id) for id in joined["unit_id"]]
        keys = joined.assign(far=joined["moved"].abs().fillna(0), much=joined["change"].abs().fillna(0))
        order = keys.sort_values(["far", "much", "unit_id"], ascending=[False, False, True]).index
        names = [
            "unit_id",
            "unit_name",
            "place_before",
            "place_after",
            "moved",
            "points_before",
            "points_after",
            "change",
            "why",
        ]
        return joined.loc[order, names].reset_index(drop=True)

    @property
    def movers(self):
        """The units whose place or points changed."""
        frame = self._frame
        appeared = frame["place_before"].isna() != frame["place_after"].isna()
        return frame[(frame["moved"].fillna(0) != 0) | (frame["change"].fillna(0) != 0) | appeared]

    def chart(self, most: int = 25):
        """A slope chart of the units that moved most."""
        return slope(self.movers.head(most), self.title)

    def _why(self, unit_id: str) -> str:
        """The rules of a unit's own change; where only others changed, who passed whom."""
        if unit_id not in self.scenario.world.registers:
            return "left out 未列入"
        if alone := self._alone.get(unit_id):
            return alone
        if unit_id in self._whys:
            return self._whys[unit_id]
        before, after = self._places[unit_id]
        if before is None or after is None or before == after:
            return ""
        fell, pairs = after > before, {id: pair for id, pair in self._places.items() if pair[0] and id != unit_id}
        others = [
            id
            for id, (was, now) in pairs.items()
            if now and ((was >= before and now < after) if fell else (was <= before and now > after))
        ]
        gone = [id for id, (was, now) in pairs.items() if was < before and not now]
        if not others:
            return _with_units("left the list above 前面移出", gone)
        return _with_units("passed by 被超过" if fell else "passed 超过", others)

    @cached_property
    def _whys(self) -> dict[str, str]:
        found: dict[str, list[str]] = {}
        for (unit, rule), change in self._by_rule["change"].items():
            if change:
                found.setdefault(unit, []).append(f"{rule} {change:+.2f}")
        return {unit: "  ".join(parts) for unit, parts in found.items()}

    @cached_property
    def _alone(self) -> dict[str, str]:
        """Of the units ranked apart: their place in their own list."""
        placed = self.scenario.placed
        among = int(placed.apart.sum())
        return {
            id: f"ranked apart 单列 {place}/{among}"
            for id, place, apart in zip(self.scenario.scores.unit_ids, placed.group_place, placed.apart, strict=True)
            if apart
        }

    @cached_property
    def _places(self) -> dict[str, tuple[int | None, int | None]]:
        sides = [_places(side._ranking) for side in (self.quarter, self.scenario)]
        return {id: (place, sides[1].get(id)) for id, place in sides[0].items()}

    @property
    def shown(self):
        """The units that moved, their points as the books publish them."""
        return with_decimals(self.movers, self.decimals, ("points_before", "points_after", "change"))

    @property
    def decimals(self) -> int:
        """Of base, bonus and total: those of the finer of both books."""
        return max(self.quarter.rulebook.decimals, self.scenario.rulebook.decimals)

    @property
    def title(self) -> str:
        """The quarter and the change, in words."""
        return self.scenario.title


def _summed(ledger, key: list[str]):
    return ledger.groupby(key, sort=True)["points"].sum().round(2)


def _difference(before, after):
    """Lines whose points differ, as a frame."""
    both = pandas.concat({"before": before, "after": after}, axis=1).fillna(0.0)
    both["change"] = (both["after"] - both["before"]).round(2)
    return both[both["change"] != 0].sort_index().reset_index()


def _with_units(what: str, ids: list[str]) -> str:
    return f"{what} {' '.join(ids[:4])}{' …' if len(ids) > 4 else ''}"


def _places(ranking) -> dict[str, int | None]:
    pairs = zip(ranking["unit_id"], ranking["rank"], strict=True)
    return {id: None if pandas.isna(place) else int(place) for id, place in pairs}


# A scenario: a finished quarter scored under other rules; the quarter itself stays as it is.


# The counts of a finished quarter, as a what-if needs them: all of them, or without some units or cases.


@dataclass(frozen=True, eq=False)
class World:
    """Who is scored and on what; ``registers`` are tallies without counts, by unit_id in order."""

    folder: Path
    period: Period
    registers: dict[str, UnitTally]
    kept: Kept
    rulebook: Rulebook  # whose measures count
    without_cases: tuple[str, ...] = ()
    absent: Absent = NOTHING
    whole: bool = True  # no unit is left out

    @classmethod
    def open(cls, folder: Path, period: Period, cutoff: datetime) -> "World":
        """The world of a finished run's folder."""
        with readable(folder, kept.tallies_of(folder)):
            rulebook = rulebook_of(folder, period)
            tallies = Kept.open(folder, period, cutoff, rulebook)
            absent = Absent(kept.read_absent(folder))
            return cls(folder, period, kept.read_registers(folder), tallies, rulebook, absent=absent)

    def without(self, units: Iterable[str] = (), cases: Iterable[str] = ()) -> "World":
        """The same without these units (by id or name) and cases (by id); UsageRefusal for one that is not there."""
        gone = {self.unit(given) for given in units}
        cases = tuple(sorted({*self.without_cases, *cases}))
        if cases != self.without_cases:
            _must_be_known(cases, self.kept.known_cases())
        left = {id: register for id, register in self.registers.items() if id not in gone}
        if not gone and cases == self.without_cases:
            return self
        return replace(self, registers=left, without_cases=cases, whole=self.whole and not gone)

    @cached_property
    def cube(self) -> Cube:
        """The tally cube of these units, without the cases left out."""
        with readable(self.folder, kept.tallies_of(self.folder)):
            table = self._counted() if self.without_cases else self.kept.cube
            return Cube.prepare(
                table if self.whole else kept.only_units(table, self.registers),
                self.kept.layouts,
                self.rulebook.measures,
                self.registers,
                self.period.months,
                self.absent,
            )

    def under(self, rulebook: Rulebook) -> "World":
        """The same as the measures of this book count it."""
        return self if rulebook.measures == self.rulebook.measures else replace(self, rulebook=rulebook)

    def _counted(self):
        """The cube counted anew, by the queries of a run."""
        warehouse = Warehouse()
        try:
            self.store_rows(warehouse, self.rulebook)
            return warehouse.arrow("tallies.cube")
        finally:
            warehouse.close()

    def store_rows(self, warehouse: Warehouse, rulebook: Rulebook) -> None:
        """The marked rows of these units, without the cases left out, in a warehouse, and their tally."""
        with readable(self.folder, kept.tallies_of(self.folder)):
            for counts in self.kept.layouts:
                rows = self.kept.rows(counts, self.registers, self.without_cases)
                warehouse.store(f"facts.{counts}_marked", rows)
        tally(warehouse, self.kept.layouts, rulebook)

    def unit(self, given: str) -> str:
        """The id of the unit with this id or name; UsageRefusal with the nearest names for one that is not there."""
        names = {register.unit.unit_name: id for id, register in self.registers.items()}
        if given in self.registers:
            return given
        if given in names:
            return names[given]
        raise unknown_unit(given, self.period, (*self.registers, *names))


def unknown_unit(given: str, period: Period, known: Iterable[str]) -> UsageRefusal:
    """The refusal for a unit that the quarter does not have, with the nearest names."""
    known = list(known)
    near = get_close_matches(str(given), known, n=3, cutoff=0.3) or known[:3]
    return UsageRefusal(say("published.no_unit", given=given, period=period, near=" ".join(near)))


def _must_be_known(cases: Iterable[str], known: list[str]) -> None:
    there = set(known)
    for case in cases:
        if case not in there:
            near = get_close_matches(case, known[:20_000], n=1, cutoff=0.3) or known[:1] or ["–"]
            raise UsageRefusal(say("laboratory.no_case", case=case, near=near[0]))


FEW = 4  # names in a title


def _few(names: tuple) -> str:
    return " ".join(map(str, names[:FEW])) + (f" … ({len(names)})" if len(names) > FEW else "")


@dataclass(frozen=True, eq=False, repr=False)
class Scenario:
    """``ranking``, ``items`` and ``ledger`` are frames in the columns of the published files."""

    quarter: "Quarter" = field(repr=False)
    change: Change
    rulebook: Rulebook = field(repr=False)
    readings: Mapping[str, str] = field(repr=False)
    world: World = field(repr=False)
    apart: frozenset[str] = field(default=frozenset(), repr=False)  # units named to be ranked apart

    @classmethod
    def of(cls, quarter: "Quarter", change: Change) -> "Scenario":
        """The scenario of a change; a refusal names the nearest right name for a misspelt one."""
        rulebook = changed_rulebook(quarter.rulebook, change, quarter.period)
        must_fit(rulebook, quarter.period, quarter.world.registers)
        readings = MappingProxyType(readings_under(rulebook, quarter.readings, change))
        world = quarter.world.under(rulebook).without(change.exclude_units, change.exclude_cases)
        return cls(quarter, change, rulebook, readings, world, frozenset(map(world.unit, change.rank_apart)))

    @cached_property
    def scores(self) -> Rescored:
        """Every unit's items, base and bonus in hundredths, by the second judge."""
        return rescore(self.world.cube, self.rulebook, self.readings)

    @property
    def figure(self) -> np.ndarray:
        """What units are ranked by, in hundredths."""
        return self.scores.base if self.rulebook.ranked_by(self.readings) == "base" else self.scores.total

    @cached_property
    def placed(self) -> Placed:
        """Places and the order of the list."""
        named = np.array([id in self.apart for id in self.scores.unit_ids], bool)
        small = self.scores.case_rows < (self.change.rank_apart_below or 0)
        by = self.rulebook.ranked_by(self.readings)
        return placed(self.scores, self.world.registers, self.rulebook, by, named | small)

    @copied
    def ranking(self):
        """As `ranking.csv`: a line a unit in listing order; points as numbers, places nullable."""
        return finished.ranking(self)

    @copied
    def items(self):
        """As `items.csv`: a line per unit and item."""
        return finished.items(self)

    @copied
    def ledger(self):
        """As `ledger.csv`, written anew by the engine of record and the ledger's own queries; it adds up."""
        return finished.ledger(self)

    @cached_property
    def unit_scores(self) -> dict[str, UnitScore]:
        """The second judge's scores with what each item is worth, by the notes of the first."""
        months, scores = self.quarter.period.months, self.scores
        return unit_scores(
            self.rulebook,
            self.readings,
            self.tallies,
            months,
            {
                id: {name: in_points(of_item[k]) for name, of_item in (*scores.items.items(), ("ALL", wholes))}
                for wholes in (np.broadcast_to(scores.whole, len(scores.unit_ids)),)
                for k, id in enumerate(scores.unit_ids)
            },
            {
                id: UnitSums(
                    *(in_points(column[k]) for column in (scores.base, scores.bonus, wholes)),
                    scores.veto[k],
                )
                for wholes in (np.broadcast_to(scores.whole, len(scores.unit_ids)),)
                for k, id in enumerate(scores.unit_ids)
            },
        )

    @cached_property
    def judged(self) -> tuple[dict[str, UnitScore], list[Entry]]:
        """Scores and settled lines of the engine of record; JudgesDisagree where the second judge differs."""
        months = self.quarter.period.months
        findings, _ = judge(self.rulebook, self.readings, self.tallies, months)
        scores, entries, _ = settle(self.rulebook, self.readings, findings, self.tallies, months)
        for unit, item, first, second in differences(scores, self.scores):
            raise JudgesDisagree(say("judge.judges_disagree", unit=unit, item=item, first=first, second=second))
        return scores, entries

    @cached_property
    def tallies(self) -> dict:
        """The tallies under the readings in force, by unit_id."""
        return tallies_of(self.world.cube, self.rulebook, self.readings, self.world.registers)

    def compare(self):
        """Who moved against the finished quarter, how far, and through which rules and entries."""
        return Comparison.of(self.quarter, self)

    def gaming(self):
        """Which behaviour buys most points per case under these rules, and which clauses tell no units apart."""
        return Gaming.of(self)

    def save(self, folder: str | Path) -> Path:
        """The changed rules as a rulebook folder that `gongping run --rules` takes; NotAllowed where it exists."""
        return save_rulebook(self, Path(folder))

    @property
    def says(self) -> str:
        """The change in words, for titles."""
        change = self.change
        words = [of_change(self.rulebook, name, value) for name, value in (*change.values, *change.readings)]
        lists = {
            "drop": change.drop,
            "add": change.add,
            "without": (*change.exclude_units, *change.exclude_cases),
            "apart": change.rank_apart,
            "rules": (change.rules,) if change.rules else (),
            "below": () if change.rank_apart_below is None else (change.rank_apart_below,),
        }
        words += [
            in_session_language(say(f"laboratory.says_{name}", what=_few(given)))
            for name, given in lists.items()
            if given
        ]
        return "，".join(words) or in_session_language(say("laboratory.says_nothing"))

    @property
    def title(self) -> str:
        """The quarter and the change, in words."""
        return f"{self.quarter.period}: {self.says}"

    def __repr__(self) -> str:
        return answer.table(self._ranking.drop(columns="period"), self.title)

    def _repr_html_(self) -> str:
        return answer.html_table(self._ranking, self.title)
