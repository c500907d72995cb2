"""The commands of the manuals as they stand there: mapping.md, rulebook.md, libraries.md."""

import re
import shlex

import pytest

from pipelines.paths import ROOT


def commands(page: str) -> list[list[str]]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("gongping ")]


@pytest.mark.parametrize("page", ["mapping.md", "rulebook.md"])
def test_both_languages_give_the_same_commands(page):
    """But for the name of a folder."""
    plain = [[word.replace("导出文件夹", "EXPORTS") for word in words] for words in commands(page)]
    assert plain == commands(page.replace(".md", ".en.md")) and len(plain) > 1


@pytest.mark.slow
def test_a_mapping_is_drafted_checked_and_run(call, quick, exports, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "EXPORTS").symlink_to(exports)
    for words in commands("mapping.en.md"):
        words = ["2026Q3" if re.fullmatch(r"20\d\d(Q\d|-\d\d)", word) else word for word in words]
        if ">" in words:
            words, file = words[: words.index(">")], words[words.index(">") + 1]
            code, output, error = call(*words)
            (tmp_path / file).write_text(output, encoding="utf-8")
        else:
            code, _, error = call(*words, *(["--no-pdf"] if words[0] == "run" else []))
        assert code == 0, (words, error)
    assert (tmp_path / "out" / "2026Q3" / "index.html").is_file()


def test_a_rulebook_is_written_and_checked(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in commands("rulebook.md"):
        code, output, error = call(*words)
        assert code == 0, (words, output, error)


def test_libraries_are_checked_on_both_days(call, exports):
    for words in commands("libraries.md"):
        words = [str(exports) if word == "DIR" else word for word in words]
        code, _, error = call(*words)
        assert code == 0, (words, error)
