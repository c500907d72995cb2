"""The project file's keys, declared once; the sources and the office that it names."""

import datetime
import json
from dataclasses import asdict, dataclass, field, fields
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines.model.period import Period
from pipelines.model.words import Words

# Where a city's exports are fetched from, and what a fetch brought.


@dataclass(frozen=True)
class Secret:
    """Where a secret lies: in a variable of the environment, or in a file that its owner alone can read."""

    env: str = ""
    file: Path | None = None


@dataclass(frozen=True)
class Query:
    """What is asked of a database for a table; ``:start`` and ``:end`` stand for the period's first instants."""

    table: str
    text: str


@dataclass(frozen=True)
class Source:
    """One block of `sources:` in the project file; what its kind does not have is empty."""

    name: str
    kind: str
    host: str = ""
    port: int = 0
    database: str = ""
    user: str = ""
    password: Secret | None = None
    tls: str = "verify"  # verify, require (encrypted, the server not checked), off
    ca: Path | None = None  # certificates that `verify` trusts, the system's where None
    tables: tuple[Query, ...] = ()
    folder: str = ""  # folder, sftp: where the files lie; s3: the bucket and what stands before
    files: tuple[str, ...] = ()  # patterns, with {period} in them
    url: str = ""  # http: what stands before the names of the files
    token: Secret | None = None  # http: a bearer token
    key: Secret | None = None  # s3: the access key's id
    secret: Secret | None = None
    endpoint: str = ""  # s3: the address of the store; "" = Amazon's
    region: str = ""
    key_file: Path | None = None  # sftp: the private key
    known_hosts: Path | None = None  # sftp: the server's public key, as `ssh-keyscan` prints it
    local: bool = False  # http, s3: addresses of this machine and its own network segment are allowed
    most_megabytes: int = 10_240
    seconds: int = 3_600  # that one table or file may take


@dataclass(frozen=True)
class Pulled:
    """The receipt of one table or file."""

    source: str
    where: str  # server and database, or address, without any secret
    table: str  # or the path of a file
    query: str
    moment: str  # of the snapshot, with its offset
    file: str  # in the raw layer
    rows_at_source: int | None  # None: a file's rows are counted when it is read
    rows: int | None
    bytes: int
    sha256: str


# The issuing office as the bulletin names it: what changes from year to year, and nothing else.


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
        if self.sections == SECTIONS:  # what is not said is not hashed: older settings keep their hash
            del settings["sections"]
        if not self.bands:
            del settings["bands"]
        if not settings["issues"]["practice"]:
            del settings["issues"]["practice"]
        return sha256(json.dumps(settings, ensure_ascii=False, sort_keys=True, default=str).encode()).hexdigest()


# The project file's keys, declared once: parsing, the defaults of options and the table of docs/project.md follow.


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
