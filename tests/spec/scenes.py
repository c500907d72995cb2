"""What a row of each chapter is played on: the island's law, a stage, and what comes of what is given."""

import csv
import gzip
import io
import json
import os
from codecs import BOM_UTF8
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from unittest.mock import patch

import yaml

from pipelines.assess import Request, Run
from pipelines.cli import main
from pipelines.contracts.declared import load_contracts, of_book
from pipelines.edges.calendar import Calendar
from pipelines.edges.warehouse import Warehouse
from pipelines.model.contract import within
from pipelines.model.period import Period
from pipelines.model.tally import UnitTally
from pipelines.model.words import Refusal
from pipelines.rulebook.load import choose_readings, load_rulebook, with_changes
from pipelines.stages.ingest import ingest
from pipelines.stages.measure import measure, tallies_in_force
from pipelines.stages.validate import validate
from pipelines.views.rules import Lines
from pipelines.wording import say
from tests.contracts.world import read as raw_of
from tests.ingest.reading import raw_rows
from tests.publication.office import Checked
from tests.spec.manual import Row, Table
from tests.sql.accepted import warehouse_with
from tests.toy.exports import island_sample
from tests.toy.town import ISLAND, LAW, Town, award

PERIOD = Period.parse("2026Q3")
BOOK = ISLAND.book
CONTRACTS = within(of_book(load_contracts(), BOOK), PERIOD)
MEASURES, ITEMS = set(BOOK.measures), set(BOOK.items)
ASSESSED = set(ISLAND.full)
COUNTED = MEASURES - {"case_rows"}
Answers = Mapping[str, str]


@dataclass(frozen=True)
class Scene:
    """A chapter's words: what can be given and expected, the blocks it reads, and the play itself."""

    given: set[str]
    expected: set[str]
    play: Callable[[Table, Row], Answers]
    blocks: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=lambda: {"stop", "says", "notice"})  # a part of them is enough


def mapping(text: str) -> dict:
    """A cell or block of YAML, every value a text; an empty value stands for none."""
    return yaml.load(text or "{}", Loader=yaml.BaseLoader) or {}


def pairs(text: str) -> dict[str, str]:
    """`a=1, b=2` → by name."""
    return dict(one.strip().split("=") for one in text.split(",") if one.strip())


def number(value: Fraction | int) -> str:
    """12.50 → 12.5, the way the tables write it; what hundredths cannot say stays a fraction."""
    hundredths = Fraction(value) * 100
    if hundredths.denominator != 1:
        return str(value)
    text = f"{Decimal(hundredths.numerator) / 100:.2f}"
    return text.rstrip("0").rstrip(".")


def joined(found) -> str:
    """Several things in one cell."""
    return "; ".join(found)


# 1 ingest: a folder of files is read.

def play_ingest(table: Table, row: Row) -> Answers:
    """The block's files, one of them written otherwise, as raw rows, faults, notices and stops."""
    given = row.given
    with TemporaryDirectory() as place:
        folder = Path(place)
        files = {name: text for name, text in table.blocks.items() if name != given.get("without")}
        lines = files.pop("cases.csv", "").splitlines()
        if given.get("header"):
            lines[0] = lines[0].replace(*given["header"].split("=", 1))
        if given.get("more"):
            lines.append(given["more"])
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        if lines:
            content = ("\n".join(lines) + "\n").encode(given.get("encoding") or "utf-8")
            file = folder / (given.get("file") or "cases.csv")
            file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)
        if given.get("beside"):
            (folder / given["beside"]).write_text("\n".join(lines) + "\n", encoding="utf-8")
        if given.get("total"):
            (folder / "totals.csv").write_text(f"table,rows\ncases,{given['total']}\n", encoding="utf-8")
        absent = [name.strip() for name in given.get("absent", "").split(",") if name.strip()]
        warehouse = Warehouse()
        try:
            intake = ingest(warehouse, folder, CONTRACTS, None, absent=absent, measures=BOOK.measures.values())
            rows = raw_rows(warehouse, "cases")
        finally:
            warehouse.close()
    rows.sort(key=lambda one: (one["_file"], one["_line"]))
    receipts = [receipt for receipt in intake.receipts if receipt.table == "cases"]
    notices = [notice.en for receipt in intake.receipts for notice in receipt.notices] + [n.en for n in intake.notices]
    return {
        "read as": joined(receipt.encoding for receipt in receipts),
        "cases": joined(one["case_id"] for one in rows),
        "raw": joined(one[given.get("column") or "unit_id"] or "" for one in rows),
        "faults": joined(f"{breach.line} {breach.promise}" for breach in intake.breaches),
        "notice": joined(notices),
        "stop": joined(stop.en for stop in intake.stops),
    }


