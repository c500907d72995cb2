"""An office's own fonts: files that it adds to the folder are used, fonts that it only names are noticed."""

import io
from dataclasses import replace

import pytest
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont

from pipelines.edges import paper
from pipelines.edges.located_yaml import DEMO_OFFICE, load_office
from pipelines.edges.paper import Sheet, absent_fonts, official_sheet, paper_problem, print_pages
from pipelines.paths import FONTS
from pipelines.publication import checklist
from pipelines.publication.record import FinishedRun
from pipelines.stages import publish as stage
from pipelines.views.bulletin import Bulletin
from pipelines.wording import say
from tests.pages import layout
from tests.pages.fixture import result, warehouse

pytestmark = [
    pytest.mark.skipif(paper_problem() is not None, reason="no PDF on this machine: see `gongping doctor`"),
]
LICENSED, BY_DRAUGHTSMEN = "方正小标宋简体", "FZXiaoBiaoSong-B05S"  # one face, as Chinese and as other systems name it
BODY = "仿宋_GB2312"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The project's fonts with two of the office's own: capital suffixes, Chinese names, one of them a collection."""
    made = tmp_path_factory.mktemp("fonts")
    for name in (*paper.manifest(), "fonts.conf"):
        (made / name).symlink_to(FONTS / name)
    (made / "fonts.conf").unlink()
    (made / "fonts.conf").write_text(f"<fontconfig><dir>{made}</dir></fontconfig>", encoding="utf-8")
    renamed("LXGWWenKai-Regular.ttf", {1: BY_DRAUGHTSMEN}, LICENSED).save(made / "FZXBSJW.TTF")
    collection = TTCollection()
    collection.fonts = [renamed("FandolHei-Regular.otf", {1: "Another"}), renamed("FandolFang-Regular.otf", {1: BODY})]
    collection.save(made / "SIMFANG.TTC")
    (made / "damaged.otf").write_bytes(b"no font")
    return made


def renamed(source, names, chinese=None):
    """A copy of one of our fonts with ASCII, Chinese digits and the words below, under other names."""
    font = TTFont(FONTS / source)
    options = Options()
    options.name_IDs, options.layout_features = [], []
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(map(chr, range(32, 127))) + "关于公众诉求承办单位考核情况的通报第一二三四季度年")
    subsetter.subset(font)
    for number, name in {**names, 2: "Regular", 4: names[1], 6: "Face-" + str(len(names[1]))}.items():
        font["name"].setName(name, number, 3, 1, 0x409)
        if chinese and number in (1, 4):
            font["name"].setName(chinese, number, 3, 1, 0x804)
    kept = io.BytesIO()
    font.save(kept)
    kept.seek(0)
    return TTFont(kept)


@pytest.fixture
def office(folder, monkeypatch):
    """An office that names its fonts, on a machine that has them."""
    for module in (paper,):
        monkeypatch.setattr(module, "FONTS", folder)
    settings = load_office(DEMO_OFFICE)
    own = {"title": (LICENSED, *settings.fonts["title"]), "body": (BODY, *settings.fonts["body"])}
    return replace(settings, fonts={**settings.fonts, **own})


def test_a_font_is_known_by_every_name_and_from_every_face(folder):
    added = paper.added(folder)
    assert added[LICENSED] == added[BY_DRAUGHTSMEN] == ("FZXBSJW.TTF", 0)
    assert (added["Another"], added[BODY]) == (("SIMFANG.TTC", 0), ("SIMFANG.TTC", 1))
    assert {"通", "A"} <= set(paper.widths(LICENSED, folder)) and paper.absent([LICENSED, BODY], folder) == []


def test_the_bulletin_is_set_in_the_office_s_fonts_and_nothing_is_noticed(office, tmp_path):
    quarter = replace(result(), office=office)
    html = official_sheet(quarter, Bulletin(quarter, [], say).page())
    assert absent_fonts(quarter) == ()
    assert print_pages([Sheet(html, tmp_path / "bulletin.pdf", True)], "", lambda *_: None) == ()
    embedded = layout.embedded(tmp_path / "bulletin.pdf")
    assert all(embedded.values())
    assert any(name.startswith((LICENSED, BY_DRAUGHTSMEN)) for name in embedded), embedded
    assert any(name.startswith(BODY) for name in embedded), embedded


def test_a_font_that_is_only_named_is_noticed(office):
    quarter = replace(result(), office=replace(office, fonts={**office.fonts, "title": ("方正小标宋简林",)}))
    (notice,) = absent_fonts(quarter)
    assert "方正小标宋简林" in notice.zh and paper.FONTS.name in notice.zh


def test_a_font_that_is_only_named_stops_publication(tmp_path, monkeypatch):
    settings = load_office(DEMO_OFFICE)
    quarter = replace(result(), office=replace(settings, fonts={**settings.fonts, "title": ("No Such Font",)}))
    monkeypatch.setattr(stage, "print_pages", lambda sheets, *_: [s.file.write_bytes(b"%PDF") for s in sheets] and ())
    folder = stage.publish(warehouse(), quarter, tmp_path).folder.resolve()
    assert "No Such Font" in str(checklist._paper(FinishedRun(folder, ""), without_pdf=False))
