"""`gongping check` and `gongping run` say the same of the same folder, the second check of the contracts included."""

import csv
import json
import shutil

import pytest

from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.model.words import ContractStop
from pipelines.publication.verify import Again, verify
from pipelines.sample.make import make_sample
from pipelines.stages import validate
from tests.cli.conftest import PERIOD
from tests.publication.office import Checked

PUBLISHED = Period.parse(PERIOD)
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
    monkeypatch.setattr("pipelines.assess.start_quality", lambda *_: pytest.fail("asked in vain"))
    (overlooked / "units.csv").unlink()
    assert call("check", PERIOD, "--exports", str(overlooked))[0] == 3


@pytest.fixture
def town(tmp_path):
    """A small sample quarter and an output folder."""
    make_sample(tmp_path / "in", PUBLISHED, 4, 80, 7)
    return tmp_path / "in", tmp_path / "out"


def _lacks(monkeypatch, *names: str) -> None:
    monkeypatch.setattr("pipelines.lazy.find_spec", lambda name: None if name in names else name)


def _run(folder, out) -> dict:
    with Run(Request(PUBLISHED, folder, out, pdf=False)) as run:
        made = run.run()
        told = [notice.en for notice in made.notices() if notice.en.startswith("no second program")]
        manifest = json.loads((made.published.folder / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["checked_twice"] == made.twice == (not told)
        return manifest


def test_a_run_without_the_second_check_says_so_on_every_page_of_it_and_is_the_same_where_the_check_is(
    town, monkeypatch
):
    folder, out = town
    _lacks(monkeypatch, "great_expectations")
    monkeypatch.setattr("pipelines.assess.make_ready", lambda: pytest.fail("loaded in vain"))
    assert not _run(folder, out)["checked_twice"]
    quality = out / str(PUBLISHED) / "quality"
    report = json.loads((quality / "report.json").read_text(encoding="utf-8"))
    assert report["checked_twice"] is False and sum(report["expectations"].values()) == 0
    assert {p["second_check"] for table in report["tables"] for p in table["promises"]} <= {"not_made", "not_promised"}
    assert "没有由第二套程序复查" in (quality / "index.html").read_text(encoding="utf-8")
    assert "No second program checked" in (quality / "index.en.html").read_text(encoding="utf-8")
    _lacks(monkeypatch)
    found = verify(out, PUBLISHED, Again(folder), signers=out / "signers")
    assert found.same_bytes and not [one for one in found.notices if "quality" in one.en]


@pytest.mark.slow
def test_what_was_checked_twice_is_verified_without_the_second_program_but_for_its_report(town, monkeypatch):
    folder, out = town
    _lacks(monkeypatch)
    monkeypatch.setattr("pipelines.assess.make_ready", lambda: None)
    monkeypatch.setattr("pipelines.assess.start_quality", lambda *facts: Checked(facts[-1]))
    assert _run(folder, out)["checked_twice"]
    _lacks(monkeypatch, "great_expectations")
    found = verify(out, PUBLISHED, Again(folder), signers=out / "signers")
    assert found.same_bytes
    (said,) = [one.en for one in found.notices if "quality" in one.en]
    assert said.startswith("The quality report in quality/ was not compared") and "gongping[quality]" in said
