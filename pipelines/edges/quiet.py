"""Telemetry of the libraries, switched off before any of them is imported."""

import os

SILENT = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "GX_ANALYTICS_ENABLED": "false",
}


def hush() -> None:
    """Tell every library to send nothing home, whatever the environment said before."""
    os.environ.update(SILENT)


def is_hushed() -> bool:
    """Whether every library has been told."""
    return all(os.environ.get(name) == value for name, value in SILENT.items())
