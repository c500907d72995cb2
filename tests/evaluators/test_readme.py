"""The commands of README and docs, as they stand there, in a fresh folder: the walk of a quarter (E5.2, E6.0, M1)."""

import csv
import re
import shlex

import pytest

from pipelines.cli import _run
from pipelines.edges.paper import paper_problem
from pipelines.paths import ROOT


def commands(file: str, heading: str) -> list[list[str]]:
    """The lines of the first block under a heading, without the remarks."""
    block = (ROOT / file).read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1].split("```")[1]
    lines = block.replace("\\\n", " ").strip().splitlines()
    assert all(line.startswith("gongping ") for line in lines)
    return [shlex.split(line, comments=True)[1:] for line in lines]


@pytest.mark.parametrize(
    ("file", "heading"), [("docs/evaluators.md", "Try it")]
)
def test_the_walk_of_a_quarter_runs_as_it_is_written_down(file, heading, tmp_path, monkeypatch, capsys):
    """On paper is left out where it takes long: `run --no-pdf`, `libraries check --no-pdf`."""
    monkeypatch.chdir(tmp_path)
    for words in commands(file, heading):
        if "--certificate" in words and paper_problem():
            continue
        without = ["--no-pdf"] if words[0] in ("run", "libraries") else []
        code = _run([*words, *without])
        output = capsys.readouterr()
        assert code == 0, (words, output.err)
        if words[0] == "sample":  # and it tells the step that comes next, just as it is written down
            assert re.sub(r"\s+", " ", shlex.join(commands(file, heading)[1])) in re.sub(r"\s+", " ", output.out)
    with (tmp_path / "exports/2026Q3/evaluations.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert sum(bool(row["rating"]) for row in csv.DictReader(stream)) > 150
    made = {"2026Q3/ranking.csv", "2026Q3/libraries/index.html", "restricted/evaluators/panel.html"}
    assert all((tmp_path / "out" / name).is_file() for name in made)
