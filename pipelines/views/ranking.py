"""The ranking page: who stands where, overall and in each group."""

from fractions import Fraction
from functools import cache

from pipelines.model.condition import WORDS as FACT_WORDS
from pipelines.model.points import shown
from pipelines.model.rule import Reading, Rulebook
from pipelines.model.score import APART, ItemScore, PlaceRange, ScoredPeriod, Standing, UnitScore
from pipelines.model.text import file_stem, link_to, masked, plain
from pipelines.views import charts
from pipelines.views.compared import city_figures, rates
from pipelines.views.figures import NOTHING, Say, listed, named, note, percent, plainly, speaking
from pipelines.views.frame import frame, words

WORDS = (
    "ranking_says",
    "tools",
    "search",
    "group_filter",
    "all_groups",
    "shown",
    "none_shown",
    "sorted",
    "ascending",
    "descending",
    "jump",
    "overall",
    "nobody",
    "unranked",
    "unranked_says",
    "apart",
    "apart_says",
    "col_grade",
    "verdicts",
    "groups",
    "col_rank",
    "col_unit",
    "col_total",
    "col_base",
    "col_bonus",
    "col_group",
    "col_group_rank",
    "col_overall_rank",
    "col_case_rows",
    "col_moved",
    "col_reason",
    "files",
    "col_file",
    "col_content",
    "col_size",
    "list_commend",
    "list_criticise",
    "list_remark",
    "list_together",
    "reread",
    "reread_said",
    "reread_same",
    "reread_hidden",
    "reread_alone",
    "reread_back",
    "reread_says",
    "doubt",
    "doubt_says",
    "doubt_by_chance",
    "doubt_axis",
    "doubt_box",
    "brackets",
    "moves",
    "moves_box",
    "heat",
    "heat_says",
    "compare",
    "compare_with",
    "compare_difference",
    "compare_box",
)
OF_A_RATE = ("rate", "worth", "bands")  # kinds of rules whose title may be that of a rate
RECOMPUTE = "recompute.py"  # works every sum and place out anew, for an inspector without our program
NAMED = 12  # units of a bracket that are named, of whatever length the bracket is
FEWEST_IN_FUNNEL = 4  # rated units, below which there is nothing to see in it
SHADES = tuple(Fraction(n, 100) for n in (0, 5, 15, 30, 50))  # shares of an item's full marks lost: bounds of its shade
FILES = (
    "bulletin.pdf",
    "results.xlsx",
    "ranking.csv",
    "items.csv",
    "ledger.csv",
    "verdicts.csv",
    "quarantine.csv",
    "warnings.csv",
    "trace.csv",
    "result.json",
    "result.schema.json",
    "manifest.json",
    RECOMPUTE,
)


def ranking(result: ScoredPeriod, say: Say, lang: str = "zh", sizes: dict[str, int] | None = None) -> dict:
    """The page of the ranking: its lists, the ``files`` beside it, and the drawings.

    ``sizes``: bytes of the files that are written already, by name.
    """
    say = speaking(say, result.period.kind)
    return {
        **listing(result, say, lang),
        "files": files(say, lang, sizes or {}),
        "reread": rereadings(result, lang),
        "doubt": doubt(result, say, lang),
        "moves": moves(result, say, lang),
        "heat": heat(result, lang),
        "funnel": funnel(result, say, lang),
    }


