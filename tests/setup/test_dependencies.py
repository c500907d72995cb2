"""What the code imports is declared in pyproject.toml, and what is declared is used or bounds what another may take."""

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.laboratory import charts
from pipelines.lazy import EXTRAS as MODULES
from pipelines.model.words import UsageRefusal
from pipelines.paths import ROOT

OURS = {"pipelines", "gongping", "tests", "benchmarks", "scripts"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# No line of ours imports these: bounds on what Prefect takes, data, commands, a package with a script in it.
BOUNDS, DATA = {"fastapi", "sqlalchemy"}, {"tzdata"}
COMMANDS = {"deptry", "hatchling", "ipykernel", "jupyterlab", "mypy", "pip", "pytest-cov", "ruff"}
CARRIERS = {"axe-playwright-python", "myst-parser", "types-jsonschema", "types-pyyaml"}  # of a script, a setting, types


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\s<>=!~\[;]", need, maxsplit=1)[0].lower() for need in requirements}


RUNTIME = _names(PROJECT["project"]["dependencies"])
OPTIONAL = {extra: _names(needs) for extra, needs in PROJECT["project"]["optional-dependencies"].items()}
EXTRAS = set().union(*OPTIONAL.values()) - {"gongping"}
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


def _taken_lazily(file: Path) -> set[str]:
    """The libraries that a module has from `pipelines.lazy`."""
    taken = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
             if isinstance(node, ast.ImportFrom) and node.module == "pipelines.lazy"]
    return {alias.name for node in taken for alias in node.names}


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
    used = _spelt(set(_imported("pipelines", "gongping")))
    assert _spelt(RUNTIME) - used == DATA
    assert _spelt(EXTRAS) - used - {"py4j", "pyspark"} == BOUNDS  # those two are not always here


def test_the_program_knows_which_module_comes_with_which_extra_and_full_is_all_but_the_cluster():
    """What the base needs is in no extra, so that nobody is sent to install what is there."""
    owners = packages_distributions()
    known = {extra: {_spelt({owners.get(name, [name])[0].lower()}).pop() for name in names}
             for extra, names in MODULES.items()}
    assert known == {extra: _spelt(needs) - BOUNDS for extra, needs in OPTIONAL.items() if extra != "full"}
    assert PROJECT["project"]["optional-dependencies"]["full"] == ["gongping[lab,quality,schedule,sources]"]
    assert not _spelt(RUNTIME) & set().union(*known.values())


FOLDERS = {"quality": "contracts", "schedule": "flows", "lab": "laboratory", "sources": "sources", "cluster": "edges"}


def test_a_module_of_an_extra_is_imported_where_its_lack_is_answered():
    files = {file.relative_to(ROOT).as_posix(): _top_names(file) | _taken_lazily(file)
             for file in (ROOT / "pipelines").rglob("*.py") if file.name != "lazy.py"}
    found = {extra: {file.split("/")[1] for file, names in files.items() if names & set(modules)}
             for extra, modules in MODULES.items()}
    assert found == {extra: {folder} for extra, folder in FOLDERS.items()}


WANTING = {
    "schedule": ["serve"],
    "sources": ["pull", "2026Q2"],
    "cluster": ["run", "2026Q2", "--exports", "exports", "--engine", "spark"],
}


@pytest.mark.parametrize("extra", WANTING)
def test_a_verb_whose_extra_is_not_installed_says_in_a_line_which_installs_it(extra, tmp_path, monkeypatch, capsys):
    source = "sources:\n  ours:\n    kind: folder\n    folder: .\n    files: [\"*.csv\"]\n"
    (tmp_path / "gongping.yaml").write_text(source, encoding="utf-8")
    (tmp_path / "exports").mkdir()
    monkeypatch.chdir(tmp_path)
    lacks = MODULES[extra][0]
    monkeypatch.setattr("pipelines.lazy.find_spec", lambda name: None if name == lacks else name)
    for name in [name for name in sys.modules if name.startswith("pipelines.flows")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(SystemExit) as ended:
        main(["--lang", "en", *WANTING[extra]])
    said = capsys.readouterr().err.splitlines()[-1]
    assert ended.value.code == 2 and f"needs the extra {extra} ({lacks} is not installed)" in said
    assert said.endswith(f"pip install 'gongping[{extra}]'")


def test_a_chart_without_its_extra_says_what_installs_it(monkeypatch):
    monkeypatch.setattr("pipelines.lazy.find_spec", lambda name: None if name == "altair" else name)
    with pytest.raises(UsageRefusal, match=r"pip install 'gongping\[lab\]'"):
        charts.altair.__wrapped__()


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
