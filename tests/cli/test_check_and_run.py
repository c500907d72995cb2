"""`gongping check` and `gongping run` say the same of the same folder, the second check of the contracts included."""

import csv
import shutil

import pytest

from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.model.refusals import ContractStop
from pipelines.stages import validate
from tests.cli.conftest import PERIOD

UNSEEN = "sign_due_at_not_before_dispatched_at"


@pytest.fixture
def overlooked(exports, tmp_path, monkeypatch):
    """Exports with a row that breaks a promise which the first check was made to forget."""
    folder = tmp_path / "exports"
    shutil.copytree(exports, folder)
    with (folder / "cases.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[9]["sign_due_at"] = "2026-01-01 00:00:00"
    with (folder / "cases.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    kept = validate.in_force
    monkeypatch.setattr(validate, "in_force", lambda *of: tuple(p for p in kept(*of) if p.id != UNSEEN))
    return folder


def test_what_the_second_check_alone_finds_stops_check_as_it_stops_a_run(overlooked, call, tmp_path):
    code, output, error = call("check", PERIOD, "--exports", str(overlooked))
    assert code == 3 and UNSEEN in error and "检查通过" not in output
    with Run(Request(Period.parse(PERIOD), overlooked, tmp_path / "out")) as run:
        run.ingest()
        run.validate()
        with pytest.raises(ContractStop) as stopped:
            run.quality.result()
    assert stopped.value.words.zh in error


def test_what_stops_before_the_second_check_is_told_without_waiting_for_it(overlooked, call, monkeypatch):
    monkeypatch.setattr("pipelines.contracts.quality.start_quality", lambda *_: pytest.fail("asked in vain"))
    (overlooked / "units.csv").unlink()
    assert call("check", PERIOD, "--exports", str(overlooked))[0] == 3