def listing(result: ScoredPeriod, say: Say, lang: str = "zh") -> dict:
    """The ranking alone: ``figures``, ``overall``, ``groups``, ``unranked`` and the ``verdicts`` given."""
    say = speaking(say, result.period.kind)
    rows = [line(result, standing, say, lang) for standing in result.standings]
    numbers = {name: str(n) for n, name in enumerate(dict.fromkeys(row["group"] for row in rows), 1)}
    for row in rows:
        row["group_number"] = numbers[row["group"]]
    placed = [row for row in rows if row["rank"] != NOTHING]
    for at, row in enumerate(placed):
        row["at"] = str(at)
    around = frame(result, say, lang)
    groups = [_group(rows, name, number, say, lang) for name, number in numbers.items()]
    given, book = by_verdict(verdicts(result, lang)), result.rulebook
    titles = {f"list_{id}": title.into(lang) for id, title in book.lists.items()}
    return {
        "frame": around,
        "words": {**words(say, WORDS, lang), **titles, **rate_words(book, say, lang)},
        "title": say("site.ranking_title", period_name=around["period_name"]).into(lang),
        "figures": figures(result, say, lang),
        "overall": placed,
        "groups": [group for group in groups if group["rows"]],
        "grouped": len(groups) > 1,
        "rated": any(s.rated for s in result.standings),
        "choices": groups,
        "unranked": [row for row in rows if row["group_rank"] == NOTHING and not row["apart"]],
        "apart": [row for row in rows if row["apart"]],
        "graded": bool(book.grades),
        "verdicts": given,
        "lists": list(book.lists),
        "own_lists": [(id, title.into(lang)) for id, title in book.lists.items()],
        "said": any(given[name] for name in ("commend", "criticise", "together", *book.lists)),
        **sums(result, say, lang),
        "compared": str(result.period.previous) if result.previous else "",
    }


def rereadings(result: ScoredPeriod, lang: str = "zh") -> dict | None:
    """The ``choices`` of the page's switches, one for each reading, and the ``numbers`` that it counts with."""
    if result.reread is None or not result.reread.choices:
        return None
    book = result.rulebook
    order = [given[0] for given in result.reread.numbers["readings"]]
    choices = []
    for id, others in result.reread.choices:
        reading = book.readings[id]
        values = [{"n": str(n), "says": _says(reading, value, lang)} for n, value in enumerate(others, 1)]
        now = _says(reading, result.readings[id], lang)
        choices.append({"title": reading.title.into(lang), "n": str(order.index(id)), "now": now, "values": values})
    titles = {item.id: item.title.into(lang) for item in book.items.values()}
    numbers = {**result.reread.numbers, "titles": [titles[one["id"]] for one in result.reread.numbers["items"]]}
    return {"choices": choices, "numbers": numbers}


def _says(reading: Reading, value: str, lang: str) -> str:
    return reading.says[value].into(lang) if value in reading.says else value


def doubt(result: ScoredPeriod, say: Say, lang: str = "zh") -> dict | None:
    """The chart of places, and the ``brackets`` of units that cannot be told apart in words; None without ranges."""
    if not result.place_ranges:
        return None
    numbers, said = {}, []
    for number, run in enumerate(brackets(result), 1):
        numbers |= {standing.unit_id: number for standing in run}
        names = [_name(result, standing) for standing in run[:NAMED]]
        more = say("site.bracket_more", n=len(run) - NAMED).into(lang) if len(run) > NAMED else ""
        facts = {"first": run[0].rank, "last": run[-1].rank, "n": len(run), "names": listed(names, lang) + more}
        said.append(say("site.bracket", **facts).into(lang))
    ranges = result.place_ranges
    rows = [
        {
            "label": _name(result, s),
            "place": ranges[s.unit_id].place,
            "readings": ranges[s.unit_id].readings,
            "chance": ranges[s.unit_id].chance,
            "bracket": numbers.get(s.unit_id, 0),
        }
        for s in result.standings
        if s.unit_id in ranges
    ]
    return {"charts": charts.places(rows), "brackets": said}


def brackets(result: ScoredPeriod) -> list[list[Standing]]:
    """Neighbours in the ranking whose intervals by chance hold each the places of all of them, from the top down."""
    found: list[list[Standing]] = [[]]
    for standing in result.standings:
        if standing.unit_id not in result.place_ranges:
            continue
        run = [*found[-1], standing]
        spans = [result.place_ranges[one.unit_id].chance for one in run]
        if all(best <= run[0].rank and worst >= standing.rank for best, worst in spans):
            found[-1] = run
        else:
            found.append([standing])
    return [run for run in found if len(run) > 1]


