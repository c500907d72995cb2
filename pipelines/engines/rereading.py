"""The ranking under any readings at once, as whole numbers that a page counts with: no combination is left out of it.

What several readings do together to a number is added up of what each does alone, what each pair does beyond that,
and so on: few of these parts are anything but nothing. Of items whose rules are all rates held to a target the parts
are those of the counts, and the page holds the rates to their targets; of other items, those of the points.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np

from pipelines.engines.batch import Batch, alternatives, by_item
from pipelines.engines.cube import Cube, Stacked
from pipelines.engines.marks import readings_that_count
from pipelines.engines.vector import PART, marks_of, rescore, targets_of
from pipelines.model.rule import Item, Left, Rule, Rulebook, Word
from pipelines.model.score import Rereading

SETS = 512  # combinations of an item's readings, beyond which its points are told of one reading at a time
# By the readings changed, as `3.1 5.2`: [how much, [where]] for each different number.
Parts = dict[str, list[list[int | list[int]]]]


def rereading(cube: Cube, rulebook: Rulebook, in_force: Mapping[str, str], unit_ids: Sequence[str]) -> Rereading:
    """What a page needs to rank these units anew, numbered in this order; for books whose totals are plain sums."""
    values, batch, now = alternatives(rulebook, in_force), Batch(cube), rescore(cube, rulebook, in_force)
    position = {id: k for k, id in enumerate(cube.unit_ids)}
    at = np.array([position[id] for id in unit_ids], np.int64)
    made = [
        {**_item(batch, item, rules, values, in_force, at), "score": now.items[item.id][at].tolist()}
        for item, rules in by_item(rulebook)
    ]
    by = rulebook.rank_on
    numbers = {
        "readings": [[id, *given] for id, given in values.items()],
        "months": len(cube.months),
        "base": now.base[at].tolist(),
        "bonus": now.bonus[at].tolist(),
        "by": _word(by, values),
        "share": rulebook.ranking.by_share,
        "rest": sum(one["full"] for one in made if not _parts_of(one)),
        "items": [one for one in made if _parts_of(one)],
    }
    names = list(values)
    changing = {names[n] for one in made for n in _changing(one)} | ({by.reading} if isinstance(by, Left) else set())
    choices = tuple((id, given[1:]) for id, given in values.items() if id in changing and given[1:])
    return Rereading(tuple(unit_ids), choices, numbers)


def _word(word: Word, values: Mapping[str, tuple[str, ...]]) -> str | int:
    """A word, or the number of the reading that chooses it."""
    return list(values).index(word.reading) if isinstance(word, Left) else word


def _item(
    batch: Batch,
    item: Item,
    rules: tuple[Rule, ...],
    values: Mapping[str, tuple[str, ...]],
    in_force: Mapping[str, str],
    at: np.ndarray,
) -> dict[str, Any]:
    """An item: its rates, or its points; ``alone``: the readings of which it tells one at a time."""
    full, names = int(100 * item.full_marks), [name for name in batch.touching(rules, item) if name in values]
    made, on = {"id": item.id, "full": full}, [list(values).index(name) for name in names]
    if rules and full and _is_plain(item) and all(_is_counted(batch.cube, rule) for rule in rules):
        rates = [_rate(batch.cube, rule, values, in_force, at) for rule in rules]
        unmeasured = item.unmeasured or ("unmeasured" in in_force and Left("unmeasured")) or "full"
        least = None if item.floor is None else int(100 * item.floor)
        return {**made, "floor": least, "round": item.round, "unmeasured": _word(unmeasured, values), "rates": rates}
    own = {name: values[name] for name in names}
    whole = prod(map(len, own.values())) <= SETS
    sets = [one for one in product(*map(range, map(len, own.values()))) if whole or sum(map(bool, one)) <= 1]
    found = {}
    for one in sets:
        readings = {**in_force, **{name: own[name][k] for name, k in zip(own, one, strict=True)}}
        marks = marks_of(batch.cube, batch.cube.counts(readings), item, rules, readings)
        gone, lacks = (full - column[at] * 100 // PART for column in marks)
        found[one] = batch.item(item, rules, readings)[at].astype(np.int64), gone, lacks
    points, gone, lacks = (_parts({one: table[k] for one, table in found.items()}, names, values) for k in range(3))
    points.pop("", None)
    return {**made, "points": points, "gone": gone, "lacks": lacks, "alone": [] if whole else on}


def _is_plain(item: Item) -> bool:
    return item.starts == "full" and not item.exact and item.places == 2 and not item.bonus


def _is_counted(cube: Cube, rule: Rule) -> bool:
    """Whether a page can hold a rule to its target: a rate without anything besides, told of all units or of none."""
    if rule.kind != "rate" or not rule.is_exact or not rule.each or not rule.needs or rule.round_rate is not None:
        return False
    if rule.fewer or rule.over_award or rule.best or rule.groups or rule.veto:
        return False
    if rule.times != 1 or rule.at_most is not None:
        return False
    measures = [cube.measures[id] for id in (rule.part, rule.of)]
    silent = cube.silent(*rule.counted)
    plain = all(one.scale == 1 and not one.distinct for one in measures)
    return plain and bool(silent.all() or not silent.any())


def _rate(
    cube: Cube, rule: Rule, values: Mapping[str, tuple[str, ...]], in_force: Mapping[str, str], at: np.ndarray
) -> dict[str, Any]:
    """The counts of a rate, its cells unit after unit and month after month, and what it is held to."""
    targets = targets_of(cube, rule, len(cube.months))[at]
    alike = bool((targets == targets[:1, :1]).all())
    part, of = (_counted(cube, id, values, in_force, at) for id in (rule.part, rule.of))
    return {
        "part": _parts(*part, values),
        "of": _parts(*of, values),
        "target": int(targets[0, 0]) if alike and len(targets) else targets.reshape(-1).tolist(),
        "needs": rule.needs,
        "each": int(100 * rule.each),
        "deduct": int(100 * rule.deduct),
        "mode": _word(rule.mode, values),
        "per": _word(rule.per, values),
        "held": [int(rule.holds_on(month)) for month in cube.months],
        "bare": any(_bare(table, rule, len(cube.months)) for table in of[0].values()),
    }


def _bare(cells: np.ndarray, rule: Rule, months: int) -> bool:
    """Whether any unit has too few rows to be judged."""
    return bool((cells.reshape(-1, months).sum(axis=1) < rule.needs).any())


def _counted(
    cube: Cube, id: str, values: Mapping[str, tuple[str, ...]], in_force: Mapping[str, str], at: np.ndarray
) -> tuple[dict[tuple[int, ...], np.ndarray], list[str]]:
    """A measure under every combination of the readings that change it, and these."""
    names = [name for name in values if name in readings_that_count(cube.measures[id])]
    sets = list(product(*(range(len(values[name])) for name in names)))
    readings = [{**in_force, **{n: values[n][k] for n, k in zip(names, one, strict=True)}} for one in sets]
    tables = Stacked.of(cube, [id], readings)[id].reshape(len(sets), -1, len(cube.months))[:, at]
    return dict(zip(sets, tables.reshape(len(sets), -1), strict=True)), names


def _parts(
    tables: Mapping[tuple[int, ...], np.ndarray], names: Sequence[str], values: Mapping[str, tuple[str, ...]]
) -> Parts:
    """What every combination of changed readings adds to all that fewer of them come to; what is nothing stays out.

    ``tables``: of every combination of ``names``, by the numbers of their values, or of those that change one at most.
    """
    left = dict(tables)
    for k in range(len(names)):
        for one in list(left):
            rest = (*one[:k], 0, *one[k + 1 :])
            if one[k]:
                left[one] = left[one] - left[rest]
    numbers = {name: n for n, name in enumerate(values)}
    found: Parts = {}
    for one, table in left.items():
        key = " ".join(f"{numbers[name]}.{k}" for name, k in zip(names, one, strict=True) if k)
        if different := [
            [int(n), np.diff(np.flatnonzero(table == n), prepend=0).tolist()] for n in np.unique(table) if n
        ]:
            found[key] = different
    return found


def _parts_of(made: Mapping[str, Any]) -> list[Parts]:
    """The parts of an item that are anything."""
    if "rates" not in made:
        tables = [made[name] for name in ("points", "gone", "lacks")]
    else:
        tables = [rate[name] for rate in made["rates"] for name in ("part", "of")]
    return [table for table in tables if table]


def _changing(made: Mapping[str, Any]) -> set[int]:
    """The readings that change anything of an item, by their numbers."""
    words = [rate[name] for rate in made.get("rates", ()) for name in ("mode", "per")]
    words += [made["unmeasured"]] if any(rate["bare"] for rate in made.get("rates", ())) else []
    keys = {int(one.partition(".")[0]) for table in _parts_of(made) for key in table for one in key.split()}
    return keys | {word for word in words if isinstance(word, int)}
