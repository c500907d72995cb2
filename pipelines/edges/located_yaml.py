"""YAML whose every key knows its file and line, so that a refusal can name them; and the office that is read so."""

import re
from dataclasses import dataclass, fields, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from string import Formatter

import yaml

from pipelines.model.period import Period
from pipelines.model.project import SECTIONS, Issue, Office
from pipelines.model.words import UsageRefusal, Words
from pipelines.paths import REPORTS
from pipelines.wording import LOADER, load_plain, say

# YAML whose every key knows its file and line, so that a refusal can name them; scalars stay text.


SOURCE = "ingest.source_"
MAX_NODES = 50_000  # with every alias written out: a few lines of aliases can stand for more than any memory


class Block(dict):
    """A mapping with the (file, line) of itself and of each key; ``words`` begins the names of its sentences."""

    def __init__(self, place: tuple[str, int], words: str = SOURCE) -> None:
        super().__init__()
        self.place, self.places, self.words = place, {}, words

    def refuse(self, key: str, reason: str, known=(), **facts: object) -> UsageRefusal:
        """The refusal `<words><reason>` at ``key``, with the nearest of the ``known`` words."""
        near = get_close_matches(str(facts.get("word", key)), list(known), 1, 0.4)
        hint = say(f"{self.words}nearest", word=near[0]) if near else Words("", "")
        what = say(f"{self.words}{reason}", **{"key": key, "hint": hint, **facts})
        return _Place(self.words, *self.places.get(key, self.place)).refuse(what)


def read_blocks(path: Path, words: str = SOURCE, name: str = "") -> tuple[Block, bytes]:
    """The mapping that a YAML file holds, and its bytes; UsageRefusal (file, line, problem) for anything else.

    ``words`` begins the names of the sentences, ``name`` is what they call the file, by default its own name.
    """
    start = _Place(words, name or path.name, 1)
    try:
        content = path.read_bytes()
        root = yaml.compose(content.decode("utf-8-sig"), Loader=LOADER)
        if not isinstance(root, yaml.MappingNode):
            raise start.unreadable(say(f"{words}no_mapping"))
        if _written_out(root, {}) > MAX_NODES:
            raise start.unreadable(say(f"{words}too_large"))
        return _plain(root, start, ()), content
    except OSError as problem:
        raise UsageRefusal(say(f"{words}unopened", file=path, problem=problem.strerror)) from None
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 1
        raise replace(start, line=line).unreadable(problem.problem) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as problem:
        raise start.unreadable(str(problem).splitlines()[0]) from None


@dataclass(frozen=True)
class _Place:
    words: str
    file: str
    line: int

    def of(self, node: yaml.Node) -> "_Place":
        return replace(self, line=node.start_mark.line + 1)

    def refuse(self, what: Words) -> UsageRefusal:
        return UsageRefusal(say(f"{self.words}at", file=self.file, line=self.line, what=what))

    def unreadable(self, problem: object) -> UsageRefusal:
        return self.refuse(say(f"{self.words}unreadable", problem=problem))


def _written_out(node: yaml.Node, sizes: dict[yaml.Node, int]) -> int:
    """How many nodes there are below ``node`` and with it; ``sizes`` keeps what is counted already."""
    if node not in sizes:
        sizes[node] = 1  # what contains itself is refused afterwards
        inside = node.value if isinstance(node, yaml.CollectionNode) else ()
        below = (part for child in inside for part in (child if isinstance(child, tuple) else (child,)))
        sizes[node] += sum(_written_out(part, sizes) for part in below)
    return sizes[node]


def _plain(node: yaml.Node, start: _Place, above: tuple[yaml.Node, ...]) -> object:
    here = start.of(node)
    if node in above:
        raise here.unreadable("*")
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, start, (*above, node)) for child in node.value]
    block = Block((here.file, here.line), here.words)
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value in block:
            raise start.of(key).unreadable(say(f"{start.words}twice", key=key.value))
        block[key.value] = _plain(value, start, (*above, node))
        block.places[key.value] = (start.file, start.of(key).line)
    return block


# `reports/bulletin/office.yaml` → Office, strictly: what is misspelt is refused, not left out.


OFFICE = REPORTS / "bulletin" / "office.yaml"
DEMO_OFFICE = REPORTS / "bulletin" / "demo.yaml"
LONGEST_PRACTICE = 200  # characters of a paragraph that praises a practice
FONT_USES = ("body", "first", "second", "title", "page")
OWN_PLACES = {"number": ("serial",), "closing": ("failing", "often", "due")}  # what a text may name beside the period
_FAMILY = re.compile(r"[\w \-]+")  # goes into the style sheet


