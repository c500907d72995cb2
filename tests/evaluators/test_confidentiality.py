"""E4.0, E5.5: nothing about an evaluator is anywhere outside the restricted folder, whatever was asked or broken."""

import io
import re
import tempfile
from contextlib import redirect_stderr, redirect_stdout

import pytest

from pipelines.cli import _run
from pipelines.model.period import Period
from pipelines.sample.make import make_sample
from tests.evaluators.canaries import CANARY, TEXTS, confidential, copied, found_in, plant, word

pytestmark = pytest.mark.long

PERIOD = Period.parse("2026Q3")
AT = "2026-08-10"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Everything that the commands printed, and the folders that they left."""
    home = tmp_path_factory.mktemp("canary")
    for name in ("out", "tmp", "home"):
        (home / name).mkdir()
    make_sample(home / "plain", PERIOD, 6, 600, 5)
    planted = copied(home / "plain", home / "x")
    words = [plant(planted, table) for table in TEXTS if table != "evaluator_actions"]
    (home / "in").mkdir()
    printed = []

    def gongping(*arguments):
        """The command line in this process: what it printed, wherever it printed it."""
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            code = _run(list(arguments))
        printed.append((arguments, code, said.getvalue()))

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setattr(tempfile, "tempdir", str(home / "tmp"))
        for name, value in {"TMPDIR": "tmp", "HOME": "home", "GONGPING_KEY_FILE": "key"}.items():
            patch.setenv(name, str(home / value))
        work_through(home, gongping)
        go_wrong(home, gongping)
    return home, printed, words


def work_through(home, gongping):
    """Every command that has to do with evaluators, once, on good rows and bad ones."""
    office = ("--exports", "x", "--out", "out")
    gongping("evaluators", "step", "--at", "2026-07-15", "--inbox", "in", *office)
    act(home)
    gongping("evaluators", "step", "--at", AT, "--inbox", "in", *office, "--json")
    gongping("evaluators", "status", "--out", "out")
    gongping("evaluators", "status", "--out", "out", "--json")
    gongping("evaluators", "report", "--at", AT, *office)
    gongping("evaluators", "appointments", "--at", AT, *office)
    somebody = word("evaluators", "evaluator_id") + "E005"
    gongping("evaluators", "appointments", "--at", AT, *office, "--certificate", somebody)
    gongping("evaluators", "key")
    (home / "notify.yaml").write_text("everyone: ['json://127.0.0.1:9/']", encoding="utf-8")
    gongping("evaluators", "send", "--notify", "notify.yaml", "--out", "out")
    gongping("run", str(PERIOD), *office, "--no-pdf")
    gongping("check", str(PERIOD), "--exports", "x", "--json")
    gongping("libraries", "check", str(PERIOD), *office)
    gongping("libraries", "check", str(PERIOD), *office, "--json", "--no-pdf")
    gongping("explain", "U001", str(PERIOD), "--out", "out")
    gongping("preview", str(PERIOD), "--out", "out")
    gongping("signers", "init", "--out", "out", "--simulated")
    for name, role in (("林一", "审核"), ("吴二", "签发")):
        gongping("approve", str(PERIOD), "--out", "out", "--by", name, "--role", role, "--key", f"keys/{name}",
                 "--before-objections-end", "试", "--ticked", "all")
    gongping("publish", str(PERIOD), "--out", "out", "--without-pdf")
    gongping("status", str(PERIOD), "--out", "out")
    gongping("verify", str(PERIOD), "--out", "out", "--exports", "x")


def go_wrong(home, gongping):
    """Every way in which the evaluators' commands refuse, on files full of the word; each tells what, and not whom."""
    office = ("--exports", "x", "--out", "out")
    gongping("evaluators", "step", "--at", "2026-07-01", "--inbox", "in", *office)
    gongping("evaluators", "step", "--at", AT, "--inbox", "nowhere", *office)
    gongping("evaluators", "step", "--at", AT, *office, "--evaluations", "x/evaluations.csv")
    gongping("evaluators", "appointments", "--at", AT, *office, "--certificate", "E005")
    gongping("evaluators", "send", "--out", "out", "--notify", "notify.yaml", "--again", "PJ0")
    channels = f"evaluators: {{{word('evaluators', 'evaluator_id')}E005: [{CANARY}://somebody]}}"
    (home / "wrong.yaml").write_text(channels, encoding="utf-8")
    gongping("evaluators", "send", "--out", "out", "--notify", "wrong.yaml")
    broken = copied(home / "x", home / "y")
    lines = (broken / "evaluators.csv").read_text(encoding="utf-8-sig").splitlines()
    (broken / "evaluators.csv").write_text("\n".join([lines[0], *lines[1:2] * 2, *(f'"{CANARY}' for _ in range(9))]))
    gongping("evaluators", "step", "--at", AT, "--exports", "y", "--out", "out")
    (broken / "evaluators.csv").write_text("\n".join(lines[1:]), encoding="utf-8")  # somebody's row for a header
    gongping("evaluators", "report", "--at", AT, "--exports", "y", "--out", "out")
    log = home / "out/restricted/evaluators/log.jsonl"
    log.write_bytes(log.read_bytes().replace(CANARY.encode(), CANARY.encode() + b"X", 1))
    gongping("evaluators", "status", "--out", "out")
    gongping("evaluators", "step", "--at", AT, "--inbox", "in", *office)


