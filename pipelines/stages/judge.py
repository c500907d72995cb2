"""Judge: rulebook × tallies → findings, by the rule engine of record."""

from pipelines.engines.judging import Judge
from pipelines.engines.rete import text_of
from pipelines.model.rule import Rulebook
from pipelines.model.score import Finding, Fired
from pipelines.model.tally import UnitTally


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
