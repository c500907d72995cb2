"""The panel's report as figures: size and composition, work, load, overturned ratings, severity (E0 to E6)."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pipelines.evaluators.appointments import odd_terms, vacancies
from pipelines.evaluators.attention import attention, hard_cases
from pipelines.evaluators.eligibility import Evaluator, appointed, not_away
from pipelines.evaluators.exports import Exports
from pipelines.evaluators.intervals import jeffreys
from pipelines.evaluators.lifecycle import PENDING
from pipelines.evaluators.state import Assignment, State
from pipelines.model.panel import PanelRules

UPHELD = "dissatisfied"  # the public's own rating stands
BACKGROUNDS = ("congress_deputy", "cppcc_member", "expert", "other")


@dataclass(frozen=True)
class Severity:
    """How often ratings uphold the public's dissatisfaction, with the interval that so few ratings allow."""

    upheld: int
    rated: int

    @property
    def interval(self) -> tuple[float, float]:
        """Jeffreys' 95 % interval."""
        return jeffreys(self.upheld, self.rated)

    def against(self, panel: "Severity") -> str:
        """`strict` or `lenient` where the panel's share lies outside the interval, else ''."""
        if not self.rated:
            return ""
        low, high = self.interval
        share = panel.upheld / panel.rated
        return "strict" if share < low else "lenient" if share > high else ""


def panel_report(state: State, exports: Exports, rules: PanelRules, at: datetime) -> dict:
    """Every figure of the report, ready for JSON; shares are (part, of) so that nothing is rounded here."""
    assignments = list(state.assignments.values())
    whole = severity(assignments)
    size, people = _size(exports.panel, state, rules, at), _people(exports.panel, state, assignments, whole, at)
    known = {one.evaluator_id: one for one in exports.panel}
    return {
        "at": at.isoformat(" "),
        "size": size,
        "work": _work(state, assignments),
        "overturned": _overturned(assignments, exports.units),
        "severity": _shown(whole, whole),
        "evaluators": people,
        "attention": attention(people, known, size["odd_terms"], rules),
        "hard": hard_cases(state, exports.units),
        "refused": len(state.refused),
    }


def severity(assignments: Iterable[Assignment]) -> Severity:
    """The severity of all who rated among the assignments."""
    ratings = Counter(one.rating for one in assignments if one.rated_at)
    return Severity(ratings[UPHELD], ratings.total())


def _size(panel: tuple[Evaluator, ...], state: State, rules: PanelRules, at: datetime) -> dict:
    """The panel of the day against E0.1, and whom it is drawn from (E1.0)."""
    day = at.date()
    serving = [one for one in panel if appointed(one, None, state, day)]
    backgrounds = Counter(one.background or "" for one in serving)
    fields = Counter(field for one in serving for field in one.fields)
    return {
        "wanted": rules.size,
        "in_force": len(serving),
        "vacant": vacancies(panel, day, rules),
        "away": sum(not not_away(one, None, state, day) for one in serving),
        "without_employer": sum(not one.employer_unit_id for one in serving),
        "backgrounds": {name: backgrounds[name] for name in (*BACKGROUNDS, "") if backgrounds[name]},
        "fields": dict(sorted(fields.items(), key=lambda pair: (-pair[1], pair[0]))),
        "odd_terms": [one.evaluator_id for one in odd_terms(tuple(serving), rules)],
    }


def _work(state: State, assignments: list[Assignment]) -> dict:
    rated, withdrawn = _n(assignments, "rated_at"), _n(assignments, "withdrawn_at")
    return {
        "cases": len(state.cases),
        "assignments": len(assignments),
        "rated": rated,
        "reminded": _n(assignments, "reminded_at"),
        "returned": _n(assignments, "returned_at"),
        "withdrawn": withdrawn,
        "reassigned": sum(one.number > 1 for one in assignments),
        "open": len(state.open),
        "waiting": len(state.unassigned),
        "pending": sum(row.state == PENDING for row in state.cases.values()),
        "on_time": (rated, rated + withdrawn),
        "conflicts_blocked": sum(one.barred for one in assignments),
    }


def _n(assignments: list[Assignment], moment: str) -> int:
    return sum(getattr(one, moment) is not None for one in assignments)


def _overturned(assignments: list[Assignment], units: dict[str, str]) -> dict:
    """How often a rating differs from the public's `dissatisfied`, in all and by unit."""
    by_unit: dict[str, Counter] = defaultdict(Counter)
    for one in assignments:
        if one.rated_at:
            by_unit[one.case[1]][one.rating] += 1
    lines = [
        {"unit_id": unit, "unit_name": units.get(unit, unit), "rated": n.total(), "overturned": n.total() - n[UPHELD],
         "satisfied": n["satisfied"], "basically_satisfied": n["basically_satisfied"]}
        for unit, n in by_unit.items()
    ]  # fmt: skip
    lines.sort(key=lambda line: (-line["overturned"], line["unit_id"]))
    total, all_rated = sum(line["overturned"] for line in lines), sum(line["rated"] for line in lines)
    return {"share": (total, all_rated), "units": lines}


def _people(panel: tuple[Evaluator, ...], state: State, assignments: list[Assignment], whole: Severity,
            at: datetime) -> list[dict]:  # fmt: skip
    had: dict[str, list[Assignment]] = defaultdict(list)
    for one in assignments:
        had[one.evaluator_id].append(one)
    known = {one.evaluator_id: one for one in panel}
    return [_person(id, known.get(id), had[id], state, whole, at) for id in sorted(known.keys() | had.keys())]


def _person(id: str, one: Evaluator | None, had: list[Assignment], state: State, whole: Severity, at: datetime) -> dict:
    return {
        "evaluator_id": id,
        "name": one.name if one else "",
        "background": (one.background or "") if one else "",
        "last_day": one.last_day.isoformat() if one else "",
        "in_force": bool(one) and appointed(one, None, state, at.date()),
        "away": bool(one) and not not_away(one, None, state, at.date()),
        "open": sum(assignment.is_open for assignment in had),
        "assignments": len(had),
        "rated": _n(had, "rated_at"),
        "reminded": _n(had, "reminded_at"),
        "returned": _n(had, "returned_at"),
        "withdrawn": _n(had, "withdrawn_at"),
        "severity": _shown(severity(had), whole),
    }


def _shown(own: Severity, whole: Severity) -> dict:
    low, high = own.interval
    return {"upheld": own.upheld, "rated": own.rated, "low": round(low, 4), "high": round(high, 4),
            "against": own.against(whole)}  # fmt: skip
