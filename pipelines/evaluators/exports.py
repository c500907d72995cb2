"""What the step needs of the exports: dissatisfied case rows, the panel, the names of units; all under contract."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from pipelines.evaluators.eligibility import Evaluator, fields_of
from pipelines.evaluators.state import CaseKey
from pipelines.model.contract import Contracts
from pipelines.model.refusals import ContractStop
from pipelines.model.words import Words

TABLES = ("units", "matters", "cases", "evaluators", "appointment_steps", "guidance")


@dataclass(frozen=True)
class Dissatisfied:
    """A case row that the public rated dissatisfied."""

    key: CaseKey
    rated_at: datetime | None  # None counts as before any moment
    topics: tuple[str, ...]


@dataclass(frozen=True)
class Exports:
    """The exports as the evaluators' work sees them."""

    cases: tuple[Dissatisfied, ...]  # by the moment of the public's rating
    panel: tuple[Evaluator, ...]  # by evaluator_id
    units: dict[str, str]  # unit_id -> unit_name
    quarantined: int  # rows of these tables that a contract turned away
    simulated: bool
    steps: tuple[tuple[str, str, date], ...] = ()  # evaluator, step, day: what became of appointments (E7)
    training: tuple[tuple[str, date, str], ...] = ()  # kind, day, topic, the newest first (E6)


def joined(parts: list[Exports]) -> Exports:
    """Exports of several periods as one, the newest first: who or what stands in both is as the newer one has it."""
    panel = {one.evaluator_id: one for part in reversed(parts) for one in part.panel}
    cases = {one.key: one for part in reversed(parts) for one in part.cases}
    units = {id: name for part in reversed(parts) for id, name in part.units.items()}
    return Exports(
        tuple(sorted(cases.values(), key=lambda one: (one.rated_at or datetime.min, one.key))),
        tuple(panel[id] for id in sorted(panel)),
        units,
        sum(part.quarantined for part in parts),
        all(part.simulated for part in parts),  # typed moments count for invented data alone
        tuple(sorted({step for part in parts for step in part.steps}, key=lambda step: (step[2], step))),
        tuple(sorted({one for part in parts for one in part.training}, key=lambda one: one[1], reverse=True)),
    )


def read_exports(folder: Path) -> Exports:
    """Read and validate the tables that matter here; ContractStop where a contract stops the run."""
    from pipelines.contracts.declared import load_contracts
    from pipelines.edges.scratch import scratch
    from pipelines.edges.warehouse import Warehouse
    from pipelines.stages.ingest import ingest
    from pipelines.stages.validate import validate

    every = load_contracts()
    contracts = Contracts({name: table for name, table in every.tables.items() if name in TABLES})
    with scratch() as work:  # nothing is copied there: only what memory cannot hold
        warehouse = Warehouse(spill=work)
        try:
            intake = ingest(warehouse, folder, contracts)
            stop_for(intake.stops)
            warehouse.lock(work)
            validation = validate(warehouse, intake, contracts)
            stop_for(validation.stops)
            quarantined = sum(count.quarantined for count in validation.rows.values())
            return _as_seen(warehouse, quarantined, intake.simulated)
        finally:
            warehouse.close()


def _as_seen(warehouse, quarantined: int, simulated: bool) -> Exports:
    cases = tuple(
        Dissatisfied((case, unit), rated, tuple(sorted(topics)))
        for case, unit, rated, topics in warehouse.rows("evaluators/dissatisfied")
    )
    people = ({**row, "fields": fields_of(row["fields"])} for row in warehouse.records("evaluators/panel"))
    panel = tuple(Evaluator(**row) for row in people)
    steps, training = (tuple(warehouse.rows(f"evaluators/{name}")) for name in ("steps", "training"))
    return Exports(cases, panel, dict(warehouse.rows("evaluators/units")), quarantined, simulated, steps, training)


def stop_for(stops: tuple[Words, ...]) -> None:
    """ContractStop with every reason, where there is one."""
    if stops:
        raise ContractStop(Words("\n".join(stop.zh for stop in stops), "\n".join(stop.en for stop in stops)))
