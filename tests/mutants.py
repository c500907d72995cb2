"""Puts small faults into queries and engines, one at a time, and sees whether the tests notice.

    python tests/mutants.py --seed 20261129            all 60
    python tests/mutants.py --list                     what is drawn, nothing run
    python tests/mutants.py --only 7                   one of them
    python tests/mutants.py --part 2/4                 every fourth, from the second

Drawn are half from SQL and half from Python. A fault is drawn by the hash of its seed, file, kind and line, so that a
change elsewhere draws no other faults. Each is put into a copy of the project, and the folders that tests/README.md
names for its file run there, the cheapest first, up to the first failure. The report tells killed from survived, each
with file, line and difference. Exit 0 where at most ``--may-survive`` are left, else 1.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from difflib import unified_diff
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.mutations import Change, python, sql  # noqa: E402

SEED = 20261129
DRAWN = 60
MAY_SURVIVE = 5
MOST_OF_A_FILE = 4  # no file is more than a fifteenth of the draw
TIMEOUT = 900  # seconds for the tests of one fault; a loop without an end is a fault noticed
SOURCES = {  # what reads, counts, judges and ranks; stages/publish.py lays out pages and is left to the pages' tests
    "sql": ("sql/facts/*", "sql/tallies/*", "sql/ledger/*", "sql/checks/*", "sql/staging/*"),
    "python": ("pipelines/engines/*.py", "pipelines/stages/*.py"),
}
NOT_DRAWN = "pipelines/stages/publish.py"
QUICK = (  # the first pattern that fits a file names its tests, the cheapest first
    ("sql/facts/*", "tests/sql tests/oracle tests/sabotage"),
    ("sql/tallies/*", "tests/sql tests/oracle"),
    ("sql/ledger/*", "tests/sql tests/oracle"),
    ("sql/checks/*", "tests/contracts tests/ingest"),
    ("sql/staging/*", "tests/contracts tests/ingest"),
    ("pipelines/engines/batch.py", "tests/laboratory"),
    ("pipelines/engines/readings.py", "tests/laboratory"),
    ("pipelines/engines/rete.py", "tests/engines tests/rules tests/libraries tests/evaluators"),
    ("pipelines/engines/marks.py", "tests/rules tests/engines tests/sql"),
    ("pipelines/engines/literal.py", "tests/rules tests/engines tests/sql tests/oracle tests/sabotage"),
    ("pipelines/engines/*", "tests/spec tests/engines tests/rules tests/oracle tests/sabotage"),
    ("pipelines/stages/ingest.py", "tests/ingest tests/contracts"),
    ("pipelines/stages/validate.py", "tests/contracts tests/ingest"),
    ("pipelines/stages/measure.py", "tests/sql tests/oracle tests/laboratory"),
    ("pipelines/stages/*", "tests/spec tests/engines tests/oracle tests/sabotage"),
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


def draw(seed: int) -> list[Mutant]:
    """The faults of a seed, SQL and Python in turn."""
    found = [_drawn_from(seed, language, patterns) for language, patterns in SOURCES.items()]
    pairs = [mutant for pair in zip(*found, strict=True) for mutant in pair]
    return [Mutant(number, *rest) for number, rest in enumerate(pairs, 1)]


def _drawn_from(seed: int, language: str, patterns: tuple[str, ...]) -> list[tuple[str, int, Change, str]]:
    found = {}
    for file in sorted({file for pattern in patterns for file in ROOT.glob(pattern)} - {ROOT / NOT_DRAWN}):
        name, source = file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")
        seen = Counter()
        for change in {"sql": sql, "python": python}[language].changes(source):
            line = source.count("\n", 0, change.start)
            text, before = source.splitlines()[line].strip(), source[change.start : change.end]
            here = (name, change.kind, text, before, change.text)
            seen[here] += 1
            place = sha256(json.dumps([seed, *here, seen[here]], ensure_ascii=False).encode()).hexdigest()
            found[place] = name, line + 1, change, source
    chosen, of_file, lines = [], Counter(), set()
    for place in sorted(found):
        name, line, *_ = found[place]
        if of_file[name] < MOST_OF_A_FILE and (name, line) not in lines:
            of_file[name] += 1
            lines.add((name, line))
            chosen.append(found[place])
    return chosen[: DRAWN // len(SOURCES)]


def folders(file: str) -> list[str]:
    """The tests that a maintainer runs for a file (tests/README.md)."""
    return next(tests for pattern, tests in QUICK if fnmatch(file, pattern)).split()


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


def failing(tree: Path, tests: list[str], seconds: int) -> tuple[str, str]:
    """(the first test that fails, what it says), ("", "") where all pass; a run beyond the time counts as failed."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", "-m", "not slow", "--tb=line", "-rfE"]
    started = time.monotonic()
    for folder in tests:
        process = subprocess.Popen(
            [*command, folder], cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=seconds - (time.monotonic() - started))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return folder, "out of time"
        if process.returncode:
            named = [line for line in said.splitlines() if line.startswith(("FAILED ", "ERROR "))]
            return (named[0].split(" - ")[0] if named else folder), (named or said.splitlines()[-1:] or [""])[0][:300]
    return "", ""


