"""Pulls from real PostgreSQL and MariaDB servers: one snapshot, text as it was, whole or nothing."""

import json
import subprocess
import sys
import threading
from dataclasses import replace

import psycopg
import pymysql
import pytest
from pyarrow import parquet

from pipelines.model.period import Period
from pipelines.model.project import Query, Secret, Source
from pipelines.model.words import Refusal
from pipelines.sources.pull import CURRENT, EXPORTS, RECEIPT, damaged, pull
from tests.ingest.reading import read
from tests.sources.servers import PASSWORD, free_port, mariadb, postgres

PERIOD = Period.parse("2026Q3")
CASES = """select case_id, unit_id, title, made as dispatched_at, due as sign_due_at, due as reply_due_at, rating as public_rating
from requests where made >= :start and made < :end order by case_id"""  # noqa: E501
UNITS = "select unit_id, unit_name, '区县' as unit_group from units"
ODD = [
    "井盖破损，100%的路",
    "",
    None,
    'a "quoted", text',
    "two\nlines",
    "back\\slash",
    "\\N",
    "％ :start",
    "'; drop table units; --",
]
POSTGRES = """
create type rated as enum ('满意', '基本满意', '不满意');
create table units (unit_id text, unit_name text);
insert into units values ('U1', '甲区'), ('U2', '乙区');
create table requests (case_id numeric(20), unit_id text, title text, made timestamptz, due timestamp, rating rated);
create role reader login password '{password}';
create sequence counter;
grant select on units, requests to reader;
grant usage on sequence counter to reader;
"""
MARIADB = """
create database hotline character set utf8mb4;
use hotline;
create table units (unit_id varchar(20), unit_name varchar(20));
insert into units values ('U1', '甲区'), ('U2', '乙区');
create table requests (case_id decimal(20), unit_id varchar(20), title text, made timestamp null, due datetime,
    rating enum('满意', '基本满意', '不满意'));
create user reader@'%' identified by '{password}';
grant select on hotline.* to reader@'%';
"""
MADE = {"postgresql": "2026-07-01T01:00:00Z", "mysql": "2026-07-01 01:00:00"}  # UTC
READS = {"postgresql": "2026-07-01 09:00:00+08", "mysql": "2026-07-01 09:00:00"}


class Town:
    """A server of one kind with the town's hotline in it."""

    def __init__(self, kind, server):
        self.kind, self.server = kind, server
        database = "postgres" if kind == "postgresql" else "hotline"
        self.source = Source("hotline", kind, host="127.0.0.1", port=server.port, database=database, user="reader",
                             password=Secret(env="TOWN_PASSWORD"), tls="off",
                             tables=(Query("cases", CASES), Query("units", UNITS)))
        if kind == "postgresql":
            self.run(POSTGRES.format(password=PASSWORD.replace("'", "''")))
        else:
            for statement in MARIADB.format(password=PASSWORD.replace("'", "''")).split(";\n"):
                if statement.strip():
                    self.run(statement)
        self.fill(ODD)

    def run(self, statement, rows=None):
        """As the owner."""
        with self.owner() as connection, connection.cursor() as cursor:
            if rows is None:
                cursor.execute(statement)
            else:
                cursor.executemany(statement, rows)
            connection.commit()

    def owner(self):
        if self.kind == "postgresql":
            return psycopg.connect(
                host="127.0.0.1", port=self.server.port, dbname="postgres", user="owner", password=PASSWORD
            )
        named = getattr(self, "named", False)
        connection = pymysql.connect(host="127.0.0.1", port=self.server.port, user="root", charset="utf8mb4",
                                     init_command="set time_zone = '+00:00'", database="hotline" if named else None)  # noqa: E501
        self.named = True
        return connection

    def fill(self, titles):
        rows = [(20260700000000000001 + i, "U1", title, MADE[self.kind], "2026-07-09 17:00:00", "满意" if i % 2 else None)  # noqa: E501
                for i, title in enumerate(titles)]
        self.named = True
        self.run("insert into requests values (%s, %s, %s, %s, %s, %s)", rows)

    def pulled(self, raw, **changes):
        return pull([replace(self.source, **changes)], PERIOD, raw)


@pytest.fixture(scope="module", params=["postgresql", "mysql"])
def town(request):
    with (postgres if request.param == "postgresql" else mariadb)() as server:
        yield Town(request.param, server)


@pytest.fixture(autouse=True)
def password(monkeypatch):
    monkeypatch.setenv("TOWN_PASSWORD", PASSWORD)


