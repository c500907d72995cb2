"""The log of scheduled runs: `<out>/.log/runs.jsonl`, a line when one begins and one when it ends; nothing personal.

A line has `at` (local time), `run` (an id), `flow`, `period` ("" until it is known), `state` (begun, ended, failed)
and of a failure the kind of refusal or fault, never its text, which may hold data.
"""

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.edges import process

LOG = Path(".log") / "runs.jsonl"
BEGUN, ENDED, FAILED = "begun", "ended", "failed"


@contextmanager
def logged(out: Path, flow: str, period: str = "") -> Iterator[None]:
    """Log the work inside; whatever it raises is logged as failed and goes on its way."""
    facts = {"run": uuid.uuid4().hex[:12], "flow": flow, "period": period}
    append(out / LOG, {**facts, "state": BEGUN})
    try:
        yield
    except BaseException as problem:
        append(out / LOG, {**facts, "state": FAILED, "kind": type(problem).__name__})
        raise
    append(out / LOG, {**facts, "state": ENDED})


def read_log(out: Path) -> list[dict[str, str]]:
    """The lines, the oldest first; what a killed process left half-written is left out."""
    file = out / LOG
    found = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def append(file: Path, facts: dict) -> None:
    """Add a line with the moment to a log of this kind."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = json.dumps({"at": process.now().isoformat(), **facts}, ensure_ascii=False) + "\n"
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, line.encode())  # one call: lines of two processes do not mix
    finally:
        os.close(handle)
