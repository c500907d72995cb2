"""`evaluators.yaml` → the settings of the evaluators' work, as strictly read as any rule."""

from collections.abc import Iterable
from pathlib import Path

from pipelines.model.block import Block
from pipelines.model.panel import PanelRules
from pipelines.model.refusals import RulebookRefusal
from pipelines.model.rule import Rulebook
from pipelines.rulebook import build, fail_if
from pipelines.rulebook.source import counted, read_yaml, refusal
from pipelines.wording import say

FILE = "evaluators.yaml"
SETTINGS = {
    "panel": ("size",),
    "remind": ("after_hours",),
    "limit": ("working_days",),
    "reassign": ("at_most",),
    "appointment": ("term_years", "notice_months"),
    "attention": ("withdrawn",),
}
CONDITIONS = ("appointed", "not_away", "other_employer", "new_to_case", "field_matches")
NEEDED = ("appointed", "other_employer")  # without them ratings would be given that do not count (E6, E7)
PREFERENCES = ("open_assignments", "all_assignments", "evaluator_id")
READING = "evaluation_clock"  # from when the time to judge runs
CLOCK = {"after_hours": "reminder_after_hours", "working_days": "working_days"}


def read_panel(folder: Path, clauses: Iterable[str]) -> PanelRules | None:
    """The settings in ``folder``; None where it has no such file. RulebookRefusal names file, line and reason."""
    if not (folder / FILE).is_file():
        return None
    root = read_yaml(folder / FILE, FILE)
    fail_if.not_a_block(root, Block(FILE, 1))
    fail_if.unknown_field(root, (*SETTINGS, "eligible", "prefer"))
    fail_if.missing_field(root, (*SETTINGS, "eligible", "prefer"))
    settings = {name: _setting(root, name, keys, clauses) for name, keys in SETTINGS.items()}
    conditions = _list(root, "eligible", "condition", CONDITIONS, clauses)
    _complete(root, conditions)
    preferences = _list(root, "prefer", "by", PREFERENCES, clauses)
    numbers = {key: value for setting in settings.values() for key, value in setting.items()}
    named = {name: root[name]["clause"] for name in SETTINGS}
    return PanelRules(
        **numbers,
        conditions=tuple(conditions),
        preferences=tuple(preferences),
        clauses={**named, **conditions, **preferences},
    )


def _setting(root: Block, name: str, keys: tuple[str, ...], clauses: Iterable[str]) -> dict[str, int]:
    block = root[name]
    fail_if.not_a_block(block, root, name)
    fail_if.unknown_field(block, ("clause", *keys))
    fail_if.missing_field(block, ("clause", *keys))
    fail_if.unknown_clause(block, clauses)
    return {key: counted(block, key) for key in keys}


def _list(root: Block, name: str, key: str, known: tuple[str, ...], clauses: Iterable[str]) -> dict[str, str]:
    """Word → clause, in the order in which they are written."""
    written = build.blocks(root[name], root, name)
    for block in written:
        fail_if.unknown_field(block, (key, "clause"))
        fail_if.missing_field(block, (key, "clause"))
        fail_if.unknown_value(block, key, known)
        fail_if.unknown_clause(block, clauses)
    fail_if.duplicate_id(written, key)
    return {block[key]: block["clause"] for block in written}


def _complete(root: Block, conditions: dict[str, str]) -> None:
    for condition in NEEDED:
        if condition not in conditions:
            raise refusal(root, "condition_needed", "eligible", condition=condition)


def must_agree_on_the_clock(rulebook: Rulebook) -> PanelRules:
    """The settings of the panel; RulebookRefusal where there are none or ratings count by another time limit.

    One limit for the evaluator and another for the score would be a trap. Scoring itself does not need the settings.
    """
    panel = rulebook.panel
    if panel is None:
        raise RulebookRefusal(say("rulebook.no_panel", file=FILE, edition=rulebook.edition))
    if READING not in rulebook.readings:
        raise RulebookRefusal(say("rulebook.no_clock", edition=rulebook.edition))
    for key, other in CLOCK.items():
        value, wanted = getattr(panel, key), rulebook.evaluation[other]
        if value != wanted:
            facts = {"file": FILE, "key": key, "value": value, "other": other, "wanted": wanted}
            raise RulebookRefusal(say("rulebook.other_clock", **facts))
    return panel
