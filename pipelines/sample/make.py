"""Makes the exports of an invented quarter: thirteen tables and a marker that says so."""

from collections.abc import Callable, Iterator
from pathlib import Path

from pipelines.edges.calendar import Calendar
from pipelines.edges.wording import say
from pipelines.model.period import Period
from pipelines.model.refusals import UsageRefusal

FORMATS = ("csv", "xlsx", "parquet")
MARKER = "SIMULATED"


def make_sample(out: Path, period: Period, units: int = 40, cases: int = 4000, seed: int = 1, format: str = "csv",
                progress: Callable[[str, int], None] | None = None, dirt: int = 0) -> list[Path]:
    """Write the exports of ``period`` to ``out`` and return the files, the marker `SIMULATED` last.

    ``cases`` counts case rows. ``dirt`` adds as many rows that the contracts turn away. ``progress`` is called with
    each table's name and rows once it is written. The same arguments give the same bytes. UsageRefusal for numbers
    that make no sense, an unknown format, and a folder with files that no sample wrote.
    """
    from pipelines.sample.dirt import soil
    from pipelines.sample.write import write_table

    _check(units, cases, seed, format, dirt)
    _make_room(out)
    files = []
    tables = soil(dict(draw_tables(period, units, cases, seed)), dirt, seed)
    for name, table in tables.items():
        files += write_table(out, name, table, format)
        if progress:
            progress(name, table.num_rows)
    marker = out / MARKER
    marker.write_text(str(say("sample.marker", period=period, seed=seed)) + "\n", encoding="utf-8", newline="\n")
    return [*files, marker]


def draw_tables(period: Period, units: int, cases: int, seed: int) -> Iterator[tuple[str, object]]:
    """The thirteen tables as typed Arrow tables, in the order in which their references can be followed."""
    import pyarrow as pa

    for name, columns in _columns(period, units, cases, seed):
        yield name, pa.table(columns)


def _columns(period: Period, units: int, count: int, seed: int) -> Iterator[tuple[str, dict]]:
    from pipelines.sample import adjustments, case_tables, cases, city, evaluators, events, registers
    from pipelines.sample.draw import stream
    from pipelines.sample.span import Span

    span = Span.of(period, Calendar.load())
    town = city.found_city(units, seed)
    drawn = cases.draw_cases(town, span, count, seed, period)
    evaluations = evaluators.draw_evaluations(drawn, span, seed, period)
    matters = registers.matters_table(town, span)
    incidents = events.incidents_table(drawn, town, seed, period)
    yield "units", city.units_table(town)
    yield "matters", matters
    yield "cases", case_tables.cases_table(drawn, town, seed, matters["matter_id"])
    yield "extensions", case_tables.extensions_table(drawn, town)
    yield "incidents", incidents
    yield "instructions", events.instructions_table(drawn, town, span, seed, period)
    yield "assessments", city.assessments_table(town, stream(seed, "assessments", period))
    yield "awards", events.awards_table(town, span, seed, period)
    yield "evaluators", evaluators.evaluators_table(town, span, seed)
    yield "evaluations", evaluators.evaluations_table(evaluations, drawn, town)
    yield "adjustments", adjustments.adjustments_table(drawn, town, span, incidents, evaluations, seed, period)
    yield "matter_changes", registers.matter_changes_table(town, span, seed)
    yield "knowledge", registers.knowledge_table(town, span, seed)


def _check(units: int, cases: int, seed: int, format: str, dirt: int) -> None:
    least = (("units", units, 1), ("cases", cases, 0), ("seed", seed, 0), ("dirt", dirt, 0))
    wrong = [name for name, value, low in least if value < low]
    if wrong:
        raise UsageRefusal(say("sample.number", name=wrong[0]))
    if format not in FORMATS:
        raise UsageRefusal(say("sample.format", format=format, formats=" ".join(FORMATS)))


def _make_room(out: Path) -> None:
    """An own folder: an earlier sample in it goes, anything else stays and is a refusal."""
    if out.exists() and not out.is_dir():
        raise UsageRefusal(say("sample.not_a_folder", out=out))
    present = sorted(out.iterdir()) if out.exists() else []
    if present and not (out / MARKER).exists():
        raise UsageRefusal(say("sample.occupied", out=out, file=present[0].name))
    for file in present:
        if file.is_file() and file.suffix.lstrip(".") in FORMATS:
            file.unlink()
    out.mkdir(parents=True, exist_ok=True)
