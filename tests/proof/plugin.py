"""Runs one part of the chosen tests and counts what they tried: `pytest -p tests.proof.plugin`.

A test counts once, or as often as it says with ``record_property("tried", n)``; one with drawn examples once for each.
"""

import json
import os
from pathlib import Path

import pytest
from hypothesis import settings

OUTCOME = {"tried": 0, "passed": 0, "failed": 0, "skipped": 0, "failing": []}
PART, EVERY = map(int, os.environ["GONGPING_PART"].split("/"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Every n-th test from the i-th on; those with drawn examples draw as many as asked."""
    drawn = os.environ.get("GONGPING_ONLY") == "drawn"
    kept = [item for item in items if not drawn or hasattr(item.obj, "hypothesis")][PART - 1 :: EVERY]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept
    for test in {item.obj for item in kept if hasattr(item.obj, "hypothesis")}:
        _drawn(getattr(test, "__func__", test))


def _drawn(test) -> None:
    """More examples than the test asks for itself, each counted."""
    usual = test._hypothesis_internal_use_settings
    most = int(os.environ.get("GONGPING_COUNT", usual.max_examples))
    test._hypothesis_internal_use_settings = settings(usual, max_examples=most, derandomize=False, database=None)
    inner = test.hypothesis.inner_test

    def counted(*given, **named):
        OUTCOME["tried"] += 1
        return inner(*given, **named)

    test.hypothesis.inner_test = counted


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test that ran, or a fixture that failed before it could."""
    if report.when == "call" or report.outcome != "passed":
        OUTCOME[report.outcome] += 1
    if report.outcome == "failed":
        OUTCOME["failing"].append(report.nodeid)
    if report.when == "call":
        OUTCOME["tried"] += sum(count for name, count in report.user_properties if name == "tried")


def pytest_sessionfinish() -> None:
    """Hands the counts over."""
    Path(os.environ["GONGPING_OUTCOME"]).write_text(json.dumps(OUTCOME), encoding="utf-8")
