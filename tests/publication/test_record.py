"""The record: only added to, chained, and honest about damage."""

import json
from datetime import datetime, timedelta

import pytest

from pipelines.model.words import NotAllowed, UsageRefusal, VerificationFailed
from pipelines.publication.record import Moment, append, heads, moment_of, must_reach_its_head, read
from pipelines.publication.state import frozen, settings_sha256
from tests.publication.office import LATER, SETTINGS, act, approved_run, published, record

SETTLED = frozen(SETTINGS)
AT = Moment(datetime(2026, 7, 6, 9), datetime(2026, 7, 6, 9))


CUTOFF, CLOCK = datetime(2026, 7, 1), datetime(2026, 7, 6, 9, 0, 0, 123456)
SHOWN = CLOCK.replace(microsecond=0)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("typed", "simulated", "cutoff", "moment"),
    [
        (None, False, CUTOFF, Moment(SHOWN, SHOWN)),
        (CUTOFF, False, CUTOFF, Moment(SHOWN, SHOWN, CUTOFF)),
        (CLOCK, False, CUTOFF, Moment(SHOWN, SHOWN, SHOWN)),  # what is typed to the fraction is noted to the second
        (CUTOFF - SECOND, False, None, Moment(SHOWN, SHOWN, CUTOFF - SECOND)),
        (CUTOFF - SECOND, False, CUTOFF, UsageRefusal),
        (SHOWN + SECOND, False, CUTOFF, UsageRefusal),
        (SHOWN + SECOND, False, None, UsageRefusal),
        (None, True, CUTOFF, Moment(SHOWN, SHOWN, None, True)),
        (CUTOFF, True, CUTOFF, Moment(CUTOFF, SHOWN, None, True)),
        (SHOWN + SECOND, True, CUTOFF, Moment(SHOWN + SECOND, SHOWN, None, True)),
        (CUTOFF - SECOND, True, None, Moment(CUTOFF - SECOND, SHOWN, None, True)),
        (CUTOFF - SECOND, True, CUTOFF, UsageRefusal),
        (None, False, SHOWN, Moment(SHOWN, SHOWN)),
        (None, False, SHOWN + SECOND, NotAllowed),
        (None, True, SHOWN + SECOND, Moment(SHOWN, SHOWN, None, True)),
    ],
)
def test_the_moment_of_an_act_is_the_clocks_and_a_typed_one_counts_for_invented_data_alone(
    typed, simulated, cutoff, moment
):
    if isinstance(moment, Moment):
        assert moment_of(CLOCK, typed, simulated, cutoff) == moment
    else:
        with pytest.raises(moment):
            moment_of(CLOCK, typed, simulated, cutoff)


def test_a_record_ends_where_its_head_says_and_what_does_not_is_named(tmp_path):
    file = tmp_path / "2026Q2.jsonl"
    events = append(file, append(file, (), "preview", AT, run="a"), "preview", AT, run="b")
    kept = (tmp_path / "heads.json").read_bytes()
    must_reach_its_head(file, events)
    with pytest.raises(VerificationFailed, match="少|only 1|1"):
        must_reach_its_head(file, events[:1])
    more = append(file, append(file, events, "preview", AT, run="c"), "preview", AT, run="d")
    (tmp_path / "heads.json").write_bytes(kept)
    for some in (more[:3], more):  # by somebody else: the head never promised them
        with pytest.raises(VerificationFailed, match="第 3 行"):
            must_reach_its_head(file, some)
    promised = {"2026Q2": heads(tmp_path)["2026Q2"] | {"next": more[2].sha256}}
    (tmp_path / "heads.json").write_text(json.dumps(promised), encoding="utf-8")
    must_reach_its_head(file, more[:3])  # a crash came between the line and its head
    with pytest.raises(VerificationFailed, match="第 3 行"):
        must_reach_its_head(file, more)


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
])
def test_lines_removed_moved_doubled_or_foreign_are_found(tmp_path, damage):
    approved_run(tmp_path)
    record(tmp_path).write_bytes(b"".join(damage(_lines(tmp_path))))
    with pytest.raises(VerificationFailed):
        read(record(tmp_path))


def test_nothing_is_done_on_a_damaged_record(tmp_path):
    from pipelines.publication import desk as publishing

    approved_run(tmp_path)
    content = record(tmp_path).read_bytes().replace("林一".encode(), "王五".encode(), 1)
    record(tmp_path).write_bytes(content)
    with pytest.raises(VerificationFailed):
        act(tmp_path, publishing.publish, without_pdf=True, at=LATER)
    assert record(tmp_path).read_bytes() == content
    assert not (tmp_path / "published").exists()


def test_an_event_that_could_not_have_happened_is_damage_though_its_hashes_are_right(tmp_path):
    from pipelines.publication.state import replay

    file = tmp_path / "2026Q2.jsonl"
    events = append(file, (), "preview", AT, run="a", settings=SETTLED, settings_sha256=settings_sha256(SETTLED),
                    record_before="first")
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
