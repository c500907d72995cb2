"""A finished run read back from its files: what the laboratory needs of it, and what was published; read only."""

import csv
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from shlex import quote
from typing import Any

from pipelines.edges.fingerprints import file_sha256
from pipelines.edges.folders import MANIFEST, RUNS
from pipelines.edges.templates import render
from pipelines.edges.warehouse import Warehouse, query_text
from pipelines.lazy import compute as pc
from pipelines.lazy import jinja2, parquet, pyarrow
from pipelines.model.period import Period
from pipelines.model.points import hundredths
from pipelines.model.register import NO_REGISTER, Register
from pipelines.model.score import CountedList, Earlier
from pipelines.model.tally import Award, Marks, Unit, UnitTally
from pipelines.model.text import unguarded
from pipelines.model.words import UsageRefusal, VerificationFailed, Words
from pipelines.wording import say

# What a finished run keeps for the laboratory: tallies and facts as Parquet, and the rulebook it was scored by.


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
    want of data. No titles, no reasons, nothing of evaluators; the matter of an award becomes a number.
    """
    folder.mkdir(parents=True)
    beside = tallies_of(folder)
    beside.mkdir(mode=0o700)
    tables = {CUBE: warehouse.connection.sql(query_text("keep/cube")).to_arrow_table()}
    for counts in layouts:
        rows = warehouse.arrow_template("keep/rows", counts=counts)
        parquet.write_table(rows, beside / f"{ROWS}{counts}.parquet", compression="zstd")
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


def read_where_kept(warehouse: Warehouse, layouts: Iterable[str], folder: Path) -> None:
    """From here on the marked rows are read from what `keep_tallies` wrote into ``folder``, not worked out again."""
    for counts in layouts:
        file = tallies_of(folder) / f"{ROWS}{counts}.parquet"
        warehouse.run_template("staging/parquet", table=f"facts.{counts}_marked", files=file)


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


def read_kept(folder: Path, name: str, filters=None, columns: list[str] | None = None, coded: Sequence[str] = ()):
    """One kept table as Arrow; UsageRefusal where the run has none or it cannot be read.

    The columns ``coded``, of few different words, come as they are stored: numbers, and their words once.
    """
    file = tallies_of(folder) / f"{name}.parquet"
    try:
        if filters is None:
            return parquet.ParquetFile(file, read_dictionary=coded).read(columns)
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
    """The rows of these units; a coded column would still hold the words of the others."""
    ids = table["unit_id"].cast(pyarrow.string())
    plain = table.set_column(table.column_names.index("unit_id"), "unit_id", ids)
    return plain.filter(pc.is_in(ids, value_set=_strings(unit_ids)))


def _strings(values: Iterable[str]):
    return pyarrow.array(sorted(values), pyarrow.string())


# A published quarter, read back from its files; read only.


# The columns without which a table cannot be used.
NEEDED = {
    "ranking.csv": {"unit_id", "unit_name", "unit_group", "base", "bonus", "total", "rank", "group_rank"},
    "items.csv": {"unit_id", "item_id", "full_marks", "score"},
    "ledger.csv": {"unit_id", "item_id", "rule_id", "case_id", "points"},
    "evidence.csv": {"unit_id", "item_id", "rule_id", "month", "case_id", "ref_id", "detail"},
}


@dataclass(frozen=True, eq=False)
class PublishedQuarter:
    """The tables of one finished run, as text."""

    folder: Path
    ranking: dict[str, dict]  # by unit_id, in listing order
    items: dict[tuple[str, str], dict]  # by unit_id and item_id

    @classmethod
    def open(cls, folder: Path) -> "PublishedQuarter":
        """Open a finished run's folder; UsageRefusal where there is none or it is not whole."""
        resolved = folder.resolve()  # the run that is published now, whatever is published next
        try:
            ranking = ranking_of(resolved)
            items = {(line["unit_id"], line["item_id"]): line for line in _lines(resolved / "items.csv")}
        except (FileNotFoundError, NotADirectoryError):
            facts = {"folder": folder, "finished": _finished(folder.parent), "remedy": found_elsewhere(folder)}
            raise UsageRefusal(say("published.none", **facts)) from None
        return cls(resolved, ranking, items)

    @cached_property
    def result(self) -> dict:
        """The feed, read when it is first asked for: it holds the whole ledger."""
        return json.loads((self.folder / "result.json").read_text(encoding="utf-8"))

    def ledger(self) -> Iterator[dict]:
        """The lines of the ledger, one at a time."""
        return _lines(self.folder / "ledger.csv")

    def ledger_of(self, unit_id: str) -> list[dict]:
        """The ledger lines of one unit."""
        return [line for line in self.ledger() if line["unit_id"] == unit_id]

    def misses_of(self, unit_id: str) -> list[dict]:
        """The rows that keep the rates of one unit from their best; none of a run from before they were kept."""
        file = self.folder / "evidence.csv"
        return [line for line in _lines(file) if line["unit_id"] == unit_id] if file.is_file() else []


