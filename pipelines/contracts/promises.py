"""The closed vocabulary of promises: which kinds a contract may name, with which arguments, and how each reads."""

import difflib

from pipelines.model.contract import SEVERITIES, Column, Promise
from pipelines.model.words import UsageRefusal, Words
from pipelines.wording import say

# kind -> argument -> what its value must be; a trailing "?" marks an argument that may be left out.
# `required`, `type`, `enum`, `duplicate_row` and `duplicate_key` follow from ODCS's own words and are not written out.
VOCABULARY = {
    "not_before": {"than": "column"},
    "required_when": {"when": "column", "equals": "values?", "present": "flag?"},
    "one_of": {"values": "values", "when": "column?", "equals": "values?", "present": "flag?"},
    "one_of_present": {"columns": "columns", "when": "column?", "equals": "values?", "present": "flag?"},
    "between": {"by": "column", "ranges": "ranges"},
    "decimals": {"at_most": "whole number"},
    "not_negative": {},
    "period": {},
    "no_part_beside": {"columns": "columns"},
    "within_whole": {"columns": "columns", "of": "column", "wholes": "wholes"},
    "unique": {"columns": "columns"},
    "one_spelling": {},
    "spelled_as": {"table": "table", "key": "text"},
    "successor_known": {},
    "successor_ends": {},
    "successor_in_time": {},
    "successor_takes_cases": {},
    "reference": {"columns": "columns", "table": "table", "keys": "keys"},
    "reference_if_table_present": {"columns": "columns", "table": "table", "keys": "keys"},
    "reference_unless_table_absent": {"columns": "columns", "table": "table", "keys": "keys"},
    "number_in_any": {
        "columns": "columns",
        "tables": "tables",
        "dated": "column",
        "when": "column?",
        "equals": "values?",
    },
}
ON_SCALE = "on_scale"  # a mark in words, by item: a book's own, no contract names it
# Kinds whose remedy, for a row, names another row or value: what they say without one ends in `_plain`.
WITH_OTHER = ("duplicate_row", "duplicate_key", "one_spelling", "spelled_as", "no_part_beside", "within_whole")
PLAUSIBLE = {"first": "2000-01-01", "before": "2099-01-01"}  # as long as no period is known
SUCCESSION = tuple(kind for kind in VOCABULARY if kind.startswith("successor"))
# What `period` takes: a month, a quarter, a half year, a year or a span, each in the one spelling of its name.
PERIOD = r"(19|[2-9]\d)\d\d(-(0[1-9]|1[0-2])(\.\.(19|[2-9]\d)\d\d-(0[1-9]|1[0-2]))?|Q[1-4]|H[12])?"
REFERENCES = tuple(kind for kind in VOCABULARY if kind.startswith("reference"))


def near(word: str, known: object) -> Words:
    """`; the nearest known is …`, or nothing where no known word comes close."""
    names = [str(one) for one in known]
    found = difflib.get_close_matches(str(word), names, n=1) or (names if len(names) == 1 else [])
    return say("contracts.nearest", word=found[0]) if found else Words("", "")


def unknown(file: str, place: str, what: str, word: object, known: object) -> UsageRefusal:
    """The refusal of a word that nothing executes."""
    facts = {"file": file, "place": place, "what": what, "word": word, "near": near(str(word), known)}
    return UsageRefusal(say("contracts.unknown_word", **facts))


def wrong(file: str, place: str, what: str, word: object, wanted: str) -> UsageRefusal:
    """The refusal of a value that does not fit."""
    return UsageRefusal(say("contracts.wrong_value", file=file, place=place, what=what, word=word, wanted=wanted))


def check_arguments(file: str, promise: Promise, columns: dict[str, Column]) -> None:
    """Refuse a promise whose kind, severity, argument or column is not known: nothing would execute it."""
    if promise.kind not in VOCABULARY:
        raise unknown(file, promise.id, "kind", promise.kind, VOCABULARY)
    if promise.severity not in SEVERITIES:
        raise unknown(file, promise.id, "severity", promise.severity, SEVERITIES)
    if promise.kind == "unique" and promise.severity == "reject":
        raise wrong(file, promise.id, "severity", "reject", "warn, stop")
    wanted = VOCABULARY[promise.kind]
    given = dict(promise.arguments)
    for name in given:
        if name not in wanted:
            raise unknown(file, promise.id, "argument", name, wanted)
    for name, form in wanted.items():
        if name in given:
            _check_value(file, promise, name, form.rstrip("?"), given[name], columns)
        elif not form.endswith("?"):
            raise UsageRefusal(say("contracts.missing_word", file=file, place=promise.id, what=name))
    _check_condition(file, promise, columns)


