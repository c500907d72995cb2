"""One seed, one world: quarters of a city through the real commands, with everything that goes wrong in a year.

    python -m tests.proof.world --seed 7            one world, told step by step
    python -m tests.proof.world --worlds 200 --part 1/20 --seed 3

Late and damaged exports, evaluators who act or do not, objections, a merger, another book, a new edition of it in
mid-year, another version of the program, other keys, two operators at once, a clock that was wrong or leapt ahead, and
faults of the machine at any call that writes (`faults`). After a publication comes the next quarter; the one before may
be scored and corrected once more. A command that meets a fault runs in a twin of the world without it first: the fault
may leave the old or the new, and the same command once more must end in the twin's bytes. After every command all that
`Invariants` says is looked at. The commands run in forked processes, at the world's own time. The same seed makes the
same world.
"""

import argparse
import csv
import importlib
import os
import random
import re
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime, timedelta
from pathlib import Path

from pipelines.edges import templates, warehouse
from pipelines.model.period import Period
from pipelines.paths import RULES, SQL
from pipelines.publication import ssh
from pipelines.rulebook.load import load_rulebook
from pipelines.sample.make import make_sample
from tests.proof import faults
from tests.proof.invariants import Broken, Invariants
from tests.running.by_hand import known, without_orphans
from tests.shape import source

PERIODS = [Period.parse(f"2026Q{n}") for n in (2, 3, 4)]
PEOPLE = {"林一": "审核", "吴二": "签发", "周三": "拟稿"}
OF_A_QUARTER = ("cases", "incidents", "instructions", "awards", "extensions", "difficulties", "commendations")
NAMES = ("case_id", "incident_id", "instruction_id", "award_id", "extension_id", "statement_id", "commendation_id")
FAULTED = 0.4  # of the commands meet a fault of the machine
WORK_OF_A_DESK = ("run", "preview", "wait", "approve", "approve_too", "publish")
FIXED = ("rules", "all", "keys", "tmp")  # of a world's folder, what no command writes


