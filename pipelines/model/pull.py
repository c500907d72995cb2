"""Where a city's exports are fetched from, and what a fetch brought."""

from dataclasses import dataclass
from pathlib import Path


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
