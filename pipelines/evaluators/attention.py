"""What the office should look at in the panel: evaluators by clause, and the cases that evaluators found hard."""

from collections.abc import Iterable, Iterator

from pipelines.evaluators.eligibility import Evaluator
from pipelines.evaluators.lifecycle import FINAL, PENDING
from pipelines.evaluators.state import CaseRow, State
from pipelines.model.panel import PanelRules

HARD = 2  # evaluators who gave a case back: one may be the wrong person, two make a question


def attention(people: Iterable[dict], panel: dict[str, Evaluator], odd_terms: Iterable[str],
              rules: PanelRules) -> list[dict]:  # fmt: skip
    """Lines {clause, what, evaluator_id, name, n}, in the order of the clauses; ``people`` are the report's own lines.

    Nobody is blamed: E1.0 and E2.0 ask whom the office appoints, so what it cannot see there is named.
    """
    odd = set(odd_terms)
    found = [(clause, what, one, n) for one in people for clause, what, n in _of(one, panel, odd, rules)]
    found.sort(key=lambda line: (line[0], line[1], line[2]["evaluator_id"]))
    return [{"clause": clause, "what": what, "evaluator_id": one["evaluator_id"], "name": one["name"], "n": n}
            for clause, what, one, n in found]  # fmt: skip


def _of(one: dict, panel: dict[str, Evaluator], odd: set[str], rules: PanelRules) -> Iterator[tuple[str, str, int]]:
    known = panel.get(one["evaluator_id"])
    if one["severity"]["against"]:
        yield "E2.0", one["severity"]["against"], one["severity"]["rated"]
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
    }