class World:
    """A city in ``folder``; ``told`` lists what happened."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.rng, self.folder, self.told = random.Random(seed), folder, []
        self.now = PERIODS[0].end - timedelta(days=self.rng.randrange(3, 40), hours=self.rng.randrange(24))
        self.acts = self.desk = self.revision = self.quarter = self.program = 0
        self.options: tuple[str, ...] = ()
        self.merged = ""
        for name in ("x", "in", "keys", "tmp"):
            (folder / name).mkdir(parents=True)
        size = self.rng.randrange(3, 6), self.rng.randrange(40, 120)
        self.tables: dict[str, list[dict]] = {}
        for n, period in enumerate(PERIODS):
            make_sample(folder / "all" / str(period), period, *size, seed + n)
            for file in sorted((folder / "all" / str(period)).glob("*.csv")):
                _add(self.tables, file.stem, _rows(file), f"_{n}" if n else "")
        self.columns = {file.stem: _header(file) for file in (folder / "all" / str(PERIODS[0])).glob("*.csv")}
        self.decisions = self.tables["adjustments"] = []
        for name in PEOPLE:
            ssh.make_pair(folder / "keys" / name, name)
        self.keys = {name: Path("keys", name) for name in PEOPLE}
        self.must = Invariants(folder, [row["name"] for row in self.tables["evaluators"]])
        self.export()
        signers = [word for name, role in PEOPLE.items() for word in ("--signer", name, f"keys/{name}.pub", role)]
        self.command("signers", "init", *signers, *self.at_desk)

    at_desk = ("--out", "out", "--signers", "rules/signers")

    @property
    def period(self) -> str:
        """The quarter that is worked at."""
        return str(PERIODS[self.quarter])

    def live(self, steps: int) -> None:
        """Some steps, each drawn; Broken where a promise is."""
        ways = {self.work: 10, self.evaluators: 4, self.export: 2, self.objection: 2, self.merger: 1, self.book: 1,
                self.edition: 1, self.upgrade: 1, self.key: 1, self.two_at_once: 2, self.wrong_clock: 1, self.look: 2,
                self.earlier: 1}
        for _ in range(steps):
            self.now += timedelta(hours=self.rng.randrange(1, 72))
            (way,) = self.rng.choices([*ways], [*ways.values()])
            self.told.append(f"{self.now} {way.__name__}")
            way()

    # What people do with files

    def export(self) -> None:
        """The exports as they are known, late by up to two days; some rows damaged, in any order, once in a while."""
        late = self.now - timedelta(hours=self.rng.randrange(48))
        tables, _ = without_orphans(known(self.tables, late))
        ids = {row["case_id"] for row in tables["cases"]}
        for table, rows in tables.items():
            rows = [row for row in rows if not row.get("case_id") or row["case_id"] in ids or table == "adjustments"]
            rng = self.rng if table == "cases" else None
            _write(self.folder / "x" / f"{table}.csv", rows, self.columns[table], rng)
        marker = self.folder / "all" / str(PERIODS[0]) / "SIMULATED"
        (self.folder / "x" / "SIMULATED").write_bytes(marker.read_bytes())

    def objection(self) -> None:
        """A decision about a deduction of the ledger in force; it is in the exports from then on."""
        ledger = self.folder / "out" / self.period / "ledger.csv"
        lines = [row for row in _rows(ledger) if row["case_id"] and not row["adjustment_id"]] if ledger.exists() else []
        if lines:
            line = self.rng.choice(lines)
            self.decisions.append({
                "adjustment_id": f"W{len(self.decisions)}", "action": "waive_deduction", "unit_id": line["unit_id"],
                "case_id": line["case_id"], "rule_id": line["rule_id"], "ref_id": line["ref_id"],
                "decided_by": "市长专线科", "decided_on": f"{self.now:%Y-%m-%d}", "reason": "情况属实"})
        self.export()

    def merger(self) -> None:
        """A unit goes up in another one."""
        if not self.merged:
            one, other = self.rng.sample([row["unit_id"] for row in self.tables["units"]], 2)
            start = PERIODS[self.quarter].start
            self.merged, day = one, f"{start + timedelta(days=self.rng.randrange(1, 90)):%Y-%m-%d}"
            self.columns["units"] += ["valid_to", "succeeded_by"]
            for row in self.tables["units"]:
                own = {"valid_to": day, "succeeded_by": other} if row["unit_id"] == one else {}
                row |= {"valid_to": "", "succeeded_by": ""} | own
        self.export()

    def book(self) -> None:
        """Another reading, or the same book from another folder."""
        self.own_book()
        self.options = self.rng.choice([(), ("--reading", "satisfied=full_only"), ("--rules", "rules/standard"),
                                        ("--reading", "shortfall=pro_rata")])

    def own_book(self) -> Path:
        """The city's own copy of the book."""
        own = self.folder / "rules" / "standard"
        return own if own.exists() else Path(shutil.copytree(RULES / "standard", own))

    def edition(self) -> None:
        """A rule of the city's own book ends with a quarter of the year, and is gone from the next one."""
        own = self.own_book()
        rules = [file for file in sorted(own.glob("A*/*.yaml")) if "in_force" not in file.read_text(encoding="utf-8")]
        last = self.rng.choice(PERIODS[:-1]).end - timedelta(days=1)
        file = self.rng.choice(rules)
        file.write_text(f"{file.read_text(encoding='utf-8')}in_force: {{to: {last:%Y-%m-%d}}}\n", encoding="utf-8")
        self.told.append(f"  {file.stem} until {last:%Y-%m-%d}")
        self.options = ("--rules", "rules/standard")

    def upgrade(self) -> None:
        """Another version of the program, for everything from then on."""
        self.program += 1

    # What people do with commands

    def work(self) -> None:
        """The next step of the desk; where it is refused, from the run on."""
        way = WORK_OF_A_DESK[self.desk]
        self.told.append(f"  {way}")
        code = getattr(self, way)()
        self.desk = (self.desk + 1) % len(WORK_OF_A_DESK) if code == 0 else 0
        if (way, code) == ("publish", 0) and self.quarter < len(PERIODS) - 1:
            self.quarter += 1
            self.now = max(self.now, PERIODS[self.quarter].end - timedelta(days=self.rng.randrange(20)))
            self.export()

    def earlier(self) -> None:
        """A quarter that is over is scored again, looked at or corrected."""
        quarter, self.quarter = self.quarter, self.rng.randrange(self.quarter + 1)
        for way in self.rng.choice([(self.run,), (self.run, self.preview), (self.run, self.publish), (self.look,)]):
            way()
        self.quarter = quarter

    def run(self) -> int:
        """Score the quarter."""
        return self.command("run", self.period, "--exports", "x", "--out", "out", "--no-pdf", *self.options)

    def preview(self) -> int:
        """Send it to the units."""
        return self.command("preview", self.period, *self.at_desk)

    def wait(self) -> int:
        """The days for objections go by."""
        self.now += timedelta(days=self.rng.randrange(1, 14))
        return 0

    def approve(self, name: str = "林一") -> int:
        """One of the two signatures."""
        by = ("--by", name, "--role", PEOPLE[name], "--key", str(self.keys[name]))
        return self.command("approve", self.period, *by, "--ticked", "all", *self.at_desk)

    def approve_too(self) -> int:
        """The other one, or the same person once more."""
        return self.approve(self.rng.choice(["吴二", "吴二", "吴二", "林一"]))

    def publish(self) -> int:
        """What was approved, as the first edition or as a correction."""
        if not (self.folder / "out" / "published" / self.period).exists():
            return self.command("publish", self.period, "--without-pdf", *self.at_desk)
        by = ("--by", "林一", "--role", "审核", "--key", str(self.keys["林一"]), "--reason", "复核")
        return self.command("correct", self.period, "--without-pdf", *by, *self.at_desk)

    def evaluators(self) -> None:
        """Some act on what they have, then the office takes its step."""
        open_ones, path = self.must.open_assignments(), self.folder / "in" / f"evaluator_actions_{self.acts}.csv"
        rows = []
        for id, who in self.rng.sample(open_ones, min(len(open_ones), 3)):
            self.acts += 1
            at = self.now - timedelta(minutes=self.rng.randrange(1, 600))
            act = self.rng.choice(["rate", "rate", "return"])
            rows.append({
                "action_id": f"A{self.acts}", "evaluator_id": self.rng.choice([who, who, who, "E001"]), "action": act,
                "acted_at": f"{at}", "assignment_id": id, "rating": "satisfied" if act == "rate" else "",
                "reason": self.rng.choice(["程序合规", ""])})
        if rows:
            _write(path, rows, list(rows[0]))
        self.command(*self.office_step)

    office_step = ("evaluators", "step", "--exports", "x", "--inbox", "in", "--out", "out")

    def key(self) -> None:
        """Somebody gets another key, by two signatures."""
        self.revision += 1
        fresh = self.folder / "keys" / f"{self.revision}"
        ssh.make_pair(fresh, "周三")
        by = {name: ("--by", name, "--key", str(self.keys[name])) for name in ("林一", "吴二")}
        replace = ("signers", "replace", "周三", "--public", f"keys/{self.revision}.pub", *by["林一"], *self.at_desk)
        if self.command(*replace) == 0 and self.command("signers", "agree", *by["吴二"], *self.at_desk) == 0:
            self.keys["周三"] = Path("keys", f"{self.revision}")

    def wrong_clock(self) -> None:
        """The machine's clock was up to two days behind for one command, or weeks ahead."""
        ahead = self.rng.choice([-timedelta(hours=1), -timedelta(hours=1), timedelta(hours=9)])
        right, self.now = self.now, self.now + ahead * self.rng.randrange(1, 48)
        self.rng.choice([self.run, self.preview, self.approve, self.publish, self.evaluators])()
        self.now = right

    def look(self) -> None:
        """What only reads changes nothing that readers open."""
        before = _bytes(self.folder)
        verb = self.rng.choice([("status",), ("status", self.period), ("verify", self.period), ("signers",)])
        self.command(*verb, *(("--out", "out") if verb == ("status",) else self.at_desk), faulted=False)
        self.same(before, _bytes(self.folder), f"{verb} changed")

    def two_at_once(self) -> None:
        """Two operators with one thought, or with two."""
        run = ("run", self.period, "--exports", "x", "--out", "out", "--no-pdf", *self.options)
        preview, publish = (("preview", self.period, *self.at_desk),
                            ("publish", self.period, "--without-pdf", *self.at_desk))
        pair = self.rng.choice([(run, run), (self.office_step, self.office_step), (run, publish), (preview, preview),
                                (publish, publish), (run, self.office_step), (preview, run)])
        self.told.append(f"  {pair[0][0]} beside {pair[1][0]}")
        began = [self.begin(self.folder, words, faults.Fault()) for words in pair]
        for words, child in zip(pair, began, strict=True):
            self.ended(words, self.code_of(child), faulted=False)
        self.must.hold(clean=True)

    # How a command runs

    def command(self, *words: str, faulted: bool = True) -> int:
        """Run a command, perhaps with a fault and once more; its code. Broken where it does what it must not."""
        if not faulted or self.rng.random() > FAULTED:
            code = self.ended(words, self.code_of(self.begin(self.folder, words, faults.Fault())), faulted=False)
            self.told.append(f"    {' '.join(words)[:100]} → {code}")
            self.must.hold(clean=True)
            return code
        kind, place = self.rng.choice(faults.KINDS), self.rng.random()
        with tempfile.TemporaryDirectory(prefix="gongping-twin-") as there:
            twin = Path(there, "twin")
            shutil.copytree(self.folder, twin, symlinks=True)
            code = self.ended(words, self.code_of(self.begin(twin, words, faults.Fault())), faulted=False)
            calls = int((twin / "tmp" / "calls").read_text())
            fault = faults.Fault(kind, 1 + int(place * calls))
            self.told.append(f"    {' '.join(words)[:100]} → {code}; {kind} at call {fault.at} of {calls}")
            self.ended(words, self.code_of(self.begin(self.folder, words, fault)), faulted=True)
            self.must.hold(clean=False)
            again = self.ended(words, self.code_of(self.begin(self.folder, words, faults.Fault())), faulted=False)
            self.same(_bytes(twin), _bytes(self.folder), f"after {kind} at call {fault.at} and once more (→ {again})")
        self.must.hold(clean=True)
        return code

    def begin(self, folder: Path, words: tuple[str, ...], fault: faults.Fault) -> int:
        """A process that carries a command out; its number."""
        sys.stdout.flush()
        if child := os.fork():
            return child
        code = 99
        try:
            code = _carried_out(folder, words, fault, self.now, self.program, self.output(os.getpid()))
        finally:
            os._exit(code)

    def code_of(self, child: int) -> tuple[int, int]:
        """The process and how it ended: its exit code, or less than nothing for a signal."""
        return child, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def ended(self, words: tuple[str, ...], child: tuple[int, int], faulted: bool) -> int:
        """The code, where the command may end so."""
        number, code = child
        said = self.output(number).read_text(encoding="utf-8") if self.output(number).exists() else ""
        if code == 99 or "Traceback" in said or "A defect of the program" in said:
            raise Broken(f"{' '.join(words)} ended with a defect:\n{said[-3000:]}")
        if code in (1,) and not faulted or code < 0 and not faulted:
            raise Broken(f"{' '.join(words)} ended with {code} though nothing was wrong:\n{said[-3000:]}")
        self.said = said
        return code

    def output(self, number: int) -> Path:
        """Where a process says what it says."""
        return self.folder.parent / f"{number}.txt"

    def same(self, one: dict[str, bytes], other: dict[str, bytes], about: str) -> None:
        """Broken where two worlds differ."""
        differ = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
        if differ:
            raise Broken(f"{about}: {', '.join(differ[:8])} differ; the last command said:\n{self.said[-1500:]}")


