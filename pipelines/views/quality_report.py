"""Contracts, intake, validation and the second check as one plain report, the same for page and feed."""

from collections import Counter

from pipelines.edges.wording import say
from pipelines.model.contract import Contracts, Promise, TableContract
from pipelines.model.intake import Breach, Intake, Validation
from pipelines.model.promises import columns_shown, in_force
from pipelines.model.text import masked, plain
from pipelines.model.words import Words
from pipelines.views.quality import other_rows


def report_of(contracts: Contracts, intake: Intake, validation: Validation, outcomes: list[dict]) -> dict:
    """The quality report: per table the account of rows, every promise, and what else was broken.

    ``outcomes``: see `edges/quality_process.py`.
    """
    broken = Counter((breach.table, breach.promise) for breach in validation.breaches)
    warned = Counter((breach.table, breach.promise) for breach in validation.warnings)
    tables = [
        _table(contracts.tables[name], intake, validation, broken, warned, outcomes)
        for name in sorted(contracts.tables, key=lambda name: (not contracts.tables[name].required, name))
    ]
    return {
        "simulated": say("pages.simulated").zh if intake.simulated else "",
        "expectations": {
            "kept": sum(outcome["outcome"] == "kept" for outcome in outcomes),
            "broken": sum(outcome["outcome"] == "broken" for outcome in outcomes),
            "error": sum(outcome["outcome"] == "error" for outcome in outcomes),
        },
        "tables": tables,
        "warnings": [_line(breach) for breach in _first_of_each(validation.warnings)],
        "notices": [_both(words) for words in _notices(intake, validation)],
    }


def _table(contract: TableContract, intake: Intake, validation: Validation, broken: Counter, warned: Counter,
           outcomes: list[dict]) -> dict:  # fmt: skip
    rows = validation.rows[contract.name]
    promises = in_force(contract, intake.declared_absent)
    own = [outcome for outcome in outcomes if outcome["table"] == contract.name]
    known = {promise.id for promise in contract.promises}
    others = sorted((id, n) for (table, id), n in broken.items() if table == contract.name and id not in known)
    return {
        "table": contract.name,
        "title": _both(contract.title),
        "absent": not any(receipt.table == contract.name for receipt in intake.receipts),
        "rows": rows.told(),
        "note": {lang: other_rows(rows, say, lang) for lang in ("zh", "en")},
        "promises": [_promise(promise, promise in promises, broken, warned, own) for promise in contract.promises],
        "others": [{"promise": id, "says": _both(_other(id)), "broken": n} for id, n in others],
    }


def _promise(promise: Promise, in_force: bool, broken: Counter, warned: Counter, outcomes: list[dict]) -> dict:
    """A promise, how many rows broke it, and how the accepted rows stood in the second check."""
    counts = warned if promise.severity == "warn" else broken
    own = [outcome for outcome in outcomes if promise.id in outcome["promises"]]
    return {
        "promise": promise.id,
        "columns": list(columns_shown(promise)),
        "says": _both(promise.says),
        "severity": promise.severity,
        "broken": counts[promise.table, promise.id],
        "second_check": _worst(own) if in_force else "not_promised",
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
        "remedy": _both(breach.remedy),
    }


def _notices(intake: Intake, validation: Validation) -> list[Words]:
    of_files = [
        Words(f"{receipt.file}：{words.zh}", f"{receipt.file}: {words.en}")
        for receipt in intake.receipts
        for words in receipt.notices
    ]
    return list(dict.fromkeys([*intake.notices, *of_files, *validation.notices]))


def _both(words: Words) -> dict:
    return {"zh": plain(masked(words.zh)), "en": plain(masked(words.en))}
