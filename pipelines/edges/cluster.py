"""Spark in the place of DuckDB where one machine is outgrown: facts and tallies by the same files of `sql/`.

sqlglot says each statement in Spark's words. What a statement makes is written as Parquet, once; DuckDB then reads it
under the same name, so that nothing after the tallies knows who counted.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

from pipelines.edges import process
from pipelines.edges.warehouse import Arrow, Warehouse, half_of_memory, query_text, rendered
from pipelines.lazy import must_have, parquet, py4j, pyspark, sqlglot
from pipelines.model.project import DUCKDB, SPARK
from pipelines.model.words import Refusal, UsageRefusal
from pipelines.wording import say

LEAST_JAVA = 17
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",  # the city's wall clock, as everywhere here
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
LOG = """rootLogger.level = error
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
"""  # of the driver: what is worth telling is told by refusals


def place_of(engine: str) -> Path | None:
    """Where a run works: for a cluster the folder that its machines share, else the temporary folder (None).

    UsageRefusal where the engine is not here.
    """
    if engine == DUCKDB:
        return None
    _must_have_spark()
    city = process.project()
    if city.spark_folder is None and not city.spark_master.startswith("local"):
        raise UsageRefusal(say("cluster.no_folder", master=city.spark_master))
    return city.spark_folder


def counting(engine: str, warehouse: Warehouse, work: Path) -> AbstractContextManager[Any]:
    """What counts facts and tallies: the warehouse itself, or a cluster in its place."""
    return nullcontext(warehouse) if engine == DUCKDB else Cluster(warehouse, work / SPARK)


def _must_have_spark() -> None:
    """UsageRefusal where pyspark, sqlglot or Java is not here."""
    must_have("cluster")
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin" if home else None)
    said = subprocess.run([java, "-version"], capture_output=True, text=True).stderr if java else ""
    version = re.search(r'version "(\d+)', said)
    if not version or int(version[1]) < LEAST_JAVA:
        raise UsageRefusal(say("cluster.no_java", found=version[1] if version else "—", least=LEAST_JAVA))


class Cluster:
    """Takes the warehouse's place in `measure`; what it made is the warehouse's at the end.

    Use as a context manager. ``folder`` is its own, which every machine of the cluster sees under the same path.
    """

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self.warehouse, self.folder, self.made = warehouse, folder.absolute(), []
        self.master, memory = process.project().spark_master, process.project().memory or half_of_memory()
        self.settings = SETTINGS | {
            "spark.driver.memory": memory.removesuffix("B").lower(),
            "spark.sql.warehouse.dir": str(self.folder / "none"),
        }

    def __enter__(self) -> "Cluster":
        with catch_warnings():  # of pandas, which nothing here hands to Spark
            simplefilter("ignore", FutureWarning)
            built = pyspark.sql.SparkSession.builder.appName("gongping").master(self.master)
        self.folder.mkdir()
        (log := self.folder / "log4j2.properties").write_text(LOG, encoding="ascii")
        own = {"spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={log.as_uri()}"}
        if self.master.startswith("local"):
            own |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        for name, value in {**self.settings, **own}.items():
            built = built.config(name, value)
        try:
            self.spark = built.getOrCreate()
        except (py4j.protocol.Py4JError, pyspark.errors.PySparkException):
            raise Refusal(say("cluster.no_master", master=self.master)) from None
        self.spark.sparkContext.setLogLevel("OFF")
        return self

    def __exit__(self, kind: type | None, *raised: object) -> None:
        self.spark.stop()
        for table in self.made if kind is None else ():
            self.warehouse.run_template("staging/parquet", table=table, files=self._place(table) / "*.parquet")

    def run(self, name: str, **parameters: object) -> None:
        """Run the statements of ``sql/<name>.sql`` with ``$name`` parameters."""
        self._make(query_text(name), parameters)

    def run_template(self, name: str, **context: object) -> None:
        """Render ``sql/<name>.sql.j2`` and run it."""
        self._make(rendered(name, **context), {})

    def rows(self, name: str, **parameters: object) -> list[tuple[Any, ...]]:
        """The rows of the query ``sql/<name>.sql``."""
        [one] = said_for_spark(query_text(name), parameters)
        self._bring(one.reads)
        return [tuple(row) for row in self.spark.sql(one.query).collect()]

    def store(self, table: str, arrow: Arrow) -> None:
        """``schema.table`` from an Arrow table."""
        self._place(table).mkdir(parents=True)
        parquet.write_table(arrow, self._place(table) / "rows.parquet")
        self._open(table)
        self.made.append(table)

    def _make(self, text: str, parameters: Mapping[str, object]) -> None:
        for one in said_for_spark(text, parameters):
            table = one.makes
            self._bring(one.reads)
            try:
                self.spark.sql(one.query).write.parquet(str(self._place(table)))
            except pyspark.errors.PySparkException as problem:  # its text may hold data
                raise Refusal(say("cluster.failed", table=table, why=problem.getCondition() or "—")) from None
            if not any(self._place(table).glob("*.parquet")):
                raise Refusal(say("cluster.not_shared", folder=self.folder))
            self._open(table)
            self.made.append(table)

    def _bring(self, tables: Iterable[str]) -> None:
        """Accepted rows, at the first statement that reads them; no table leaves the warehouse that nobody asks for."""
        for table in tables:
            if not (place := self._place(table)).exists():
                place.mkdir()
                self.warehouse.connection.table(table).write_parquet(str(place / "rows.parquet"))
                self._open(table)

    def _open(self, table: str) -> None:
        self.spark.read.parquet(str(self._place(table))).createOrReplaceTempView(_flat(table))

    def _place(self, table: str) -> Path:
        return self.folder / _flat(table)


@dataclass(frozen=True)
class Statement:
    """A statement as Spark takes it: the table that it makes, "" of a query, the accepted tables that it reads."""

    makes: str
    reads: tuple[str, ...]
    query: str


def said_for_spark(text: str, parameters: Mapping[str, object]) -> Iterator[Statement]:
    """The statements of a file of `sql/`; sqlglot.errors.SqlglotError for one that Spark has no words for."""
    exp = sqlglot.exp
    for statement in sqlglot.parse(text, read=DUCKDB):
        makes = isinstance(statement, exp.Create)
        query = statement.expression if makes else statement
        read = dict.fromkeys(f"{table.db}.{table.name}" for table in query.find_all(exp.Table))
        said = query.transform(_of_spark, parameters)
        yield Statement(
            f"{statement.this.db}.{statement.this.name}" if makes else "",
            tuple(table for table in read if table.startswith("accepted.")),
            said.sql(dialect=SPARK, unsupported_level=sqlglot.ErrorLevel.RAISE, comments=False),
        )


def _of_spark(node: Any, parameters: Mapping[str, object]) -> Any:
    """A parameter as its value, a table by the name of its view."""
    exp = sqlglot.exp
    if isinstance(node, exp.Parameter | exp.Placeholder):
        value = parameters[node.name]
        if isinstance(value, datetime):
            return exp.cast(exp.convert(str(value)), exp.DataType.Type.TIMESTAMPNTZ)
        return exp.convert(value)
    if isinstance(node, exp.Table) and node.db:
        return exp.alias_(exp.table_(_flat(f"{node.db}.{node.name}")), node.alias or node.name, table=True)
    return node


def _flat(table: str) -> str:
    return table.replace(".", "__")
