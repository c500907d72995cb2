"""The documentation: no link leads nowhere, every page is on the site once, and every command is one that there is."""

import re
import shlex
import subprocess
import sys

import click
import pytest

from pipelines.cli import _group
from pipelines.paths import ROOT
from scripts import site

SITE = {file.relative_to(ROOT).as_posix() for pattern in site.PAGES for file in ROOT.glob(pattern)}
BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
LATER = ("CHANGELOG.md", "DECISIONS.md")  # tell of what was


def links(page: str) -> list[str]:
    return [one for one in site.LINK.findall((ROOT / page).read_text(encoding="utf-8")) if "://" not in one]


@pytest.mark.parametrize("page", sorted(SITE - {*LATER}))
def test_no_link_leads_nowhere(page):
    missing = [
        one for one in links(page) if not one.startswith("mailto:") and not ((ROOT / page).parent / one).exists()
    ]
    assert missing == []


def test_every_page_is_in_the_contents_once_the_chinese_ones_first():
    both = [site.ordered(language, SITE) for language in site.BEGIN]
    assert sorted([*both[0], *both[1]]) == sorted(SITE)
    assert (both[0][0], both[1][0]) == ("README.zh-CN.md", "README.md")
    assert "docs/rulebook.md" in both[0] and "docs/rulebook.en.md" in both[1]


def test_lines_of_chinese_are_joined_without_a_space_and_everything_else_stays():
    text = "# 题\n一行，\n二行\n三 a\n四\n- 五\n  六\n\n七\n| 八 |\n```\n九\n十\n```\n"
    assert site._joined(text) == "# 题\n一行，二行三 a\n四\n- 五六\n\n七\n| 八 |\n```\n九\n十\n```\n"


def commands() -> list[tuple[str, str]]:
    """Page and line of every call in a block, with what the shell takes away: remarks, pipes, variables before it."""
    found = []
    for page in sorted(SITE - {*LATER}):
        for block in BLOCK.findall((ROOT / page).read_text(encoding="utf-8")):
            whole = block.replace("\\\n", " ")
            found += [(page, line.strip()) for line in whole.splitlines() if re.match(r"\s*(\$ )?gongping ", line)]
    return found


@pytest.mark.parametrize(("page", "line"), commands())
def test_every_command_in_a_block_is_one_that_there_is(page, line):
    """Its verbs and options; whether it does what the page says, the test of that page tells."""
    words = [word for word in shlex.split(line.removeprefix("$ "), comments=True)[1:] if word not in ("…", "...")]
    words = [word.strip("[]") for word in words]
    command, context = _group(), click.Context(_group(), obj=None)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        part = command.get_command(context, words[0])
        assert part is not None, f"{page}: {line}"
        command, words = part, words[1:]
        context = click.Context(command, parent=context)
    command.make_parser(context).parse_args(words)


@pytest.mark.slow
def test_the_site_is_built_without_a_complaint(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "site.py"), str(tmp_path / "site")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site" / "html" / "docs" / "rulebook.html").read_text(encoding="utf-8")
    assert 'lang="zh' in page and "../examples/panjin/README.html" in page
    box = page[page.index('id="searchbox"') :].partition("</search>")[0]
    assert "快速搜索" in box and not re.search(r">[A-Za-z ]+<|(?:placeholder|value)=\"[A-Za-z]", box)
    assert "README.zh-CN.html" in (tmp_path / "site" / "html" / "index.html").read_text(encoding="utf-8")
