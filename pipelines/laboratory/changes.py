"""What a what-if changes (values, readings, rules, units, cases, the edition), and the changed book as a folder."""

import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil, floor
from numbers import Integral
from pathlib import Path

from pipelines.edges.published import RULEBOOK
from pipelines.model.period import Period
from pipelines.model.points import CENT, plain
from pipelines.model.rule import Rule, Rulebook
from pipelines.model.words import NotAllowed, UsageRefusal, VerificationFailed
from pipelines.rulebook import build, fail_if
from pipelines.rulebook.examples import check_examples, outcome
from pipelines.rulebook.load import changeable, choose_readings, load_rulebook, value_of, values_of, with_changes
from pipelines.rulebook.source import Block, read_yaml
from pipelines.rulebook.upgrade import Path_, append, spliced
from pipelines.wording import hint, say

# What a what-if changes: values, readings, rules, units, cases, or the whole edition.


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


# A what-if as a rulebook folder: the old files with the changed words in their places, fit for a next edition.


REASON = {  # of a clause that lost its last rule
    "zh": "试算中删去了规则，依据另行说明。",
    "en": "Its rule was dropped in a what-if; the reason is to be written.",
}


def save_rulebook(scenario, folder: Path) -> Path:
    """Write the rules and the readings of a scenario into a new ``folder``.

    NotAllowed where the folder is there already or the scenario rests on more than rules: units or cases left out,
    units ranked apart. RulebookRefusal or VerificationFailed where the result would not load as it was scored.
    """
    change = scenario.change
    beyond = replace(change, values=(), readings=(), drop=(), add=(), rules=None)
    if beyond != Change():
        raise NotAllowed(say("laboratory.no_rules", change=beyond))
    if folder.exists():
        raise NotAllowed(say("laboratory.exists", folder=folder))
    if not _can_be_made(folder):
        raise UsageRefusal(say("laboratory.no_place", folder=folder))
    source = change.rules or scenario.quarter.folder / RULEBOOK
    shutil.copytree(source, folder)
    try:
        _edit(scenario, folder)
        _must_be_the_same(scenario, load_rulebook(folder, scenario.quarter.period))
    except Exception:
        shutil.rmtree(folder)
        raise
    return folder


def _can_be_made(folder: Path) -> bool:
    """Whether the nearest folder above that is there lets us write."""
    above = next(place for place in folder.absolute().parents if place.exists())
    return above.is_dir() and os.access(above, os.W_OK)


def _edit(scenario, folder: Path) -> None:
    files = {file: block for file in sorted(folder.glob("*/*.yaml")) if "rule" in (block := read_yaml(file, file.name))}
    for file in scenario.change.add:
        block = read_yaml(Path(file), Path(file).name)
        target = folder / block["item"] / f"{block['rule']}.yaml"
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(file, target)
        files[target] = block
    for file, block in list(files.items()):
        if block["rule"] in scenario.change.drop:
            file.unlink()
            del files[file]
    _choose(folder / "readings.yaml", scenario)
    _give_reasons(folder / "regulation.md", scenario.rulebook)
    book, own = _with_defaults(scenario), dict(scenario.change.values)
    for file, block in files.items():
        if rule := book.rules.get(block["rule"]):
            _write_values(file, scenario, rule)
            _write_examples(file, book, rule, {name.split(".")[1] for name in own if name.split(".")[0] == rule.id})


def _write_values(file: Path, scenario, rule: Rule) -> None:
    changed = [name.split(".")[1] for name, _ in scenario.change.values if name.split(".")[0] == rule.id]
    places = values_of(rule)
    _rewrite(file, {places[name]: plain(value_of(rule, name)) for name in changed})


def _write_examples(file: Path, book: Rulebook, rule: Rule, moved: Collection[str]) -> None:
    """Examples come to other points under other values; a bound that moved gets examples of its own."""
    examples = read_yaml(file, file.name)["examples"]
    engines: dict = {}
    _rewrite(
        file,
        {("examples", k, "points"): plain(outcome(book, rule, example, engines)) for k, example in enumerate(examples)},
    )
    lines = [_example(book, rule, given, engines) for given in _around(book, rule, moved, engines)]
    if lines:
        file.write_text(append(file.read_text(encoding="utf-8"), "examples", lines), encoding="utf-8")


