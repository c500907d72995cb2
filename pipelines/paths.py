"""Where the folders of the project are: beside the package in a clone, inside it where a wheel is installed."""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
SHIPPED = PACKAGE / "shipped"  # pyproject.toml lays the folders of the clone there, in the wheel alone
INSTALLED = SHIPPED.is_dir()
ROOT = SHIPPED if INSTALLED else PACKAGE.parent
RULES = ROOT / "rules"
STANDARD_RULES = RULES / "standard"
SQL = ROOT / "sql"
CONTRACTS = ROOT / "data_contracts"
REPORTS = ROOT / "reports"
WORDING = REPORTS / "wording"
SCRIPTS = ROOT / "scripts"
CALENDARS = RULES / "calendars"
COMPILED = ROOT / "__pycache__"  # templates, as Python keeps modules


def _own_data() -> Path:
    """What set-up fetches lies in the clone; for a wheel, which may be shared and read-only, in the user's data."""
    if not INSTALLED:
        return ROOT
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share").absolute() / "gongping"


def shown(file: Path) -> str:
    """A file of the project as people find it: by its name in a clone, by its whole path in a wheel."""
    return str(file if INSTALLED or not file.is_relative_to(ROOT) else file.relative_to(ROOT))


DATA = _own_data()
FONTS = DATA / ".fonts"