def _name(result: ScoredPeriod, standing: Standing) -> str:
    return plain(masked(result.tallies[standing.unit_id].unit.unit_name))


def moves(result: ScoredPeriod, say: Say, lang: str = "zh") -> dict | None:
    """The places of the period before beside those of this one, as a chart; None where none is known."""
    rows = [
        (_name(result, standing), int(before), standing.rank)
        for standing in result.standings
        if standing.rank is not None
        and (before := str(result.previous.get(standing.unit_id, {}).get("rank") or "")).isdecimal()
    ]
    chart = charts.slope(rows)
    if chart is None:
        return None
    said = say("site.moves_all" if chart["all"] else "site.moves_most", n=len(chart["left"])).into(lang)
    return {
        "chart": chart,
        "says": said,
        "before": named(result.period.previous, lang),
        "now": named(result.period, lang),
    }


def heat(result: ScoredPeriod, lang: str = "zh") -> dict | None:
    """What each placed unit has on each item, with a shade by the share lost; None where nobody is placed."""
    items = [item for item in result.rulebook.items.values() if item.full_marks]
    rows = [
        {
            "place": place(standing.rank if standing.rank is not None else standing.group_rank),
            "name": _name(result, standing),
            "total": result.rulebook.sum(result.scores[standing.unit_id].total),
            "cells": [_cell(result.scores[standing.unit_id].items.get(item.id)) for item in items],
        }
        for standing in result.standings
        if standing.ranked
    ]
    heads = [{"title": item.title.into(lang), "full": plainly(item.full_marks)} for item in items]
    return {"heads": heads, "rows": rows} if rows and items else None


def _cell(score: ItemScore | None) -> dict:
    if score is None or not score.full_marks:
        return {"score": NOTHING, "shade": "none"}
    shade = _shade(score.full_marks - score.score, score.full_marks) if score.measured else "none"
    return {"score": plainly(score.score) or "0", "shade": shade}


@cache
def _shade(lost: Fraction, full_marks: Fraction) -> str:
    """By the share of its full marks that an item lost; many units have lost the same."""
    return str(sum(lost > bound * full_marks for bound in SHADES))


def _unmeasured(score: UnitScore, note: str, say: Say, lang: str) -> str:
    """How many marks of a sheet were not assessed, in a word; "" for none."""
    marks = score.unmeasured_marks
    return say(f"notes.{note}", marks=plainly(marks)).into(lang) if marks else ""


def funnel(result: ScoredPeriod, say: Say, lang: str = "zh") -> dict | None:
    """The rate that lists equals by the number of its cases with what chance allows, and in words who lies outside."""
    rows = [(_name(result, s), s.satisfied, s.rated) for s in result.standings if s.ranked]
    city = sum(s.satisfied for s in result.standings), sum(s.rated for s in result.standings)
    chart = charts.funnel(rows, city) if sum(bool(of) for _, _, of in rows) >= FEWEST_IN_FUNNEL else None
    if chart is None:
        return None
    said = [say("site.funnel_says").into(lang)]
    for side in ("above", "below"):
        names = [name for name, _, _, above in chart["outside"] if above is (side == "above")]
        if names:
            said.append(say(f"site.funnel_{side}", n=len(names), names=listed(names, lang)).into(lang))
    if not chart["outside"]:
        said.append(say("site.funnel_inside").into(lang))
    return {"chart": chart, "says": said, "city": say("site.funnel_city", rate=chart["rate"]).into(lang)}


