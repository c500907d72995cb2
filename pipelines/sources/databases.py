"""Tables from PostgreSQL and from MySQL or MariaDB: one read-only snapshot for all, as text, in batches of Arrow."""

import io
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.edges import process
from pipelines.edges.private import revealed, without
from pipelines.edges.warehouse import query_text, rendered
from pipelines.lazy import arrow_csv, parquet, psycopg, pyarrow, pymysql, tenacity
from pipelines.model.period import Period
from pipelines.model.project import Query, Source
from pipelines.model.words import Refusal
from pipelines.wording import say

ROWS, BLOCK = 20_000, 8 << 20
TRIES = 3  # to connect; nothing else is tried again, for a snapshot that was lost cannot be had twice
WAIT = 0.5  # seconds, doubled
_PLACEHOLDER = re.compile(r"(?<![:\w]):(start|end)\b")
_WRITES = re.compile(r"\b(ALL PRIVILEGES|INSERT|UPDATE|DELETE|DROP|ALTER|CREATE)\b")
RETRIED = (1040, 2002, 2003, 2006, 2013)  # of MySQL: too many connections, server away

Listen = Callable[[str, int, int], None]


class Snapshot:
    """An open transaction that sees one moment: ``moment`` with its offset, ``server``, ``may_write``."""

    def __init__(self, source: Source, connection: Any, period: Period, secrets: tuple[str, ...]) -> None:
        self.source, self.connection, self.period, self.secrets = source, connection, period, secrets
        self.moment, self.server, self.may_write = "", "", False
        self.open()

    def open(self) -> None:
        """Begin the transaction."""
        raise NotImplementedError

    def count(self, query: Query) -> int:
        """How many rows the query has."""
        with self.connection.cursor() as cursor:
            cursor.execute(rendered("sources/count", query=self.bound(query)))
            [(n,)] = cursor.fetchall()
        return int(n)

    def store(self, query: Query, file: Path, expected: int, listen: Listen) -> int:
        """Write the rows of the query to a Parquet file; how many."""
        names = self.columns(query)
        if len({name.casefold() for name in names}) < len(names):
            raise Refusal(say("sources.columns_twice", source=self.source.name, table=query.table))
        schema = pyarrow.schema([(name, pyarrow.string()) for name in names])
        done = 0
        with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
            for batch in self.batches(query, names, schema) if expected else ():
                writer.write_batch(batch)
                done += batch.num_rows
                listen(query.table, done, expected)
        return done

    def bound(self, query: Query) -> str:
        """The query with the period's bounds in place."""
        text = _PLACEHOLDER.sub(r"%(\1)s", query.text.replace("%", "%%"))
        return self.mogrify(text, {"start": self.period.start, "end": self.period.end})

    def columns(self, query: Query) -> list[str]:
        """Names of the query's columns."""
        with self.connection.cursor() as cursor:
            cursor.execute(rendered("sources/columns", query=self.bound(query)))
            names = [one[0] for one in cursor.description]
            cursor.fetchall()
        return names

    def mogrify(self, text: str, values: dict) -> str:
        """A query with values quoted by the driver."""
        raise NotImplementedError

    def batches(self, query: Query, names: list[str], schema: Any) -> Iterator[Any]:
        """All rows as record batches of text."""
        raise NotImplementedError


class _Postgres(Snapshot):
    def open(self) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(query_text("sources/postgresql_snapshot"))
            self.moment, version, self.may_write = cursor.fetchone()
        self.server = f"PostgreSQL {version}"

    def mogrify(self, text: str, values: dict) -> str:
        return psycopg.ClientCursor(self.connection).mogrify(text, values)

    def batches(self, query: Query, names: list[str], schema: Any) -> Iterator[Any]:
        text = rendered("sources/postgresql_copy", query=self.bound(query), columns=names)
        with self.connection.cursor() as cursor, cursor.copy(text) as copy:
            yield from arrow_csv.open_csv(
                io.BufferedReader(_Stream(copy), BLOCK),
                arrow_csv.ReadOptions(column_names=names, block_size=BLOCK),
                arrow_csv.ParseOptions(newlines_in_values=True),
                arrow_csv.ConvertOptions(
                    column_types=schema, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
                ),
            )


class _Stream(io.RawIOBase):
    """What the server copies out, as a file."""

    def __init__(self, copy: Any) -> None:
        self._copy, self._rest = copy, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(self._copy.read())
        n = min(len(buffer), len(self._rest))
        buffer[:n], self._rest = self._rest[:n], self._rest[n:]
        return n