# 2 validate: raw rows against the contracts.

def play_validate(table: Table, row: Row) -> Answers:
    """The block's good rows, one of them changed, as accepted rows and broken promises."""
    given, tables = row.given, {name: [line] for name, line in mapping(table.blocks["rows"]).items()}
    name = given.get("table") or "cases"
    tables = {of: lines for of, lines in tables.items() if of in ("units", "cases", "matters", name)}
    [good] = tables[name]
    change = {given["column"]: given.get("cell", "")} if given.get("column") else mapping(given.get("change", ""))
    tables[name] = [{**good, **change}]
    tables[name] += [{**good, **mapping(given["again"])}] if given.get("again") else []
    tables[name] += [{**good, "case_id": f"G{k}"} for k in range(1, int(given.get("good") or 1))]
    tables[name] += [{**good, "case_id": f"B{k}", "dispatched_at": ""} for k in range(int(given.get("bad") or 0))]
    tables = {of: [{column: text or None for column, text in line.items()} for line in lines]
              for of, lines in tables.items()}
    warehouse = Warehouse()
    try:
        found = validate(warehouse, raw_of(warehouse, tables), CONTRACTS, PERIOD)
        kept = warehouse.arrow(f"accepted.{name}").to_pylist()
    finally:
        warehouse.close()
    value = kept[0][given.get("column") or "unit_id"] if kept else None
    return {
        "value": "" if value is None else str(value).lower() if isinstance(value, bool) else str(value),
        "kept": str(len(kept)),
        "breaks": joined(dict.fromkeys(breach.promise for breach in found.breaches if breach.table == name)),
        "warns": joined(breach.promise for breach in found.warnings if breach.table == name),
        "stop": joined(stop.en for stop in found.stops),
    }


# 3 measure: accepted rows are counted.

TRUTH = {"": None, "true": True, "false": False}
TABLES = ("cases", "extensions", "evaluations", "adjustments", "incidents", "instructions")


def play_measure(table: Table, row: Row) -> Answers:
    """One request of a harbour of its own and what belongs to it, counted under the readings."""
    tally = _counted(table)[row.line]
    months = [month for month, n in tally.counts["case_rows"].items() if n]
    costs = {f"{rule.id} costs": tally.occurrences(rule.id, rule.measure) for rule in BOOK.rules.values()
             if rule.kind == "occurrence"}
    counts = {id: tally.count(id) for id in BOOK.measures}
    return {name: str(n) for name, n in {**counts, **costs}.items()} | {"month": joined(months)}


@cache
def _counted(table: Table) -> dict[int, UnitTally]:
    """The tally of every row by its line; the rows of one cutoff are harbours of one quarter."""
    found, usual = {}, mapping(table.blocks.get("usual", ""))
    for cutoff in {row.given.get("cutoff", "") for row in table.rows}:
        rows = [row for row in table.rows if row.given.get("cutoff", "") == cutoff]
        warehouse = warehouse_with(evaluators=[{}], **_harbours(rows, usual))
        try:
            until = datetime.fromisoformat(cutoff) if cutoff else PERIOD.end
            measure(warehouse, PERIOD, until, BOOK, Calendar.load())
            for row in rows:
                readings = choose_readings(BOOK, pairs(row.given.get("reading", "")))
                found[row.line] = tallies_in_force(warehouse, PERIOD, BOOK, readings)[f"U{row.line}"]
        finally:
            warehouse.close()
    return found


