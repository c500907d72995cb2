"""Where the folders of the project are."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "rules"
SQL = ROOT / "sql"
CONTRACTS = ROOT / "data_contracts"
REPORTS = ROOT / "reports"
WORDING = REPORTS / "wording"
FONTS = ROOT / ".fonts"
CALENDARS = RULES / "calendars"