def rate_words(book: Rulebook, say: Say, lang: str = "zh") -> dict[str, str]:
    """What pages call the rate that lists units of equal figures, in a column, in a heading and of its drawing.

    The book's own name of it: the title of a rule of that rate, else its part over its whole. Nothing without one.
    """
    if book.ranking.listed_by is None:
        return {}
    part, of = (book.measures[id].title for id in book.ranking.listed_by)
    rules = (rule for rule in book.rules.values() if rule.kind in OF_A_RATE)
    rated = (rule.title for rule in rules if (rule.part, rule.of) == book.ranking.listed_by)
    facts = {"rate": next(rated, say("site.listed_rate", part=part, of=of)), "of": of}
    drawn = {name: say(f"site.{name}", **facts).into(lang) for name in ("funnel", "funnel_box", "funnel_size")}
    return {"listed_rate": facts["rate"].into(lang), **drawn}


def sums(result: ScoredPeriod, say: Say, lang: str = "zh") -> dict:
    """``summed``: whether a total anywhere is another figure than its base; ``placed_by``: what places go by."""
    summed = any(score.total != score.base for score in result.scores.values())
    return {"summed": summed, "placed_by": say(f"site.{_placed_by(result, summed)}").into(lang)}


def _placed_by(result: ScoredPeriod, summed: bool) -> str:
    """What places over all units go by."""
    if result.rulebook.ranking.by_share:
        return "by_share"
    if not summed:
        return "by_total_alone"
    return "by_base" if result.rulebook.ranked_by(result.readings) == "base" else "by_total"


def files(say: Say, lang: str, sizes: dict[str, int]) -> list[dict]:
    """What lies beside the page for other programs: ``name``, ``says``, ``size``."""
    return [
        {"name": name, "says": say(f"site.file_{name.replace('.', '_')}").into(lang), "size": size(sizes.get(name))}
        for name in FILES
    ]


def size(count: int | None) -> str:
    """A number of bytes as people read it, whole kilobytes rounded up; a dash where it is not known yet."""
    return NOTHING if count is None else f"{-(-count // 1000):,} kB"


def line(result: ScoredPeriod, standing: Standing, say: Say, lang: str = "zh") -> dict:
    """A unit's line as pages show it; all values are text."""
    unit = result.tallies[standing.unit_id].unit
    score = result.scores[standing.unit_id]
    return {
        "id": plain(unit.unit_id),
        "at": "",  # its number in the list of places over all
        "name": plain(masked(unit.unit_name)),
        "find": plain(masked(" ".join((unit.unit_id, *_short_names(result, unit.unit_id))))),
        "group": plain(masked(unit.unit_group)),
        "href": link_to(file_stem(unit.unit_id)) + ".html",
        "pdf": link_to(file_stem(unit.unit_id)) + ".pdf",
        "rank": place(standing.rank),
        "group_rank": place(standing.group_rank),
        "base": result.rulebook.sum(score.base),
        "bonus": result.rulebook.sum(score.bonus),
        "total": result.rulebook.sum(score.total),
        "measured": shown(score.measured_marks),
        "unmeasured": _unmeasured(score, "partly_unmeasured", say, lang),
        "alike": _unmeasured(score, "all_unmeasured", say, lang),  # where every row of a table says so
        "case_rows": str(standing.case_rows),
        "interval": _interval(result.place_ranges.get(standing.unit_id)),
        "grade": graded(result.rulebook, standing.grade, lang),
        "apart": standing.notes == APART,
        "satisfaction": percent(standing.satisfied, standing.rated),
        "moved": moved(standing, result.previous, say("site.same_place").into(lang)),
        "notes": [note(say, key, result.rulebook, lang) for key in standing.notes],
    }


def _short_names(result: ScoredPeriod, unit_id: str) -> tuple[str, ...]:
    """The abbreviations that the register has for a unit."""
    life = result.validation.register.lives.get(unit_id)
    return life.short_names if life else ()


def _interval(sure: PlaceRange | None) -> str:
    """The places that chance leaves to a unit, a dash for one without a place."""
    if sure is None:
        return NOTHING
    best, worst = sure.chance
    return str(best) if best == worst else f"{best}—{worst}"


