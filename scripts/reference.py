"""What documents repeat of declarations is written again: both languages, the project file, the regulation.

`make reference` runs it; tests hold every file to what is declared.
"""

from datetime import date
from itertools import chain
from pathlib import Path

from pipelines.catalogue import sentences
from pipelines.model.project import KEYS
from pipelines.paths import ROOT, STANDARD_RULES
from pipelines.rulebook.load import load_rulebook
from pipelines.wording import say
from scripts import mapping_reference, rulebook_reference

PROJECT = ROOT / "docs" / "project.md"
REGULATION = ROOT / "docs" / "regulation.md"


def files() -> dict[Path, str]:
    """Every file that is made, and what it should hold."""
    standard = sentences(load_rulebook(STANDARD_RULES, date.today()), ROOT / "tests")
    own = {PROJECT: _with_table(PROJECT.read_text(encoding="utf-8")), REGULATION: regulation(standard)}
    return {**rulebook_reference.files(), **mapping_reference.files(), **own}


def _with_table(page: str) -> str:
    """The page on the project file with its table of keys written again."""
    lines = page.splitlines()
    old = [k for k, line in enumerate(lines) if line.startswith("| `")]
    return "\n".join(chain(lines[: old[0]], keys(), lines[old[-1] + 1 :])) + "\n"


def keys() -> list[str]:
    """The keys as the rows of the table in docs/project.md."""
    rows = [
        (
            f"`{key}`",
            say(f"project.kind_{facts['kind']}").en,
            f"`{facts['option']}`" if facts["option"] else "",
            say(f"project.key_{key}").en,
        )
        for key, facts in KEYS.items()
    ]
    return [f"| {' | '.join(row)} |" for row in rows]


def regulation(rows: list[dict]) -> str:
    """`docs/regulation.md`: a line a sentence, Chinese first."""
    head = (
        "# 规章逐句落实 · The regulation, sentence by sentence\n\n"
        "评分之外要做的事：每句由哪张表、哪个操作、哪个问题落实，谁记录，哪里看，哪个测试。"
        "出自 `rules/sentences.yaml`，`gongping catalogue` 核对每一项都在。\n"
        "What is to be done beside the score sheet: what does it, who records it, where it shows, what tests it. "
        "Derived from `rules/sentences.yaml`; `gongping catalogue` checks that each is there.\n\n"
        "| 条款 clause | 内容 sentence | 由何落实 done by | 谁记录 recorded by | 哪里看 shown on | 测试 test |\n"
        "|---|---|---|---|---|---|\n"
    )
    lines = (
        f"| {row['clause']} | {row['zh']}<br>{row['en']} | {_listed(row['by'])}"
        f" | {row['who']['zh']}<br>{row['who']['en']} | {_listed(row['shows'])} | {_listed(row['tests'])} |\n"
        for row in rows
    )
    return head + "".join(lines)


def _listed(names: list[str]) -> str:
    return "<br>".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    for file, content in files().items():
        file.write_text(content, encoding="utf-8")
