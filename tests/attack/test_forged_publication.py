"""Ways past two people or the objection window: each is an ordinary command or an edited file, and each is found."""

import dataclasses
import io
import json
import shutil
import tarfile
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from pipelines.model.words import NotAllowed, UsageRefusal, VerificationFailed, Words
from pipelines.paths import ROOT
from pipelines.publication import desk as publishing
from pipelines.publication import ssh
from pipelines.publication.desk import Person
from pipelines.publication.editions import place_of
from pipelines.publication.signers import open_register, read_signers
from pipelines.publication.status import status
from pipelines.publication.verify import verify
from tests.proof import seeds
from tests.publication.office import (
    LATER,
    LIN,
    PERIOD,
    SENT,
    SETTINGS,
    SIGNED,
    WU,
    act,
    approved_run,
    begin_signers,
    finished_run,
    key_of,
    public_of,
    published,
    record,
    signers_of,
)

OFFICE = signers_of


def _found_by_all(out: Path) -> None:
    """`publish`, `verify` and `status` refuse, each with exit 5."""
    for attempt in (
        lambda: act(out, publishing.publish, without_pdf=True, at=LATER),
        lambda: verify(out, PERIOD, signers=OFFICE(out)),
        lambda: status(out, PERIOD, None, None, OFFICE(out), lambda: LATER),
    ):
        with pytest.raises(VerificationFailed):
            attempt()


def _chained(lines: list[dict]) -> bytes:
    """Lines written anew by somebody who knows how they are chained."""
    before, made = "0" * 64, b""
    for number, facts in enumerate(lines, 1):
        facts = {**facts, "n": number, "before": before}
        facts.pop("sha256", None)
        body = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))[:-1]
        before = sha256(body.encode()).hexdigest()
        made += f'{body},"sha256":"{before}"}}\n'.encode()
    return made


def _write(out: Path, lines: list[dict], heads: bool = True) -> None:
    record(out).write_bytes(_chained(lines))
    if heads:  # who can write the one file can write the other
        file = out / "record" / "heads.json"
        document = json.loads(file.read_text(encoding="utf-8"))
        last = json.loads(record(out).read_bytes().splitlines()[-1])
        document[str(PERIOD)] = {"lines": len(lines), "sha256": last["sha256"]}
        file.write_text(json.dumps(document), encoding="utf-8")


