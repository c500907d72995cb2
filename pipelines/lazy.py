"""Heavy libraries: each is imported here alone, at its first use, so that what does not use it starts at once.

Some come with an extra only.
"""
# ruff: noqa: F401 - what is imported here is for others

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pipelines.model.words import UsageRefusal, Words
from pipelines.wording import say

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


PARTS = {"arrow_csv": "csv", "compute": "compute", "lib": "lib", "parquet": "parquet", "types": "types"}  # of Arrow


class _Library:
    """Stands for a module, and is it from the first attribute that somebody asks for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        module = import_module(self._name)
        found = getattr(module, attribute) if hasattr(module, attribute) else _inside(self._name, attribute)
        setattr(self, attribute, found)  # nobody asks a second time
        return found


def _inside(name: str, attribute: str) -> ModuleType:
    """A module of a package that does not import it of itself; AttributeError where there is none."""
    whole = f"{name}.{attribute}"
    try:
        return import_module(whole)
    except ModuleNotFoundError as problem:
        if problem.name != whole:
            raise
        raise AttributeError(f"{name} has no {attribute}") from None


def __getattr__(name: str) -> Any:
    """A library by its name, or a part of Arrow; that it is one of those below, a test sees to."""
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _Library(f"pyarrow.{PARTS[name]}" if name in PARTS else name)


MYPY = False  # but to mypy, which would read the types of all of them, where nothing of theirs is checked
if TYPE_CHECKING and not MYPY:  # what can be had here, as whoever edits or checks dependencies reads it
    import altair
    import apprise
    import chinese_calendar
    import durable
    import durable_rules_engine
    import fontTools
    import fsspec
    import httpx
    import jinja2
    import numpy
    import pandas
    import PIL
    import psycopg
    import py4j
    import pyarrow
    import pymysql
    import pypdf
    import pyspark
    import s3fs
    import scipy
    import sqlglot
    import sshfs
    import tenacity
    import vl_convert
    import weasyprint
    import xlsxwriter
    from pyarrow import compute, lib, parquet, types
    from pyarrow import csv as arrow_csv
