"""The project's texts: two languages with the same facts, no SQL in Python, headers on queries, no one's own paths."""

import ast
import re
import subprocess
from pathlib import Path
from string import Formatter

import pytest
import yaml

from pipelines.paths import ROOT, SQL, WORDING
from pipelines.wording import say
from tests.shape.source import modules, names, strings

STATEMENT = re.compile(
    r"(?is)^\s*(select\b.*\bfrom\b|with\s+\w+\s+as\s*\(|create\s+(or\s+replace\s+)?(temp\s+)?(table|view|macro)\b"
    r"|insert\s+into\b|delete\s+from\b|update\s+\w+\s+set\b)"
)
OWN_PATH = re.compile(r"(?<![\w./])/(home|Users|root|work|mnt)/\w+")
QUERIES = sorted([*SQL.rglob("*.sql"), *SQL.rglob("*.sql.j2")])
NAMED_BY_LANGUAGE = {"name": "column", "from_title": "from_table"}  # a column or table by its title in Chinese
TOPICS = sorted(WORDING.glob("*.yaml"))
OF_PERIOD = ("kind", "last", "step", "per", "rhythm", "head")  # no language names the period where the other does


def _sentences(topic: str) -> dict[str, dict]:
    return yaml.safe_load((WORDING / f"{topic}.yaml").read_text(encoding="utf-8"))


def _fields(sentence: str) -> set[str]:
    fields = {field for _, field, _, _ in Formatter().parse(sentence) if field is not None}
    return {NAMED_BY_LANGUAGE.get(field, field) for field in fields} - {"title", *OF_PERIOD}


def _said(tree: ast.Module) -> set[str]:
    """The keys that a module gives to `say` as plain texts."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    return {
        call.args[0].value
        for call in calls
        if getattr(call.func, "id", "") == "say" and isinstance(call.args[0], ast.Constant)
    }


@pytest.mark.parametrize("topic", [file.stem for file in TOPICS])
def test_every_sentence_is_there_in_both_languages_with_the_same_facts(topic):
    for key, sentence in _sentences(topic).items():
        assert set(sentence) == {"zh", "en"}, key
        assert sentence["zh"].strip() and sentence["en"].strip(), key
        assert _fields(sentence["en"]) == _fields(sentence["zh"]), key


@pytest.mark.parametrize("topic", [file.stem for file in TOPICS])
def test_no_sentence_is_written_twice_under_one_key(topic):
    keys = re.findall(r"(?m)^(\w+):", (WORDING / f"{topic}.yaml").read_text(encoding="utf-8"))
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("module", names())
def test_every_sentence_that_a_module_says_is_written_down(module):
    missing = {key for key in _said(modules()[module]) if key.split(".")[1] not in _sentences(key.split(".")[0])}
    assert not missing


@pytest.mark.parametrize("module", names())
def test_a_module_holds_no_sql_and_opens_with_a_sentence(module):
    tree = modules()[module]
    assert not [text for text in strings(tree) if STATEMENT.match(text)]
    assert (ast.get_docstring(tree) or "").strip()


@pytest.mark.parametrize("query", QUERIES, ids=lambda file: str(file.relative_to(SQL)))
def test_a_query_opens_with_a_comment_that_says_what_it_means(query):
    first = query.read_text(encoding="utf-8").lstrip().splitlines()[0]
    assert re.match(r"(--|/\*|\{#-?)\s*\S", first)


def test_no_file_names_a_place_on_someones_machine():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / name for name in listed.stdout.split("\0") if name and Path(name).suffix != ".lock"]
    guilty = [str(file.relative_to(ROOT)) for file in files if file.is_file() and _names_a_place(file)]
    assert not guilty


def _names_a_place(file: Path) -> bool:
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    return bool(OWN_PATH.search(text)) or str(ROOT) in text


def test_a_number_of_one_has_its_own_word():
    facts = {"table": "units", "title": "承办单位", "says": "s", "rows": ""}
    one, two = (say("contracts.stop_promise", n=n, **facts).en for n in (1, 2))
    assert one.startswith("1 row of units breaks") and two.startswith("2 rows of units break the")
    plain = [key for topic in ("contracts", "ingest", "assess") for key, words in _sentences(topic).items()
             if re.search(r"\{n\} (rows|cells|ids|columns|values) ", words["en"])]
    assert plain == ["stop_row_more"]  # said of several only
