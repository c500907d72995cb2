"""Both notebooks as people see them: every chart drawn in JupyterLab and in exports, sliders that rank anew."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from base64 import b64decode
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from pipelines.laboratory.charts import INTERACTIVE
from pipelines.paths import FONTS, ROOT
from tests.pages.browser import WITHOUT, chromium

pytestmark = pytest.mark.long

NOTEBOOKS = ROOT / "notebooks"
WAIT = 120


CHARTS = 6  # in the notebook
PNG, SVG = "image/png", "image/svg+xml"
# Drawn is a chart whose marks have an extent: a failed one leaves an empty box behind.
DRAWN = """() => [...document.querySelectorAll('.jp-OutputArea-output svg')].filter(svg =>
    [...svg.querySelectorAll('.mark-line path, .mark-rect path, .mark-symbol path, .mark-rule line')].filter(
        mark => mark.getBoundingClientRect().width + mark.getBoundingClientRect().height > 1).length > 5).length"""
RUN_ALL = """() => { const lab = window.jupyterapp;  // begins, and does not wait
    lab.restored.then(() => lab.shell.currentWidget.sessionContext.ready)
       .then(() => lab.commands.execute('notebook:run-all-cells')); }"""
PICTURES = """() => [...document.querySelectorAll('.jp-OutputArea-output img')]
    .filter(picture => picture.complete && picture.naturalWidth > 300).length"""


@contextmanager
def opened(**context):
    """A page of a real browser that has the project's fonts, and what went wrong in it."""
    from playwright.sync_api import sync_playwright

    path = chromium() or pytest.skip(WITHOUT)
    fonts = {**os.environ, "FONTCONFIG_FILE": str(FONTS / "fonts.conf")}
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"], env=fonts)
        page, wrong = started.new_context(**context).new_page(), []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        yield page, wrong
        started.close()


def pictured(page, name: str, **options) -> None:
    """A picture for whoever asked for it: GONGPING_SHOTS names the folder."""
    if shots := os.environ.get("GONGPING_SHOTS"):
        page.screenshot(path=Path(shots) / f"{name}.png", **options)


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def story(out, tmp_path_factory):
    """The notebook, run from the first cell to the last in a real JupyterLab, as saved there, and what was drawn."""
    folder, port = tmp_path_factory.mktemp("lab"), free_port()
    shutil.copy(NOTEBOOKS / "what_if.ipynb", folder)
    own = {f"JUPYTER_{name}_DIR": str(folder / f".{name}") for name in ("CONFIG", "DATA", "RUNTIME")}
    environment = {**os.environ, **own, "GONGPING_OUT": str(out), "PYTHONPATH": str(ROOT),
                   "IPYTHONDIR": str(folder / ".ipython")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
               "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}", "--IdentityProvider.token=",
               "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=",
               "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api", server)
        with opened(viewport={"width": 1400, "height": 900}) as (page, wrong):
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            page.goto(f"{address}/lab/tree/what_if.ipynb?reset")
            page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=WAIT * 1000)
            page.evaluate(RUN_ALL)
            page.set_viewport_size({"width": 1400, "height": 14000})  # what is out of sight is not drawn
            page.wait_for_function(f"({DRAWN})() >= {CHARTS}", timeout=WAIT * 1000)
            drawn = page.evaluate(DRAWN)
            page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
            page.evaluate("() => document.querySelector('.jp-WindowedPanel-outer').scrollTo(0, 0)")
            pictured(page, "jupyterlab")
        yield folder / "what_if.ipynb", drawn, wrong, [url for url in asked if not url.startswith((address, "data:",
                                                                                                 "blob:"))]
    finally:
        server.terminate()
        server.wait(20)


def test_every_chart_of_the_notebook_is_drawn_in_jupyterlab(story):
    _, drawn, wrong, strange = story
    assert (drawn, wrong, strange) == (CHARTS, [], [])


def test_a_saved_notebook_holds_small_pictures_of_its_charts(story):
    import nbformat

    book = nbformat.read(story[0], as_version=4)
    bundles = [output["data"] for cell in book.cells for output in cell.get("outputs", ()) if "data" in output]
    charts = [data for data in bundles if PNG in data]
    assert len(charts) == CHARTS and all(SVG in data and INTERACTIVE in data for data in charts)
    assert max(len(json.dumps(data)) for data in charts) < 300_000
    assert "逾期回复" in charts[0]["text/plain"]


def test_an_html_export_of_the_notebook_shows_every_chart(story, tmp_path):
    from nbconvert import HTMLExporter

    exporter = HTMLExporter()
    page_file = tmp_path / "story.html"
    page_file.write_text(exporter.from_filename(str(story[0]))[0], encoding="utf-8")
    with opened(offline=True) as (page, wrong):
        page.goto(page_file.as_uri())
        assert (page.evaluate(PICTURES), wrong) == (CHARTS, [])
        pictured(page, "nbconvert", full_page=True)


def test_a_saved_chart_opens_without_a_network(quarter, tmp_path):
    file = tmp_path / "moves.html"
    quarter.what_if({"late_reply.deduct": 1}).compare().chart().properties(width=700).save(str(file))
    with opened(offline=True) as (page, wrong):
        page.goto(file.as_uri())
        page.wait_for_selector("#vis canvas, #vis svg", timeout=20_000)
        assert wrong == []


def test_a_chart_drawn_without_a_browser_has_chinese_letters(quarter):
    """A letter that no font has would be drawn as the same box as any other."""
    from PIL import Image

    def letters(says: str) -> bytes:
        chart = quarter.tornado().chart(most=1)
        data, _ = chart.properties(title=says)._repr_mimebundle_()
        with Image.open(BytesIO(b64decode(data[PNG]))) as drawn:
            return drawn.convert("L").crop((0, 0, drawn.width, 70)).tobytes()

    assert len({letters(says) for says in ("逾期", "回复", "满意")}) == 3


def test_the_notebook_is_kept_without_its_outputs():
    book = json.loads((NOTEBOOKS / "what_if.ipynb").read_text(encoding="utf-8"))
    assert book["cells"] and not any(cell.get("outputs") for cell in book["cells"])


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
    output = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    script = ROOT / "scripts" / "notebook.sh"
    opened = script.read_text(encoding="utf-8") if "scripts/notebook.sh" in output else output
    assert "scripts/setup.sh" in output
    assert any(f"notebooks/{name.name}" in opened for name in NOTEBOOKS.iterdir())


@pytest.fixture
def app(out):
    """The address of the running app."""
    port = free_port()
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


def test_a_moved_slider_ranks_anew_in_a_real_browser(app, quarter):
    with opened(viewport={"width": 1300, "height": 2500}) as (page, wrong):
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
        page.wait_for_selector("marimo-vega canvas, marimo-vega svg, .vega-embed canvas", timeout=WAIT * 1000)
        pictured(page, "what_if_app")
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
