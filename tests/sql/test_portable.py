"""The queries of facts and tallies are said alike by DuckDB and by Spark; what Spark counts is what DuckDB counts."""

from dataclasses import replace
from datetime import datetime

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

from pipelines.assess import Request, Run
from pipelines.edges.cluster import place_of, said_for_spark
from pipelines.edges.warehouse import Warehouse, query_text, rendered
from pipelines.model.period import Period
from pipelines.model.project import SPARK, Project
from pipelines.model.words import UsageRefusal
from pipelines.paths import SQL
from tests.oracle.compare import FROZEN
from tests.oracle.quarters import make_quarter
from tests.oracle.tables import write_folder
from tests.publication.office import Checked
from tests.toy.reef import reef_book, reef_sample

COUNTING = ("facts", "tallies")
FILES = sorted(f"{folder}/{file.name.split('.')[0]}" for folder in COUNTING for file in (SQL / folder).iterdir())
REEF = Period.parse("2026Q3")


class Scored(Run):
    """A run up to its ranking."""

    stages = ("ingest", "validate", "measure", "judge", "settle", "rank")

    def ledger(self) -> list[dict]:
        """Every line."""
        return self.warehouse.arrow("ledger.entries").to_pylist()


def asked(folder, seed=None):
    """A drawn quarter; without a seed one of a book with columns of its own, sums, different values and prices."""
    if seed is None:
        reef_sample(folder / "in", REEF, units=6, cases=400)
        return Request(REEF, folder / "in", folder / "out", rules=reef_book(folder))
    drawn = make_quarter(seed)
    period, cutoff = Period.parse(drawn.period), drawn.cutoff and datetime.fromisoformat(drawn.cutoff)
    return Request(period, write_folder(drawn.tables, folder / "in"), folder / "out", cutoff, rules=FROZEN)


def scored(request):
    """Ledger, scores and places."""
    with Scored(request) as run:
        run.run()
        cube = sorted(run.warehouse.arrow("tallies.cube").to_pylist(), key=str)
        return {"ledger": run.ledger(), "cube": cube, "scores": run.scores, "places": run.standings}


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """File → the texts that DuckDB was given, with the values of their parameters, of a run that uses every file."""
    found: dict[str, list[tuple[str, dict]]] = {}

    def noting(way):
        run, template = getattr(Warehouse, way), way.endswith("_template")

        def noted(self, name, **given):
            if name in FILES:
                texts = (rendered(name, **given), {}) if template else (query_text(name), given)
                found.setdefault(name, []).append(texts)
            return run(self, name, **given)

        return noted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.assess.start_quality", lambda *facts: Checked(facts[-1]))
        for way in ("run", "rows", "records", "run_template", "rows_template", "records_template"):
            patch.setattr(Warehouse, way, noting(way))
        with Scored(asked(tmp_path_factory.mktemp("asked"))) as run:
            assert run.run().observations is not None
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_query_that_counts_has_words_in_spark(said, name):
    for text, parameters in said[name]:
        for one in said_for_spark(text, parameters):
            assert not taken_otherwise(one.query)


def taken_otherwise(query):
    """What Spark lacks, or understands otherwise than DuckDB, though sqlglot says it without complaint."""
    read = sqlglot.parse_one(query, read=SPARK)
    return [
        *read.find_all(exp.Bracket),  # the first is 1 in DuckDB and 0 in Spark
        *read.find_all(exp.Anonymous),  # a function that sqlglot does not know
        *(one for one in read.find_all(exp.PropertyEQ) if not isinstance(one.parent, exp.Struct)),  # named arguments
        *(one for one in read.find_all(exp.Star) if one.args.get("replace")),
        *(one for one in read.find_all(exp.AggFunc) if isinstance(one.this, exp.Order)),
        *read.find_all(exp.Parameter, exp.Placeholder),
    ]


@pytest.mark.parametrize("query", [
    "(['a', 'b'])[n]", "to_hours(n)", "unnest(n, recursive := true)", "* replace (1 as n)", "last(n order by m)",
])
def test_what_spark_takes_otherwise_is_noticed(query):
    [one] = said_for_spark(f"select {query} from facts.x", {})
    assert taken_otherwise(one.query)


def test_a_type_that_spark_lacks_is_noticed():
    [one] = said_for_spark("select n::ubigint from facts.x", {})
    with pytest.raises(ParseError):
        taken_otherwise(one.query)


def spark_on(monkeypatch, **settings):
    monkeypatch.setattr("pipelines.edges.process._taken", [Project(**settings)])


def test_a_cluster_without_a_folder_in_common_is_refused(monkeypatch, tmp_path):
    spark_on(monkeypatch, spark_master="spark://head:7077")
    monkeypatch.setattr("pipelines.edges.cluster._must_have_spark", lambda: None)
    with pytest.raises(UsageRefusal, match="spark_folder"):
        place_of(SPARK)
    spark_on(monkeypatch, spark_master="spark://head:7077", spark_folder=tmp_path)
    assert place_of(SPARK) == tmp_path
    spark_on(monkeypatch)
    assert place_of(SPARK) is None


def test_without_pyspark_or_java_what_to_install_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr("pipelines.lazy.find_spec", lambda name: None if name == "pyspark" else name)
    with pytest.raises(UsageRefusal, match=r"pip install 'gongping\[cluster\]'"):
        place_of(SPARK)
    monkeypatch.setattr("pipelines.lazy.find_spec", lambda name: name)
    for version, refused in (("", True), ("16.0.2", True), ("17.0.15", False), ("21", False)):
        java = tmp_path / f"java {version}" / "bin" / "java"
        if version:
            java.parent.mkdir(parents=True)
            java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
            java.chmod(0o755)
        monkeypatch.setenv("JAVA_HOME", str(java.parent.parent))
        if refused:
            with pytest.raises(UsageRefusal, match="Java 17"):
                place_of(SPARK)
        else:
            assert place_of(SPARK) is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", [None, *range(7000, 7020)])
def test_spark_counts_what_duckdb_counts(tmp_path, monkeypatch, seed):
    """The same ledger, line by line, the same tally, scores and places."""
    monkeypatch.setattr("pipelines.assess.start_quality", lambda *facts: Checked(facts[-1]))
    spark_on(monkeypatch, spark_master="local[2]")
    request = asked(tmp_path, seed)
    ours = scored(request)
    assert ours["ledger"]
    assert scored(replace(request, engine=SPARK)) == ours
