"""`gongping status` without a quarter: every quarter that the folder knows, in a line each, the damaged ones too."""

import json

import pytest

from pipelines.cli import main
from pipelines.publication import desk as publishing
from tests.publication.office import PERIOD, act, finished_run, published, record, signers_of

KILLED = {"kind": "run", "period": "2026Q3", "at": "2026-10-06 06:00:00", "pid": 1, "host": "h"}


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    """The command on one output folder: exit code and lines."""
    monkeypatch.setenv("GONGPING_LANG", "en")

    def run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["status", "--out", str(tmp_path), "--signers", str(signers_of(tmp_path)), *arguments])
        return ended.value.code, capsys.readouterr().out

    return run


def begun(out, **facts):
    """The note of a run that was killed."""
    (out / ".begun").mkdir(exist_ok=True)
    (out / ".begun" / f"{facts.get('period', 'x')}.json").write_text(json.dumps(KILLED | facts))


def test_a_folder_without_a_quarter_says_how_to_begin(call, tmp_path):
    code, output = call()
    assert code == 0 and "no period in" in output and "gongping run PERIOD" in output
    code, output = call("--json")
    assert (code, json.loads(output)) == (0, {"quarters": [], "begun": []})
    assert list(tmp_path.iterdir()) == []


def test_every_quarter_has_its_line_the_latest_first(call, tmp_path):
    finished_run(tmp_path)
    act(tmp_path, publishing.note_preview)
    begun(tmp_path)
    begun(tmp_path, period="2025Q4")
    (tmp_path / "2026Q1.notes").mkdir()  # somebody's own
    code, output = call()
    lines = [line.split(":")[0] for line in output.splitlines()]
    assert (code, lines) == (0, ["2026Q3", "Cut short", "2026Q2", "2025Q4", "Cut short"])
    assert "2026Q3: no run" in output and "2026Q2: objection window over" in output
    quarters = json.loads(call("--json")[1])["quarters"]
    assert [(one["period"], one["state"], len(one["begun"])) for one in quarters] == [
        ("2026Q3", "nothing", 1), ("2026Q2", "objections_over", 0), ("2025Q4", "nothing", 1),
    ]
    assert quarters[1] == {**json.loads(call(str(PERIOD), "--json")[1]), "at": quarters[1]["at"]}


def test_a_quarter_of_which_only_the_edition_is_left_has_its_line(call, tmp_path):
    published(tmp_path)
    (tmp_path / str(PERIOD)).unlink()
    assert call()[1].splitlines() == ["2026Q2: published"]


def test_a_damaged_record_is_told_beside_the_others_and_ends_with_its_code(call, tmp_path):
    published(tmp_path)
    begun(tmp_path)
    file = record(tmp_path)
    file.write_bytes(file.read_bytes().replace(b"preview", b"preview2", 1))
    code, output = call()
    assert code == 5
    assert [line.split(":")[0] for line in output.splitlines()][:3] == ["2026Q3", "Cut short", "2026Q2"]
    assert "2026Q2: record or run damaged" in output
    code, output = call("--json")
    (_, damaged) = json.loads(output)["quarters"]
    assert (code, damaged["state"]) == (5, "damaged") and damaged["why"]["en"] and damaged["why"]["zh"]


def test_a_newer_run_after_publication_is_told_with_the_edition_that_is_in_force(call, tmp_path):
    published(tmp_path)
    finished_run(tmp_path, "-0.50")
    (line,) = call()[1].splitlines()
    assert line.startswith("2026Q2: edition 1 is published; a newer run is not yet sent as preview")
    assert call(str(PERIOD))[1].splitlines()[0] == line
