"""What the sentence of a ledger line is made of: figures and keys, in no language."""

from fractions import Fraction

from pipelines.engines.judging import is_mean
from pipelines.model.points import CENT, half_up, shown
from pipelines.model.rule import Rule
from pipelines.model.score import MEAN, UNMEASURED, Finding

# What the words of a rule may name, by kind; those of an occurrence also what its measure quotes.
FACTS = {
    "occurrence": ("n", "deduct", "points"),
    "rate": ("month", "rate", "part", "of", "target", "short", "points", "each", "deduct"),
    "assessed": ("score", "full", "points"),
    "award": ("points",),
}


def sentence(rule: Rule, finding: Finding, readings: dict[str, str]) -> str:
    """The key of the sentence where it is not the rule's own: not measured, or a month of a mean."""
    if finding.unmeasured:
        return UNMEASURED
    return MEAN if is_mean(rule, readings) else ""


def facts(rule: Rule, finding: Finding) -> dict[str, str]:
    """The figures of a finding by the names that `FACTS` gives them; ``month`` is ``2026-08``, "" for the period."""
    return {"points": plain(half_up(abs(finding.points))), "n": str(finding.n), **_facts(rule, finding)}


def _facts(rule: Rule, finding: Finding) -> dict[str, str]:
    if finding.unmeasured:
        return {}
    if rule.kind == "rate":
        rate = Fraction(100 * finding.n, finding.of)
        return {
            "month": finding.month,
            "rate": shown(half_up(rate)),
            "part": str(finding.n),
            "of": str(finding.of),
            "target": plain(rule.target),
            "short": shown(half_up(rule.target - rate)),
            "each": plain(rule.each),
            "deduct": plain(rule.deduct),
        }
    if rule.kind == "assessed":
        return {"score": plain(Fraction(finding.n, CENT)), "full": plain(Fraction(finding.of, CENT))}
    return {"deduct": plain(rule.deduct)}


def plain(value: Fraction) -> str:
    """A value of at most two decimals without needless zeros: 1, 0.5, 92.25."""
    text = shown(value)
    return text.rstrip("0").rstrip(".")