def _carried_out(
    folder: Path, words: tuple[str, ...], fault: faults.Fault, now: datetime, program: int, output: Path
) -> int:
    """The command's exit code, in a process of its own; how many calls wrote stands in tmp/calls."""
    import pipelines.contracts.quality as quality
    from pipelines import cli
    from pipelines.edges import fingerprints, process
    from tests.publication.office import Checked

    os.chdir(folder)
    os.environ |= {"TMPDIR": str(folder / "tmp"), "GONGPING_LANG": "en"}
    tempfile.tempdir = None
    process.now = lambda: now
    fingerprints._sha256_of = lambda files: f"{program:064x}"
    fingerprints.code_version.cache_clear()
    quality.start_quality = lambda *facts: Checked(facts[-1])
    cli._place = lambda defect: "".join(traceback.format_exception(defect))
    with output.open("w", encoding="utf-8", buffering=1) as said:
        with redirect_stdout(said), redirect_stderr(said):
            faults.install(fault)
            code = cli._run([*words])
        fault.at = 0
        Path("tmp", "calls").write_text(str(fault.calls))
    return code


def _loaded() -> None:
    """Everything that commands import, read and compile, here and once, before they are forked off."""
    for name in source.names():
        if not name.startswith(("pipelines.flows", "pipelines.sources", "pipelines.__main__")):
            importlib.import_module(name)
    for name in ("duckdb", "pandas", "pyarrow.parquet", "durable.lang"):
        importlib.import_module(name)
    for period in PERIODS:
        load_rulebook(RULES / "standard", period)
    for file in SQL.rglob("*.sql.j2"):
        warehouse._template(file.relative_to(SQL).as_posix()[: -len(".sql.j2")], file.read_text(encoding="utf-8"))
    pages = templates.environment()
    for name in pages.list_templates(extensions=["j2"]):
        pages.get_template(name)


