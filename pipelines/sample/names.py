"""The words of the invented city, kept in `invented.yaml`."""

from functools import cache
from pathlib import Path

import yaml


@cache
def words(topic: str) -> tuple[str, ...]:
    """The words of a topic, such as ``surnames``, always in the same order."""
    return tuple(_all()[topic])


@cache
def _all() -> dict[str, list[str]]:
    return yaml.safe_load(Path(__file__).with_name("invented.yaml").read_text(encoding="utf-8"))
