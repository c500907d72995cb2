"""What came in and what stayed out: the account of rows, for the bulletin and the feed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from pipelines.model.contract import Contracts, Promise, TableContract, columns_shown, in_force
from pipelines.model.intake import Breach, Intake, Notice, RowCount, Validation
from pipelines.model.score import ScoredPeriod
from pipelines.model.text import masked, plain
from pipelines.model.words import Words
from pipelines.views.figures import Say
from pipelines.views.frame import column_name, table_name
from pipelines.wording import say

OTHER_ROWS = ("left_out", "blank", "replaced")
SHOWN = 5  # rows of each cause on the page; all of them stand in quarantine.csv and in the fix file
FIRST = ("units", "cases")  # the tables that every quarter has


def accounts(result: ScoredPeriod, say: Say, lang: str = "zh") -> list[dict]:
    """Rows read, accepted and quarantined per table, as text; ``note`` says what else became of rows."""
    return [
        {
            "table": table,
            "title": table_name(say, table, lang),
            "read": str(rows.read),
            "accepted": str(rows.accepted),
            "quarantined": str(rows.quarantined),
            "absent": table in result.intake.absent_tables,
            "note": other_rows(rows, say, lang),
        }
        for table, rows in sorted(result.validation.rows.items(), key=lambda pair: pair[0] not in FIRST)
    ]


def other_rows(rows: RowCount, say: Say, lang: str = "zh") -> str:
    """What became of the rows that are neither accepted nor quarantined; empty where there are none."""
    texts = [say(f"contracts.rows_{name}", n=n).into(lang) for name, n in rows.counts().items() if name in OTHER_ROWS]
    return ("; " if lang == "en" else "；").join(texts)


def quarantined(result: ScoredPeriod) -> list[Breach]:
    """Every broken promise of every row kept out, in a fixed order."""
    found = (*result.intake.breaches, *result.validation.breaches)  # validation repeats those of the intake
    return sorted(dict.fromkeys(found), key=_order)


def warned(result: ScoredPeriod) -> list[Breach]:
    """Every broken promise of the rows that were kept and reported."""
    return sorted(result.validation.warnings, key=_order)


def by_promise(breaches: list[Breach], say: Say, lang: str = "zh") -> list[dict]:
    """How often each promise was broken, with its remedy; the most frequent first."""
    return [
        {
            "table": table_name(say, table, lang),
            "column": column_name(say, column, lang),
            "count": str(len(group)),
            "remedy": plain(_folded([public(one.remedy) for one in group]).into(lang)),
        }
        for (table, column, _), group in _causes(breaches)
    ]


def _causes(breaches: Iterable[Breach]) -> list[tuple[tuple[str, str, str], list[Breach]]]:
    """(table, column, promise) and what broke it with the same remedy, the most frequent first."""
    groups: dict[tuple, list[Breach]] = {}
    for one in breaches:
        groups.setdefault((one.table, one.column, one.promise, _said(public(one.remedy), one.file)), []).append(one)
    ordered = sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return [(key[:3], group) for key, group in ordered]


def _said(words: Words, file: str) -> tuple[str, str]:
    """A sentence without the name of the file that it is about."""
    is_of_file = isinstance(words, Notice) and file
    return (words.zh.replace(file, "\0"), words.en.replace(file, "\0")) if is_of_file else (words.zh, words.en)


def notices(result: ScoredPeriod, lang: str = "zh") -> list[str]:
    """Everything that reading and checking the exports found worth a line, as the public may read it."""
    intake = result.intake
    of_files = [words for receipt in intake.receipts for words in receipt.notices]
    found = folded_notices(map(public, (*intake.notices, *of_files, *result.validation.notices, *result.observations)))
    return [plain(masked(words.into(lang))) for words in found]


def public(words: Words) -> Words:
    """A notice as public pages have it: without the headers and values of columns that nothing uses."""
    if not isinstance(words, Notice) or words.public is None:
        return words
    return replace(words, zh=words.public.zh, en=words.public.en, value="", public=None)


def folded_notices(found: Iterable[Words]) -> list[Words]:
    """Notices that say the same of several files of a table are one, which names the first and how many there are."""
    groups: dict[object, list[Words]] = {}
    for words in found:
        place = (words.kind, words.table, words.file) if isinstance(words, Notice) else ("", "", "")
        groups.setdefault((*place[:2], _said(words, place[2])), []).append(words)
    return [_folded(group) for group in groups.values()]


def _folded(group: list[Words]) -> Words:
    first, files = group[0], {words.file for words in group if isinstance(words, Notice)}
    if not isinstance(first, Notice) or len(files) < 2:
        return first
    name = say("ingest.folded_files", file=first.file, n=len(files))
    return Words(first.zh.replace(first.file, name.zh), first.en.replace(first.file, name.en))


def _order(breach: Breach) -> tuple:
    return breach.table, breach.file, breach.line, breach.key, breach.column, breach.promise, breach.value


# Contracts, intake, validation and the second check as one plain report, the same for page and feed.


def report_of(contracts: Contracts, intake: Intake, validation: Validation, outcomes: list[dict] | None) -> dict:
    """The quality report: per table the account of rows, every promise, and what else was broken.

    ``outcomes``: see `contracts/quality_process.py`; None where nothing was checked a second time.
    """
    found = outcomes or []
    broken = Counter((breach.table, breach.promise) for breach in validation.breaches)
    warned = Counter((breach.table, breach.promise) for breach in validation.warnings)
    tables = [
        _table(contracts.tables[name], intake, validation, broken, warned, outcomes)
        for name in sorted(contracts.tables, key=lambda name: (not contracts.tables[name].required, name))
    ]
    return {
        "simulated": say("pages.simulated").zh if intake.simulated else "",
        "checked_twice": outcomes is not None,
        "expectations": {
            name: sum(outcome["outcome"] == name for outcome in found) for name in ("kept", "broken", "error")
        },
        "mend": _to_mend(contracts, validation.breaches),
        "tables": tables,
        "warnings": [_line(breach) for breach in _first_of_each(validation.warnings)],
        "notices": [_both(words) for words in _notices(intake, validation)],
    }


def _to_mend(contracts: Contracts, breaches: tuple[Breach, ...]) -> list[dict]:
    """What keeps rows out: promise, remedy and rows of each cause, the most frequent first."""
    says = {(table.name, promise.id): promise.says for table in contracts.tables.values() for promise in table.promises}
    return [
        {
            "table": table,
            "title": _both(contracts.tables[table].title),
            "promise": promise,
            "says": _both(says.get((table, promise)) or _other(promise)),
            "count": len(group),
            "count_says": _both(say("quality.rows_kept_out", n=len(group))),
            "column": {lang: column_name(say, column, lang) for lang in ("zh", "en")},
            "remedy": _both(_folded([public(one.remedy) for one in group])),
            "rows": [_line(one) for one in sorted(group, key=_order)[:SHOWN]],
        }
        for (table, column, promise), group in _causes(breaches)
    ]


def _table(
    contract: TableContract,
    intake: Intake,
    validation: Validation,
    broken: Counter,
    warned: Counter,
    outcomes: list[dict] | None,
) -> dict:
    rows = validation.rows[contract.name]
    promises = in_force(contract, intake.declared_absent)
    own = None if outcomes is None else [one for one in outcomes if one["table"] == contract.name]
    known = {promise.id for promise in contract.promises}
    others = sorted((id, n) for (table, id), n in broken.items() if table == contract.name and id not in known)
    return {
        "table": contract.name,
        "title": _both(contract.title),
        "absent": not any(receipt.table == contract.name for receipt in intake.receipts),
        "rows": rows.counts(),
        "note": {lang: other_rows(rows, say, lang) for lang in ("zh", "en")},
        "promises": [_promise(promise, promise in promises, broken, warned, own) for promise in contract.promises],
        "others": [{"promise": id, "says": _both(_other(id)), "broken": n} for id, n in others],
    }


def _promise(promise: Promise, in_force: bool, broken: Counter, warned: Counter, outcomes: list[dict] | None) -> dict:
    """A promise, how many rows broke it, and how the accepted rows stood in the second check."""
    counts = warned if promise.severity == "warn" else broken
    own = [outcome for outcome in outcomes or () if promise.id in outcome["promises"]]
    again = "not_made" if outcomes is None else _worst(own)
    return {
        "promise": promise.id,
        "columns": list(columns_shown(promise)),
        "says": _both(promise.says),
        "severity": promise.severity,
        "broken": counts[promise.table, promise.id],
        "second_check": again if in_force else "not_promised",
        "expectations": [
            {name: outcome[name] for name in ("expectation", "checked", "unexpected", "outcome")} for outcome in own
        ],
    }


def _worst(outcomes: list[dict]) -> str:
    found = {outcome["outcome"] for outcome in outcomes}
    return next((one for one in ("error", "broken", "kept") if one in found), "not_promised")


def _other(id: str) -> Words:
    """What a promise outside the contracts says: a reference to a rejected row, a row that cannot be read."""
    try:
        return say(f"quality.other_{id}")
    except KeyError:
        return Words(id, id)


def _first_of_each(breaches: tuple[Breach, ...], most: int = 20) -> list[Breach]:
    """The first breaches of every promise; all of them stand in the quarantine list's twin for warnings."""
    seen: Counter = Counter()
    kept = []
    for breach in breaches:
        seen[breach.table, breach.promise] += 1
        if seen[breach.table, breach.promise] <= most:
            kept.append(breach)
    return kept


def _line(breach: Breach) -> dict:
    return {
        "table": breach.table,
        "file": plain(breach.file),
        "line": breach.line,
        "key": plain(breach.key),
        "column": breach.column,
        "promise": breach.promise,
        "value": plain(breach.value),
        "remedy": _both(public(breach.remedy)),
    }


def _notices(intake: Intake, validation: Validation) -> list[Words]:
    of_files = [words for receipt in intake.receipts for words in receipt.notices]
    return folded_notices(map(public, (*intake.notices, *of_files, *validation.notices)))


def _both(words: Words) -> dict:
    return {"zh": plain(masked(words.zh)), "en": plain(masked(words.en))}
