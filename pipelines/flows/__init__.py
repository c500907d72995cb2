"""Prefect flows: the only package that imports Prefect; telemetry is off before it does."""

from pipelines.edges.quiet import hush

hush()
