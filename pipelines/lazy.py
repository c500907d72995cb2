"""Heavy libraries that many modules use: each is imported at its first use, so that other commands start at once.

A library that one module uses alone is imported there, in the function that needs it. Some come with an extra only.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pipelines.model.words import UsageRefusal, Words
from pipelines.wording import say

__all__ = [
    "EXTRAS",
    "arrow_csv",
    "compute",
    "lacking",
    "lib",
    "must_have",
    "numpy",
    "pandas",
    "parquet",
    "pyarrow",
    "types",
    "without",
]

EXTRAS = {  # of pyproject.toml, by the modules that each brings
    "quality": ("great_expectations",),
    "schedule": ("prefect",),
    "lab": ("altair", "scipy", "vl_convert"),
    "sources": ("fsspec", "httpx", "psycopg", "pymysql", "s3fs", "sshfs", "tenacity"),
    "cluster": ("py4j", "pyspark", "sqlglot"),
}


def lacking(extra: str) -> str:
    """The first module of an extra that is not installed; empty where all are."""
    return next((name for name in EXTRAS[extra] if find_spec(name) is None), "")


def must_have(extra: str) -> None:
    """UsageRefusal with the line that installs the extra, where it is not installed."""
    if library := lacking(extra):
        raise UsageRefusal(without(extra, library))


def without(extra: str, library: str) -> Words:
    """What needs the extra, which of its libraries lacks, and the line that installs it."""
    return say("cli.no_extra", what=say(f"cli.extra_{extra}"), extra=extra, library=library)


class _Library:
    """Stands for a module, and is it from the first attribute that somebody asks for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(import_module(self._name), attribute)
        setattr(self, attribute, found)  # nobody asks a second time
        return found


if TYPE_CHECKING:
    import numpy
    import pandas
    import pyarrow
    from pyarrow import compute, lib, parquet, types
    from pyarrow import csv as arrow_csv
else:
    numpy, pandas, pyarrow = map(_Library, ("numpy", "pandas", "pyarrow"))
    modules = ("csv", "compute", "lib", "parquet", "types")
    arrow_csv, compute, lib, parquet, types = (_Library(f"pyarrow.{name}") for name in modules)
