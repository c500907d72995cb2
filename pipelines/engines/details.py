"""The sentence of a ledger line: a rule's own words with its arithmetic filled in."""

from fractions import Fraction

from pipelines.edges.wording import say
from pipelines.engines.judging import is_mean
from pipelines.model.points import CENT, half_up, shown
from pipelines.model.rule import Rule
from pipelines.model.score import Finding

# What the words of a rule may name, by kind.
FACTS = {
    "occurrence": ("n", "deduct", "points"),
    "rate": ("month", "rate", "part", "of", "target", "short", "points", "each", "deduct"),
    "assessed": ("score", "full", "points"),
    "award": ("points",),
}


def detail(rule: Rule, finding: Finding, readings: dict[str, str]) -> str:
    """A finding in Chinese with its arithmetic, such as "8月办结率 93.00%…扣1分"."""
    if finding.unmeasured:
        return say("judge.unmeasured_zero", points=plain(abs(finding.points))).zh
    facts = {"points": plain(half_up(abs(finding.points))), "n": finding.n, **_facts(rule, finding)}
    text = rule.says.zh.format(**facts)
    return text + say("judge.mean").zh if is_mean(rule, readings) else text


def _facts(rule: Rule, finding: Finding) -> dict[str, str | int]:
    if rule.kind == "rate":
        rate = Fraction(100 * finding.n, finding.of)
        return {
            "month": month_words(finding.month), "rate": shown(half_up(rate)), "part": finding.n, "of": finding.of,
            "target": plain(rule.target), "short": shown(half_up(rule.target - rate)),
            "each": plain(rule.each), "deduct": plain(rule.deduct),
        }
    if rule.kind == "assessed":
        return {"score": plain(Fraction(finding.n, CENT)), "full": plain(Fraction(finding.of, CENT))}
    return {"deduct": plain(rule.deduct)}


def month_words(month: str) -> str:
    """``2026-08`` as 8月, and "" as 本季度."""
    return say("judge.month", month=int(month[-2:])).zh if month else say("judge.quarter").zh


def plain(value: Fraction) -> str:
    """A value of at most two decimals without needless zeros: 1, 0.5, 92.25."""
    text = shown(value)
    return text.rstrip("0").rstrip(".")
