"""Draws instants, days and choices for a nasty quarter: mostly ordinary ones, often exactly on an edge."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Draw:
    """A seeded source of chance that knows the quarter and its cutoff."""

    rng: Random
    start: datetime
    end: datetime
    cutoff: datetime

    def chance(self, probability: float) -> bool:
        """True about that often."""
        return self.rng.random() < probability

    def span(self, days: float) -> timedelta:
        """A whole number of seconds from 0 to so many days."""
        return timedelta(seconds=self.rng.randint(0, int(days * 86400)))

    def weighted(self, choices: Sequence[tuple[object, int]]) -> object:
        """One of the values by its weight."""
        return self.rng.choices([value for value, _ in choices], [weight for _, weight in choices])[0]

    def inside(self) -> datetime:
        """An instant of the quarter."""
        return self.start + timedelta(seconds=self.rng.randrange(int((self.end - self.start).total_seconds())))

    def edge(self) -> datetime:
        """An instant at or one second beside the bounds of the quarter and its months."""
        month = self.start + 45 * DAY
        bounds = (self.start, self.end, self.cutoff, month.replace(day=1))
        return self.rng.choice(bounds) + self.rng.choice((-1, 0, 0, 1)) * SECOND

    def about_the_quarter(self) -> datetime:
        """An instant inside, on an edge, or up to three weeks outside."""
        kind = self.weighted([("inside", 12), ("edge", 5), ("before", 2), ("after", 2)])
        if kind == "before":
            return self.start - self.span(20)
        if kind == "after":
            return self.end + self.span(20)
        return self.inside() if kind == "inside" else self.edge()

    def day_about_the_quarter(self) -> date:
        """A day inside, on an edge, or outside."""
        return self.about_the_quarter().date()

    def around(self, limit: datetime, not_before: datetime, lateness: float) -> datetime | None:
        """When something was done that is due at a limit: on time, on the second, late, at the cutoff, or never."""
        if not self.chance(lateness):
            early = limit - self.weighted([(timedelta(0), 2), (SECOND, 2), (self.span(3), 6)])
            return max(early, not_before)
        late = self.weighted(
            [(None, 3), (limit + SECOND, 3), (limit + self.span(10), 4), (limit + self.span(120), 1),
             (self.cutoff, 1), (self.cutoff - SECOND, 1)]
        )
        return late and max(late, not_before)


def text_row(**values: object) -> dict[str, str]:
    """A row as the text of a CSV file: null is empty, booleans are true and false."""
    return {column: text_of(value) for column, value in values.items()}


def text_of(value: object) -> str:
    """One value as its canonical text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
