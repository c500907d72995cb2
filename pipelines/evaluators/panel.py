"""The panel's report as figures: size and composition, work, load, overturned ratings, severity (E0 to E6)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from math import exp, lgamma, log

from pipelines.evaluators.appointments import odd_terms, vacancies
from pipelines.evaluators.eligibility import Evaluator, appointed, not_away
from pipelines.evaluators.exports import Exports
from pipelines.evaluators.state import FINAL, PENDING, POINTS, Assignment, CaseRow, State
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
        "points": points(assignments, exports.units),
        "asked": questions(assignments, exports.units),
        "training": training(exports.training, at.date()),
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
        {
            "unit_id": unit,
            "unit_name": units.get(unit, unit),
            "rated": n.total(),
            "overturned": n.total() - n[UPHELD],
            "satisfied": n["satisfied"],
            "basically_satisfied": n["basically_satisfied"],
        }
        for unit, n in by_unit.items()
    ]
    lines.sort(key=lambda line: (-line["overturned"], line["unit_id"]))
    total, all_rated = sum(line["overturned"] for line in lines), sum(line["rated"] for line in lines)
    return {"share": (total, all_rated), "units": lines}


def _people(
    panel: tuple[Evaluator, ...], state: State, assignments: list[Assignment], whole: Severity, at: datetime
) -> list[dict]:
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
        "unspoken": sum(bool(one.rated_at) and len(one.points) < len(POINTS) for one in had),
    }


def _shown(own: Severity, whole: Severity) -> dict:
    low, high = own.interval
    return {
        "upheld": own.upheld,
        "rated": own.rated,
        "low": round(low, 4),
        "high": round(high, 4),
        "against": own.against(whole),
    }


# What the office should look at in the panel: evaluators by clause, and the cases that evaluators found hard.


HARD = 2  # evaluators who gave a case back: one may be the wrong person, two make a question


def attention(
    people: Iterable[dict], panel: dict[str, Evaluator], odd_terms: Iterable[str], rules: PanelRules
) -> list[dict]:
    """Lines {clause, what, evaluator_id, name, n}, in the order of the clauses; ``people`` are the report's own lines.

    Nobody is blamed: E1.0 and E2.0 ask whom the office appoints, so what it cannot see there is named.
    """
    odd = set(odd_terms)
    found = [(clause, what, one, n) for one in people for clause, what, n in _of(one, panel, odd, rules)]
    found.sort(key=lambda line: (line[0], line[1], line[2]["evaluator_id"]))
    return [
        {"clause": clause, "what": what, "evaluator_id": one["evaluator_id"], "name": one["name"], "n": n}
        for clause, what, one, n in found
    ]


def _of(one: dict, panel: dict[str, Evaluator], odd: set[str], rules: PanelRules) -> Iterator[tuple[str, str, int]]:
    known = panel.get(one["evaluator_id"])
    if one["severity"]["against"]:
        yield "E2.0", one["severity"]["against"], one["severity"]["rated"]
    if one["unspoken"]:
        yield "E5.3", "unspoken", one["unspoken"]
    if one["withdrawn"] >= rules.withdrawn:
        yield "E5.1", "withdrawn", one["withdrawn"]
    if known is None or not one["in_force"]:
        return
    if not known.background:
        yield "E1.0", "no_background", 0
    if not known.fields:
        yield "E2.0", "no_fields", 0
    if known.away_from and not known.away_until:
        yield "E5.4", "away_without_end", 0
    if known.evaluator_id in odd:
        yield "E7.0", "odd_term", 0


def hard_cases(state: State, units: dict[str, str]) -> list[dict]:
    """Case rows that were left without a rating, or given back by several evaluators, with what those said (E3.0)."""
    rows = sorted((row for row in state.cases.values() if _is_hard(row)), key=lambda row: row.key)
    return [_hard(row, units) for row in rows]


def _returned(row: CaseRow) -> list:
    return [one for one in row.assignments if one.returned_at]


def _is_hard(row: CaseRow) -> bool:
    return row.state == PENDING or len(_returned(row)) >= HARD


def _hard(row: CaseRow, units: dict[str, str]) -> dict:
    case, unit = row.key
    said = [one.reason for one in row.assignments if one.reason]
    return {
        "case_id": case,
        "unit_id": unit,
        "unit_name": units.get(unit, unit),
        "assignments": len(row.assignments),
        "returned": len(_returned(row)),
        "rated": row.state == FINAL,
        "reasons": list(dict.fromkeys(said)),
        "suggestions": list(dict.fromkeys(one.suggestion for one in row.assignments if one.studied_at)),
    }


# What ratings say of the three points (E5.3), what units were asked and did not answer (E4.0), training (E6.0).


DAYS_OF_TRAINING = 365  # the clause says "regularly" and gives no number: once a year


def points(assignments: list[Assignment], units: dict[str, str]) -> list[dict]:
    """A line a unit: its ratings, those that speak to all three points, and how many say no to each, the most first."""
    by_unit: dict[str, list[Assignment]] = defaultdict(list)
    for one in assignments:
        if one.rated_at:
            by_unit[one.case[1]].append(one)
    lines = [
        {
            "unit_id": unit,
            "unit_name": units.get(unit, unit),
            "rated": len(rated),
            "spoken": sum(len(one.points) == len(POINTS) for one in rated),
            **{name: sum(one.points.get(name) is False for one in rated) for name in POINTS},
        }
        for unit, rated in by_unit.items()
    ]
    return sorted(lines, key=lambda line: (-line["duty_done"], -line["procedure_followed"], line["unit_id"]))


def questions(assignments: list[Assignment], units: dict[str, str]) -> list[dict]:
    """Requests to units and what became of them, and questions of units that evaluators need not answer."""
    found = []
    for one in assignments:
        line = {"unit_name": units.get(one.case[1], one.case[1]), "case_id": one.case[0],
                "evaluator_id": one.evaluator_id, "asked_at": f"{one.asked_at or ''}"}  # fmt: skip
        if one.asked_at:
            outcome = "answered" if one.answered_at else "unanswered"
            found.append({**line, "outcome": outcome, "at": f"{one.answered_at or ''}"})
        if one.declined_at:
            found.append({**line, "asked_at": "", "outcome": "declined", "at": f"{one.declined_at}"})
    order = ("unanswered", "declined", "answered")
    return sorted(found, key=lambda line: (order.index(line["outcome"]), line["unit_name"], line["case_id"]))


def training(occasions: tuple[tuple[str, date, str], ...], on: date) -> dict:
    """What was taught and given by a day, the newest first, and whether the last training is too long ago."""
    held = [{"kind": kind, "day": f"{day}", "topic": topic} for kind, day, topic in occasions if day <= on]
    last = max((day for kind, day, _ in occasions if kind == "training" and day <= on), default=date.min)
    return {"occasions": held, "overdue": (on - last).days > DAYS_OF_TRAINING, "limit": DAYS_OF_TRAINING}


# The interval of a share that is right for small numbers: Jeffreys', quantiles of Beta(k + ½, n − k + ½).


LEVEL = 0.95
STEPS = 60  # halvings: far below the one decimal that is shown
TINY = 1e-300


def jeffreys(k: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """The ends for ``k`` of ``n``; (0, 1) where n is 0. At k = 0 the lower end is 0, at k = n the upper is 1."""
    if not n:
        return 0.0, 1.0
    a, b, tail = k + 0.5, n - k + 0.5, (1 - level) / 2
    low = 0.0 if k == 0 else quantile(a, b, tail)
    high = 1.0 if k == n else quantile(a, b, 1 - tail)
    return low, high


def quantile(a: float, b: float, p: float) -> float:
    """The x at which the regularised incomplete beta function is ``p``, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if incomplete_beta(a, b, middle) < p else (low, middle)
    return (low + high) / 2


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x))
    if x < (a + 1) / (a + b + 2):  # where the continued fraction runs fast; else its mirror image
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 300):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return value


def _away_from_zero(number: float) -> float:
    return number if abs(number) > TINY else TINY
