"""The ledger: one line for every point, written by the warehouse and checked against the scores."""

from collections.abc import Collection
from fractions import Fraction

from pipelines.edges.warehouse import Warehouse
from pipelines.edges.wording import say
from pipelines.engines.settling import WHOLE
from pipelines.model.period import Period
from pipelines.model.points import CENT, half_up, hundredths, shown
from pipelines.model.refusals import VerificationFailed
from pipelines.model.rule import Rulebook
from pipelines.model.score import Entry, UnitScore

INCIDENT_TYPES = ("refused_to_sign", "not_handled", "rude_attitude", "poor_service")
DONE = {"late_signing": ("cases", "signed_at"), "late_reply": ("cases", "replied_at")}  # what ends each wait
CLOSING_LINES = ("same_matter", "floor", "cap", "rounding", "reweight")


def write_ledger(
    warehouse: Warehouse,
    period: Period,
    rulebook: Rulebook,
    readings: dict[str, str],
    entries: list[Entry],
    scores: dict[str, UnitScore],
    flagged: tuple[tuple[str, str], ...] = (),
    lacking: Collection[str] = (),
) -> None:
    """Fill ``ledger.entries`` and prove that full marks + lines = score for every unit and item.

    Nothing of the ``lacking`` measures, which the exports do not tell, becomes a line.
    Lines of ``flagged`` moments (Intake) quote the source's flag instead of the moments that stand for it.
    VerificationFailed where they do not (interface.md, "The ledger adds up").
    """
    import pyarrow

    warehouse.store("ledger.rules", _occurrence_rules(rulebook, flagged, lacking, pyarrow))
    warehouse.store("ledger.kinds", _kinds(pyarrow))
    warehouse.run(
        "ledger/occurrences",
        extension=readings["extension"], attribution=readings["attribution"], months=list(period.months),
        counted_before=readings.get("counted_before", "again"),
    )
    warehouse.store("ledger.settled", _settled(entries, pyarrow))
    warehouse.run("ledger/entries", period=str(period))
    _must_add_up(warehouse, scores)


def _occurrence_rules(
    rulebook: Rulebook, flagged: tuple[tuple[str, str], ...], lacking: Collection[str], pyarrow
):
    rows = [
        {
            "rule_id": rule.id,
            "measure": rule.measure,
            "item_id": rule.item,
            "clause": rule.clause,
            "points": shown(half_up(-rule.deduct)),
            "late": _says(f"{rule.measure}_{'flagged' if DONE.get(rule.measure) in flagged else 'late'}"),
            "never": _says(f"{rule.measure}_never"),
        }
        for rule in rulebook.rules.values()
        if rule.kind == "occurrence" and rule.measure not in lacking
    ]
    names = ("rule_id", "measure", "item_id", "clause", "points", "late", "never")
    table = pyarrow.table({name: pyarrow.array([row[name] for row in rows], pyarrow.string()) for name in names})
    return table.set_column(4, "points", table["points"].cast(pyarrow.decimal128(18, 2)))


def _says(name: str) -> str:
    try:
        return say(f"ledger.{name}", due="{due}", done="{done}").zh
    except KeyError:
        return ""


def _kinds(pyarrow):
    return pyarrow.table({"kind": list(INCIDENT_TYPES), "says": [_says(kind) for kind in INCIDENT_TYPES]})


def _settled(entries: list[Entry], pyarrow):
    text = ("unit_id", "item_id", "rule_id", "clause", "month", "case_id", "ref_id", "adjustment_id", "detail")
    columns = {name: pyarrow.array([getattr(entry, name) for entry in entries], pyarrow.string()) for name in text}
    written = pyarrow.array([shown(entry.points) for entry in entries], pyarrow.string())
    columns["points"] = written.cast(pyarrow.decimal128(18, 2))
    columns["closing"] = pyarrow.array([int(entry.rule_id in CLOSING_LINES) for entry in entries], pyarrow.int32())
    return pyarrow.table(columns)


def _must_add_up(warehouse: Warehouse, scores: dict[str, UnitScore]) -> None:
    sums = {(unit, item): lines for unit, item, lines in warehouse.rows("ledger/sums")}
    for unit_id, score in scores.items():
        if (lines := sums.pop((unit_id, WHOLE), 0)) != hundredths(score.whole):
            raise VerificationFailed(say("ledger.does_not_add_up", unit=unit_id, item=WHOLE,
                                         ledger=Fraction(lines, CENT), score=score.whole))  # fmt: skip
        for item_id, item in score.items.items():
            ledger = hundredths(item.full_marks) + sums.pop((unit_id, item_id), 0)
            if ledger != hundredths(item.score):
                raise VerificationFailed(say("ledger.does_not_add_up", unit=unit_id, item=item_id,
                                             ledger=Fraction(ledger, CENT), score=item.score))
    for (unit_id, item_id), extra in sums.items():
        raise VerificationFailed(say("ledger.does_not_add_up", unit=unit_id, item=item_id,
                                     ledger=Fraction(extra, CENT), score="-"))
