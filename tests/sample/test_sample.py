"""The invented quarter: the same bytes for a seed, clean but for the dirt that was asked for, alike in every format."""

import hashlib
from collections import Counter
from datetime import date, datetime

import pytest

from pipelines.contracts.declared import load_contracts
from pipelines.model.period import Period
from pipelines.model.words import UsageRefusal
from pipelines.sample.make import FORMATS, draw_tables, make_sample

Q3 = Period.parse("2026Q3")
PINNED = "dbc3dcd6ac117010120e5c20e833efef1f8b2ad8d053ba2d76951db460989a07"


def drawn(period=Q3, units=40, cases=4000, seed=1):
    return dict(draw_tables(period, units, cases, seed))


def rows(tables, name):
    return tables[name].to_pylist()


def key_of(row, columns):
    return tuple(row[column] for column in columns)


def digests(files):
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture(scope="module")
def tables():
    return drawn()


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_seed_gives_the_same_bytes(tmp_path, format):
    first = make_sample(tmp_path / "a", Q3, units=12, cases=500, seed=7, format=format, dirt=3)
    second = make_sample(tmp_path / "b", Q3, units=12, cases=500, seed=7, format=format, dirt=3)
    assert digests(first) == digests(second)


def test_another_seed_gives_other_cases(tmp_path):
    first = digests(make_sample(tmp_path / "a", Q3, cases=500, seed=1))
    second = digests(make_sample(tmp_path / "b", Q3, cases=500, seed=2))
    assert first["cases.csv"] != second["cases.csv"]


def test_the_draw_has_not_moved():
    """A digest written down once: a machine or a NumPy that draws otherwise is found here."""
    drawn_values = repr({name: table.to_pydict() for name, table in drawn(units=8, cases=200).items()})
    assert hashlib.sha256(drawn_values.encode()).hexdigest() == PINNED


# The invented units have always been there and stay, no count is given in place of rows: of these nothing is written.
OF_A_LIFE = {("units", name) for name in (
    "valid_from", "valid_to", "succeeded_by", "cases_to", "former_names", "short_name", "sort")}
OF_AN_OBJECTION = {("adjustments", name) for name in ("received_on", "answer_by", "ground", "evidence")}
UNWRITTEN = OF_A_LIFE | OF_AN_OBJECTION | {("cases", "kind")}
WRITTEN = {name: table for name, table in load_contracts().tables.items() if name != "figures"}


def test_every_table_of_the_contracts_is_written_with_its_columns(tables):
    assert {name: table.column_names for name, table in tables.items()} == {
        name: [column for column in contract.columns if (name, column) not in UNWRITTEN]
        for name, contract in WRITTEN.items()
    }


def test_no_key_appears_twice(tables):
    for name, contract in WRITTEN.items():
        keys = Counter(key_of(row, contract.key) for row in rows(tables, name))
        assert keys.most_common(1)[0][1] == 1, name


def test_no_required_value_is_missing_and_every_label_is_known(tables):
    for name, contract in WRITTEN.items():
        for column in contract.columns.values():
            if (name, column.name) in UNWRITTEN:
                continue
            values = set(tables[name][column.name].to_pylist())
            assert not (column.required and None in values), (name, column.name)
            if column.labels:
                assert values - {None} <= {value for value, _ in column.labels}, (name, column.name)


def test_every_reference_holds(tables):
    units = set(tables["units"]["unit_id"].to_pylist())
    cases = {key_of(row, ("case_id", "unit_id")) for row in rows(tables, "cases")}
    for name in set(tables) - {"evaluators", "appointment_steps"}:
        assert set(tables[name]["unit_id"].to_pylist()) - {None} <= units, name
    for name in ("extensions", "evaluations", "difficulties"):
        assert {key_of(row, ("case_id", "unit_id")) for row in rows(tables, name)} <= cases, name
    evaluators = set(tables["evaluators"]["evaluator_id"].to_pylist())
    for name in ("evaluations", "appointment_steps"):
        assert set(tables[name]["evaluator_id"].to_pylist()) <= evaluators
    matters = set(tables["cases"]["matter_id"].to_pylist())
    assert matters - {None} <= set(tables["matters"]["matter_id"].to_pylist())


def test_times_of_a_case_are_in_order(tables):
    later = ("sign_due_at", "signed_at", "reply_due_at", "replied_at", "closed_at", "rated_at")
    for row in rows(tables, "cases"):
        assert row["received_at"] <= row["dispatched_at"]
        assert all(row[name] >= row["dispatched_at"] for name in later if row[name])