def run_folder(given: str | Path, out: str | Path) -> Path:
    """The folder of a run: of a period, in any spelling, below ``out``; else the folder that is given.

    UsageRefusal that shows the spellings where it is neither.
    """
    try:
        named = str(Period.parse(str(given)))
    except ValueError:
        if not Path(given).is_dir():
            raise UsageRefusal(say("published.no_period", given=given)) from None
        return Path(given)
    return Path(named) if not (Path(out) / named).is_dir() and Path(named).is_dir() else Path(out) / named


def ranking_of(folder: Path) -> dict[str, dict]:
    """The lines of a run's `ranking.csv` by unit_id; FileNotFoundError without it."""
    return {line["unit_id"]: line for line in _lines(folder / "ranking.csv")}


def found_elsewhere(folder: Path) -> Words:
    """What to do where ``<out>/<period>`` holds no run: the nearest output folder that has one, else to make it.

    Looked at are the folders up to two below the one that was asked for and below the working directory.
    """
    period, out = folder.name, folder.parent
    places = (
        file.parents[1]
        for start in (out, out.parent, Path())
        for depth in ("", "*/", "*/*/")
        for file in sorted(start.glob(f"{depth}{period}/ranking.csv"))
    )
    if (nearest := next(places, None)) is None:
        return say("published.run_first", period=period)
    return say("published.is_in", out=quote(str(nearest)))


def _lines(file: Path) -> Iterator[dict]:
    """The lines of a table; UsageRefusal where it is cut short, lacks a column or is no text."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            table = csv.reader(opened, strict=True)
            header = next(table, [])
            if not NEEDED[file.name] <= set(header):
                raise csv.Error(header)
            for cells in table:
                yield {name: unguarded(cell) for name, cell in zip(header, cells, strict=True)}
    except (ValueError, csv.Error):
        raise UsageRefusal(say("published.damaged", folder=file.parent)) from None


def _finished(out: Path) -> str:
    if not out.is_dir():
        return "–"
    names = sorted(entry.name for entry in out.iterdir() if (entry / "ranking.csv").is_file())
    return " ".join(names[-8:]) or "–"


# The pages that a preview words otherwise than the run: kept beside the run as data, rendered when it is sent.


PROPOSED = "proposed.json"


def proposed_file(folder: Path) -> Path:
    """Where the pages of a run's folder lie, outside what its readers are given."""
    return tallies_of(folder) / PROPOSED


def keep_proposed(file: Path, pages: Iterable[tuple[str, str, dict]], beside: dict[str, bool]) -> None:
    """Write pages, each its name, template and page dict; ``beside`` is what `render` is told of their neighbours."""
    rows = [{"name": name, "template": template, "page": page} for name, template, page in pages]
    text = json.dumps({"beside": beside, "pages": rows}, ensure_ascii=False)  # without indents, a tenth of the time
    file.write_text(text, encoding="utf-8")


def proposed_pages(folder: Path, promised: str) -> Iterator[tuple[str, str]]:
    """Name and HTML of each page.

    VerificationFailed where they are not those that the manifest ``promised``, or of another version of the program
    whose pages these templates cannot show.
    """
    file = proposed_file(folder)
    if not file.is_file():
        raise VerificationFailed(say("publication.lost", folder=file.parent, file=file.name))
    if file_sha256(file) != promised:
        raise VerificationFailed(say("publication.changed", folder=file.parent, file=file.name))
    document = json.loads(file.read_text(encoding="utf-8"))
    for one in document["pages"]:
        try:
            html = render(one["template"], one["page"], **document["beside"])
        except jinja2.TemplateError:  # a fact that the page of another version did not have
            raise VerificationFailed(say("publication.older_pages", folder=folder)) from None
        yield one["name"], html


# The quarters before one: read from the editions in force, and from runs where nothing is published.


EDITIONS, INDEX, RANKING = "published", "index.json", "ranking.csv"


def earlier_periods(out: Path, period: Period) -> tuple[Earlier, ...]:
    """Every period like ``period`` that lies in ``out`` and ended before it, the oldest first.

    It counts with its published edition in force, else with its run; UsageRefusal for a damaged one.
    """
    return tuple(_read(before, folder) for before, folder in earlier_folders(out, period).items())


def earlier_folders(out: Path, period: Period) -> dict[Period, Path]:
    """Where each of these periods lies, the oldest first."""
    found = {before for before in _ended_before(out, period) if (before.kind, before.n) == (period.kind, period.n)}
    folders = {before: edition_in_force(out, before) or out / str(before) for before in sorted(found)}
    return {before: folder for before, folder in folders.items() if (folder / RANKING).is_file()}


def at_its_newest(out: Path, period: Period) -> Earlier | None:
    """A period's published edition in force, else its run; None where there is neither. UsageRefusal if damaged."""
    folder = edition_in_force(out, period) or Path(out) / str(period)
    return _read(period, folder) if (folder / RANKING).is_file() else None


