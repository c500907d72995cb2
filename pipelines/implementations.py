"""What honours a clause beside the rules: what `regulation.md` names, each looked up where it is declared."""

import re
from collections.abc import Callable, Iterable
from functools import cache

from pipelines.model.refusals import RulebookRefusal
from pipelines.model.rule import Rulebook
from pipelines.paths import CONTRACTS, REPORTS, SQL
from pipelines.wording import hint, say

FILE = "regulation.md"


def must_exist(rulebook: Rulebook) -> None:
    """RulebookRefusal for a clause that is said to be honoured by something that there is not."""
    for clause in rulebook.clauses.values():
        for thing in clause.implemented_by:
            there(FILE, clause.id, thing, rulebook)


def there(file: str, place: str, thing: str, rulebook: Rulebook) -> None:
    """RulebookRefusal where there is no such ``thing``, with the nearest that there is."""
    kind, _, name = thing.partition(" ")
    facts = {"file": file, "clause": place, "thing": thing}
    if kind not in KINDS:
        raise RulebookRefusal(say("rulebook.honoured_kind", **facts, hint=hint(kind, KINDS)))
    known = KINDS[kind](rulebook)
    if name not in known:
        raise RulebookRefusal(say("rulebook.honoured_by_nothing", **facts, hint=hint(name, known)))


@cache
def _contracts() -> set[str]:
    """Columns as `table.column`, promises as `table.promise`."""
    from pipelines.contracts.declared import load_contracts

    tables = {}
    for folder in ("exports", "inbox"):
        tables |= load_contracts(CONTRACTS / folder).tables
    columns = {f"{name}.{column}" for name, table in tables.items() for column in table.columns}
    return columns | {f"{promise.table}.{promise.id}" for table in tables.values() for promise in table.promises}


@cache
def _commands() -> set[str]:
    """Verbs and their parts, such as `evaluators step`."""
    import click

    from pipelines.cli import Verbs

    verbs, found = Verbs("gongping"), set()
    for name in verbs.list_commands(click.Context(verbs)):
        command = verbs.get_command(click.Context(verbs), name)
        found |= {name, *(f"{name} {part}" for part in getattr(command, "commands", ()))}
    return found


@cache
def _pages() -> set[str]:
    """Templates, and the headings in them that carry an id, as `evaluators/panel#work`."""
    found = set()
    for file in REPORTS.rglob("*.html.j2"):
        name = file.relative_to(REPORTS).as_posix().removesuffix(".html.j2")
        headings = re.findall(r'<h\d id="([a-z_]+)"', file.read_text(encoding="utf-8"))
        found |= {name, *(f"{name}#{id}" for id in headings)}
    return found


@cache
def _actions() -> set[str]:
    """What evaluators may send in."""
    from pipelines.contracts.declared import load_contracts

    actions = load_contracts(CONTRACTS / "inbox").tables["evaluator_actions"].columns["action"]
    return {value for value, _ in actions.labels}


@cache
def _queries() -> set[str]:
    return {file.relative_to(SQL).as_posix().removesuffix(".sql") for file in SQL.rglob("*.sql")}


KINDS: dict[str, Callable[[Rulebook], Iterable[str]]] = {
    "contract": lambda rulebook: _contracts(),
    "command": lambda rulebook: _commands(),
    "page": lambda rulebook: _pages(),
    "query": lambda rulebook: _queries(),
    "section": lambda rulebook: rulebook.sections,
    "action": lambda rulebook: _actions(),
    "finding": lambda rulebook: {rule.id for rule in rulebook.libraries},
}
