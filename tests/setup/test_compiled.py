"""Templates are compiled once on a machine; what is kept never decides what they say."""

import pytest

from pipelines.edges import templates
from pipelines.edges.warehouse import _template


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The folder of what is compiled, and a way to begin as a new process would."""
    folder = tmp_path / "__pycache__"
    monkeypatch.setattr(templates, "COMPILED", folder)
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    yield folder
    monkeypatch.undo()
    _anew()


def _anew():
    templates.compiled.cache_clear()
    _template.cache_clear()


def _said(text: str) -> str:
    _anew()
    return _template("of_a_test", text).render(name="units")


def test_the_next_process_compiles_nothing(kept, monkeypatch):
    assert _said("from {{ name }}") == "from units"
    assert len(list(kept.iterdir())) == 1
    monkeypatch.setattr("jinja2.environment.Environment.compile", lambda *_: pytest.fail("compiled again"))
    assert _said("from {{ name }}") == "from units"


def test_a_changed_template_says_what_it_says_now(kept):
    _said("from {{ name }}")
    assert _said("select {{ name }}") == "select units"


@pytest.mark.parametrize("length", [0, 8, 30, 60, 200])
def test_a_damaged_file_is_as_good_as_none(kept, length):
    _said("from {{ name }}")
    (file,) = kept.iterdir()
    file.write_bytes(file.read_bytes()[:length])
    assert _said("from {{ name }}") == "from units"
    assert file.stat().st_size > 200


def test_where_nothing_may_be_written_it_is_compiled_every_time(kept, monkeypatch):
    kept.write_text("no folder")
    assert _said("from {{ name }}") == "from units"
    kept.unlink()
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    assert _said("from {{ name }}") == "from units"
    assert not kept.exists()
