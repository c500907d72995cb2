"""Runs a proof, notes what came of it, and writes docs/proof.md from what was noted.

    python -m tests.proof                                     the document anew, nothing run
    python -m tests.proof R1                                  every proof of a promise
    python -m tests.proof R1 quarters --part 3/50 --seed 7    one part of one, with seeds of its own
    python -m tests.proof R1 quarters --rest 50 --seed 7      of 50 parts those that are not noted yet, one by one

The promises are in promises.yaml. Each run appends one line to proof/PROMISE.jsonl; exit 1 where something failed. The
line's command does the same again, draw for draw, on the line's commit.
"""

import argparse
import json
import math
import os
import platform
import re
import shlex
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import yaml
from scipy.stats import binomtest

from tests.proof import group

ROOT = Path(__file__).resolve().parents[2]
PROMISES = Path(__file__).with_name("promises.yaml")
NOTED = ROOT / "proof"
DOCUMENT = ROOT / "docs" / "proof.md"
OUTCOME = ("tried", "passed", "failed", "skipped")
ABOUT_THE_RUN = {"part", "seed", "seconds", "date", "at", "commit", "program", "python", "command", "failing"}
OF_EVERY_LINE = {"promise", "proof", *OUTCOME, *ABOUT_THE_RUN}
PROGRAM = ("pipelines", "sql", "rules", "reports", "data_contracts")  # what a figure is of
NO_REASON = "not looked at yet"
FAILING = 5  # failed tests that a line names
HEAD = """# Promises and their proofs

Written by `python -m tests.proof` from `proof/*.jsonl`, to which every run of a proof appends a line: its command,
figure, date and the commit that it ran on. What was not run is said to be so. A proof in parts (`--part 1/50`) counts
what its parts came to under their newest seed, however many have run, and says how long the others would take on the
machine that ran these. `python -m tests.proof R1` runs those of a promise; each command below runs one, from a clean
clone after `make setup`. A figure with † was found on an older program than the newest: between the two `pipelines`,
`sql`, `rules`, `reports` or `data_contracts` changed; a commit with + had changes that it does not hold.

| | promise | proof | asked | tried | failed | date | commit |
|---|---|---|---:|---:|---:|---|---|
"""


def declared() -> dict[str, dict]:
    """The promises, by name."""
    return yaml.safe_load(PROMISES.read_text(encoding="utf-8"))


def noted(promise: str, folder: Path = NOTED) -> list[dict]:
    """What runs of a promise's proofs came to, the oldest first."""
    file = folder / f"{promise}.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def run(promise: str, name: str, proof: dict, part: str, seed: int) -> dict:
    """Run a proof, or a part of it; the line about it."""
    started, began = time.monotonic(), datetime.now(UTC)
    tried = {"commit": _commit(), "program": _program(), "python": platform.python_version()}
    said = _tests(proof, part, seed) if "tests" in proof else _command(proof, part, seed)
    return {
        **{"promise": promise, "proof": name, **said, "part": part, "seed": seed},
        **{"seconds": round(time.monotonic() - started), "date": f"{began:%Y-%m-%d}", "at": f"{began:%H:%M:%S}"},
        **tried,
        "command": f"python -m tests.proof {promise} {shlex.quote(name)} --part {part} --seed {seed}",
    }


