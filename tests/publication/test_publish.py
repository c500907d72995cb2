"""Publication takes exactly what was approved, once, when nothing speaks against it."""

import dataclasses
import io
import re
import subprocess
import sys
import zipfile
from datetime import datetime

import pytest

from pipelines.engines.vector import JudgesDisagree
from pipelines.model.words import NotAllowed, UsageRefusal, VerificationFailed, Words
from pipelines.paths import ROOT
from pipelines.publication import desk as publishing
from pipelines.publication.editions import place_of
from pipelines.publication.verify import verify
from pipelines.verbs import options as acts_of_verbs
from pipelines.wording import say
from tests.publication.office import (
    LATER,
    LIN,
    PERIOD,
    SENT,
    SETTINGS,
    SIGNED,
    WU,
    act,
    approved_run,
    bytes_below,
    finished_run,
    published,
    record,
)


def _refused(out, error=NotAllowed, match="", **named) -> None:
    before = record(out).read_bytes()
    with pytest.raises(error, match=match):
        act(out, publishing.publish, **{"without_pdf": True, "at": LATER, **named})
    assert record(out).read_bytes() == before
    assert not any(name.isdecimal() for name in _editions(out))


def _editions(out) -> list[str]:
    place = place_of(out, PERIOD)
    return [entry.name for entry in place.iterdir()] if place.is_dir() else []


def test_an_edition_holds_the_bytes_that_were_approved_and_cannot_be_written(tmp_path):
    approved_run(tmp_path)
    before = bytes_below(tmp_path / str(PERIOD))
    edition = act(tmp_path, publishing.publish, without_pdf=True, at=LATER)
    folder = place_of(tmp_path, PERIOD) / edition.folder
    found = bytes_below(folder)
    assert {found.pop(name)[:1] for name in ("publication.html", "publication.json")} == {b"<", b"{"}
    assert found == before
    assert {(folder / name).stat().st_mode & 0o222 for name in before} == {0}


def test_nothing_is_published_with_one_signature(tmp_path):
    finished_run(tmp_path)
    act(tmp_path, publishing.approve, LIN)
    _refused(tmp_path, match="1/2")


def test_a_quarter_is_published_once(tmp_path):
    published(tmp_path)
    with pytest.raises(NotAllowed, match="已经发布"):
        act(tmp_path, publishing.publish, without_pdf=True, at=LATER)


@pytest.mark.parametrize("file", ["ranking.csv", "units/U1.html", "quality/report.json", "manifest.json"])
def test_one_changed_byte_stops_publication(tmp_path, file):
    approved_run(tmp_path)
    place = tmp_path / str(PERIOD) / file
    content = place.read_bytes()
    place.write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])
    _refused(tmp_path, VerificationFailed, re.escape(file))


def test_a_file_too_many_or_too_few_stops_publication(tmp_path):
    approved_run(tmp_path)
    (tmp_path / str(PERIOD) / "more.html").write_text("x")
    _refused(tmp_path, VerificationFailed, r"more\.html")
    (tmp_path / str(PERIOD) / "more.html").unlink()
    (tmp_path / str(PERIOD) / "items.csv").unlink()
    _refused(tmp_path, VerificationFailed, r"items\.csv")


def test_units_have_their_days_to_object(tmp_path):
    approved_run(tmp_path, signed=datetime(2026, 7, 7))
    _refused(tmp_path, match="2026-07-13", at=datetime(2026, 7, 13, 23, 59))
    assert act(tmp_path, publishing.publish, without_pdf=True, at=datetime(2026, 7, 14)).says["early"] == ""


@pytest.mark.parametrize(("reasons", "printed"), [
    (("", ""), ""), (("领导批准", ""), ""), (("领导批准", "领导批准"), "领导批准"),
    (("特大汛情", "领导批准"), "特大汛情；领导批准"),
])
def test_the_window_ends_early_only_where_everybody_signed_a_reason(tmp_path, reasons, printed):
    finished_run(tmp_path)
    act(tmp_path, publishing.note_preview, at=SENT)
    at = datetime(2026, 7, 7)
    for who, reason in zip((LIN, WU), reasons, strict=True):
        act(tmp_path, publishing.approve, who, early=reason, at=at)
    if not printed:
        _refused(tmp_path, match="2026-07-13", at=at)
    else:
        assert act(tmp_path, publishing.publish, without_pdf=True, at=at).says["early"] == printed
        assert verify(tmp_path, PERIOD).editions == ["1"]


@pytest.mark.parametrize(("reason", "at"), [("  ", datetime(2026, 7, 7)), ("领导批准", LATER)])
def test_a_reason_to_end_the_window_is_one_and_the_window_is_open(tmp_path, reason, at):
    finished_run(tmp_path)
    act(tmp_path, publishing.note_preview, at=SENT)
    with pytest.raises(UsageRefusal, match="2026-07-13"):
        act(tmp_path, publishing.approve, LIN, early=reason, at=at)


def test_a_run_without_paper_is_published_only_where_that_is_wanted(tmp_path):
    approved_run(tmp_path)
    _refused(tmp_path, match="--without-pdf", without_pdf=False)


def test_a_missing_glyph_stops_publication(tmp_path):
    paper = {"bulletin.pdf": b"%PDF-", "units/U1.pdf": b"%PDF-"}
    approved_run(tmp_path, files=paper, paper=["有 1 个字没有字形"])
    _refused(tmp_path, match="没有字形")


def test_a_scorecard_without_its_pdf_stops_publication(tmp_path):
    approved_run(tmp_path, files={"bulletin.pdf": b"%PDF-"})
    _refused(tmp_path, match=r"units/U1\.pdf")


