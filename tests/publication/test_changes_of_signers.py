"""Changes of the signers that wait: which one a signature is under, and what is left after one that failed."""

from datetime import timedelta

import pytest

from pipelines.model.words import NotAllowed, VerificationFailed
from pipelines.publication.signers import open_register
from tests.publication.office import BEGUN, LIN, WU, begin_signers, public_of, signers_of

FIRST, MORE = ("林一", "吴二"), ("郑四", "王五")


@pytest.fixture
def register(tmp_path):
    begin_signers(tmp_path, FIRST)
    with open_register(tmp_path, signers_of(tmp_path), BEGUN) as opened:
        yield opened


HOUR = timedelta(hours=1)


def test_a_change_whose_first_signature_failed_is_noted_once_when_it_is_proposed_again(register):
    first = register.propose("add", "郑四", public_of("郑四"), ("拟稿",))
    with pytest.raises(NotAllowed):
        register.agree("林一", WU.key)
    again = register.propose("add", "郑四", public_of("郑四"), ("拟稿",))
    assert again == first and len(register.signers.waiting) == 1
    for who in (LIN, WU):
        register.agree(who.by, who.key)
    assert [one.name for one in register.signers.now(BEGUN)] == [*FIRST, "郑四"]


@pytest.mark.parametrize(("key", "roles"), [("王五", ("拟稿",)), ("郑四", ("审核",))])
def test_another_key_or_another_role_is_another_change(register, key, roles):
    register.propose("add", "郑四", public_of("郑四"), ("拟稿",))
    register.propose("add", "郑四", public_of(key), roles)
    assert len(register.signers.waiting) == 2


def test_if_several_wait_nobody_signs_one_that_they_did_not_name(register):
    lines = [register.propose("add", name, public_of(name), ("拟稿",)).line for name in MORE]
    with pytest.raises(NotAllowed, match=f"{lines[0]}、{lines[1]}.*--change"):
        register.agree("吴二", WU.key)
    assert all(one.by == () for one in register.signers.waiting)
    assert register.agree("吴二", WU.key, lines[1]).name == "王五"
    assert register.agree("吴二", WU.key).name == "郑四"  # the only one left for them
    with pytest.raises(NotAllowed, match="已在这项变更上签名"):
        register.agree("吴二", WU.key)


def revoked(register) -> None:
    """A signer is taken out, as the two others agree."""
    register.propose("revoke", "周三")
    for who in (LIN, WU):
        register.agree(who.by, who.key)


@pytest.mark.parametrize("left", ["the one before", "none"])
def test_a_copy_that_an_act_cut_short_did_not_reach_is_brought_up_by_the_next(tmp_path, left):
    begin_signers(tmp_path)
    copy, at = signers_of(tmp_path), BEGUN + HOUR
    before = copy.read_bytes()
    with open_register(tmp_path, copy, at) as register:
        revoked(register)
    after = copy.read_bytes()
    copy.write_bytes(before) if left == "the one before" else copy.unlink()
    with open_register(tmp_path, copy, at):
        assert copy.read_bytes() == after != before


def test_a_copy_from_two_acts_before_is_no_crash(tmp_path):
    begin_signers(tmp_path)
    copy, at = signers_of(tmp_path), BEGUN + HOUR
    before = copy.read_bytes()
    with open_register(tmp_path, copy, at) as register:
        revoked(register)
        register.propose("add", "赵四", public_of("赵四"), ("拟稿",))
    copy.write_bytes(before)
    with pytest.raises(VerificationFailed), open_register(tmp_path, copy, at):
        pass
