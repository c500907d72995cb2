"""What a watch points out beside the score, for the office to look at, and what it warns leaders of; never points.

The bounds stand in `watch.yaml`. All is found in the exports themselves; a caller is known by a keyed hash alone.
"""

import hmac
from base64 import b32encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from pipelines.edges.located_yaml import Block, read_blocks
from pipelines.edges.private import SHOWN, read_key
from pipelines.edges.warehouse import Warehouse
from pipelines.engines.cube import Cube
from pipelines.lazy import pyarrow
from pipelines.model.rule import Rulebook
from pipelines.model.words import UsageRefusal, Words
from pipelines.paths import RULES
from pipelines.running.moved import numbered
from pipelines.wording import say

WATCH = RULES / "watch.yaml"
WORDS = "running."  # begins the sentences of what is wrong with the file
NEEDED = {"repeats": ("title", "matter_id"), "bunches": ("rated_at", "public_rating"), "perfect": ("public_rating",)}
FINDINGS: dict[str, dict[str, str]] = {
    "repeats": {"days": "whole", "alike": "share", "caller": "name", "address": "name"},
    "passed_on": {"units": "whole"},
    "quick": {"minutes": "whole"},
    "bunches": {"ratings": "whole", "minutes": "whole"},
    "perfect": {"rated": "whole"},
}
WARNINGS = {
    "rate": {"part": "name", "of": "name", "under": "percent", "at_least": "whole"},
    "matter": {"cases": "whole", "days": "whole"},
}
OPTIONAL = {"caller", "address"}
BEYOND = 4  # two standard deviations of what the city's share lets expect, squared: less is chance
MINUTE, DAY = 60 * 10**6, 24 * 60 * 60 * 10**6  # in microseconds
RATED_KINDS = ("repeats", "passed_on", "quick", "bunches")  # of these so many a case are expected in every unit


@dataclass(frozen=True)
class WatchRules:
    """The bounds of `watch.yaml`, by finding and by warning; what the file leaves out is not looked for."""

    findings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    warnings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """Something to look at: what kind, of which unit, in which cases; ``n`` counts them.

    ``by`` tells of a repeat what it shares with the case before, `caller` or `address` where it is not the matter;
    ``same`` names the caller.
    """

    kind: str
    unit_id: str
    cases: tuple[str, ...]
    n: int
    same: str = ""
    by: str = ""

    @property
    def rows(self) -> int:
        """How many case rows it names."""
        return self.n if self.kind == "bunches" else 1

    @property
    def words(self) -> Words:
        """What was found, as a sentence."""
        return say(f"running.finding_{self.kind}{'_' if self.by else ''}{self.by}", n=self.n, same=self.same)


@dataclass(frozen=True)
class Many:
    """How many case rows of how many a kind names; and units with more by the city's share than chance explains.

    ``more``: unit_id, its rows and how many it would have by the city's share, the strongest first.
    """

    kind: str
    n: int
    of: int
    more: tuple[tuple[str, int, Fraction], ...]


def how_many(findings: Iterable[Finding], rows: Mapping[str, int]) -> tuple[Many, ...]:
    """The findings of each kind of which a share is expected, counted against the case rows of every unit."""
    named: dict[str, Counter] = {kind: Counter() for kind in RATED_KINDS}
    for one in findings:
        if one.kind in named:
            named[one.kind][one.unit_id] += one.rows
    found, of = [], sum(rows.values())
    for kind, own in named.items():
        n = own.total()
        if not n or not of:
            continue
        units = [(id, there, Fraction(n * rows.get(id, 0), of)) for id, there in own.items()]
        beyond = (one for one in units if one[1] > one[2] and _apart(*one[1:]) >= BEYOND)
        more = sorted(beyond, key=lambda one: (-_apart(*one[1:]), one[0]))
        found.append(Many(kind, n, of, tuple(more)))
    return tuple(found)


def _apart(n: int, expected: Fraction) -> Fraction:
    """How far a count lies from what is expected: the square of its distance in standard deviations (Poisson)."""
    return (n - expected) ** 2 / max(expected, Fraction(1, 100))


