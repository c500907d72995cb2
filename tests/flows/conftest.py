"""A Prefect server of the tests' own, on a free port, with its own folder, gone when they are done."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from pipelines.edges.process import SILENT
from pipelines.model.period import Period
from pipelines.paths import ROOT
from pipelines.sample.make import make_sample

PATIENCE = 240  # seconds, for a step that takes some ten on a quiet machine
PERIOD = Period.parse("2026Q2")


@dataclass(frozen=True)
class Server:
    """Where it listens, where it keeps things, and the environment of those who talk to it."""

    url: str
    home: Path
    env: dict[str, str]

    def ask(self, path: str, given: object = None, method: str = "POST", **body: object) -> object:
        """Send ``given``, or ``body``, to an API path; the answer. Asked again where the server is busy (503)."""
        content = json.dumps(body if given is None else given).encode()
        request = urllib.request.Request(
            f"{self.url}/{path}", content, {"Content-Type": "application/json"}, method=method
        )
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                    return json.loads(answer.read() or "null")
            except urllib.error.HTTPError as busy:
                if busy.code != 503 or time.monotonic() > end:
                    raise
            time.sleep(1)

    def until(self, found: Callable[[], object]) -> object:
        """What ``found`` gives as soon as it gives anything; AssertionError when patience is at its end."""
        for _ in range(PATIENCE):
            if answer := found():
                return answer
            time.sleep(1)
        raise AssertionError((self.home / "server.log").read_text()[-4000:])

    @contextmanager
    def worker(self, pool: str):
        """A worker of a pool, as an office starts it, ended with what it started."""
        with (self.home / "worker.log").open("w") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, "--limit", "1"],
                cwd=ROOT, env=self.env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )
            try:
                yield process
            finally:
                _end(process)

    def prefect(self, *arguments: str) -> str:
        """Run the `prefect` command in the project's folder; what it printed."""
        return self.python("-m", "prefect", *arguments)

    def python(self, *arguments: str) -> str:
        """Run this Python in the project's folder; what it printed."""
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_well(url: str, process: subprocess.Popen, log: Path) -> None:
    for _ in range(PATIENCE * 2):
        try:
            urllib.request.urlopen(f"{url}/health", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, log.read_text()[-2000:]
            time.sleep(0.5)
    raise AssertionError("the server did not start: " + log.read_text()[-2000:])


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A running server."""
    home, port = tmp_path_factory.mktemp("prefect"), _free_port()
    url, log = f"http://127.0.0.1:{port}/api", home / "server.log"
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    env |= SILENT | {"PREFECT_HOME": str(home), "PREFECT_API_URL": url, "PWD": str(ROOT), "NO_COLOR": "1",
                     "PREFECT_SERVER_DATABASE_TIMEOUT": "60"}
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            cwd=home, env=env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
        )
        try:
            _wait_until_well(url, process, log)
            yield Server(url, home, env)
        finally:
            _end(process)


def _end(process: subprocess.Popen) -> None:
    """End the server and what it started, gently first."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=20)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def kill(pid: int) -> None:
    """kill -9 of a process and of all that it started, as when the power goes: none sees the others die."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    for act in (psutil.Process.suspend, psutil.Process.kill):
        for one in family:
            with suppress(psutil.NoSuchProcess):
                act(one)
    psutil.wait_procs(family)


@pytest.fixture(scope="session")
def deployment(server) -> dict:
    """The deployment as the server knows it."""
    server.prefect("--no-prompt", "work-pool", "create", "gongping", "--type", "process")
    server.prefect("--no-prompt", "deploy", "--all")
    (found,) = server.ask("deployments/filter", deployments={"name": {"any_": ["score"]}})
    return found


@pytest.fixture(scope="session")
def exports(tmp_path_factory) -> Path:
    """A tiny quarter."""
    folder = tmp_path_factory.mktemp("exports")
    make_sample(folder, PERIOD, 4, 80, 7)
    return folder
