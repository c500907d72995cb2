"""The issuing office as the bulletin names it: what changes from year to year, and nothing else."""

import datetime
import json
from dataclasses import asdict, dataclass, field
from hashlib import sha256


@dataclass(frozen=True)
class Issue:
    """A quarter's issue of the bulletin; what is not known yet stays empty and is left to be filled in."""

    serial: str = ""
    date: datetime.date | None = None
    printed: datetime.date | None = None
    practice: tuple[str, ...] = ()  # of units that did well, a paragraph each, written by people


SECTIONS = ("overall", "places", "failings", "verdicts", "practice", "closing")


@dataclass(frozen=True)
class Office:
    """Red head, wording, signature and imprint; texts may hold {period}, {year} and, in ``number``, {serial}."""

    mark: str
    number: str
    title: tuple[str, ...]  # a line each
    addressees: str
    opening: str
    closing: tuple[str, ...]  # a paragraph each
    signer: str
    seal: bool  # the seal's place is left free; no seal is ever drawn
    contact: str
    copies: str
    printer: str
    mirrored: bool
    issues: dict[str, Issue] = field(hash=False)  # by period
    fonts: dict[str, tuple[str, ...]] = field(hash=False)  # body, first, second, title, page
    sections: tuple[str, ...] = SECTIONS  # of the text, in this order
    bands: tuple[int, ...] = ()  # the fewest case rows of each band of units, from the largest down

    def issue(self, period: str) -> Issue:
        """The issue of a quarter, empty where the office has not named one."""
        return self.issues.get(period, Issue())

    def unset(self, period: str) -> list[str]:
        """The settings that a bulletin of the quarter shows and nobody has filled in, by name."""
        issue = self.issue(period)
        given = {
            "mark": self.mark,
            "number": self.number.partition("〔")[0],
            "signer": self.signer,
            "printer": self.printer,
            f"issues.{period}.serial": issue.serial,
            f"issues.{period}.date": issue.date,
            f"issues.{period}.printed": issue.printed,
        }
        return [name for name, value in given.items() if not value]

    def sha256(self, period: str) -> str:
        """What the bulletin of one quarter depends on, as a hash: other quarters' issues do not change it."""
        settings = {**asdict(self), "issues": asdict(self.issue(period))}
        if (
            self.sections == SECTIONS
        ):  # what is not said is not hashed: older settings keep their hash
            del settings["sections"]
        if not self.bands:
            del settings["bands"]
        if not settings["issues"]["practice"]:
            del settings["issues"]["practice"]
        return sha256(json.dumps(settings, ensure_ascii=False, sort_keys=True, default=str).encode()).hexdigest()
