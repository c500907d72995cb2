"""What came in and what stayed out: the account of rows, for the bulletin and the feed."""

from collections import Counter

from pipelines.model.assessment import Assessment
from pipelines.model.intake import Breach, RowCount
from pipelines.model.text import masked, plain
from pipelines.views.figures import Say
from pipelines.views.frame import column_name, table_name

OTHER_ROWS = ("left_out", "blank", "replaced")
FIRST = ("units", "cases")  # the tables that every quarter has


def accounts(assessment: Assessment, say: Say, lang: str = "zh") -> list[dict]:
    """Rows read, accepted and quarantined per table, as text; ``note`` says what else became of rows."""
    return [
        {
            "table": table,
            "title": table_name(say, table, lang),
            "read": str(rows.read),
            "accepted": str(rows.accepted),
            "quarantined": str(rows.quarantined),
            "absent": table in assessment.intake.absent_tables,
            "note": other_rows(rows, say, lang),
        }
        for table, rows in sorted(assessment.validation.rows.items(), key=lambda pair: pair[0] not in FIRST)
    ]


def other_rows(rows: RowCount, say: Say, lang: str = "zh") -> str:
    """What became of the rows that are neither accepted nor quarantined; empty where there are none."""
    told = [say(f"contracts.rows_{name}", n=n).into(lang) for name, n in rows.told().items() if name in OTHER_ROWS]
    return ("; " if lang == "en" else "；").join(told)


def quarantined(assessment: Assessment) -> list[Breach]:
    """Every broken promise of every row kept out, in a fixed order."""
    found = (*assessment.intake.breaches, *assessment.validation.breaches)  # validation repeats those of the intake
    return sorted(dict.fromkeys(found), key=_order)


def warned(assessment: Assessment) -> list[Breach]:
    """Every broken promise of the rows that were kept and reported."""
    return sorted(assessment.validation.warnings, key=_order)


def by_promise(breaches: list[Breach], say: Say, lang: str = "zh") -> list[dict]:
    """How often each promise was broken, with its remedy; the most frequent first."""
    counted = Counter((b.table, b.column, b.promise, b.remedy.into(lang)) for b in breaches)
    ordered = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    return [
        {
            "table": table_name(say, table, lang),
            "column": column_name(say, column, lang),
            "promise": promise,
            "count": str(n),
            "remedy": plain(remedy),
        }
        for (table, column, promise, remedy), n in ordered
    ]


def notices(assessment: Assessment, lang: str = "zh") -> list[str]:
    """Everything that reading and checking the exports found worth a line."""
    intake, colon = assessment.intake, ": " if lang == "en" else "："
    found = [words.into(lang) for words in intake.notices]
    found += [f"{receipt.file}{colon}{words.into(lang)}" for receipt in intake.receipts for words in receipt.notices]
    found += [words.into(lang) for words in (*assessment.validation.notices, *assessment.observations)]
    return [plain(masked(text)) for text in dict.fromkeys(found)]


def _order(breach: Breach) -> tuple:
    return breach.table, breach.file, breach.line, breach.key, breach.column, breach.promise, breach.value