def _harbours(rows: list[Row], usual: dict) -> dict[str, list[dict]]:
    """The accepted tables: what each row gives is its own unit's."""
    tables: dict[str, list[dict]] = {"units": [{"unit_id": f"U{row.line}"} for row in rows]}
    for row in rows:
        for name in TABLES:
            if name == "cases" or row.given.get(name):
                line = {**usual[name], **mapping(row.given.get(name, "")), "unit_id": f"U{row.line}"}
                empty = dict.fromkeys(CONTRACTS.tables[name].columns)
                facts = {column: TRUTH.get(text, text) for column, text in line.items()}
                tables.setdefault(name, []).append({**empty, **facts})
    return tables


# 4 judge, 5 settle: the counts of one harbour become points.

def town_of(text: str, book: str) -> Town:
    """The island, or the law of a block, with other points where a row says so."""
    town = other_law(book)
    return Town(with_changes(town.book, pairs(text))) if text else town


@cache
def other_law(text: str) -> Town:
    """The island with other keys in its rulebook.yaml."""
    if not text:
        return ISLAND
    with TemporaryDirectory() as place:
        return Town(load_rulebook(written_law(text, Path(place) / "law"), PERIOD.start.date()))


def written_law(text: str, folder: Path) -> Path:
    """The island's book with other keys in its rulebook.yaml; `items` and `rules` are those of single ones, by id."""
    copytree(LAW, folder)
    file, keys = folder / "rulebook.yaml", mapping(text)
    law = mapping(file.read_text(encoding="utf-8"))
    items = {item["id"]: item for section in law["sections"] for item in section["items"]}
    for id, more in keys.pop("items", {}).items():
        items[id].update(more)
    for id, more in keys.pop("rules", {}).items():
        [of_rule] = folder.glob(f"H*/{id}.yaml")
        told = {**mapping(of_rule.read_text(encoding="utf-8")), **more}
        of_rule.write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")
    law["rank"].update(keys.pop("rank", {}))
    file.write_text(yaml.safe_dump({**law, **keys}, allow_unicode=True), encoding="utf-8")
    return folder


def unit_of(given: Mapping[str, str], **more):
    """A harbour with the counts, marks and awards of a row."""
    counts = {name: [int(n) for n in given[name].split(",")] for name in COUNTED if given.get(name)}
    marks = {id: Fraction(given[id]) if given.get(id) else full for id, full in ISLAND.full.items()
             if given.get(id) != "none"}
    facts = [one.split() for one in given.get("awards", "").split(";") if one.strip()]
    listed = [award(f"W{k}", *one) for k, one in enumerate(facts, 1)]
    return ISLAND.unit(**{"case_rows": 100, **more}, assessed=marks, awards=listed, **counts)


def play_points(table: Table, row: Row) -> Answers:
    """One harbour judged and settled."""
    readings = pairs(row.given.get("reading", ""))
    town = town_of(row.given.get("changes", ""), table.blocks.get("book", ""))
    try:
        scores, entries, findings = town.settled(unit_of(row.given), **readings)
    except Refusal as refusal:
        return dict.fromkeys(POINTS, "") | {"stop": refusal.words.en}
    score = scores["U1"]
    facts = [Lines(town.book, say, lang) for lang in ("zh", "en")]
    texts = [lines.text(e.rule_id, e.sentence, json.dumps(dict(e.facts))) for e in entries for lines in facts]
    return {
        **{id: number(item.score) for id, item in score.items.items()},
        **{name: number(getattr(score, name)) for name in ("base", "bonus", "total")},
        "measured": number(score.measured_marks),
        "found": joined(f"{one.rule_id} {one.points}" for one in findings),
        "lines": joined(f"{e.rule_id} {_signed(e.points)}" for e in entries),
        **{f"{id} notes": joined(item.notes) for id, item in score.items.items()},
        "undone": joined(sorted(e.ref_id for e in entries if e.rule_id == "same_matter")),
        "clauses": joined(dict.fromkeys(f"{e.rule_id} {e.clause}" for e in entries)),
        "back": joined(f"{'+'.join(loss.rules)} {number(loss.back)}" for item in score.items.values()
                       for loss in item.losses),
        "says": joined(texts),
        "stop": "",
    }


