"""Puts small faults into queries and engines, one at a time, and sees whether the tests notice.

    python tests/mutants.py --seed 20261129            all 60
    python tests/mutants.py --list                     what is drawn, nothing run
    python tests/mutants.py --only 7                   one of them
    python tests/mutants.py --drawn 500 --part 2/40    of 500 every fortieth, from the second
    python tests/mutants.py --from engines             those of a layer, or of files: 'pipelines/engines/v*.py'
    python tests/mutants.py --near                     by the tests that name them alone: as many at least are noticed
    python tests/mutants.py --again                    those that survived once more, by all their tests

As many are drawn from SQL as from each layer of Python. A fault is drawn by the hash of its seed, file, kind and line,
so that a change elsewhere draws no other faults. Each is put into a copy of the project. There the tests run that
noticed earlier faults of its file, then those that name it, then the folders that tests/README.md names for it, the
cheapest first, up to the first failure; that one must pass without the fault. The report tells killed from survived,
each with file, line and difference; what stands there already is not run again. Exit 0 where at most ``--may-survive``
are left, else 1.
"""

import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import unified_diff
from fnmatch import fnmatch
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.mutations import Change, python, sql  # noqa: E402
from tests.proof import group  # noqa: E402

SEED = 20261129
DRAWN = 60
MAY_SURVIVE = 5
MOST_OF_A_FILE = 15  # no file is more than a fifteenth of the draw
REPORT = ROOT / "proof" / "mutants.jsonl"
AGAIN = 6  # of the tests that noticed a fault of a file are tried first on the next one
NAMING = 6  # test modules that name what is at fault, before whole folders
NOT_THERE = 4  # pytest's exit code for a test that it does not find
TOLD = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
TIMEOUT = 900  # seconds for one run of tests; a loop without an end is a fault noticed
LATE = "out of time"
SOURCES = {  # what reads, counts, judges, ranks and publishes; stages/publish.py lays out pages, which pages' tests see
    "sql": ("sql/facts/*", "sql/tallies/*", "sql/ledger/*", "sql/checks/*", "sql/staging/*"),
    "engines": ("pipelines/engines/*.py",),
    "stages": ("pipelines/stages/*.py", "pipelines/scoring/*.py"),
    "rulebook": ("pipelines/rulebook/*.py",),
    "publication": ("pipelines/publication/*.py",),
    "evaluators": ("pipelines/evaluators/*.py",),
}
NOT_DRAWN = "pipelines/stages/publish.py"
QUICK = (  # the first pattern that fits a file names its tests, the cheapest first
    ("sql/facts/*", "tests/sql tests/oracle tests/sabotage"),
    ("sql/tallies/*", "tests/sql tests/oracle"),
    ("sql/ledger/*", "tests/sql tests/oracle"),
    ("sql/checks/*", "tests/contracts tests/ingest"),
    ("sql/staging/*", "tests/contracts tests/ingest"),
    ("pipelines/engines/batch.py", "tests/laboratory"),
    ("pipelines/engines/rete.py", "tests/engines tests/rules tests/libraries tests/evaluators"),
    ("pipelines/engines/marks.py", "tests/rules tests/engines tests/sql"),
    ("pipelines/engines/literal.py", "tests/rules tests/engines tests/sql tests/oracle tests/sabotage"),
    ("pipelines/engines/*", "tests/engines tests/kinds tests/rules tests/spec tests/oracle tests/sabotage"),
    ("pipelines/stages/ingest.py", "tests/ingest tests/contracts"),
    ("pipelines/stages/validate.py", "tests/contracts tests/ingest"),
    ("pipelines/stages/measure.py", "tests/sql tests/oracle tests/laboratory"),
    ("pipelines/stages/*", "tests/engines tests/kinds tests/rules tests/spec tests/oracle tests/sabotage"),
    ("pipelines/scoring/ledger.py", "tests/sql tests/oracle tests/laboratory"),
    ("pipelines/scoring/opinions.py", "tests/sabotage tests/engines tests/oracle"),
    ("pipelines/scoring/*", "tests/kinds tests/examples"),
    ("pipelines/rulebook/*", "tests/rules tests/kinds tests/examples"),
    ("pipelines/publication/*", "tests/publication tests/attack"),
    ("pipelines/evaluators/*", "tests/evaluators"),
)


@dataclass(frozen=True)
class Mutant:
    """A fault in its place: ``number`` from 1, ``line`` of its first change, ``sound`` the file without it."""

    number: int
    file: str
    line: int
    change: Change
    sound: str

    def diff(self) -> str:
        """What it changes, as a patch without context."""
        before, after = self.sound, self.change.apply(self.sound)
        lines = unified_diff(before.splitlines(), after.splitlines(), self.file, self.file, n=0, lineterm="")
        return "\n".join(list(lines)[2:])


