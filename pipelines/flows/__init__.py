"""Prefect flows: the only package that imports Prefect; telemetry is off before it does."""

from pipelines.edges.process import hush

hush()
