"""What the tests of the project's shape read: its Python modules, parsed."""

import ast
from functools import cache
from pathlib import Path

from pipelines.paths import ROOT


def names() -> list[str]:
    """The dotted name of every module in `pipelines`; parses nothing, for every worker of pytest asks."""
    return [_name(file) for file in _files()]


@cache
def modules() -> dict[str, ast.Module]:
    """Dotted name → tree of every module in `pipelines`."""
    return {_name(file): ast.parse(file.read_text(encoding="utf-8")) for file in _files()}


def _files() -> list[Path]:
    return sorted(ROOT.glob("pipelines/**/*.py"))


def _name(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(tree: ast.Module) -> set[str]:
    """Every module that a module imports, wherever in it: `from a import b` counts as `a` and as `a.b`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def strings(tree: ast.Module) -> list[str]:
    """Every text in a module but its docstrings; the parts of an f-string joined by a word."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    nodes = [node for node in ast.walk(tree) if id(node) not in inside | documented]
    plain = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return plain + [_joined(node) for node in nodes if isinstance(node, ast.JoinedStr)]


def _joined(node: ast.JoinedStr) -> str:
    return "".join(str(part.value) if isinstance(part, ast.Constant) else " x " for part in node.values)
