"""The record: only added to, chained, and honest about damage."""

import json
from datetime import datetime

import pytest

from pipelines.model.words import VerificationFailed
from pipelines.publication.record import Moment, append, read
from pipelines.publication.state import frozen, settings_sha256
from tests.publication.office import LATER, SETTINGS, act, approved_run, published, record

SETTLED = frozen(SETTINGS)
AT = Moment(datetime(2026, 7, 6, 9), datetime(2026, 7, 6, 9))


def _lines(out) -> list[bytes]:
    return record(out).read_bytes().splitlines(keepends=True)


def test_each_line_holds_the_hash_of_the_one_before(tmp_path):
    published(tmp_path)
    document = [json.loads(line) for line in _lines(tmp_path)]
    assert [one["kind"] for one in document] == ["preview", "approval", "approval", "publication", "sheet"]
    assert [one["before"] for one in document[1:]] == [one["sha256"] for one in document[:-1]]


@pytest.mark.parametrize("line", range(4))
def test_a_changed_character_is_found_with_its_line(tmp_path, line):
    published(tmp_path)
    lines = _lines(tmp_path)
    lines[line] = lines[line].replace(b"2026-07-", b"2026-08-", 1)
    record(tmp_path).write_bytes(b"".join(lines))
    with pytest.raises(VerificationFailed, match=f"第 {line + 1} 行"):
        read(record(tmp_path))


@pytest.mark.parametrize("damage", [
    lambda lines: [lines[0], *lines[2:]],
    lambda lines: [lines[1], lines[0], *lines[2:]],
    lambda lines: [lines[0], lines[0], *lines[1:]],
    lambda lines: [lines[0], b"\n", *lines[1:]],
    lambda lines: [lines[0], b"\xff\xfe\n", *lines[1:]],
    lambda lines: [b"[]\n", *lines[1:]],
])  # fmt: skip
def test_lines_removed_moved_doubled_or_foreign_are_found(tmp_path, damage):
    approved_run(tmp_path)
    record(tmp_path).write_bytes(b"".join(damage(_lines(tmp_path))))
    with pytest.raises(VerificationFailed):
        read(record(tmp_path))


def test_nothing_is_done_on_a_damaged_record(tmp_path):
    from pipelines.publication import desk as acts

    approved_run(tmp_path)
    content = record(tmp_path).read_bytes().replace("林一".encode(), "王五".encode(), 1)
    record(tmp_path).write_bytes(content)
    with pytest.raises(VerificationFailed):
        act(tmp_path, acts.publish, without_pdf=True, at=LATER)
    assert record(tmp_path).read_bytes() == content
    assert not (tmp_path / "published").exists()


def test_an_event_that_could_not_have_happened_is_damage_though_its_hashes_are_right(tmp_path):
    from pipelines.publication.state import replay

    file = tmp_path / "2026Q2.jsonl"
    events = append(file, (), "preview", AT, run="a", settings=SETTLED, settings_sha256=settings_sha256(SETTLED),
                    record_before="first")  # fmt: skip
    events = append(file, events, "publication", AT, edition="1", run="a", notice=0)
    with pytest.raises(VerificationFailed, match="第 2 行"):
        replay(read(file), file)


def test_a_line_that_a_crash_cut_short_never_happened(tmp_path):
    file = tmp_path / "2026Q2.jsonl"
    append(file, append(file, (), "preview", AT, run="a"), "preview", AT, run="b")
    whole = file.read_bytes()
    for cut in (1, 40, len(whole.splitlines()[1])):
        file.write_bytes(whole[:-cut])
        events = read(file)
        assert [event.says["run"] for event in events] == ["a"]
        append(file, events, "preview", AT, run="b")
        assert file.read_bytes() == whole
