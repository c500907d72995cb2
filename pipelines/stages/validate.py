"""Validate: raw rows × contracts → accepted rows, and every broken promise of the others."""

from collections import Counter
from dataclasses import dataclass, field

from pipelines.edges.promises import REFERENCES
from pipelines.edges.warehouse import Warehouse
from pipelines.edges.wording import say
from pipelines.model.contract import Contracts, Promise, TableContract
from pipelines.model.intake import Breach, Intake, RowCount, Validation
from pipelines.model.promises import in_force
from pipelines.model.refusals import Refusal
from pipelines.model.words import Words
from pipelines.stages.breaches import REFERENCE_REJECTED, breaches_of

SQL_TYPES = {
    "text": "varchar",
    "enum": "varchar",
    "timestamp": "timestamp",
    "date": "date",
    "boolean": "boolean",
    "decimal": "decimal(18, 2)",
}
PARSERS = {"timestamp": "as_moment", "date": "as_day", "boolean": "as_yes_no", "decimal": "as_decimal"}
ROW_CHECKS = ("required", "type", "enum", "not_before", "required_when", "one_of", "one_of_present", "between",
              "decimals")  # fmt: skip
NO_OWN_FAULT = ("duplicate_row", REFERENCE_REJECTED)
NAMED_KINDS = 5  # kinds of faults that a stop names, each with its first row


@dataclass
class _Account:
    """What validation gathers table by table."""

    rows: dict[str, RowCount] = field(default_factory=dict)
    breaches: list[Breach] = field(default_factory=list)
    warnings: list[Breach] = field(default_factory=list)
    notices: list[Words] = field(default_factory=list)
    stops: list[Words] = field(default_factory=list)


def validate(warehouse: Warehouse, intake: Intake, contracts: Contracts) -> Validation:
    """Fill ``accepted.<table>`` for every table of the contracts and account for every row.

    Rows read = accepted + quarantined + left out + blank, unreadable rows among the quarantined; Refusal where they
    do not add up.
    Promises that stop, and tables with more rejected rows than tolerated, are told in ``stops``.
    """
    warehouse.run("staging/macros")
    account = _Account(breaches=list(intake.breaches), warnings=list(intake.warnings))
    present = {name for name in contracts.tables if warehouse.columns(f"raw.{name}")}
    for contract in contracts.tables.values():
        warehouse.run_template(
            "staging/accepted", table=contract.name, columns=contract.columns, types=SQL_TYPES
        )
        if contract.name in present:
            _validate_table(warehouse, intake, contracts, contract, present, account)
        else:
            account.rows[contract.name] = RowCount(0, 0, 0)
    return Validation(
        rows={name: account.rows[name] for name in sorted(account.rows)},
        breaches=tuple(sorted(account.breaches, key=_place)),
        warnings=tuple(sorted(account.warnings, key=_place)),
        notices=tuple(account.notices),
        stops=tuple(account.stops),
    )


def _place(breach: Breach) -> tuple:
    return breach.table, breach.file, breach.line, breach.column, breach.promise


def _validate_table(warehouse, intake: Intake, contracts: Contracts, contract: TableContract, present: set[str],
                    account: _Account) -> None:  # fmt: skip
    promises = in_force(contract, intake.declared_absent)
    row_checks = [(bit, promise) for bit, promise in enumerate(promises) if promise.kind in ROW_CHECKS]
    warned = ", ".join(["''"] + [f"'{promise.id}'" for promise in promises if promise.severity == "warn"])
    context = {
        "table": contract.name,
        "columns": contract.columns,
        "key": contract.key,
        "row_checks": row_checks,
        "misread": {p.column: 2**bit for bit, p in row_checks if p.kind in ("type", "enum")},
        "warned": warned,
    }
    warehouse.run_template("staging/typed", parsers=PARSERS, types=SQL_TYPES, **context)
    warehouse.run_template("checks/faults", **context)
    for promise in promises:
        _check_across_rows(warehouse, contracts, contract, promise, present, context, account)
    warehouse.run_template("checks/accept", **context)
    titles = {name: table.title for name, table in contracts.tables.items()}
    found, warnings = breaches_of(warehouse, contract, promises, titles, context)
    account.breaches += found
    account.warnings += warnings
    _count(warehouse, intake, contract, context, account)
    _stop_promises(contract, promises, found, account)


