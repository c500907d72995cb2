"""The doctor: what this machine lacks for a quarter to be scored and printed, and the one line that mends it."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from importlib.metadata import requires
from pathlib import Path
from shlex import quote

from pipelines.edges import paper, process
from pipelines.edges.calendar import Calendar
from pipelines.edges.process import processors, telemetry_is_off
from pipelines.edges.scratch import sweep
from pipelines.lazy import EXTRAS, lacking
from pipelines.model.project import Project
from pipelines.model.words import Refusal, Words
from pipelines.paths import CALENDARS, DATA, INSTALLED, shown
from pipelines.publication.ssh import TOOL
from pipelines.wording import say

PYTHONS = ((3, 11), (3, 14))  # the first and the last that durable_rules runs on
MACRO = "-DPyEval_CallObject=PyObject_CallObject"  # without it durable_rules builds on Python 3.13 and does not load
OPENSSH_WANTED = (9, 1)  # the first that knows times in UTC, which the signers' file is written in
GIB = 2**30
MEMORY_WANTED, DISK_WANTED = 2 * GIB, GIB
PATIENCE = 60  # seconds for a library to import on a busy machine
LIBRARIES = {"rules": "durable.lang", "paper": "weasyprint"}


@dataclass(frozen=True)
class Check:
    """One thing looked at: its name, whether it is well, what was found, what mends it."""

    name: Words
    ok: bool
    found: Words
    remedy: Words


def diagnose(out: Path = Path("out")) -> list[Check]:
    """Every check, in the order in which they matter; ``out`` is the folder that results would go to."""
    trials = {name: _import_aside(module) for name, module in LIBRARIES.items()}
    return [
        _project(),
        _python(),
        _library("rules", trials["rules"]),
        _calendar(process.now().date()),
        _writable(out),
        _library("paper", trials["paper"]),
        *_fonts(),
        _signing(),
        _extras(),
        _telemetry(),
        _leftovers(),
        _machine(out),
    ]


def _check(name: str, ok: bool, found: str = "", **facts: object) -> Check:
    """The check ``name`` with its sentences; ``found`` picks another one than `<name>_ok` and `<name>_bad`."""
    sentence = found or ("ok" if ok else "bad")
    return Check(
        say(f"doctor.{name}"), ok, say(f"doctor.{name}_{sentence}", **facts), say(f"doctor.{name}_remedy", **facts)
    )


def _project() -> Check:
    """Which project file is in force; it may name the output folder and the calendars that are looked at below."""
    one = process.project()
    if one.problem:
        return _check("project", False, problem=one.problem)
    return _check("project", True, "" if one.file else "none", file=one.file, city=f" {one.name}".rstrip())


def _python() -> Check:
    first, last = PYTHONS
    facts = {"version": sys.version_info[:3], "first": first, "last": last}
    return _check(
        "python",
        first <= sys.version_info[:2] <= last,
        **{name: ".".join(map(str, version)) for name, version in facts.items()},
    )


def _import_aside(module: str) -> subprocess.Popen:
    """Import ``module`` in a process of its own: slow ones run beside each other, broken ones break nothing."""
    return subprocess.Popen(
        [sys.executable, "-c", f"import {module}"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def _library(name: str, trial: subprocess.Popen) -> Check:
    try:
        _, errors = trial.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        trial.kill()
        _, errors = trial.communicate()
    lines = [line for line in errors.splitlines() if line.strip()]
    return _check(name, trial.returncode == 0, problem=lines[-1] if lines else "", line=_rebuild())


def _rebuild() -> str:
    """The line that builds the rule engine once more, past every cache; the clone's own set-up does the same."""
    if not INSTALLED:
        return "make setup"
    wanted = next(need for need in requires("gongping") or () if need.startswith("durable-rules"))
    pip = f"{quote(sys.executable)} -m pip install --force-reinstall --no-deps --no-cache-dir --no-binary :all:"
    return f"CPPFLAGS={MACRO} {pip} '{wanted}'"


