"""The faults of tests/mutants.py: the same for a seed, each a real change, of every kind, in both languages."""

import ast
import subprocess
import sys
from fnmatch import fnmatch

from pipelines.paths import ROOT
from tests.mutants import LATE, SOURCES, failing
from tests.mutations import python, sql

MODULE = """
def f(a, b):
    if a < 1 and b:
        return min(a, b) - 1
    return sorted(a, key=lambda x: (-x, b))
"""
QUERY = "select a, min(b) from t where c.sign_due_at >= $x and c.reply_due_at is not null order by a, b desc;\n"


def made(language, source: str) -> dict[str, list[str]]:
    """Kind → sources with one fault of that kind."""
    found = {}
    for change in language.changes(source):
        found.setdefault(change.kind, []).append(change.apply(source))
    return found


def test_a_module_is_given_faults_of_every_kind_and_stays_python():
    found = made(python, MODULE)
    kinds = {"comparator", "and/or", "constant", "arithmetic", "deleted condition", "min/max", "sign or not"}
    assert set(found) == kinds | {"order of sort keys"}
    for source in (text for texts in found.values() for text in texts):
        assert ast.dump(ast.parse(source)) != ast.dump(ast.parse(MODULE))
    assert any("a <= 1" in text for text in found["comparator"])
    assert any("(b, -x)" in text for text in found["order of sort keys"])


def test_a_query_is_given_faults_of_every_kind_and_its_comments_and_templates_none():
    found = made(sql, QUERY)
    assert any("order by b desc, a" in text for text in found["order of sort keys"])
    assert any("where true and" in text for text in found["deleted condition"])
    assert any("c.sign_due_at is not null" in text for text in found["swapped columns"])
    assert any("max(b)" in text for text in found["min/max"])
    assert any("> $x" in text for text in found["comparator"])
    assert sql.changes("-- a < b and c\n{% if a < 1 %}{{ min(1) }}{% endif %}'a < b'\n") == []


def test_a_seed_draws_sixty_faults_in_sixty_places():
    command = [sys.executable, "tests/mutants.py", "--list"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    places = [line.split()[1] for line in listed.splitlines() if line[:3].strip().isdecimal()]
    assert len(set(places)) == 60
    files = [place.rpartition(":")[0] for place in places]
    drawn = {layer: sum(any(fnmatch(file, one) for one in of) for file in files) for layer, of in SOURCES.items()}
    assert drawn == dict.fromkeys(SOURCES, 10)


def test_a_run_of_tests_that_does_not_end_is_told_from_one_that_fails(tmp_path):
    (tmp_path / "test_ends.py").write_text("def test_no():\n    assert False\n", encoding="utf-8")
    (tmp_path / "test_stays.py").write_text("import time\n\ndef test_long():\n    time.sleep(60)\n", encoding="utf-8")
    assert failing(tmp_path, [["test_stays.py"]], 2) == ("FAILED test_stays.py", LATE)
    test, said = failing(tmp_path, [["test_ends.py"], ["test_stays.py"]], 60)
    assert (test, said != LATE) == ("FAILED test_ends.py::test_no", True)
