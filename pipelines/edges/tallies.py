"""What a finished run keeps for the laboratory: tallies and facts as Parquet, and the rulebook it was scored by."""

import json
import shutil
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from pipelines.edges.warehouse import Warehouse, query_text
from pipelines.lazy import compute as pc
from pipelines.lazy import parquet, pyarrow
from pipelines.model.points import hundredths
from pipelines.model.refusals import UsageRefusal
from pipelines.model.tally import Award, Marks, Unit, UnitTally
from pipelines.wording import say

TALLIES, RULEBOOK = ".tallies", "rulebook"
LAYOUT = "layout.json"  # what the cube's marks and places say, by counted table
CUBE = "cube"
FIGURES = "figures"  # counts as given, "" for the period
ROWS = "rows_"  # and the counted table: its rows one by one


def keep_tallies(
    warehouse: Warehouse,
    tallies: Mapping[str, UnitTally],
    layouts: Mapping[str, Marks],
    rules: Path,
    folder: Path,
    flagged: Iterable[tuple[str, str]] = (),
    absent: Iterable[str] = (),
) -> Path:
    """Write ``rulebook/`` into ``folder`` and the tallies beside it; the same bytes for the same quarter.

    Beside it and for the office alone: which cases wait for an evaluation is nothing for the readers of a run.

    ``flagged`` are the columns whose moments only stand for a published flag, ``absent`` what is not assessed for
    want of data. No titles, no reasons, nothing of
    evaluators; the matter of an award becomes a number.
    """
    folder.mkdir(parents=True)
    beside = tallies_of(folder)
    beside.mkdir(mode=0o700)
    tables = {CUBE: warehouse.connection.sql(query_text("keep/cube")).to_arrow_table()}
    for counts in layouts:  # from here on the rows are read where they are kept, and not worked out again
        file = beside / f"{ROWS}{counts}.parquet"
        parquet.write_table(warehouse.arrow_template("keep/rows", counts=counts), file, compression="zstd")
        warehouse.run_template("staging/parquet", table=f"facts.{counts}_marked", files=file)
    (beside / LAYOUT).write_text(written(layouts), encoding="utf-8")
    tables["flagged"] = _table(sorted(flagged), table=pyarrow.string(), column=pyarrow.string())
    tables["absent"] = _table([(name,) for name in sorted(absent)], name=pyarrow.string())
    for name, table in {**tables, **_registers(tallies)}.items():
        parquet.write_table(table, beside / f"{name}.parquet", compression="zstd")
    for file in sorted(f for f in rules.rglob("*") if f.suffix in (".yaml", ".yml", ".md") and f.is_file()):
        copy = folder / RULEBOOK / file.relative_to(rules)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    return folder


def tallies_of(folder: Path) -> Path:
    """Where the tallies of a run's folder lie: `<folder>.tallies`, outside what its readers are given."""
    folder = folder.resolve()
    return folder.with_name(folder.name + TALLIES)


def _registers(tallies: Mapping[str, UnitTally]) -> dict:
    """Units, assessments and awards as tables, in the order of their ids."""
    ordered = [tallies[id] for id in sorted(tallies)]
    awards = [(tally.unit.unit_id, award) for tally in ordered for award in tally.awards]
    matters = {key: number for number, key in enumerate(dict.fromkeys(award.matter_key for _, award in awards), 1)}
    units = {name: [getattr(tally.unit, name) for tally in ordered] for name in Unit.__dataclass_fields__}
    scores = [(t.unit.unit_id, item, hundredths(score)) for t in ordered for item, score in sorted(t.assessed.items())]
    before = [
        (tally.unit.unit_id, rule, id, n)
        for tally in ordered
        for rule, own in sorted(tally.before.items())
        for id, n in sorted(own.items())
    ]
    text, day, whole = pyarrow.string(), pyarrow.date32(), pyarrow.int64()
    return {
        "units": pyarrow.table(
            {
                name: pyarrow.array(values, {"ranked": pyarrow.bool_(), "sort": whole}.get(name, text))
                for name, values in units.items()
            }
        ),
        "before": _table(before, unit_id=text, rule_id=text, measure=text, n=whole),
        "assessed": _table(scores, unit_id=text, item_id=text, hundredths=whole),
        FIGURES: _table(
            [
                (tally.unit.unit_id, measure, month, n)
                for tally in ordered
                for measure, spans in sorted(tally.given.items())
                for month, n in sorted(spans.items())
            ],
            unit_id=text,
            measure=text,
            month=text,
            n=whole,
        ),
        "awards": _table(
            [(unit, a.award_id, a.award_type, str(matters[a.matter_key]), a.awarded_on) for unit, a in awards],
            unit_id=text,
            award_id=text,
            award_type=text,
            matter=text,
            awarded_on=day,
        ),
    }


def _table(rows: list[tuple], **columns):
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    return pyarrow.table(
        {name: pyarrow.array(list(column), kind) for (name, kind), column in zip(columns.items(), values, strict=True)}
    )