def _check_value(file: str, promise: Promise, name: str, form: str, value: object, columns: dict[str, Column]) -> None:
    fits = {
        "column": lambda: isinstance(value, str),
        "columns": lambda: _texts(value),
        "keys": lambda: _texts(value) and len(value) == len(promise.argument("columns", ())),
        "values": lambda: _texts(value),
        "flag": lambda: value is True,
        "whole number": lambda: type(value) is int and value >= 0,
        "table": lambda: isinstance(value, str),
        "text": lambda: isinstance(value, str),
        "tables": lambda: (
            isinstance(value, tuple)
            and all(_texts(keys) and len(keys) == len(promise.argument("columns", ())) for _, keys in value)
        ),
        "ranges": lambda: _ranges(value),
        "wholes": lambda: isinstance(value, tuple) and all(_texts(wholes) for _, wholes in value),
    }[form]
    if not fits():
        raise wrong(file, promise.id, name, value, form)
    for column in {"column": [value], "columns": value}.get(form, ()):
        if column not in columns:
            raise unknown(file, promise.id, "column", column, columns)


def _check_condition(file: str, promise: Promise, columns: dict[str, Column]) -> None:
    """A condition names a column and either its values or that it is given; values must be canonical ones."""
    when, equals, present = (promise.argument(name) for name in ("when", "equals", "present"))
    if (when is None) != (equals is None and present is None) or (equals and present):
        raise wrong(file, promise.id, "when", when, "a column with either `equals` or `present`")
    keys = {when: equals or (), promise.argument("by"): dict(promise.argument("ranges", ()))}
    for column, values in keys.items():
        labels = dict(columns[column].labels) if column else {}
        for value in values if labels else ():
            if value not in labels:
                raise unknown(file, promise.id, column, value, labels)


def _texts(value: object) -> bool:
    return isinstance(value, (tuple, list)) and len(value) > 0 and all(isinstance(one, str) for one in value)


def _ranges(value: object) -> bool:
    pairs = [bounds for _, bounds in value] if isinstance(value, tuple) else []
    return len(pairs) > 0 and all(
        len(pair) == 2 and all(type(bound) is int for bound in pair) and pair[0] <= pair[1] for pair in pairs
    )


def spoken(kind: str, column: str, arguments: dict, columns: dict[str, Column], titles: dict) -> tuple[Words, Words]:
    """What a promise says and its remedy, from the wording of its kind. ``titles``: table -> title."""
    facts = {
        "column": columns[column].title if column else "",
        "name": column,
        "other": _both(columns, [arguments["than"]]) if "than" in arguments else "",
        "columns": _both(columns, arguments.get("columns", ())),
        "values": _values(columns.get(column), arguments),
        "ranges": _shown_ranges(dict(arguments.get("ranges", ()))),
        "scales": _shown_scales(arguments.get("scales", ()), arguments.get("ranges", ())),
        "at_most": arguments.get("at_most", ""),
        "when": _when(columns, arguments),
        "table": _titles(arguments, titles),
        **{name: arguments.get(name, "") for name in PLAUSIBLE},
    }
    stem = {"type": f"type_{columns[column].type}" if column else ""}.get(kind, kind)
    stem = "reference" if kind in (*REFERENCES, "number_in_any") else stem
    ending = "remedy_plain" if kind in WITH_OTHER else "remedy"
    return say(f"contracts.{stem}_says", **facts), say(f"contracts.{stem}_{ending}", **facts)


def _titles(arguments: dict, titles: dict) -> Words:
    """The names of the tables that a promise looks at."""
    tables = [arguments["table"]] if "table" in arguments else [*dict(arguments.get("tables", ()))]
    named = [titles.get(table, Words(table, table)) for table in tables]
    return Words("》或《".join(words.zh for words in named), " or ".join(words.en for words in named))


def _both(columns: dict[str, Column], names: object) -> Words:
    return Words("、".join(columns[name].title for name in names), ", ".join(names))


def _values(column: Column | None, arguments: dict) -> Words:
    """The allowed values: labels for Chinese readers, canonical words for the others."""
    labels = arguments.get("values") and tuple((value, ()) for value in arguments["values"])
    labels = labels or (column.labels if column else ())
    return Words("、".join((names or (value,))[0] for value, names in labels), ", ".join(value for value, _ in labels))


def _when(columns: dict[str, Column], arguments: dict) -> Words:
    if "when" not in arguments:
        return Words("", "")
    when = columns[arguments["when"]]
    if "equals" not in arguments:
        return say("contracts.when_present", column=when.title, name=when.name)
    labels = dict(when.labels)
    zh = "或".join((labels.get(value) or (value,))[0] for value in arguments["equals"])
    values = Words(zh, " or ".join(arguments["equals"]))
    return say("contracts.when_equals", column=when.title, name=when.name, values=values)


def _shown_ranges(ranges: dict) -> str:
    return ", ".join(f"{key} {low}–{high}" for key, (low, high) in ranges.items())


def _shown_scales(scales: tuple, ranges: tuple) -> str:
    parts = [f"{key}: {', '.join(f'{word} {points}' for word, points in words)}" for key, words in scales]
    return "; ".join([*parts, *([_shown_ranges(dict(ranges))] if ranges else [])])
