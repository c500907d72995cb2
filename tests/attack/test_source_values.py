"""A source mapping may only map to values that the contract knows."""

import pytest

from pipelines.contracts.declared import load_contracts
from pipelines.exports.mapping import load_source
from pipelines.model.words import UsageRefusal
from tests.ingest.test_source_mapping import MAPPING


def test_a_mistyped_value_is_refused_with_line_and_nearest(tmp_path):
    file = tmp_path / "town.yaml"
    file.write_text(MAPPING.replace("L: lead", "L: leed"), encoding="utf-8")
    with pytest.raises(UsageRefusal) as refusal:
        load_source(file, load_contracts())
    assert "leed" in refusal.value.words.en and "nearest is lead" in refusal.value.words.en


@pytest.mark.parametrize("word", ["lead", "主办", '""'])
def test_canonical_values_labels_and_nothing_are_accepted(tmp_path, word):
    file = tmp_path / "town.yaml"
    file.write_text(MAPPING.replace("L: lead", f"L: {word}"), encoding="utf-8")
    assert load_source(file, load_contracts()).tables["cases"]
