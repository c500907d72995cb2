"""The slow registers of the city: matters, their changes and the knowledge base."""

from pipelines.lazy import numpy as np
from pipelines.sample.city import City, Span
from pipelines.sample.draw import NONE, between, chance, dates, joined, labels, numbered, stream, words

KINDS = ("duties", "policy", "law", "guide")


def matters_table(city: City, span: Span) -> dict:
    """The table `matters`: three a unit in force, and one that a newer process replaced."""
    number = np.append(np.arange(3 * city.size), 0)
    former = np.arange(len(number)) == 3 * city.size
    return {
        "matter_id": numbered("M", 3 * city.size, 5).take(number),
        "matter_name": labels(number % 3, words("matter_topics")),
        "unit_id": city.unit_id.take(number // 3),
        "process": labels(former.astype(int), ("受理—核查—办理—回复—归档", "受理—办理—回复")),
        "valid_from": dates(np.where(former, span.start - 900, span.start - 400)),
        "valid_to": dates(np.where(former, span.start - 401, NONE)),
    }


def matter_changes_table(city: City, span: Span, seed: int) -> dict:
    """The table `matter_changes`: every fifth unit applies for one, some of them undecided."""
    rng = stream(seed, "matter changes")
    unit = np.arange(0, city.size, 5)
    change = np.arange(len(unit)) % 3
    requested = between(rng, span.start, np.full(len(unit), span.end - 10))
    open_ = chance(rng, 0.3, len(unit))
    removals = np.flatnonzero(change == 1)
    owner = unit - np.isin(np.arange(len(unit)), removals[-1:])  # the last removal is of the matter of another unit
    described = np.where(change == 1, -1, 0)  # a removal needs no description
    return {
        "change_id": numbered("BG", len(unit), 4),
        "matter_id": numbered("M", 3 * city.size, 5).take(owner * 3),
        "unit_id": city.unit_id.take(unit),
        "change": labels(change, ("add", "remove", "modify")),
        "matter_name": labels(described, ("新增便民事项",)),
        "process": labels(described, ("受理—分办—办理—回复—回访",)),
        "requested_on": dates(requested),
        "decided_on": dates(np.where(open_, NONE, requested + 5)),
        "decision": labels(np.where(open_, -1, chance(rng, 0.2, len(unit))), ("approved", "rejected")),
    }


def knowledge_table(city: City, span: Span, seed: int) -> dict:
    """The table `knowledge`: four entries a unit; some published ones unsigned, some expired."""
    rng = stream(seed, "knowledge")
    number = np.arange(4 * city.size)
    expires = np.where(chance(rng, 0.3, len(number)), between(rng, span.start - 40, 0 * number + span.end + 300), NONE)
    signed = np.where(chance(rng, 0.08, len(number)), -1, number % 3)
    return {
        "entry_id": numbered("ZS", len(number), 5),
        "unit_id": city.unit_id.take(number // 4),
        "kind": labels(number % 4, KINDS),
        "title": joined(labels(number // 4, city.unit_name), labels(number % 4, words("knowledge_titles"))),
        "updated_on": dates(between(rng, span.start - 300, 0 * number + span.end - 1)),
        "expires_on": dates(expires),
        "signed_off_by": labels(signed, words("leaders")),
        "status": labels(np.where(number % 11 == 10, 1 + number % 2, 0), ("published", "draft", "removed")),
    }
