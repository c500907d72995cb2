"""Gongping: a city's public-request quarter, scored, explained and published.

In a notebook: ``from pipelines import Quarter``; then ``Quarter.open("2026Q3")``.
"""

from importlib import import_module

_WHERE = {
    "Quarter": "pipelines.laboratory.quarter",
    "Scenario": "pipelines.laboratory.scenario",
    "Comparison": "pipelines.laboratory.scenario",
    "Sweep": "pipelines.laboratory.sweep",
    "Tornado": "pipelines.laboratory.sweep",
    "Robustness": "pipelines.laboratory.robustness",
    "Gaming": "pipelines.laboratory.steps",
    "Running": "pipelines.laboratory.running",
    "sample_quarter": "pipelines.laboratory.quarter",
}
__all__ = [*_WHERE]


def __getattr__(name: str):
    """A name of the laboratory, imported when it is first asked for."""
    if name not in _WHERE:
        raise AttributeError(f"module 'pipelines' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
