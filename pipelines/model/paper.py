"""What became of a run's printed pages."""

from dataclasses import dataclass

from pipelines.model.words import Words


@dataclass(frozen=True)
class Paper:
    """``state``: done, none (not asked for, or not possible here) or failed while printing; and what is to be said."""

    state: str = "none"
    notices: tuple[Words, ...] = ()
