"""A comparison, as verdicts and findings of the libraries use it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Condition:
    """One fact and the comparison that it must pass."""

    fact: str
    test: str  # equals, at_most, at_least, more_than
    value: int | str