class _MySQL(Snapshot):
    def open(self) -> None:
        with self.connection.cursor() as cursor:
            _set_zone(cursor, self.source)
            cursor.execute("set session transaction isolation level repeatable read")
            cursor.execute("start transaction with consistent snapshot, read only")
            cursor.execute(query_text("sources/mysql_snapshot"))
            [(moment, version)] = cursor.fetchall()
            cursor.execute("show grants")
            self.may_write = any(_WRITES.search(row[0]) for row in cursor.fetchall())
        self.moment = moment.replace(tzinfo=ZoneInfo(process.project().zone)).isoformat()
        self.server = f"{'MariaDB' if 'mariadb' in version.casefold() else 'MySQL'} {version}"

    def mogrify(self, text: str, values: dict) -> str:
        with self.connection.cursor() as cursor:
            return cursor.mogrify(text, values)

    def batches(self, query: Query, names: list[str], schema: Any) -> Iterator[Any]:
        cursor = self.connection.cursor()
        try:
            cursor.execute(rendered("sources/mysql_text", query=self.bound(query), columns=names))
            while rows := cursor.fetchmany(ROWS):
                columns = [pyarrow.array(column, pyarrow.string()) for column in zip(*rows, strict=True)]
                yield pyarrow.RecordBatch.from_arrays(columns, schema=schema)
        finally:
            if self.connection.open:
                cursor.close()
            elif cursor._result:  # the driver would read the rest from a server that is gone
                cursor._result.unbuffered_active = False
                cursor.connection = None


def _set_zone(cursor: Any, source: Source) -> None:
    """The city's zone for moments that the server keeps in UTC; a Refusal where neither name nor offset can say it."""
    zone = process.project().zone
    try:
        cursor.execute("set session time_zone = %s", (zone,))
    except pymysql.MySQLError:
        days = (datetime(year, month, 15, tzinfo=ZoneInfo(zone)) for year in range(2000, 2041) for month in (1, 7))
        offsets = {day.utcoffset() or timedelta() for day in days}
        if len(offsets) > 1:
            raise Refusal(say("sources.zone_tables", source=source.name, zone=zone)) from None
        minutes = int(offsets.pop().total_seconds() // 60)
        sign, minutes = "-" if minutes < 0 else "+", abs(minutes)
        cursor.execute("set session time_zone = %s", (f"{sign}{minutes // 60:02d}:{minutes % 60:02d}",))


@contextmanager
def snapshot(source: Source, period: Period) -> Iterator[Snapshot]:
    """A read-only transaction that sees one moment, for all tables of a source; whatever fails is a Refusal."""
    secrets = (revealed(source.password, source.name),)
    kind, error = _libraries(source.kind)
    facts = {"source": source.name, "where": where(source)}
    try:
        connection = _connected(source, secrets[0], error)
    except error as problem:
        raise Refusal(say("sources.no_connection", why=without(problem, secrets), **facts)) from None
    try:
        yield kind(source, connection, period, secrets)
        connection.rollback()
    except error as problem:
        raise Refusal(say("sources.lost", why=without(problem, secrets), **facts)) from None
    finally:
        _closed(connection, error)


def where(source: Source) -> str:
    """Server and database, without account and secret."""
    return f"{source.kind}://{source.host}:{source.port}/{source.database}"


def _libraries(kind: str) -> tuple[type[Snapshot], type[Exception]]:
    if kind == "postgresql":
        return _Postgres, psycopg.Error
    return _MySQL, pymysql.MySQLError


def _connected(source: Source, password: str, error: type[Exception]) -> Any:
    """A connection; tried again only where the server could not be reached, never where it refused."""
    connect = _postgres if source.kind == "postgresql" else _mysql
    stop, wait = tenacity.stop_after_attempt(TRIES), tenacity.wait_exponential(WAIT)
    unreached = tenacity.retry_if_exception(lambda problem: isinstance(problem, error) and _is_unreached(problem))
    return tenacity.Retrying(stop=stop, wait=wait, retry=unreached, reraise=True)(connect, source, password)


def _is_unreached(problem: BaseException) -> bool:
    if isinstance(problem.args[0] if problem.args else "", int):
        return problem.args[0] in RETRIED
    return "FATAL" not in str(problem) or "starting up" in str(problem) or "too many" in str(problem)


def _postgres(source: Source, password: str) -> Any:
    mode = {"verify": "verify-full", "require": "require", "off": "disable"}[source.tls]
    ca = str(source.ca) if source.ca else "system"
    connection = psycopg.connect(
        host=source.host,
        port=source.port,
        dbname=source.database,
        user=source.user,
        password=password or None,
        sslmode=mode,
        **({"sslrootcert": ca} if source.tls == "verify" else {}),
        connect_timeout=10,
        application_name="gongping pull",
        client_encoding="utf8",
        options=f"-c timezone={process.project().zone} -c datestyle=ISO -c default_transaction_read_only=on "
        f"-c statement_timeout={source.seconds * 1000}",
    )
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    return connection


def _mysql(source: Source, password: str) -> Any:
    context = None
    if source.tls != "off":
        context = ssl.create_default_context(cafile=str(source.ca) if source.ca else None)
        if source.tls == "require":
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return pymysql.connect(
        host=source.host,
        port=source.port,
        database=source.database,
        user=source.user,
        password=password,
        ssl=context,
        ssl_disabled=context is None,
        charset="utf8mb4",
        cursorclass=pymysql.cursors.SSCursor,
        connect_timeout=10,
        read_timeout=source.seconds,
        autocommit=False,
    )


def _closed(connection: Any, error: type[Exception]) -> None:
    with suppress(error, OSError):  # the server may be gone already
        connection.close()
