"""What is signed says 予以; its preview is rendered again with 拟, on every page and in both languages."""

import re
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

import pytest

from pipelines.edges import folders
from pipelines.edges.paper import official_sheet
from pipelines.edges.published import PROPOSED, tallies_of
from pipelines.model.words import VerificationFailed
from pipelines.publication.editions import write_preview
from pipelines.publication.record import FinishedRun
from pipelines.publication.state import Preview
from pipelines.stages.publish import publish
from pipelines.views.bulletin import Bulletin
from pipelines.wording import say
from tests.pages import fixture

NAMING = {
    "zh": {"index.html", "bulletin.html", "method.html", "units/U001.html", "units/U003.html"},
    "en": {"index.en.html", "bulletin.en.html", "method.en.html", "units/en/U001.html", "units/en/U003.html"},
}
FINAL = {"zh": re.compile("予以"), "en": re.compile("(?i)commended|criticised")}
OPEN = {"zh": re.compile("拟"), "en": re.compile("(?i)proposed")}
BANNER = re.compile('<aside aria-label="预览 Preview"[^>]*>预览.*?</aside>')


def _result(**changes):
    """The invented quarter under a regulation whose clause names its verdicts, as the method page shows it."""
    made = fixture.result()
    clause = replace(made.rulebook.clauses["A1.1"], id="A0.1")
    book = replace(made.rulebook, clauses={"A0.1": clause, **made.rulebook.clauses})
    return replace(made, rulebook=book, **changes)


@pytest.fixture
def run(tmp_path) -> FinishedRun:
    """A finished run that keeps what its preview needs."""
    kept = tmp_path / "kept"
    kept.mkdir()
    tallies_of(kept).mkdir()
    folder = publish(fixture.warehouse(), _result(), tmp_path / "out", pdf=False, kept=kept).folder.resolve()
    return FinishedRun(folder, sha256((folder / folders.MANIFEST).read_bytes()).hexdigest())


def _sent(run: FinishedRun) -> dict[str, str]:
    out = run.folder.parents[2]
    folder = write_preview(out, fixture.PERIOD, Preview(1, run.sha256, datetime(2026, 10, 9)), run)
    return _pages(folder)


def _pages(folder) -> dict[str, str]:
    """Every page without its banner, and without the word for invented data, which holds 拟 too."""
    files = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*.html"))}
    return {name: BANNER.sub("", file.read_text(encoding="utf-8").replace("模拟", "")) for name, file in files.items()}


def test_the_run_says_the_final_words_and_its_preview_the_proposal_on_every_page(run):
    signed, sent = _pages(run.folder), _sent(run)
    assert set(signed) == set(sent)
    for lang, names in NAMING.items():
        assert {name for name in signed if FINAL[lang].search(signed[name])} >= names
        assert {name for name in sent if OPEN[lang].search(sent[name])} == names
        assert not {name for name in signed if OPEN[lang].search(signed[name])}
    assert not {name for name in sent if "予以" in sent[name]}
    run.check()


def test_a_preview_differs_from_what_is_signed_in_these_words_and_its_links_alone(run):
    signed, sent = _pages(run.folder), _sent(run)
    left_out = re.compile(r'<a href="[^"]*\.(?:pdf|xlsx|json)"[^>]*>(.*?)</a>')
    for name, page in sent.items():
        lines = list(zip(left_out.sub(r"\1", signed[name]).splitlines(), page.splitlines(), strict=True))
        changed = [new for old, new in lines if old != new]
        assert bool(changed) == any(name in names for names in NAMING.values()), name
        assert all(OPEN["zh"].search(new) or OPEN["en"].search(new) for new in changed), name


def test_the_printed_bulletin_says_the_final_words_and_the_head(tmp_path):
    made = _result(record_before="ab" * 32)
    page = official_sheet(made, Bulletin(made, [], say).page()).replace("模拟", "")
    assert "予以表彰" in page and "予以通报批评" in page and "拟" not in page
    assert "ab" * 32 in page and "发布台账" in page
    first = _result()
    assert "此前没有发布记录" in official_sheet(first, Bulletin(first, [], say).page())


@pytest.mark.parametrize("harm", ["changed", "lost"])
def test_a_preview_is_not_made_from_pages_that_somebody_touched(run, harm):
    file = tallies_of(run.folder) / PROPOSED
    if harm == "lost":
        file.unlink()
    else:
        file.write_text(file.read_text(encoding="utf-8").replace("拟予", "予以"), encoding="utf-8")
    with pytest.raises(VerificationFailed, match=PROPOSED):
        _sent(run)


def test_a_run_of_an_older_version_is_sent_as_it_is(tmp_path):
    folder = publish(fixture.warehouse(), _result(), tmp_path / "out", pdf=False).folder.resolve()
    old = FinishedRun(folder, sha256((folder / folders.MANIFEST).read_bytes()).hexdigest())
    assert _sent(old).keys() == _pages(folder).keys()
