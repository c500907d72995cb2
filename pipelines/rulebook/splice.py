"""Words of a YAML file replaced in their places, so that comments and layout stay."""

from collections.abc import Mapping

import yaml

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
