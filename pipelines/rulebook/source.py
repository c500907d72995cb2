"""YAML as written: every scalar stays text, every block knows its file and its lines."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from pipelines.model.condition import Block, count
from pipelines.model.words import RulebookRefusal
from pipelines.wording import hint, say

Made = TypeVar("Made")
Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def read_yaml(path: Path, name: str) -> Any:
    """The content of one file: a `Block`, a list or a text; `fail_if` checks which.

    RulebookRefusal (file, line, problem) if it is no plain YAML.
    """
    text = read_text(path, name)
    try:
        root = yaml.compose(text, Loader=Loader)
        return _plain(root, name, set()) if root is not None else Block(name, 1)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        raise _unreadable(name, mark.line + 1 if mark else 1, problem.problem or problem.context) from None
    except (yaml.YAMLError, RecursionError) as problem:
        raise _unreadable(name, 1, problem) from None


def read_text(path: Path, name: str) -> str:
    """The text of one file; RulebookRefusal where it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise refusal(Block(name, 1), "not_utf8") from None
    except OSError as problem:
        raise _unreadable(name, 1, problem) from None


def refusal(
    block: Block, reason: str, key: str = "", near: tuple[str, Iterable[str]] | None = None, **facts: object
) -> RulebookRefusal:
    """A refusal at ``key`` of ``block``; ``near`` = (word as written, known words) adds the nearest known name."""
    words = say(f"rulebook.{reason}", key=key, hint=hint(*near) if near else "", **facts)
    line = block.lines.get(key, block.line)
    word = near[0] if near else facts.get("value", "")
    return RulebookRefusal(say("rulebook.at", file=block.file, line=line, what=words), (block.file, line), word)


# Refusals kept, for whoever wants all that is wrong with a book at once.


@dataclass
class Kept:
    """The refusals so far, and the names of what they left out: others may name it, and are right to."""

    refusals: list[RulebookRefusal] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)


_KEPT: ContextVar[Kept | None] = ContextVar("kept", default=None)
NAMED_BY = ("rule", "verdict", "reading", "measure", "id")  # the key that names a block, the first that it has


@contextmanager
def keeping() -> Iterator[Kept]:
    """Keep the refusals of every `attempt` in here instead of stopping at the first."""
    kept = Kept()
    token = _KEPT.set(kept)
    try:
        yield kept
    finally:
        _KEPT.reset(token)


def attempt(make: Callable[..., Made], *given: Any, name: str = "") -> Made | None:
    """What ``make`` gives; while refusals are kept, None where it refuses.

    What is left out then is called ``name``, or as the first of ``given`` that is a block calls itself.
    """
    kept = _KEPT.get()
    if kept is None:
        return make(*given)
    try:
        return make(*given)
    except RulebookRefusal as problem:
        blocks = [one for one in given if isinstance(one, Block)][:1]
        names = [next((one[key] for key in NAMED_BY if key in one), "") for one in blocks]
        if not (isinstance(problem.word, str) and problem.word in kept.left_out):
            kept.refusals.append(problem)
        kept.left_out.update(name for name in (name, *names) if isinstance(name, str) and name)
        return None


def keeps_none() -> bool:
    """Whether the first refusal stops the reading."""
    return _KEPT.get() is None


def is_whole() -> bool:
    """Whether nothing has been left out so far: what is asked of a book as a whole can be asked."""
    kept = _KEPT.get()
    return kept is None or not kept.refusals


def shown_text(value: object) -> str:
    """A value as a refusal shows it: a word itself, anything larger as an ellipsis."""
    return value if isinstance(value, str) else "…"


def _unreadable(name: str, line: int, problem: object) -> RulebookRefusal:
    what = say("rulebook.unreadable", problem=problem)
    return RulebookRefusal(say("rulebook.at", file=name, line=line, what=what), (name, line))


def _plain(node: yaml.Node, name: str, seen: set[int]) -> object:
    line = node.start_mark.line + 1
    if id(node) in seen:
        raise _unreadable(name, line, say("rulebook.alias"))
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        return node.value.strip()
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, name, seen) for child in node.value]
    assert isinstance(node, yaml.MappingNode)  # YAML has no fourth kind
    return _mapping(node, name, seen)


def _mapping(node: yaml.MappingNode, name: str, seen: set[int]) -> Block:
    block = Block(name, node.start_mark.line + 1)
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else str(key_node.value)
        if key in block:
            raise _unreadable(name, line, say("rulebook.twice", key=key))
        block[key], block.lines[key] = _plain(value_node, name, seen), line
    return block


def counted(block: Block, key: str) -> int:
    """The whole number at ``key``; RulebookRefusal for anything else."""
    found = count(block[key])
    if found is None:
        raise refusal(block, "bad_count", key, value=block[key])
    return found
