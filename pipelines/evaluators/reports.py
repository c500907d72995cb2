"""The panel's report (E0 to E6): its figures, what pages show of them, and the files; for the office alone."""

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from math import exp, lgamma, log
from pathlib import Path

from pipelines.edges.paper import font_beside, paper_problem, print_pages
from pipelines.edges.private import private_folder, write_private
from pipelines.edges.templates import render, style
from pipelines.evaluators.desk import Work, clock_of, must_have_begun, replayed
from pipelines.evaluators.eligibility import Ending, Evaluator, appointed, endings, not_away, odd_terms, vacancies
from pipelines.evaluators.state import FINAL, PENDING, POINTS, Assignment, CaseRow, State
from pipelines.evaluators.step import Exports, read_exports
from pipelines.model.rule import PanelRules
from pipelines.model.text import BYTE_MARK, file_stem, guarded, plain
from pipelines.model.words import Refusal, UsageRefusal
from pipelines.views import figures
from pipelines.wording import say

# The panel's report as figures: size and composition, work, load, overturned ratings, severity (E0 to E6).


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
        line = {
            "unit_name": units.get(one.case[1], one.case[1]),
            "case_id": one.case[0],
            "evaluator_id": one.evaluator_id,
            "asked_at": f"{one.asked_at or ''}",
        }
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


# Figures → what the restricted pages show: every number a text, every word Chinese.


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
        "severity": _severity(whole) if whole["rated"] else None,
        "evaluators": [_person_shown(one) for one in report["evaluators"]],
        "attention": [_attention(line) for line in report["attention"]],
        "hard": [_hard_shown(row) for row in report["hard"]],
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


def _hard_shown(row: dict) -> dict:
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


def _person_shown(one: dict) -> dict:
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
        "first": figures.day(one.appointed_on),
        "last": figures.day(one.term_ends_on),
        "years": rules.term_years,
        "on": figures.day(one.appointed_on),
    }


def percent(part: int, of: int) -> str:
    """A share in whole tenths of a percent, half up; a dash where there is nothing to share."""
    if not of:
        return NONE
    tenths = int(Fraction(1000 * part, of) + Fraction(1, 2))
    return f"{tenths // 10}.{tenths % 10}%"


def zh(key: str, **facts: object) -> str:
    """A sentence for a page."""
    return say(key, **facts).zh


# The restricted files: the panel's report, the appointments that end, a certificate; for the office alone.


COLUMNS = ("evaluator_id", "name", "employer_unit_id", "recommended_by", "last_day", "notice_by", "proposal", "todo")


def write_report(exports: Path, folder: Path, at: datetime, rules: Path, pdf: bool = False) -> list[Path]:
    """`panel.html` and `panel.json`, and `panel.pdf` where asked for: how the panel stood at a moment."""
    must_have_begun(folder)
    seen, settings = read_exports(exports), _settings(exports, folder, rules, at)
    report = panel_report(replayed(folder, at), seen, settings, at)
    page = panel_page(report, at, seen.simulated)
    return [
        _on_screen(folder, "panel", page),
        write_private(folder / "panel.json", json.dumps(report, ensure_ascii=False, indent=1) + "\n"),
        *([_printed("panel", page, folder / "panel.pdf")] if pdf else []),
    ]


def write_appointments(exports: Path, folder: Path, at: datetime, rules: Path) -> list[Path]:
    """`appointments.html` and `appointments.csv`: whose appointment ends, and what the recommending unit is asked."""
    seen, settings = read_exports(exports), _settings(exports, folder, rules, at)
    found = endings(seen.panel, at.date(), settings, seen.steps)
    vacant = vacancies(seen.panel, at.date(), settings)
    page = endings_page(found, vacant, at, seen.simulated, seen.units)
    private_folder(folder)
    return [
        _on_screen(folder, "appointments", page),
        write_private(folder / "appointments.csv", _table(found)),
    ]


def write_certificate(exports: Path, folder: Path, evaluator_id: str, at: datetime, rules: Path) -> Path:
    """The appointment certificate of one evaluator as PDF. UsageRefusal for nobody, Refusal where nothing can print."""
    seen, settings = read_exports(exports), _settings(exports, folder, rules, at)
    one = next((one for one in seen.panel if one.evaluator_id == evaluator_id), None)
    if one is None:
        raise UsageRefusal(say("evaluators.nobody", given=evaluator_id))  # no near name: it would tell of somebody
    place = private_folder(private_folder(folder) / "certificates")
    file = place / f"{file_stem(evaluator_id)}-{one.appointed_on}.pdf"
    return _printed("certificate", certificate_page(one, at, seen.simulated, settings), file)


def _printed(template: str, page: dict, file: Path) -> Path:
    """A page on paper, for its owner alone. Refusal where nothing can print."""
    if problem := paper_problem():
        raise Refusal(problem)
    print_pages([(_rendered(template, page, paper=True), file)], style(), lambda done, total: None)
    file.chmod(0o600)
    return file


def _settings(exports: Path, folder: Path, rules: Path, at: datetime):
    return clock_of(Work(exports, None, folder, rules), at).rules


def _on_screen(folder: Path, template: str, page: dict) -> Path:
    """The file of a page; the font for machines without Chinese ones lies beside it."""
    file = write_private(folder / f"{template}.html", _rendered(template, page))
    for font in font_beside(folder, [file]):
        font.chmod(0o600)
    return file


def _rendered(template: str, page: dict, paper: bool = False) -> str:
    return render(f"evaluators/{template}.html.j2", page, paper=paper)


def _table(found: list[Ending]) -> str:
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(COLUMNS)
    for ending in found:
        one = ending.evaluator
        who = map(guarded, (one.evaluator_id, one.name, one.employer_unit_id or "", one.recommended_by or ""))
        table.writerow([*who, ending.last_day, ending.notice_by, ending.proposal, ";".join(ending.todo)])
    return BYTE_MARK + written.getvalue()