def _rows(file: Path) -> list[dict]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def _header(file: Path) -> list[str]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return next(csv.reader(stream))


def _add(tables: dict[str, list[dict]], name: str, rows: list[dict], mark: str) -> None:
    """The rows of another quarter beside those that are there, under names of their own; who and what stay the same."""
    if not mark or name in OF_A_QUARTER:
        own = [{key: f"{value}{mark}" if value and key in NAMES else value for key, value in row.items()}
               for row in rows]
        tables.setdefault(name, []).extend(own)


def _write(file: Path, rows: list[dict], columns: list[str], rng: random.Random | None = None) -> None:
    """Write a table; with ``rng`` perhaps in another order, with a row twice, a damaged one, or without its end."""
    rows = [dict(row) for row in rows]
    kind = rng.choice(["", "", "", "order", "twice", "damaged", "cut"]) if rng and rows else ""
    if kind == "order":
        rng.shuffle(rows)
    elif kind == "twice":
        rows.append(dict(rng.choice(rows)))
    elif kind == "damaged":
        column, value = rng.choice(["dispatched_at", "unit_id", "reply_due_at"]), rng.choice(["", "2026-13-45", "=1+1"])
        rng.choice(rows)[column] = value
    with file.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, columns, extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)
    if kind == "cut":
        os.truncate(file, file.stat().st_size - rng.randrange(1, 60))