def _tests(proof: dict, part: str, seed: int) -> dict:
    """What a selection of tests came to: how many things they tried, and how many of the tests failed."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = Path(folder, "outcome.json")
        asked = proof.get("each", proof.get("aim"))
        variables = {"GONGPING_PART": part, "GONGPING_SEED": str(seed), "GONGPING_OUTCOME": str(outcome),
                     "GONGPING_ONLY": proof.get("only", "")}
        variables |= {"GONGPING_COUNT": str(asked)} if asked else {}
        plugins = ("-p", "tests.proof.plugin", "-p", "no:cacheprovider", "--hypothesis-seed", str(seed))
        command = [sys.executable, "-m", "pytest", *plugins, *shlex.split(proof["tests"])]
        with group(command, cwd=ROOT, env={**os.environ, **variables}) as process:
            process.wait()
        ended = outcome.exists()  # not where pytest was killed, or could not begin
        found = json.loads(outcome.read_text(encoding="utf-8")) if ended else dict.fromkeys(OUTCOME, 0)
    failed = found["failed"] or int(process.returncode not in (0, 5))
    tried = found["tried"] or found["passed"] + found["failed"]
    said = {"tried": tried, "failed": failed, "skipped": found["skipped"]}
    return said | ({"failing": found["failing"][:FAILING]} if found.get("failing") else {})


def _command(proof: dict, part: str, seed: int) -> dict:
    """What another command came to, by what it says last; a command that says nothing of the kind has failed."""
    command = [word.format(python=sys.executable, part=part, seed=seed) for word in shlex.split(proof["run"])]
    lines = []
    with group(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
        process.wait()
    found = [*re.finditer(proof["says"], "".join(lines), re.MULTILINE)]
    said = found[-1].groupdict() if found else {}
    figures = {name: int(value) if value.isdecimal() else value for name, value in said.items()}
    return {"tried": 1, "failed": int(process.returncode != 0 or not found)} | figures


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _commit() -> str:
    """The commit that runs; with + where files differ from it, but for what proofs write."""
    others = _git("status", "--porcelain", "--", ".", ":!proof", ":!docs/proof.md")
    return (_git("rev-parse", "--short=8", "HEAD") or "no clone") + ("+" if others else "")


def _program() -> str:
    """What the program is made of, as git holds it: the same for two commits that differ elsewhere."""
    trees = _git("ls-tree", "HEAD", *PROGRAM)
    return sha256(trees.encode()).hexdigest()[:8] if trees else ""


def standing(lines: list[dict]) -> dict | None:
    """What a proof came to under the seed and number of parts of its newest line: the newest of each part, added up."""
    if not lines:
        return None
    same = [line for line in lines if _sweep(line) == _sweep(lines[-1])]
    parts = list({line["part"]: line for line in same}.values())
    dates, commits = (sorted({line[key] for line in parts}) for key in ("date", "commit"))
    every = int(_sweep(lines[-1])[1])
    longest = [max(line.get("seconds", 0) for line in same if line["part"] == one["part"]) for one in parts]
    left = sum(longest) / len(parts) * (every - len(parts)) / 3600  # a part that is taken again may find all of it done
    return {
        "tried": sum(line["tried"] for line in parts), "failed": sum(line["failed"] for line in parts),
        "skipped": sum(line.get("skipped", 0) for line in parts), "said": _said(parts[-1]),
        "parts": f"{len(parts)} of {every} parts" if every > 1 else "",
        "left": f"; the others take {left:,.1f} h" if every > len(parts) else "",
        "dates": " – ".join(dict.fromkeys((dates[0], dates[-1]))), "commits": commits,
        "programs": {line.get("program", "") for line in parts},
        "failing": [name for line in parts for name in line.get("failing", [])],
    }


def _said(line: dict) -> str:
    """The figures of its own that a command told."""
    own = {name: value for name, value in line.items() if name not in OF_EVERY_LINE}
    return own.pop("said", "") or ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in own.items())


def _sweep(line: dict) -> tuple[int, str]:
    return line["seed"], line["part"].split("/")[1]


def left(lines: list[dict], every: int, seed: int) -> list[str]:
    """The parts of so many that no line of a proof tells of under a seed."""
    there = {line["part"] for line in lines if _sweep(line) == (seed, str(every))}
    return [part for part in (f"{n}/{every}" for n in range(1, every + 1)) if part not in there]


def newest(lines: list[dict]) -> dict:
    """The line of the last run."""
    return max(lines, key=lambda line: (line["date"], line.get("at", "")), default={})


def interval(share: int, whole: int) -> tuple[int, int]:
    """The 95 % interval of a share in hundredths, by Wilson's score; whole > 0."""
    found = binomtest(share, whole).proportion_ci(method="wilson")
    return math.floor(100 * found.low), math.ceil(100 * found.high)


