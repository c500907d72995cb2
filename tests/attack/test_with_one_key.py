"""What one person tries with a text editor, the command line and a single key; each is found, or refused."""

import json
import shutil
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from pipelines.model.period import Period
from pipelines.model.words import NotAllowed, VerificationFailed
from pipelines.publication import desk as publishing
from pipelines.publication import record as records
from pipelines.publication import ssh
from pipelines.publication.record import head_of
from pipelines.publication.signatures import approval_message
from pipelines.publication.signers import open_register, read_signers
from pipelines.publication.state import replay, settings_sha256
from pipelines.publication.verify import verify
from tests.attack.test_forged_publication import _chained, _found_by_all, _lines, _write
from tests.publication.office import (
    LATER,
    LIN,
    PERIOD,
    SENT,
    SIGNED,
    WU,
    act,
    approved_run,
    finished_run,
    key_of,
    published,
    record,
    signers_of,
)

HOUR = timedelta(hours=1)
ZHOU = publishing.Person("周三", "签发", key_of("周三"))


def one_signature(out: Path) -> None:
    """A run that one person signed."""
    finished_run(out)
    act(out, publishing.note_preview, at=SENT)
    act(out, publishing.approve, LIN)


def forged_approval(out: Path, who, clock) -> None:
    """An approval written by hand with ``who``'s own key, chained, with the head to match."""
    events, signers = records.read(record(out)), read_signers(out)
    state = replay(events, record(out))
    facts = {"by": who.by, "role": who.role, "until": "2026-07-13"}
    message = approval_message(PERIOD, state, head_of(events), facts)
    signer = next(one for one in signers.all if one.name == who.by)
    line = {"at": str(clock), "kind": "approval", **facts, "revision": state.preview.revision, "run": state.preview.run,
            "settings": settings_sha256(state.settings), "key": signer.fingerprint, "signers": signers.heads[0][0],
            "signature": ssh.sign(message, who.role, signer.key, who.key), "clock": str(clock)}
    _write(out, [*_lines(out), line])


def revoke(out: Path, name: str, at) -> None:
    """Two signers end a third one's key."""
    with open_register(out, signers_of(out), at) as register:
        register.propose("revoke", name)
        for who in (LIN, WU):
            register.agree(who.by, who.key)


def test_a_key_that_was_revoked_signs_nothing_more(tmp_path):
    one_signature(tmp_path)
    revoke(tmp_path, "周三", SIGNED + HOUR)
    with pytest.raises(NotAllowed, match="周三"):
        act(tmp_path, publishing.approve, ZHOU, at=SIGNED + 2 * HOUR)
    forged_approval(tmp_path, ZHOU, SIGNED + 2 * HOUR)
    _found_by_all(tmp_path)


def test_a_key_that_was_revoked_signs_nothing_with_an_earlier_date(tmp_path):
    one_signature(tmp_path)
    revoke(tmp_path, "周三", SIGNED + HOUR)
    forged_approval(tmp_path, ZHOU, SIGNED)
    _found_by_all(tmp_path)


def test_a_line_by_hand_counts_where_its_key_is_in_force_so_the_two_above_were_found_for_the_key(tmp_path):
    one_signature(tmp_path)
    forged_approval(tmp_path, ZHOU, SIGNED)
    assert act(tmp_path, publishing.publish, without_pdf=True, at=LATER).folder == "1"


def test_acts_go_on_after_the_signers_changed(tmp_path):
    one_signature(tmp_path)
    revoke(tmp_path, "周三", SIGNED + HOUR)
    act(tmp_path, publishing.approve, WU, at=SIGNED + HOUR)
    act(tmp_path, publishing.publish, without_pdf=True, at=LATER)
    assert verify(tmp_path, PERIOD, signers=signers_of(tmp_path)).editions == ["1"]


def test_a_record_restored_from_before_the_signers_changed_is_found(tmp_path):
    one_signature(tmp_path)
    older = record(tmp_path).read_bytes()
    act(tmp_path, publishing.approve, ZHOU)
    revoke(tmp_path, "周三", SIGNED + HOUR)
    record(tmp_path).write_bytes(older)
    _write(tmp_path, _lines(tmp_path))
    _found_by_all(tmp_path)


def test_two_signatures_in_another_order_are_found(tmp_path):
    approved_run(tmp_path)
    first, one, two = _lines(tmp_path)
    _write(tmp_path, [first, two, one])
    _found_by_all(tmp_path)


def test_a_signature_of_an_earlier_revision_is_no_signature_of_a_later(tmp_path):
    approved_run(tmp_path)
    old = _lines(tmp_path)[2]
    finished_run(tmp_path, "-2.00")
    act(tmp_path, publishing.note_preview)
    act(tmp_path, publishing.approve, LIN)
    lines = _lines(tmp_path)
    _write(tmp_path, [*lines, {**old, "run": lines[-1]["run"], "revision": 2}])
    _found_by_all(tmp_path)


