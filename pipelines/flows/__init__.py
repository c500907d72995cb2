"""Prefect flows: the only package that imports Prefect; telemetry is off before it does."""

from pipelines.edges.process import silence_telemetry
from pipelines.lazy import must_have

silence_telemetry()
must_have("schedule")