def draw(seed: int, drawn: int = DRAWN) -> list[Mutant]:
    """The faults of a seed, of SQL and the layers of Python in turn."""
    found = [_drawn_from(seed, patterns, -(-drawn // len(SOURCES)), drawn) for patterns in SOURCES.values()]
    turns = [mutant for turn in zip_longest(*found) for mutant in turn if mutant]
    return [Mutant(number, *rest) for number, rest in enumerate(turns[:drawn], 1)]


def _drawn_from(seed: int, patterns: tuple[str, ...], share: int, drawn: int) -> list[tuple[str, int, Change, str]]:
    found = {}
    for file in sorted({file for pattern in patterns for file in ROOT.glob(pattern)} - {ROOT / NOT_DRAWN}):
        name, source = file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")
        seen = Counter()
        for change in (sql if name.startswith("sql/") else python).changes(source):
            line = source.count("\n", 0, change.start)
            text, before = source.splitlines()[line].strip(), source[change.start : change.end]
            here = (name, change.kind, text, before, change.text)
            seen[here] += 1
            place = sha256(json.dumps([seed, *here, seen[here]], ensure_ascii=False).encode()).hexdigest()
            found[place] = name, line + 1, change, source
    chosen, of_file, lines = [], Counter(), set()
    for place in sorted(found):
        name, line, *_ = found[place]
        if of_file[name] < max(1, drawn // MOST_OF_A_FILE) and (name, line) not in lines:
            of_file[name] += 1
            lines.add((name, line))
            chosen.append(found[place])
    return chosen[:share]


def folders(file: str) -> list[str]:
    """The tests that a maintainer runs for a file (tests/README.md)."""
    return next(tests for pattern, tests in QUICK if fnmatch(file, pattern)).split()


def naming(mutant: Mutant) -> list[str]:
    """The test modules of its folders that name the file or the function at fault: its own, then what names most."""
    own = Path(mutant.file).name.split(".")[0]
    words = {own, *_functions(mutant)}
    word = re.compile(rf"\b({'|'.join(map(re.escape, words))})\b")
    told = {}
    for folder in folders(mutant.file):
        for test in (ROOT / folder).rglob("test_*.py"):
            if count := len(set(word.findall(test.read_text(encoding="utf-8")))):
                told[test.relative_to(ROOT).as_posix()] = (test.stem != f"test_{own}", -count, test.stat().st_size)
    return sorted(told, key=told.__getitem__)[:NAMING]


def _functions(mutant: Mutant) -> list[str]:
    """Those around a line, but for what every class has."""
    if not mutant.file.endswith(".py"):
        return []
    found = [node for node in ast.walk(ast.parse(mutant.sound)) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return [node.name for node in found if node.lineno <= mutant.line <= node.end_lineno and node.name[:2] != "__"]


def copy_of_the_project(into: Path) -> Path:
    """The files that git knows or would take, without what runs made."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, into / name)
    if (ROOT / ".fonts").exists():  # too large to copy, nothing is written there
        (into / ".fonts").symlink_to(ROOT / ".fonts")
    return into


def failing(tree: Path, chosen: list[list[str]], seconds: int) -> tuple[str, str]:
    """(the first test that fails, what it says), ("", "") where all pass; a run beyond the time counts as failed.

    Each choice of tests is a run of its own, with a time of its own: folders, or single tests, which may be gone since
    they were noted.
    """
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", "-m", "not slow", "--tb=line", "-rfE"]
    for tests in chosen:
        try:
            with group([*command, *tests], cwd=tree, env=environment, **TOLD) as process:
                said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return f"FAILED {tests[0]}", LATE
        gone = process.returncode == NOT_THERE and "::" in tests[0]
        if process.returncode and not gone:
            named = [line for line in said.splitlines() if line.startswith(("FAILED ", "ERROR "))]
            told = (named or said.splitlines()[-1:] or [""])[0][:300]
            return (named[0].split(" - ")[0] if named else f"FAILED {tests[0]}"), told
    return "", ""


def chosen(mutant: Mutant, near: bool) -> list[list[str]]:
    """The runs of pytest that may notice a fault, the likeliest first; only that one where ``near`` and it is there."""
    named = naming(mutant)
    return [named] if near and named else [*([named] if named else []), *([one] for one in folders(mutant.file))]


def run(mutants: list[Mutant], report: Path, seconds: int, tests: list[str] | None, near: bool) -> None:
    """Each in turn, by its own tests, or by those that are given; a line of the report for each, as it is known."""
    proven = set()
    with tempfile.TemporaryDirectory(prefix="gongping-mutants-") as folder:
        tree = copy_of_the_project(Path(folder))
        for mutant in mutants:
            place, before = tree / mutant.file, _noticed_by(mutant.file, report)
            others = [[one] for one in tests] if tests else chosen(mutant, near)
            started = time.monotonic()
            place.write_text(mutant.change.apply(mutant.sound), encoding="utf-8")
            test, said = failing(tree, [*([before] if before else []), *others], seconds)
            place.write_text(mutant.sound, encoding="utf-8")
            if test and (test, said) not in proven:
                _must_pass(tree, test.split(" ", 1)[1], seconds // 3 if said == LATE else seconds)
                proven.add((test, said))
            _tell(mutant, test, time.monotonic() - started, report)


def _noticed_by(file: str, report: Path) -> list[str]:
    """The single tests that noticed the last faults of a file, the newest first."""
    tests = [one["test"].split(" ", 1)[1] for one in _lines(report) if one["file"] == file and "::" in one["test"]]
    return list(dict.fromkeys(reversed(tests)))[:AGAIN]


def _must_pass(tree: Path, test: str, seconds: int) -> None:
    """A test that fails without any fault would notice every one; so would a machine that is too slow."""
    failed, said = failing(tree, [[test]], seconds)
    if failed:
        raise SystemExit(f"{failed} without any fault: {said}")


def _tell(mutant: Mutant, test: str, seconds: float, report: Path) -> None:
    outcome = "killed" if test else "SURVIVED"
    print(f"{mutant.number:3} {outcome:8} {mutant.file}:{mutant.line} {mutant.change.kind} {seconds:.0f} s  {test}")
    print("\n".join("      " + line for line in mutant.diff().splitlines()), flush=True)
    line = {"outcome": outcome.lower(), "file": mutant.file, "line": mutant.line, "kind": mutant.change.kind}
    line |= {"diff": mutant.diff(), "test": test, "seconds": round(seconds), "date": f"{datetime.now(UTC):%Y-%m-%d}"}
    report.parent.mkdir(exist_ok=True)
    with report.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seed", type=int, default=SEED)
    asked.add_argument("--drawn", type=int, default=DRAWN)
    asked.add_argument("--from", dest="layer", help=f"a layer ({', '.join(SOURCES)}) or a pattern of files")
    asked.add_argument("--tests", help="only these, in the place of the table's")
    asked.add_argument("--only", type=int, nargs="+", help="their numbers")
    asked.add_argument("--part", default="1/1", help="i/n: every n-th, from the i-th")
    asked.add_argument("--near", action="store_true", help="no whole folders of tests, only those that name a fault")
    asked.add_argument("--again", action="store_true", help="what survived once more; its newest outcome counts")
    asked.add_argument("--list", action="store_true", help="show what is drawn, run nothing")
    asked.add_argument("--report", type=Path, default=REPORT, help="a file that gets a JSON line for each")
    asked.add_argument("--seconds", type=int, default=TIMEOUT, help="for one run of tests")
    asked.add_argument("--may-survive", type=int, default=MAY_SURVIVE)
    given = asked.parse_args()
    first, every = map(int, given.part.split("/"))
    mutants = draw(given.seed or SEED, given.drawn)
    if given.layer:
        patterns = SOURCES.get(given.layer, (given.layer,))
        mutants = [one for one in mutants if any(fnmatch(one.file, pattern) for pattern in patterns)]
    mutants = mutants[first - 1 :: every]
    if given.only:
        mutants = [mutant for mutant in mutants if mutant.number in given.only]
    if given.list:
        for mutant in mutants:
            print(f"{mutant.number:3} {mutant.file}:{mutant.line} {mutant.change.kind}")
            print("\n".join("      " + line for line in mutant.diff().splitlines()))
        return 0
    known = _reported(given.report)
    done = {"killed"} if given.again else {"killed", "survived"}
    left = [one for one in mutants if known.get((one.file, one.diff())) not in done]
    run(left, given.report, given.seconds, given.tests.split() if given.tests else None, given.near)
    known |= _reported(given.report)
    survivors = [one for one in mutants if known[one.file, one.diff()] == "survived"]
    print(f"{len(mutants)} mutants: {len(mutants) - len(survivors)} killed, {len(survivors)} survived: "
          f"{[one.number for one in survivors]}")
    return int(len(survivors) > given.may_survive)


def _reported(report: Path) -> dict[tuple[str, str], str]:
    """(file, difference) → outcome of what a report tells."""
    return {(one["file"], one["diff"]): one["outcome"] for one in _lines(report)}


def _lines(report: Path) -> list[dict]:
    return [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()] if report.exists() else []


if __name__ == "__main__":
    sys.exit(main())
