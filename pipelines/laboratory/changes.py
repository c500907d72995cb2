"""What a what-if changes: values, readings, rules, units, cases, or the whole edition."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path

from pipelines.model.period import Period
from pipelines.model.refusals import UsageRefusal
from pipelines.model.rule import Rulebook
from pipelines.rulebook import changeable, choose_readings, load_rulebook, with_changes
from pipelines.wording import hint, say

LARGE, NOISE = 1e9, 1e-9  # where a float still tells hundredths apart; how far its own arithmetic may be off


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
    rank_apart: tuple[str, ...] = ()
    rank_apart_below: int | None = None  # case rows

    def __str__(self) -> str:
        """In one line, as the command line takes it."""
        pairs = [f"{name}={value}" for name, value in (*self.values, *self.readings)]
        named = {
            "drop": self.drop,
            "add": self.add,
            "without": (*self.exclude_units, *self.exclude_cases),
            "apart": self.rank_apart,
        }
        lists = [f"{name} {item}" for name, items in named.items() for item in items]
        lists += [] if self.rank_apart_below is None else [f"apart below {self.rank_apart_below} case rows"]
        return ", ".join([*pairs, *lists, *([f"rules {self.rules}"] if self.rules else [])]) or "–"


def pairs(given: Mapping[str, object] | None) -> tuple[tuple[str, str], ...]:
    """Names and values as text, in the order given; UsageRefusal for anything but names with values."""
    return tuple((name, _text(value)) for name, value in named(given).items())


def several(given: Mapping[str, object] | None) -> dict[str, list[str]]:
    """Names and all their values as text, each value once; UsageRefusal as `pairs`."""

    def texts(values: object) -> list[str]:
        alone = isinstance(values, str) or not isinstance(values, Iterable)
        return list(dict.fromkeys(map(_text, [values] if alone else values)))

    return {name: texts(values) for name, values in named(given).items()}


def named(given: Mapping[str, object] | None) -> dict[str, object]:
    """Names with what stands at them; nothing for None."""
    if not isinstance(given, Mapping | None):
        raise UsageRefusal(say("laboratory.no_pairs", given=given))
    return {str(name): value for name, value in (given or {}).items()}


def _text(value: object) -> str:
    """A float is the number of two decimals that it stands for, 85.19999999999999 is 85.2."""
    if isinstance(value, float) and abs(value) < LARGE and abs(value - round(value, 2)) < NOISE:
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)


def names(given: object) -> tuple[str, ...]:
    """One name or several as a tuple; UsageRefusal for anything else."""
    if given is None:
        return ()
    several = [given] if isinstance(given, str | Path) else [*given] if isinstance(given, Iterable) else [None]
    if not all(isinstance(name, str | Path) for name in several):
        raise UsageRefusal(say("laboratory.no_names", given=given))
    return tuple(map(str, several))


def whole_number(given: object) -> int | None:
    """A number of case rows, or None; UsageRefusal for anything but a whole number from nothing up."""
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, Integral) or given < 0:
        raise UsageRefusal(say("laboratory.no_count", given=given))
    return int(given)


def changed_rulebook(rulebook: Rulebook, change: Change, period: Period) -> Rulebook:
    """The rulebook under the change; UsageRefusal or RulebookRefusal names the nearest right name."""
    if change.rules is not None:
        rulebook = load_rulebook(change.rules, period)
    if change.add:
        rulebook = _with_rules(rulebook, change.add)
    _must_stand_right(change, rulebook)
    rulebook = with_changes(rulebook, dict(change.values))
    _must_know(change.drop, rulebook.rules)
    return replace(rulebook, rules={id: rule for id, rule in rulebook.rules.items() if id not in change.drop})


def readings_under(rulebook: Rulebook, in_force: Mapping[str, str], change: Change) -> dict[str, str]:
    """The readings of the finished run, with the chosen ones in their place; another edition starts at its defaults."""
    kept = {} if change.rules is not None else dict(in_force)
    return choose_readings(rulebook, {**kept, **dict(change.readings)})


def _must_stand_right(change: Change, rulebook: Rulebook) -> None:
    """A reading among the values, or a value among the readings, is told where it belongs."""
    for name, _ in change.values:
        if name in rulebook.readings:
            raise UsageRefusal(say("laboratory.is_reading", name=name))
    for name, _ in change.readings:
        if name in changeable(rulebook):
            raise UsageRefusal(say("laboratory.is_value", name=name))


def _must_know(dropped: Iterable[str], rules: Mapping[str, object]) -> None:
    for id in dropped:
        if id not in rules:
            raise UsageRefusal(say("laboratory.no_rule", rule=id, hint=hint(id, rules)))


def _with_rules(rulebook: Rulebook, files: Iterable[Path]) -> Rulebook:
    """The rulebook with the rules of these files, each checked as in a rulebook folder, its examples included."""
    from pipelines.rulebook import build, fail_if
    from pipelines.rulebook.examples import check_examples
    from pipelines.rulebook.source import Block, read_yaml

    values = {id: reading.values for id, reading in rulebook.readings.items()}
    known = build.Known(rulebook.clauses, rulebook.items, rulebook.measures, rulebook.award_types, values)
    rules = dict(rulebook.rules)
    for file in files:
        if not Path(file).is_file():
            raise UsageRefusal(say("laboratory.no_file", file=file))
        block = read_yaml(Path(file), Path(file).name)
        fail_if.not_a_block(block, Block(Path(file).name, 1))
        rule = build.rule(block, known)
        check_examples(rulebook, rule, block)
        rules[rule.id] = rule
    order = list(rulebook.items)
    return replace(rulebook, rules=dict(sorted(rules.items(), key=lambda pair: order.index(pair[1].item))))