def _around(book: Rulebook, rule: Rule, moved: Collection[str], engines: dict) -> Iterator[dict[str, int]]:
    """What examples give on each bound that moved, just below and just above it."""
    bounds = [rule.bands[int(name[len("bound_") :]) - 1].bound for name in moved if name.startswith("bound_")]
    bounds += [rule.target] if "target" in moved else []
    for bound in bounds:
        if rule.is_rate and rule.kind != "by_place":
            at, step = int(bound * CENT), CENT // 10 ** min(2 if rule.round_rate is None else rule.round_rate, 2)
            parts = (at, at - step, at + step)
            yield from ({rule.of: CENT * CENT, rule.part: part} for part in parts if 0 <= part <= CENT * CENT)
        else:
            name = "place" if rule.kind == "by_place" else rule.measure
            yield from ({name: n} for n in (ceil(bound), ceil(bound) - 1, floor(bound) + 1) if n >= (name == "place"))
    if "beyond" in moved:
        yield from ({rule.measure: n} for n in (rule.beyond, rule.beyond + 1))
    if "at_most" in moved:
        yield from _bounded(book, rule, engines)


def _bounded(book: Rulebook, rule: Rule, engines: dict) -> Iterator[dict[str, int]]:
    """What brings a rule to the most that it takes or gives, of what is tried."""
    tried = [{rule.measure: 2**k} for k in range(20)] if rule.measure else []
    tried = [{rule.of: CENT, rule.part: part} for part in (0, CENT)] if rule.is_rate else tried
    for given in tried:
        if abs(outcome(book, rule, _block(rule, given), engines)) == rule.at_most:
            yield given
            return


def _block(rule: Rule, given: Mapping[str, int]) -> Block:
    example, counts = Block(rule.file, 1), Block(rule.file, 1)
    counts.update({name: str(n) for name, n in given.items() if name != "place"})
    example.update({"name": " ".join(f"{n} {name}" for name, n in given.items()), "given": counts})
    example.update({"place": str(given["place"])} if "place" in given else {})
    example.update({"group": rule.groups[0]} if rule.groups else {})
    return example


def _example(book: Rulebook, rule: Rule, given: Mapping[str, int], engines: dict) -> str:
    example = _block(rule, given)
    counts = ", ".join(f"{name}: {n}" for name, n in example["given"].items())
    beside = "".join(f", {key}: {example[key]}" for key in ("group", "place") if key in example)
    given = f", given: {{{counts}}}" if counts else ""
    return f"{{name: {example['name']}{beside}{given}, points: {plain(outcome(book, rule, example, engines))}}}"


def _choose(file: Path, scenario) -> None:
    """The readings in force become the defaults: the first of their values."""
    if not file.exists():  # a book without readings
        return
    text = file.read_text(encoding="utf-8")
    written = read_yaml(file, file.name)
    for block in written:
        chosen = scenario.readings[block["reading"]]
        first = next(iter(block["values"]))
        if chosen == first:
            continue
        at = next(k for k, other in enumerate(written) if other["reading"] == block["reading"])
        if chosen not in block["values"]:  # an open number
            words = f"{chosen}: {{zh: 最多计{chosen}分, en: at most {chosen} points}}"
            text = append(text, (at, "values"), [words], first=True)
        else:
            text = spliced(text, {}, swap=((at, "values", first), (at, "values", chosen)))
    file.write_text(text, encoding="utf-8")


def _give_reasons(file: Path, book: Rulebook) -> None:
    """A clause that lost its last rule says so."""
    users = (*book.rules.values(), *book.readings.values(), *book.verdicts, *book.libraries)
    named = {clause for user in users for clause in user.clause.split(", ")}
    silent = {id for id, clause in book.clauses.items() if id not in named and clause.why_no_rule is None}
    lines, current = [], ""
    for line in file.read_text(encoding="utf-8").splitlines():
        current = line[3:].strip() if line.startswith("## ") else current
        lines.append(line)
        if current in silent and line.startswith("- en:"):
            lines += [f"- no rule {lang}: {text}" for lang, text in REASON.items()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _with_defaults(scenario) -> Rulebook:
    """The rulebook of the scenario with its readings as defaults."""
    readings = {
        id: replace(reading, values=(scenario.readings[id], *(v for v in reading.values if v != scenario.readings[id])))
        for id, reading in scenario.rulebook.readings.items()
    }
    return replace(scenario.rulebook, readings=readings)


def _must_be_the_same(scenario, loaded: Rulebook) -> None:
    """What was written must score as the scenario did."""
    wanted = {id: _essence(rule) for id, rule in scenario.rulebook.rules.items()}
    found = {id: _essence(rule) for id, rule in loaded.rules.items()}
    defaults = {id: reading.default for id, reading in loaded.readings.items()}
    if wanted != found or defaults != dict(scenario.readings):
        raise VerificationFailed(say("laboratory.saved_differs"))


def _essence(rule: Rule) -> Rule:
    return replace(rule, file="", examples=())


def _rewrite(file: Path, edits: dict[Path_, str]) -> None:
    file.write_text(spliced(file.read_text(encoding="utf-8"), edits), encoding="utf-8")
