"""The rulebook: YAML → rules, clauses, readings and verdicts, checked before they are used."""

from pipelines.rulebook.load import changeable, choose_readings, load_rulebook, periods_of, scored, with_changes

__all__ = ["changeable", "choose_readings", "load_rulebook", "periods_of", "scored", "with_changes"]
