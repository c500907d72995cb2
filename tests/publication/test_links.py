"""No page leads nowhere: every link of every page, at every step on the way to publication."""

import os
import re
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from pipelines.assess import Request
from pipelines.publication import desk as publishing
from pipelines.sample.make import make_sample
from tests.pages.hostile import QuickRun
from tests.pages.test_recompute import recomputed
from tests.publication.office import LATER, LIN, PERIOD, SENT, SIGNED, WU, act

pytestmark = pytest.mark.long

HERE = ("index.html", "index.en.html", "bulletin.en.html", "units/en/U001.html", "quality/index.en.html",
        "libraries/index.html")


class Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, file: Path):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        facts = dict(attributes)
        self.anchors.add(facts.get("id"))
        if tag == "a" or "src" in facts:
            self.links.append(facts.get("href") or facts.get("src"))


def dangling(out: Path) -> tuple[list[str], int]:
    """Links that lead nowhere, as a browser reads them, and the number of pages looked at."""
    files = [Path(folder) / name for folder, _, names in os.walk(out, followlinks=True) for name in names
             if name.endswith(".html")]
    read = cache(Page)  # many links lead to few pages
    return [f"{file.relative_to(out)} → {link}" for file in files for link in read(file).links
            if not leads_somewhere(file, link, read)], len(files)


def leads_somewhere(file: Path, link: str, read: Callable[[Path], Page]) -> bool:
    """Whether a link leads to a file, and to an anchor that is there; an address elsewhere counts as nowhere."""
    path, _, anchor = link.partition("#")
    target = Path(os.path.normpath(file.parent / unquote(path))) if path else file
    if re.match(r"[a-z]+:|/", link) or not target.is_file():
        return False
    return not anchor or unquote(anchor) in read(target).anchors


def run(exports: Path, out: Path, **readings: str) -> None:
    with QuickRun(Request(PERIOD, exports, out, readings=readings, pdf=False)) as done:
        done.run()


@pytest.fixture(scope="module")
def way(tmp_path_factory):
    """What was dangling after each step, and the folder at the end."""
    place = tmp_path_factory.mktemp("way")
    exports, out, found = place / "exports", place / "out", {}
    make_sample(exports, PERIOD, 6, 90, 3)
    run(exports, out)
    found["run"] = dangling(out)
    act(out, publishing.note_preview, at=SENT)
    found["preview"] = dangling(out)
    for person in (LIN, WU):
        act(out, publishing.approve, person, at=SIGNED)
    act(out, publishing.publish, without_pdf=True, at=LATER)
    found["publication"] = dangling(out)
    run(exports, out, satisfied="full_only")
    found["run again"] = dangling(out)
    for person in (LIN, WU):
        act(out, publishing.approve, person, at=LATER)
    act(out, publishing.correct, "释义更正", LIN, without_pdf=True, at=LATER)
    found["correction"] = dangling(out)
    return out, found


@pytest.mark.parametrize("step", ["run", "preview", "publication", "run again", "correction"])
def test_no_link_leads_nowhere(way, step):
    lost, pages = way[1][step]
    assert lost == []
    assert pages > 20


FOLDERS = [f"{PERIOD}", f"preview/{PERIOD}/2", f"published/{PERIOD}/1", f"published/{PERIOD}/2"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_of_pages_is_whole_and_was_looked_at(way, folder):
    assert [name for name in HERE if not (way[0] / folder / name).is_file()] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_can_be_recomputed_without_the_program(way, folder):
    code, said = recomputed(way[0] / folder)
    assert code == 0 and "全部相符 / all equal" in said, said


def test_the_crawler_would_find_a_lost_page_and_a_lost_anchor(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html">b</a><a href="#here" id="there">c</a><a href="http://x">d</a>')
    assert len(dangling(tmp_path)[0]) == 3


def test_the_list_of_quarters_follows_the_state(tmp_path):
    make_sample(tmp_path / "exports", PERIOD, 4, 60, 3)
    out = tmp_path / "out"

    def listed() -> str:
        return (out / "index.html").read_text(encoding="utf-8")

    run(tmp_path / "exports", out)
    assert "已计算，未发布" in listed()
    act(out, publishing.note_preview, at=SENT)
    assert "预览，第 1 稿" in listed()
    for person in (LIN, WU):
        act(out, publishing.approve, person, at=SIGNED)
    act(out, publishing.publish, without_pdf=True, at=LATER)
    assert "已发布，第 1 版" in listed() and f'href="published/{PERIOD}/1/index.html"' in listed()
    assert "另有未发布" not in listed()
    run(tmp_path / "exports", out, satisfied="full_only")
    assert "另有未发布的新结果" in listed() and f'href="published/{PERIOD}/1/bulletin.html"' in listed()
