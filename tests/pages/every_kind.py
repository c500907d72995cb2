"""A results folder with every kind of page that the program writes, of a small invented quarter."""

import csv
import re
import shutil
from datetime import datetime, timedelta
from os import O_APPEND, O_CREAT, O_WRONLY, close, walk, write
from os import open as open_file
from pathlib import Path

import jinja2
import pytest

from pipelines.assess import Request, Run
from pipelines.cli import main
from pipelines.evaluators.desk import Work, take_steps
from pipelines.evaluators.reports import write_appointments, write_report
from pipelines.paths import REPORTS, RULES
from pipelines.publication import desk as publishing
from pipelines.roll_up import deliver
from pipelines.sample.make import make_sample
from pipelines.views import province
from tests.publication.office import LATER, LIN, PERIOD, SENT, SIGNED, WU, act, signers_of

LATE = "late_reply"
ON_PAPER_ALONE = {"bulletin/gb9704.html.j2", "evaluators/certificate.html.j2"}
MANY = {"units", "en", "cities", "places"}  # folders of pages of one kind


def templates() -> set[str]:
    """The templates of whole pages that a screen shows and that no other page is made from."""
    files = REPORTS.rglob("*.html.j2")
    texts = {file.relative_to(REPORTS).as_posix(): file.read_text(encoding="utf-8") for file in files}
    parents = set(re.findall(r'{% extends "(.+?)" %}', "".join(texts.values())))
    whole = {name for name, text in texts.items() if "<html" in text or "{% extends" in text}
    return whole - parents - ON_PAPER_ALONE


def kinds(out: Path) -> dict[str, Path]:
    """The first page of every kind below a folder, by its address with ``*`` for what differs inside a kind."""
    found: dict[str, Path] = {}
    for folder, below, names in walk(out, followlinks=True):
        below[:] = [one for one in below if one != ".staging" and Path(folder).parent.name != ".runs"]
        below.sort(reverse=True)  # the newest period, which is printed
        for name in sorted(names):
            page = Path(folder) / name
            if page.suffix == ".html":
                *folders, name = page.relative_to(out).parts
                name = "*" if MANY & set(folders[-1:]) else re.sub(r"\d+", "*", name)
                found.setdefault("/".join([*(re.sub(r"\d[\dQ-]*", "*", one) for one in folders), name]), page)
    return found


def write_all(place: Path, made: Path) -> Path:
    """The folder of results; the names of the templates that pages were made of go into the file ``made``."""
    out, exports = place / "out", place / "in"
    with pytest.MonkeyPatch.context() as patch:
        _note_templates(patch, made)
        patch.setattr(province, "PORTION", 5)
        for period in (PERIOD.previous, PERIOD):
            make_sample(exports / str(period), period, 8, 240, 3)
            _score(out, exports / str(period), period, pdf=period == PERIOD)
        inputs = exports / str(PERIOD)
        said = ("--exports", inputs, "--out", out)
        _call("watch", PERIOD, *said, "--at", "2026-06-20 09:00")
        act(out, publishing.note_preview, at=SENT)
        _sign(out, SIGNED)
        act(out, publishing.publish, at=LATER)
        _score(out, inputs, PERIOD, pdf=True, satisfied="full_only")
        _sign(out, LATER)
        act(out, publishing.correct, "满意率改按只计满意计算", LIN, at=LATER)
        _call("checklist", PERIOD, "--out", out, "--signers", signers_of(out))
        _call("objections", PERIOD, "--exports", _decided(inputs, out, place / "decided"), "--out", out)
        _call("libraries", "check", PERIOD, *said)
        _call("explain", _late(out)["unit_id"], PERIOD, "--out", out, "--objection", out / "objection.xlsx")
        _evaluators(inputs, out / "restricted" / "evaluators")
        deliver(PERIOD, out, place / "cities", "泽湖市")
        _call("roll-up", PERIOD, "--cities", place / "cities", "--out", out)
    return out


def _note_templates(patch: pytest.MonkeyPatch, made: Path) -> None:
    """Every template that is asked for, in this process and in those that it starts, a line of the file."""
    get = jinja2.Environment.get_template

    def noting(self, name, *more):
        line = open_file(made, O_APPEND | O_CREAT | O_WRONLY)
        write(line, f"{name}\n".encode())
        close(line)
        return get(self, name, *more)

    patch.setattr(jinja2.Environment, "get_template", noting)


def _score(out: Path, exports: Path, period, pdf: bool, **readings: str) -> None:
    with Run(Request(period, exports, out, pdf=pdf, readings=readings, twice=False)) as run:
        run.run()


def _sign(out: Path, at: datetime) -> None:
    for person in (LIN, WU):
        act(out, publishing.approve, person, at=at)


def _call(*arguments: object) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(one) for one in arguments])
    assert not ended.value.code, arguments


def _late(out: Path) -> dict[str, str]:
    with (out / str(PERIOD) / "ledger.csv").open(encoding="utf-8-sig", newline="") as file:
        return next(row for row in csv.DictReader(file) if row["rule_id"] == LATE and float(row["points"]))


def _decided(exports: Path, out: Path, place: Path) -> Path:
    """The exports with one more decision."""
    shutil.copytree(exports, place)
    file, late = place / "adjustments.csv", _late(out)
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    new = {"adjustment_id": "YY1", "action": "waive_deduction", "unit_id": late["unit_id"], "case_id": late["case_id"],
           "rule_id": LATE, "decided_by": "考核办", "decided_on": "2026-07-08", "reason": "待定"}  # fmt: skip
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows([*rows, dict.fromkeys(rows[0], "") | new])
    return place


def _evaluators(exports: Path, state: Path) -> None:
    begun = datetime(2026, 4, 6, 9)
    take_steps(Work(exports, None, state), [begun, begun + timedelta(days=1)])
    write_report(exports, state, begun + timedelta(days=1), RULES / "standard")
    write_appointments(exports, state, begun + timedelta(days=1), RULES / "standard")
