"""DuckDB: the one file that opens it; queries live in `sql/`, one a file."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from pipelines.edges import process
from pipelines.edges.scratch import NAMELESS
from pipelines.edges.templates import compiled
from pipelines.lazy import jinja2, pyarrow
from pipelines.model.project import LEAST_MEGABYTES
from pipelines.paths import SQL

STORED = 122_880  # rows stored at a time: a row group of the database
COMPACTED = 1_000_000  # and compressed at a time: of fewer it costs more than the room is worth
Arrow = Any  # pyarrow.Table: the library has no types
CONTAINER = Path("/sys/fs/cgroup/memory.max")  # what a container may take
# type -> the macro of `sql/staging/macros.sql` that reads a cell of it
PARSERS = {
    "timestamp": "as_moment",
    "date": "as_day",
    "boolean": "as_yes_no",
    "integer": "as_whole",
    "decimal": "as_decimal",
}


@cache
def query_text(name: str) -> str:
    """The text of ``sql/<name>.sql``, or of the template ``sql/<name>.sql.j2``."""
    file = SQL / f"{name}.sql"
    return (file if file.is_file() else SQL / f"{name}.sql.j2").read_text(encoding="utf-8")


def rendered(name: str, **context: object) -> str:
    """The text of the template ``sql/<name>.sql.j2`` with its context in place."""
    return str(_template(name, query_text(name)).render(**context))


@cache
def _template(name: str, text: str) -> Any:
    queries = jinja2.Environment(
        loader=jinja2.DictLoader({name: text}),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        bytecode_cache=compiled(),
    )
    return queries.get_template(name)


def half_of_memory() -> str:
    """Half of what the machine has, or of what its container may take, as DuckDB writes it."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # "max": no limit of its own
        whole = min(whole, int(CONTAINER.read_text(encoding="ascii")))
    return f"{max(whole // 2 // 10**6, LEAST_MEGABYTES)}MB"