def load_watch(file: Path = WATCH) -> WatchRules:
    """Read the file; UsageRefusal with its line for a key or a bound that nothing would honour."""
    block, _ = read_blocks(file, WORDS, file.name)
    known = {"findings": FINDINGS, "warnings": WARNINGS}
    for key in block:
        if key not in known:
            raise block.refuse(key, "unknown", known, word=key, keys="、".join(known))
    return WatchRules(*(_parts(block, key, kinds) for key, kinds in known.items()))


def _parts(block: Block, key: str, kinds: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    if key not in block:
        return found
    given = block[key]
    if not isinstance(given, Block):
        raise block.refuse(key, "no_mapping")
    for name, bounds in given.items():
        if name not in kinds:
            raise given.refuse(name, "unknown", kinds, word=name, keys="、".join(kinds))
        if not isinstance(bounds, Block):
            raise given.refuse(name, "no_mapping")
        for bound, value in bounds.items():
            if bound not in kinds[name]:
                raise bounds.refuse(bound, "unknown", kinds[name], word=bound, keys="、".join(kinds[name]))
            if not _fits(kinds[name][bound], value):
                raise bounds.refuse(bound, f"bad_{kinds[name][bound]}", value=value)
        if lacking := [bound for bound in kinds[name] if bound not in bounds and bound not in OPTIONAL]:
            raise given.refuse(name, "lacking", bound=lacking[0])
        found[name] = dict(bounds)
    return found


def _fits(kind: str, value: object) -> bool:
    if not isinstance(value, str):
        return False
    if kind == "whole":
        return value.isascii() and value.isdecimal() and 1 <= int(value) <= 100_000
    if kind == "name":
        return value.isidentifier()
    try:
        return 0 <= Fraction(value) <= (1 if kind == "share" else 100)
    except ValueError:
        return False


def find(warehouse: Warehouse, rules: WatchRules) -> tuple[Finding, ...]:
    """Everything that is found, in the order of the file; a kind whose columns the exports lack finds nothing."""
    columns, found = set(warehouse.columns("accepted.cases")), []
    for kind, bounds in rules.findings.items():
        if not columns.issuperset(NEEDED.get(kind, ())):
            continue
        for by, column in _shared(kind, bounds, columns):
            if kind == "repeats":
                rows = _repeats(warehouse, column, int(bounds["days"]), bounds["alike"])
            elif kind == "bunches":
                rows = _bunches(warehouse.arrow_template("running/bunches"), **{id: int(n) for id, n in bounds.items()})
            else:
                rows = warehouse.rows_template(f"running/{kind}", **bounds)
            key = read_key() if rows and by == "caller" else b""
            found += [Finding(kind, unit, tuple(cases), n, _hashed(key, of), by) for unit, cases, n, of in rows]
    return tuple(found)


def _repeats(warehouse: Warehouse, same: str, days: int, alike: str) -> list[tuple[str, list[str], int, str]]:
    """Cases that probably say once more what the one before of the same matter, caller or address shortly before said.

    The most alike come first, among equals those soonest after.
    """
    rows = warehouse.arrow_template("running/repeats", same=same)
    kind, at, ids = numbered([rows["same"], rows["beginning"]]), rows["at"].to_numpy(), rows["case_id"]
    order = np.lexsort((at, kind))
    at_once = (np.diff(kind[order]) == 0) & (np.diff(at[order]) == 0)
    tied = np.flatnonzero(np.append(at_once, False) | np.insert(at_once, 0, False))  # few: names take long to sort
    by_name = pyarrow.compute.rank(ids.take(order[tied])).to_numpy()
    order[tied] = order[tied][np.lexsort((by_name, at[order[tied]], kind[order[tied]]))]
    before, own, titles = order[:-1], order[1:], rows["title"].combine_chunks().take(order)
    soon = (kind[own] == kind[before]) & (at[own] - at[before] <= days * DAY) & rows["of_period"].to_numpy()[own]
    pairs = {"line": np.arange(len(own)), "title": titles[1:], "before": titles[:-1], "soon": soon}
    warehouse.store("facts.pairs", pyarrow.table(pairs))
    told = warehouse.arrow_template("running/alike", alike=alike)
    line = told["line"].to_numpy()
    own, before = own[line], before[line]
    facts = {"likeness": told["likeness"], "after": at[own] - at[before], "earlier": ids.take(before)}
    found = pyarrow.table({**facts, **{name: rows[name].take(own) for name in ("unit_id", "case_id", "same")}})
    keys = [("likeness", "descending"), *((name, "ascending") for name in ("after", "unit_id", "case_id"))]
    found = found.filter(pyarrow.compute.not_equal(found["case_id"], found["earlier"])).sort_by(keys)
    columns = [found[name].to_pylist() for name in ("unit_id", "case_id", "earlier", "same")]
    return [(unit, [case, earlier], 2, of) for unit, case, earlier, of in zip(*columns, strict=True)]


def _bunches(rated: Any, ratings: int, minutes: int) -> list[tuple[str, list[str], int, str]]:
    """Ratings of a unit within minutes of each other: the largest bunch of every unit and day, of several the first.

    ``rated`` (Arrow) has unit_id, case_id and at, the moment in microseconds, of every rating. A bunch ends with a
    rating and holds all of the minutes before it.
    """
    if not len(rated):
        return []
    ids, within = rated["unit_id"].combine_chunks().dictionary_encode(), minutes * MINUTE
    unit, at = ids.indices.to_numpy().astype(np.int64), rated["at"].to_numpy()
    line = unit * (np.ptp(at) + 2 * within) + at - at.min() + within  # units lie further apart than a bunch is long
    order = np.argsort(line)
    line, unit, at = line[order], unit[order], at[order]
    first, end = np.searchsorted(line, line - within), np.searchsorted(line, line, side="right")
    n = end - first
    many = np.flatnonzero(n >= ratings)
    many = many[np.lexsort((at[many], -n[many], at[many] // DAY, unit[many]))]
    new = np.diff(unit[many], prepend=-1) | np.diff(at[many] // DAY, prepend=0)
    largest, names, cases = many[new != 0].tolist(), ids.dictionary.to_pylist(), rated["case_id"].combine_chunks()
    found = [(names[unit[k]], sorted(cases.take(order[first[k] : end[k]]).to_pylist()), int(n[k]), "") for k in largest]
    return sorted(found, key=lambda one: (-one[2], one[0], one[1]))


def _shared(kind: str, bounds: Mapping[str, str], columns: set[str]) -> Iterator[tuple[str, str]]:
    """What repeats share with the case before, and its column."""
    yield "", "matter_id"
    for by in [by for by in ("caller", "address") if kind == "repeats" and by in bounds]:
        if bounds[by] not in columns:
            raise UsageRefusal(say("running.no_shared", by=by, column=bounds[by]))
        yield by, bounds[by]


def _hashed(key: bytes, caller: str) -> str:
    """A caller's name under the key of this city; "" for what is no caller."""
    return b32encode(hmac.new(key, caller.encode(), sha256).digest()).decode()[:SHOWN] if key else ""


def warn(
    warehouse: Warehouse,
    rules: WatchRules,
    cube: Cube,
    book: Rulebook,
    readings: Mapping[str, str],
    at: object,
    names: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Words, ...]:
    """The warnings that hold at an instant; UsageRefusal for a rate of measures that the book does not have.

    ``names`` are those of units, by unit_id.
    """
    found: list[Words] = []
    if bounds := rules.warnings.get("rate"):
        for id in (bounds["part"], bounds["of"]):
            if id not in book.measures:
                raise UsageRefusal(say("running.no_measure", measure=id, known="、".join(book.measures)))
        part, of = (cube.whole(bounds[name], readings) for name in ("part", "of"))
        least, under = int(bounds["at_least"]), Fraction(bounds["under"])
        for k, id in enumerate(cube.unit_ids):
            if of[k] >= least and Fraction(100 * int(part[k]), int(of[k])) < under:
                title = book.measures[bounds["part"]].title
                facts = {
                    "unit": names.get(id, id),
                    "measure": title,
                    "part": int(part[k]),
                    "of": int(of[k]),
                    "under": bounds["under"],
                }
                found.append(say("running.warning_rate", **facts))
    if bounds := rules.warnings.get("matter"):
        rows = warehouse.rows_template("running/matters", at=at, **bounds)
        found += [say("running.warning_matter", matter=matter, n=n, days=bounds["days"]) for matter, n in rows]
    return tuple(found)