def edition_in_force(out: Path, period: object) -> Path | None:
    """The folder of a quarter's newest published edition, None where none is published."""
    place = out / EDITIONS / str(period)
    try:
        editions = json.loads((place / INDEX).read_text(encoding="utf-8"))["editions"]
        return place / str(int(editions[0]["folder"])) if editions else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageRefusal(say("published.damaged", folder=place)) from None


def counted_in(out: Path, period: object) -> Path | None:
    """The run beside which the counts of a period lie: of its edition in force, else its own; None where none is kept.

    An edition is a copy of a run and holds no counts: they lie beside the run with the same manifest.
    """
    folder = (edition_in_force(out, period) or Path(out) / str(period)).resolve()
    if tallies_of(folder).is_dir():
        return folder
    if not (folder / MANIFEST).is_file() or folder.parent.parent.name != EDITIONS:
        return None
    runs = sorted((folder.parents[2] / RUNS / folder.parent.name).glob(f"*/{MANIFEST}"))
    same = (file.parent for file in runs if file_sha256(file) == file_sha256(folder / MANIFEST))
    return next((run for run in same if tallies_of(run).is_dir()), None)


def _ended_before(out: Path, period: Period) -> set[Period]:
    """Every period that ended before another began and has a run or an edition in ``out``."""
    found = set()
    for entry in (*_entries(out), *_entries(out / EDITIONS)):
        with suppress(ValueError):
            found.add(Period.parse(entry.name, period.year_starts))
    return {one for one in found if one.end <= period.start}


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _read(period: Period, folder: Path) -> Earlier:
    quarter = PublishedQuarter.open(folder)
    ranking, items = file_sha256(quarter.folder / RANKING), {}
    for (unit_id, _), line in quarter.items.items():
        items.setdefault(unit_id, []).append(line)
    items = {unit_id: tuple(lines) for unit_id, lines in items.items()}
    file = quarter.folder / MANIFEST
    if not file.is_file():
        return Earlier(period, quarter.ranking, items, ranking_sha256=ranking)
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        figures = {name: int(n) for name, n in manifest.get("figures", {}).items()}
        received = tuple({"kind": kind, "name": name, "n": int(n)} for kind, name, n in manifest.get("received", ()))
        basis = (manifest["rulebook"]["sha256"], tuple(sorted(manifest["readings"].items())))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UsageRefusal(say("published.damaged", folder=folder)) from None
    return Earlier(period, quarter.ranking, items, figures, received, basis, ranking, file_sha256(file))


# Which case rows a published quarter counted: kept for the office alone, so that a later quarter leaves them out.


RESTRICTED = "restricted"
RUNNING = "running"  # the days of a watch, with the cases that they name


def list_of(out: Path, period: object, edition: str) -> Path:
    """Where the list of an edition lies: outside what is published."""
    return Path(out) / RESTRICTED / str(period) / f"counted-{edition}.parquet"


def keep_counted(out: Path, period: object, edition: str, counted) -> str:
    """Write the ids of the case rows that a run counted (Arrow: case_id, unit_id); the list's sha256.

    Ids of cases and units and nothing else; the folder is the office's own.
    """
    file = list_of(out, period, edition)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.parent.parent.chmod(0o700)
    new = file.with_suffix(".new")
    parquet.write_table(counted, new, compression="zstd")
    new.chmod(0o600)
    with new.open("rb") as opened:
        os.fsync(opened.fileno())
    new.replace(file)
    return file_sha256(file)


def counted_lists(out: Path, period: Period) -> tuple[tuple[CountedList, ...], tuple[Words, ...]]:
    """The lists of every published period of ``out`` that ended before, oldest first, and a word on what lacks one."""
    found, unknown = [], []
    for before in sorted(_ended_before(out, period)):
        edition = edition_in_force(out, before)
        if edition is None:
            continue
        file = list_of(out, before, edition.name)
        if file.is_file():
            found.append(CountedList(before, file, file_sha256(file)))
        else:
            unknown.append(say("assess.counted_unknown", period=before, file=file.relative_to(out)))
    return tuple(found), tuple(unknown)


def counted_table(lists: Iterable[CountedList], register: Register = NO_REGISTER):
    """case_id, unit_id and the first quarter that counted the row, as Arrow; UsageRefusal for a damaged list.

    A row counted for a unit that has ended is counted for the successors of that unit as well.
    """
    rows: dict[tuple[str, str], str] = {}
    for one in lists:
        try:
            listed = parquet.ParquetFile(one.file).read(["case_id", "unit_id"])
        except (OSError, pyarrow.ArrowException):
            raise UsageRefusal(say("assess.counted_damaged", period=one.period, file=one.file)) from None
        for case, unit in zip(*(listed[name].to_pylist() for name in ("case_id", "unit_id")), strict=True):
            for code in (unit, *register.later(unit)):
                rows.setdefault((case, code), str(one.period))
    cases, units = zip(*rows, strict=True) if rows else ((), ())
    text = pyarrow.string()
    return pyarrow.table(
        {
            "case_id": pyarrow.array(cases, text),
            "unit_id": pyarrow.array(units, text),
            "counted_in": pyarrow.array(list(rows.values()), text),
        }
    )
