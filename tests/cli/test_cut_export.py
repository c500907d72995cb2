"""An export that seems to be cut is named where people look before they sign: summary, data page, preview."""

import csv
import shutil
from pathlib import Path

from tests.cli.conftest import PERIOD, gongping

CUT = "cases.csv：像是被截断"


def cut(exports: Path, folder: Path) -> Path:
    """The exports with a case file that ends without a line end, while an incident names a case that it lacks."""
    shutil.copytree(exports, folder)
    cases = folder / "cases.csv"
    cases.write_bytes(cases.read_bytes().rstrip(b"\r\n"))
    with (folder / "incidents.csv").open(encoding="utf-8-sig", newline="") as file:
        row = next(csv.DictReader(file))
    row |= {"incident_id": "I-CUT", "case_id": "20260821-CUT", "verified": "false"}
    with (folder / "incidents.csv").open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, row).writerow(row)
    return folder


def test_a_cut_export_is_named_in_summary_pages_and_preview(exports, tmp_path):
    out, folder = tmp_path / "out", cut(exports, tmp_path / "exports")
    run = gongping("run", PERIOD, "--exports", str(folder), "--out", str(out), "--no-pdf")
    assert run.returncode == 0 and CUT in run.stdout and "20260821-CUT" in run.stdout
    quarter = out / PERIOD
    for page in ("bulletin.html", "quality/index.html"):
        assert CUT in (quarter / page).read_text(encoding="utf-8"), page
    assert "cases.csv: seems to be cut" in (quarter / "bulletin.en.html").read_text(encoding="utf-8")
    with (quarter / "warnings.csv").open(encoding="utf-8-sig", newline="") as file:
        facts = {(row["table"], row["file"], row["line"], row["promise"]) for row in csv.DictReader(file)}
    assert ("cases", "cases.csv", "", "cut_at_row") in facts
    preview = gongping("preview", PERIOD, "--out", str(out))
    assert preview.returncode == 0 and CUT in preview.stdout
    copy = out / "preview" / PERIOD / "1" / "bulletin.html"
    assert CUT in copy.read_text(encoding="utf-8")


def test_check_says_the_same(exports, tmp_path):
    check = gongping("check", PERIOD, "--exports", str(cut(exports, tmp_path / "exports")))
    assert check.returncode == 0 and CUT in check.stdout


def test_a_whole_export_says_nothing_of_the_kind(out):
    assert "像是" not in (out / PERIOD / "bulletin.html").read_text(encoding="utf-8")