def run(mutants: list[Mutant], report: Path | None, seconds: int = TIMEOUT) -> list[Mutant]:
    """Each in turn; the survivors. A line of the report for each, as it is known."""
    survivors, proven = [], set()
    with tempfile.TemporaryDirectory(prefix="gongping-mutants-") as folder:
        tree = copy_of_the_project(Path(folder))
        for mutant in mutants:
            _must_pass(tree, [folder for folder in folders(mutant.file) if folder not in proven], seconds)
            proven.update(folders(mutant.file))
            place = tree / mutant.file
            started = time.monotonic()
            place.write_text(mutant.change.apply(mutant.sound), encoding="utf-8")
            test, said = failing(tree, folders(mutant.file), seconds)
            place.write_text(mutant.sound, encoding="utf-8")
            if not test:
                survivors.append(mutant)
            _tell(mutant, test, said, time.monotonic() - started, report)
    return survivors


def _must_pass(tree: Path, tests: list[str], seconds: int) -> None:
    """A test that fails without any fault would notice every one."""
    test, said = failing(tree, tests, seconds)
    if test:
        raise SystemExit(f"{test} fails without any fault: {said}")


def _tell(mutant: Mutant, test: str, said: str, seconds: float, report: Path | None) -> None:
    outcome = "killed" if test else "SURVIVED"
    print(f"{mutant.number:3} {outcome:8} {mutant.file}:{mutant.line} {mutant.change.kind} {seconds:.0f} s  {test}")
    print("\n".join("      " + line for line in mutant.diff().splitlines()), flush=True)
    if report:
        line = {"number": mutant.number, "outcome": outcome.lower(), "file": mutant.file, "line": mutant.line,
                "kind": mutant.change.kind, "diff": mutant.diff(), "test": test, "said": said,
                "seconds": round(seconds, 1), "change": asdict(mutant.change)}
        with report.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seed", type=int, default=SEED)
    asked.add_argument("--only", type=int, nargs="+", help="their numbers")
    asked.add_argument("--part", default="1/1", help="i/n: every n-th, from the i-th")
    asked.add_argument("--list", action="store_true", help="show what is drawn, run nothing")
    asked.add_argument("--report", type=Path, help="a file that gets a JSON line for each")
    asked.add_argument("--seconds", type=int, default=TIMEOUT, help="for the tests of one fault")
    asked.add_argument("--may-survive", type=int, default=MAY_SURVIVE)
    given = asked.parse_args()
    first, every = map(int, given.part.split("/"))
    mutants = draw(given.seed)[first - 1 :: every]
    if given.only:
        mutants = [mutant for mutant in mutants if mutant.number in given.only]
    if given.list:
        for mutant in mutants:
            print(f"{mutant.number:3} {mutant.file}:{mutant.line} {mutant.change.kind}")
            print("\n".join("      " + line for line in mutant.diff().splitlines()))
        return 0
    survivors = run(mutants, given.report, given.seconds)
    print(f"{len(mutants) - len(survivors)} of {len(mutants)} killed; survived: {[m.number for m in survivors]}")
    return int(len(survivors) > given.may_survive)


if __name__ == "__main__":
    sys.exit(main())
