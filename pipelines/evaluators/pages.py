"""Figures → what the restricted pages show: every number a text, every word Chinese."""

from datetime import date, datetime
from fractions import Fraction

from pipelines.evaluators.appointments import Ending
from pipelines.evaluators.eligibility import Evaluator
from pipelines.model.panel import PanelRules
from pipelines.model.text import plain
from pipelines.wording import say

NONE = "—"
WORK = (
    "cases",
    "assignments",
    "rated",
    "reminded",
    "returned",
    "withdrawn",
    "reassigned",
    "open",
    "waiting",
    "pending",
    "conflicts_blocked",
)


def frame(at: datetime, simulated: bool) -> dict:
    """What every restricted page says about itself."""
    return {"at": f"{at:%Y-%m-%d %H:%M}", "simulated": zh("pages.simulated") if simulated else ""}


def panel_page(report: dict, at: datetime, simulated: bool) -> dict:
    """The panel's report as a page."""
    size, work, whole = report["size"], report["work"], report["severity"]
    return {
        "frame": frame(at, simulated),
        "figures": [
            (zh("evaluators.fig_in_force"), f"{size['in_force']} / {size['wanted']}"),
            (zh("evaluators.fig_away"), str(size["away"])),
            (zh("evaluators.fig_on_time"), percent(*work["on_time"])),
            (zh("evaluators.fig_overturned"), percent(*report["overturned"]["share"])),
            (zh("evaluators.fig_waiting"), str(work["waiting"])),
            (zh("evaluators.fig_pending"), str(work["pending"])),
        ],
        "vacant": zh("evaluators.vacant", n=size["vacant"]) if size["vacant"] else zh("evaluators.full_panel"),
        "odd_terms": "、".join(map(plain, size["odd_terms"])),
        "backgrounds": [(zh(f"evaluators.background_{name or 'none'}"), n) for name, n in size["backgrounds"].items()],
        "fields": [(plain(name), n) for name, n in size["fields"].items()],
        "without_employer": size["without_employer"],
        "work": [(zh(f"evaluators.work_{name}"), work[name]) for name in WORK],
        "refused": report["refused"],
        "overturned": [
            {**line, "unit_name": plain(line["unit_name"]), "share": percent(line["overturned"], line["rated"])}
            for line in report["overturned"]["units"]
        ],
        "severity": _severity(whole),
        "evaluators": [_person(one) for one in report["evaluators"]],
        "attention": [_attention(line) for line in report["attention"]],
        "hard": [_hard(row) for row in report["hard"]],
        "points": [{**line, "unit_name": plain(line["unit_name"])} for line in report["points"]],
        "asked": [_asked(line) for line in report["asked"]],
        "training": [
            {**line, "topic": plain(line["topic"]), "kind": zh(f"evaluators.training_{line['kind']}")}
            for line in report["training"]["occasions"]
        ],
        "no_training": zh("evaluators.no_training", days=report["training"]["limit"])
        if report["training"]["overdue"]
        else "",
    }


def _asked(line: dict) -> dict:
    return {
        "unit_name": plain(line["unit_name"]),
        "case_id": plain(line["case_id"]),
        "evaluator_id": plain(line["evaluator_id"]),
        "asked_at": line["asked_at"] or NONE,
        "outcome": zh(f"evaluators.asked_{line['outcome']}", at=line["at"]),
    }


def _attention(line: dict) -> dict:
    what = line["what"]
    return {
        "clause": line["clause"],
        "who": " ".join(plain(line[part]) for part in ("evaluator_id", "name") if line[part]),
        "what": zh(f"evaluators.attention_{what}", n=line["n"]),
        "remedy": zh(f"evaluators.attention_{what}_remedy"),
    }


def _hard(row: dict) -> dict:
    outcome = zh("evaluators.hard_rated") if row["rated"] else zh("evaluators.hard_open")
    return {
        "case_id": plain(row["case_id"]),
        "unit_name": plain(row["unit_name"]),
        "assignments": row["assignments"],
        "returned": row["returned"],
        "outcome": outcome,
        "reasons": "；".join(map(plain, row["reasons"])) or NONE,
        "suggestions": "；".join(map(plain, row["suggestions"])) or zh("evaluators.not_studied"),
    }


def _person(one: dict) -> dict:
    marks = [zh("evaluators.mark_away")] if one["away"] else []
    if not one["in_force"]:
        marks = [zh("evaluators.mark_not_in_force")]
    return {
        **{name: one[name] for name in ("open", "assignments", "rated", "reminded", "returned", "withdrawn")},
        "evaluator_id": plain(one["evaluator_id"]),
        "name": plain(one["name"]),
        "background": zh(f"evaluators.background_{one['background'] or 'none'}"),
        "last_day": one["last_day"] or NONE,
        "marks": "、".join(marks),
        **_severity(one["severity"]),
    }


def _severity(one: dict) -> dict:
    if not one["rated"]:
        return {"upheld": NONE, "share": NONE, "interval": NONE, "against": ""}
    against = zh(f"evaluators.{one['against']}") if one["against"] else ""
    return {
        "upheld": f"{one['upheld']}/{one['rated']}",
        "share": percent(one["upheld"], one["rated"]),
        "interval": f"{100 * one['low']:.0f}%–{100 * one['high']:.0f}%",
        "against": against,
    }


def endings_page(found: list[Ending], vacant: int, at: datetime, simulated: bool, units: dict[str, str]) -> dict:
    """The appointments that end as a page."""
    shown = [_ending(one, units, at.date()) for one in found]
    return {"frame": frame(at, simulated), "vacant": vacant, "endings": shown}


def _ending(ending: Ending, units: dict[str, str], on: date) -> dict:
    one = ending.evaluator
    employer, whom = one.employer_unit_id or "", plain(one.recommended_by or "") or zh("evaluators.recommender")
    return {
        "evaluator_id": plain(one.evaluator_id),
        "name": plain(one.name),
        "employer": plain(units.get(employer, employer)) or NONE,
        "last_day": ending.last_day.isoformat(),
        "notice_by": ending.notice_by.isoformat(),
        "late": zh("evaluators.notice_over") if ending.notice_by < on else "",
        "early": zh("evaluators.ended_early") if ending.ended_early else "",
        "proposal": zh(f"evaluators.proposal_{ending.proposal}"),
        "recommended_by": plain(one.recommended_by or "") or NONE,
        "steps": "；".join(f"{day} {zh(f'evaluators.step_{step}')}" for step, day in ending.steps),
        "todo": "；".join(zh(f"evaluators.todo_{name}", whom=whom) for name in ending.todo),
    }


def certificate_page(one: Evaluator, at: datetime, simulated: bool, rules: PanelRules) -> dict:
    """An appointment certificate (E7.0)."""
    return {
        "frame": frame(at, simulated),
        "name": plain(one.name),
        "evaluator_id": plain(one.evaluator_id),
        "first": chinese_day(one.appointed_on),
        "last": chinese_day(one.term_ends_on),
        "years": rules.term_years,
        "on": chinese_day(one.appointed_on),
    }


def chinese_day(day: date) -> str:
    """A day as official papers write it."""
    return f"{day.year}年{day.month}月{day.day}日"


def percent(part: int, of: int) -> str:
    """A share in whole tenths of a percent, half up; a dash where there is nothing to share."""
    if not of:
        return NONE
    tenths = int(Fraction(1000 * part, of) + Fraction(1, 2))
    return f"{tenths // 10}.{tenths % 10}%"


def zh(key: str, **facts: object) -> str:
    """A sentence for a page."""
    return say(key, **facts).zh
