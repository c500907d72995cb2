"""What a scoring shows on Prefect's pages: how far it is, rows by table, where its pages lie; no unit and no score.

An artifact stays in Prefect's database for everybody who may look at it, so it holds nothing that is of a person, a
case or a unit.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from pipelines.edges.run_folders import MANIFEST
from pipelines.model.period import Period
from pipelines.stages import STAGES
from pipelines.wording import say


@contextmanager
def progress(period: Period) -> Iterator:
    """A bar that grows with every stage; what it gives is called with the name of one that ended."""
    bar = create_progress_artifact(0.0, key=f"stages-{_key(period)}", description=str(say("serve.stages")))

    def done(stage: str) -> None:
        update_progress_artifact(bar, 100 * (STAGES.index(stage) + 1) / len(STAGES))

    yield done


def show(period: Period, folder: Path) -> None:
    """The account of the rows, the run in a few lines, and a link to its pages."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    rows = [{"table": table, **counts} for table, counts in manifest["rows"].items()]
    key = _key(period)
    create_table_artifact(rows, key=f"rows-{key}", description=str(say("serve.rows")))
    facts = {"period": period, "run": folder.resolve().name, "cutoff": manifest["cutoff"], "folder": folder}
    create_markdown_artifact(str(say("serve.scored", **facts)), key=f"run-{key}")
    create_link_artifact((folder.absolute() / "index.html").as_uri(), key=f"pages-{key}")


def _key(period: Period) -> str:
    """Small letters, digits and dashes are all that Prefect takes."""
    return str(period).lower().replace("..", "-to-")