def rows(folder, name="cases"):
    return parquet.read_table(folder / EXPORTS / f"{name}.parquet").to_pylist()


def test_text_numbers_nulls_enums_and_moments_come_as_they_are(town, tmp_path):
    done = town.pulled(tmp_path / "raw")
    found = rows(done.folder)
    assert [row["title"] for row in found] == ODD
    assert [row["case_id"] for row in found] == [str(20260700000000000001 + i) for i in range(len(ODD))]
    assert [row["public_rating"] for row in found] == ["满意" if i % 2 else None for i in range(len(ODD))]
    assert {row["dispatched_at"] for row in found} == {READS[town.kind]}
    assert {row["sign_due_at"] for row in found} == {"2026-07-09 17:00:00"}
    assert done.notices == ()


def test_what_was_pulled_is_read_as_exports(town, tmp_path):
    got = read(town.pulled(tmp_path / "raw").folder / EXPORTS)
    assert got.stops == "" and [row["unit_name"] for row in got.tables["units"]] == ["甲区", "乙区"]
    assert len(got.tables["cases"]) == len(ODD) and got.faults == []


def test_the_receipt_says_of_every_table_what_it_is_of_and_never_the_password(town, tmp_path):
    done = town.pulled(tmp_path / "raw")
    text = (done.folder / RECEIPT).read_text(encoding="utf-8")
    cases, units = json.loads(text)["tables"]
    assert (cases["rows_at_source"], cases["rows"], cases["query"]) == (len(ODD), len(ODD), CASES)
    assert cases["moment"] == units["moment"] and cases["moment"].startswith("20") and "+08" in cases["moment"]
    assert cases["where"].startswith(f"{town.kind}://127.0.0.1:{town.server.port}/") and "reader" not in text
    assert PASSWORD not in text and damaged(done.folder) == []
    (done.folder / EXPORTS / "units.parquet").chmod(0o600)
    (done.folder / EXPORTS / "units.parquet").write_bytes(b"x")
    assert damaged(done.folder) == ["units.parquet"]


def test_pulls_stay_and_current_is_the_newest(town, tmp_path):
    first, second = (town.pulled(tmp_path / "raw").folder for _ in range(2))
    assert first != second and (tmp_path / "raw" / "2026Q3" / CURRENT).resolve() == second.resolve()
    assert rows(first) == rows(second)
    assert oct(first.stat().st_mode)[-3:] == "500" and oct((first / RECEIPT).stat().st_mode)[-3:] == "400"


def test_the_period_bounds_a_query_and_the_end_is_outside(town, tmp_path):
    assert town.pulled(tmp_path / "raw", tables=(Query("cases", CASES),)).tables[0].rows == len(ODD)
    july = pull([town.source], Period.parse("2026-06"), tmp_path / "raw")
    assert july.tables[0].rows == 0 and rows(july.folder) == []


def test_all_tables_are_of_one_moment_whatever_is_written_meanwhile(town, tmp_path):
    """A case that comes in between the first table and the second is in neither."""
    count = "select count(*) as n from requests"
    tables = (Query("first", count), Query("second", count))
    written = threading.Event()

    def listen(name, done, whole):
        if name == "first" and not written.is_set():
            town.fill(["later"])
            written.set()

    try:
        done = pull([replace(town.source, tables=tables)], PERIOD, tmp_path / "raw", listen)
    finally:
        town.run("delete from requests where title = 'later'")
    assert written.is_set()
    assert rows(done.folder, "first") == rows(done.folder, "second") == [{"n": str(len(ODD))}]


def test_a_query_that_would_write_is_refused_by_the_server(town, tmp_path):
    writing = (
        "select nextval('counter')"
        if town.kind == "postgresql"
        else "select 1 from (insert into units values ('x', 'y'))"
    )
    with pytest.raises(Refusal) as refusal:
        town.pulled(tmp_path / "raw", tables=(Query("cases", writing),))
    assert "nothing was kept" in refusal.value.words.en
    assert town.kind == "mysql" or "read-only transaction" in refusal.value.words.en
    assert [*(tmp_path / "raw" / "2026Q3").iterdir()] == []


def test_an_account_that_may_write_is_told(town, tmp_path, monkeypatch):
    user = "owner" if town.kind == "postgresql" else "root"
    monkeypatch.setenv("TOWN_PASSWORD", PASSWORD if town.kind == "postgresql" else "")
    changes = {"user": user} if town.kind == "postgresql" else {"user": user, "password": None}
    [notice] = town.pulled(tmp_path / "raw", **changes).notices
    assert "use a read-only one" in notice.en


