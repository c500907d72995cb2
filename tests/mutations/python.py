"""Faults of Python modules, found in the syntax tree: a comparison, a constant, a condition, an order of sort keys."""

import ast
import io
import tokenize
from collections.abc import Iterator

from . import Change

COMPARED = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==", ast.Is: "is not",
    ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}
COUNTED = {ast.Add: "-", ast.Sub: "+", ast.Mult: "+", ast.Div: "*", ast.FloorDiv: "*", ast.BitOr: "&", ast.BitAnd: "|"}
TWINS = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "floor": "ceil", "ceil": "floor",
    "any": "all", "all": "any",
}
SIDES = {"left": "right", "right": "left"}  # of a search in sorted values
SORTED = ("sort", "sorted", "lexsort")


def changes(source: str) -> list[Change]:
    """Every fault that a module can be given here, in the order of the text."""
    tree = ast.parse(source)
    found = _Finder(source, tree)
    found.visit(tree)
    return sorted(found.changes, key=lambda change: (change.start, change.end, change.kind, change.text))


class _Finder(ast.NodeVisitor):
    def __init__(self, source: str, tree: ast.Module):
        self.source, self.changes = source, []
        self._lines = [0]
        for line in source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))
        self._texts = source.splitlines(keepends=True)
        self._tokens = [
            (self._at(*token.start), self._at(*token.end), token.string)
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
        ]
        self._left_alone = {id(part) for node in ast.walk(tree) for part in _left_alone(node)}

    def _at(self, line: int, column: int) -> int:
        return self._lines[line - 1] + column

    def _byte(self, line: int, column: int) -> int:
        return self._at(line, len(self._texts[line - 1].encode()[:column].decode()))

    def _span(self, node: ast.AST) -> tuple[int, int]:
        return self._byte(node.lineno, node.col_offset), self._byte(node.end_lineno, node.end_col_offset)

    def _text(self, node: ast.AST) -> str:
        return self.source[slice(*self._span(node))]

    def _put(self, kind: str, node: ast.AST, text: str) -> None:
        self.changes.append(Change(kind, *self._span(node), text))

    def _between(self, kind: str, left: ast.AST, right: ast.AST, text: str) -> None:
        """Replace the operator that stands between two operands; brackets around them stay."""
        start, end = self._span(left)[1], self._span(right)[0]
        tokens = [t for t in self._tokens if start <= t[0] and t[1] <= end and t[2] not in "()"]
        if tokens:
            self.changes.append(Change(kind, tokens[0][0], tokens[-1][1], text))

    def visit(self, node: ast.AST) -> None:
        if id(node) not in self._left_alone:
            super().visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        operands = [node.left, *node.comparators]
        for left, operator, right in zip(operands, node.ops, operands[1:], strict=False):
            self._between("comparator", left, right, COMPARED[type(operator)])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        other, neutral = ("or", "True") if isinstance(node.op, ast.And) else ("and", "False")
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._between("and/or", left, right, other)
        for part in node.values:
            self._put("deleted condition", part, neutral)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in COUNTED and not _is_text(node.left) and not _is_text(node.right):
            self._between("arithmetic", node.left, node.right, COUNTED[type(node.op)])
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not | ast.USub | ast.Invert):
            self._put("sign or not", node, f"({self._text(node.operand)})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if type(node.value) is int:
            self._put("constant", node, str(node.value + 1))
            self._put("constant", node, str(node.value - 1) if node.value else "(-1)")
        elif isinstance(node.value, bool):
            self._put("constant", node, str(not node.value))
        elif node.value in SIDES:
            self._put("constant", node, f'"{SIDES[node.value]}"')

    def visit_If(self, node: ast.If) -> None:
        self._conditions(node.test)
        self.generic_visit(node)

    visit_IfExp = visit_While = visit_If

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for condition in node.ifs:
            self._put("deleted condition", condition, "True")
        self.generic_visit(node)

    def _conditions(self, test: ast.expr) -> None:
        self._put("deleted condition", test, "True")
        self._put("deleted condition", test, "False")

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in TWINS:
            before = self._text(node.func).removesuffix(name)
            self._put("min/max", node.func, before + TWINS[name])
        if name in SORTED:
            self._sort_keys(node)
        self.generic_visit(node)

    def _sort_keys(self, call: ast.Call) -> None:
        keys = [word.value for word in call.keywords if word.arg == "key"] + call.args
        for key in keys:
            body = key.body if isinstance(key, ast.Lambda) else key
            if isinstance(body, ast.Tuple):
                self._swap(body)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """A function that gives nothing but a tuple of several parts is often a sort key."""
        for step in node.body:
            if isinstance(step, ast.Return) and isinstance(step.value, ast.Tuple) and "sort key" in _docs(node):
                self._swap(step.value)
        self.generic_visit(node)

    def _swap(self, pair: ast.Tuple) -> None:
        for left, right in zip(pair.elts, pair.elts[1:], strict=False):
            start, end = self._span(left)[0], self._span(right)[1]
            between = self.source[self._span(left)[1] : self._span(right)[0]]
            text = self._text(right) + between + self._text(left)
            self.changes.append(Change("order of sort keys", start, end, text))


def _left_alone(node: ast.AST) -> Iterator[ast.AST]:
    """Annotations and decorators: they say what a thing is and count nothing."""
    yield from getattr(node, "decorator_list", ())
    for name in ("annotation", "returns"):
        if getattr(node, name, None) is not None:
            yield getattr(node, name)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or isinstance(node, ast.Constant) and isinstance(node.value, str)


def _docs(node: ast.FunctionDef) -> str:
    return (ast.get_docstring(node) or "").lower()
