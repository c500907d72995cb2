"""`recompute.py` of a period's folder: what an inspector can check without the program, and what he would find."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from pipelines.assess import Request
from pipelines.model.period import Period
from pipelines.publication.editions import SHEETS
from pipelines.sample.make import make_sample
from tests.pages.hostile import QuickRun

PERIOD = Period.parse("2026Q3")


def recomputed(folder: Path) -> tuple[int, str]:
    """Exit code and words of the folder's own script, run by a Python that knows nothing else."""
    command = [sys.executable, "-I", "-S", str(folder / "recompute.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env={}, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """The folder of a finished run."""
    place = tmp_path_factory.mktemp("recompute")
    make_sample(place / "exports", PERIOD, 5, 80, 3)
    with QuickRun(Request(PERIOD, place / "exports", place / "out", pdf=False)) as run:
        return run.run().published.folder.resolve()


def changed(folder: Path, name: str, column: str, change) -> None:
    """One cell of a table changed, and the manifest made to fit, as a forger would."""
    file = folder / name
    table = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    row = next(row for row in table if row[column] not in ("", "0.00"))
    row[column] = change(row[column])
    out = io.StringIO()
    lines = csv.DictWriter(out, list(table[0]), lineterminator="\n")
    lines.writeheader()
    lines.writerows(table)
    file.write_text(out.getvalue(), encoding="utf-8")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["outputs"][name] = sha256(file.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_a_finished_run_is_all_equal_and_says_what_was_not_checked(finished):
    code, said = recomputed(finished)
    assert code == 0 and "全部相符 / all equal" in said and "未核对" in said
    assert "5 compared" in said  # totals: every unit


FORGED = {
    "points of a line": ("ledger.csv", "points", lambda points: "-9.99", "items = full marks + ledger lines: 55"),
    "an item's score": ("items.csv", "score", lambda score: "0.01", "items = full marks + ledger lines: 55"),
    "a base": ("ranking.csv", "base", lambda base: "1.00", "total = base + bonus: 5"),
    "a total": ("ranking.csv", "total", lambda total: "1.00", "total = base + bonus: 5"),
    "a place": ("ranking.csv", "rank", lambda rank: str(int(rank) + 1), "places: "),
    "a place in the group": ("ranking.csv", "group_rank", lambda rank: str(int(rank) + 1), "places: "),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_figure_that_follows_from_nothing_is_found(finished, tmp_path, what):
    name, column, change, found = FORGED[what]
    folder = Path(shutil.copytree(finished, tmp_path / "copy"))
    changed(folder, name, column, change)
    code, said = recomputed(folder)
    [line] = [line for line in said.splitlines() if found in line]
    assert code == 1 and not line.endswith(", 0 differ") and "files against manifest.json" in said


@pytest.mark.parametrize("damage", ["changed", "lost", "added"])
def test_a_file_that_is_not_the_manifests_is_named(finished, tmp_path, damage):
    folder = Path(shutil.copytree(finished, tmp_path / "copy"))
    file = folder / ("bulletin.html" if damage != "added" else "more.html")
    if damage == "lost":
        file.unlink()
    else:
        file.write_text("<p>", encoding="utf-8")
    code, said = recomputed(folder)
    assert code == 1 and file.name in said and "1 differ" in said


def test_a_manifest_that_is_not_the_signed_one_is_found(finished, tmp_path):
    folder = Path(shutil.copytree(finished, tmp_path / "copy"))
    for run, code in (sha256((folder / "manifest.json").read_bytes()).hexdigest(), 0), ("0" * 64, 1):
        (folder / "publication.json").write_text(json.dumps({"run": run}), encoding="utf-8")
        found, said = recomputed(folder)
        assert found == code and ("publication.json" in said) == bool(code)


def test_the_sheets_of_an_edition_are_no_strangers(finished, tmp_path):
    folder = Path(shutil.copytree(finished, tmp_path / "copy"))
    signed = sha256((folder / "manifest.json").read_bytes()).hexdigest()
    for name in SHEETS:
        (folder / name).write_text(json.dumps({"run": signed}), encoding="utf-8")
    assert recomputed(folder)[0] == 0
    (folder / "publication.json").write_text(json.dumps({"run": "0" * 64}), encoding="utf-8")
    code, said = recomputed(folder)
    assert code == 1 and "manifest.json 不是签发的那一份" in said


@pytest.mark.parametrize(("name", "content"), [
    ("ranking.csv", None), ("ledger.csv", None), ("items.csv", b"unit_id\nU001\n"), ("items.csv", b"\xff\xfe"),
    ("ledger.csv", b"unit_id,item_id,points\nU001,A4,many\n"), ("manifest.json", b"{"), ("manifest.json", b"{}"),
])
def test_a_table_that_lacks_or_is_damaged_is_told_in_a_line(finished, tmp_path, name, content):
    folder = Path(shutil.copytree(finished, tmp_path / "copy"))
    (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    code, said = recomputed(folder)
    assert code == 1 and "无法核对" in said and "Traceback" not in said


def test_who_reads_the_first_line_alone_sees_no_traceback(finished):
    read, write = os.pipe()
    os.close(read)
    script = [sys.executable, "-I", "-S", str(finished / "recompute.py")]
    done = subprocess.run(script, stdout=write, stderr=subprocess.PIPE, env={}, check=False)
    os.close(write)
    assert done.stderr == b""
