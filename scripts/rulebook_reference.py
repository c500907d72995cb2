"""What is made from the language of rulebooks: schemas for editors, the manual's tables, the line that names a schema.

`make reference` writes all of it again; tests hold it to the language.
"""

import json
import re
from collections.abc import Iterator, Sequence
from os.path import relpath
from pathlib import Path
from typing import Any

from pipelines.contracts.declared import load_contracts
from pipelines.model.measure import DERIVED
from pipelines.model.words import LANGUAGES, Words
from pipelines.paths import ROOT, RULES
from pipelines.rulebook import vocabulary
from pipelines.rulebook.fail_if import ITEM_ID
from pipelines.rulebook.load import BOOK, READINGS, VERDICTS
from pipelines.rulebook.measures import FOLDER as MEASURES
from pipelines.rulebook.measures import MOMENTS, countable
from pipelines.rulebook.vocabulary import CLOSED, Form, choices, forms, span
from pipelines.wording import say

SCHEMAS = RULES / "schemas"
FILES = {BOOK: "rulebook", READINGS: "readings", VERDICTS: "verdicts"}  # and measures/ and the folders of items
LISTS = {"readings": "reading", "verdicts": "verdict"}
SERVER = "# yaml-language-server: $schema="
BOOKS = ("rules/standard", "examples/*/rulebook", "tests/toy/island")
MANUALS = {"zh": ROOT / "docs" / "rulebook.md", "en": ROOT / "docs" / "rulebook.en.md"}
Schema = dict[str, Any]

# Schemas.


def schemas() -> dict[str, Schema]:
    """The JSON Schema of each kind of file, by the name of its file."""
    names = {"rulebook": "rulebook", "rule": "rule", "measure": "measure", **LISTS}
    return {f"{name}.schema.json": _schema(form, name in LISTS) for name, form in names.items()}


def _schema(form: str, listed: bool) -> Schema:
    root: Schema = {"type": "array", "items": {"$ref": f"#/$defs/{form}"}} if listed else {"$ref": f"#/$defs/{form}"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": _both(forms()[form].title),
        **root,
        "$defs": {name: _of_form(forms()[name]) for name in sorted(_reached(form))},
    }


def _both(words: Words) -> str:
    return f"{words.zh} · {words.en}"


def _reached(form: str) -> set[str]:
    """The forms that a form is made of, itself among them."""
    found, waiting = set(), [form]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            said = [key.is_ for key in forms()[name].keys.values()]
            waiting += [one for is_ in said for one in re.findall(r"<(\w+)>", is_)]
    return found


def _of_form(form: Form) -> Schema:
    properties = {key.name: {"description": _both(key.words), **_of_sorts(key.is_)} for key in form.keys.values()}
    more = _of_sorts(form.open) if form.open else False
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": more}
    found |= {"required": list(form.needed)} if form.needed else {}
    return found | ({"allOf": list(_of_marks())} if form.name == "rule" else {})


def _of_marks() -> Iterator[Schema]:
    """A rule has the mark of exactly one kind; with it, what that kind needs and what it may have."""
    yield {"oneOf": [{"required": [mark]} for mark in vocabulary.MARKS if mark != "award"]
           + [{"anyOf": [{"required": ["award"]}, {"required": ["tiers"]}]}]}
    for mark in vocabulary.MARKS:
        needed, allowed = vocabulary.of_mark(mark)
        more = {"propertyNames": {"enum": [*allowed]}}
        own = [key for key in needed if key not in (*vocabulary.EVERY_RULE, mark)]
        yield {"if": {"required": [mark]}, "then": more | ({"required": own} if own else {})}


def _of_sorts(is_: str) -> Schema:
    found = [_of_sort(sort, rest) for sort, rest in choices(is_)]
    return found[0] if len(found) == 1 else {"anyOf": found}


WORDS: Schema = {
    "type": "object",
    "properties": {lang: {"type": "string", "minLength": 1} for lang in LANGUAGES},
    "required": list(LANGUAGES),
    "additionalProperties": False,
}
READING: Schema = {
    "type": "object", "properties": {"reading": {"type": "string"}}, "required": ["reading"],
    "additionalProperties": False,
}
SIMPLE: dict[str, Schema] = {
    "text": {"type": ["string", "number", "boolean"]},
    "id": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]*$"},
    "item": {"type": ["string", "number"], "pattern": rf"^{ITEM_ID.pattern}$"},
    "whole": {"type": "integer", "minimum": 0},
    "date": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
    "month": {"type": "string", "pattern": r"^\d{4}-\d{2}$"},
    "truth": {"type": "boolean"},
    "words": WORDS,
    "reading": READING,
    "condition": {"type": ["object", "array"]},
}


