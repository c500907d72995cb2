"""The feed for other systems: the published tables as one document."""

from pipelines.model.assessment import Assessment
from pipelines.model.filenames import file_stem
from pipelines.views.figures import Say
from pipelines.views.frame import absences

SCHEMA = "result.schema.json"
VERSION = "1.1"


def head(assessment: Assessment, say: Say) -> dict:
    """The document without its tables: the quarter, the rules and readings, the account of rows."""
    intake = assessment.intake
    return {
        "$schema": SCHEMA,
        "version": VERSION,
        "period": str(assessment.period),
        "period_start": assessment.period.start.isoformat(),
        "period_end": assessment.period.end.isoformat(),
        "cutoff": assessment.cutoff.isoformat(),
        "simulated": intake.simulated,
        "label": say("pages.simulated").zh if intake.simulated else "",
        "rulebook": {"edition": assessment.rulebook.edition, "title": assessment.rulebook.title.zh,
                     "sha256": assessment.rulebook.sha256},
        "readings": dict(assessment.readings),
        "item_titles": {item.id: item.title.zh for item in assessment.rulebook.items.values()},
        "rule_titles": {rule.id: rule.title.zh for rule in assessment.rulebook.rules.values()},
        "absent": {"tables": list(intake.absent_tables), "columns": [list(pair) for pair in intake.declared_absent],
                   "says": absences(assessment, say)},
        "rows": row_account(assessment),
        "pages": {unit_id: f"units/{file_stem(unit_id)}.html" for unit_id in assessment.scores},
    }


def row_account(assessment: Assessment) -> dict[str, dict[str, int]]:
    """Rows read and what became of them, per table."""
    return {table: rows.told() for table, rows in assessment.validation.rows.items()}