@pytest.mark.parametrize("changes", [
    {"password": Secret(env="WRONG_PASSWORD")}, {"database": "nowhere"}, {"tables": (Query("cases", "select * from nothing"),)},  # noqa: E501
    {"tls": "require"},
])
def test_what_cannot_be_read_is_refused_at_once_without_the_password(town, tmp_path, monkeypatch, changes):
    monkeypatch.setenv("WRONG_PASSWORD", "wrong-secret")
    with pytest.raises(Refusal) as refusal:
        town.pulled(tmp_path / "raw", **changes)
    said = f"{refusal.value.words.zh} {refusal.value.words.en} {refusal.value.__cause__} {refusal.value.__context__!r}"
    assert "wrong-secret" not in said and PASSWORD not in said and "hotline" in said
    assert [*(tmp_path / "raw").glob("*/*")] == []


def test_nobody_at_the_address_is_a_refusal_after_a_few_tries(tmp_path, monkeypatch):
    source = Source("hotline", "mysql", host="127.0.0.1", port=free_port(), database="d", user="u", tls="off",
                    password=Secret(env="TOWN_PASSWORD"), tables=(Query("cases", "select 1"),))
    for kind in ("mysql", "postgresql"):
        with pytest.raises(Refusal) as refusal:
            pull([replace(source, kind=kind)], PERIOD, tmp_path / "raw")
        assert "cannot connect" in refusal.value.words.en


# Three hundred thousand rows.


MANY = 300_000
FILL = {
    "postgresql": """
insert into requests select 20270000000000000000 + i, 'U' || (i % 2 + 1), '诉求标题 ' || i || ' 路灯不亮，夜间出行不便',
    '2026-08-01T00:00:00Z'::timestamptz + i * interval '1 second', '2026-08-09 17:00',
    case i % 3 when 0 then null when 1 then '满意'::rated else '不满意' end from generate_series(1, {n}) as i""",
    "mysql": """
insert into requests select 20270000000000000000 + seq, concat('U', seq % 2 + 1),
    concat('诉求标题 ', seq, ' 路灯不亮，夜间出行不便'),
    '2026-08-01 00:00:00' + interval seq second, '2026-08-09 17:00',
    case seq % 3 when 0 then null when 1 then '满意' else '不满意' end from seq_1_to_{n}""",
}


@pytest.fixture
def large(town):
    town.named = True
    statement = FILL[town.kind].format(n=MANY)
    town.run(statement)
    yield town
    town.run("delete from requests where case_id >= 20270000000000000000")


@pytest.mark.slow
def test_a_server_that_dies_half_way_leaves_nothing(tmp_path):
    for kind, start in (("postgresql", postgres), ("mysql", mariadb)):
        with start() as server:
            town = Town(kind, server)
            town.run(FILL[kind].format(n=MANY))
            seen = []

            def listen(name, done, whole, server=server, seen=seen):
                seen.append(done)
                if len(seen) == 2:
                    server.kill()

            with pytest.raises(Refusal) as refusal:
                pull([town.source], PERIOD, tmp_path / kind, listen)
        assert 0 < seen[-1] < MANY and "nothing was kept" in refusal.value.words.en
        assert [*(tmp_path / kind / "2026Q3").iterdir()] == []


PULLS = """
import resource, sys
from pathlib import Path
from pipelines.model.period import Period
from pipelines.model.project import Query, Secret, Source
from pipelines.sources.pull import pull
kind, port, database, limit, raw = sys.argv[1:]
query = Query("cases", f"select * from requests order by case_id limit {limit}")
source = Source("hotline", kind, host="127.0.0.1", port=int(port), database=database, user="reader", tls="off",
                password=Secret(env="TOWN_PASSWORD"), tables=(query,))
done = pull([source], Period.parse("2026Q3"), Path(raw))
print(done.tables[0].rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_memory_stays_flat_and_every_row_comes(large, tmp_path):
    peaks = []
    for limit in (MANY // 6, MANY):
        command = [sys.executable, "-c", PULLS, large.kind, str(large.server.port), large.source.database, str(limit),
                   str(tmp_path / str(limit))]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        count, peak = map(int, done.stdout.split())
        assert count == limit
        peaks.append(peak >> 10)
    assert peaks[1] - peaks[0] < 80, peaks  # MiB, for 250 thousand rows more
    found = parquet.read_table(tmp_path / str(MANY) / "2026Q3" / CURRENT / EXPORTS / "cases.parquet")
    assert found.num_rows == MANY and found.column("title").null_count == 1
