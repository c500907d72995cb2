"""The settings of the evaluators' work (E), as `rules/<edition>/evaluators.yaml` gives them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PanelRules:
    """How the panel works: whole numbers, conditions and preferences in order, and the clause of each."""

    size: int  # E0.1
    after_hours: int  # the reminder, E5.2
    working_days: int  # the limit, E5.2
    at_most: int  # reassignments of a case row
    term_years: int  # E7.0
    notice_months: int  # E7.0
    withdrawn: int  # who let so many cases run out is named to the office, E5.1
    conditions: tuple[str, ...]
    preferences: tuple[str, ...]
    clauses: dict[str, str] = field(hash=False)  # setting, condition or preference -> clause
