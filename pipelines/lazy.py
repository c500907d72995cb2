"""Heavy libraries that many modules use: each is imported at its first use, so that other commands start at once.

A library that one module uses alone is imported there, in the function that needs it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["arrow_csv", "compute", "lib", "numpy", "pandas", "parquet", "pyarrow", "types"]


class _Library:
    """Stands for a module, and is it from the first attribute that somebody asks for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)


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
