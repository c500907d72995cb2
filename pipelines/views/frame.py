"""What every page says about itself: the quarter, the cutoff, the rules, what the exports did not hold."""

from pipelines.model.assessment import Assessment
from pipelines.model.text import plain
from pipelines.views.figures import Say, known, listed, moment, quarter


def frame(assessment: Assessment, say: Say) -> dict:
    """The facts around a page: ``period``, ``quarter``, ``cutoff``, ``rules``, ``simulated``, ``absent``."""
    period, rulebook = assessment.period, assessment.rulebook
    return {
        "period": str(period),
        "quarter": quarter(period),
        "cutoff": moment(assessment.cutoff),
        "rules": rulebook.title.zh,
        "edition": rulebook.edition,
        "simulated": say("pages.simulated").zh if assessment.intake.simulated else "",
        "simulated_says": say("pages.simulated_says").zh if assessment.intake.simulated else "",
        "absent": absences(assessment, say),
    }


def absences(assessment: Assessment, say: Say) -> list[str]:
    """A sentence for everything that the exports did not hold and the figures therefore lack."""
    intake = assessment.intake
    found = []
    if intake.source:
        found.append(say("pages.source", source=plain(intake.source)).zh)
    if intake.absent_tables:
        found.append(say("pages.absent_tables", tables=listed(table_name(say, t) for t in intake.absent_tables)).zh)
    for table, columns in _by_table(intake.declared_absent).items():
        names = listed(column_name(say, column) for column in columns)
        found.append(say("pages.absent_columns", table=table_name(say, table), columns=names).zh)
    found += [text for pair in intake.declared_absent if (text := known(say, f"pages.without_{pair[1]}", ""))]
    if not any(tally.count("rated") for tally in assessment.tallies.values()):
        found.append(say("pages.no_ratings").zh)
    return list(dict.fromkeys(found))


def table_name(say: Say, table: str) -> str:
    """The Chinese name of an export table."""
    return known(say, f"pages.table_{table}", table)


def column_name(say: Say, column: str) -> str:
    """The Chinese name of a column where one is written, else its canonical name."""
    return known(say, f"pages.column_{column}", column)


def _by_table(pairs: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    tables: dict[str, list[str]] = {}
    for table, column in pairs:
        tables.setdefault(table, []).append(column)
    return tables
