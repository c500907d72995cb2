"""What changed since the last period and since the same one of last year: the city's figures, and who rose."""

from collections import Counter
from fractions import Fraction

from pipelines.model.measure import CASE_ROWS
from pipelines.model.points import half_up, shown
from pipelines.model.rule import Rule, Rulebook
from pipelines.model.score import Earlier, ScoredPeriod, Standing, at
from pipelines.model.text import masked, plain
from pipelines.model.words import Words
from pipelines.views.figures import Say, named, speaking

KEPT = 200  # so many channels, kinds and matters are kept for the period after
RISEN = 3  # so many units are named that rose most


def rates(rulebook: Rulebook) -> list[Rule]:
    """The rate rules over case rows, which a bulletin names in its head."""
    return [
        rule
        for rule in rulebook.rules.values()
        if rule.kind == "rate" and rulebook.measures[rule.of].counts == CASE_ROWS
    ]


def city_figures(result: ScoredPeriod) -> dict[str, int]:
    """The city's counts that a later period compares itself with."""
    tallies, standings, counts = result.tallies.values(), result.standings, {}
    for rule in rates(result.rulebook):
        lacking = any({rule.part, rule.of} & tally.lacking for tally in tallies)  # no rate, least of all 0 %
        counts[rule.of] = 0 if lacking else sum(tally.count(rule.of) for tally in tallies)
        counts[rule.part] = sum(tally.count(rule.part) for tally in tallies)
    return {
        "units": len(standings),
        "ranked": sum(s.ranked for s in standings),
        "case_rows": sum(s.case_rows for s in standings),
        **counts,
    }


def received(result: ScoredPeriod) -> list[tuple[str, str, int]]:
    """(channel, kind or matter, name, cases) of what came in, as pages may name it; of each the most frequent."""
    told, seen = [], Counter()
    for one in result.received:
        seen[one["kind"]] += 1
        if seen[one["kind"]] <= KEPT:
            told.append((one["kind"], plain(masked(one["name"])), one["n"]))
    return told


def received_before(result: ScoredPeriod, kind: str) -> dict[str, int]:
    """The same of the period before, by name; nothing where it is not known."""
    before = at(result.earlier, result.period.previous)
    return {one["name"]: one["n"] for one in before.received if one["kind"] == kind} if before else {}


def changes(result: ScoredPeriod, say: Say, lang: str = "zh") -> list[str]:
    """A sentence for each span on what changed, and one on the period before where others are known and it is not."""
    say, period = speaking(say, result.period.kind), result.period
    spans = {"previous": period.previous, "year": period.year_before}
    if period.previous == period.year_before:
        del spans["previous"]
    known = {span: at(result.earlier, before) for span, before in spans.items()}
    said = [text for span, before in known.items() if before and (text := _change(result, before, span, say, lang))]
    if result.earlier and "previous" in known and known["previous"] is None:
        said.append(say("bulletin.unknown_previous", period_names=named(period.previous, lang)).into(lang))
    return said


def _change(result: ScoredPeriod, before: Earlier, span: str, say: Say, lang: str) -> str:
    parts = [part.into(lang) for part in _parts(result, before, say)]
    if not parts:
        return ""
    text = say(
        f"bulletin.compared_{span}",
        period_name=named(before.period, lang),
        changes=("; " if lang == "en" else "，").join(parts),
    ).into(lang)
    same = before.basis in ((), basis(result))
    return text if same else text + say("bulletin.other_rules").into(lang)


def basis(result: ScoredPeriod) -> tuple:
    """What two periods must share for their scores to be comparable: the rulebook's sha256 and the readings."""
    return result.rulebook.sha256, tuple(sorted(result.readings.items()))


def _parts(result: ScoredPeriod, before: Earlier, say: Say):
    """The changes that both periods have figures for: case rows, mean total, rates."""
    now = city_figures(result)
    known = [int(rows) for line in before.ranking.values() if (rows := _number(line.get("case_rows"))) is not None]
    if known:
        rows = sum(known)
        yield _moved(say, "rows", Fraction(now["case_rows"] - rows), f"{abs(now['case_rows'] - rows)}", f"{rows}")
    totals = [result.scores[s.unit_id].total for s in result.standings if s.ranked]
    earlier = [
        total
        for line in before.ranking.values()
        if line.get("group_rank")
        if (total := _number(line.get("total"))) is not None
    ]
    if totals and earlier:
        book = result.rulebook
        was, mean = map(book.mean, (earlier, totals))
        yield _moved(say, "mean", mean - was, book.sum(abs(mean - was)), book.sum(was))
    for rule in rates(result.rulebook):
        part, of = rule.part, rule.of
        if now[of] and before.figures.get(of):
            was, is_now = (half_up(Fraction(100 * f.get(part, 0), f[of])) for f in (before.figures, now))
            yield _moved(say, "rate", is_now - was, shown(abs(is_now - was)), shown(was), rate=rule.title)


def _moved(say: Say, what: str, change: Fraction, size: str, was: str, **facts: Words):
    direction = "up" if change > 0 else "down" if change < 0 else "same"
    return say(f"bulletin.{what}_{direction}", n=size, was=was, **facts)


def risen(result: ScoredPeriod, say: Say, lang: str = "zh", short: bool = False) -> list[str]:
    """The units that gained most places and points, the largest gain first."""
    order = {id: tally.unit.order for id, tally in result.tallies.items()}
    gains = sorted(_gains(result), key=lambda gain: (-gain[0], gain[1].rank, order[gain[1].unit_id]))
    return [_risen(result, standing, say, lang, "risen_short" if short else "risen") for _, standing in gains[:RISEN]]


def _gains(result: ScoredPeriod) -> list[tuple[int, Standing]]:
    found = []
    for standing in result.standings:
        before = result.previous.get(standing.unit_id, {})
        place, total = _number(before.get("rank")), _number(before.get("total"))
        if None in (place, total, standing.rank):
            continue
        if place > standing.rank and result.scores[standing.unit_id].total > total:
            found.append((int(place) - standing.rank, standing))
    return found


def _risen(result: ScoredPeriod, standing: Standing, say: Say, lang: str, key: str) -> str:
    before, total = result.previous[standing.unit_id], result.scores[standing.unit_id].total
    was = _number(before["total"])
    return say(
        f"bulletin.{key}",
        name=masked(result.tallies[standing.unit_id].unit.unit_name),
        was=before["rank"],
        rank=standing.rank,
        before=result.rulebook.sum(was),
        total=result.rulebook.sum(total),
        gain=result.rulebook.sum(total - was),
    ).into(lang)


def _number(text: object) -> Fraction | None:
    """A figure of a published table, nothing where it is empty or no figure of two decimals."""
    try:
        value = Fraction(str(text))
        return value if half_up(value) == value else None
    except (ValueError, ZeroDivisionError):
        return None