class Warehouse:
    """A DuckDB database of one run, rebuilt every time and thrown away after it.

    ``spill`` is the folder for what does not fit into the memory that the project file gives; ``zone`` is the project's
    unless given.
    Schemas: ``raw`` (text as read), ``accepted`` (typed, by contract), ``facts``, ``tallies``, ``ledger``.
    """

    def __init__(self, spill: Path | None = None, zone: str = "") -> None:
        self.connection = duckdb.connect(":memory:")
        for name, value in {
            "TimeZone": zone or process.project().zone,
            "memory_limit": process.project().memory or half_of_memory(),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
            "temp_directory": str(spill or ""),
            "checkpoint_threshold": "1TB",  # `compact` says when: after every few inserts it took most of the time
        }.items():
            self.connection.execute(f"set {name} = '" + str(value).replace("'", "''") + "'")
        with suppress(duckdb.InvalidInputException):  # refused in a notebook without ipywidgets, where there is no bar
            self.connection.execute("set enable_progress_bar = false")
        self.run("staging/schemas")

    def lock(self, *writable: Path) -> None:
        """From here on the database reads and writes files in ``writable`` folders only, and those without a name."""
        folders = ", ".join("'" + str(folder).replace("'", "''") + "/'" for folder in (*writable, NAMELESS))
        self.connection.execute(f"set allowed_directories = [{folders}]")
        self.connection.execute("set enable_external_access = false")
        self.connection.execute("set lock_configuration = true")

    def run(self, name: str, **parameters: object) -> None:
        """Run the statements of ``sql/<name>.sql`` with ``$name`` parameters."""
        for statement in self.connection.extract_statements(query_text(name)):
            wanted = {key: parameters[key] for key in statement.named_parameters}
            self.connection.execute(statement, wanted)

    def rows(self, name: str, **parameters: object) -> list[tuple[Any, ...]]:
        """The rows of the query ``sql/<name>.sql``."""
        return self.connection.execute(query_text(name), parameters).fetchall()

    def records(self, name: str, **parameters: object) -> list[dict[str, Any]]:
        """The rows of the query ``sql/<name>.sql`` as dicts by column name."""
        cursor = self.connection.execute(query_text(name), parameters)
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def run_template(self, name: str, **context: object) -> None:
        """Render ``sql/<name>.sql.j2`` (identifiers and closed vocabularies only) and run it."""
        self.connection.execute(_template(name, query_text(name)).render(**context))

    def records_template(self, name: str, **context: object) -> list[dict[str, Any]]:
        """The rows of the rendered ``sql/<name>.sql.j2`` as dicts by column name."""
        cursor = self.connection.execute(_template(name, query_text(name)).render(**context))
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def arrow_template(self, name: str, **context: object) -> Arrow:
        """The rows of the rendered ``sql/<name>.sql.j2`` as an Arrow table."""
        return self.connection.sql(_template(name, query_text(name)).render(**context)).to_arrow_table()

    def rows_template(self, name: str, **context: object) -> list[tuple[Any, ...]]:
        """The rows of the rendered ``sql/<name>.sql.j2``."""
        return self.connection.execute(_template(name, query_text(name)).render(**context)).fetchall()

    def store(self, table: str, arrow: Arrow) -> None:
        """Create or replace ``schema.table`` from an Arrow table; dots separate schema and table."""
        self.connection.register("_incoming", arrow)
        self.run_template("staging/store", table=_quoted(table))
        self.connection.unregister("_incoming")

    def append(self, table: str, arrow: Arrow) -> None:
        """Append an Arrow table by column name to an existing ``schema.table``.

        A column of moments for which it has text is text from here on.
        """
        texts = {column.name for column in arrow.schema if column.type == pyarrow.string()}
        for column in texts.intersection(self.moments(table)):
            self.run_template("staging/as_text", table=_quoted(table), column=_quoted(column))
        self.connection.register("_incoming", arrow)
        self.run_template("staging/append", table=_quoted(table))
        self.connection.unregister("_incoming")

    def compact(self) -> None:
        """Hold what is stored in a third of the room."""
        self.run("staging/compact")

    def parsed(self, type: str, cells: Sequence[str | None]) -> list[Any]:
        """Every cell as the contract reads a column of this type; None where it does not."""
        self.connection.register("_cells", pyarrow.table({"cell": pyarrow.array(cells, pyarrow.string())}))
        try:
            return [value for (value,) in self.rows_template("staging/parsed", parser=PARSERS[type])]
        finally:
            self.connection.unregister("_cells")

    def columns(self, table: str) -> list[str]:
        """Column names of ``schema.table``; empty where there is no such table."""
        try:
            return list(self.connection.table(_quoted(table)).columns)
        except duckdb.CatalogException:
            return []

    def moments(self, table: str) -> list[str]:
        """The columns of ``schema.table`` that are held as moments, not as text."""
        return [name for (name,) in self.rows("staging/moments", table=_quoted(table))]

    def arrow(self, table: str) -> Arrow:
        """``schema.table`` as an Arrow table."""
        return self.connection.table(table).to_arrow_table()

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def _quoted(table: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in table.split("."))


@dataclass
class Appender:
    """Rows on their way into a table, many at a time.

    After many small ones the database writes the whole table anew: five times the work.
    """

    warehouse: Warehouse
    table: str
    waiting: list[Arrow] = field(default_factory=list)
    loose: int = 0  # rows stored since the last were compressed

    def append(self, rows: Arrow) -> None:
        """Keep an Arrow table, or store it with all that wait."""
        if self.waiting and rows.schema != self.waiting[0].schema:
            self.flush()
        self.waiting.append(rows)
        if sum(map(len, self.waiting)) >= STORED:
            self.flush()

    def flush(self) -> None:
        """Store all that wait."""
        if self.waiting:
            self.warehouse.append(self.table, pyarrow.concat_tables(self.waiting))
            self.loose += sum(map(len, self.waiting))
            self.waiting.clear()
        if self.loose >= COMPACTED:
            self.warehouse.compact()
            self.loose = 0
