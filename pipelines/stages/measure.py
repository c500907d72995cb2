"""Measure: accepted rows become facts, facts become tallies; everything is counted once, under every reading."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pipelines.contracts.declared import load_contracts
from pipelines.contracts.history import limits
from pipelines.edges import published
from pipelines.edges import published as tallies_kept
from pipelines.edges.calendar import Calendar
from pipelines.edges.published import counted_in, counted_table
from pipelines.edges.warehouse import Arrow, Warehouse
from pipelines.engines.cube import Cube
from pipelines.engines.marks import derived_of, of_price, patterns_of, selection, variant
from pipelines.lazy import numpy as np
from pipelines.lazy import pyarrow
from pipelines.model.condition import typed
from pipelines.model.contract import AWARDS, NOTHING, Absent, Column
from pipelines.model.intake import ELSEWHERE
from pipelines.model.measure import CASE_ROWS, TABLE_OF, All, AnyOf, Compare, Condition, Not
from pipelines.model.measure import columns_of as columns_asked
from pipelines.model.period import Period
from pipelines.model.register import NO_REGISTER, Register
from pipelines.model.rule import EMPTY, Rule, Rulebook
from pipelines.model.score import CountedList
from pipelines.model.tally import WAIVED, WORD, Award, Marks, Unit, UnitTally
from pipelines.model.text import compared
from pipelines.model.words import ContractStop, Words, some_of
from pipelines.stages.judge import beside_others
from pipelines.wording import say

Own = Mapping[str, Mapping[str, Column]]  # a book's own columns: table -> name -> column
NO_COLUMNS: Own = MappingProxyType({})
SCALES = {"integer": 1, "decimal": 100}  # a sum is counted in whole parts of one
FACTS = ("quarter", "dissatisfied", "extensions", "evaluations", "final_evaluations", "circumstances")


def measure(
    warehouse: Warehouse,
    period: Period,
    cutoff: datetime,
    rulebook: Rulebook,
    calendar: Calendar,
    before: Iterable[CountedList] = (),
    register: Register = NO_REGISTER,
    drawn: Callable[[], Arrow] | None = None,
) -> None:
    """Fill ``facts.*`` and ``tallies.*`` from ``accepted.*`` (readings.md, Definitions every reading shares).

    ``before`` lists the case rows that earlier published quarters counted, ``drawn`` draws those that will be judged
    again (case_id, unit_id): what is counted of them is among the occurrences.
    A Refusal where an evaluation needs a working day of a year without a calendar.
    """
    store_working_days(warehouse, calendar)
    warehouse.store("facts.counted_before", counted_table(before, register))
    span = {"start": period.start, "end": period.end, "cutoff": cutoff}
    warehouse.run_template("facts/adjustments", waivers=_named(rulebook.marks[CASE_ROWS], rulebook))
    for name in FACTS:
        warehouse.run(f"facts/{name}", **span, **rulebook.evaluation)
        if name == "evaluations":
            for (day,) in warehouse.rows("facts/uncovered_days"):
                calendar.require(day)
    view_rows(warehouse, rulebook.marks, rulebook)
    if drawn is not None:
        warehouse.store("facts.drawn", drawn())
    tally(warehouse, rulebook.marks, rulebook, drawn is not None)


def view_rows(warehouse: Warehouse, layouts: Mapping[str, Marks], rulebook: Rulebook) -> None:
    """The rows of every counted table, and their marks, as views on what `accepted.*` holds when they are read."""
    for marks in layouts.values():
        _rows(warehouse, marks, _named(marks, rulebook), rulebook.columns)
    mark(warehouse, layouts, rulebook.columns)


def _named(marks: Marks, rulebook: Rulebook) -> list[tuple[str, tuple[str, ...]]]:
    """Each waiver of a table with the names that decisions give it; none for a waiver of any rule."""
    return [(rule, rulebook.waived_as(rule) if rule else ()) for rule in marks.waivers]


def _rows(warehouse: Warehouse, marks: Marks, named: list[tuple[str, tuple[str, ...]]], own: Own) -> None:
    """The rows of a counted table, as a view."""
    table, columns = load_contracts().tables[TABLE_OF.get(marks.counts, marks.counts)], columns_of(marks.counts, own)
    events = [column.name for column in columns.values() if column.type == "timestamp" and not column.deadline]
    if marks.counts == CASE_ROWS:
        derived = derived_of(CASE_ROWS)
        warehouse.run_template("facts/case_moments", events=events, derived=derived, waivers=marks.waivers)
        warehouse.run_template("facts/case_rows", derived=derived)
        return
    number = next(column for column in table.key if column not in ("unit_id", "case_id"))
    warehouse.run_template(
        "facts/rows", counts=marks.counts, events=events, columns=list(columns), waivers=named, number=number
    )


def mark(warehouse: Warehouse, layouts: Mapping[str, Marks], own: Own = NO_COLUMNS) -> None:
    """`facts.<table>_marked`: the months and the marks of every row, as views; ``own`` are the book's own columns."""
    constants = store_constants(warehouse, layouts, own)
    for marks in layouts.values():
        asked = [*marks.conditions, *(f"waived_by__{rule}" for rule in marks.waivers)]
        words = [
            [(1 << bit, node) for bit, node in enumerate(asked[first : first + WORD])]
            for first in range(0, WORD * marks.words, WORD)
        ]
        warehouse.run_template(
            "facts/marked",
            counts=marks.counts,
            words=words,
            places=marks.places,
            waivers=marks.waivers,
            quotes=[quote for quote in marks.quotes if quote != "case_id"],
            constants=constants[marks.counts],
            rows=rows_of(marks.counts),
            sums=[(name, SCALES[types_of(marks.counts, own)[name]]) for name in marks.sums],
            distincts=marks.distincts,
        )


