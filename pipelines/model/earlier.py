"""A quarter that was scored before this one, as far as this one is compared with it."""

from dataclasses import dataclass, field

from pipelines.model.period import Period


@dataclass(frozen=True)
class Earlier:
    """An earlier quarter's published figures; ``figures`` and ``basis`` are empty where it has no manifest."""

    period: Period
    ranking: dict[str, dict] = field(hash=False)  # unit_id -> its line of ranking.csv
    figures: dict[str, int] = field(default_factory=dict, hash=False)  # the city's counts: due, completed, rated …
    basis: tuple = ()  # rulebook sha256 and readings: what makes two quarters comparable
    ranking_sha256: str = ""
    manifest_sha256: str = ""


def at(earlier: tuple[Earlier, ...], period: Period) -> Earlier | None:
    """The one of a period, None where it is not known."""
    return next((one for one in earlier if one.period == period), None)


def ranking_before(earlier: tuple[Earlier, ...], period: Period) -> dict[str, dict]:
    """The ranking lines of the quarter before ``period`` by unit_id, empty where it is not known."""
    last = at(earlier, period.previous)
    return last.ranking if last else {}