def _check_across_rows(warehouse, contracts: Contracts, contract: TableContract, promise: Promise, present: set[str],
                       context: dict, account: _Account) -> None:  # fmt: skip
    """Promises that look beyond the row: references and repeated values."""
    if promise.kind == "unique":
        warehouse.run_template("checks/unique", promise=promise, **context)
    if promise.kind not in REFERENCES:
        return
    target = promise.argument("table")
    if target in present:
        pairs = tuple(zip(promise.argument("columns"), promise.argument("keys"), strict=True))
        warehouse.run_template("checks/reference", promise=promise, target=target, pairs=pairs, **context)
    elif promise.kind == "reference_unless_table_absent":
        account.notices.append(_unchecked(warehouse, contracts.tables[target], contract))


def _unchecked(warehouse, target: TableContract, contract: TableContract) -> Words:
    """The notice that rows are kept although the table they refer to is absent."""
    [(rows,)] = warehouse.rows_template("checks/rows", table=contract.name)
    key = "contracts.evaluators_absent" if target.name == "evaluators" else "contracts.reference_table_absent"
    columns = "、".join(target.key)
    facts = {"title": target.title.zh, "table": target.name, "from_title": contract.title.zh}
    return say(key, rows=rows, columns=columns, from_table=contract.name, **facts)


def _count(warehouse, intake: Intake, contract: TableContract, context: dict, account: _Account) -> None:
    """Account for every row of a table; a tolerance passed is a stop."""
    [(raw, accepted, rejected, own)] = warehouse.rows_template("checks/account", **context)
    broken = intake.broken.get(contract.name, 0)
    receipts = [receipt for receipt in intake.receipts if receipt.table == contract.name]
    read, aside = sum(r.records for r in receipts), sum(r.left_out + r.blank for r in receipts)
    if read != raw + broken + aside or raw != accepted + rejected:
        found = accepted + rejected + broken + aside
        raise Refusal(say("contracts.unaccounted", table=contract.name, read=read, found=found))
    account.rows[contract.name] = RowCount(
        read, accepted, rejected + broken, sum(r.left_out for r in receipts), sum(r.blank for r in receipts)
    )
    faulty, percent = own + broken, contract.tolerance_percent
    if 100 * faulty > percent * read and faulty > contract.tolerated_rows:
        own_faults = [b for b in account.breaches if b.table == contract.name and b.promise not in NO_OWN_FAULT]
        facts = {"title": contract.title.zh, "table": contract.name, "rejected": faulty, "rows": named(own_faults)}
        key = "tolerance_passed" if percent or contract.tolerated_rows else "every_row"
        account.stops.append(say(f"contracts.{key}", read=read, percent=percent, **facts))


def _stop_promises(contract: TableContract, promises: tuple[Promise, ...], found: list[Breach],
                   account: _Account) -> None:  # fmt: skip
    for promise in promises:
        rows = [breach for breach in found if promise.severity == "stop" and breach.promise == promise.id]
        if rows:
            facts = {"title": contract.title.zh, "table": contract.name, "n": len(rows), "says": promise.says}
            account.stops.append(say("contracts.stop_promise", rows=named(rows), **facts))


def named(breaches: list[Breach]) -> Words:
    """The first row of every kind of fault, the most frequent kinds first: place, value, remedy and how many."""
    kinds = Counter((breach.column, breach.promise) for breach in breaches)
    lines = []
    for (column, promise), n in kinds.most_common(NAMED_KINDS):
        first = next(b for b in breaches if (b.column, b.promise) == (column, promise))
        more = say("contracts.stop_row_more", n=n) if n > 1 else Words("", "")
        facts = {name: getattr(first, name) for name in ("file", "line", "column", "value", "remedy")}
        lines.append(say("contracts.stop_row", more=more, **facts))
    return Words("".join(line.zh for line in lines), "".join(line.en for line in lines))