def rows_of(counts: str) -> str:
    """The view of a counted table's rows."""
    return counts if counts == CASE_ROWS else f"{counts}_rows"


def store_constants(
    warehouse: Warehouse, layouts: Mapping[str, Marks], own: Own = NO_COLUMNS
) -> dict[str, dict[tuple[str, str], str]]:
    """``facts.constants``: a row of every value that a measure compares with; (column, value) → its name, by table.

    True and false go by themselves.
    """
    columns = {"one": pyarrow.array([1])}
    names: dict[str, dict[tuple[str, str], str]] = {}
    for marks in layouts.values():
        types = types_of(marks.counts, own)
        named = names.setdefault(marks.counts, {})
        for column, value in dict.fromkeys(pair for node in marks.conditions for pair in _constants(node)):
            kind, name = types[column.split("__")[0]], f"value_{len(columns)}"
            if kind == "boolean":
                named[column, value] = str(typed(kind, value)).lower()
                continue
            named[column, value] = f"k.{name}"
            columns[name] = _arrow(kind, value)
    warehouse.store("facts.constants", pyarrow.table(columns))
    return names


def types_of(counts: str, own: Own = NO_COLUMNS) -> dict[str, str]:
    """The type of every column of a counted table, the book's ``own`` and the derived ones too."""
    derived = {name: one.type for name, one in derived_of(counts).items()}
    return {name: column.type for name, column in columns_of(counts, own).items()} | derived


def columns_of(counts: str, own: Own = NO_COLUMNS) -> dict[str, Column]:
    """The columns of a counted table in the exports."""
    table = TABLE_OF.get(counts, counts)
    return {**load_contracts().tables[table].columns, **own.get(table, {})}


