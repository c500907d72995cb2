"""A comparison, as verdicts and findings of the libraries use it."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Condition:
    """One fact and the comparison that it must pass.

    A verdict's fact is a name (``place``) or one of the book's own things: ``rate satisfied/rated``,
    ``measure late_reply``, ``item A3.1``, ``section A1``. ``value`` is a tuple for the test ``in``.
    """

    fact: str
    test: str  # equals, at_most, at_least, more_than, less_than, in
    value: int | Fraction | str | tuple[Fraction, ...] | tuple[str, ...]  # a word of a fact that is one

    @property
    def bounds(self) -> tuple[int | Fraction | str, ...]:
        """What the fact is compared with: one number or word, or several for the test ``in``."""
        return self.value if isinstance(self.value, tuple) else (self.value,)

    @property
    def numbers(self) -> tuple[int | Fraction, ...]:
        """The bounds of a fact that is a number; those of a word are none."""
        return tuple(bound for bound in self.bounds if not isinstance(bound, str))

    @property
    def thing(self) -> tuple[str, str]:
        """("rate", "satisfied/rated") and the like; ("fact", name) for a plain fact."""
        kind, blank, name = self.fact.partition(" ")
        return (kind, name) if blank else ("fact", self.fact)

    @property
    def label(self) -> str:
        """How an example names the fact."""
        return self.thing[1]
