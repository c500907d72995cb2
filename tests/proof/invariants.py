"""What holds in a city's folder at any moment, read without the program: files, hashes and sums alone."""

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from pipelines.paths import ROOT

RECOMPUTE = ROOT / "reports" / "proof" / "recompute.py"
OPEN, CLOSED = "assigned", ("rated", "returned", "withdrawn")
ROWS_GO_TO = ("scored", "other_period", "excluded", "counted_before")


class Broken(AssertionError):
    """A promise that was not kept."""


class Invariants:
    """The promises about a world's folder; it remembers what may not change any more."""

    def __init__(self, folder: Path, evaluators: list[str]) -> None:
        self.folder, self.out = folder, folder / "out"
        self.names = [name.encode() for name in evaluators]
        self.looked_at: set[tuple[str, int]] = set()  # folders and files that do not change
        self.editions: dict[str, bytes] = {}
        self.lines: dict[str, bytes] = {}
        self.left: set[str] = set()
        self.periods: set[str] = set()

    def hold(self, clean: bool) -> None:
        """Broken where one does not hold; ``clean`` after a command that nothing disturbed."""
        if self.out.exists():
            self.only_added_to(clean)
            self.evaluators_log()
            self.whole_or_old()
            self.editions_stay()
            self.nobody_named()
            if clean:
                self.nothing_left()
            self.left = self.leftovers()

    def must(self, holds: object, what: str) -> None:
        """Broken where it does not hold."""
        if not holds:
            raise Broken(what)

    def log(self) -> list[dict]:
        """The evaluators' log, without a line that a crash cut short."""
        file = self.out / "restricted" / "evaluators" / "log.jsonl"
        lines = file.read_bytes().split(b"\n")[:-1] if file.exists() else []
        return [json.loads(line) for line in lines]

    def open_assignments(self) -> list[tuple[str, str]]:
        """(assignment, evaluator) of those that nobody has ended."""
        ended = {event["assignment_id"] for event in self.log() if event["kind"] in CLOSED}
        return [(event["assignment_id"], event["evaluator_id"]) for event in self.log()
                if event["kind"] == OPEN and event["assignment_id"] not in ended]

    def only_added_to(self, clean: bool) -> None:
        """Logs and records keep what they said; what a crash left of a line may go again."""
        files = [*self.out.glob("record/*.jsonl"), *self.out.glob("restricted/evaluators/log.jsonl")]
        for file in files:
            now, name = file.read_bytes(), file.relative_to(self.out).as_posix()
            self.must(now.startswith(self.lines.get(name, b"")), f"{name} was changed where it stood")
            if clean:
                self.must(now.endswith(b"\n"), f"{name} ends within a line")
                self.lines[name] = now
        self.must(set(self.lines) <= {f.relative_to(self.out).as_posix() for f in files}, "a log or record is gone")

    def evaluators_log(self) -> None:
        """One open assignment a case row, one last word, one reminder each, at most three assignments."""
        of, held, final, reminded, made = {}, {}, set(), Counter(), Counter()
        for event in self.log():
            kind, id = event["kind"], event.get("assignment_id")
            if kind == OPEN:
                row = of[id] = event["case_id"], event["unit_id"]
                made[row] += 1
                self.must(row not in held, f"two open assignments of {row}")
                self.must(row not in final, f"{row} was assigned after its last word")
                self.must(made[row] <= 3, f"{row} was assigned {made[row]} times")
                held[row] = id
            elif kind in CLOSED and of.get(id) in held and held[of[id]] == id:
                del held[of[id]]
                if kind == "rated":
                    self.must(of[id] not in final, f"two last words on {of[id]}")
                    final.add(of[id])
            elif kind == "reminded":
                reminded[id] += 1
                self.must(reminded[id] == 1, f"{id} was reminded twice")

    def whole_or_old(self) -> None:
        """What readers open is one whole run: every hash, every sum, every row accounted for."""
        periods = [path for path in self.out.iterdir() if path.is_symlink()]
        gone = self.periods - {path.name for path in periods}
        self.must(not gone, f"the results of {gone} are gone")
        self.periods |= {path.name for path in periods}
        for folder in [*periods, *self.out.glob("published/*/[0-9]*")]:
            if not folder.is_dir():
                self.must(not folder.is_symlink(), f"{folder.name} leads nowhere")
                continue
            known = str(folder.resolve()), folder.stat().st_ino
            if known in self.looked_at:
                continue
            self.looked_at.add(known)
            found = subprocess.run([sys.executable, "-I", "-S", RECOMPUTE, folder.resolve()], capture_output=True,
                                   text=True, check=False)
            self.must(found.returncode == 0, f"{folder.name} does not add up:\n{found.stdout}{found.stderr}")
            self.rows_add_up(folder / "accounts.csv")

    def rows_add_up(self, file: Path) -> None:
        """Every row that came in went somewhere, once."""
        with file.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                if row["table"] == "cases":
                    parts = sum(int(row[name] or 0) for name in (*ROWS_GO_TO, "quarantined", "left_out"))
                    self.must(parts == int(row["received"]), f"rows of {row['unit_id']} do not add up: {row}")

    def editions_stay(self) -> None:
        """What was published keeps its bytes."""
        for file in self.out.glob("published/*/[0-9]*/**/*"):
            if file.is_file():
                name = file.relative_to(self.out).as_posix()
                if name in self.editions and file.stat().st_mtime_ns == self.editions[name][0]:
                    continue
                content = file.read_bytes()
                self.must(self.editions.get(name, (0, content))[1] == content, f"{name} was changed after publication")
                if (self.out / "published" / file.relative_to(self.out / "published").parts[0] / "index.json").exists():
                    self.editions[name] = file.stat().st_mtime_ns, content
        gone = [name for name in self.editions if not (self.out / name).exists()]
        self.must(not gone, f"{gone[:1]} was published and is gone")

    def nobody_named(self) -> None:
        """No evaluator's name in anything outside the restricted folder."""
        for path in self.out.rglob("*"):
            if path.is_symlink() or not path.is_file() or "restricted" in path.parts:
                continue
            known = str(path), path.stat().st_mtime_ns
            if known not in self.looked_at:
                self.looked_at.add(known)
                content = path.read_bytes()
                self.must(not any(name in content for name in self.names), f"{path} names an evaluator")

    def nothing_left(self) -> None:
        """A command that nothing disturbed leaves no scratch and no half-written folder behind."""
        left = self.leftovers() - self.left
        self.must(not left, f"left behind: {', '.join(left)}")

    def leftovers(self) -> set[str]:
        """What lies where work is done."""
        found = [*self.out.glob(".staging/*"), *(self.folder / "tmp").iterdir()]
        return {os.path.relpath(one, self.folder) for one in found} - {"tmp/calls"}
