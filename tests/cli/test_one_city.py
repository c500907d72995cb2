"""An output folder belongs to one city: another is refused before anything is written (number 19)."""

import json
import shutil
from pathlib import Path

import pytest

from pipelines.edges.folders import cities_in, claim, must_be_of
from pipelines.model.words import NotAllowed, VerificationFailed
from pipelines.paths import ROOT, RULES
from tests.publication.office import bytes_below

PERIOD = "2026Q3"
STANDARD = {"source": None, "rulebook": {"edition": "standard"}}
PINGSHAN = {"source": {"name": "pingshan"}, "rulebook": {"edition": "standard"}}


def put(out: Path, place: str, manifest: dict) -> None:
    """A manifest where a run or an edition has it."""
    (out / place).mkdir(parents=True)
    (out / place / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.fixture
def other_book(tmp_path) -> Path:
    """The standard rules as another city's edition."""
    folder = shutil.copytree(RULES / "standard", tmp_path / "rules")
    book = folder / "rulebook.yaml"
    book.write_text(book.read_text(encoding="utf-8").replace("edition: standard", "edition: mine"), encoding="utf-8")
    return folder


def test_the_first_run_notes_its_city(out):
    assert json.loads((out / "city.json").read_text(encoding="utf-8")) == {"city": "standard"}


@pytest.mark.parametrize(("lang", "words"), [("zh", "请换一个 --out"), ("en", "Give another --out")])
def test_a_run_of_another_city_is_refused_before_anything_is_written(exports, out, other_book, call, lang, words):
    before = bytes_below(out)
    code, _, output = call("--lang", lang, "run", PERIOD, "--exports", str(exports), "--out", str(out), "--rules",
                         str(other_book), "--no-pdf")
    assert code == 4
    assert all(word in output for word in (words, "standard", "mine", str(out)))
    assert bytes_below(out) == before


def test_a_source_mapping_names_the_city_whatever_the_rulebook(exports, out, call):
    mapping = ROOT / "examples" / "baltimore" / "mapping.yaml"
    code, _, output = call("run", PERIOD, "--exports", str(exports), "--out", str(out), "--source", str(mapping))
    assert code == 4 and "baltimore" in output


@pytest.mark.parametrize(("places", "known"), [
    ({}, ()),
    ({"2026Q1": STANDARD}, ("standard",)),
    ({"published/2026Q1/1": PINGSHAN}, ("pingshan",)),
    ({"published/2026Q1/1": PINGSHAN, "2026Q2": STANDARD}, ("pingshan",)),  # a trial run does not make it another's
    ({"published/2026Q1/1": PINGSHAN, "published/2026Q2/1": STANDARD}, ("pingshan", "standard")),
])
def test_a_folder_older_than_the_file_belongs_to_whom_its_published_manifests_name(tmp_path, places, known):
    for place, manifest in places.items():
        put(tmp_path, place, manifest)
    assert cities_in(tmp_path) == known
    if len(known) == 1:
        claim(tmp_path, known[0])
        assert json.loads((tmp_path / "city.json").read_text(encoding="utf-8")) == {"city": known[0]}
    if known:
        with pytest.raises(NotAllowed, match="--out"):
            claim(tmp_path, "another")


def test_a_deleted_file_gives_the_folder_to_nobody_else(tmp_path):
    put(tmp_path, "2026Q1", STANDARD)
    claim(tmp_path, "standard")
    (tmp_path / "city.json").unlink()
    with pytest.raises(NotAllowed):
        must_be_of(tmp_path, "another")
    must_be_of(tmp_path, "standard")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"city": ""}', '{"city": 3}'])
def test_a_file_that_names_nobody_is_damage(tmp_path, content):
    (tmp_path / "city.json").write_text(content, encoding="utf-8")
    with pytest.raises(VerificationFailed, match=r"city\.json"):
        must_be_of(tmp_path, "standard")