def test_times_of_instructions_evaluations_and_evaluators_are_in_order(tables):
    assert all(row["due_at"] >= row["instructed_at"] for row in rows(tables, "instructions"))
    for row in rows(tables, "evaluations"):
        assert (row["rated_at"] is None) == (row["rating"] is None) == (row["reason"] is None)
        assert row["rated_at"] is None or row["rated_at"] >= row["assigned_at"]
    assert all(row["term_ends_on"] >= row["appointed_on"] for row in rows(tables, "evaluators"))
    assert all(row["extended_until"] for row in rows(tables, "extensions") if row["decision"] == "approved")


def test_nothing_in_the_export_is_later_than_the_day_it_was_taken(tables):
    taken = datetime(2026, 10, 7)
    for name in ("signed_at", "replied_at", "closed_at", "rated_at", "dispatched_at"):
        assert all(row[name] < taken for row in rows(tables, "cases") if row[name]), name


def test_cases_fall_due_before_inside_and_after_the_quarter(tables):
    due = [row["reply_due_at"] for row in rows(tables, "cases")]
    assert min(due) < Q3.start and max(due) >= Q3.end
    assert sum(Q3.start <= when < Q3.end for when in due) > 0.7 * len(due)


def test_a_shared_case_has_one_lead_and_another_unit_that_assists(tables):
    by_case = {}
    for row in rows(tables, "cases"):
        by_case.setdefault(row["case_id"], []).append((row["role"], row["unit_id"]))
    shared = [handlers for handlers in by_case.values() if len(handlers) > 1]
    assert len(shared) > 100
    assert all(sorted(role for role, _ in handlers) == ["assist", "lead"] for handlers in shared)
    assert all(len({unit for _, unit in handlers}) == 2 for handlers in shared)


def test_the_story_has_its_odd_ones(tables):
    busy = Counter(row["unit_id"] for row in rows(tables, "cases"))
    assert len(busy) == 39  # one unit without a case
    assert max(busy.values()) > 10 * min(busy.values())
    assert [row["ranked"] for row in rows(tables, "units")].count(False) == 1
    assert tables["assessments"].num_rows == 40 * 6 - 1
    assert {row["decision"] for row in rows(tables, "extensions")} == {"approved", "rejected", None}
    assert {row["verified"] for row in rows(tables, "incidents")} == {True, False}
    assert {row["action"] for row in rows(tables, "adjustments")} == {
        "exclude_case", "waive_deduction", "void_evaluation"
    }
    outcomes = [(bool(row["returned_at"]), bool(row["withdrawn_at"]), bool(row["rated_at"]))
                for row in rows(tables, "evaluations")]
    assert len(set(outcomes)) == 4
    assert any(row["status"] == "published" and not row["signed_off_by"] for row in rows(tables, "knowledge"))
    assert {row["step"] for row in rows(tables, "matter_steps")} == {"told", "urged", "finished", "added", "not_added"}
    assert {row["decision"] for row in rows(tables, "difficulties")} == {"accepted", "rejected", None}
    assert {row["kind"] for row in rows(tables, "commendations")} == {"staff", "letter"}
    told = [row["verified"] for row in rows(tables, "incidents") if row["incident_type"] == "not_cooperating"]
    assert told == [True, False]


def test_two_quarters_tell_of_the_same_units_at_similar_work():
    now, before = drawn(seed=1), drawn(Q3.previous, seed=2)
    assert now["units"].equals(before["units"])
    top = [{id for id, _ in Counter(t["cases"]["unit_id"].to_pylist()).most_common(5)} for t in (now, before)]
    assert len(top[0] & top[1]) >= 4


def test_titles_hold_invented_telephone_numbers_for_leak_tests(tables):
    assert all("1380000" in title for title in tables["cases"]["title"].to_pylist())


@pytest.mark.parametrize("dirt", [1, 8, 40])
def test_as_many_dirty_rows_as_asked_for_and_the_good_ones_untouched(dirt):
    from pipelines.sample.make import soil

    clean = drawn(cases=1000)
    soiled = soil(clean, dirt, seed=1)
    assert sum(t.num_rows for t in soiled.values()) == sum(t.num_rows for t in clean.values()) + dirt
    for name, table in clean.items():
        assert soiled[name].slice(0, table.num_rows).equals(table), name
        key = load_contracts().tables[name].key
        assert len({key_of(row, key) for row in rows(soiled, name)}) == soiled[name].num_rows


