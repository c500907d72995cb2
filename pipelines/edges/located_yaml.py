"""YAML whose every key knows its file and line, so that a refusal can name them; scalars stay text."""

from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import yaml

from pipelines.model.refusals import UsageRefusal
from pipelines.model.words import Words
from pipelines.wording import LOADER, say

SOURCE = "ingest.source_"
MAX_NODES = 50_000  # with every alias written out: a few lines of aliases can stand for more than any memory


class Block(dict):
    """A mapping with the (file, line) of itself and of each key; ``words`` begins the names of its sentences."""

    def __init__(self, place: tuple[str, int], words: str = SOURCE) -> None:
        super().__init__()
        self.place, self.places, self.words = place, {}, words

    def refuse(self, key: str, reason: str, known=(), **facts: object) -> UsageRefusal:
        """The refusal `<words><reason>` at ``key``, with the nearest of the ``known`` words."""
        near = get_close_matches(str(facts.get("word", key)), list(known), 1, 0.4)
        hint = say(f"{self.words}nearest", word=near[0]) if near else Words("", "")
        what = say(f"{self.words}{reason}", **{"key": key, "hint": hint, **facts})
        return _Place(self.words, *self.places.get(key, self.place)).refuse(what)


def read_blocks(path: Path, words: str = SOURCE, name: str = "") -> tuple[Block, bytes]:
    """The mapping that a YAML file holds, and its bytes; UsageRefusal (file, line, problem) for anything else.

    ``words`` begins the names of the sentences, ``name`` is what they call the file, by default its own name.
    """
    start = _Place(words, name or path.name, 1)
    try:
        content = path.read_bytes()
        root = yaml.compose(content.decode("utf-8-sig"), Loader=LOADER)
        if not isinstance(root, yaml.MappingNode):
            raise start.unreadable(say(f"{words}no_mapping"))
        if _written_out(root, {}) > MAX_NODES:
            raise start.unreadable(say(f"{words}too_large"))
        return _plain(root, start, ()), content
    except OSError as problem:
        raise UsageRefusal(say(f"{words}unopened", file=path, problem=problem.strerror)) from None
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 1
        raise replace(start, line=line).unreadable(problem.problem) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as problem:
        raise start.unreadable(str(problem).splitlines()[0]) from None


@dataclass(frozen=True)
class _Place:
    words: str
    file: str
    line: int

    def of(self, node: yaml.Node) -> "_Place":
        return replace(self, line=node.start_mark.line + 1)

    def refuse(self, what: Words) -> UsageRefusal:
        return UsageRefusal(say(f"{self.words}at", file=self.file, line=self.line, what=what))

    def unreadable(self, problem: object) -> UsageRefusal:
        return self.refuse(say(f"{self.words}unreadable", problem=problem))


def _written_out(node: yaml.Node, sizes: dict[yaml.Node, int]) -> int:
    """How many nodes there are below ``node`` and with it; ``sizes`` keeps what is counted already."""
    if node not in sizes:
        sizes[node] = 1  # what contains itself is refused afterwards
        inside = node.value if isinstance(node, yaml.CollectionNode) else ()
        below = (part for child in inside for part in (child if isinstance(child, tuple) else (child,)))
        sizes[node] += sum(_written_out(part, sizes) for part in below)
    return sizes[node]


def _plain(node: yaml.Node, start: _Place, above: tuple[yaml.Node, ...]) -> object:
    here = start.of(node)
    if node in above:
        raise here.unreadable("*")
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, start, (*above, node)) for child in node.value]
    block = Block((here.file, here.line), here.words)
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value in block:
            raise start.of(key).unreadable(say(f"{start.words}twice", key=key.value))
        block[key.value] = _plain(value, start, (*above, node))
        block.places[key.value] = (start.file, start.of(key).line)
    return block
