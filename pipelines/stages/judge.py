"""Judge: rulebook × tallies → findings, by the rule engine of record."""

from collections.abc import Collection

from pipelines.engines.judging import Judge
from pipelines.engines.rete import text_of
from pipelines.model.refusals import RulebookRefusal
from pipelines.model.rule import ANY, Rulebook
from pipelines.model.score import Finding, Fired
from pipelines.model.tally import UnitTally
from pipelines.wording import hint, say


def must_know_groups(rulebook: Rulebook, known: Collection[str]) -> None:
    """RulebookRefusal for a rule, a sheet or a verdict for a group which no unit is of: it would never act."""
    named = [("sheets", group) for group in rulebook.sheets]
    named += [(verdict.id, group) for verdict in rulebook.verdicts for group in verdict.groups]
    for rule in rulebook.rules.values():
        named += [(rule.id, group) for group in (*rule.groups, *(one.group for one in rule.targets)) if group != ANY]
    for where, group in named:
        if group not in known:
            near = hint(group, sorted(known))
            raise RulebookRefusal(say("rulebook.no_such_group", rule=where, group=group, hint=near))


def judge(
    rulebook: Rulebook, readings: dict[str, str], tallies: dict[str, UnitTally], months: tuple[str, ...]
) -> tuple[list[Finding], list[Fired]]:
    """Findings of every unit, in unit and rulebook order, and the trace of what fired.

    ContractStop where `missing_assessment=stop` and a score is missing; EngineFault where the engine lost a fact.
    """
    engines = {group: Judge(rulebook.of_group(group), readings, months) for group in ("", *rulebook.sheets)}
    findings, fired = [], []
    for unit_id in sorted(tallies):
        group = tallies[unit_id].unit.unit_group
        found, trace = engines.get(group, engines[""]).judge(tallies[unit_id])
        findings += found
        fired += [Fired(unit_id, "judge", rule, month, text_of(fact)) for rule, month, fact in trace]
    return findings, fired
