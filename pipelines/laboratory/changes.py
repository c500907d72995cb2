"""What a what-if changes: values, readings, rules, units, cases, or the whole edition."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.edges.wording import say
from pipelines.model.period import Period
from pipelines.model.refusals import UsageRefusal
from pipelines.model.rule import Rulebook
from pipelines.rulebook import choose_readings, load_rulebook, with_changes
from pipelines.rulebook.names import hint


@dataclass(frozen=True)
class Change:
    """One what-if as asked for; ``rules`` is another edition's folder, ``add`` are rule files."""

    values: tuple[tuple[str, str], ...] = ()
    readings: tuple[tuple[str, str], ...] = ()
    drop: tuple[str, ...] = ()
    add: tuple[Path, ...] = ()
    exclude_units: tuple[str, ...] = ()
    exclude_cases: tuple[str, ...] = ()
    rules: Path | None = None

    def __str__(self) -> str:
        """In one line, as the command line takes it."""
        pairs = [f"{name}={value}" for name, value in (*self.values, *self.readings)]
        named = {"drop": self.drop, "add": self.add, "without": (*self.exclude_units, *self.exclude_cases)}
        lists = [f"{name} {item}" for name, items in named.items() for item in items]
        return ", ".join([*pairs, *lists, *([f"rules {self.rules}"] if self.rules else [])]) or "–"


def pairs(given: Mapping[str, object] | None) -> tuple[tuple[str, str], ...]:
    """Names and values as text, in the order given; a float is taken as it is written."""
    return tuple((str(name), _text(value)) for name, value in (given or {}).items())


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def names(given: object) -> tuple[str, ...]:
    """One name or several as a tuple."""
    if given is None:
        return ()
    return (str(given),) if isinstance(given, str | Path) else tuple(str(name) for name in given)


def changed_rulebook(rulebook: Rulebook, change: Change, period: Period) -> Rulebook:
    """The rulebook under the change; UsageRefusal or RulebookRefusal names the nearest right name."""
    if change.rules is not None:
        rulebook = load_rulebook(change.rules, period.start.date())
    if change.add:
        rulebook = _with_rules(rulebook, change.add)
    rulebook = with_changes(rulebook, dict(change.values))
    _must_know(change.drop, rulebook.rules)
    return replace(rulebook, rules={id: rule for id, rule in rulebook.rules.items() if id not in change.drop})


def readings_under(rulebook: Rulebook, in_force: Mapping[str, str], change: Change) -> dict[str, str]:
    """The readings of the finished run, with the chosen ones in their place; another edition starts at its defaults."""
    kept = {} if change.rules is not None else dict(in_force)
    return choose_readings(rulebook, {**kept, **dict(change.readings)})


def _must_know(dropped: Iterable[str], rules: Mapping[str, object]) -> None:
    for id in dropped:
        if id not in rules:
            raise UsageRefusal(say("laboratory.no_rule", rule=id, hint=hint(id, rules)))


def _with_rules(rulebook: Rulebook, files: Iterable[Path]) -> Rulebook:
    """The rulebook with the rules of these files, each checked as in a rulebook folder, its examples included."""
    from pipelines.rulebook import build, fail_if
    from pipelines.rulebook.examples import check_examples
    from pipelines.rulebook.source import Block, read_yaml

    rules = dict(rulebook.rules)
    for file in files:
        block = read_yaml(Path(file), Path(file).name)
        fail_if.not_a_block(block, Block(Path(file).name, 1))
        rule = build.rule(block, rulebook.clauses, rulebook.items)
        check_examples(rulebook, rule, block)
        rules[rule.id] = rule
    order = list(rulebook.items)
    return replace(rulebook, rules=dict(sorted(rules.items(), key=lambda pair: order.index(pair[1].item))))
