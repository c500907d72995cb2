"""What the code imports is declared in pyproject.toml, and what is declared is used or bounds what another may take."""

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest

from pipelines.paths import ROOT

OURS = {"pipelines", "gongping", "tests", "benchmarks", "scripts"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# No line of ours imports these: bounds on what Prefect takes, tools run as commands, a package that carries a script.
BOUNDS = {"fastapi", "sqlalchemy"}
COMMANDS = {"deptry", "hatchling", "ipykernel", "jupyterlab", "mypy", "pip", "pytest-cov", "pytest-xdist", "ruff"}
CARRIERS = {"axe-playwright-python", "myst-parser", "types-jsonschema", "types-pyyaml"}  # of a script, a setting, types


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\s<>=!~\[;]", need, maxsplit=1)[0].lower() for need in requirements}


RUNTIME = _names(PROJECT["project"]["dependencies"])
EXTRAS = _names([need for extra in PROJECT["project"]["optional-dependencies"].values() for need in extra])
GROUPS = _names([need for group in PROJECT["dependency-groups"].values() for need in group]) - {"gongping"}


@cache
def _imported(*folders: str) -> dict[str, list[str]]:
    """Every distribution that a module of the folders imports, wherever in it, with the modules that do."""
    found: dict[str, list[str]] = {}
    owners = packages_distributions()
    for file in (file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))):
        for name in _top_names(file) - OURS - sys.stdlib_module_names:
            own = name if name in EXTRAS | GROUPS else f"nothing called {name}"  # an extra that is not installed here
            for owner in {owner.lower() for owner in owners.get(name, [own])}:
                found.setdefault(owner, []).append(str(file.relative_to(ROOT)))
    return found


def _top_names(file: Path) -> set[str]:
    text = file.read_text(encoding="utf-8")
    if "# /// script" in text:  # it declares for itself what it imports
        return set()
    tree = ast.parse(text)
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    return {name.split(".")[0] for name in plain | {node.module for node in froms}}


def _spelt(names: set[str]) -> set[str]:
    return {re.sub(r"[-_.]+", "-", name) for name in names}


def test_the_program_imports_nothing_that_its_package_does_not_ask_for():
    used = _imported("pipelines", "gongping")
    assert len(used) > 15
    assert {name: where[:3] for name, where in used.items() if _spelt({name}) - _spelt(RUNTIME | EXTRAS)} == {}


def test_tests_benchmarks_and_notebooks_import_nothing_that_is_not_declared():
    used = _imported("tests", "benchmarks", "notebooks", "scripts")
    assert {name: where[:3] for name, where in used.items() if _spelt({name}) - _spelt(RUNTIME | EXTRAS | GROUPS)} == {}


def test_the_package_asks_for_nothing_that_the_program_does_not_use():
    assert _spelt(RUNTIME) - _spelt(set(_imported("pipelines", "gongping"))) == BOUNDS


def test_the_groups_hold_nothing_that_nothing_uses():
    used = _spelt(set(_imported("tests", "benchmarks", "notebooks", "scripts")))
    assert _spelt(GROUPS) - used == COMMANDS | CARRIERS


@pytest.mark.parametrize("name", sorted(RUNTIME))
def test_a_lowest_allowed_version_is_named(name):
    (need,) = [need for need in PROJECT["project"]["dependencies"] if _names([need]) == {name}]
    assert re.search(r"(>=|==)\s*\d", need)


def test_the_licence_is_in_the_package():
    facts = distribution("gongping").metadata
    assert facts["License-Expression"] == "MIT" and facts.get_all("License-File") == ["LICENSE"]
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