def _of_sort(sort: str, rest: str) -> Schema:
    if sort == "block":
        return {"$ref": f"#/$defs/{rest}"}
    if sort == "list":
        return {"type": "array", "items": _of_sorts(rest)}
    if sort == "map":
        return {"type": "object", "additionalProperties": _of_sorts(rest)}
    if sort == "number":
        least, most = span(rest)
        return {"type": "number", "minimum": _plain(least), "maximum": _plain(most)}
    if sort in ("one", "word"):
        return {"enum": [_plain(word) for word in (CLOSED[rest] if sort == "one" else (rest,))]}
    return SIMPLE[sort]


def _plain(word: str) -> object:
    """A word as YAML reads it: a number or a truth value where it looks like one."""
    return json.loads(word) if re.fullmatch(r"-?\d+(\.\d+)?|true|false", word) else word


def schema_of(file: Path, book: Path) -> str:
    """The schema of a file of a book, by its name; "" for one that has none."""
    if file.parent == book:
        return FILES.get(file.name, "")
    return "measure" if file.parent.name == MEASURES else "rule"


def with_schema(file: Path, book: Path) -> str:
    """The text of a file with the line that names its schema, so that an editor helps."""
    text, name = file.read_text(encoding="utf-8"), schema_of(file, book)
    if not name:
        return text
    line = f"{SERVER}{Path(relpath(SCHEMAS / f'{name}.schema.json', file.parent)).as_posix()}"
    rest = text.split("\n", 1)[1] if text.startswith(SERVER) else text
    return f"{line}\n{rest}"


def committed() -> Iterator[tuple[Path, Path]]:
    """(file, book) for every YAML file of the books of the project."""
    for pattern in BOOKS:
        for book in sorted(ROOT.glob(pattern)):
            yield from ((file, book) for file in sorted(book.rglob("*.yaml")))


# The manual's tables.


def manual(lang: str) -> str:
    """The manual in a language with its generated parts written again."""
    text = MANUALS[lang].read_text(encoding="utf-8")
    for name, table in tables(lang).items():
        opening = re.search(rf"<!-- {name}:[^\n]*-->\n", text)
        assert opening, f"{MANUALS[lang].name} has no place for {name}"
        end = text.index("<!-- end -->", opening.end())
        text = f"{text[: opening.end()]}{table}\n{text[end:]}"
    return text


def tables(lang: str) -> dict[str, str]:
    """The generated parts by name."""
    head = {"zh": ("列", "类型", "有关释义"), "en": ("column", "type", "readings")}[lang]
    derived = [(f"`{name}`", one.type, ", ".join(f"`{reading}`" for reading, _ in one.readings))
               for name, one in DERIVED.items()]
    return {
        "derived": _table(head, derived),
        "tables": _counted(lang),
        "keys": "\n\n".join(_keys(form, lang) for form in forms().values()),
    }


def _counted(lang: str) -> str:
    head = {"zh": ("`counts`", "时间列"), "en": ("`counts`", "moments")}[lang]
    known = {word: table.columns.values() for word, table in countable(load_contracts()).items()}
    return _table(head, [(f"`{word}`", ", ".join(f"`{one.name}`" for one in columns if one.type in MOMENTS))
                         for word, columns in known.items()])


def _keys(form: Form, lang: str) -> str:
    head = {"zh": ("键", "取值", "含义"), "en": ("key", "is", "meaning")}[lang]
    rows = [
        (f"`{key.name}`{' *' if key.needed else ''}", _shown(key.is_, lang), getattr(key.words, lang))
        for key in form.keys.values()
    ]
    return f"**{getattr(form.title, lang)}** (`{form.name}`)\n\n{_table(head, rows)}"


def _shown(is_: str, lang: str) -> str:
    return f" {getattr(say('rulebook.sort_or'), lang)} ".join(
        _sort_shown(sort, rest, lang) for sort, rest in choices(is_)
    )


def _sort_shown(sort: str, rest: str, lang: str) -> str:
    if sort == "block":
        return f"`{rest}`"
    if sort in ("one", "word") and rest != "facts":
        return " ".join(f"`{word}`" for word in (CLOSED[rest] if sort == "one" else (rest,)))
    least, most = span(rest)
    inner = _shown(rest, lang) if sort in ("list", "map") else ""
    return getattr(say(f"rulebook.sort_{sort}", least=least, most=most, of=inner), lang)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def files() -> dict[Path, str]:
    """Every file that is made, and what it should hold."""
    made = {SCHEMAS / name: written(schema) for name, schema in schemas().items()}
    made |= {file: with_schema(file, book) for file, book in committed()}
    return made | {file: manual(lang) for lang, file in MANUALS.items()}


def written(schema: Schema) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"
