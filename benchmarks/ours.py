"""The project's stages from measure to rank over accepted Parquet files, and the two tables that they give."""

from pathlib import Path

from pipelines.assess import Request, Run
from pipelines.contracts.declared import load_contracts
from pipelines.edges.tablefiles import CsvFile, ledger_lines, write_csv
from pipelines.edges.warehouse import Warehouse
from pipelines.model.intake import Intake, Validation
from pipelines.model.period import Period
from pipelines.stages.validate import SQL_TYPES
from pipelines.views.rules import Lines
from pipelines.views.tables import LEDGER, RANKING, ranking_rows
from pipelines.wording import say

STAGES = ("measure", "judge", "settle", "rank")


def assess_accepted(accepted: Path, period: Period, out: Path) -> None:
    """Score the quarter under the default readings and write ranking.csv and ledger.csv, as the scripts do."""
    with Run(Request(period, accepted, out)) as run:
        run.intake = Intake((), (), {}, (), (), simulated=True)
        run.validation = Validation({}, (), ())
        look_at(run.warehouse, accepted)
        for stage in STAGES:
            getattr(run, stage)()
        run.observations, run.libraries = (), None  # none of this is among the tables
        run.accounts = run.received = run.quarantined = ()
        result = run.result()
        write_csv(out / "ranking.csv", RANKING, ranking_rows(result, say))
        with CsvFile(out / "ledger.csv", LEDGER) as ledger:
            for line in Lines(run.rulebook, say).rendered(ledger_lines(run.warehouse)):
                ledger.write(line)


def look_at(warehouse: Warehouse, accepted: Path) -> None:
    """Every Parquet file as a view ``accepted.<table>``; tables and columns that the export does not have are empty."""
    warehouse.connection.execute("set schema = 'accepted'")
    for name, contract in load_contracts().tables.items():
        if (file := accepted / f"{name}.parquet").is_file():
            rows = warehouse.connection.read_parquet(str(file))
            lacking = [column for column in contract.columns.values() if column.name not in rows.columns]
            empty = (f'null::{SQL_TYPES[column.type]} as "{column.name}"' for column in lacking)
            rows.project(", ".join(["*", *empty])).create_view(name)
        else:
            warehouse.run_template("staging/accepted", table=name, columns=contract.columns, types=SQL_TYPES)
    warehouse.connection.execute("set schema = 'main'")
