"""How figures, moments and lists read on a page."""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from fractions import Fraction

from pipelines.model.period import Period
from pipelines.model.points import half_up, shown
from pipelines.model.rule import Rulebook
from pipelines.model.words import Words

Say = Callable[..., Words]
NOTHING = "—"
_WHOLE = re.compile(r"^([+-]?\d+)\.0+(?=%?$)")
_QUARTERS, _HALVES = "一二三四", "上下"


def percent(part: int, of: int) -> str:
    """An exact rate as ``93.02%``, a dash where nothing is counted."""
    return f"{shown(half_up(Fraction(100 * part, of)))}%" if of else NOTHING


def signed(value: Fraction, written: Callable[[Fraction], str] = shown) -> str:
    """Points with their sign: ``+2.00``, ``-0.50``, ``0.00``."""
    return f"{'+' if value > 0 else ''}{written(value)}"


def plainly(value: Fraction) -> str:
    """A figure of the rules without idle zeros: ``0.5``, ``20``."""
    text = shown(value)
    return text.rstrip("0").rstrip(".")


def width(part: Fraction, of: Fraction) -> str:
    """The length of a bar in percent, between 0 and 100."""
    return shown(half_up(min(max(100 * part / of, Fraction(0)), Fraction(100)))) if of else "0.00"


def moment(value: datetime, lang: str = "zh") -> str:
    """``2026年10月1日 00:00``, with seconds only where there are any; ``2026-10-01 00:00`` in English."""
    clock = f"{value:%H:%M:%S}" if value.second else f"{value:%H:%M}"
    return f"{day(value, lang)} {clock}"


def day(value: date, lang: str = "zh") -> str:
    """``2026年10月1日``; ``2026-10-01`` in English."""
    return f"{value:%Y-%m-%d}" if lang == "en" else f"{value.year}年{value.month}月{value.day}日"


def named(period: Period, lang: str = "zh") -> str:
    """The period in words: ``2026年第三季度``, ``quarter 3 of 2026``; ``2026年1月至4月``, ``January to April 2026``."""
    year, number = period.year, period.number
    if lang == "en":
        match period.kind:
            case "quarter":
                return f"quarter {number} of {year}"
            case "half_year":
                return f"{'first' if number == 1 else 'second'} half of {year}"
            case "year":
                return str(year)
        (first, of), (last, until) = (f"{day:%B %Y}".split() for day in (period.start, period.last_day))
        if (first, of) == (last, until):
            return f"{first} {of}"
        return f"{first} to {last} {of}" if of == until else f"{first} {of} to {last} {until}"
    match period.kind:
        case "quarter":
            return f"{year}年第{_QUARTERS[number - 1]}季度"
        case "half_year":
            return f"{year}年{_HALVES[number - 1]}半年"
        case "year":
            return f"{year}年度"
    first, last = period.start, period.last_day
    begins = f"{first.year}年{first.month}月"
    if period.n == 1:
        return begins
    return f"{begins}至{last.month}月" if first.year == last.year else f"{begins}至{last.year}年{last.month}月"


def speaking(say: Say, kind: str) -> Say:
    """``say`` with the words for a period of a kind: this {kind}, the {last} one … (`reports/wording/period.yaml`)."""
    words = {name: say(f"period.{name}_{kind}") for name in ("kind", "last", "step", "per", "rhythm", "head")}

    def spoken(key: str, /, **facts: object) -> Words:
        return say(key, **(words | facts))

    return spoken


def in_prose(say: Say) -> Say:
    """``say`` with whole points as people write them: 100分 and not 100.00分."""

    def spoken(key: str, /, **facts: object) -> Words:
        whole = {name: _WHOLE.sub(r"\1", one) if isinstance(one, str) else one for name, one in facts.items()}
        return say(key, **whole)

    return spoken


def month_name(month: str, lang: str = "zh") -> str:
    """``7月`` of ``2026-07``, as it is in English; the whole period is empty."""
    return f"{int(month[5:])}月" if lang == "zh" and month[5:].isdigit() else month


def listed(names: Iterable[str], lang: str = "zh") -> str:
    """Names in a row: ``甲、乙、丙``; commas in English."""
    return (", " if lang == "en" else "、").join(names)


def parted(texts: Iterable[str], lang: str = "zh") -> str:
    """Parts of a sentence: ``甲；乙``; semicolons in English."""
    return ("; " if lang == "en" else "；").join(texts)


def run_on(sentences: Iterable[str], lang: str = "zh") -> str:
    """Sentences as one paragraph: without blanks in Chinese, with one between them in English."""
    return (" " if lang == "en" else "").join(sentences)


def known(say: Say, key: str, fallback: str, lang: str = "zh", **facts: object) -> str:
    """The sentence ``key``, or ``fallback`` where no such sentence is written."""
    try:
        return say(key, **facts).into(lang)
    except (KeyError, FileNotFoundError):
        return fallback


def note(say: Say, key: str, book: Rulebook, lang: str = "zh") -> str:
    """A note of a score or a standing; behind its key may stand the measure or rule that it is about."""
    name, _, thing = key.partition(" ")
    if not thing:
        return say(f"notes.{name}").into(lang)
    about = book.measures[thing] if name in ("no_rows", "few_rows") else book.rules[thing]
    return say(f"notes.{name}", thing=about.title).into(lang)


def notes(
    say: Say, keys: Iterable[str], book: Rulebook, simulated: bool = False, unmeasured: Fraction = Fraction(0)
) -> str:
    """Several notes as one cell; ``unmeasured`` are marks that count and rest on no data."""
    extra = [say("notes.partly_unmeasured", marks=shown(unmeasured)).zh] if unmeasured else []
    extra += [say("pages.simulated").zh] if simulated else []
    return "；".join([*(note(say, key, book) for key in keys), *extra])
