"""What a run changed against the one before: places, points, and the adjustments that are new in it."""

import csv
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

from pipelines.difference import Movement, compare
from pipelines.edges.published import PublishedQuarter
from pipelines.model.points import shown
from pipelines.model.rule import Reading
from pipelines.model.text import unguarded

TABLE = "adjustments.csv"


@dataclass(frozen=True)
class Effect:
    """An adjustment that the run before did not have, and the points of the ledger lines it is about, then and now.

    ``before`` and ``after`` hold the sums of lines of the case or incident that it names; what follows from rates
    shows in the unit's movement.
    """

    adjustment: dict
    before: Fraction
    after: Fraction


def effects(before: Path, after: Path) -> list[Effect]:
    """The new or reworded adjustments of a run, in the order of its table."""
    known = _adjustments(before)
    new = [one for one in _adjustments(after) if one not in known]
    old, now = (list(PublishedQuarter.open(folder).ledger()) if new else [] for folder in (before, after))
    return [Effect(one, _points(old, one), _points(now, one)) for one in new]


def movements(before: Path, after: Path) -> list[Movement]:
    """Every unit that changed place or points."""
    return compare(PublishedQuarter.open(before), PublishedQuarter.open(after))


def made_from(then: dict, now: dict) -> list[dict]:
    """What two manifests were made from differently: ``what``, ``name``, and the values ``before`` and ``after``."""
    found = []
    for what in ("cutoff", "rulebook", "source", "calendar", "zone", "code"):
        found.append((what, "", _shown_fact(then.get(what)), _shown_fact(now.get(what))))
    readings = then.get("readings", {}), now.get("readings", {})
    found += [("reading", name, *(str(one.get(name, "")) for one in readings))
              for name in sorted({*readings[0], *readings[1]})]  # fmt: skip
    inputs = [{one["file"]: one["sha256"][:16] for one in told.get("inputs", ())} for told in (then, now)]
    found += [("input", name, *(one.get(name, "") for one in inputs)) for name in sorted({*inputs[0], *inputs[1]})]
    return [{"what": what, "name": name, "before": before, "after": after}
            for what, name, before, after in found if before != after]  # fmt: skip


def in_words(facts: list[dict], readings: dict[str, Reading]) -> list[dict]:
    """The same facts; a reading that the rulebook knows brings its ``title``, and what its values mean as ``says``."""
    return [{**one, **_meaning(readings[one["name"]], one)} if one["what"] == "reading" and one["name"] in readings
            else one for one in facts]  # fmt: skip


def plain_effect(effect: Effect) -> dict:
    """An effect for machines and pages."""
    points = {"before": shown(effect.before), "after": shown(effect.after),
              "points": shown(effect.after - effect.before)}  # fmt: skip
    return {**effect.adjustment, **points}


def plain_movement(movement: Movement) -> dict:
    """A unit's movement for machines and pages."""
    before, after = movement.total_before, movement.total_after
    return {
        "unit_id": movement.unit_id,
        "unit_name": movement.unit_name,
        "rank_before": movement.rank_before,
        "rank_after": movement.rank_after,
        "total_before": "" if before is None else shown(before),
        "total_after": "" if after is None else shown(after),
        "points": shown(movement.points),
        "by_rule": {rule: shown(points) for rule, points in movement.by_rule},
    }


def _meaning(reading: Reading, fact: dict) -> dict:
    """Title and values in both languages; a value that the rulebook has no words for, such as a number, has none."""
    says = {side: asdict(reading.says[fact[side]]) for side in ("before", "after") if fact[side] in reading.says}
    return {"title": asdict(reading.title), "says": says}


def _shown_fact(told: object) -> str:
    """A fact of a manifest in a word: what it is called, with the beginning of its hash."""
    if not isinstance(told, dict):
        return str(told or "")
    named = next((str(told[key]) for key in ("edition", "name", "version") if told.get(key)), "")
    return f"{named} {told.get('sha256', '')[:16]}".strip()


def _adjustments(folder: Path) -> list[dict]:
    if not (folder / TABLE).is_file():
        return []
    with (folder / TABLE).open(encoding="utf-8-sig", newline="") as stream:
        return [{name: unguarded(cell) for name, cell in line.items()} for line in csv.DictReader(stream)]


def _points(lines: list[dict], adjustment: dict) -> Fraction:
    return sum((Fraction(line["points"]) for line in lines if _about(line, adjustment)), Fraction(0))


def _about(line: dict, adjustment: dict) -> bool:
    """Whether a ledger line is of the matter that an adjustment decides."""
    named = [name for name in ("case_id", "ref_id") if adjustment[name]]
    same_rule = not adjustment["rule_id"] or line["rule_id"] == adjustment["rule_id"]
    return bool(named) and same_rule and all(
        line[name] == adjustment[name] for name in ("unit_id", *named) if adjustment[name]
    )