def _signed(points: Fraction) -> str:
    return f"{'+' if points > 0 else ''}{number(points)}"


POINTS = {
    *ITEMS, *(f"{id} notes" for id in ITEMS), "base", "bonus", "total", "measured", "found", "lines", "undone",
    "clauses", "back", "says", "stop",
}


# 6 rank: the rows of a table are the island's harbours.

@cache
def _ranked(table: Table) -> dict[str, Answers]:
    units, before = [], []
    for row in table.rows:
        given, id = row.given, row.given["harbour"]
        units.append(unit_of(given, id=id, group=given.get("kind") or "deep", ranked=given.get("ranked") != "no",
                             case_rows=int(given.get("requests") or 100)))
        if given.get("before"):
            place = given["before"]
            before.append({"unit_id": id, "unit_group": given.get("kind") or "deep", "rank": place, "group_rank": place,
                           "base": "90.00", "bonus": "0.00", "total": "90.00"})
    readings, town = mapping(table.blocks.get("readings", "")), other_law(table.blocks.get("book", ""))
    standings, given = town.ranking(*units, **readings), town.verdicts(*units, previous=before)
    scores = town.settled(*units, **readings)[0]
    order = [verdict.id for verdict in town.book.verdicts]
    return {
        standing.unit_id: {
            "listed": str(k), "place": str(standing.rank or ""), "kind place": str(standing.group_rank or ""),
            "note": joined(standing.notes), "grade": standing.grade, "total": number(scores[standing.unit_id].total),
            "verdicts": joined(v for v in order if (standing.unit_id, v) in given),
        }
        for k, standing in enumerate(standings, 1)
    }


def play_rank(table: Table, row: Row) -> Answers:
    """One harbour among the others of its table."""
    return _ranked(table)[row.given["harbour"]]


# 7 publish: one sample quarter is run and written.

