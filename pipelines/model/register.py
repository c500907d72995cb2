"""The register of units: names, days in force, who takes over from whom, and what earlier figures compare with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pipelines.model.period import Period

if TYPE_CHECKING:
    from pipelines.model.score import Earlier

DAY = timedelta(days=1)
RENAMED, MERGED, SPLIT = "renamed", "merged", "split"


@dataclass(frozen=True)
class Life:
    """A code of the register; its last day and its successors are empty while it is in force."""

    unit_id: str
    unit_name: str
    valid_from: date | None = None
    valid_to: date | None = None
    successors: tuple[str, ...] = ()
    cases_to: str = ""
    former_names: tuple[str, ...] = ()
    short_names: tuple[str, ...] = ()

    @property
    def last(self) -> date:
        """The last day, the latest that there is where none is set."""
        return self.valid_to or date.max

    @property
    def takes(self) -> str:
        """The successor that takes the rows; "" where there is none, or a split does not say which."""
        return self.cases_to or (self.successors[0] if len(self.successors) == 1 else "")

    def in_force(self, first: date, last: date) -> bool:
        """Whether it is in force on a day from ``first`` to ``last``."""
        return (self.valid_from or first) <= last and (self.valid_to or last) >= first


@dataclass(frozen=True)
class Followed:
    """Rows of a table that stand under a ``former`` code and count for its ``heir``."""

    table: str
    former: str
    heir: str
    n: int


@dataclass(frozen=True)
class Register:
    """Every code by itself, and how many rows of which table followed a successor in this run."""

    lives: Mapping[str, Life] = field(default_factory=dict)
    followed: tuple[Followed, ...] = ()

    def later(self, code: str) -> list[str]:
        """The codes that take over from one, the nearest first; it ends even where the succession does not."""
        found: list[str] = []
        while (life := self.lives.get(code)) and life.takes in self.lives and life.takes not in (*found, code):
            found.append(code := life.takes)
        return found

    def tenures(self) -> list[tuple[str, str, date, date]]:
        """Code as given, code that it counts for, first and last day; only where they differ."""
        found = []
        for given, life in self.lives.items():
            last = life.last
            for heir in self.later(given) if life.valid_to else ():
                own = self.lives[heir].valid_to if self.lives[heir].takes in self.lives else None
                found.append((given, heir, last + DAY, own or date.max))
                last = own or date.max
                if last == date.max:
                    break
        return found

    def faults(self) -> dict[str, set[str]]:
        """The codes that break each promise of succession."""
        found: dict[str, set[str]] = {
            "successor_known": set(),
            "successor_ends": set(),
            "successor_in_time": set(),
            "successor_takes_cases": set(),
        }
        for code, life in self.lives.items():
            known = [one for one in life.successors if one in self.lives]
            if len(known) < len(life.successors):
                found["successor_known"].add(code)
            elif life.takes not in life.successors and (life.takes or life.successors):
                found["successor_takes_cases"].add(code)
            elif self._comes_back(code):
                found["successor_ends"].add(code)
            elif life.valid_to and not all(
                self.lives[one].in_force(life.valid_to + DAY, life.valid_to + DAY) for one in known
            ):
                found["successor_in_time"].add(code)
        return found

    def _comes_back(self, code: str) -> bool:
        reached, waiting = set(), list(self.lives[code].successors)
        while waiting:
            if (one := waiting.pop()) not in reached and one in self.lives:
                reached.add(one)
                waiting += self.lives[one].successors
        return code in reached

    def before(self, code: str) -> list[tuple[Life, str]]:
        """The units that a code took over from, the earliest first, each with how: renamed, merged or split."""
        own = [life for life in self.lives.values() if code in life.successors and life.valid_to]
        found = []
        for life in own:
            renamed = len(own) == 1 and not self.lives[code].in_force(life.last, life.last)
            found.append((life, SPLIT if len(life.successors) > 1 else RENAMED if renamed else MERGED))
            found += self.before(life.unit_id) if renamed else ()
        return sorted(found, key=lambda pair: (pair[0].last, pair[0].unit_id))

    def as_now(self, code: str, earlier: Period, period: Period) -> str:
        """The unit of ``period`` that compares with what ``code`` was in an ``earlier`` one.

        "" where a merger or a split lies between, or in one of them: the unit is not of the same size.
        """
        now = code
        for heir in self.later(code):
            if self.lives[now].last >= period.start.date():
                break
            now = heir
        if now not in self.lives:
            return now
        ended = (life.last for life, how in self.before(now) if how != RENAMED)
        return "" if any(earlier.start.date() <= last < period.end.date() for last in ended) else now

    def carried(self, earlier: "Earlier", period: Period) -> "Earlier":
        """An earlier period with the lines of its units under the codes of a later ``period``.

        A line that compares with no unit stays, for the sizes, under a key that no unit has.
        """
        of = earlier.period
        codes = {code: self.as_now(code, of, period) or f"{code}@{of}" for code in earlier.ranking}
        if all(code == now for code, now in codes.items()):
            return earlier
        items = {codes[code]: lines for code, lines in earlier.items.items() if code in codes}
        return replace(earlier, ranking={codes[code]: line for code, line in earlier.ranking.items()}, items=items)

    def aliases(self) -> dict[str, str]:
        """Name or abbreviation → code, where only one unit has it; of a unit and its successor, the earlier code.

        A former name counts where no unit bears it now.
        """
        now = self._named({code: (life.unit_name, *life.short_names) for code, life in self.lives.items()})
        return {**self._named({code: life.former_names for code, life in self.lives.items()}), **now}

    def _named(self, names: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
        bearers: dict[str, list[str]] = {}
        for code, own in names.items():
            for name in dict.fromkeys(own):
                bearers.setdefault(name, []).append(code)
        found = {}
        for name, codes in bearers.items():
            first = [code for code in codes if set(codes) <= {code, *self.later(code)}]
            found[name] = first[0] if first else ""
        return found


NO_REGISTER = Register()