def test_a_whole_record_under_another_quarters_name_is_found(tmp_path):
    approved_run(tmp_path)
    other = record(tmp_path).with_name("2026Q1.jsonl")
    shutil.copyfile(record(tmp_path), other)
    heads = json.loads((tmp_path / "record" / "heads.json").read_text(encoding="utf-8"))
    heads["2026Q1"] = heads[str(PERIOD)]
    (tmp_path / "record" / "heads.json").write_text(json.dumps(heads), encoding="utf-8")
    with pytest.raises(VerificationFailed, match=r"2026Q1\.jsonl"):
        verify(tmp_path, Period.parse("2026Q1"), signers=signers_of(tmp_path))


@pytest.mark.parametrize("change", [{"working_days": 1}, {"needed": 2, "roles": ["审核", "签发", "a"]}])
def test_settings_of_the_record_edited_with_their_hash_are_found_by_the_signatures(tmp_path, change):
    approved_run(tmp_path)
    lines = _lines(tmp_path)
    lines[0]["settings"] |= change
    for line in lines:
        line["settings_sha256" if "settings_sha256" in line else "settings"] = settings_sha256(lines[0]["settings"])
    _write(tmp_path, lines)
    _found_by_all(tmp_path)


def test_two_names_with_one_key_written_into_the_signers_by_hand_are_found(tmp_path):
    one_signature(tmp_path)
    file = tmp_path / "record" / "signers.jsonl"
    (line,) = [json.loads(one) for one in file.read_text(encoding="utf-8").splitlines()]
    mine = line["signers"][0]
    line["signers"][1] |= {"key": mine["key"], "fingerprint": mine["fingerprint"]}
    file.write_bytes(_chained([line]))
    heads = json.loads((tmp_path / "record" / "heads.json").read_text(encoding="utf-8"))
    heads["signers"]["sha256"] = json.loads(file.read_bytes())["sha256"]
    (tmp_path / "record" / "heads.json").write_text(json.dumps(heads), encoding="utf-8")
    signers_of(tmp_path).unlink()
    _found_by_all(tmp_path)


@pytest.mark.parametrize("where", ["a publication", "a signature"])
def test_a_reason_to_end_the_window_early_that_nobody_signed_is_found(tmp_path, where):
    """The window is open; a publication is written by hand, or a reason into what was signed without one."""
    finished_run(tmp_path)
    act(tmp_path, publishing.note_preview, at=SENT)
    for who in (LIN, WU):
        act(tmp_path, publishing.approve, who, at=SENT + HOUR)
    lines = _lines(tmp_path)
    if where == "a publication":
        at = str(SENT + 2 * HOUR)
        lines.append({"at": at, "kind": "publication", "edition": "1", "run": lines[0]["run"], "notice": 0,
                      "without_pdf": True, "early": "x", "clock": at})
    else:
        for line in lines[1:]:
            line["early"] = "x"
    _write(tmp_path, lines)
    _found_by_all(tmp_path)


def test_a_run_of_another_city_put_into_the_folder_by_hand_is_found(tmp_path):
    approved_run(tmp_path, manifest={"rulebook": {"edition": "elsewhere"}})
    (tmp_path / "city.json").write_text('{"city": "standard"}', encoding="utf-8")
    for attempt in (lambda: act(tmp_path, publishing.publish, without_pdf=True, at=LATER),
                    lambda: verify(tmp_path, PERIOD, signers=signers_of(tmp_path))):
        with pytest.raises(VerificationFailed, match="elsewhere"):
            attempt()


def test_an_older_output_folder_put_back_under_a_newer_record_is_found(tmp_path):
    """`published/`, `preview/` and the runs are of yesterday, the record is not."""
    out, kept = tmp_path / "out", tmp_path / "kept"
    approved_run(out)
    shutil.copytree(out, kept, symlinks=True)
    act(out, publishing.publish, without_pdf=True, at=LATER)
    shutil.rmtree(kept / "record")
    shutil.copytree(out / "record", kept / "record")
    with pytest.raises(VerificationFailed):
        verify(kept, PERIOD, signers=signers_of(kept))


@pytest.mark.parametrize("blank", ["mark", "number", "signer", "issues.2026Q2.serial", "issues.2026Q2.date"])
def test_a_bulletin_with_a_blank_is_not_published_and_the_blank_is_named(tmp_path, blank):
    from pipelines.wording import say

    paper = {"bulletin.pdf": b"%PDF-", "units/U1.pdf": b"%PDF-"}
    approved_run(tmp_path, files=paper, printing="done", manifest={"blanks": [blank]})
    named = say(f"publication.blank_{blank.rpartition('.')[2]}", period=PERIOD).zh
    before = record(tmp_path).read_bytes()
    for without in (True, False):
        with pytest.raises(NotAllowed) as refused:
            act(tmp_path, publishing.publish, without_pdf=without, at=LATER)
        assert named in refused.value.words.zh
    assert record(tmp_path).read_bytes() == before and not (tmp_path / "published").exists()


