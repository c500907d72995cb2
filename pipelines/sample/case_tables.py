"""The case rows and their extensions as export tables."""

from pipelines.sample.cases import HOUR, MINUTE, Cases
from pipelines.sample.city import City
from pipelines.sample.columns import digits, joined, labels, numbered, positions, stamps
from pipelines.sample.draw import between, stream
from pipelines.sample.names import words

RATINGS = ("satisfied", "basically_satisfied", "dissatisfied")


def cases_table(cases: Cases, city: City, seed: int, matters) -> dict:
    """The table `cases`; the titles hold invented names and telephone numbers."""
    import numpy as np

    rng = stream(seed, "titles")
    rows = np.arange(cases.count)

    def draw(topic: str):
        return labels(_same_for_case(rng.integers(0, len(words(topic)), len(rows)), cases.assist), words(topic))

    phone = digits(_same_for_case(rng.integers(0, 10_000, len(rows)), cases.assist), 4)
    waited = _same_for_case(between(rng, 5 * MINUTE, np.full(len(rows), 2 * HOUR)), cases.assist)
    return {
        "case_id": cases.ids(rows),
        "unit_id": city.unit_id.take(cases.unit),
        "role": labels(cases.assist.astype(int), ("lead", "assist")),
        "matter_id": _matter_ids(cases, city, rows, matters),
        "channel": draw("channels"),
        "title": joined("市民", draw("surnames"), draw("given"), draw("troubles"), ",电话1380000", phone),
        "received_at": stamps(cases.dispatched - waited),
        "dispatched_at": stamps(cases.dispatched),
        "sign_due_at": stamps(cases.sign_due),
        "signed_at": stamps(cases.signed),
        "reply_due_at": stamps(cases.reply_due),
        "replied_at": stamps(cases.replied),
        "closed_at": stamps(cases.closed),
        "public_rating": labels(cases.rating, RATINGS),
        "rated_at": stamps(cases.rated),
    }


def _matter_ids(cases: Cases, city: City, rows, matters):
    """One of the unit's three matters; now and then none, and at the busiest unit a matter of the quietest."""
    import numpy as np

    busy = city.workload > 0
    quietest = np.where(busy, city.workload, np.inf).argmin()
    taken_over = (cases.unit == city.workload.argmax()) & (rows % 24 == 1)
    owner = np.where(taken_over, quietest, cases.unit)
    return matters.take(positions(owner * 3 + rows % 3, rows % 80 != 7))


def extensions_table(cases: Cases, city: City) -> dict:
    """The table `extensions`."""
    asked = cases.extension
    return {
        "extension_id": numbered("EXT", len(asked["row"])),
        "case_id": cases.ids(asked["row"]),
        "unit_id": city.unit_id.take(cases.unit[asked["row"]]),
        "requested_at": stamps(asked["requested"]),
        "decided_at": stamps(asked["decided"]),
        "decision": labels(asked["decision"], ("approved", "rejected")),
        "extended_until": stamps(asked["until"]),
    }


def _same_for_case(values, assist):
    import numpy as np

    return values[np.maximum.accumulate(np.where(assist, 0, np.arange(len(values))))]
