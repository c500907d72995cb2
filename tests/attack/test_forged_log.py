"""The evaluators' log, forged with a text editor and a knowledge of its chain, deleted, or begun again."""

import json
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from pipelines.cli import _run
from pipelines.evaluators.log import (
    FIRST,
    FOLDER,
    NAME,
    Event,
    Head,
    Log,
    _chained,
    log_of,
    reached_by,
    read_head,
    write_head,
)
from pipelines.model.words import VerificationFailed
from pipelines.publication import desk as publishing
from pipelines.publication.status import status
from pipelines.publication.verify import verify
from tests.evaluators.office import Office, case, person
from tests.publication.office import (
    LATER,
    LIN,
    PERIOD,
    SENT,
    SIGNED,
    WU,
    act,
    finished_run,
    record,
    signers_of,
)

T0, HOUR = datetime(2026, 7, 6, 8), timedelta(hours=1)
AWAY = {"evaluator_id": "E1", "away_from": "2026-07-07", "away_until": "", "action_id": "x", "digest": "0"}


@pytest.fixture
def out(tmp_path):
    """An output folder with a log of four lines, and a run that two people approved after it."""
    office_in(tmp_path).step(T0)
    finished_run(tmp_path)
    act(tmp_path, publishing.note_preview, at=SENT)
    for who in (LIN, WU):
        act(tmp_path, publishing.approve, who, at=SIGNED)
    return tmp_path


def office_in(out: Path, *cases: str) -> Office:
    return Office(out / FOLDER, [person("E1"), person("E2")], [case(one) for one in cases or ("C1", "C2")])


def found_by_the_evaluators_commands(out: Path) -> None:
    """A step, `status` and `send` refuse; nobody is taken to have begun anew."""
    with pytest.raises(VerificationFailed):
        office_in(out).step(T0 + HOUR)
    notify = out.parent / "notify.yaml"
    notify.write_text('everyone: ["json://localhost"]\n', encoding="utf-8")
    for line in (["status"], ["send", "--notify", str(notify)]):
        assert _run(["evaluators", *line, "--out", str(out)]) == 5


def found_by_all(out: Path) -> None:
    found_by_the_evaluators_commands(out)
    for attempt in (
        lambda: act(out, publishing.publish, without_pdf=True, at=LATER),
        lambda: verify(out, PERIOD, signers=signers_of(out)),
        lambda: status(out, PERIOD, None, None, signers_of(out), lambda: LATER),
    ):
        with pytest.raises(VerificationFailed):
            attempt()


def rewritten(out: Path, old: str, new: str, more: tuple[Event, ...] = ()) -> Head:
    """The log written anew with its chain; the head that would stand for it."""
    before, lines = FIRST, b""
    events = [*Log(out / FOLDER).events, *more]
    for number, event in enumerate(events, 1):
        body = Event(event.id, event.at, event.kind, json.loads(json.dumps(event.says).replace(old, new))).body(number)
        before = _chained(before, body.encode())
        lines += f'{body},"hash":"{before}"}}\n'.encode()
    (out / FOLDER / "log.jsonl").write_bytes(lines)
    return replace(read_head(out / FOLDER), lines=len(events), bytes=len(lines), sha256=sha256(lines).hexdigest(),
                   hash=before)


def forget(out: Path, entry: dict | None = None) -> None:
    """Take the log out of the heads of the record, or put another entry there."""
    file = out / "record" / "heads.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    document.pop(NAME)
    file.write_text(json.dumps(document | ({NAME: entry} if entry else {})), encoding="utf-8")


def test_what_acts_and_runs_tell_of_the_log_is_a_hash_alone(out):
    lines = [json.loads(line) for line in record(out).read_text(encoding="utf-8").splitlines()]
    assert {line[NAME] for line in lines} == {Log(out / FOLDER).hashes[-1]}
    assert act(out, publishing.publish, without_pdf=True, at=LATER).folder == "1"
    assert verify(out, PERIOD, signers=signers_of(out)).editions == ["1"]


def test_work_that_goes_on_is_no_forgery(out):
    office_in(out, "C1", "C2", "C3").step(LATER - HOUR)
    assert act(out, publishing.publish, without_pdf=True, at=LATER).folder == "1"
    assert len({line.get(NAME) for line in map(json.loads, record(out).read_text("utf-8").splitlines())}) == 2


def test_a_rightly_chained_line_at_the_end_is_found(out):
    rewritten(out, "", "", (Event("away:x", T0, "away", AWAY),))
    found_by_all(out)


def test_a_rightly_chained_line_with_a_head_to_match_is_found(out):
    write_head(out / FOLDER, rewritten(out, "", "", (Event("away:x", T0, "away", AWAY),)))
    found_by_all(out)


@pytest.mark.parametrize("change", [("C2", "C7"), ("E1", "E9")])
def test_a_log_written_anew_with_every_head_to_match_is_found(out, change):
    head = rewritten(out, *change)
    write_head(out / FOLDER, head)
    forget(out, {"lines": head.lines, "sha256": head.hash})
    found_by_all(out)


@pytest.mark.parametrize("heads", ["as they are", "without the log", "all gone"])
def test_a_log_deleted_with_its_head_is_no_fresh_start(out, heads):
    shutil.rmtree(out / FOLDER)
    if heads == "without the log":
        forget(out)
    elif heads == "all gone":
        (out / "record" / "heads.json").unlink()
    found_by_all(out)


def test_a_log_deleted_and_begun_again_elsewhere_then_moved_into_place_is_found(out, tmp_path):
    Office(tmp_path / "else", [person("E1")], [case("C1")]).step(T0)
    shutil.rmtree(out / FOLDER)
    (tmp_path / "else").rename(out / FOLDER)
    forget(out)
    found_by_all(out)


def test_an_entry_taken_out_of_the_heads_is_found_by_the_head_of_the_log(out):
    forget(out)
    found_by_all(out)


def test_where_nothing_was_recorded_a_run_tells_of_the_log(tmp_path):
    """`record/` and the log are gone; the run that was made with it is not."""
    office_in(tmp_path).step(T0)
    run = tmp_path / ".runs" / "2026Q2" / "0123"
    run.mkdir(parents=True)
    (run / "manifest.json").write_text(json.dumps({NAME: reached_by(log_of(tmp_path), SENT)}), encoding="utf-8")
    shutil.rmtree(tmp_path / FOLDER)
    shutil.rmtree(tmp_path / "record")
    found_by_the_evaluators_commands(tmp_path)


def test_what_a_run_tells_of_its_cutoff_stays_true_while_the_work_goes_on(tmp_path):
    office_in(tmp_path).step(T0)
    before = reached_by(log_of(tmp_path), T0 + HOUR)
    assert before == reached_by(log_of(tmp_path)) != ""
    assert reached_by(log_of(tmp_path), T0) == ""
    office_in(tmp_path, "C1", "C2", "C3").step(T0 + HOUR)
    assert reached_by(log_of(tmp_path), T0 + HOUR) == before != reached_by(log_of(tmp_path))


def test_nothing_is_told_where_there_is_no_log(tmp_path):
    finished_run(tmp_path)
    act(tmp_path, publishing.note_preview, at=SENT)
    assert NAME not in json.loads(record(tmp_path).read_text(encoding="utf-8"))
    assert not (tmp_path / FOLDER).exists()
