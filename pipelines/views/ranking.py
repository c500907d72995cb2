"""The ranking page: who stands where, overall and in each group."""

from pipelines.model.assessment import Assessment
from pipelines.model.filenames import file_stem, link_to
from pipelines.model.points import shown
from pipelines.model.score import Standing
from pipelines.model.text import plain
from pipelines.views.figures import NOTHING, Say, mean, note, percent
from pipelines.views.frame import frame


def ranking(assessment: Assessment, say: Say) -> dict:
    """The ranking: ``figures``, ``overall``, ``groups``, ``unranked`` and the ``verdicts`` given."""
    ranked = [line(assessment, s, say) for s in assessment.standings if s.rank is not None]
    unranked = [line(assessment, s, say) for s in assessment.standings if s.rank is None]
    groups = dict.fromkeys(row["group"] for row in ranked)
    return {
        "frame": frame(assessment, say),
        "figures": figures(assessment, say),
        "overall": ranked,
        "groups": [_group(ranked, name) for name in groups],
        "unranked": unranked,
        "verdicts": by_verdict(verdicts(assessment)),
        "by_total": assessment.readings.get("rank_on") != "base",
        "compared": str(assessment.period.previous) if assessment.previous else "",
    }


def line(assessment: Assessment, standing: Standing, say: Say) -> dict:
    """A unit's line as pages show it; all values are text."""
    unit = assessment.tallies[standing.unit_id].unit
    score = assessment.scores[standing.unit_id]
    return {
        "id": plain(unit.unit_id),
        "name": plain(unit.unit_name),
        "group": plain(unit.unit_group),
        "href": link_to(file_stem(unit.unit_id)) + ".html",
        "pdf": link_to(file_stem(unit.unit_id)) + ".pdf",
        "rank": place(standing.rank),
        "group_rank": place(standing.group_rank),
        "base": shown(score.base),
        "bonus": shown(score.bonus),
        "total": shown(score.total),
        "case_rows": str(standing.case_rows),
        "satisfaction": percent(standing.satisfied, standing.rated),
        "moved": moved(standing, assessment.previous),
        "notes": [note(say, key) for key in standing.notes],
    }


def place(rank: int | None) -> str:
    """A place as text, a dash for the unranked."""
    return NOTHING if rank is None else str(rank)


def moved(standing: Standing, previous: dict[str, dict]) -> str:
    """The change of place since the quarter before: ``↑2``, ``↓1``, ``平``; a dash where one is missing."""
    before = str(previous.get(standing.unit_id, {}).get("rank") or "")
    if not before.isdigit() or standing.rank is None:
        return NOTHING
    places = int(before) - standing.rank
    return f"↑{places}" if places > 0 else f"↓{-places}" if places < 0 else "平"


def figures(assessment: Assessment, say: Say) -> list[dict]:
    """The quarter in six figures: label and value."""
    tallies, standings = assessment.tallies.values(), assessment.standings
    ranked = [assessment.scores[s.unit_id].total for s in standings if s.rank is not None]
    values = {
        "units": str(len(standings)),
        "ranked": str(len(ranked)),
        "case_rows": str(sum(s.case_rows for s in standings)),
        "completion": percent(sum(t.count("completed") for t in tallies), sum(t.count("due") for t in tallies)),
        "satisfaction": percent(sum(s.satisfied for s in standings), sum(s.rated for s in standings)),
        "mean": mean(ranked),
    }
    return [{"label": say(f"pages.figure_{name}").zh, "value": value} for name, value in values.items()]


def verdicts(assessment: Assessment) -> dict[str, list[dict]]:
    """The verdicts given, by list (commend, criticise, remark), with the facts that led to them."""
    by_id = {verdict.id: verdict for verdict in assessment.rulebook.verdicts}
    found: dict[str, list[dict]] = {"commend": [], "criticise": [], "remark": []}
    for given in assessment.verdicts:
        verdict = by_id[given.verdict_id]
        found.setdefault(verdict.list, []).append({
            "unit_id": given.unit_id,
            "name": plain(assessment.tallies[given.unit_id].unit.unit_name),
            "href": link_to(file_stem(given.unit_id)) + ".html",
            "title": verdict.title.zh,
            "clause": verdict.clause,
            "says": plain(verdict.says.zh.format_map(_Facts(given.facts))),
        })
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


def _group(rows: list[dict], name: str) -> dict:
    inside = [row for row in rows if row["group"] == name]
    return {"name": name, "rows": inside, "size": str(len(inside))}
