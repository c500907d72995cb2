"""The language of rulebooks stands once: schemas, manuals and the lines that name schemas are made from it."""

import json
import re

import jsonschema
import pytest
import yaml

from pipelines.rulebook import vocabulary
from pipelines.rulebook.vocabulary import CLOSED, choices, forms
from scripts.rulebook_reference import MANUALS, SCHEMAS, committed, manual, schema_of, schemas, with_schema, written
from tests.rules.book import STANDARD

MAKE = "make reference writes it again"
FILES = {str(file): (file, book) for file, book in committed() if schema_of(file, book)}


class Words(yaml.SafeLoader):
    """YAML as editors read it: numbers and truth values, days as text."""


Words.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in known if not tag.endswith(("timestamp", "bool"))]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Words.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), list("tf"))


def as_editors_read(text: str) -> object:
    return yaml.load(text, Loader=Words)


@pytest.mark.parametrize("name", schemas())
def test_a_schema_is_current(name):
    assert (SCHEMAS / name).read_text(encoding="utf-8") == written(schemas()[name]), MAKE
    jsonschema.Draft202012Validator.check_schema(schemas()[name])


def test_there_is_no_other_schema():
    assert {file.name for file in SCHEMAS.iterdir()} == set(schemas())


@pytest.mark.parametrize("lang", MANUALS)
def test_a_manual_is_current(lang):
    assert MANUALS[lang].read_text(encoding="utf-8") == manual(lang), MAKE


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_a_book_names_its_schema_and_keeps_it(file):
    file, book = FILES[file]
    text = file.read_text(encoding="utf-8")
    assert text == with_schema(file, book), MAKE
    named = text.splitlines()[0].split("$schema=")[1]
    schema = json.loads((file.parent / named).read_text(encoding="utf-8"))
    jsonschema.validate(as_editors_read(text), schema, jsonschema.Draft202012Validator)


LATE = (STANDARD / "A3.1" / "late_reply.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("deduct: 0.5", "deduct: half"), ("deduct: 0.5", "deduct: 1001"), ("deduct: 0.5", "deduct: -1"),
        ("deduct: 0.5", "deduct: 0.5\ndeducts: 1"), ("deduct: 0.5", "deduct: 0.5\ntarget: 95"),
        ("deduct: 0.5", "deduct: 0.5\nworth: 5"), ("remedy:", "remdy:"), ("zh: 逾期回复", "ch: 逾期回复"),
        ("rule: late_reply", "rule: 3"), ("deduct: 0.5\n", ""), ("item: A3.1", "item: A3_1"),
    ],
)
def test_a_schema_minds_what_the_loader_minds(old, new):
    assert old in LATE
    schema = schemas()["rule.schema.json"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(as_editors_read(LATE.replace(old, new, 1)), schema, jsonschema.Draft202012Validator)


def test_every_key_of_every_kind_is_in_the_language():
    named = {key for mark, needed, optional in vocabulary.KINDS.values() for key in (mark, *needed, *optional)}
    assert named | {*vocabulary.EVERY_RULE, *vocabulary.OF_ANY_RULE} == set(forms()["rule"].keys)


def test_everything_that_the_language_names_is_there():
    said = [(form.name, is_) for form in forms().values()
            for is_ in (*(key.is_ for key in form.keys.values()), *filter(None, [form.open]))]
    while said:
        form, is_ = said.pop()
        for sort, rest in choices(is_):
            assert sort != "block" or rest in forms(), (form, is_)
            assert sort != "one" or rest in CLOSED, (form, is_)
            said += [(form, rest)] if sort in ("list", "map") else []


def test_every_key_is_explained_in_both_languages():
    for form in forms().values():
        assert form.title.zh and form.title.en
        assert all(key.words.zh and key.words.en for key in form.keys.values()), form.name
