"""What every unit is told by its own channel: its preview and the deadline, what changed since, what was published.

A letter follows from the record of its period and from what the unit was told before. It goes through an outbox
(`<out>/.log/outbox`), so that none is sent twice; its name is a word each for period, unit, kind and number.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from urllib.parse import quote

from pipelines.edges.published import PublishedQuarter
from pipelines.evaluators import outbox
from pipelines.explain import Movement
from pipelines.model.period import Period
from pipelines.model.points import shown
from pipelines.model.text import file_stem
from pipelines.model.words import UsageRefusal, Words
from pipelines.publication.editions import place_of, place_of_previews
from pipelines.publication.record import finished_run, run_in_force
from pipelines.publication.status import movements
from pipelines.wording import say

PREVIEW, ENDS, STOPPED, EDITION = ("preview", "ends", "stopped", "edition")
LISTED = 3  # units or letters that an alert names; of the others it gives the number
Channels = Mapping[str, tuple[str, ...]]  # unit_id -> addresses


@dataclass(frozen=True)
class Letter:
    """A message to one unit; ``name`` names it for good."""

    name: str
    unit_id: str
    words: Words


@dataclass(frozen=True)
class Sent:
    """What the outbox tells: ``numbers`` of the letters that were ever begun, by their name without its last word.

    ``failed`` and ``uncertain`` are the names of those that did not go out, and of those that may or may not have.
    """

    numbers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    uncertain: tuple[str, ...] = ()

    @classmethod
    def read(cls, out: Path) -> "Sent":
        """Look into the outbox."""
        box = _box(out) / outbox.OUTBOX
        found = outbox.standing(box) if box.is_dir() else {station: [] for station in outbox.STATIONS}
        numbers: dict[str, tuple[int, ...]] = {}
        for name in sorted({name for names in found.values() for name in names}):
            begin, _, n = name.rpartition(" ")
            numbers[begin] = (*numbers.get(begin, ()), int(n))
        return cls(numbers, tuple(found[outbox.FAILED]), tuple(found[outbox.SENDING]))

    def of(self, period: Period, unit_id: str, kind: str) -> tuple[int, ...]:
        """The revisions or editions of which the unit was told."""
        return self.numbers.get(name_of(period, unit_id, kind), ())


def name_of(period: Period, unit_id: str, kind: str) -> str:
    """The name of a letter, as its file has it, without its number."""
    return f"{period} {file_stem(unit_id)} {kind}"


def _box(out: Path) -> Path:
    return out / ".log"


def letters(out: Path, period: Period, standing: dict, sent: Sent, channels: Channels, pages: str = "") -> list[Letter]:
    """Everything that the units with a channel are still to be told of a period.

    Args:
        out: the output folder.
        period: one of its periods.
        standing: how that stands (`status`).
        sent: the letters that were begun before.
        channels: where each unit is told.
        pages: the address under which units read ``out``; "" where they cannot.

    """
    return list(_Writer(out, period, standing, sent, pages).write(channels))


class _Writer:
    """Writes the letters of one period."""

    def __init__(self, out: Path, period: Period, standing: dict, sent: Sent, pages: str) -> None:
        self.out, self.period, self.standing, self.sent, self.pages = out, period, standing, sent, pages
        self.runs = {one["revision"]: one["run"] for one in standing["previews"]}
        self.label = str(say("alerts.letter_simulated")) if standing["simulated"] else ""
        self.open = cache(self._open)
        self.moved = cache(self._moved)

    def write(self, channels: Channels) -> Iterator[Letter]:
        revision, editions = self.standing["revision"], self.standing["editions"]
        if not revision:
            return
        runs = [self.runs[revision], *(one["run"] for one in editions[-1:])]
        if not all(map(self.open, runs)):  # gone or damaged: nobody is told that they are not in it any more
            return
        for unit_id in sorted(channels):
            if unit_id not in self.open(runs[0]) and not self.sent.of(self.period, unit_id, PREVIEW):
                continue
            for kind, n in self._due(unit_id):
                if n not in self.sent.of(self.period, unit_id, kind):
                    name = f"{name_of(self.period, unit_id, kind)} {n}"
                    yield Letter(name, unit_id, self._words(unit_id, kind, n))

    def _due(self, unit_id: str) -> Iterator[tuple[str, int]]:
        """Kind and number of what the unit must know now, told or not.

        A unit that hears of a period for the first time hears of a preview whose objections are open: whoever sets up
        channels does not send what is long over.
        """
        revision, editions, window = (self.standing[name] for name in ("revision", "editions", "objection"))
        seen = self.sent.of(self.period, unit_id, PREVIEW)
        if editions and seen:
            yield EDITION, int(editions[-1]["edition"])
        if self.standing["state"] in ("preview", "objections_over", "approved") and (seen or window["open"]):
            yield PREVIEW, revision
        if self.standing["state"] == "stopped" and revision in seen:
            yield STOPPED, revision
        if seen and window["days_left"] == 1 and self.standing["state"] != "published":
            yield ENDS, 1

    def _words(self, unit_id: str, kind: str, n: int) -> Words:
        edition = self.standing["editions"][-1] if kind == EDITION else None
        run = edition["run"] if edition else self.runs[self.standing["revision"]]
        line, window = self.open(run).get(unit_id), self.standing["objection"]
        facts = {
            "label": self.label,
            "period": self.period,
            "name": line["unit_name"] if line else unit_id,
            "n": n,
            "until": window["until"],
            "figures": _figures(line),
            "deadline": say(f"alerts.letter_{'open' if window['open'] else 'over'}", until=window["until"]),
            "changed": self._changed(unit_id, run),
            "where": self._where(unit_id, edition),
        }
        return say(f"alerts.letter_{kind}", **facts)

    def _changed(self, unit_id: str, run: str) -> Words | str:
        """What changed since the run that the unit was told of last; "" where none of those is there."""
        revisions = self.sent.of(self.period, unit_id, PREVIEW)
        runs = [self.runs[one] for one in revisions if one in self.runs]
        editions = self.sent.of(self.period, unit_id, EDITION)
        runs += [one["run"] for one in self.standing["editions"] if int(one["edition"]) in editions]
        order = list(self.runs.values())
        before = max(runs, key=lambda one: len(order) - order[::-1].index(one) if one in order else 0, default="")
        moved = self.moved(before, run) if before else None
        if moved is None:
            return ""
        return _movement(moved[unit_id]) if unit_id in moved else say("alerts.letter_same")

    def _where(self, unit_id: str, edition: dict | None) -> Words | str:
        if not self.pages:
            return ""
        place = (
            place_of(self.out, self.period) / edition["edition"]
            if edition
            else (place_of_previews(self.out, self.period) / str(self.standing["revision"]))
        )
        file = place / "units" / f"{file_stem(unit_id)}.html"
        path = quote(file.relative_to(self.out).as_posix())
        return say("alerts.letter_where", url=f"{self.pages.rstrip('/')}/{path}")

    def _open(self, run: str) -> dict[str, dict]:
        """The ranking of a run, by unit; empty where the run is gone."""
        found = finished_run(self.out, self.period, run)
        return PublishedQuarter.open(found.folder).ranking if found else {}

    def _moved(self, before: str, run: str) -> dict[str, Movement] | None:
        runs = [finished_run(self.out, self.period, one) for one in (before, run)]
        return {one.unit_id: one for one in movements(*(one.folder for one in runs))} if all(runs) else None


def _figures(line: dict | None) -> Words | str:
    if line is None:
        return say("alerts.letter_absent")
    if not line["rank"]:
        return say("alerts.letter_unranked", total=line["total"])
    return say("alerts.letter_figures", total=line["total"], rank=line["rank"])


def _movement(one: Movement) -> Words | str:
    if one.total_before is None or one.total_after is None:
        return ""
    rules = "，".join(f"{rule} {_signed(shown(points))}" for rule, points in one.by_rule)
    return say(
        "alerts.letter_changed",
        before=shown(one.total_before),
        after=shown(one.total_after),
        points=_signed(shown(one.points)),
        was=one.rank_before or "—",
        now=one.rank_after or "—",
        rules=f"（{rules}）" if rules else "",
    )


def _signed(points: str) -> str:
    return points if points.startswith("-") else f"+{points}"


def send(out: Path, due: Iterable[Letter], channels: Channels, deliver: outbox.Deliver) -> Counter:
    """Send letters, those first that a crash left ready; how many went out, failed, or have no channel any more."""
    box = outbox.open_outbox(_box(out))
    with outbox.alone(box):  # two looks at once find the same letters due
        for one in due:
            message = {"unit_id": one.unit_id, "title": str(say("alerts.letter_title")), "text": one.words.zh}
            if not outbox.knows(box, f"{one.name}.json"):
                outbox.put(box, f"{one.name}.json", message)
    return outbox.send(box, partial(_addressed, channels), deliver)


def _addressed(channels: Channels, message: dict) -> outbox.Letter | None:
    urls = channels.get(message["unit_id"])
    return outbox.Letter(urls, message["title"], message["text"]) if urls else None


def again(out: Path, begin: str) -> int:
    """Send what failed, or may have, once more, as the office says: every letter whose name begins so; how many."""
    sent = Sent.read(out)
    names = [name for name in (*sent.failed, *sent.uncertain) if name.startswith(begin)]
    if not names:
        raise UsageRefusal(say("alerts.no_letter", begin=begin))
    for name in names:
        outbox.again(outbox.open_outbox(_box(out)), name)
    return len(names)


def outstanding(sent: Sent) -> Iterator[tuple[str, str, dict]]:
    """What operators must know of letters: a kind of alert, what names it for good, and its facts."""
    for kind, names in (("letters_failed", sent.failed), ("letters_uncertain", sent.uncertain)):
        if names:
            yield kind, "; ".join(names), {"n": len(names), "names": _some(names)}


def unreached(out: Path, period: Period, channels: Channels) -> Iterator[tuple[str, str, dict]]:
    """The same of a period's units without a channel, and of channels that are of no unit."""
    run = run_in_force(out, period)
    units = {*PublishedQuarter.open(run.folder).ranking} if run else {*channels}
    for kind, lacking in (("no_channel", units - channels.keys()), ("no_unit", channels.keys() - units)):
        if lacking:
            names = sorted(lacking)
            yield kind, f"{period} {'; '.join(names)}", {"period": period, "n": len(names), "names": _some(names)}


def _some(names: Iterable[str]) -> str:
    names = list(names)
    return "、".join(names[:LISTED]) + ("…" if len(names) > LISTED else "")
