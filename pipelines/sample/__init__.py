"""Invented exports of a whole quarter: for the demo, for tests and for benchmarks."""

from pipelines.sample.make import FORMATS, make_sample

__all__ = ["FORMATS", "make_sample"]