def _calendar(today: date) -> Check:
    """The year of today must be covered; where the next one lacks soon, that is worth a word."""
    folder = process.project().calendars or CALENDARS
    try:
        calendar = Calendar.load()
    except Refusal as refusal:
        file = shown(folder / f"{today.year}.yaml")
        return _check("calendar", False, "unreadable", problem=refusal.words, file=file)
    years, lacks = calendar.years, calendar.lacking(today)
    ok, wanted = lacks != today.year, lacks or today.year
    return _check(
        "calendar",
        ok,
        "ends" if ok and lacks else "",
        year=wanted,
        file=shown(folder / f"{wanted}.yaml"),
        first=min(years, default="-"),
        last=max(years, default="-"),
    )


def _writable(out: Path) -> Check:
    """The folder, or the nearest one above it that exists, can be written to."""
    folder = whole = out.resolve()
    while not folder.exists():
        folder = folder.parent
    return _check("out", folder.is_dir() and os.access(folder, os.W_OK | os.X_OK), out=whole, folder=folder)


def _fonts() -> list[Check]:
    missing, changed = paper.missing(), paper.changed()
    number = len(paper.manifest())
    line = f"sh {quote(str(paper.SCRIPT))} {quote(str(DATA))}" if INSTALLED else "make fonts"
    return [
        _check("fonts", not missing, number=number, missing=", ".join(missing), line=line),
        _check(
            "font_bytes",
            not changed,
            number=number,
            changed=", ".join(changed),
            line=line,
            manifest=shown(paper.MANIFEST),
        ),
    ]


def _signing() -> Check:
    """Nothing is approved, published or verified without OpenSSH's tool; runs do not need it."""
    there, version = bool(shutil.which(TOOL)), _openssh()
    ok = there and (version is None or version >= OPENSSH_WANTED)
    shown, wanted = (".".join(map(str, one or "?")) for one in (version, OPENSSH_WANTED))
    return _check("signing", ok, "old" if there and not ok else "", version=shown, wanted=wanted)


def _openssh() -> tuple[int, int] | None:
    """The version of openssh-client, as `ssh -V` tells it; None where nobody can say."""
    try:
        done = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=False, timeout=PATIENCE)  # noqa: S607
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"OpenSSH_(\d+)\.(\d+)", done.stderr + done.stdout)
    return (int(found[1]), int(found[2])) if found else None


def _extras() -> Check:
    """Which extras are installed; one that the project file asks for must be."""
    lacks = [extra for extra in EXTRAS if lacking(extra)]
    city = process.project()
    asked = {"schedule": city.schedules, "sources": city.sources, "cluster": city.spark_master != Project.spark_master}
    wanted = [extra for extra in lacks if asked.get(extra)]
    there, away = (", ".join(names) or "–" for names in ([one for one in EXTRAS if one not in lacks], lacks))
    facts = {"there": there, "away": away, "wanted": ", ".join(wanted), "line": ",".join(wanted)}
    return _check("extras", not wanted, **facts)


def _telemetry() -> Check:
    return _check("telemetry", telemetry_is_off())


def _leftovers() -> Check:
    """What killed runs left in the temporary folder is removed here and now; it may hold what is confidential."""
    return _check("leftovers", True, number=sweep())


def _machine(out: Path) -> Check:
    """Memory of the machine or of the container, cores that may be used, room on the disk."""
    folder = next(parent for parent in (out.absolute(), *out.absolute().parents) if parent.exists())
    memory, disk = _memory(), shutil.disk_usage(folder).free
    ok = memory >= MEMORY_WANTED and disk >= DISK_WANTED
    return _check(
        "machine",
        ok,
        cores=processors(),
        memory=memory // GIB,
        disk=disk // GIB,
        memory_wanted=MEMORY_WANTED // GIB,
        disk_wanted=DISK_WANTED // GIB,
    )


def _memory() -> int:
    """Bytes of memory, or of the container's share where that is less."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    share = Path("/sys/fs/cgroup/memory.max")
    limit = share.read_text().strip() if share.is_file() else "max"
    return min(whole, int(limit)) if limit.isdigit() else whole
