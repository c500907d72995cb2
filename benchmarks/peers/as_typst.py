"""A sheet in the words of Typst: the same text, tables and drawings in the same fonts, without the style sheet."""

import json
from html.parser import HTMLParser

SET = """#set document(title: {title})
#set page("a4", margin: (top: 17mm, right: 18mm, bottom: 14mm, left: 22mm), numbering: "— 1 —")
#set text(font: ("FandolFang R", "Noto Sans CJK SC"), size: 11pt, lang: "zh", region: "cn", fallback: false)
#set par(leading: 0.65em)
#set table(stroke: 0.4pt, inset: 3pt)
#show heading: set text(font: ("FandolHei", "Noto Sans CJK SC"), weight: "regular")
"""
LEFT_OUT = {"head", "style", "script", "template", "colgroup", "input"}
INLINE = {"span", "bdi", "i", "a", "b", "small", "time", "abbr", "code", "label", "strong", "sup", "sub"}
VOID = {"br", "col", "hr", "img", "input", "link", "meta", "wbr"}


class _Reader(HTMLParser):
    """The document as nested (tag, attributes, children); text as str."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, dict, list]] = [("root", {}, [])]

    def handle_starttag(self, tag: str, attrs: list) -> None:
        node: tuple[str, dict, list] = (tag, dict(attrs), [])
        self.open[-1][2].append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.open[-1][2].append((tag, dict(attrs), []))

    def handle_endtag(self, tag: str) -> None:
        while len(self.open) > 1 and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.open[-1][2].append(data)


def as_typst(html: str) -> str:
    """The source of a page written as HTML."""
    reader = _Reader()
    reader.feed(html)
    root = reader.open[0]
    title = next((_text(node) for node in _all(root, "title")), "")
    return SET.format(title=_said(title)) + _markup(root)


def _all(node: tuple, tag: str) -> list[tuple]:
    own = [one for one in node[2] if isinstance(one, tuple)]
    return [found for one in own for found in ([one] if one[0] == tag else _all(one, tag))]


def _text(node: tuple) -> str:
    return "".join(one if isinstance(one, str) else _text(one) for one in node[2])


def _said(text: str) -> str:
    """A string of Typst; characters beyond ASCII stand as they are."""
    return json.dumps(text, ensure_ascii=False)


def _markup(node: tuple) -> str:
    return "".join(_one(one) for one in node[2])


def _one(node: str | tuple) -> str:
    if isinstance(node, str):
        words = " ".join(node.split())
        return f"#{_said(words)} " if words else ""
    tag, attributes, children = node
    if tag in LEFT_OUT or "screen" in attributes.get("class", "").split():
        return ""
    if tag == "br":
        return "#linebreak()"
    if tag == "svg":
        return f'#image(bytes({_said(_svg(node))}), format: "svg", alt: {_said(_drawn(node))})'
    if tag == "table":
        return _table(node)
    if tag in ("ul", "ol"):
        items = "".join(f"[{_markup(one)}]" for one in children if isinstance(one, tuple))
        return f"#{'enum' if tag == 'ol' else 'list'}{items}" if items else ""
    if tag in ("h1", "h2", "h3", "h4"):
        return f"#heading(level: {tag[1]})[{_markup(node)}]"
    if tag in INLINE:
        return f"#strong[{_markup(node)}]" if tag == "strong" else _markup(node)
    return f"{_markup(node)}\n\n"


def _table(node: tuple) -> str:
    rows = [(_cells(row), part) for part in ("thead", "tbody", "tfoot") for of in _all(node, part) for row in
            _all(of, "tr")]
    width = max((sum(int(cell[1].get("colspan") or 1) for cell in cells) for cells, _ in rows), default=0)
    if not width:
        return ""
    head = "".join(_cell(cell) for cells, part in rows if part == "thead" for cell in cells)
    body = "".join(_cell(cell) for cells, part in rows if part != "thead" for cell in cells)
    caption = "".join(_markup(one) for one in _all(node, "caption"))
    header = f"table.header({head})," if head else ""
    return f"{caption}\n\n#table(columns: {width}, {header}{body})\n\n"


def _cells(row: tuple) -> list[tuple]:
    return [one for one in row[2] if isinstance(one, tuple) and one[0] in ("td", "th")]


def _cell(cell: tuple) -> str:
    spans = f"colspan: {cell[1].get('colspan') or 1}, rowspan: {cell[1].get('rowspan') or 1}"
    return f"table.cell({spans})[{_markup(cell)}],"


def _svg(node: tuple) -> str:
    """A drawing as it stands; the parser wrote its names in small letters, and the two that matter are mended."""
    tag, attributes, children = node
    own = dict(attributes, xmlns="http://www.w3.org/2000/svg") if tag == "svg" else attributes
    written = "".join(f' {"viewBox" if k == "viewbox" else k}="{_escaped(v or "")}"' for k, v in own.items())
    inside = "".join(_escaped(one) if isinstance(one, str) else _svg(one) for one in children)
    return f"<{tag}{written}>{inside}</{tag}>"


def _drawn(node: tuple) -> str:
    return next((_text(one) for one in _all(node, "title")), "") or node[1].get("aria-label") or "-"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
