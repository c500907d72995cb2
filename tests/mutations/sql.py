"""Faults of SQL files and their templates, found in the tokens: what a template fills in is left alone."""

import re
from dataclasses import dataclass

from . import Change

TOKEN = re.compile(
    r"""(?P<skip>--[^\n]*|\{\#.*?\#\}|\{%.*?%\}|\{\{.*?\}\}|'(?:\{\{(?:(?!\}\}).)*\}\}|(?!\{\{)[^']|'')*'|\s+)"""
    r"""|(?P<name>"(?:[^"]|"")*"|\$?[A-Za-z_]\w*(?:\.\w+)*)"""
    r"""|(?P<number>\d+(?:\.\d+)?)|(?P<sign><=|>=|<>|!=|\|\||::|:=|.)""",
    re.DOTALL,
)
COMPARED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "=": "<>", "<>": "="}
COUNTED = {"+": "-", "-": "+", "*": "+"}
TWINS = {
    "min": "max", "max": "min", "greatest": "least", "least": "greatest", "first": "last", "last": "first",
    "anti": "semi", "semi": "anti", "desc": "asc", "left": "inner",
}
ENDS = {  # words after which a condition is over
    "and", "or", "then", "group", "order", "qualify", "having", "limit", "union", "select", "from", "where", "left",
    "join", "anti", "semi", "cross", "full", "window", "else", "end", "when", "as",
}
STARTS = {"where": "true", "and": "true", "on": "true", "or": "false", "when": "false", "qualify": "true",
          "having": "true"}
KEYWORDS = ENDS | {"as", "not", "null", "is", "in", "case", "by", "over", "partition", "using", "on", "true", "false",
                   "distinct", "exists", "create", "replace", "table", "view", "with", "all", "asc", "desc", "values"}
PAIRED = (  # columns that a tired hand takes for one another
    ("approved", "requested"), ("reminder", "assignment"), ("signed", "replied"), ("closed", "implemented"),
    ("signing", "reply"), ("first", "end"), ("sign", "reply"), ("assigned", "rated"), ("returned", "withdrawn"),
    ("term", "ended"), ("case", "ref"), ("rule", "ref"), ("rated", "satisfied"), ("_file", "_line"),
)


@dataclass(frozen=True)
class _Token:
    kind: str
    start: int
    end: int
    text: str
    depth: int

    @property
    def word(self) -> str:
        return self.text.lower()


def changes(source: str) -> list[Change]:
    """Every fault that a query can be given here, in the order of the text."""
    tokens = _tokens(source)
    found = []
    for k, token in enumerate(tokens):
        found += _of_token(tokens, k, token)
        if token.word in STARTS and not (k and tokens[k - 1].word == "create"):
            found += _condition(tokens, k)
        if token.word == "by" and k and tokens[k - 1].word == "order":
            found += _sort_keys(source, tokens, k)
    return sorted(set(found), key=lambda change: (change.start, change.end, change.kind, change.text))


def _tokens(source: str) -> list[_Token]:
    tokens, depth = [], 0
    for match in TOKEN.finditer(source):
        text = match.group()
        if match.lastgroup == "skip" and not text.startswith(("'", "{{")):
            continue
        depth -= text in (")", "]")
        tokens.append(_Token(match.lastgroup, match.start(), match.end(), text, depth))
        depth += text in ("(", "[")
    return tokens


def _of_token(tokens: list[_Token], k: int, token: _Token) -> list[Change]:
    before = tokens[k - 1].word if k else ""
    after = tokens[k + 1].word if k + 1 < len(tokens) else ""

    def put(kind: str, text: str, last: _Token = token) -> Change:
        return Change(kind, token.start, last.end, text)

    if token.text in COMPARED:
        return [put("comparator", COMPARED[token.text])]
    if token.text in COUNTED and _is_operand(tokens, k - 1) and _is_operand(tokens, k + 1):
        return [put("arithmetic", COUNTED[token.text])]
    if token.kind == "number":
        if token.word.isdecimal() and before not in ("decimal", ","):
            return [put("constant", str(int(token.text) + 1)), put("constant", str(int(token.text) - 1))]
        return []
    if token.word in ("and", "or") and before != "create":
        return [put("and/or", "or" if token.word == "and" else "and")]
    if token.word == "not" and before != "if":
        return [put("sign or not", "")]
    if token.word == "is" and after != "not":
        return [put("sign or not", "is not")]
    if token.word in TWINS and (after in ("(", "join") or token.word == "desc"):
        return [put("min/max" if after == "(" else "join or direction", TWINS[token.word])]
    if token.word == "distinct" and before in ("(", "select"):
        return [put("deleted condition", "")]
    is_column = token.kind == "name" and token.word not in KEYWORDS and before not in ("as", "using")
    if is_column and after not in ("(", "as"):
        return [put("swapped columns", other) for other in _others(tokens, token)]
    return []


def _is_operand(tokens: list[_Token], k: int) -> bool:
    return 0 <= k < len(tokens) and (
        tokens[k].kind in ("name", "number") and tokens[k].word not in KEYWORDS or tokens[k].text in "()"
    ) and not (tokens[k].text == "(" and tokens[k + 1].text == "*")


def _others(tokens: list[_Token], token: _Token) -> list[str]:
    """The name of the twin of a column, where the same query knows that one too."""
    known = {other.text for other in tokens if other.kind == "name"}
    swapped = []
    for left, right in PAIRED:
        for one, other in ((left, right), (right, left)):
            if one in token.text and (twin := token.text.replace(one, other, 1)) in known:
                swapped.append(twin)
    return swapped


def _condition(tokens: list[_Token], k: int) -> list[Change]:
    """The condition that begins after a word such as `where` or `and`, made one that always holds (never: or, when)."""
    start = k + 1
    stop = start
    while stop < len(tokens):
        token = tokens[stop]
        if token.depth < tokens[k].depth or token.text in (",", ";") and token.depth == tokens[k].depth:
            break
        if token.depth == tokens[k].depth and token.word in ENDS and not (token.word == "case" and stop == start):
            break
        stop += 1
    if stop == start or tokens[start].word == "case" or tokens[k].word == "when" and tokens[stop].word != "then":
        return []
    return [Change("deleted condition", tokens[start].start, tokens[stop - 1].end, STARTS[tokens[k].word])]


def _sort_keys(source: str, tokens: list[_Token], k: int) -> list[Change]:
    """The first two keys of an `order by`, exchanged."""
    depth, keys, start = tokens[k].depth, [], k + 1
    for stop in range(k + 1, len(tokens)):
        token = tokens[stop]
        over = token.depth < depth or token.depth == depth and (token.text == ";" or token.word in ("limit", "rows"))
        if over or token.text == "," and token.depth == depth:
            keys.append((tokens[start].start, tokens[stop - 1].end))
            start = stop + 1
        if over:
            break
    if len(keys) < 2:
        return []
    (a, b), (c, d) = keys[:2]
    return [Change("order of sort keys", a, d, source[c:d] + source[b:c] + source[a:b])]
