"""YAML whose every key knows its file and line, so that a refusal can name them; scalars stay text."""

from difflib import get_close_matches
from pathlib import Path

import yaml

from pipelines.edges.plain_yaml import LOADER
from pipelines.edges.wording import say
from pipelines.model.refusals import UsageRefusal
from pipelines.model.words import Words

MAX_NODES = 50_000  # with every alias written out: a few lines of aliases can stand for more than any memory


class Block(dict):
    """A mapping with the (file, line) of itself and of each key."""

    def __init__(self, place: tuple[str, int]):
        super().__init__()
        self.place, self.places = place, {}

    def refuse(self, key: str, reason: str, known=(), **facts: object) -> UsageRefusal:
        """The refusal `ingest.source_<reason>` at ``key``, with the nearest of the ``known`` words."""
        near = get_close_matches(str(facts.get("word", key)), list(known), 1, 0.4)
        hint = say("ingest.source_nearest", word=near[0]) if near else Words("", "")
        what = say(f"ingest.source_{reason}", **{"key": key, "hint": hint, **facts})
        return _at(*self.places.get(key, self.place), what)


def read_blocks(path: Path) -> tuple[Block, bytes]:
    """The mapping that a YAML file holds, and its bytes; UsageRefusal (file, line, problem) for anything else."""
    try:
        content = path.read_bytes()
        root = yaml.compose(content.decode("utf-8-sig"), Loader=LOADER)
        if not isinstance(root, yaml.MappingNode):
            raise _unreadable(path, 1, say("ingest.source_no_mapping"))
        if _written_out(root, {}) > MAX_NODES:
            raise _unreadable(path, 1, say("ingest.source_too_large"))
        return _plain(root, path, ()), content
    except OSError as problem:
        raise UsageRefusal(say("ingest.source_unopened", file=path, problem=problem.strerror)) from None
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 1
        raise _unreadable(path, line, problem.problem) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as problem:
        raise _unreadable(path, 1, str(problem).splitlines()[0]) from None


def _written_out(node: yaml.Node, sizes: dict[yaml.Node, int]) -> int:
    """How many nodes there are below ``node`` and with it; ``sizes`` keeps what is counted already."""
    if node not in sizes:
        sizes[node] = 1  # what contains itself is refused afterwards
        inside = node.value if isinstance(node, yaml.CollectionNode) else ()
        below = (part for child in inside for part in (child if isinstance(child, tuple) else (child,)))
        sizes[node] += sum(_written_out(part, sizes) for part in below)
    return sizes[node]


def _plain(node: yaml.Node, path: Path, above: tuple[yaml.Node, ...]) -> object:
    if node in above:
        raise _unreadable(path, node.start_mark.line + 1, "*")
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, path, (*above, node)) for child in node.value]
    block = Block((path.name, node.start_mark.line + 1))
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.value in block:
            raise _unreadable(path, line, say("ingest.source_twice", key=key.value))
        block[key.value] = _plain(value, path, (*above, node))
        block.places[key.value] = (path.name, line)
    return block


def _unreadable(path: Path, line: int, problem: object) -> UsageRefusal:
    return _at(path.name, line, say("ingest.source_unreadable", problem=problem))


def _at(file: str, line: int, what: Words) -> UsageRefusal:
    return UsageRefusal(say("ingest.source_at", file=file, line=line, what=what))
