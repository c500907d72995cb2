"""The project file's keys, declared once: parsing, the defaults of options and the table of docs/project.md follow."""

from dataclasses import dataclass, field, fields
from datetime import date, timedelta
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


@dataclass(frozen=True)
class Keep:
    """How long a layer of data is kept after the end of its period: ``n`` of ``unit``, a word of UNITS."""

    layer: str
    n: int
    unit: str

    def last_day(self, period: Period) -> date:
        """The last day on which data of a period are kept."""
        end = period.end.date()  # the first day after it, of a month as every period's
        if self.unit == "days":
            return end + timedelta(days=self.n - 1)
        months = end.year * 12 + end.month - 1 + self.n * UNITS[self.unit]
        return date(months // 12, months % 12 + 1, end.day) - timedelta(days=1)


LAYERS = ("exports", "raw", "restricted", "runs", "running")  # what `gongping retain` deletes from
UNITS = {"days": 0, "months": 1, "years": 12}  # months of each
LEAST_MEGABYTES = 500  # that the database can work with
DUCKDB, SPARK = ENGINES = ("duckdb", "spark")  # what counts facts and tallies
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
    watch: Path | None = _key("file", option="--bounds")  # of early warnings; the program's where None
    schedules: tuple[Schedule, ...] = _key("schedules", ())
    sources: tuple[Source, ...] = _key("sources", ())  # where `pull` fetches the exports
    raw: Path = _key("output", Path("raw"))  # what `pull` keeps, a folder a period
    retention: tuple[Keep, ...] = _key("retention", ())
    memory: str = _key("memory", "")  # that the database may take, such as 8GB; half of the machine's where ""
    spark_master: str = _key("spark_master", "local[*]")  # the cluster that counts with `--engine spark`
    spark_folder: Path | None = _key("folder")  # in which its machines hand data over
    contracts: None = _key("elsewhere")  # refused with where own columns stand
    file: Path | None = None  # the project file itself
    problem: Words | None = None  # why it was refused; for the doctor alone, every other verb ends there

    def exports_of(self, period: Period) -> Path:
        """The folder that holds a period's exports."""
        return Path(self.exports.replace(PLACE, str(period)))


KEYS = {one.name: one.metadata for one in fields(Project) if one.metadata}
