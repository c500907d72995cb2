"""What goes to the units says 预览 on every page; the run that is approved says nothing new."""

import pytest

from pipelines.edges.fingerprints import file_sha256
from pipelines.edges.published import keep_proposed, proposed_file, proposed_pages
from pipelines.model.words import VerificationFailed
from pipelines.publication import desk as publishing
from pipelines.publication.editions import marked, preview_folder
from tests.publication.office import PERIOD, SENT, act, bytes_below, finished_run


def test_every_page_of_the_copy_is_marked_and_the_run_stays_as_it_is(tmp_path):
    page = '<html lang="zh-CN"><body class="x"><h1>排名</h1></body></html>'.encode()
    finished_run(tmp_path, files={"bulletin.html": page, "bulletin.pdf": b"%PDF-", "results.xlsx": b"PK"})
    before = bytes_below(tmp_path / str(PERIOD))
    seen = act(tmp_path, publishing.note_preview, at=SENT)
    copy = bytes_below(preview_folder(tmp_path, PERIOD, seen))
    pages = {name: content.decode() for name, content in copy.items() if name.endswith(".html")}
    assert set(pages) == {"bulletin.html", "index.html", "units/U1.html"}
    assert all("预览：第 1 稿" in page for page in pages.values())
    assert not [name for name in copy if name.endswith((".pdf", ".xlsx", ".json"))]
    assert copy["ranking.csv"] == before["ranking.csv"]
    assert bytes_below(tmp_path / str(PERIOD)) == before


def test_the_mark_is_the_first_thing_that_a_reader_meets():
    assert marked('<body id="a"><h1>x</h1>', "预览").split("<h1>")[0].endswith(">预览</aside>")
    assert marked("<p>x</p>", "预览").startswith('<aside aria-label="预览 Preview"')


def test_each_revision_has_a_copy_of_its_own(tmp_path):
    for revision, points in enumerate(("-1.00", "-2.00", "-3.00"), 1):
        finished_run(tmp_path, points)
        seen = act(tmp_path, publishing.note_preview, at=SENT)
        assert preview_folder(tmp_path, PERIOD, seen).name == str(revision)
    place = tmp_path / "preview" / str(PERIOD)
    assert sorted(entry.name for entry in place.iterdir()) == ["1", "2", "3", "index.html", "index.json"]
    page = (place / "index.html").read_text(encoding="utf-8")
    assert "最新一稿与第 2 稿相比" in page and "-1.00" in page


def test_pages_of_another_version_that_these_templates_cannot_show_are_a_refusal_in_words(tmp_path):
    run = tmp_path / "run"
    (file := proposed_file(run)).parent.mkdir(parents=True)
    keep_proposed(file, [("index.html", "site/index.html.j2", {"frame": {}})], {"pdf": False})
    with pytest.raises(VerificationFailed) as refused:
        list(proposed_pages(run, file_sha256(file)))
    assert "another version" in refused.value.words.en and str(run) in refused.value.words.en
