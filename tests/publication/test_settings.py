"""Settings of publication: a bad file is refused with its place, fewer than two people are not enough."""

import pytest

from pipelines.model.words import UsageRefusal
from pipelines.publication.state import STANDARD, load_settings


def test_the_projects_own_settings_load():
    found = load_settings()
    assert found.approvals == 2 and len(found.roles) >= 2 and found.objection_days > 0


@pytest.mark.parametrize(("old", "new", "place"), [
    ("needed: 2", "needed: 1", "approval.needed"),
    ("needed: 2", "needed: two", "approval.needed"),
    ("needed: 2", "needed: 4", "approval.roles"),
    ("[拟稿, 审核, 签发]", "[拟稿, 拟稿]", "approval.roles"),
    ("[拟稿, 审核, 签发]", "拟稿", "approval.roles"),
    ("working_days: 5", "working_days: -1", "objection.working_days"),
    ("working_days: 5", "workdays: 5", "objection.workdays"),
    ("patterns: []", "patterns: ['(']", "canaries.patterns"),
    ("canaries:", "canary:", "canary"),
])
def test_a_bad_setting_is_refused_with_its_place(tmp_path, old, new, place):
    file = tmp_path / "office.yaml"
    text = STANDARD.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(UsageRefusal, match=place.replace(".", r"\.")):
        load_settings(file)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UsageRefusal, match="none"):
        load_settings(tmp_path / "none.yaml")
