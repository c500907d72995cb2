"""The bulletin as an official document (GB/T 9704-2012): the office's words around the period's figures."""

import datetime
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from html import escape

from markupsafe import Markup

from pipelines.model.project import Office
from pipelines.model.score import ScoredPeriod
from pipelines.views.figures import Say, named, speaking

# Chinese text → lines of equal width: no punctuation at a line's start, numbers whole, the slack spread evenly.


Advance = Callable[[str], Fraction]  # the width of a character in em

CELLS = 28  # characters a line (GB/T 9704-2012, 5.2.2)
SIZE = 16  # points of size three
MEASURE = Fraction(4422, 10)  # points: the 156 mm of the type area
HALF = Fraction(1, 2)
GAP, CLOSER = 2, HALF  # em at a line's end that are not spread over it where its characters can stand points closer
OPENING = "（〔［【《〈「『“‘("
CLOSING = "，。、；：？！）〕］】》〉」』”’)%％…,;:?!"
SQUEEZED = "，。、；：）〕》”’」"  # full-width signs with an empty right half
_WORD = re.compile(r"[0-9A-Za-z][0-9A-Za-z.,:/+\-]*[0-9A-Za-z][年%％]?|[0-9]年|——|……|.", re.S)


@dataclass(frozen=True)
class Line:
    """A line as it is printed; ``spacing`` is added after each character, ``squeezed`` ends in half a sign."""

    text: str
    indent: int  # whole characters left free
    spacing: Fraction  # points
    squeezed: bool = False


def set_lines(text: str, advance: Advance, indent: int = 2, hang: int = 0, cells: int = CELLS) -> list[Line]:
    """Break ``text`` into lines of ``cells`` characters: the first starts ``indent`` characters in, others ``hang``."""
    pieces, free = [], Fraction(cells - indent)
    lines: list[Line] = []
    for piece in _pieces(visible(text), advance, cells - max(indent, hang)):
        if pieces and _width((*pieces, piece), advance) > free and not _taken_in(pieces, piece, free, advance):
            lines.append(_full(pieces, indent if not lines else hang, cells, advance))
            pieces, free = [], Fraction(cells - hang)
        pieces.append(piece)
    last = "".join(pieces)
    return [*lines, Line(last, indent if not lines else hang, _grid(cells))] if last else lines


def markup(lines: list[Line]) -> Markup:
    """The lines as block spans; the only place where text becomes markup, and it is escaped first."""
    return Markup("").join(_span(line) for line in lines)


def visible(text: str) -> str:
    """Text without characters that only steer: direction marks and their like would turn a whole line round."""
    return "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc", "Cs", "Co", "Zl", "Zp"))


def _pieces(text: str, advance: Advance, most: int) -> Iterator[str]:
    """What must stay on one line: opening signs, a character or a number, closing signs."""
    held = ""
    for word in (part for match in _WORD.findall(text) for part in _short(match, advance, most)):
        follows = word in CLOSING and held
        if held and not follows and held[-1] not in OPENING:
            yield held
            held = ""
        held += word
    if held:
        yield held


def _short(word: str, advance: Advance, most: int) -> Iterator[str]:
    """A word, in parts where it is wider than a line."""
    start = 0
    for end in range(1, len(word)):
        if sum(map(advance, word[start : end + 1])) > most:
            yield word[start:end]
            start = end
    yield word[start:]


def _width(pieces, advance: Advance) -> Fraction:
    """The width in em; a sign that closes the line needs only its left half."""
    text = "".join(pieces)
    return sum(map(advance, text), Fraction(0)) - (HALF if text[-1] in SQUEEZED else 0)


def _taken_in(pieces: list[str], piece: str, free: Fraction, advance: Advance) -> bool:
    """Whether a long piece goes onto a full line: the line, set closer by a little, would gape without it."""
    over, gap = _width((*pieces, piece), advance) - free, free - _width(pieces, advance)
    return gap > GAP and over * SIZE <= CLOSER * len("".join((*pieces, piece)))


def _full(pieces: list[str], indent: int, cells: int, advance: Advance) -> Line:
    """A line stretched or squeezed to the full measure."""
    text = "".join(pieces)
    room = (cells - indent) * (SIZE + _grid(cells))
    whole = sum(map(advance, text), Fraction(0)) * SIZE
    squeezed = text[-1] in SQUEEZED and whole > room + len(text) * HALF / 2
    natural = whole - (SIZE * HALF if squeezed else 0)
    return Line(text, indent, (room - natural) / len(text), squeezed)


