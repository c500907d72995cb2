"""The doctor finds what is missing, and each finding names the line that mends it."""

import subprocess
import sys
from datetime import date, datetime

import pytest

from pipelines import doctor
from pipelines.edges import paper
from pipelines.edges.process import SILENT, silence_telemetry, telemetry_is_off
from pipelines.model.project import Project, Schedule


def test_every_check_speaks_both_languages_and_names_a_remedy(tmp_path):
    checks = doctor.diagnose(tmp_path)
    assert len({check.name.en for check in checks}) == len(checks) >= 8
    assert all(words.zh and words.en for check in checks for words in (check.name, check.found, check.remedy))


def test_a_year_without_a_calendar_is_found_and_its_file_named():
    check = doctor._calendar(date(2041, 3, 1))
    assert not check.ok
    assert "rules/calendars/2041.yaml" in check.remedy.en


def test_a_covered_year_is_well_and_autumn_points_to_the_next_years_calendar():
    assert doctor._calendar(date(2026, 3, 1)).ok
    autumn = doctor._calendar(date(2026, 11, 1))
    assert autumn.ok
    assert "rules/calendars/2027.yaml" in autumn.found.en


@pytest.mark.parametrize(("moment", "well"), [(datetime(2026, 12, 31, 23, 59), True), (datetime(2041, 1, 1), False)])
def test_the_calendar_is_asked_for_by_the_citys_clock(tmp_path, monkeypatch, moment, well):
    monkeypatch.setattr("pipelines.edges.process.now", lambda: moment)
    (calendar,) = [check for check in doctor.diagnose(tmp_path) if check.name.en == "working-day calendar"]
    assert calendar.ok is well


def test_an_output_folder_that_is_a_file_is_found(tmp_path):
    (tmp_path / "out").write_text("a file")
    assert not doctor._writable(tmp_path / "out").ok
    assert not doctor._writable(tmp_path / "out" / "deeper").ok
    assert doctor._writable(tmp_path / "new" / "deeper").ok


def test_a_library_that_does_not_load_is_found_with_its_last_word():
    check = doctor._library("paper", doctor._import_aside("no_such_library"))
    assert not check.ok
    assert "No module named 'no_such_library'" in check.found.en
    assert check.remedy.en.startswith("apt-get install libpango")


@pytest.mark.parametrize(("minor", "ok"), [(10, False), (11, True), (12, True), (13, True), (14, True), (15, False)])
def test_only_the_pythons_of_the_rule_engine_are_well(monkeypatch, minor, ok):
    monkeypatch.setattr(sys, "version_info", (3, minor, 4))
    assert doctor._python().ok is ok


def test_missing_and_changed_fonts_are_found_by_name(tmp_path):
    names = list(paper.manifest())
    (tmp_path / names[0]).write_bytes(b"other bytes")
    assert paper.missing(tmp_path) == [*names[1:], "fonts.conf"]
    assert paper.changed(tmp_path) == names[:1]


def test_fonts_configured_for_another_place_count_as_missing(tmp_path):
    (tmp_path / "fonts.conf").write_text("<fontconfig><dir>/elsewhere</dir></fontconfig>")
    assert "fonts.conf" in paper.missing(tmp_path)


def test_the_doctor_lists_extras_and_finds_one_that_the_project_asks_for(monkeypatch):
    monkeypatch.setattr("pipelines.lazy.find_spec", lambda name: None if name in ("prefect", "scipy") else name)
    found = doctor._extras()
    assert found.ok and found.found.en == "installed: quality, sources, cluster; not installed: schedule, lab"
    monkeypatch.setattr("pipelines.edges.process.project", lambda: Project(schedules=(Schedule("score", "0 0 * * *"),)))
    found = doctor._extras()
    assert not found.ok and "not installed: schedule" in found.found.en
    assert found.remedy.en == "pip install 'gongping[schedule]'"


def test_telemetry_counts_as_off_only_when_every_library_is_told(monkeypatch):
    for name in SILENT:
        monkeypatch.setenv(name, "")
    assert not doctor._telemetry().ok
    silence_telemetry()
    assert telemetry_is_off() and doctor._telemetry().ok


def test_a_machine_without_the_tool_for_signatures_is_told_what_to_install(tmp_path, monkeypatch):
    for there in (True, False):
        monkeypatch.setattr("shutil.which", lambda tool, there=there: f"/usr/bin/{tool}" if there else None)
        (found,) = [check for check in doctor.diagnose(tmp_path) if "ssh-keygen" in check.name.en]
        assert (found.ok, found.remedy.en) == (there, "apt-get install openssh-client")


@pytest.mark.parametrize(("message", "ok", "shown"), [
    ("OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.15", True, "9.2"), ("OpenSSH_9.1", True, "9.1"),
    ("OpenSSH_9.0p1", False, "9.0"), ("OpenSSH_8.4p1 Debian-5", False, "8.4"), ("", True, "?"),
])
def test_the_version_of_openssh_is_told_and_one_too_old_for_the_signers_file_is_named(monkeypatch, message, ok, shown):
    monkeypatch.setattr("shutil.which", lambda tool: f"/usr/bin/{tool}")
    monkeypatch.setattr(doctor.subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 0, "", message))
    found = doctor._signing()
    assert (found.ok, f"openssh-client {shown}" in found.found.en) == (ok, True)