@pytest.mark.parametrize("problem", ["the disk", "the heads"])
def test_a_stop_that_cannot_be_recorded_is_said(tmp_path, monkeypatch, problem):
    from pipelines.model.words import ContractStop
    from pipelines.verbs.options import noted_stop
    from pipelines.wording import say

    approved_run(tmp_path)
    monkeypatch.setattr("pipelines.edges.process.now", lambda: LATER)
    monkeypatch.chdir(tmp_path)
    if problem == "the disk":
        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(publishing, "append", full)
    else:
        (tmp_path / "record" / "heads.json").write_text("{", encoding="utf-8")
    before = record(tmp_path).read_bytes()
    with pytest.raises(ContractStop) as stopped, noted_stop(PERIOD, tmp_path):
        raise ContractStop(say("publish.city_damaged", file="why it stopped"))
    message = stopped.value.words
    assert "why it stopped" in message.zh and "没有记入发布台账" in message.zh and "was not recorded" in message.en
    assert ("No space" if problem == "the disk" else "heads.json") in message.en
    assert record(tmp_path).read_bytes() == before


@pytest.mark.parametrize(("page", "figures", "says"), [
    (b"<p>old</p>", "-1.00", "pages differ"), (None, "-1.00", "every file compared is the same"),
    (b"<p>old</p>", "-3.00", None),
])
def test_after_an_upgrade_figures_are_compared_and_the_version_of_the_pages_is_told(
    tmp_path, monkeypatch, page, figures, says
):
    from pipelines.publication.record import run_in_force

    def code(version):
        return {"inputs": [], "code": {"version": version, "sha256": "0" * 64}}

    out, new = tmp_path / "out", tmp_path / "new"
    approved_run(out, manifest=code("1.4"))
    act(out, publishing.publish, without_pdf=True, at=LATER)
    finished_run(new, figures, files={"index.html": page} if page else {}, manifest=code("1.5"))
    monkeypatch.setattr("pipelines.publication.verify.recompute", lambda *_: run_in_force(new, PERIOD))
    if says is None:
        with pytest.raises(VerificationFailed) as differs:
            verify(out, PERIOD, again=object(), signers=signers_of(out))
        assert "1.4" in differs.value.words.en and "other figures" in differs.value.words.en
        return
    verdict = verify(out, PERIOD, again=object(), signers=signers_of(out))
    (facts,) = [notice.en for notice in verdict.notices if says in notice.en]
    assert "1.4" in facts and "1.5" in facts and verdict.same_bytes is (page is None)


@pytest.mark.parametrize("file", ["published/2026Q2/index.html", "published/2026Q2/index.json",
                                  "published/2026Q2/edition-1.html", "preview/2026Q2/index.html",
                                  "preview/2026Q2/index.json", "preview/2026Q2/1/units/U1.html",
                                  "preview/2026Q2/1/ranking.csv"])
def test_a_list_or_preview_edited_together_with_its_hash_is_found(tmp_path, file):
    from pipelines.edges.fingerprints import code_version

    approved_run(tmp_path, manifest={"code": code_version()})
    act(tmp_path, publishing.publish, without_pdf=True, at=LATER)
    verify(tmp_path, PERIOD, signers=signers_of(tmp_path))
    page = tmp_path / file
    page.write_bytes(page.read_bytes() + b" ")
    beside = tmp_path / ".beside.json"
    document = json.loads(beside.read_text(encoding="utf-8")) | {file: sha256(page.read_bytes()).hexdigest()}
    beside.write_text(json.dumps(document, ensure_ascii=False, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    with pytest.raises(VerificationFailed, match=page.name):
        verify(tmp_path, PERIOD, signers=signers_of(tmp_path))


def test_a_list_by_another_version_is_compared_by_its_data_and_that_is_said(tmp_path):
    published(tmp_path)
    verdict = verify(tmp_path, PERIOD, signers=signers_of(tmp_path))
    assert [notice for notice in verdict.notices if "another version" in notice.en]
    listed = tmp_path / "published" / str(PERIOD) / "index.json"
    text = listed.read_text(encoding="utf-8")
    for old, new in (("2026-07-15", "2026-07-14"), ('"folder": "1"', '"folder": "2"')):
        assert old in text
        listed.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(VerificationFailed):
            verify(tmp_path, PERIOD, signers=signers_of(tmp_path))
    listed.write_text(text, encoding="utf-8")