def load_office(file: Path = OFFICE) -> Office:
    """Read the office's settings; UsageRefusal (key, why, nearest known key) for anything out of place."""
    try:
        given = load_plain(file.read_text(encoding="utf-8-sig"))
    except (OSError, yaml.YAMLError, ValueError) as problem:
        raise UsageRefusal(say("office.unreadable", file=file.name, why=str(problem).replace("\n", " "))) from None
    checker = _Checker(file.name)
    given = {"sections": list(SECTIONS), "bands": [], **given} if isinstance(given, dict) else given
    checker.keys(given, [f.name for f in fields(Office)], all_of_them=True)
    values = {f.name: checker.value(f.name, f.type, given[f.name]) for f in fields(Office)}
    return Office(**values)


class _Checker:
    def __init__(self, file: str) -> None:
        self.file = file

    def keys(self, given: object, known: list[str], above: str = "", all_of_them: bool = False) -> None:
        if not isinstance(given, dict):
            raise self.wrong(above or "—", given, "mapping")
        for key in given:
            if key not in known:
                near = get_close_matches(str(key), known, 1, 0.5)
                hint = say("office.near", word=near[0]) if near else ""
                raise UsageRefusal(say("office.unknown", file=self.file, key=f"{above}{key}", near=hint))
        for key in known if all_of_them else ():
            if key not in given:
                raise UsageRefusal(say("office.lacking", file=self.file, key=f"{above}{key}"))

    def value(self, key: str, kind: object, given: object) -> object:
        if key == "issues":
            return {str(period): self.issue(period, one) for period, one in self.mapping(key, given).items()}
        if key == "fonts":
            self.keys(given, list(FONT_USES), "fonts.", all_of_them=True)
            return {use: self.families(f"fonts.{use}", names) for use, names in given.items()}
        if key == "sections":
            return self.sections(given)
        if key == "bands":
            return self.bands(given)
        if kind is bool:
            return given if isinstance(given, bool) else self.refuse(key, given, "flag")
        if kind is str:
            return self.text(key, given)
        return self.texts(key, given)

    def text(self, key: str, given: object) -> str:
        if not isinstance(given, str):
            raise self.wrong(key, given, "text")
        known = {"period", "quarter", "year", "regulation", *OWN_PLACES.get(key, ())}
        try:
            named = {name for _, name, _, _ in Formatter().parse(given) if name is not None}
        except ValueError:
            named = {""}
        if named - known:
            raise self.wrong(key, given, "place", known=" ".join(f"{{{name}}}" for name in sorted(known)))
        return given

    def texts(self, key: str, given: object) -> tuple[str, ...]:
        if not isinstance(given, list) or not given:
            raise self.wrong(key, given, "texts")
        return tuple(self.text(key, one) for one in given)

    def sections(self, given: object) -> tuple[str, ...]:
        names = self.texts("sections", given)
        for name in names:
            if name not in SECTIONS or names.count(name) > 1:
                raise self.wrong("sections", name, "section", known=" ".join(SECTIONS))
        return names

    def bands(self, given: object) -> tuple[int, ...]:
        whole = isinstance(given, list) and all(type(one) is int and one > 0 for one in given)
        if not whole or sorted(set(given), reverse=True) != given:
            raise self.wrong("bands", given, "bands")
        return tuple(given)

    def practice(self, key: str, given: object) -> tuple[str, ...]:
        for one in (texts := self.texts(key, given)):
            if len(one) > LONGEST_PRACTICE or set(one) & set("{}"):
                raise self.wrong(key, f"{one[:12]}…", "short", n=LONGEST_PRACTICE)
        return texts

    def families(self, key: str, given: object) -> tuple[str, ...]:
        return tuple(n if _FAMILY.fullmatch(n) else self.refuse(key, n, "text") for n in self.texts(key, given))

    def issue(self, period: object, given: object) -> Issue:
        if not Period.is_name(str(period)):
            raise self.wrong("issues", period, "period")
        self.keys(given, ["serial", "date", "printed", "practice"], f"issues.{period}.")
        for key in ("date", "printed"):
            if given.get(key) is not None and type(given[key]) is not date:
                raise self.wrong(f"issues.{period}.{key}", given[key], "date")
        practice = self.practice(f"issues.{period}.practice", given["practice"]) if given.get("practice") else ()
        return Issue(str(given.get("serial") or ""), given.get("date"), given.get("printed"), practice)

    def mapping(self, key: str, given: object) -> dict:
        return given if isinstance(given, dict) else self.refuse(key, given, "mapping")

    def refuse(self, key: str, given: object, wanted: str):
        raise self.wrong(key, given, wanted)

    def wrong(self, key: str, given: object, wanted: str, **facts: str) -> UsageRefusal:
        return UsageRefusal(
            say("office.wrong", file=self.file, key=key, value=given, wanted=say(f"office.{wanted}", **facts))
        )