def document(promises: dict[str, dict], folder: Path = NOTED) -> str:
    """The whole of docs/proof.md."""
    rows, commands = [], []
    last = newest([line for promise in promises for line in noted(promise, folder)])
    for promise, facts in promises.items():
        for name, proof in facts["proofs"].items():
            own = [line for line in noted(promise, folder) if line["proof"] == name]
            first = name == next(iter(facts["proofs"]))
            rows.append(_row(promise, facts["promise"] if first else "", name, proof, standing(own), last))
            commands.append(f"| {promise} | {name} | `python -m tests.proof {promise} {shlex.quote(name)}` | "
                            f"`{proof.get('run') or 'pytest ' + proof['tests']}` |".replace("{python}", "python"))
    gaps = [f"- `{one['file']}`, `{one['line']}`: {one['why']}." for one in promises["R6"]["gaps"]]
    told = {
        "What no test reaches": gaps,
        "Faults that no test notices": survivors(promises["R5"]["survivors"], folder / "mutants.jsonl"),
        "Commands": ["| | proof | noted by | runs |", "|---|---|---|---|", *commands],
    }
    sections = (line for name, lines in told.items() for line in ("", f"## {name}", "", *lines))
    return HEAD + "\n".join([*rows, *sections, ""])


def survivors(reasons: list[dict], report: Path) -> list[str]:
    """Each fault that a report tells last to have survived, and why: no test could notice it, or one was missing."""
    lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()] if report.exists() else []
    newest = {(line["file"], line["diff"]): line for line in lines}
    why = {(one["file"], one["fault"]): one["why"] for one in reasons}
    told = []
    for file, diff in (place for place, line in newest.items() if line["outcome"] == "survived"):
        sound, fault = (next(part[1:].strip() for part in diff.splitlines() if part[0] == sign) for sign in "-+")
        told.append(f"- `{file}`, `{sound}` → `{fault}`: {why.get((file, fault), NO_REASON)}.")
    return told


def _row(promise: str, says: str, name: str, proof: dict, found: dict | None, last: dict) -> str:
    asked = proof.get("aim", "")
    asked = f"{asked:,}" if isinstance(asked, int) else asked
    if not found:
        why = f": {proof['rest']}" if "rest" in proof else ""
        return f"| {promise} | {says} | {name} | {asked} | not run{why} | | | |"
    tried = found["said"].strip("| ").replace("|", "·") or f"{found['tried']:,}"
    why = f": {proof['rest']}" if found["left"] and "rest" in proof else ""
    tried += f" ({found['parts']}{found['left']}{why})" if found["parts"] else ""
    tried += f", {found['skipped']} skipped" if found["skipped"] else ""
    failed = f"**{found['failed']}**" if found["failed"] else "0"
    failed += f": {proof['told']}" if found["failed"] and "told" in proof else ""
    failed += f": {', '.join(f'`{name}`' for name in found['failing'])}" if found["failing"] else ""
    if proof.get("share") and found["tried"]:
        low, high = interval(found["tried"] - found["failed"], found["tried"])
        failed += f" ({proof['share']} {100 - 100 * found['failed'] // found['tried']} %, interval {low} % to {high} %)"
    older = " †" if found["programs"] - {last.get("program", "")} else ""
    cells = promise, says, name, asked, tried, failed, found["dates"], " ".join(found["commits"]) + older
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Run what was asked, note it, write the document."""
    asked = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__,
                                    formatter_class=argparse.RawDescriptionHelpFormatter)
    promises = declared()
    asked.add_argument("promise", nargs="?", choices=promises)
    asked.add_argument("proof", nargs="?", help="one of the promise's proofs; all where none is named")
    asked.add_argument("--part", default="1/1", help="i/n: every n-th, from the i-th")
    asked.add_argument("--rest", type=int, metavar="N", help="of N parts all that are not noted yet, one by one")
    asked.add_argument("--seed", type=int, default=0, help="other draws than the usual ones")
    given, failed = asked.parse_args(), 0
    proofs = promises[given.promise]["proofs"] if given.promise else {}
    if given.proof and given.proof not in proofs:
        asked.error(f"{given.promise} has no proof {given.proof!r}; it has {', '.join(proofs) or 'none'}")
    for name in [given.proof] if given.proof else proofs:
        own = [line for line in noted(given.promise) if line["proof"] == name]
        for part in left(own, given.rest, given.seed) if given.rest else [given.part]:
            line = run(given.promise, name, proofs[name], part, given.seed)
            print(json.dumps(line, ensure_ascii=False), flush=True)
            NOTED.mkdir(exist_ok=True)
            with (NOTED / f"{given.promise}.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
            failed += line["failed"]
    DOCUMENT.write_text(document(promises), encoding="utf-8")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
