"""Imports point down, the pure parts touch no edge, and the command line starts light."""

import ast
import re
import subprocess
import sys

import pytest

from pipelines.model.score import STAGES
from pipelines.paths import ROOT
from tests.shape.source import imports, modules, names

LAYERS = [  # each package imports from those above its own line, and none from one beside it
    {"model"},
    {"views"},
    {"edges"},
    {"exports", "contracts", "engines", "sources"},
    {"stages"},
    {"scoring"},
    {"rulebook"},
    {"sample"},
    {"evaluators"},
    {"running"},
    {"laboratory", "publication"},
    {"flows"},
    {"verbs"},
]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
RANKS = {folder: height for height, layer in enumerate(LAYERS) for folder in layer}
PURE = {"model", "views", "engines", "rulebook"}  # compute from what they are given
HEAVY = ("pandas", "prefect", "great_expectations", "weasyprint", "durable", "pyarrow")
OWNERS = {
    "prefect": "pipelines.flows",
    "durable": "pipelines.engines",
    "weasyprint": "pipelines.edges",
    "great_expectations": "pipelines.contracts",
    "duckdb": "pipelines.edges",
    "apprise": "pipelines.edges",
    "pyspark": "pipelines.edges",
    "sqlglot": "pipelines.edges",
}


def _folder(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def _ours(tree) -> set[str]:
    return {name for name in imports(tree) if name.startswith("pipelines.")}


def _under(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _used(module: str) -> set[str]:
    """The other packages that a module imports from."""
    return {_folder(name) for name in _ours(modules()[module])} - {_folder(module)}


def test_every_package_has_its_place():
    assert {_folder(name) for name in modules() if (ROOT / "pipelines" / _folder(name)).is_dir()} - {""} == set(RANKS)


def test_the_architecture_tells_of_every_package_in_this_order():
    told = re.findall(r"^\| `(\w+)` \|", ARCHITECTURE.partition("| package of `pipelines/` |")[2], re.MULTILINE)
    assert set(told) == set(RANKS) and [RANKS[name] for name in told] == sorted(RANKS.values())


def test_what_is_no_stage_is_not_among_the_stages():
    assert {name.rpartition(".")[2] for name in names() if _under(name, "pipelines.stages")} == {*STAGES}


@pytest.mark.parametrize("module", [name for name in names() if (ROOT / name.replace(".", "/")).is_dir()])
def test_an_init_that_does_nothing_is_not_there(module):
    """Every file is one to read: what a package is for stands in docs/architecture.md."""
    assert [node for node in modules()[module].body if not isinstance(node, ast.Expr)]


@pytest.mark.parametrize("module", [name for name in names() if _folder(name) in RANKS])
def test_a_package_imports_lower_ones_only(module):
    """So packages cannot form a cycle."""
    assert not {used for used in _used(module) if RANKS.get(used, -1) >= RANKS[_folder(module)]}


@pytest.mark.parametrize("module", [name for name in names() if _folder(name) in PURE])
def test_a_pure_package_knows_no_edge(module):
    assert "edges" not in _used(module)


@pytest.mark.parametrize("module", names())
def test_every_name_that_is_imported_from_us_is_there(module):
    """Also inside functions, where only a call would tell."""
    wanted = [(node.module, alias.name) for node in ast.walk(modules()[module]) if isinstance(node, ast.ImportFrom)
              for alias in node.names if _under(node.module or "", "pipelines")]
    assert [f"{of}.{name}" for of, name in wanted
            if f"{of}.{name}" not in modules() and name not in _names(modules()[of])] == []


def _names(tree: ast.Module) -> set[str]:
    """What a module gives by assignment, definition or import, wherever in it."""
    nodes = [*ast.walk(tree)]
    found = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    found |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    brought = [alias for node in nodes if isinstance(node, ast.ImportFrom | ast.Import) for alias in node.names]
    return found | {alias.asname or alias.name for alias in brought}


@pytest.mark.parametrize(("library", "owner"), OWNERS.items())
def test_a_library_is_imported_in_its_own_package_alone(library, owner):
    lazily = f"pipelines.lazy.{library}"
    users = {name for name, tree in modules().items()
             if any(_under(used, library) or _under(used, lazily) for used in imports(tree))} - {"pipelines.lazy"}
    assert users
    assert all(_under(user, owner) for user in users), users


LIMITED = "pipelines.exports.workbook_child"  # a program of its own, which limits itself before it loads its library


@pytest.mark.parametrize("module", [name for name in names() if name not in ("pipelines.lazy", LIMITED)])
def test_a_heavy_library_is_imported_in_one_place_and_one_way(module):
    """It comes from `pipelines.lazy`, but for NumPy, in which whole modules think, and Prefect, which has a package."""
    tree, lazily = modules()[module], _libraries(modules()["pipelines.lazy"])
    assert {"weasyprint", "jinja2", "pyarrow"} <= lazily
    assert not {name for name in _libraries(tree) & lazily if name != "numpy"}
    assert not (_libraries(tree) - _libraries(_top(tree)) if not _under(module, "pipelines.flows") else ())


def test_what_can_be_had_lazily_is_what_is_taken():
    """The list of it is read by checkers alone: at run time any name is taken for a library."""
    lazily = modules()["pipelines.lazy"]
    there = [one.body for one in lazily.body if isinstance(one, ast.If)]
    listed = {alias.asname or alias.name for node in there[0] for alias in node.names}
    own = {name for node in lazily.body if not isinstance(node, ast.If) for name in _names(ast.Module([node], []))}
    taken = {alias.name for tree in modules().values() for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
             for alias in node.names if node.module == "pipelines.lazy"}
    assert len(there) == 1 and taken - own == listed


def _libraries(tree: ast.Module) -> set[str]:
    """The packages of others that a module imports."""
    return {name.partition(".")[0] for name in imports(tree)} - {"pipelines", *sys.stdlib_module_names}


DOORS = ("pipelines.cli", "pipelines.verbs", "pipelines.flows._service")  # what a command needs they load when it runs


@pytest.mark.parametrize("module", names())
def test_what_is_ours_is_imported_at_the_top(module):
    """But in the doors, so that `--help` comes at once; and there too where it is loaded with the door."""
    tree = modules()[module]
    inside = {name for name in _ours(tree) - _ours(_top(tree)) if name in modules()}
    at_a_door = any(_under(module, door) for door in DOORS)
    assert not inside & (_loaded_with(module) if at_a_door else inside)


def _top(tree: ast.Module) -> ast.Module:
    """The imports of a module but those inside its functions."""
    late = {id(node) for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) for node in ast.walk(one)}
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return ast.Module([node for node in nodes if id(node) not in late], [])


def _loaded_with(module: str) -> set[str]:
    """Every module of ours that is loaded with this one."""
    found, asked = set(), [module]
    while asked:
        if (one := asked.pop()) not in found and one in modules():
            found.add(one)
            asked += [*_ours(_top(modules()[one])), one.rpartition(".")[0]]
    return found


@pytest.mark.parametrize("module", ["pipelines", "pipelines.cli", "pipelines.doctor", "pipelines.assess"])
def test_importing_a_light_module_pulls_in_nothing_heavy(module):
    code = f"import sys, {module}; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
