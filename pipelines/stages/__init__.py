"""The seven stages of a scored quarter, in order: ingest, validate, measure, judge, settle, rank, publish."""

STAGES = ("ingest", "validate", "measure", "judge", "settle", "rank", "publish")