def act(home):
    """An inbox with the word in every field: rows that are taken, and one broken by each column."""
    table = (home / "out/restricted/evaluators/evaluations.csv").read_text(encoding="utf-8-sig").splitlines()
    rows = ["action_id,evaluator_id,action,acted_at,assignment_id,rating,reason,away_from,away_until"]
    for n, line in enumerate(table[1:5]):
        id, _, _, who, *_ = line.split(",")
        rows.append(f"A{n},{who},rate,2026-07-15 1{n}:00:00,{id},satisfied,{CANARY}_reason,,")
    rows.append(f"A8,{CANARY}_nobody,rate,2026-07-15 10:00:00,{CANARY}_none,satisfied,{CANARY},,")
    broken = f"{CANARY}_broken"
    for n in range(1, 9):
        cells = ["A9", "E1", "rate", "2026-07-15 10:00:00", "P1", "satisfied", "ok", "2026-07-16", "2026-07-17"]
        cells[0], cells[n] = f"B{n}", broken
        rows.append(",".join(cells))
    (home / "in" / "evaluator_actions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def test_the_word_is_planted_in_every_confidential_field(runs):
    home, _, words = runs
    planted = {name for part in words for name in part}
    assert planted >= {word(table, column) for table, column in confidential()}
    restricted = home / "out" / "restricted"
    for name in ("log.jsonl", "evaluations.csv", "refused.csv", "panel.html", "panel.json", "appointments.html"):
        assert CANARY.encode() in (restricted / "evaluators" / name).read_bytes(), name


def test_every_command_did_its_work_and_then_every_wrong_one_was_refused(runs):
    """Without a traceback: exit code 1 is a defect's too, so the reason must be one of the others."""
    _, printed, _ = runs
    codes = [code for _, code, _ in printed]
    wrong = codes.index(4)
    assert [(arguments[:2], code) for arguments, code, _ in printed[:wrong] if code] == []
    assert [(arguments, code) for arguments, code, _ in printed[wrong:] if code not in (2, 3, 4, 5)] == []
    assert len(codes) - wrong == 10 and not any("Traceback" in text for _, _, text in printed)


def test_nothing_that_is_printed_says_it(runs):
    _, printed, _ = runs
    assert [arguments for arguments, _, text in printed if CANARY in text] == []
    assert all(text for _, _, text in printed)


def test_no_file_outside_the_restricted_folder_says_it(runs):
    home, _, _ = runs
    assert (home / "out" / str(PERIOD) / "quarantine.csv").is_file()
    for folder in ("out", "tmp", "home"):
        assert found_in(home / folder, home / "out" / "restricted") == []


def test_the_quarantine_lists_the_broken_rows_without_what_they_say(runs):
    home, _, _ = runs
    lines = (home / "out" / str(PERIOD) / "quarantine.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len([line for line in lines if line.startswith(("evaluators,", "evaluations,"))]) > 10


def test_no_published_page_or_table_counts_overturned_ratings(runs):
    home, _, _ = runs
    files = [file for file in (home / "out" / str(PERIOD)).rglob("*") if file.suffix in {".html", ".csv"}]
    files = [file for file in files if not file.name.startswith("method")]  # tells the rules, not the quarter
    assert len(files) > 8
    telling = re.compile(r"overturn|改变公众评价|改评|推翻", re.IGNORECASE)
    assert [str(file) for file in files if telling.search(file.read_text(encoding="utf-8"))] == []
