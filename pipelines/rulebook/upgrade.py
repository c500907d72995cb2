"""A rulebook in older words → the same book in the present ones, comments and layout kept (semantics B7)."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from pipelines.model.condition import Block
from pipelines.model.points import plain
from pipelines.model.rule import Rulebook
from pipelines.model.words import RulebookRefusal, Words
from pipelines.rulebook import vocabulary
from pipelines.rulebook.load import BOOK, FORMAT_1, VERDICTS, load_rulebook
from pipelines.rulebook.measures import FOLDER as MEASURES
from pipelines.rulebook.source import read_text, read_yaml
from pipelines.rulebook.vocabulary import forms
from pipelines.wording import say

# Words of a YAML file replaced in their places, so that comments and layout stay.


Path_ = tuple[str | int, ...]  # keys and positions from the root


def spliced(text: str, edits: Mapping[Path_, str], swap: tuple[Path_, Path_] | None = None) -> str:
    """The text with each scalar at a path replaced; ``swap`` exchanges two entries of a mapping, key and value."""
    root = _root(text)
    cuts = [(_span(_at(root, path)), new) for path, new in edits.items()]
    if swap:
        spans = [_entry(root, path) for path in swap]
        pieces = [text[start:end] for start, end in spans]
        cuts += list(zip(spans, reversed(pieces), strict=True))
    for (start, end), new in sorted(cuts, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def append(text: str, path: Path_ | str, lines: list[str], first: bool = False) -> str:
    """The text with entries added to the list or mapping at a path, at its end or at its beginning."""
    node = _at(_root(text), (path,) if isinstance(path, str) else path)
    assert isinstance(node, yaml.CollectionNode)  # entries are added to nothing else
    children = [entry[0] if isinstance(entry, tuple) else entry for entry in node.value]
    if node.flow_style:
        start = children[0].start_mark.index
        return text[:start] + "".join(f"{line}, " for line in lines) + text[start:]
    column, dash = children[0].start_mark.column, ""
    if isinstance(node, yaml.SequenceNode):
        column, dash = column - 2, "- "
    block = "".join(" " * column + dash + line + "\n" for line in lines)
    start = children[0].start_mark.index if first else _end(text, node)
    line_start = text.rfind("\n", 0, start) + 1 if first else start
    gap = "" if first or text[:line_start].endswith("\n") else "\n"
    return text[:line_start] + gap + block + text[line_start:]


def _root(text: str) -> yaml.Node:
    root = yaml.compose(text, Loader=yaml.BaseLoader)
    assert root is not None  # a file that was read before
    return root


def _end(text: str, node: yaml.Node) -> int:
    """Behind the line in which the last entry ends."""
    last = node.value[-1]
    mark = (last[1] if isinstance(last, tuple) else last).end_mark.index
    newline = text.find("\n", mark if text[mark - 1 : mark] != "\n" else mark - 1)
    return len(text) if newline < 0 else newline + 1


def _at(node: yaml.Node, path: Path_) -> yaml.Node:
    for step in path:
        if isinstance(node, yaml.SequenceNode):
            node = node.value[step]
        else:
            node = next(value for key, value in node.value if key.value == str(step))
    return node


def _entry(root: yaml.Node, path: Path_) -> tuple[int, int]:
    """Where a key begins and its value ends."""
    parent = _at(root, path[:-1])
    key, value = next(pair for pair in parent.value if pair[0].value == str(path[-1]))
    return key.start_mark.index, value.end_mark.index


def _span(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.index, node.end_mark.index


Changes = Iterator[tuple[str, Words]]  # file and what became of it


def upgrade(folder: Path, on: date) -> list[tuple[str, Words]]:
    """Write the book in ``folder`` in the present words; (file, change) for everything that changed.

    The new book is made beside the old one, loaded, and put in its place only if it says the same. RulebookRefusal
    for a book that does not load on the day ``on``, or that would say something else.
    """
    old = load_rulebook(folder, on)
    with TemporaryDirectory() as above:
        made = Path(above) / "book"
        shutil.copytree(folder, made)
        changes = [*_rules(made, old), *(_from_format_1(made, old) if old.format == 1 else ())]
        if changes:
            changes += _order(made, old, load_rulebook(made, on))
            new = load_rulebook(made, on)
            if _meaning(new) != _meaning(old) or list(new.rules) != list(old.rules):
                raise RulebookRefusal(say("rulebook.upgrade_differs", folder=folder))
        for file in {file for file, _ in changes}:
            (folder / file).parent.mkdir(exist_ok=True)
            shutil.copyfile(made / file, folder / file)
    return changes


def _meaning(book: Rulebook) -> Rulebook:
    """The book without what tells formats apart: bytes, files, examples, and the marks, which follow from measures."""
    verdicts = tuple(replace(verdict, examples=()) for verdict in book.verdicts)
    measures = {id: replace(measure, file="", examples=()) for id, measure in book.measures.items()}
    rules = {id: replace(rule, examples=(), order=0) for id, rule in book.rules.items()}
    return replace(book, sha256="", format=0, marks={}, notices=(), verdicts=verdicts, measures=measures, rules=rules)


def _rewrite(file: Path, edits: dict[Path_, str]) -> None:
    file.write_text(spliced(read_text(file, file.name), edits), encoding="utf-8")


def _beside(file: Path, block: Block, key: str, entry: str) -> str:
    """What stands at ``key``, with another entry of its block behind it, in the style of the block."""
    before, _, _ = read_text(file, file.name).splitlines()[block.lines[key] - 1].partition(f"{key}:")
    return f"{block[key]}, {entry}" if "{" in before else f"{block[key]}\n{' ' * len(before)}{entry}"


def _order(folder: Path, old: Rulebook, new: Rulebook) -> Changes:
    """Pages list rules of a clause by their measures; where these stand in another order now, the rules say theirs."""
    places = {id: n for n, id in enumerate(old.rules)}
    of_clause: dict[tuple[str, str, str], list[str]] = {}
    for id, rule in new.rules.items():
        of_clause.setdefault((rule.item, rule.clause, rule.kind), []).append(id)
    for ids in of_clause.values():
        wanted = sorted(ids, key=lambda id: places[id])
        if wanted != ids:
            for n, id in enumerate(wanted, 1):
                file = folder / old.rules[id].file
                block = read_yaml(file, file.name)
                said = "order" in block
                _rewrite(file, {("order",): str(n)} if said else {("item",): f"{block['item']}\norder: {n}"})
                yield old.rules[id].file, say("rulebook.upgrade_said", what=f"order: {n}")


# Rules: words that were tied to a reading by its name, and two that meant nothing.


def _rules(folder: Path, old: Rulebook) -> Changes:
    for file in sorted(folder.glob("*/*.yaml")):
        if file.parent.name == MEASURES:
            continue
        block, name = read_yaml(file, file.name), file.relative_to(folder).as_posix()
        edits: dict[Path_, str] = {}
        per = block.get("per")
        if per in vocabulary.OLDER_PER:
            edits[("per",)] = "period"
        elif old.format == 1 and per == "month" and "short" in block:
            edits[("per",)] = "{reading: months}" if "months" in old.readings else "{month: sum}"
        for value in edits.values():
            yield name, say("rulebook.upgrade_word", key="per", old=per, new=value)
        if old.format == 1 and "short" in block and "mode" not in block["short"]:
            mode = f"mode: {{reading: {vocabulary.UNSAID['mode']}}}"
            edits[("short", "deduct")] = _beside(file, block["short"], "deduct", mode)
            yield name, say("rulebook.upgrade_said", what=mode)
        if edits:
            _rewrite(file, edits)


# What a book of format 1 took for granted.


def _from_format_1(folder: Path, old: Rulebook) -> Changes:
    yield from _book(folder, old)
    yield from _measures(folder)
    if (folder / VERDICTS).exists():
        yield from _verdicts(folder / VERDICTS)


def _book(folder: Path, old: Rulebook) -> Changes:
    file, known = folder / BOOK, read_yaml(FORMAT_1, FORMAT_1.name)
    block = read_yaml(file, BOOK)
    more: list[str] = []
    edits: dict[Path_, str] = {}
    if "format" in block:
        edits[("format",)] = "2"
    for s, section in enumerate(block["sections"]):
        if section["id"] in known["quality"]:
            more.append("quality: true")
            edits[("sections", s, "id")] = _beside(file, section, "id", more[-1])
        if vocabulary.UNSAID["unassessed"] in old.readings:
            more.append(f"unassessed: {{reading: {vocabulary.UNSAID['unassessed']}}}")
            for i, item in enumerate(section["items"]):
                edits[("sections", s, "items", i, "id")] = _beside(file, item, "id", more[-1])
    _rewrite(file, edits)
    lines = [*_settling(old), *_given()]
    text = read_text(file, BOOK)
    place = text.index("sections:")
    added = "".join(f"{line}\n" for line in lines if "format" not in block or line != "format: 2")
    file.write_text(text[:place] + added + text[place:], encoding="utf-8")
    for line in (*lines, *dict.fromkeys(more)):
        if not line.startswith((" ", "#")):
            yield BOOK, say("rulebook.upgrade_said", what=line.split("   #")[0])


def _settling(old: Rulebook) -> Iterator[str]:
    """The words of settling, left to the readings that decided them by their names."""
    yield "format: 2"
    said = {key: reading for key, reading in vocabulary.UNSAID.items() if reading in old.readings}
    if "rank_on" in said:
        yield f"rank_on: {{reading: {said['rank_on']}}}"
    bonus = [f"cap: {{reading: {said['cap']}}}"] if "cap" in said else []
    if "same_matter" in said:
        scope = f", scope: {{reading: {said['scope']}}}" if "scope" in said else ""
        bonus.append(f"same_matter: {{reading: {said['same_matter']}{scope}}}")
    elif "scope" in said:
        bonus.append(f"same_matter: {{takes: highest, scope: {{reading: {said['scope']}}}}}")
    if bonus:
        yield f"bonus: {{{', '.join(bonus)}}}"


def _given() -> Iterator[str]:
    """The lines that the program gave to such books, as they stand in its own file."""
    lines, known = read_text(FORMAT_1, FORMAT_1.name).splitlines(), read_yaml(FORMAT_1, FORMAT_1.name)
    starts = sorted(known.lines.values())
    for key in known:
        if key in forms()["rulebook"].keys:
            first = known.lines[key]
            last = next((start for start in starts if start > first), len(lines) + 1)
            yield from lines[first - 1 : last - 1]


def _measures(folder: Path) -> Changes:
    lines, blocks = read_text(FORMAT_1, FORMAT_1.name).splitlines(), read_yaml(FORMAT_1, FORMAT_1.name)["measures"]
    (folder / MEASURES).mkdir(exist_ok=True)
    ends = [*(block.line - 1 for block in blocks[1:]), len(lines)]
    for block, end in zip(blocks, ends, strict=True):
        text = "\n".join(line[4:] for line in lines[block.line - 1 : end])
        (folder / MEASURES / f"{block['measure']}.yaml").write_text(f"{text}\n", encoding="utf-8")
        yield f"{MEASURES}/{block['measure']}.yaml", say("rulebook.upgrade_measure", measure=block["measure"])


def _verdicts(file: Path) -> Changes:
    """Facts in hundredths become facts in points."""
    text = read_text(file, VERDICTS)
    edits: dict[Path_, str] = {}
    for v, verdict in enumerate(read_yaml(file, VERDICTS) or []):
        for c, condition in enumerate(verdict["when"]):
            name = condition.get("fact", "")
            if name in vocabulary.HUNDREDTHS:
                edits[(v, "when", c, "fact")] = vocabulary.HUNDREDTHS[name]
                test = next(test for test in vocabulary.TESTS if test in condition)
                edits |= dict(_points(condition[test], (v, "when", c, test)))
                yield VERDICTS, say("rulebook.upgrade_word", key="fact", old=name, new=vocabulary.HUNDREDTHS[name])
        for k, example in enumerate(verdict.get("examples", ())):
            edits |= dict(_of_example(example["given"], (v, "examples", k, "given")))
    text = spliced(text, edits)
    for older, name in vocabulary.HUNDREDTHS.items():
        text = text.replace(f"{{{older}}}", f"{{{name}}}").replace(f"{older}:", f"{name}:")
    file.write_text(text, encoding="utf-8")


def _points(value: Any, path: Path_) -> Iterator[tuple[Path_, str]]:
    if isinstance(value, list):
        for k, one in enumerate(value):
            yield from _points(one, (*path, k))
    elif value:
        yield path, plain(Fraction(value) / 100)


def _of_example(given: Block, path: Path_) -> Iterator[tuple[Path_, str]]:
    for key, value in given.items():
        if key in vocabulary.HUNDREDTHS:
            yield from _points(value, (*path, key))