def _grid(cells: int) -> Fraction:
    """What is added to a character so that ``cells`` of them fill the measure: negative at 28."""
    return MEASURE / cells - SIZE


def _span(line: Line) -> Markup:
    spacing = f"{_points(line.spacing)}pt"
    left = f"padding-left:{_points(line.indent * (SIZE + _grid(CELLS)))}pt;" if line.indent else ""
    text = escape(line.text)
    if line.squeezed:
        last = escape(line.text[-1])
        narrow = _points(line.spacing - SIZE * HALF)
        text = f'{escape(line.text[:-1])}<span style="letter-spacing:{narrow}pt">{last}</span>'
    return Markup(f'<span class="l" style="{left}letter-spacing:{spacing}">{text}</span>')  # noqa: S704 - escaped above


def _points(value: Fraction) -> str:
    thousandths = round(value * 1000)
    sign, whole = "-" if thousandths < 0 else "", abs(thousandths)
    return f"{sign}{whole // 1000}.{whole % 1000:03d}"


CHINESE = "一二三四五六七八九十"
BLANK = "\u3000"
WIDEST = 430  # points that the issuing office's name may take
TALLEST = 46
MOST_NAMED = 10  # units in a sentence
NUMBERED = re.compile(rf"(?<=^（)[{CHINESE}](?=）)|^[{CHINESE}](?=是)")  # how an order begins
ORDERED = 3  # units in an order
DUE = datetime.timedelta(days=30)  # after the bulletin's date, until when an order is to be carried out


