"""The present process: the project in force, the city's clock, and no telemetry."""

import os
from datetime import datetime
from zoneinfo import ZoneInfo

from pipelines.model.project import Project

# The project in force in this process: none until a verb or a flow takes one, which it does before any work.
#
# A process works for one city, as it has one current folder: zone and calendars reach what reads them from here.

_taken = [Project()]


def project() -> Project:
    """What the project file says; without one the defaults."""
    return _taken[0]


def use(one: Project) -> None:
    """Put a project in force."""
    _taken[0] = one


# The machine's clock, read as the city's wall clock; tests replace it, no option and no variable can.


def now() -> datetime:
    """The present second in local time of the city, without a zone, as the exports have their moments."""
    return datetime.now(ZoneInfo(project().zone)).replace(microsecond=0, tzinfo=None)


# Telemetry of the libraries, switched off before any of them is imported.


SILENT = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "GX_ANALYTICS_ENABLED": "false",
}


def silence_telemetry() -> None:
    """Tell every library to send nothing home, whatever the environment said before."""
    os.environ.update(SILENT)


def telemetry_is_off() -> bool:
    """Whether every library has been told."""
    return all(os.environ.get(name) == value for name, value in SILENT.items())
