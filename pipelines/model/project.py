"""The project file's keys, declared once: parsing, the defaults of options and the table of docs/project.md follow."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pipelines.model.period import Period
from pipelines.model.pull import Source
from pipelines.model.words import Words


@dataclass(frozen=True)
class Schedule:
    """When a flow runs by itself: cron in the city's zone, the parameters of its own, and the line that says so."""

    flow: str
    cron: str
    parameters: tuple[tuple[str, Any], ...] = ()
    line: int = 0


PLACE = "{period}"  # in `exports`: the name of the period, such as 2026Q3


def _key(kind: str, default: object = None, option: str = "") -> Any:
    """A key of the file: how its value is checked, what holds without it, the option that it gives a default to."""
    return field(default=default, metadata={"kind": kind, "option": option})


@dataclass(frozen=True)
class Project:
    """What a city's `gongping.yaml` says, or nothing; paths lead there from the current folder."""

    name: str = _key("name", "")  # of the city
    zone: str = _key("zone", "Asia/Shanghai")  # of the city's wall clock, an IANA name
    period: str = _key("period", "")  # of which kind what a schedule runs is; the rulebook's where ""
    rulebook: Path | None = _key("folder", option="--rules")  # the standard edition where None
    mapping: Path | None = _key("file", option="--source")
    exports: str = _key("exports", "", "--exports")  # with PLACE in it; "" where the file does not say
    out: Path = _key("output", Path("out"), "--out")
    calendars: Path | None = _key("folder")  # those of the program where None
    absent: tuple[str, ...] = _key("absent", (), "--absent")
    office: Path | None = _key("file", option="--office")  # the program's settings where None
    publication: Path | None = _key("file")  # the program's settings of the way to publication where None
    alerts: Path | None = _key("file")  # where the operators' alerts go
    schedules: tuple[Schedule, ...] = _key("schedules", ())
    sources: tuple[Source, ...] = _key("sources", ())  # where `pull` fetches the exports
    raw: Path = _key("output", Path("raw"))  # what `pull` keeps, a folder a period
    contracts: None = _key("not_yet")
    file: Path | None = None  # the project file itself
    problem: Words | None = None  # why it was refused; for the doctor alone, every other verb ends there

    def exports_of(self, period: Period) -> Path:
        """The folder that holds a period's exports."""
        return Path(self.exports.replace(PLACE, str(period)))


KEYS = {one.name: one.metadata for one in fields(Project) if one.metadata}