# Where work is done, what a crash left that the next one writes over, and how far a record was known to reach.
LEFT_OUT = re.compile(r"(^|/)\.staging/|\.lock$|^tmp/|(^|/)\.[^/]+\.(new|part)$|^out/record/heads\.json$")


def _bytes(folder: Path) -> dict[str, bytes]:
    """Every file of a world that stays, and where its links lead."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if LEFT_OUT.search(name):
            continue
        if path.is_symlink():
            found[name] = bytes(path.readlink())
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


def tried(seed: int, steps: int, tell: bool = False) -> str:
    """"" where a world of this seed kept every promise, else what broke, after what."""
    with tempfile.TemporaryDirectory(prefix="gongping-world-") as place:
        told: list[str] = []
        try:
            world = World.__new__(World)
            world.__init__(seed, Path(place, "city"))
            world.live(steps)
        except Broken as broken:
            told = ["", f"BROKEN: {broken}"]
        told = [*world.told, *told]
    if tell:
        print("\n".join(told))
    return "" if not told[-1].startswith("BROKEN") else "\n".join(told[-14:])


def main() -> int:
    """Live some worlds; what broke, with the seed that shows it again."""
    asked = argparse.ArgumentParser(prog="python -m tests.proof.world", description=__doc__,
                                    formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seed", type=int, default=0, help="of the world, or of the first of many")
    asked.add_argument("--worlds", type=int, help="so many, with the seeds seed × 1000, seed × 1000 + 1, …")
    asked.add_argument("--part", default="1/1", help="i/n: every n-th of them, from the i-th")
    asked.add_argument("--steps", type=int, default=30)
    given = asked.parse_args()
    _loaded()
    if given.worlds is None:
        return int(bool(tried(given.seed, given.steps, tell=True)))
    first, every = map(int, given.part.split("/"))
    seeds = range(1000 * given.seed, 1000 * given.seed + given.worlds)[first - 1 :: every]
    failed = Counter()
    for seed in seeds:
        broke = tried(seed, given.steps)
        failed[bool(broke)] += 1
        print(f"seed {seed}: {broke or 'kept every promise'}", flush=True)
    print(f"{len(seeds)} worlds: {given.steps} steps each, {failed[True]} failed")
    return int(failed[True] > 0)


if __name__ == "__main__":
    sys.exit(main())
