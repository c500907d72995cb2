"""The rulebook: YAML → rules, clauses, readings and verdicts, checked before they are used."""

from pipelines.rulebook.choose import changeable, choose_readings, with_changes
from pipelines.rulebook.load import load_rulebook

__all__ = ["changeable", "choose_readings", "load_rulebook", "with_changes"]
