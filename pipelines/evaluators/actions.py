"""Why an action of an evaluator is refused, and the event that keeps it."""

from datetime import datetime

from pipelines.edges.wording import say
from pipelines.evaluators.inbox import Action
from pipelines.evaluators.log import Event
from pipelines.evaluators.state import Assignment, State
from pipelines.model.words import Words

AWAY = "away"


def refusal_of(action: Action, state: State, known: set[str]) -> str | None:
    """The reason by its name in `evaluators.yaml`, None where nothing but the time limit can stand against it."""
    if action.action_id in state.actions:
        return "action_used"
    if action.evaluator_id not in known:
        return "unknown_evaluator"
    if action.action == AWAY:
        return None
    assignment = state.assignments.get(action.assignment_id)
    if assignment is None:
        return "unknown_assignment"
    if assignment.evaluator_id != action.evaluator_id:
        return "not_their_case"
    return _closed(assignment) or ("before_assignment" if action.acted_at < assignment.assigned_at else None)


def _closed(assignment: Assignment) -> str | None:
    if assignment.rated_at:
        return "already_rated"
    if assignment.returned_at:
        return "already_returned"
    return "after_withdrawal" if assignment.withdrawn_at else None


def refused_event(id: str, at: datetime, file: str, line: int, why: str | Words, row: dict) -> Event:
    """The event of a refused action: what was asked, and why it was not done."""
    reason = say(f"evaluators.refused_{why}") if isinstance(why, str) else why
    says = {"file": file, "line": line, "why": {"zh": reason.zh, "en": reason.en}, "row": row}
    return Event(id, at, "refused", says)
