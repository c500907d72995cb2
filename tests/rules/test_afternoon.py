"""The manual's chapter, carried out in each language: its files written, its commands run; the book is the example."""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from pipelines.paths import ROOT
from pipelines.rulebook.load import load_rulebook
from scripts.rulebook_reference import MANUALS

pytestmark = pytest.mark.long

BLOCK = re.compile(r"```(sh|yaml)( [^\n]*)?\n(.*?)```", re.DOTALL)


def chapter(lang: str) -> list[tuple[str, str, str]]:
    """(kind, what stands behind it, text) of every block of the second chapter."""
    text = MANUALS[lang].read_text(encoding="utf-8").split("\n## ")[1]
    return [(kind, rest.strip(), body) for kind, rest, body in BLOCK.findall(text)]


def carried_out(lang: str, folder: Path) -> list[str]:
    """What the commands printed."""
    said = []
    for kind, rest, body in chapter(lang):
        if kind == "yaml":
            (folder / rest).parent.mkdir(parents=True, exist_ok=True)
            (folder / rest).write_text(body, encoding="utf-8")
            continue
        for line in body.splitlines():
            words = shlex.split(line)
            command = [sys.executable, "-m", "gongping", *words[1:]] if words[0] == "gongping" else words
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "GONGPING_LANG": lang}
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
            assert (done.returncode != 0) == (rest == "fails"), (line, done.stdout, done.stderr)
            said.append(done.stdout)
    return said


@pytest.mark.parametrize("lang", MANUALS)
def test_the_chapter_makes_the_example(lang, tmp_path):
    said = carried_out(lang, tmp_path)
    assert any("-12.2" in one and "-12.5" in one for one in said), "both examples at once"
    made = load_rulebook(tmp_path / "lianyungang", date(2023, 1, 1))
    kept = load_rulebook(ROOT / "examples" / "lianyungang" / "rulebook", date(2023, 1, 1))
    assert {id: replace(rule, examples=()) for id, rule in made.rules.items()} == {
        id: replace(rule, examples=()) for id, rule in kept.rules.items()
    }
    assert {id: one.where for id, one in made.measures.items()} == {id: one.where for id, one in kept.measures.items()}
    assert {id: replace(item, quality=True) for id, item in made.items.items()} == kept.items
    assert (tmp_path / "out" / "2026-07" / "index.html").is_file()


def test_the_chapter_is_the_same_in_both_languages():
    def without_words(lang: str) -> list[tuple[str, str, str]]:
        return [(kind, rest, re.sub(r"name: [^,]*,", "name,", body)) for kind, rest, body in chapter(lang)]

    assert without_words("zh") == without_words("en")


def test_the_manuals_have_the_same_chapters():
    texts = {lang: file.read_text(encoding="utf-8").split("\n## ")[1:] for lang, file in MANUALS.items()}
    counts = [[len(re.findall(r"(?m)^\| |^```|^- ", part)) for part in text] for text in texts.values()]
    assert counts[0] == counts[1]
