"""Before and after: who moved, how far, and through which rules and entries."""

from dataclasses import dataclass, field
from functools import cached_property

from pipelines.laboratory.answer import Answer, copied, with_decimals
from pipelines.lazy import pandas

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
        from pipelines.laboratory.charts import slope

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