def _constants(node: Condition) -> Iterator[tuple[str, str]]:
    match node:
        case Compare(column=column, value=value, other=""):
            yield from ((column, one) for one in (value if isinstance(value, tuple) else (value,)))
        case Not(part=part):
            yield from _constants(part)
        case All(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _constants(part)


def _arrow(kind: str, value: str) -> Any:
    found = typed(kind, value)
    if isinstance(found, Fraction):
        return pyarrow.array([value], pyarrow.string()).cast(pyarrow.decimal128(18, 2))
    return pyarrow.array([found], pyarrow.timestamp("us") if kind == "timestamp" else None)


def tally(warehouse: Warehouse, layouts: Mapping[str, Marks], rulebook: Rulebook, drawn: bool = False) -> None:
    """Count the marked rows: `facts.<table>_counted`, and of all tables together `tallies.cube`.

    ``drawn``: the case rows of ``facts.drawn`` are told one by one as well.
    """
    for marks in layouts.values():
        grouped = [f"place_{k}" for k in range(len(marks.places))] + [f"marks_{k}" for k in range(marks.words)]
        grouped += [f"value_{k}" for k in range(len(marks.distincts))]
        warehouse.run_template(
            "facts/counted",
            counts=marks.counts,
            grouped=grouped,
            amounts=[f"amount_{k}" for k in range(len(marks.sums))],
            waivers=marks.waivers,
            quotes=[quote for quote in marks.quotes if quote != "case_id"],
            patterns=patterns_of(marks, rulebook),
            drawn=drawn and marks.counts == CASE_ROWS,
        )
    listed = list(layouts.values())
    warehouse.run_template(
        "tallies/cube",
        layouts=listed,
        most_places=max(len(one.places) for one in listed),
        most_words=max(one.words for one in listed),
        most_sums=max(len(one.sums) for one in listed),
        most_distincts=max(len(one.distincts) for one in listed),
    )


@dataclass(frozen=True)
class Selected:
    """What of the tally a measure is under the readings in force, or what of it costs nothing by a rule.

    Of a rule with several prices: what costs by one ``price`` of them.
    """

    measure: str
    counts: str
    place: int
    pattern: tuple[int, ...]
    rule: str = ""
    waivers: tuple[tuple[int, ...], ...] = ()
    amount: str = ""  # the column of the tally that is added up instead of rows
    value: str = ""  # the column whose different values are counted
    dearer: tuple[tuple[tuple[int, ...], tuple[tuple[int, ...], ...]], ...] = ()  # pattern and waivers of those rules
    price: str = ""


def selected(rulebook: Rulebook, readings: Mapping[str, str]) -> list[Selected]:
    """Every measure of the book, and every occurrence rule, as the tally's queries select them."""
    found = []
    for id, one in rulebook.measures.items():
        marks = rulebook.marks[one.counts]
        place, pattern = selection(one, readings, marks)
        amount = f"amount_{marks.sums.index(one.sum)}" if one.sum else ""
        value = f"value_{marks.distincts.index(one.distinct)}" if one.distinct else ""
        found.append(Selected(id, one.counts, place, pattern, amount=amount, value=value))
        for rule in rulebook.rules.values():
            if rule.kind == "occurrence" and rule.measure == id:
                for price, cost in rule.costs:
                    own = selection(of_price(one, rule, price), readings, marks)[1]
                    dearer = tuple(
                        (
                            selection(of_price(rulebook.measures[other.measure], other, at), readings, marks)[1],
                            _waivers(other, marks),
                        )
                        for other, at in rulebook.dearer(rule, cost)
                    )
                    more = (_waivers(rule, marks), amount, "", dearer, price)
                    found.append(Selected(id, one.counts, place, own, rule.id, *more))
    return found


def _waivers(rule: Rule, marks: Marks) -> tuple[tuple[int, ...], ...]:
    """The marks of a row that a decision waives for a rule."""
    names = ("", rule.id) if WAIVED + rule.id in marks.position else ("",)
    return tuple(marks.pattern([marks.position[WAIVED + name]]) for name in names)


def must_have_prices(warehouse: Warehouse, rulebook: Rulebook, readings: Mapping[str, str]) -> None:
    """ContractStop where a row costs by a column that says nothing of it, and the rule has no price for that (G16)."""
    for rule in rulebook.rules.values():
        if rule.prices and EMPTY not in dict(rule.prices):
            one = rulebook.measures[rule.measure]
            marks = rulebook.marks[one.counts]
            place, pattern = selection(one, readings, marks)
            priced = [selection(of_price(one, rule, value), readings, marks)[1] for value, _ in rule.prices]
            context = {"counts": one.counts, "place": place, "pattern": pattern, "priced": priced}
            [(n, unit, row)] = warehouse.rows_template("tallies/without_price", **context)
            if n:
                facts = {"rule": rule.id, "column": rule.by, "n": n, "unit": unit, "row": row}
                raise ContractStop(say("judge.no_price", **facts))


def tallies_in_force(
    warehouse: Warehouse, period: Period, rulebook: Rulebook, readings: Mapping[str, str], absent: Absent = NOTHING
) -> dict[str, UnitTally]:
    """The tally of every unit, by unit_id, as the readings in force see it; what cannot be counted is in no count."""
    lacking = absent.measures(rulebook.measures)
    assessed, awards = _assessed(warehouse), {} if AWARDS in lacking else _awards(warehouse, period)
    given, units = read_figures(warehouse, period, rulebook), warehouse.records("tallies/units")
    registers = {
        id: UnitTally(
            Unit(**row), 0, {}, {}, assessed.get(id, {}), tuple(awards.get(id, ())), lacking, given=given.get(id, {})
        )
        for row in units
        for id in (row["unit_id"],)
    }
    return counted(warehouse, registers, period, rulebook, readings)


def counted(
    warehouse: Warehouse,
    registers: Mapping[str, UnitTally],
    period: Period,
    rulebook: Rulebook,
    readings: Mapping[str, str],
) -> dict[str, UnitTally]:
    """Units that are told apart from their counts, with what `tallies.cube` counts of them and what they give."""
    counts: dict[str, dict[str, dict[str, int]]] = {}
    waived: dict[str, dict[str, dict[str, int]]] = {}
    priced: dict[str, dict[str, dict[str, dict[str, int]]]] = {}
    for row in warehouse.records_template(
        "tallies/in_force", selected=selected(rulebook, readings), months=list(period.months)
    ):
        tally = registers.get(row["unit_id"])
        if tally is None or row["measure"] in tally.lacking:
            continue
        if row["price"]:
            of_rule = priced.setdefault(row["unit_id"], {}).setdefault(row["rule_id"], {})
            of_rule.setdefault(row["price"], {})[row["month"]] = row["n"]
        else:
            kept, name = (waived, row["rule_id"]) if row["rule_id"] else (counts, row["measure"])
            kept.setdefault(row["unit_id"], {}).setdefault(name, {})[row["month"]] = row["n"]
    found = {}
    for id, tally in registers.items():
        of_unit: dict[str, dict[str, int]] = dict.fromkeys(rulebook.measures, {}) | counts.get(id, {})
        found[id] = replace(
            tally,
            case_rows=sum(of_unit[CASE_ROWS].values()),
            counts=of_unit,
            waived=waived.get(id, {}),
            parts=rulebook.parts,
            priced=priced.get(id, {}),
        )
        found[id] = with_figures(found[id], tally.given, period, rulebook) if tally.given else found[id]
    return beside_others(rulebook, found, period.months)


def given_months(tallies: Mapping[str, UnitTally], months: Sequence[str]) -> list[tuple[str, str, str]]:
    """(unit_id, measure, month) of every count that a city gives in place of rows."""
    return [
        (id, measure, month)
        for id, tally in tallies.items()
        for measure in tally.given
        for month in months
        if tally.is_given(measure, month)
    ]


def with_before(
    warehouse: Warehouse,
    tallies: Mapping[str, UnitTally],
    out: Path,
    period: Period,
    rulebook: Rulebook,
    readings: Mapping[str, str],
    register: Register = NO_REGISTER,
) -> dict[str, UnitTally]:
    """The tallies with what rules of change compare with: figures, else what the earlier period in ``out`` counted.

    Where there is neither, that run lacks the unit or does not tell a measure, or the unit was merged or split since,
    nothing is known; a unit that has another code now is known by the one it had.
    """
    found = dict(tallies)
    for rule in (rule for rule in rulebook.rules.values() if rule.kind == "change"):
        earlier = period.previous if rule.against == "previous" else period.year_before
        names = [id for id in (rule.measure, rule.part, rule.of) if id]
        known: dict[str, dict[str, int]] = {}
        for code, counts in _counted_before(Path(out), earlier, rulebook, readings, names).items():
            if unit := register.as_now(code, earlier, period):
                known[unit] = counts
        for unit, given in read_figures(warehouse, earlier, rulebook).items():
            whole = {id: spans for id, spans in given.items() if "" in spans or len(spans) == len(earlier.months)}
            known.setdefault(unit, {}).update({id: sum(spans.values()) for id, spans in whole.items() if id in names})
        for unit, counts in known.items():
            if unit in found and len(counts) == len(names):
                found[unit] = replace(found[unit], before={**found[unit].before, rule.id: counts})
    return found


def _counted_before(
    out: Path, earlier: Period, rulebook: Rulebook, readings: Mapping[str, str], names: list[str]
) -> dict[str, dict[str, int]]:
    """What the run of an earlier period counted of these measures, by unit; nothing where there is no such run."""
    folder = counted_in(out, earlier)
    if folder is None:
        return {}
    kept, absent = Kept.open(folder, earlier, earlier.end, rulebook), Absent(tallies_kept.read_absent(folder))
    registers = tallies_kept.read_registers(folder)
    cube = Cube.prepare(kept.cube, kept.layouts, rulebook.measures, registers, earlier.months, absent)
    counts, silent = {id: cube.whole(id, readings).tolist() for id in names}, cube.silent(*names)
    return {unit: {id: counts[id][k] for id in names} for k, unit in enumerate(cube.unit_ids) if not silent[k]}


def _assessed(warehouse: Warehouse) -> dict[str, dict[str, Fraction]]:
    scores: dict[str, dict[str, Fraction]] = {}
    for unit_id, item_id, score in warehouse.rows("tallies/assessed"):
        scores.setdefault(unit_id, {})[item_id] = Fraction(score)
    return scores


def _awards(warehouse: Warehouse, period: Period) -> dict[str, list[Award]]:
    awards: dict[str, list[Award]] = {}
    for unit_id, award_id, award_type, matter, awarded_on in warehouse.rows(
        "tallies/awards", start=period.start, end=period.end
    ):
        awards.setdefault(unit_id, []).append(Award(award_id, award_type, compared(matter), awarded_on))
    return awards


def store_working_days(warehouse: Warehouse, calendar: Calendar) -> None:
    """``facts.working_days``: every covered day, how many are worked up to and including it, whether it is."""
    days = calendar.all_days()
    table = pyarrow.table(
        {
            "day": pyarrow.array([day for day, _ in days], pyarrow.date32()),
            "counted": pyarrow.array([counted for _, counted in days], pyarrow.int32()),
            "worked": pyarrow.array([calendar.is_working(day) for day, _ in days], pyarrow.bool_()),
        }
    )
    warehouse.store("facts.working_days", table)


# A finished run's tallies: its marked rows and its cube, those of older runs too (semantics B7).


FORMAT_1 = ("case_rows", "incidents", "instructions")  # what a run kept from before measures were declared


@dataclass(frozen=True, eq=False)
class Kept:
    """The tallies beside a run's ``folder``, as ``layouts`` mark them; ``cutoff`` is the run's."""

    folder: Path
    period: Period
    cutoff: datetime
    rulebook: Rulebook
    layouts: Mapping[str, Marks]
    is_old: bool

    @classmethod
    def open(cls, folder: Path, period: Period, cutoff: datetime, rulebook: Rulebook) -> "Kept":
        """Of the run that was scored by ``rulebook``; UsageRefusal where it keeps none or they cannot be read."""
        layouts = published.read_layouts(folder)
        return cls(folder, period, cutoff, rulebook, rulebook.marks if layouts is None else layouts, layouts is None)

    @property
    def cube(self) -> Arrow:
        """`tallies.cube` as Arrow."""
        if self.is_old:
            return self._of_format_1["cube"]
        return published.read_kept(self.folder, published.CUBE, coded=("counts", "unit_id"))

    def rows(
        self,
        counts: str,
        unit_ids: Iterable[str] | None = None,
        without_cases: Iterable[str] = (),
        columns: list[str] | None = None,
    ) -> Arrow:
        """`facts.<table>_marked` as Arrow: of these units (all where None), without the rows of these cases."""
        if self.is_old:
            return published.chosen(self._of_format_1[counts], unit_ids, without_cases)
        return published.read_rows(self.folder, counts, unit_ids, without_cases, columns)

    def known_cases(self) -> list[str]:
        """Every case id of the quarter: those of its rows first, then what only other tables name."""
        found = (self.rows(counts, columns=["case_id"]) for counts in self.layouts)
        return [id for table in found for id in table["case_id"].to_pylist() if id is not None]

    def counted(self, readings: Mapping[str, str]) -> Arrow:
        """case_id and unit_id of the case rows that count under the readings, as Arrow."""
        table = self.rows(CASE_ROWS)
        return table.filter(self._months(CASE_ROWS, readings, table) > 0).select(["case_id", "unit_id"])

    def evidence(self, measure: str, readings: Mapping[str, str], unit_id: str, part: str = "") -> Arrow:
        """The rows of a unit that ``measure`` counts, as Arrow.

        Columns: month (1 = the period's first), case_id, ref_id, what the measure quotes, and ``counts``: whether
        ``part`` counts the row too, true without a part.
        """
        counts = self.rulebook.measures[measure].counts
        table = self.rows(counts, [unit_id])
        months = self._months(measure, readings, table)
        within = months > 0
        hits = self._months(part or measure, readings, table) > 0
        quotes = {name: f"quoted {variant(name, readings, counts)}" for name in self.rulebook.measures[measure].quotes}
        columns = {"case_id": "case_id", "ref_id": "ref_id"}
        columns |= {name: own for name, own in quotes.items() if name not in columns and own in table.column_names}
        found = table.select([*columns.values()]).rename_columns([*columns])
        return found.add_column(0, "month", [months]).append_column("counts", [hits]).filter(within)

    def _months(self, measure: str, readings: Mapping[str, str], table: Arrow) -> Any:
        """The month in which a measure counts each row of its ``table``, 0 where it does not: a NumPy array."""
        one = self.rulebook.measures[measure]
        place, pattern = selection(one, readings, self.layouts[one.counts])
        found = np.ones(len(table), dtype=bool)
        for word, bits in enumerate(pattern):
            found &= table[f"marks_{word}"].to_numpy().astype(np.uint64) & np.uint64(bits) == bits
        return np.where(found, table[f"place_{place}"].to_numpy(), 0)

    @cached_property
    def _of_format_1(self) -> dict[str, object]:
        """Counted table → its marked rows, and `cube` → the tally.

        Such a run kept flags instead of some moments; moments that come to the same flags stand for them.
        """
        warehouse = Warehouse()
        try:
            warehouse.run("facts/quarter", start=self.period.start, end=self.period.end, cutoff=self.cutoff)
            for name in FORMAT_1:
                warehouse.store(f"facts.kept_{name}", published.flagged_before(published.read_kept(self.folder, name)))
            named = {id: rule.measure for id, rule in self.rulebook.rules.items()}
            waivers = {counts: [(id, named.get(id, "")) for id in m.waivers] for counts, m in self.layouts.items()}
            warehouse.run_template("format_1/case_moments", waivers=waivers[CASE_ROWS])
            warehouse.run_template("facts/case_rows", derived=derived_of(CASE_ROWS))
            others = {counts: waivers[counts] for counts in FORMAT_1[1:]}
            warehouse.run_template("format_1/rows", **others)
            mark(warehouse, self.layouts)
            tally(warehouse, self.layouts, self.rulebook)
            rows = {counts: warehouse.arrow(f"facts.{counts}_marked") for counts in self.layouts}
            return {**rows, "cube": warehouse.arrow("tallies.cube")}
        finally:
            warehouse.close()


# Figures: counts that a city gives in place of rows; each replaces that of its unit, period and measure (G5).


# Unit -> measure -> month, "" of a longer period -> how many.
FigureCounts = Mapping[str, Mapping[str, Mapping[str, int]]]


def read_figures(warehouse: Warehouse, period: Period, rulebook: Rulebook) -> FigureCounts:
    """The figures of a period and of its months; those of other periods count nothing here.

    ContractStop where a number is no count of its measure, or no figure of its kind can be used (`_misfit`).
    """
    found: dict[str, dict[str, dict[str, int]]] = {}
    for unit, of, measure, n in warehouse.rows("tallies/figures"):
        months = Period.parse(of, period.year_starts).months
        if months != period.months and (len(months) > 1 or months[0] not in period.months):
            continue
        count, facts = Fraction(n) * rulebook.measures[measure].scale, {"unit": unit, "period": of, "measure": measure}
        if count.denominator != 1:
            raise ContractStop(say("figures.not_whole", n=n, **facts))
        span = months[0] if len(months) == 1 else ""
        if why := _misfit(measure, span, period, rulebook):
            raise ContractStop(say("figures.misfit", why=why, **facts))
        found.setdefault(unit, {}).setdefault(measure, {})[span] = count.numerator
    return found


def _misfit(measure: str, span: str, period: Period, rulebook: Rulebook) -> Words | None:
    """Why a figure cannot be used: its rules look at months, or its months do not add up to the period."""
    rules = [rule.id for rule in rulebook.rules.values() if rule.by_month and measure in rule.counted]
    if not span and rules:
        return say("figures.by_month", rules="、".join(rules))
    if span and len(period.months) > 1 and rulebook.measures[measure].distinct:
        return say("figures.different")
    return None


def must_fit(rulebook: Rulebook, period: Period, tallies: Mapping[str, UnitTally]) -> None:
    """ContractStop where another edition of the rules cannot use the figures that were given."""
    for unit, tally in tallies.items():
        for measure, spans in tally.given.items():
            for span in spans if measure in rulebook.measures else ():
                if why := _misfit(measure, span, period, rulebook):
                    facts = {"unit": unit, "period": span or str(period), "measure": measure}
                    raise ContractStop(say("figures.misfit", why=why, **facts))


def with_figures(
    tally: UnitTally, given: Mapping[str, Mapping[str, int]], period: Period, rulebook: Rulebook
) -> UnitTally:
    """The tally with a unit's figures in place of what its rows counted; waivers meet rows, and no figure.

    ContractStop where the exports do not tell a measure and its figures leave months out, and where a part comes
    out above its whole.
    """
    unit, counts, waived = tally.unit.unit_id, dict(tally.counts), dict(tally.waived)
    for measure, spans in given.items():
        missing = [] if "" in spans else [month for month in period.months if month not in spans]
        if measure in tally.lacking and missing:
            facts = {"unit": unit, "measure": measure, "months": "、".join(missing)}
            raise ContractStop(say("figures.months_missing", **facts))
        counts[measure] = spans if "" in spans else {**counts.get(measure, {}), **spans}
        if rulebook.measures[measure].distinct and "" not in spans:  # of a period of one month
            counts[measure] = {**spans, "": sum(spans.values())}
        for rule in (rule for rule in rulebook.rules.values() if rule.measure == measure and rule.id in waived):
            gone = period.months if "" in spans else spans
            waived[rule.id] = {month: n for month, n in waived[rule.id].items() if month not in gone}
    found = replace(tally, counts=counts, waived=waived, given=given, lacking=tally.lacking - set(given))
    for part, whole in _pairs(given, rulebook):
        for month in ("", *period.months):
            n, of = found.count(part, month), found.count(whole, month)
            if n > of and not found.lacking & {part, whole}:
                facts = {"unit": unit, "period": month or str(period), "part": part, "whole": whole}
                raise ContractStop(say("figures.above_whole", n=n, of=of, **facts))
    return replace(found, case_rows=found.count(CASE_ROWS))


def _pairs(given: Mapping[str, object], rulebook: Rulebook) -> Iterator[tuple[str, str]]:
    """Every part and its whole of which one is given."""
    for id, measure in rulebook.measures.items():
        if measure.among and not {id, measure.among}.isdisjoint(given):
            yield id, measure.among


def notices(warehouse: Warehouse, tallies: Mapping[str, UnitTally], rulebook: Rulebook) -> tuple[Words, ...]:
    """What cannot be so of a whole city; how many counts are as given and of which measures; () for none."""
    used = [(unit, id, span) for unit, tally in tallies.items() for id, spans in tally.given.items() for span in spans]
    titles = [rulebook.measures[id].title for id in dict.fromkeys(id for _, id, _ in used)]
    named = Words("、".join(title.zh for title in titles), ", ".join(title.en for title in titles))
    rest = len(warehouse.rows("tallies/figures")) - len(used)
    found = [say("figures.used", n=len(used), units=len({unit for unit, _, _ in used}), measures=named)] if used else []
    found += [say("figures.other_periods", n=rest)] if rest else []
    return (*one_sided(dict(warehouse.rows("tallies/tables")), tallies, rulebook), *found)


def one_sided(rows: Mapping[str, int], tallies: Mapping[str, UnitTally], rulebook: Rulebook) -> list[Words]:
    """What holds for every unit alike though it should tell them apart: as where a column was filled in wrongly.

    ``rows`` are those of the period by counted table; under `least` of `data_contracts/history.yaml` nothing is said.
    """
    units = list(tallies.values())
    rates = dict.fromkeys(_one_sided_rates(rows, units, rulebook))
    return [*_without_place(units), *rates, *_tables_without_a_row(rows, units, rulebook), *_zero_marks(units)]


def _without_place(units: Sequence[UnitTally]) -> Iterator[Words]:
    there = [one.unit for one in units if one.case_rows]
    if there and not any(unit.ranked for unit in there):
        yield say("assess.nobody_placed", units=len(there))
    if there and (without := sorted(one.unit.unit_name for one in units if one.unit.ranked and not one.case_rows)):
        yield say("assess.units_without_cases", units=len(without), named=some_of(without))


def _one_sided_rates(rows: Mapping[str, int], units: Sequence[UnitTally], rulebook: Rulebook) -> Iterator[Words]:
    """Rates of nothing, and those to which no row, or of a rate that should be low every row, adds."""
    least = limits()["least"]
    for rule in (rule for rule in rulebook.rules.values() if rule.is_rate):
        judged = [one for one in units if rule.is_for(one.unit.unit_group)]
        if any(one.lacking & {rule.part, rule.of} for one in judged):
            continue
        whole, part = (sum(one.count(id) for one in judged) for id in (rule.of, rule.part))
        of_table = rows.get(rulebook.measures[rule.of].counts, 0)
        if not whole and of_table >= least:
            yield _all_alike("nothing_counted", [rule.of], of_table, rulebook)
        elif whole >= least and part == (whole if rule.fewer else 0):
            yield _all_alike("all_of_all" if rule.fewer else "none_of_all", [rule.part], whole, rulebook)


def _tables_without_a_row(rows: Mapping[str, int], units: Sequence[UnitTally], rulebook: Rulebook) -> Iterator[Words]:
    for counts, n in rows.items():
        own = [id for id, one in rulebook.measures.items() if one.counts == counts]
        told = [id for id in own if not any(id in one.lacking for one in units)]
        if told and n >= limits()[ELSEWHERE]["least"] and not any(one.count(id) for id in told for one in units):
            yield _all_alike("no_row_counted", told, n, rulebook)


def _zero_marks(units: Sequence[UnitTally]) -> Iterator[Words]:
    marks = [mark for one in units for mark in one.assessed.values()]
    if len(marks) >= limits()["least"] and not any(marks):
        yield say("assess.all_zero", n=len(marks))


def _all_alike(key: str, measures: Sequence[str], n: int, rulebook: Rulebook) -> Words:
    """The sentence on measures of one table, with the columns on which they hang."""
    of = [rulebook.measures[id] for id in measures]
    [counts] = {one.counts for one in of}
    table, columns = load_contracts().tables[TABLE_OF.get(counts, counts)], columns_of(counts, rulebook.columns)
    asked = dict.fromkeys(name for one in of for part in one.where for name in sorted(columns_asked(part)))
    asked |= dict.fromkeys(name.removeprefix(f"{table.name}.") for one in of for name in one.needs)
    needed = [columns[name] for name in asked if name in columns]
    named = Words("、".join(f"{c.title}（{c.name}）" for c in needed), ", ".join(c.name for c in needed))
    titles = Words("”“".join(one.title.zh for one in of), ", ".join(one.title.en for one in of))
    facts = {"title": table.title.zh, "table": table.name, "measure": titles}
    return say(f"assess.{key}", n=n, columns=named, **facts)
