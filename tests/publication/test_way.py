"""The whole way, with real runs of a small quarter: preview, objection, approval, publication, correction, verify."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.sample.make import make_sample
from tests.publication.office import LIN, PERIOD, WU, Checked, begin_signers, bytes_below, signers_of

WITHOUT = ("--no-pdf",)


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    """Call the command on one output folder; its report, or the exit code where it refuses."""
    monkeypatch.setenv("GONGPING_LANG", "zh")
    monkeypatch.chdir(tmp_path)

    def run(verb: str, *arguments: str, json_too: bool = True):
        with pytest.raises(SystemExit) as ended:
            signers = () if verb == "run" else ("--signers", str(signers_of(tmp_path / "out")))
            main([verb, str(PERIOD), "--out", str(tmp_path / "out"), *signers, *arguments,
                  *(("--json",) if json_too else ())])
        output = capsys.readouterr().out
        return json.loads(output) if ended.value.code == 0 else ended.value.code

    return run


@pytest.fixture
def exports(tmp_path) -> dict[str, Path]:
    """Three exports of one quarter: before objections, with an adjustment for a late reply, and with one more."""
    whole = tmp_path / "whole"
    make_sample(whole, PERIOD, 4, 80, 7)
    (table,) = whole.glob("adjustments.*")
    with table.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    waived = [row for row in rows if row["rule_id"] == "late_reply"]
    made = {}
    for name, kept in {"first": [], "second": waived[:1], "third": waived[:2]}.items():
        made[name] = tmp_path / name
        shutil.copytree(whole, made[name])
        with (made[name] / table.name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0])
            writer.writeheader()
            writer.writerows(kept)
    return made


def _both_approve(call, at: str) -> None:
    for person in (LIN, WU):
        by = ("--by", person.by, "--role", person.role, "--key", str(person.key))
        call("approve", *by, "--ticked", "all", "--at", at)


def test_a_run_that_a_contract_stops_is_noted_where_there_is_a_record_and_nowhere_else(call, tmp_path):
    from tests.publication.office import finished_run

    (tmp_path / "empty").mkdir()
    run = ("run", "--exports", str(tmp_path / "empty"), *WITHOUT)
    finished_run(tmp_path / "out")
    assert call(*run) == 3
    assert not (tmp_path / "out" / "record").exists()
    call("preview", "--at", "2026-07-06")
    assert call(*run) == 3
    stands = call("status")
    assert stands["state"] == "stopped"
    assert stands["stopped"]["zh"]


def _whole_way(call, exports, out: Path) -> None:
    run = lambda name: call("run", "--exports", str(exports[name]), *WITHOUT)  # noqa: E731
    begin_signers(out)
    assert call("publish", "--at", "2026-07-06") == 4
    run("first")
    assert call("status", "--at", "2026-07-06")["state"] == "computed"
    assert call("preview", "--at", "2026-07-06")["revision"] == 1
    stands = call("status", "--at", "2026-07-08")
    assert (stands["state"], stands["objection"]["days_left"]) == ("preview", 3)

    run("second")
    call("preview", "--at", "2026-07-10")
    changed = call("status", "--at", "2026-07-14")
    assert changed["state"] == "objections_over"
    (decided,) = changed["changed"]["adjustments"]
    assert float(decided["before"]) < 0 == float(decided["after"])
    assert [unit["unit_id"] for unit in changed["changed"]["units"] if float(unit["points"])] == [decided["unit_id"]]

    assert call("publish", "--without-pdf", "--at", "2026-07-14") == 4
    _both_approve(call, "2026-07-14")
    assert call("publish", "--at", "2026-07-15") == 4
    first = call("publish", "--without-pdf", "--at", "2026-07-15")
    assert call("publish", "--without-pdf", "--at", "2026-07-15") == 4
    bytes_then = bytes_below(Path(first["folder"]))
    assert {k: v for k, v in bytes_then.items() if not k.startswith("publication.")} == bytes_below(out / str(PERIOD))
    again = call("verify", "--exports", str(exports["second"]))
    assert (again["editions"], again["recomputed"]) == (["1"], first["folder"])
    assert call("verify", "--exports", str(exports["third"])) == 5

    run("third")
    correct = ("--reason", "复核决定补录", "--by", "林一", "--role", "审核", "--key", str(LIN.key),
                "--without-pdf", "--at", "2026-07-21")
    assert call("correct", *correct) == 4
    _both_approve(call, "2026-07-20")
    second = call("correct", *correct)
    assert (second["edition"], second["correction"]) == ("2", 1)
    notice = json.loads((Path(second["folder"]).parent / "correction-1.json").read_text(encoding="utf-8"))
    assert len(notice["adjustments"]) == 1 and notice["movements"]
    assert bytes_below(Path(first["folder"])) == bytes_then

    assert call("verify", "--exports", str(exports["third"]))["recomputed"] == second["folder"]
    assert call("status", "--at", "2026-07-22")["state"] == "published"
    file = Path(first["folder"]) / "units" / "U001.html"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes() + b" ")
    assert call("verify") == 5


def test_the_whole_way_from_preview_to_correction(call, exports, tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.assess.start_quality", lambda *facts: Checked(facts[-1]))
    _whole_way(call, exports, tmp_path / "out")


@pytest.mark.slow
def test_the_whole_way_with_the_second_quality_check(call, exports, tmp_path):
    _whole_way(call, exports, tmp_path / "out")
