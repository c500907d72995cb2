"""Verify finds any changed byte of any edition, and says what it did not look at."""

import pytest

from pipelines.edges.folders import list_periods
from pipelines.edges.paper import WEB_FONT, paper_problem
from pipelines.model.words import UsageRefusal, VerificationFailed
from pipelines.publication import desk as publishing
from pipelines.publication.editions import place_of
from pipelines.publication.verify import verify
from tests.publication.office import PERIOD, SENT, act, finished_run, published, signers_of


def test_what_is_whole_is_verified_and_bytes_alone_are_said_to_be_bytes_alone(tmp_path):
    published(tmp_path)
    verdict = verify(tmp_path, PERIOD)
    assert (verdict.events, verdict.editions, verdict.recomputed) == (5, ["1"], "")
    assert any("--exports" in notice.zh for notice in verdict.notices)


def test_every_file_of_an_edition_is_looked_at(tmp_path):
    published(tmp_path)
    place = place_of(tmp_path, PERIOD) / "1"
    files = sorted(file for file in place.rglob("*") if file.is_file())
    assert len(files) == 10
    for file in files:
        content = file.read_bytes()
        file.chmod(0o644)
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(VerificationFailed, match=file.name):
            verify(tmp_path, PERIOD)
        file.write_bytes(content)
    verify(tmp_path, PERIOD)


def test_an_edition_that_is_gone_or_was_added_is_found(tmp_path):
    published(tmp_path)
    place = place_of(tmp_path, PERIOD)
    (place / "7").mkdir()
    with pytest.raises(VerificationFailed, match="7"):
        verify(tmp_path, PERIOD)
    (place / "7").rmdir()
    (place / "1").rename(place / "away")
    with pytest.raises(VerificationFailed, match="不见了"):
        verify(tmp_path, PERIOD)


@pytest.mark.skipif(paper_problem() is not None, reason="no fonts on this machine: see `gongping doctor`")
def test_the_font_of_the_list_of_periods_is_looked_at_and_made_anew_by_the_next_step(tmp_path):
    finished_run(tmp_path, files={WEB_FONT: b"of the run"})
    list_periods(tmp_path)
    font = tmp_path / WEB_FONT
    whole = font.read_bytes()
    font.write_bytes(whole + b" ")
    with pytest.raises(VerificationFailed, match=WEB_FONT):
        verify(tmp_path, PERIOD)
    list_periods(tmp_path)
    assert font.read_bytes() == whole
    verify(tmp_path, PERIOD)
    font.unlink()
    with pytest.raises(VerificationFailed, match=WEB_FONT):
        verify(tmp_path, PERIOD)


def test_a_run_and_a_preview_are_checked_too_and_called_by_their_names(tmp_path):
    with pytest.raises(UsageRefusal):
        verify(tmp_path, PERIOD)
    finished_run(tmp_path)
    assert any("还没有送预览" in notice.zh for notice in verify(tmp_path, PERIOD).notices)
    act(tmp_path, publishing.note_preview, at=SENT)
    notices = verify(tmp_path, PERIOD, signers=signers_of(tmp_path)).notices
    assert any("核对的是预览" in notice.zh for notice in notices)
    (tmp_path / str(PERIOD) / "items.csv").write_text("x")
    with pytest.raises(VerificationFailed, match=r"items\.csv"):
        verify(tmp_path, PERIOD)
