"""The machine's clock, read as the city's wall clock; tests replace it, no option and no variable can."""

from datetime import datetime
from zoneinfo import ZoneInfo

from pipelines.edges import in_force


def now() -> datetime:
    """The present second in local time of the city, without a zone, as the exports have their moments."""
    return datetime.now(ZoneInfo(in_force.project().zone)).replace(microsecond=0, tzinfo=None)
