"""The manifest: what went into a published quarter and what came out, by hash; no clock, no machine."""

from pipelines.model.project import Project
from pipelines.model.result import Earlier, Paper, ScoredPeriod
from pipelines.views.compared import city_figures, received
from pipelines.views.tables import row_account

VERSION = "1.0"


def manifest(
    result: ScoredPeriod,
    code: dict,
    contracts: dict[str, str],
    outputs: dict[str, str],
    paper: Paper,
    proposed: str = "",
) -> dict:
    """Everything that `verify` needs to recompute the quarter.

    ``code`` is the package version and the hash of the code; ``contracts`` and ``outputs`` are sha256 by file;
    ``paper`` tells whether pages were printed, and what is wrong with them: a missing font, a missing glyph.
    ``proposed`` is the sha256 of the pages that are kept for a preview.
    """
    intake, rulebook = result.intake, result.rulebook
    return {
        "version": VERSION,
        "period": str(result.period),
        "cutoff": result.cutoff.isoformat(),
        "simulated": intake.simulated,
        "readings": dict(result.readings),
        "inputs": [
            {
                "table": r.table,
                "file": r.file,
                "format": r.format,
                "encoding": r.encoding,
                "records": r.records,
                "sha256": r.sha256,
            }
            for r in sorted(intake.receipts, key=lambda receipt: receipt.file)
        ],
        "source": {"name": intake.source, "sha256": intake.source_sha256} if intake.source else None,
        "rulebook": {"edition": rulebook.edition, "sha256": rulebook.sha256},
        "contracts": contracts,
        "calendar": {"sha256": result.calendar_sha256},
        "earlier": [_pinned(e) for e in result.earlier],
        **({"parts": _parts(result)} if result.parts else {}),
        "absent": sorted({*intake.declared_tables, *(".".join(pair) for pair in intake.declared_absent)}),
        "record": {"before": result.record_before},
        "counted_before": [{"period": str(one.period), "sha256": one.sha256} for one in result.counted],
        **({"evaluators": result.evaluators} if result.evaluators else {}),
        **({"city": result.city} if result.city else {}),
        **({"zone": result.zone} if result.zone not in ("", Project.zone) else {}),
        "office": _office(result) if "bulletin.pdf" in outputs else None,
        "blanks": _blanks(result) if "bulletin.pdf" in outputs else [],
        "figures": city_figures(result),
        "received": [list(one) for one in received(result)],
        "sums": _sums(result),
        "code": code,
        "rows": row_account(result),
        "checked_twice": result.checked_twice,
        "printing": paper.state,
        "paper": [notice.zh for notice in paper.notices],
        "proposed": proposed,
        "outputs": outputs,
    }


def _sums(result: ScoredPeriod) -> dict[str, object]:
    """How base, bonus and places follow from the items: what `recompute.py` has to know."""
    book = result.rulebook
    plain = book.sums_items and book.made_of(result.period) is None
    by = "share" if book.ranking.by_share else book.ranked_by(result.readings)
    return {"items_add_up": plain, "places_by": by}


def _pinned(one: Earlier) -> dict[str, str]:
    return {"period": str(one.period), "ranking_sha256": one.ranking_sha256, "manifest_sha256": one.manifest_sha256}


def _parts(result: ScoredPeriod) -> list[dict[str, str]]:
    """The periods that make this one, each by hash; one without results by its name alone."""
    return [_pinned(part) if part else {"period": str(period)} for period, part in result.parts]


def _blanks(result: ScoredPeriod) -> list[str]:
    """The settings that the printed bulletin leaves blank, by name."""
    return result.office.unset(str(result.period)) if result.office else []


def _office(result: ScoredPeriod) -> dict | None:
    """The hash of the settings that the printed bulletin was made with."""
    office = result.office
    return {"sha256": office.sha256(str(result.period))} if office else None
