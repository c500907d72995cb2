"""The key of the pseudonyms: outside the repository, for its owner alone, made once (E4.0)."""

import pytest

from pipelines.edges.private import make_key, pseudonym, read_key
from pipelines.model.words import NotAllowed, UsageRefusal
from pipelines.paths import ROOT


@pytest.fixture
def key(tmp_path, monkeypatch):
    monkeypatch.setenv("GONGPING_KEY_FILE", str(tmp_path / "keys" / "key"))
    return tmp_path / "keys" / "key"


def test_a_key_is_made_once_and_for_its_owner_alone(key):
    assert make_key() == key
    assert oct(key.stat().st_mode & 0o777) == "0o600" and len(read_key()) == 32
    with pytest.raises(NotAllowed):
        make_key()


def test_another_key_gives_other_names_and_the_same_key_the_same():
    one, other = b"1" * 32, b"2" * 32
    assert pseudonym(one, "E1") == pseudonym(one, "E1")
    assert len({pseudonym(key, who) for key in (one, other) for who in ("E1", "E2")}) == 4
    assert "E1" not in pseudonym(one, "E1")


def refused():
    with pytest.raises(UsageRefusal) as caught:
        read_key()
    return caught.value.words.en


def test_a_key_that_is_missing_open_or_none_is_refused_with_the_remedy(key, monkeypatch):
    assert "evaluators key" in refused()
    make_key()
    key.chmod(0o640)
    assert "chmod 600" in refused()
    key.chmod(0o600)
    for text in ("", "short", "ab" * 8, "ab" * 31, "钥匙"):
        key.write_text(text, encoding="utf-8")
        assert "holds no key" in refused()
    key.unlink()
    key.mkdir()
    assert "holds no key" in refused()
    monkeypatch.delenv("GONGPING_KEY_FILE")
    assert "GONGPING_KEY_FILE" in refused()


def test_a_key_inside_the_repository_is_refused(monkeypatch):
    monkeypatch.setenv("GONGPING_KEY_FILE", str(ROOT / "key"))
    assert "outside" in refused()
    with pytest.raises(UsageRefusal):
        make_key()
    assert not (ROOT / "key").exists()