class Official:
    """Turns a bulletin page (`Bulletin.page`) into set lines; ``advance`` gives widths for a font use."""

    def __init__(self, result: ScoredPeriod, office: Office, advance: Callable[[str], Advance], say: Say) -> None:
        self.result, self.office, self.advance = result, office, advance
        self.say = speaking(say, result.period.kind)
        name = named(result.period)
        self.facts = {
            "period": name,
            "quarter": name,
            "year": str(result.period.year),
            "regulation": result.rulebook.title.zh,
        }
        self.issue = office.issue(str(result.period))

    def page(self, bulletin: dict) -> dict:
        """The dict of `bulletin/gb9704.html.j2`: the bulletin's own keys, and everything that is set in lines."""
        annexes, mark = self.annexes(bulletin), self.office.mark or BLANK * 8 + "文件"
        return {
            **bulletin,
            "office": self.office,
            "mark": {"text": mark, "size": str(min(TALLEST, WIDEST // len(mark)))},
            "number": self.number(),
            "title": [self.filled(line) for line in self.office.title],
            "addressees": self.lines(self.filled(self.office.addressees), indent=0),
            "body": self.body(bulletin),
            "annexes": annexes,
            "lists": {name: self.listed(bulletin["verdicts"], name) for name in bulletin["verdicts"]},
            "rows_say": self.rows(bulletin["accounts"]),
            "annex_list": self.annex_list(annexes),
            "signer": self.office.signer or BLANK * 10,
            "date": chinese_date(self.issue.date),
            "contact": self.lines(f"（联系人及电话：{self.office.contact}）") if self.office.contact else "",
            "printed": chinese_date(self.issue.printed),
        }

    def number(self) -> str:
        """The document number, with room for the office's mark and the serial where they are not given."""
        number = self.filled(self.office.number, serial=self.issue.serial or BLANK * 2)
        return BLANK * 3 + number if number.startswith("〔") else number

    def body(self, bulletin: dict) -> list[dict]:
        """The paragraphs in order: ``level`` (first, second, body) and ``lines``."""
        parts = {
            "overall": [("body", text) for text in bulletin["paper"]["overall"]],
            "places": list(self._places(bulletin["places"])),
            "failings": [("body", text) for text in bulletin["paper"]["failings"]],
            "verdicts": list(self._verdicts(bulletin)),
            "practice": [("body", text) for text in bulletin["practice"]],
            "closing": [part for text in self.orders(bulletin) for part in _headed(text)],
        }
        made = [("body", self.filled(self.office.opening))]
        for number, name in enumerate(name for name in self.office.sections if parts[name]):
            made += [("first", f"{CHINESE[number]}、{self._says(f'section_{name}')}"), *parts[name]]
        return [{"level": level, "lines": self.lines(text, use=level)} for level, text in made]

    def orders(self, bulletin: dict) -> Iterator[str]:
        """What is asked; an order that names units falls away where there are none; those left are numbered anew."""
        units = {name: _first(bulletin[name]) for name in ("failing", "often")}
        due = chinese_date(self.issue.date + DUE if self.issue.date else None)
        asked = [
            one for one in self.office.closing if all(said or f"{{{name}}}" not in one for name, said in units.items())
        ]
        for number, text in enumerate(asked):
            yield self.filled(NUMBERED.sub(CHINESE[number], text, count=1), **units, due=due)

    def _places(self, places: list[dict]) -> Iterator[tuple[str, str]]:
        for number, part in enumerate(part for part in places if part["paper"]):
            yield "second", f"（{CHINESE[number]}）{part['title']}"
            yield from (("body", text) for text in part["paper"])

    def _verdicts(self, bulletin: dict):
        given = bulletin["verdicts"]
        yield from (("body", f"{verdict['says']}。") for verdict in given["together"])
        nobody = not (given["commend"] or given["criticise"] or given["together"])
        if nobody and self.result.rulebook.verdicts:  # a book that gives none has nothing to say of them
            yield "body", bulletin["no_verdicts"]
        for name in ("commend", "criticise"):
            for verdict in given[name]:
                names = "、".join(unit["name"] for unit in verdict["units"][:MOST_NAMED])
                names += "等" if len(verdict["units"]) > MOST_NAMED else ""  # an annex lists them all
                facts = {"title": verdict["title"], "says": verdict["says"], "n": verdict["count"], "names": names}
                said, cited = self._says(name, **facts), self.result.rulebook.clauses.get(verdict["clause"])
                yield "body", self._says("by_clause", clause=cited.cited, text=said) if cited and cited.cited else said

    def annexes(self, bulletin: dict) -> list[dict]:
        """The annexes that have something to show: ``key``, ``number`` and ``title``."""
        listed = bulletin["verdicts"]
        lists = any(self.listed(listed, name) for name in listed if name != "together")
        titles = {"ranking": "annex_lists" if lists else "annex_ranking", "method": "annex_method"}
        return [
            {"key": key, "number": str(number), "title": self._says(title, period_name=self.facts["period"])}
            for number, (key, title) in enumerate(titles.items(), 1)
        ]

    def listed(self, verdicts: dict[str, list[dict]], name: str) -> list[dict]:
        """What an annex lists: of commendations and criticisms those of more units than the text names."""
        whole = name in ("commend", "criticise")
        return [one for one in verdicts[name] if not whole or len(one["units"]) > MOST_NAMED]

    def rows(self, accounts: list[dict]) -> str:
        """What was read, in a sentence: tables with rows in quarantine by name, the others together.

        What was not handed in at all is told before, with everything else that the figures lack.
        """
        there = [one for one in accounts if not one["absent"]]
        parts = [self._says("rows_of", **one) for one in there if one["quarantined"] != "0"]
        whole = len(there) - len(parts)
        rest = [self._says("rows_whole" if parts else "rows_all", n=whole)] if whole else []
        return "；".join([*parts, *rest]) + "。"

    def annex_list(self, annexes: list[dict]) -> list[Markup]:
        """“附件：1.…”, an entry a paragraph, wrapped lines below the first character of the name."""
        said = [("附件：" if n == 0 else "") + f"{annex['number']}.{annex['title']}" for n, annex in enumerate(annexes)]
        return [self.lines(text, indent=5 if n else 2, hang=6) for n, text in enumerate(said)]

    def lines(self, text: str, indent: int = 2, hang: int = 0, use: str = "body") -> Markup:
        """A paragraph as block spans."""
        return markup(set_lines(text, self.advance(use), indent, hang))

    def filled(self, text: str, **more: str) -> str:
        """An office's text with the period filled in."""
        return text.format(**self.facts, **more)

    def _says(self, sentence: str, /, **facts: object) -> str:
        return self.say(f"bulletin.{sentence}", **facts).zh


def _first(names: list[str]) -> str:
    """The first units by name, and how many there are."""
    return "、".join(names[:ORDERED]) + (f"等{len(names)}个单位" if len(names) > ORDERED else "")


def _headed(text: str) -> list[tuple[str, str]]:
    """“（一）整改。要……” as a heading of the second level and its paragraph."""
    head, stop, rest = text.partition("。")
    return [("second", head), ("body", rest)] if text.startswith("（") and rest else [("body", text)]


def chinese_date(day: datetime.date | None) -> str:
    """``2026年10月12日``; a date that nobody gave is left to be filled in."""
    return f"{day.year}年{day.month}月{day.day}日" if day else f"{BLANK * 2}年{BLANK}月{BLANK}日"
