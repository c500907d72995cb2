"""Who may approve what: two people, two roles, the run in force, every byte of it."""

import pytest

from pipelines.cli import main
from pipelines.model.words import NotAllowed, UsageRefusal, VerificationFailed
from pipelines.publication import desk as publishing
from pipelines.publication.desk import Person
from tests.publication.office import (
    LATER,
    LIN,
    PERIOD,
    SENT,
    WU,
    act,
    approved_run,
    begin_signers,
    finished_run,
    key_of,
    published,
    signers_of,
)


def test_a_signature_is_recorded_with_time_revision_and_hash(tmp_path):
    named = finished_run(tmp_path)
    (signed,) = act(tmp_path, publishing.approve, LIN).approvals
    assert (signed.by, signed.role, signed.revision, signed.run) == ("林一", "审核", 1, named)
    assert str(signed.at) == "2026-07-14 10:00:00"


@pytest.mark.parametrize("again", ["林一", "林 一", " 林一　"])
def test_one_person_signs_once_however_the_name_is_spelt(tmp_path, again):
    finished_run(tmp_path)
    act(tmp_path, publishing.approve, LIN)
    with pytest.raises(NotAllowed):
        act(tmp_path, publishing.approve, Person(again, "签发", LIN.key))


def test_a_role_is_signed_by_one_person(tmp_path):
    finished_run(tmp_path)
    act(tmp_path, publishing.approve, LIN)
    with pytest.raises(NotAllowed):
        act(tmp_path, publishing.approve, Person("吴二", "审核", WU.key))


def test_an_unknown_role_is_refused_with_the_roles_there_are(tmp_path):
    finished_run(tmp_path)
    with pytest.raises(NotAllowed, match="拟稿、审核、签发"):
        act(tmp_path, publishing.approve, Person("林一", "局长", LIN.key))


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "林\n一", "林" * 101])
def test_a_name_must_be_a_name(tmp_path, name):
    finished_run(tmp_path)
    with pytest.raises(UsageRefusal):
        act(tmp_path, publishing.approve, Person(name, "审核"))


def test_a_run_whose_bytes_were_changed_cannot_be_approved(tmp_path):
    finished_run(tmp_path)
    with (tmp_path / str(PERIOD) / "ranking.csv").open("ab") as file:
        file.write(b" ")
    with pytest.raises(VerificationFailed, match=r"ranking\.csv"):
        act(tmp_path, publishing.approve, LIN)


def test_nothing_can_be_approved_before_there_is_a_run(tmp_path):
    with pytest.raises(NotAllowed):
        act(tmp_path, publishing.approve, LIN)


def test_a_new_run_makes_the_signatures_void_and_can_be_approved_anew(tmp_path):
    approved_run(tmp_path)
    new = finished_run(tmp_path, "-2.00")
    with pytest.raises(NotAllowed, match="作废"):
        act(tmp_path, publishing.publish, without_pdf=True, at=LATER)
    for person in (LIN, WU):
        state = act(tmp_path, publishing.approve, person, at=LATER)
    assert [(one.revision, one.run) for one in state.approvals] == [(2, new)] * 2
    assert act(tmp_path, publishing.publish, without_pdf=True, at=LATER).run == new


def test_a_run_that_comes_back_after_another_must_be_approved_again(tmp_path):
    first = approved_run(tmp_path)
    finished_run(tmp_path, "-2.00")
    act(tmp_path, publishing.note_preview)
    assert finished_run(tmp_path) == first
    with pytest.raises(NotAllowed):
        act(tmp_path, publishing.publish, without_pdf=True, at=LATER)


def test_a_published_run_needs_no_more_signatures(tmp_path):
    published(tmp_path)
    with pytest.raises(NotAllowed):
        act(tmp_path, publishing.approve, Person("周三", "拟稿", key_of("周三")), at=LATER)


def test_an_act_cannot_be_dated_before_the_last_one(tmp_path):
    finished_run(tmp_path)
    act(tmp_path, publishing.approve, LIN)
    with pytest.raises(NotAllowed, match="时钟"):
        act(tmp_path, publishing.approve, WU, at=SENT)


def test_a_preview_that_signing_recorded_is_told_also_where_the_signature_failed(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GONGPING_LANG", "zh")
    finished_run(tmp_path, manifest={"simulated": True})
    begin_signers(tmp_path)
    for key, code, previewed in ((WU.key, 4, True), (LIN.key, 0, False)):
        with pytest.raises(SystemExit) as ended:
            main(["approve", str(PERIOD), "--by", LIN.by, "--role", LIN.role, "--key", str(key), "--out", str(tmp_path),
                  "--signers", str(signers_of(tmp_path)), "--ticked", "all"])
        assert (ended.value.code, "第 1 稿预览已登记" in capsys.readouterr().out) == (code, previewed)
