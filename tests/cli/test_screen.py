"""What the terminal shows on a screen of eighty columns."""

import io
import re

from rich.console import Console

from pipelines.model.intake import Breach
from pipelines.model.words import Words
from pipelines.screen import show_breaches
from tests.cli.conftest import PERIOD

REMEDY = "所指的《诉求件》那一行已被隔离；请先改正那一行"


def test_on_eighty_columns_what_to_do_about_rows_in_quarantine_is_told_whole():
    breach = Breach(
        "adjustments",
        "adjustments.csv",
        14,
        "FH1",
        "case_id/unit_id",
        "reference_rejected",
        "2026071300001/U008",
        Words(REMEDY, "mend that row"),
    )
    screen = Console(file=io.StringIO(), width=80)
    show_breaches(screen, [breach], {"adjustments": "复核决定"})
    lines = [line.split("│")[1:-1] for line in screen.file.getvalue().splitlines() if line.startswith("│")]
    told = ["".join(cell.strip() for cell in column) for column in zip(*lines, strict=True)]
    assert {"adjustments.csv:14", "2026071300001/U008", REMEDY} <= set(told)
    assert "…" not in screen.file.getvalue()


def test_tables_are_called_by_their_titles(call, quick, exports, tmp_path):
    code, said, _ = call("check", PERIOD, "--exports", str(exports))
    assert code == 0 and "│ 诉求件 " in said and "│ 定性评分 " in said and "：诉求件 2026Q2" in said
    assert not re.search(r"│ (cases|assessments|units) |：(cases|awards) ", said)