def test_every_dirty_case_row_breaks_something():
    from pipelines.sample.make import soil

    clean = drawn(cases=1000)
    units = set(clean["units"]["unit_id"].to_pylist())
    for row in soil(clean, 40, seed=1)["cases"].slice(1000).to_pylist():
        assert (row["unit_id"] not in units or row["reply_due_at"] is None or row["public_rating"] == "还行吧"
                or row["signed_at"] < row["dispatched_at"])


@pytest.mark.parametrize("period", [Period.parse("2031Q4"), Period.parse("2011Q1"), Period.parse("2026Q4")])
def test_years_without_a_calendar_have_samples_too(period):
    assert drawn(period, units=6, cases=300)["cases"].num_rows == 300


@pytest.mark.parametrize("cases", [0, 1, 2, 5])
def test_a_tiny_city_is_a_city(cases):
    made = drawn(units=1, cases=cases)
    assert made["cases"].num_rows == cases and len(made) == 18


def test_the_three_formats_hold_the_same_values(tmp_path):
    made = {format: make_sample(tmp_path / format, Q3, units=9, cases=300, format=format) for format in FORMATS}
    for name, table in drawn(units=9, cases=300).items():
        expected = table.to_pylist()
        assert read_parquet(tmp_path / "parquet" / f"{name}.parquet") == expected
        assert read_csv(tmp_path / "csv" / f"{name}.csv", table) == expected
        assert read_xlsx(tmp_path / "xlsx" / f"{name}.xlsx", name) == expected
    assert all(files[-1].name == "SIMULATED" for files in made.values())


def read_parquet(file):
    import pyarrow.parquet as pq

    return pq.read_table(file).to_pylist()


def read_csv(file, table):
    import pyarrow.csv as pc

    types = {field.name: field.type for field in table.schema}
    options = pc.ConvertOptions(column_types=types, strings_can_be_null=True)
    return pc.read_csv(file, convert_options=options).to_pylist()


def read_xlsx(file, name):
    """The workbook turned back: Chinese headers and labels to canonical ones."""
    from openpyxl import load_workbook

    known = load_contracts().tables[name].columns
    columns = {key: column for key, column in known.items() if (name, key) not in UNWRITTEN}
    header, *lines = load_workbook(file)[name].iter_rows(values_only=True)
    assert list(header) == [column.title for column in columns.values()]
    return [{c.name: plain(c, value) for c, value in zip(columns.values(), line, strict=True)} for line in lines]


def plain(column, value):
    from decimal import Decimal

    if value is None:
        return None
    if column.type == "boolean":
        return value == "是"
    if column.type == "date":
        return value.date() if isinstance(value, datetime) else date.fromisoformat(value)
    if column.type == "decimal":
        return Decimal(str(value)).quantize(Decimal("0.01"))
    return {labels[0]: canonical for canonical, labels in column.labels if labels}.get(value, value)


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "cases.csv").write_text("real")
    with pytest.raises(UsageRefusal, match="cases.csv"):
        make_sample(tmp_path, Q3, cases=10)
    assert (tmp_path / "cases.csv").read_text() == "real"


def test_an_earlier_sample_makes_room(tmp_path):
    make_sample(tmp_path, Q3, units=3, cases=10, format="parquet")
    make_sample(tmp_path, Q3, units=3, cases=10, format="csv")
    assert not list(tmp_path.glob("*.parquet")) and len(list(tmp_path.glob("*.csv"))) == 18


@pytest.mark.parametrize("wrong", [{"units": 0}, {"cases": -1}, {"seed": -1}, {"dirt": -1}, {"format": "ods"}])
def test_arguments_that_make_no_sense_are_refused(tmp_path, wrong):
    with pytest.raises(UsageRefusal):
        make_sample(tmp_path / "out", Q3, **wrong)
    assert not (tmp_path / "out").exists()


def test_progress_hears_of_every_table(tmp_path):
    heard = []
    make_sample(tmp_path / "a", Q3, units=3, cases=10, progress=lambda name, n: heard.append((name, n)))
    assert len(heard) == 18 and ("cases", 10) in heard


@pytest.mark.parametrize(("dirt", "format"), [(0, "csv"), (12, "csv"), (12, "xlsx"), (5, "parquet")])
def test_the_contracts_turn_away_the_dirt_and_nothing_else(tmp_path, dirt, format):
    from pipelines.assess import Request, Run

    make_sample(tmp_path / "exports", Q3, units=12, cases=600, format=format, dirt=dirt)
    with Run(Request(Q3, tmp_path / "exports", tmp_path / "out")) as run:
        stops = run.check()
        assert not stops and run.intake.simulated
        assert sum(count.quarantined for count in run.rows.values()) == dirt
        assert not run.warnings
