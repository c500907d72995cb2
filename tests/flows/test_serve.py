"""`gongping serve`: what the project file schedules runs by itself; what nothing would honour is refused."""

import base64
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from pipelines.edges.runs import under_way
from tests.flows.conftest import PATIENCE, PERIOD, _end, _free_port, kill

GONGPING = [sys.executable, "-m", "pipelines", "--lang", "en", "serve"]


@pytest.fixture
def town(exports, tmp_path) -> Path:
    """A project whose period is scored every minute."""
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / str(PERIOD)).symlink_to(exports)
    write(tmp_path, f'score: {{cron: "* * * * *", period: {PERIOD}, no_pdf: true, cutoff: +10 working days}}')
    return tmp_path


def write(home: Path, *schedules: str) -> None:
    lines = ["name: 泽湖市", "exports: exports", "schedules:", *(f"  {one}" for one in schedules)]
    (home / "gongping.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}


def serve(home: Path, *words: str) -> subprocess.CompletedProcess:
    """The command, which is expected to end by itself."""
    command = [*GONGPING, *words]
    return subprocess.run(command, cwd=home, env=environment(), capture_output=True, text=True, timeout=PATIENCE)


class Serving:
    """The command at work in a project."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, _free_port()
        self.log = home / "serve.log"
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                [*GONGPING, "--port", str(self.port)], cwd=home, env=environment(), stdout=out,
                stderr=subprocess.STDOUT, start_new_session=True,
            )

    def states(self) -> list[str]:
        """The states of the runs that have begun."""
        try:
            login = base64.b64encode((self.home / ".prefect" / "login").read_text().strip().encode()).decode()
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.port}/api/flow_runs/filter", b"{}",
                {"Content-Type": "application/json", "Authorization": f"Basic {login}"},
            )
            with urllib.request.urlopen(request, timeout=30) as answer:
                found = [run["state_type"] for run in json.loads(answer.read())]
        except OSError:
            return []
        return [state for state in found if state not in ("SCHEDULED", "PENDING")]

    def until(self, found) -> object:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text()
            if answer := found():
                return answer
            time.sleep(1)
        raise AssertionError(self.log.read_text())


@pytest.fixture
def serving(town):
    one = Serving(town)
    yield one
    _end(one.process)


@pytest.mark.long
def test_a_schedule_fires_and_what_it_scores_lies_in_the_project(serving):
    """The whole of it: a server with a password, a run that nobody asked for, a second server refused, an end."""
    states = serving.until(lambda: [state for state in serving.states() if state != "RUNNING"])
    assert states[0] == "COMPLETED", serving.log.read_text()
    made = json.loads((serving.home / "out" / str(PERIOD) / "manifest.json").read_text(encoding="utf-8"))
    assert (made["city"], made["cutoff"]) == ("泽湖市", "2026-07-15T00:00:00")
    home = serving.home / ".prefect"
    assert [oct(path.stat().st_mode & 0o777) for path in (home, home / "login")] == ["0o700", "0o600"]
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"http://127.0.0.1:{serving.port}/api/admin/version", timeout=30)
    assert "score: next at" in serving.log.read_text()
    again = serve(serving.home, "--port", str(serving.port))
    assert (again.returncode, "runs already" in again.stderr) == (2, True), again.stderr
    serving.process.send_signal(signal.SIGTERM)
    assert serving.process.wait(timeout=PATIENCE) == 0, serving.log.read_text()
    assert not serving.states()  # the server went with it
    assert "Traceback" not in serving.log.read_text()


@pytest.mark.slow
def test_a_run_that_was_killed_with_its_server_is_marked_by_the_next_one_which_scores_the_period(town):
    first = Serving(town)
    first.until(lambda: "RUNNING" in first.states() and under_way(town / "out"))
    kill(first.process.pid)
    assert [one.kind for one in under_way(town / "out")] == ["run"]  # it had begun and did not end
    second = Serving(town)
    try:
        second.until(lambda: {"CRASHED", "COMPLETED"} <= {*second.states()})
        assert (town / "out" / str(PERIOD) / "ranking.csv").is_file() and under_way(town / "out") == []
    finally:
        _end(second.process)


@pytest.mark.slow
def test_a_server_with_ten_thousand_old_runs_starts_and_runs_what_falls_due(town):
    first = Serving(town)
    first.until(lambda: "COMPLETED" in first.states())
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(timeout=PATIENCE) == 0
    with sqlite3.connect(town / ".prefect" / "prefect.db") as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(flow_run)")]
        parts = ("(4)", "(2)", "(2)", "(2)", "(6)")
        own = {"id": " || '-' || ".join(f"lower(hex(randomblob{size}))" for size in parts), "name": "'old'",
               "idempotency_key": "NULL", "state_id": "NULL", "state_type": "'COMPLETED'"}
        database.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
            f"INSERT INTO flow_run ({', '.join(columns)}) SELECT {', '.join(own.get(c, c) for c in columns)} "
            "FROM (SELECT * FROM flow_run LIMIT 1), n"
        )
        (before,) = database.execute("SELECT count(*) FROM flow_run WHERE name = 'old'").fetchone()
    assert before == 10000
    log = town / "out" / ".log" / "runs.jsonl"
    ended, second = log.read_text().count('"ended"'), Serving(town)
    try:
        second.until(lambda: log.read_text().count('"ended"') > ended)
        assert second.states()
    finally:
        _end(second.process)


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ('scores: {cron: "0 7 6 * *"}', "line 4: there is no flow scores, so nothing would run; the nearest is score"),
        ("score: {period: 2026Q2}", "line 4: score does not say when it runs"),
        ('score: {cron: "0 7 6 *"}', "line 4: the cron “0 7 6 *” cannot be read"),
        ('score: {cron: "0 7 32 * *"}', "line 4: the cron “0 7 32 * *” cannot be read"),
        ('score: {cron: "0 7 6 * *", no_pfd: true}', "line 4: the flow score has no parameter no_pfd"),
        ('score: {cron: "0 7 6 * *", no_pdf: perhaps}', "line 4: a parameter of the flow score is wrong"),
    ],
)
def test_a_schedule_that_nothing_would_honour_is_refused_with_its_line(schedule, said, tmp_path):
    (tmp_path / "exports").mkdir()
    write(tmp_path, schedule)
    done = serve(tmp_path, "--dry-run")
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / ".prefect").exists()


def test_the_next_runs_are_told_without_a_server(tmp_path):
    write(tmp_path, 'preview: {cron: "0 7 6 1 *"}', 'publish: {cron: "30 * * * *"}')
    done = serve(tmp_path, "--dry-run")
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith("preview: next at ") and first.endswith("-01-06 07:00")
    assert second.startswith("publish: next at ") and second.endswith(":30")
    told = json.loads(serve(tmp_path, "--dry-run", "--json").stdout)
    assert [one["flow"] for one in told] == ["preview", "publish"] and "-01-06T07:00" in told[0]["next"]
    done = serve(tmp_path, "--json")
    assert (done.returncode, "--dry-run alone" in done.stderr) == (2, True), done.stderr


def test_without_a_project_or_a_schedule_it_says_what_lacks(tmp_path):
    done = serve(tmp_path)
    assert (done.returncode, "gongping init CITY" in done.stderr) == (2, True), done.stderr
    (tmp_path / "gongping.yaml").write_text("name: x\n", encoding="utf-8")
    done = serve(tmp_path)
    assert (done.returncode, "no schedules" in done.stderr) == (2, True), done.stderr