def read_kept(folder: Path, name: str, filters=None, columns: list[str] | None = None):
    """One kept table as Arrow; UsageRefusal where the run has none or it cannot be read."""
    file = tallies_of(folder) / f"{name}.parquet"
    try:
        if filters is None:
            return parquet.ParquetFile(file).read(columns)
        return parquet.read_table(file, filters=filters, partitioning=None)
    except FileNotFoundError:
        raise UsageRefusal(say("laboratory.no_tallies", folder=folder)) from None
    except pyarrow.ArrowInvalid:
        raise UsageRefusal(say("laboratory.damaged", file=file)) from None


def read_registers(folder: Path) -> dict[str, UnitTally]:
    """Units with their assessments, awards and figures as given, without counts, by unit_id in order."""
    assessed: dict[str, dict[str, Fraction]] = {}
    for row in read_kept(folder, "assessed").to_pylist():
        assessed.setdefault(row["unit_id"], {})[row["item_id"]] = Fraction(row["hundredths"], 100)
    awards: dict[str, list[Award]] = {}
    for row in read_kept(folder, "awards").to_pylist():
        award = Award(row["award_id"], row["award_type"], row["matter"], row["awarded_on"])
        awards.setdefault(row["unit_id"], []).append(award)
    before: dict[str, dict[str, dict[str, int]]] = {}
    if (tallies_of(folder) / "before.parquet").is_file():  # runs of before there were rules of change keep none
        for row in read_kept(folder, "before").to_pylist():
            before.setdefault(row["unit_id"], {}).setdefault(row["rule_id"], {})[row["measure"]] = row["n"]
    given: dict[str, dict[str, dict[str, int]]] = {}
    if (tallies_of(folder) / f"{FIGURES}.parquet").is_file():  # older runs keep none
        for row in read_kept(folder, FIGURES).to_pylist():
            given.setdefault(row["unit_id"], {}).setdefault(row["measure"], {})[row["month"]] = row["n"]
    units = [Unit(**row) for row in read_kept(folder, "units").to_pylist()]
    return {
        id: UnitTally(
            unit,
            0,
            {},
            {},
            assessed.get(id, {}),
            tuple(awards.get(id, ())),
            before=before.get(id, {}),
            given=given.get(id, {}),
        )
        for unit in units
        for id in (unit.unit_id,)
    }


def read_flagged(folder: Path) -> tuple[tuple[str, str], ...]:
    """The (table, column) pairs whose moments only stand for a published flag."""
    return tuple((row["table"], row["column"]) for row in read_kept(folder, "flagged").to_pylist())


def read_absent(folder: Path) -> frozenset[str]:
    """The tables and ``table.column`` names that the run was scored without; none of a run that kept no such list."""
    if not (tallies_of(folder) / "absent.parquet").is_file():
        return frozenset()
    return frozenset(row["name"] for row in read_kept(folder, "absent").to_pylist())


def written(layouts: Mapping[str, Marks]) -> str:
    """The layouts as JSON."""
    return json.dumps([marks.as_data() for marks in layouts.values()], ensure_ascii=False, indent=1) + "\n"


def read_layouts(folder: Path) -> dict[str, Marks] | None:
    """What the cube's marks and places say, by counted table; None for a run from before there were marks."""
    file = tallies_of(folder) / LAYOUT
    if not file.is_file():
        return None
    return {one["counts"]: Marks.of_data(one) for one in json.loads(file.read_text(encoding="utf-8"))}


def read_rows(
    folder: Path,
    counts: str,
    unit_ids: Iterable[str] | None,
    without_cases: Iterable[str],
    columns: list[str] | None = None,
):
    """The marked rows of a counted table, of these units (all where None) and without these cases, as Arrow."""
    if unit_ids is None and not without_cases:
        return read_kept(folder, f"{ROWS}{counts}", columns=columns)
    return read_kept(folder, f"{ROWS}{counts}", _wanted(unit_ids, without_cases))


def chosen(table, unit_ids: Iterable[str] | None, without_cases: Iterable[str]):
    """The same of a table at hand."""
    return table.filter(_wanted(unit_ids, without_cases))


def _wanted(unit_ids: Iterable[str] | None, without_cases: Iterable[str]):
    kept = pc.coalesce(~pc.field("case_id").isin(_strings(without_cases)), pc.scalar(True))  # some belong to no case
    return kept if unit_ids is None else kept & pc.field("unit_id").isin(_strings(unit_ids))


def flagged_before(table: Any) -> Any:
    """A table of format 1 with the flag `counted_before`, which the oldest runs did not keep: none of theirs was."""
    if "counted_before" in table.column_names or "month_dispatched" not in table.column_names:
        return table
    return table.append_column("counted_before", pyarrow.array([False] * len(table), pyarrow.bool_()))


def only_units(table, unit_ids: Iterable[str]):
    """The rows of these units."""
    return table.filter(pc.is_in(table["unit_id"], value_set=_strings(unit_ids)))


def _strings(values: Iterable[str]):
    return pyarrow.array(sorted(values), pyarrow.string())