class Outcome:
    """A finished run of the island's sample quarter, kept until the tests end."""

    def __init__(self):
        self._place = TemporaryDirectory()
        self.exports = island_sample(Path(self._place.name) / "in", PERIOD, units=4, cases=120, seed=5)
        self.out = Path(self._place.name) / "out"
        with _unchecked(), Run(Request(PERIOD, self.exports, self.out, rules=LAW, pdf=False)) as run:
            self.rows = run.run().rows
        self.folder = self.out / str(PERIOD)

    def table(self, name: str) -> list[dict[str, str]]:
        """A published table."""
        with (self.folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


@cache
def outcome() -> Outcome:
    """The run, made once."""
    return Outcome()


def _unchecked():
    """The second check of the contracts takes seconds and changes no score: it is left out."""
    return patch("pipelines.assess.start_quality", lambda *facts: Checked(facts[-1]))


def _sums(kept: Outcome) -> dict[str, Callable[[], list]]:
    """What must add up, each with the places where it does not."""
    ranking, items, ledger, accounts = (kept.table(name) for name in ("ranking", "items", "ledger", "accounts"))
    lines: dict[tuple, Fraction] = {}
    for line in ledger:
        key = line["unit_id"], line["item_id"]
        lines[key] = lines.get(key, Fraction(0)) + Fraction(line["points"])
    base: dict[str, Fraction] = {}
    for item in items:
        if Fraction(item["full_marks"]):
            base[item["unit_id"]] = base.get(item["unit_id"], Fraction(0)) + Fraction(item["score"])
    assert ranking and items and ledger and accounts
    return {
        "full_marks + points = score": lambda: [
            one for one in items
            if Fraction(one["full_marks"]) + lines.get((one["unit_id"], one["item_id"]), 0) != Fraction(one["score"])
        ],
        "items = base": lambda: [row for row in ranking if base[row["unit_id"]] != Fraction(row["base"])],
        "bonus lines = bonus": lambda: [
            row for row in ranking if lines.get((row["unit_id"], "H3"), 0) != Fraction(row["bonus"])
        ],
        "base + bonus = total": lambda: [
            row for row in ranking if Fraction(row["base"]) + Fraction(row["bonus"]) != Fraction(row["total"])
        ],
        "read = accepted + quarantined": lambda: [
            name for name, rows in kept.rows.items()
            if rows.read != rows.accepted + rows.quarantined + rows.left_out + rows.blank + rows.replaced
        ],
    }


SUMS = ("full_marks + points = score", "items = base", "bonus lines = bonus", "base + bonus = total",
        "read = accepted + quarantined")


def play_publish(table: Table, row: Row) -> Answers:
    """A file of the finished run, a sum over its tables, or a command beside it."""
    kept, given = outcome(), row.given
    if given.get("file"):
        file = kept.folder / given["file"]
        if not file.exists():
            return {"columns": "", "byte mark": "", "there": "no"}
        content = file.read_bytes()
        head = content.decode("utf-8-sig", errors="replace").split("\n", 1)[0].strip()
        return {"columns": head, "byte mark": "yes" if content.startswith(BOM_UTF8) else "no", "there": "yes"}
    if given.get("sum"):
        return {"differences": str(len(_sums(kept)[given["sum"]]()))}
    code, output = _command(kept, given["command"])
    return {"exit": str(code), "says": output}


def _command(kept: Outcome, command: str) -> tuple[int, str]:
    with TemporaryDirectory() as empty:
        places = {"EXPORTS": kept.exports, "OUT": kept.out, "EMPTY": empty, "LAW": LAW}
        words = [str(places.get(word, word)) for word in command.removeprefix("gongping ").split()]
        said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        english = patch.dict(os.environ, {"GONGPING_LANG": "en"})
        try:
            with english, _unchecked(), redirect_stdout(said), redirect_stderr(said):
                main(words)
        except SystemExit as ended:
            code = int(ended.code or 0)
        said.flush()
    facts = " ".join(said.buffer.getvalue().decode("utf-8").split())
    return code, facts.replace(str(kept.out), "OUT")


SCENES = {
    "1_ingest": Scene(
        {"file", "encoding", "header", "more", "without", "beside", "absent", "column", "total"},
        {"read as", "cases", "raw", "faults", "notice", "stop"},
        play_ingest,
        {"cases.csv", "units.csv"},
    ),
    "2_validate": Scene(
        {"table", "column", "cell", "change", "again", "good", "bad"},
        {"value", "kept", "breaks", "warns", "stop"},
        play_validate,
        {"rows"},
    ),
    "3_measure": Scene(
        {*TABLES, "reading", "cutoff"},
        {*MEASURES, "month", *(f"{rule.id} costs" for rule in BOOK.rules.values() if rule.kind == "occurrence")},
        play_measure,
        {"usual"},
    ),
    "4_judge": Scene({*COUNTED, *ASSESSED, "reading", "awards", "changes"}, POINTS, play_points),
    "5_settle": Scene({*COUNTED, *ASSESSED, "reading", "awards", "changes"}, POINTS, play_points, {"book"}),
    "6_rank": Scene(
        {"harbour", "kind", "ranked", "requests", "before", *COUNTED, *ASSESSED, "awards"},
        {"listed", "place", "kind place", "note", "grade", "total", "verdicts"},
        play_rank,
        {"readings", "book"},
    ),
    "7_publish": Scene(
        {"file", "sum", "command"}, {"columns", "byte mark", "there", "differences", "exit", "says"}, play_publish,
        texts={"says"},
    ),
}
