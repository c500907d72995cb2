"""A page in Chinese and its English twin say the same: headings, code and figures pair."""

import re

import pytest

from pipelines.paths import ROOT

TWINS = ("mapping.en.md", "operations.en.md", "roll-up.en.md", "running.en.md", "sources.en.md")


def parts(text: str) -> dict[str, list]:
    code = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return {
        "headings": [len(found) for found in re.findall(r"^(#+) ", prose, re.MULTILINE)],
        "code": [re.sub(r"\s*#.*", "", block).split() for block in code],
        "rows": [line.count("|") for line in prose.splitlines() if line.startswith("|")],
    }


@pytest.mark.parametrize("twin", TWINS)
def test_a_page_and_its_twin_pair(twin):
    chinese = ROOT / "docs" / twin.replace(".en.md", ".md")
    pages = [parts(file.read_text(encoding="utf-8")) for file in (chinese, ROOT / "docs" / twin)]
    assert [len(page["code"]) for page in pages][0] == len(pages[1]["code"])
    assert pages[0]["headings"] == pages[1]["headings"]
    assert pages[0]["rows"] == pages[1]["rows"]
    different = [pair for pair in zip(*(page["code"] for page in pages), strict=True) if pair[0] != pair[1]]
    assert [pair for pair in different if not _is_call(pair[0])] == []


def _is_call(words: list[str]) -> bool:
    """Shell lines name folders in the reader's language."""
    return "gongping" in words[:3]
