"""A run that is killed is told of within a minute: real processes, the machine's own clock, a real address."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pipelines.edges.runs import under_way
from tests.flows.conftest import PATIENCE, PERIOD, _end, kill
from tests.flows.test_serve import Serving, town, write  # noqa: F401 - town is a fixture

MINUTE = 60
RESTART = 10  # seconds after which systemd starts `gongping serve` again: `RestartSec` of the project's service


@pytest.fixture
def heard():
    """An address that people listen to: what came in, each with its moment."""
    found = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self):
            text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["message"]
            found.append((time.monotonic(), text))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Listener) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        yield listener.server_port, found
        listener.shutdown()


@pytest.fixture
def watched(town, heard):  # noqa: F811
    """The town of a score a minute, whose operators are told at that address; no schedule tells them."""
    port, _ = heard
    write(town, f'score: {{cron: "* * * * *", period: {PERIOD}, no_pdf: true}}')
    with (town / "gongping.yaml").open("a", encoding="utf-8") as project:
        project.write("alerts: alerts.yaml\n")
    (town / "alerts.yaml").write_text(f'channels: ["json://127.0.0.1:{port}/"]\n', encoding="utf-8")
    return town


def _told(found: list, since: float) -> float:
    """Seconds from a moment until somebody heard of the killed run."""
    while time.monotonic() < since + PATIENCE:
        for at, text in found:
            if at >= since and "被中断" in text:
                return at - since
        time.sleep(0.2)
    raise AssertionError(found)


@pytest.mark.slow
def test_a_run_that_is_killed_and_one_that_died_with_serve_are_told_of_within_a_minute(watched, heard):
    _, found = heard
    first = Serving(watched)
    try:
        one = first.until(lambda: under_way(watched / "out"))[0]
        killed = time.monotonic()
        kill(one.pid)
        alone = _told(found, killed)
        first.until(lambda: [one for one in under_way(watched / "out") if one.alive])
        found.clear()
        killed = time.monotonic()
        kill(first.process.pid)  # its server is a child
        first.process.wait()
    finally:
        _end(first.process)
    time.sleep(RESTART)
    second = Serving(watched)
    try:
        both = _told(found, killed)
    finally:
        _end(second.process)
    print(f"\ntold after {alone:.0f} s; killed with serve, which systemd starts again: {both:.0f} s")
    assert alone < MINUTE and both < MINUTE
