"""The head before a quarter's first act stands in its bulletin, from its first run to its last edition."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.model.words import NotAllowed, VerificationFailed
from pipelines.publication import desk as publishing
from pipelines.publication import verify as checks
from pipelines.publication.verify import Again
from pipelines.sample.make import make_sample
from tests.publication.office import LIN, PERIOD, SETTINGS, WU, Checked, begin_signers, signers_of, ticked

pytestmark = pytest.mark.long

NEXT = Period.parse("2026Q3")
DAYS = {PERIOD: ("2026-07-06", "2026-07-14", "2026-07-15"), NEXT: ("2026-10-09", "2026-10-19", "2026-10-20")}


@pytest.fixture
def office(tmp_path, monkeypatch):
    """Exports of two quarters, signers, and no second quality check."""
    monkeypatch.setattr("pipelines.assess.start_quality", lambda *facts: Checked(facts[-1]))
    for period in DAYS:
        make_sample(tmp_path / str(period), period, 4, 80, 7)
    begin_signers(tmp_path / "out")
    return tmp_path


def _run(office: Path, period: Period, before: str | None = None) -> Path:
    request = Request(period, office / str(period), office / "out", pdf=False, record_before=before)
    with Run(request) as made:
        return made.run().published.folder.resolve()


def _act(office: Path, period: Period, at: str, what, *arguments, **named):
    out, clock = office / "out", datetime.fromisoformat(f"{at}T09:00")
    with publishing.open_desk(out, period, None, SETTINGS, signers=signers_of(out), clock=lambda: clock) as desk:
        if what is publishing.approve:
            named["answers"] = ticked(desk)
        return what(desk, *arguments, **named)


def _publish(office: Path, period: Period) -> Path:
    sent, signed, later = DAYS[period]
    _act(office, period, sent, publishing.note_preview)
    for person in (LIN, WU):
        _act(office, period, signed, publishing.approve, person)
    edition = _act(office, period, later, publishing.publish, without_pdf=True)
    return office / "out" / "published" / str(period) / edition.folder


def _published_head(office: Path, period: Period) -> str:
    record = office / "out" / "record" / f"{period}.jsonl"
    lines = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    return next(line["sha256"] for line in lines if line["kind"] == "publication")


def _verify(office: Path, period: Period, again: bool = True):
    out = office / "out"
    return checks.verify(out, period, Again(office / str(period)) if again else None, signers=signers_of(out))


def test_the_second_bulletin_shows_the_first_publications_head(office):
    _run(office, PERIOD)
    early = _run(office, NEXT)
    first = _publish(office, PERIOD)
    for name, words in (("bulletin.html", "此前没有发布记录"), ("bulletin.en.html", "nothing was published before")):
        assert words in (first / name).read_text(encoding="utf-8")
        assert words in (early / name).read_text(encoding="utf-8")
    with pytest.raises(NotAllowed, match="重新运行"):  # its bulletin shows the head of a time before
        _act(office, NEXT, DAYS[NEXT][0], publishing.note_preview)

    head, run = _published_head(office, PERIOD), _run(office, NEXT)
    second = _publish(office, NEXT)
    for name in ("bulletin.html", "bulletin.en.html"):
        page = (second / name).read_text(encoding="utf-8")
        assert head in page and "nothing was published before" not in page and "此前没有发布记录" not in page
    sheet = json.loads((second / "publication.json").read_text(encoding="utf-8"))
    assert sheet["head_before"] == head
    assert _run(office, NEXT) == run  # the same bytes, now that the quarter has acts of its own
    verdict = _verify(office, NEXT)
    assert verdict.recomputed and verdict.same_bytes


def test_a_head_that_is_not_the_records_is_found_by_verify(office, monkeypatch):
    _run(office, NEXT, before="f" * 64)
    with monkeypatch.context() as forging:
        forging.setattr(publishing.Desk, "_before", lambda desk, run: "first")
        _publish(office, NEXT)
    with pytest.raises(VerificationFailed, match="f" * 64):
        _verify(office, NEXT, again=False)
    monkeypatch.setattr(checks, "_must_show_the_head", lambda *facts: None)
    with pytest.raises(VerificationFailed, match="record"):
        _verify(office, NEXT)