def graded(rulebook: Rulebook, grade: str, lang: str) -> str:
    """The title of a grade, a dash where there is none."""
    return next((one.title.into(lang) for one in rulebook.grades if one.id == grade), NOTHING)


def place(rank: int | None) -> str:
    """A place as text, a dash for the unranked."""
    return NOTHING if rank is None else str(rank)


def moved(standing: Standing, previous: dict[str, dict], same: str = "平") -> str:
    """The change of place since the period before: ``↑2``, ``↓1``, ``same``; a dash where one is missing."""
    before = str(previous.get(standing.unit_id, {}).get("rank") or "")
    if not before.isdigit() or standing.rank is None:
        return NOTHING
    places = int(before) - standing.rank
    return f"↑{places}" if places > 0 else f"↓{-places}" if places < 0 else same


def figures(result: ScoredPeriod, say: Say, lang: str = "zh") -> list[dict]:
    """The period in few figures: label and value."""
    standings = result.standings
    ranked = [result.scores[s.unit_id].total for s in standings if s.ranked]
    values = {
        "units": str(len(standings)),
        "ranked": str(len(ranked)),
        "case_rows": str(sum(s.case_rows for s in standings)),
    }
    city, book = city_figures(result), result.rulebook
    found = [(say(f"pages.figure_{name}"), value) for name, value in values.items()]
    found += [(rule.title, percent(city[rule.part], city[rule.of])) for rule in rates(book)]
    found.append((say("pages.figure_mean"), book.sum(book.mean(ranked)) if ranked else NOTHING))
    return [{"label": label.into(lang), "value": value} for label, value in found]


def verdicts(result: ScoredPeriod, lang: str = "zh") -> dict[str, list[dict]]:
    """The verdicts given, by list, with the facts that led to them; what is said `together` stands once for each."""
    by_id = {verdict.id: verdict for verdict in result.rulebook.verdicts}
    lists = ("commend", "criticise", "remark", "together", *result.rulebook.lists)
    found: dict[str, list[dict]] = {name: [] for name in lists}
    grades = {grade.id: grade.title.into(lang) for grade in result.rulebook.grades}
    for given in result.verdicts:
        verdict = by_id[given.verdict_id]
        facts = {name: grades.get(value, value) if name in FACT_WORDS else value for name, value in given.facts}
        found[verdict.list].append(
            {
                "unit_id": given.unit_id,
                "name": plain(masked(result.tallies[given.unit_id].unit.unit_name)),
                "href": link_to(file_stem(given.unit_id)) + ".html",
                "title": verdict.title.into(lang),
                "clause": verdict.clause,
                "says": plain(verdict.says.into(lang).format_map(_Facts(facts))),
            }
        )
    return found


def by_verdict(given: dict[str, list[dict]]) -> dict[str, list[dict]]:
    """The same verdicts with everybody who got one under it: ``title``, ``clause``, ``says``, ``units``, ``count``."""
    return {name: _gathered(verdicts) for name, verdicts in given.items()}


def _gathered(given: list[dict]) -> list[dict]:
    found: dict[tuple, list[dict]] = {}
    for verdict in given:
        found.setdefault(tuple(verdict[k] for k in ("title", "clause", "says")), []).append(verdict)
    return [
        {"title": title, "clause": clause, "says": says, "units": units, "count": str(len(units))}
        for (title, clause, says), units in found.items()
    ]


class _Facts(dict):
    def __missing__(self, name: str) -> str:
        return NOTHING


def _group(rows: list[dict], name: str, number: str, say: Say, lang: str) -> dict:
    """A group with its ranked rows in the order of its own places."""
    inside = [row for row in rows if row["group"] == name and row["group_rank"] != NOTHING]
    return {"name": name, "number": number, "rows": inside, "size": say("site.units_n", n=len(inside)).into(lang)}
