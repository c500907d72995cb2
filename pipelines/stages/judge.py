"""Judge: rulebook × tallies → findings, by the rule engine of record."""

from collections.abc import Collection

from pipelines.engines.judging import Judge
from pipelines.engines.rete import text_of
from pipelines.model.refusals import RulebookRefusal
from pipelines.model.rule import ANY, Rulebook
from pipelines.model.score import Finding, Fired
from pipelines.model.tally import UnitTally
from pipelines.rulebook.source import hint
from pipelines.wording import say


def must_know_groups(rulebook: Rulebook, known: Collection[str]) -> None:
    """RulebookRefusal for a rule that is for a group which no unit is of: it would never act."""
    for rule in rulebook.rules.values():
        for group in (*rule.groups, *(one.group for one in rule.targets)):
            if group not in (*known, ANY):
                raise RulebookRefusal(
                    say("rulebook.no_such_group", rule=rule.id, group=group, hint=hint(group, sorted(known)))
                )


def judge(
    rulebook: Rulebook, readings: dict[str, str], tallies: dict[str, UnitTally], months: tuple[str, ...]
) -> tuple[list[Finding], list[Fired]]:
    """Findings of every unit, in unit and rulebook order, and the trace of what fired.

    ContractStop where `missing_assessment=stop` and a score is missing; EngineFault where the engine lost a fact.
    """
    engine = Judge(rulebook, readings, months)
    findings, fired = [], []
    for unit_id in sorted(tallies):
        found, trace = engine.judge(tallies[unit_id])
        findings += found
        fired += [Fired(unit_id, "judge", rule, month, text_of(fact)) for rule, month, fact in trace]
    return findings, fired