def _lines(out: Path) -> list[dict]:
    return [json.loads(line) for line in record(out).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("change", ["a name", "a role", "the last day", "an earlier preview", "another run's",
                                    "no signature"])
def test_a_forged_line_is_found_though_chain_and_head_are_right(tmp_path, change):
    approved_run(tmp_path)
    lines = _lines(tmp_path)
    if change == "a name":
        lines[1]["by"] = "周三"
    elif change == "a role":
        lines[1]["role"] = "拟稿"
    elif change == "the last day":
        lines[1]["until"] = lines[2]["until"] = "2026-07-06"
    elif change == "an earlier preview":
        lines[0]["at"] = lines[0]["clock"] = "2026-07-01 09:00:00"
    elif change == "another run's":
        for line in lines:
            line["run"] = "f" * 64
    else:
        lines[2]["signature"] = lines[1]["signature"]
    _write(tmp_path, lines)
    _found_by_all(tmp_path)


def test_a_rightly_chained_line_at_the_end_is_found(tmp_path):
    approved_run(tmp_path)
    more = {"at": str(LATER), "kind": "stop", "zh": "x", "en": "x", "clock": str(LATER)}
    _write(tmp_path, [*_lines(tmp_path), more], heads=False)
    _found_by_all(tmp_path)


@pytest.mark.parametrize("left", [3, 1, 0])
def test_a_shortened_or_lost_record_is_found(tmp_path, left):
    approved_run(tmp_path)
    act(tmp_path, publishing.note_stop, Words("停", "stop"))
    whole = record(tmp_path).read_bytes().splitlines(keepends=True)
    record(tmp_path).write_bytes(b"".join(whole[:left]))
    _found_by_all(tmp_path)


@pytest.mark.parametrize("heads_too", [False, True])
def test_a_record_cannot_be_begun_again_after_a_loss(tmp_path, heads_too):
    approved_run(tmp_path)
    record(tmp_path).unlink()
    if heads_too:
        (tmp_path / "record" / "heads.json").unlink()
        (tmp_path / "record" / "signers.jsonl").unlink()
        shutil.rmtree(signers_of(tmp_path).parent)
    with pytest.raises(VerificationFailed):
        act(tmp_path, publishing.note_preview, at=LATER)
    _found_by_all(tmp_path)


@pytest.mark.parametrize("settings", [
    dataclasses.replace(SETTINGS, objection_days=1),
    dataclasses.replace(SETTINGS, roles=("a", "b")),
    dataclasses.replace(SETTINGS, approvals=3),
])
def test_settings_of_the_first_preview_bind_every_later_act(tmp_path, settings):
    approved_run(tmp_path)
    for what in (publishing.note_preview, publishing.publish):
        with pytest.raises(NotAllowed, match="当时"):
            act(tmp_path, what, settings=settings, at=LATER)
    finished_run(tmp_path, "-2.00")
    with pytest.raises(NotAllowed, match="当时"):
        act(tmp_path, publishing.approve, LIN, settings=settings, at=LATER)


@pytest.mark.parametrize("typed", [datetime(2026, 6, 30), datetime(2030, 1, 1)])
def test_a_typed_time_outside_cutoff_and_clock_is_refused(tmp_path, typed):
    finished_run(tmp_path)
    with pytest.raises(UsageRefusal, match="--at"):
        act(tmp_path, publishing.note_preview, typed=typed, at=SENT)


def test_a_typed_time_opens_and_ends_no_window(tmp_path):
    finished_run(tmp_path)
    act(tmp_path, publishing.note_preview, typed=datetime(2026, 7, 1), at=SIGNED)
    for person in (LIN, WU):
        act(tmp_path, publishing.approve, person, at=SIGNED)
    with pytest.raises(NotAllowed, match="异议"):
        act(tmp_path, publishing.publish, without_pdf=True, at=LATER)
    assert [line.get("noted") for line in _lines(tmp_path)] == ["2026-07-01 00:00:00", None, None]


def test_without_signers_nobody_approves_and_is_told_how_to_begin(tmp_path):
    finished_run(tmp_path)
    nobody = OFFICE(tmp_path)
    with publishing.open_desk(tmp_path, PERIOD, None, SETTINGS, signers=nobody, clock=lambda: SIGNED) as desk, \
            pytest.raises(NotAllowed, match="signers init"):
        publishing.approve(desk, LIN)


@pytest.mark.parametrize("name", ["林\u200b一", "Lin Yi", "林ー"])
def test_another_spelling_with_ones_own_key_is_no_other_person(tmp_path, name):
    finished_run(tmp_path)
    act(tmp_path, publishing.approve, LIN)
    with pytest.raises((NotAllowed, UsageRefusal)):
        act(tmp_path, publishing.approve, Person(name, "签发", LIN.key))
    with pytest.raises(NotAllowed, match="不是审签人"):
        act(tmp_path, publishing.approve, Person("吴二", "签发", LIN.key))


def test_two_names_with_one_key_are_one_person(tmp_path):
    begin_signers(tmp_path)
    with open_register(tmp_path, OFFICE(tmp_path), SENT) as register, pytest.raises(NotAllowed, match="同一个人"):
        register.propose("add", "Lin Yi", public_of("林一"), ("审核",))


def test_a_signer_is_added_and_revoked_by_two_signatures_only(tmp_path):
    begin_signers(tmp_path)
    with open_register(tmp_path, OFFICE(tmp_path), SENT) as register:
        register.propose("add", "赵四", public_of("赵四"), ("审核",))
        register.agree("林一", LIN.key)
        assert register.signers.of("赵四", SENT) is None
        with pytest.raises(NotAllowed):
            register.agree("林一", LIN.key)
        with pytest.raises(NotAllowed):
            register.agree("吴二", key_of("赵四"))
        register.agree("吴二", WU.key)
        assert register.signers.of("赵四", SENT)
    allowed = OFFICE(tmp_path).read_text(encoding="utf-8")
    seal = ssh.sign(b"m", "审核", public_of("赵四"), key_of("赵四"))
    assert ssh.verified(b"m", seal, "审核", "赵四", allowed, SIGNED)
    assert not ssh.verified(b"m", seal, "签发", "赵四", allowed, SIGNED)


def test_a_signers_file_edited_by_hand_is_refused(tmp_path):
    approved_run(tmp_path)
    with OFFICE(tmp_path).open("a", encoding="utf-8") as file:
        file.write(f'"我" namespaces="审核" {public_of("赵四")}\n')
    _found_by_all(tmp_path)
    with pytest.raises(VerificationFailed, match="--write"):
        read_signers(tmp_path, OFFICE(tmp_path))


@pytest.mark.parametrize("place", ["record", "published", "a file of an edition"])
def test_links_are_not_followed(tmp_path, place):
    out = tmp_path / "out"
    published(out)
    edition = place_of(out, PERIOD) / "1"
    linked = {"record": record(out), "published": edition, "a file of an edition": edition / "ranking.csv"}[place]
    moved = linked.rename(tmp_path / "elsewhere")
    linked.symlink_to(moved)
    with pytest.raises(VerificationFailed, match="链接"):
        verify(out, PERIOD, signers=OFFICE(out))


def test_a_flipped_bit_of_anything_below_the_output_folder_is_found(tmp_path, record_property):
    """First, middle and last byte of every file; as a proof, places drawn besides."""
    published(tmp_path)
    verify(tmp_path, PERIOD, signers=OFFICE(tmp_path))
    files = [file for file in sorted(tmp_path.rglob("*")) if file.is_file() and file.stat().st_size
             and str(PERIOD) != file.relative_to(tmp_path).parts[0]]
    assert len(files) > 25
    drawn, more = Random(seeds(0, 0).start), len(seeds(0, 0)) // len(files)
    for file in files:
        content = file.read_bytes()
        file.chmod(0o644)
        for place in (0, len(content) // 2, len(content) - 1, *(drawn.randrange(len(content)) for _ in range(more))):
            flipped = content[place] ^ 1 << drawn.randrange(8)
            file.write_bytes(content[:place] + bytes([flipped]) + content[place + 1 :])
            with pytest.raises(VerificationFailed):
                verify(tmp_path, PERIOD, signers=OFFICE(tmp_path))
        file.write_bytes(content)
    verify(tmp_path, PERIOD, signers=OFFICE(tmp_path))
    record_property("tried", len(files) * (3 + more))


def test_blanks_of_the_printed_bulletin_are_named_with_their_settings(tmp_path):
    from pipelines.publication.checklist import _blanks
    from pipelines.publication.record import FinishedRun

    (tmp_path / "manifest.json").write_text(json.dumps({
        "period": "2026Q2", "outputs": {}, "blanks": ["mark", "number", "signer", "issues.2026Q2.date"]}))
    said = _blanks(FinishedRun(tmp_path, "")).zh
    assert all(word in said for word in ("发文机关标志", "发文字号", "署名", "成文日期（issues.2026Q2.date）"))


AS_PACKED = {"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}  # Debian 12's Python has no filters


def test_what_was_published_before_keys_still_verifies_and_is_called_that(tmp_path):
    with tarfile.open(fileobj=io.BytesIO((ROOT / "tests" / "old" / "publication.tar.xz").read_bytes())) as museum:
        museum.extractall(tmp_path, **AS_PACKED)
    verdict = verify(tmp_path / "out", PERIOD, signers=tmp_path / "none")
    assert verdict.editions == ["1", "2"]
    assert [notice.zh for notice in verdict.notices if "凭姓名" in notice.zh and "林一、吴二" in notice.zh]
    with publishing.open_desk(tmp_path / "out", PERIOD, datetime(2026, 7, 23), None, signers=tmp_path / "none") as desk:
        before = desk.head
        publishing.note_stop(desk, Words("停", "stop"))
    adopted = [json.loads(line) for line in record(tmp_path / "out").read_text(encoding="utf-8").splitlines()][-2]
    assert (adopted["kind"], adopted["head"], adopted["lines"]) == ("adoption", before, 8)
    assert verify(tmp_path / "out", PERIOD, signers=tmp_path / "none").editions == ["1", "2"]
