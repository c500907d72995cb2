"""Both notebooks run from the first cell to the last, and the app answers a slider in a real browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from pipelines.paths import ROOT

NOTEBOOKS = ROOT / "notebooks"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WAIT = 120


def browser() -> str:
    """The browser of this machine; where there is none the test is skipped, on the build server it fails."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None and not os.environ.get("CI"):
        pytest.skip("no chromium on this machine")
    assert found, "the build server has no chromium"
    return found


def test_the_notebook_tells_its_story_to_the_end(out, monkeypatch, tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    monkeypatch.setenv("GONGPING_OUT", str(out))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    book = nbformat.read(NOTEBOOKS / "what_if.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in book.cells), "the notebook is kept without its outputs"
    nbclient.NotebookClient(book, timeout=WAIT, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    shown = [output for cell in book.cells for output in cell.get("outputs", ())]
    pages = [output["data"]["text/html"] for output in shown if "text/html" in output.get("data", {})]
    assert sum("vega" in page for page in pages) >= 5
    assert not any('<script src="http' in page for page in pages)


def test_the_readme_leads_to_a_comparison_chart_in_five_lines(out):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.split("```python\n")[1].split("```")[0]
    lines = block.replace("demo/out", str(out)).strip().splitlines()
    assert len(lines) <= 5
    names: dict = {}
    exec("\n".join(lines[:-1]), names)
    assert "layer" in eval(lines[-1], names).to_dict()


@pytest.mark.parametrize("target", ["notebook", "app"])
def test_one_command_sets_up_and_opens_each_notebook(target):
    told = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    script = ROOT / "scripts" / "notebook.sh"
    opened = script.read_text(encoding="utf-8") if "scripts/notebook.sh" in told else told
    assert "scripts/setup.sh" in told
    assert any(f"notebooks/{name.name}" in opened for name in NOTEBOOKS.iterdir())


@pytest.fixture
def app(out):
    """The address of the running app."""
    pytest.importorskip("marimo")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "marimo", "run", str(NOTEBOOKS / "what_if_app.py"), "--headless", "--no-token",
               "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "GONGPING_OUT": str(out), "PYTHONPATH": str(ROOT), "MARIMO_SKIP_UPDATE_CHECK": "1"}
    server = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(address: str, server: subprocess.Popen) -> None:
    for _ in range(WAIT):
        assert server.poll() is None, "the app did not start"
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(1)
    raise AssertionError(f"{address} does not answer")


def test_a_moved_slider_ranks_anew_in_a_real_browser(app, quarter, tmp_path):
    sync = pytest.importorskip("playwright.sync_api")
    path = browser()
    with sync.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1300, "height": 1500})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(app)
        page.wait_for_selector("#ranking td", timeout=WAIT * 1000)
        before = _totals(page)
        assert before == _of(quarter.what_if({}))
        slider = page.get_by_role("slider").first
        slider.focus()
        for _ in range(4):
            slider.press("ArrowRight")
        page.wait_for_selector("#ranking caption:has-text('→ 1.5')", timeout=WAIT * 1000)
        after = _totals(page)
        if shots := os.environ.get("GONGPING_SHOTS"):
            page.screenshot(path=Path(shots) / "what_if_app.png")
        chromium.close()
    strange = [url for url in asked if not url.startswith((app, app.replace("http", "ws"), "data:", "blob:"))]
    assert not strange, f"the app works offline: {strange}"
    assert after != before
    assert after == _of(quarter.what_if({"late_reply.deduct": "1.5"}))


def _totals(page) -> list[tuple[str, str]]:
    """(unit, total) of each row on the page, read in one go."""
    script = "() => [...document.querySelectorAll('#ranking tbody tr')].map(r => [...r.cells].map(c => c.innerText))"
    return [(row[2], row[6]) for row in page.evaluate(script)]


def _of(scenario) -> list[tuple[str, str]]:
    top = scenario.ranking.head(20)
    return [(name, f"{total:.2f}") for name, total in zip(top["unit_name"], top["total"], strict=True)]