@pytest.mark.parametrize(("report", "match"), [(None, "没有数据质量报告"), ({"expectations": {"error": 2}}, "2 项")])
def test_a_quality_check_that_was_not_made_stops_publication(tmp_path, report, match):
    approved_run(tmp_path, quality=report)
    _refused(tmp_path, match=match)


def test_a_scoring_that_was_stopped_stops_publication_of_what_was_approved_before(tmp_path):
    approved_run(tmp_path)
    act(tmp_path, publishing.note_stop, Words("两次检查结果不一致", "the checks disagree"))
    _refused(tmp_path, match="两次检查结果不一致")
    with pytest.raises(NotAllowed, match="两次检查结果不一致"):
        act(tmp_path, publishing.approve, LIN, at=LATER)


def _book(text: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/sharedStrings.xml", f"<sst><si><r><t>{text[:1]}</t></r><r><t>{text[1:]}</t></r></si></sst>")
    return made.getvalue()


def _paper(text: str) -> bytes:
    import pypdf
    from pypdf.generic import NameObject, StreamObject

    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(200, 200)
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    named = pypdf.generic.DictionaryObject({NameObject(k): NameObject(v) for k, v in font.items()})
    page[NameObject("/Resources")] = pypdf.generic.DictionaryObject(
        {NameObject("/Font"): pypdf.generic.DictionaryObject({NameObject("/F"): named})}
    )
    stream = StreamObject()
    stream.set_data(f"BT /F 12 Tf 10 100 Td ({text[:3]}) Tj 0 -14 Td ({text[3:]}) Tj ET".encode())
    page[NameObject("/Contents")] = writer._add_object(stream.flate_encode())
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"x,KANARI-7,y"),
        ("a.html", b"<p><b>KAN</b>ARI&#45;7</p>"),
        ("KANARI-7.html", b"x"),
        ("results.xlsx", _book("KANARI-7")),
        ("more.pdf", _paper("KANARI-7")),
    ],
)
def test_a_canary_stops_publication_wherever_it_sits(tmp_path, name, content):
    approved_run(tmp_path, files={name: content, "bulletin.pdf": _paper("nothing"), "units/U1.pdf": _paper("none")}
                 | ({"units/KANARI-7.pdf": _paper("x")} if name.startswith("KANARI") else {}))
    for settings in (  # looking for more than at the first preview is never refused
        dataclasses.replace(SETTINGS, texts=("KANARI-7",)),
        dataclasses.replace(SETTINGS, patterns=(re.compile(r"KANARI-\d"),)),
    ):
        _refused(tmp_path, match="KANARI", settings=settings)
    assert act(tmp_path, publishing.publish, at=LATER).folder == "1"


def test_a_clean_run_with_all_its_paper_is_published(tmp_path):
    approved_run(tmp_path, files={"bulletin.pdf": _paper("fine"), "units/U1.pdf": _paper("fine")})
    settings = dataclasses.replace(SETTINGS, texts=("KANARI-7",))
    assert act(tmp_path, publishing.publish, at=LATER, settings=settings).folder == "1"


def test_two_at_once_publish_once(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    approved_run(tmp_path)

    def attempt(_):
        try:
            return act(tmp_path, publishing.publish, without_pdf=True, at=LATER).folder
        except NotAllowed:
            return "refused"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(attempt, range(4)))
    assert outcomes == ["1", "refused", "refused", "refused"]
    assert [name for name in _editions(tmp_path) if name.isdecimal()] == ["1"]


def test_signatures_come_before_the_clock_of_publication(tmp_path):
    approved_run(tmp_path)
    assert [one.by for one in acts_of(tmp_path)] == [LIN.by, WU.by]
    assert {one.at for one in acts_of(tmp_path)} == {SIGNED}


def acts_of(out):
    """The signatures in the record."""
    with publishing.open_desk(out, PERIOD, LATER, SETTINGS) as desk:
        return desk.state.approvals


@pytest.mark.parametrize("without_pdf", [True, False])
def test_a_blocked_fetch_stops_publication_even_of_pages_alone(tmp_path, without_pdf):
    approved_run(tmp_path, paper=["PDF 生成失败：forbidden: http://x.invalid/"], printing="failed")
    _refused(tmp_path, match="forbidden", without_pdf=without_pdf)


def test_a_font_from_elsewhere_stops_publication(tmp_path):
    paper = {"bulletin.pdf": b"%PDF-", "units/U1.pdf": b"%PDF-"}
    approved_run(tmp_path, files=paper, paper=["PDF 用了不在字体清单内的字体 DejaVuSans"], printing="done")
    _refused(tmp_path, match="DejaVuSans")


def test_two_judges_that_disagree_stop_what_was_approved_before(tmp_path, monkeypatch):
    approved_run(tmp_path)
    monkeypatch.setattr("pipelines.edges.process.now", lambda: SIGNED)
    with pytest.raises(JudgesDisagree), acts_of_verbs.noted_stop(PERIOD, tmp_path):
        raise JudgesDisagree(say("judge.judges_disagree", unit="U1", item="A3.1", first="1", second="2"))
    _refused(tmp_path, match="两个评分引擎")


def test_two_publications_at_once_make_one_edition(tmp_path):
    approved_run(tmp_path)
    code = ("import sys; from pathlib import Path; from pipelines.publication import desk as publishing; "
            "from tests.publication.office import LATER, act; "
            "act(Path(sys.argv[1]), publishing.publish, without_pdf=True, at=LATER)")
    both = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stderr=subprocess.DEVNULL)
            for _ in range(2)]
    assert sorted(one.wait(timeout=300) != 0 for one in both) == [False, True]
    assert [name for name in _editions(tmp_path) if name.isdecimal()] == ["1"]
    assert verify(tmp_path, PERIOD).editions == ["1"]
