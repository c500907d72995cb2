"""What people must be told: operators of failed runs, dates and odd data; units of previews, deadlines and mornings."""

import fcntl
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from pipelines.edges.calendar import Calendar
from pipelines.edges.located_yaml import Block, read_blocks
from pipelines.edges.notify import hours, is_address, is_quiet
from pipelines.edges.runs import BEGUN, FAILED, read_log, under_way
from pipelines.evaluators.desk import DEFAULT
from pipelines.evaluators.outbox import Deliver
from pipelines.model.period import Period, Periods
from pipelines.model.text import file_stem
from pipelines.model.words import Refusal, Words
from pipelines.publication.letters import Letter, Sent, letters, name_of, outstanding, send, unreached
from pipelines.publication.record import FinishedRun, run_in_force
from pipelines.publication.signers import SIGNERS
from pipelines.publication.status import periods, status
from pipelines.running.pages import cents, folder_of
from pipelines.running.watch import Step, UnitWatch, Watched
from pipelines.wording import say

# What people must be told: operators of failed runs, dates and odd data; units of their preview and deadline.
#
# Findings follow from what lies in the output folder and from the clock; what was told once is not told again.


TOLD = Path(".log") / "told.json"
HEARTBEAT = Path(".log") / "heartbeat"
HISTORY = 6  # finished periods that the share of quarantined case rows is compared with
LEAST = Fraction(1, 100)  # a share of quarantined case rows that nobody is told of


@dataclass(frozen=True)
class Channels:
    """The office's file: where alerts go and when they are due, and where each unit is told what concerns it.

    ``pages`` is the address under which the units read the output folder. ``quiet`` holds the hours, local time, in
    which nobody is told anything; equal ends mean none.
    """

    channels: tuple[str, ...] = ()
    quiet: tuple[time, time] = (time(0), time(0))
    scored_within: int = 10  # working days after a period
    published_within: int = 30
    units: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pages: str = ""

    def is_quiet(self, now: datetime) -> bool:
        """Whether this is no hour to tell people anything."""
        return is_quiet(self.quiet, now)


@dataclass(frozen=True)
class Alert:
    """One thing to be told; ``key`` names it for good."""

    kind: str
    key: str
    words: Words


@dataclass(frozen=True)
class Look:
    """What there is to tell at a moment: to the operators, told before or not, and to units, not told yet."""

    found: list[Alert]
    letters: list[Letter]


def load_channels(file: Path) -> Channels:
    """Read the office's file; UsageRefusal with its line for a key or a value that nothing would honour.

    An address is never repeated in a message: it holds passwords.
    """
    block, _ = read_blocks(file, "alerts.", file.name)
    found = Channels()
    for key in block:
        if key not in _KEYS:
            raise block.refuse(key, "unknown", _KEYS, word=key, keys="、".join(_KEYS))
        found = replace(found, **{key: _KEYS[key](block, key)})
    return found


def _units(block: Block, key: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(block[key], Block):
        raise block.refuse(key, "no_units")
    return {str(unit): _addresses(block[key], unit) for unit in block[key]}


def _pages(block: Block, key: str) -> str:
    if not str(block[key]).startswith(("http://", "https://")):
        raise block.refuse(key, "no_pages", word=block[key])
    return block[key]


def _addresses(block: Block, key: str) -> tuple[str, ...]:
    given = block[key] if isinstance(block[key], list) else [block[key]]
    for place, url in enumerate(given, 1):
        if not (isinstance(url, str) and is_address(url)):
            raise block.refuse(key, "bad_address", place=place)
    return tuple(given)


def _hours(block: Block, key: str) -> tuple[time, time]:
    try:
        return hours(block[key])
    except (ValueError, AttributeError):
        raise block.refuse(key, "bad_hours") from None


def _days(block: Block, key: str) -> int:
    if not str(block[key]).isdecimal() or not 1 <= int(block[key]) <= 366:
        raise block.refuse(key, "bad_days")
    return int(block[key])


_KEYS: dict[str, Callable[[Block, str], object]] = {
    "channels": _addresses,
    "quiet": _hours,
    "scored_within": _days,
    "published_within": _days,
    "units": _units,
    "pages": _pages,
}


def alerts(out: Path, known: Periods, now: datetime, channels: Channels, signers: Path = SIGNERS) -> list[Alert]:
    """What the operators must know at ``now``; see `look`."""
    return look(out, known, now, channels, signers).found


def look(out: Path, known: Periods, now: datetime, channels: Channels, signers: Path = SIGNERS) -> Look:
    """Everything that is to be told at ``now``; ``known`` are the periods that the city's book scores."""
    calendar = Calendar.load()
    found = [*_of_runs(out), *_of_calendar(calendar, now)]
    standing: dict[Period, dict] = {}
    for period in periods(out):
        try:
            standing[period] = status(out, period, None, None, signers, lambda: now)
        except Refusal as refusal:
            found.append(_alert("damaged", f"{period} {refusal.words.en}", period=period, why=refusal.words))
    for period, one in standing.items():
        if one["stopped"]:
            why = Words(**one["stopped"])
            found.append(_alert("stopped", f"{period} {one['run']} {why.en}", period=period, why=why))
        if one["state"] == "preview" and one["objection"]["days_left"] == 1:
            until = one["objection"]["until"]
            found.append(_alert("window_ends", f"{period} {until}", period=period, until=until))
    if last := _ended_and_begun(known, now, standing):
        found += _of_dates(last, standing.get(last), now, channels, calendar)
    found += _of_quarantine(out, standing)
    sent, due = Sent.read(out), []
    unheard = list(outstanding(sent))
    for period, one in standing.items() if channels.units else ():
        try:
            due += letters(out, period, one, sent, channels.units, channels.pages)
            if period == max(standing):
                unheard += unreached(out, period, channels.units)
        except Refusal as refusal:
            found.append(_alert("damaged", f"{period} {refusal.words.en}", period=period, why=refusal.words))
    found += (_alert(kind, key, **facts) for kind, key, facts in unheard)
    return Look(found, due)


def _alert(name: str, key: str, /, **facts: object) -> Alert:
    return Alert(name, f"{name} {key}", say(f"alerts.{name}", **facts))


def _of_runs(out: Path) -> list[Alert]:
    """Runs that failed since the last of their flow that did not, and runs that died."""
    found, failed = [], {}
    for line in read_log(out):
        if line["state"] == FAILED:
            failed[line["flow"]] = line
        elif line["state"] != BEGUN:
            failed.pop(line["flow"], None)
    for line in failed.values():
        found.append(_alert("failed", f"{line['flow']} {line['run']}", **{**line, "period": line["period"] or "—"}))
    return [*found, *killed(out)]


def killed(out: Path) -> list[Alert]:
    """What ended without being able to say so; cheap enough to be asked every few seconds."""
    ended = (one for one in (*under_way(out), *under_way(out / DEFAULT)) if not one.alive)
    return [_alert("killed", f"{one.kind} {one.period} {one.at}", period=one.period or "—", at=one.at) for one in ended]


def _of_calendar(calendar: Calendar, now: datetime) -> list[Alert]:
    year = calendar.lacking(now.date())
    return [_alert("calendar", str(year), year=year)] if year else []


def _ended_and_begun(known: Periods, now: datetime, standing: dict[Period, dict]) -> Period | None:
    """The last period that has ended, if the city has ever scored one before: a new folder owes nothing."""
    last = known.before(now)
    return last if any(one <= last for one in standing) else None


def _of_dates(last: Period, one: dict | None, now: datetime, channels: Channels, calendar: Calendar) -> list[Alert]:
    found = []
    state = one["state"] if one else "nothing"
    for kind, within, lacks in (
        ("not_scored", channels.scored_within, state == "nothing"),
        ("not_published", channels.published_within, state not in ("published", "nothing")),
    ):
        if lacks and now.date() > calendar.add_working_days(last.last_day, within):
            found.append(_alert(kind, str(last), period=last, days=within))
    return found


def _of_quarantine(out: Path, standing: dict[Period, dict]) -> list[Alert]:
    """The latest period, if more of its case rows are quarantined than twice the most of those before."""
    shares = []
    for period in sorted(standing)[-HISTORY - 1 :]:
        if (run := run_in_force(out, period)) and (share := _quarantined(run)) is not None:
            shares.append((period, share, run.sha256))
    if not shares:
        return []
    period, share, run = shares[-1]
    usual = max((one for _, one, _ in shares[:-1]), default=LEAST)
    if share <= max(2 * usual, LEAST):
        return []
    figures = {"share": f"{float(100 * share):.1f}", "usual": f"{float(100 * usual):.1f}"}
    return [_alert("quarantine", f"{period} {run}", period=period, **figures)]


def _quarantined(run: FinishedRun) -> Fraction | None:
    rows = run.manifest.get("rows", {}).get("cases", {})
    return Fraction(rows["quarantined"], rows["read"]) if rows.get("read") else None


def not_sent(out: Path, found: list[Alert]) -> list[Alert]:
    """Those that were not told yet."""
    seen = _sent_before(out)
    return [one for one in found if one.key not in seen]


def tell(out: Path, found: list[Alert], channels: Channels, now: datetime, deliver: Callable[..., bool]) -> str:
    """Tell what is new in one message: "sent", "nothing", "quiet" or "failed"; what was not sent stays to be told.

    The heartbeat, whose age tells an outside watcher that nobody looks any more, is renewed in any case; one process
    at a time tells.
    """
    beat = out / HEARTBEAT
    beat.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with beat.open("a", encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        beat.write_text(f"{now.isoformat()}\n", encoding="utf-8")
        return _tell(out, found, channels, now, deliver)


def _tell(out: Path, found: list[Alert], channels: Channels, now: datetime, deliver: Callable[..., bool]) -> str:
    new = not_sent(out, found)
    if not new or not channels.channels:
        return "nothing"
    if channels.is_quiet(now):
        return "quiet"
    title = say("alerts.title", n=len(new))
    body = "\n".join(f"· {one.words.zh}" for one in new)
    if not deliver(channels.channels, title.zh, body):
        return "failed"
    known = {**_sent_before(out), **{one.key: now.isoformat() for one in new}}
    current = {one.key for one in found}
    kept = {key: at for key, at in known.items() if key in current}  # what is over and comes again is told again
    new_file = out / TOLD.with_suffix(".new")
    new_file.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    new_file.rename(out / TOLD)
    return "sent"


def tell_units(
    out: Path, due: list[Letter], channels: Channels, now: datetime, deliver: Callable[..., bool]
) -> Counter:
    """Send the units their letters, none in quiet hours; how many went out or failed."""
    return Counter() if channels.is_quiet(now) or not channels.units else send(out, due, channels.units, deliver)


def _sent_before(out: Path) -> dict[str, str]:
    try:
        return json.loads((out / TOLD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


# The morning's letters of a running period: to each unit what falls due, to the office what `watch.yaml` warns of.
#
# Through the outbox of all letters, so that none is sent twice: a letter is named by what it says, and what was said
# once is not said again until something else is due.


MORNING, WARNING, OFFICE = "morning", "warning", "office"


def morning_letters(watched: Watched, channels: Channels, warnings: tuple[Words, ...] = ()) -> Iterator[Letter]:
    """Every unit's own, where something of its falls due within three days or can still be saved; then the office's."""
    soon = watched.watch.horizons[1]
    for one in watched.units:
        id = one.unit.unit_id
        own = [step for step in watched.steps if step.unit_id == id and step.cost and (step.until or soon) < soon]
        if own and id in channels.units:
            said = [f"{step.counts} {step.case_id} {step.ref_id} {step.event}" for step in own]
            yield _letter(watched, id, MORNING, said, _words(watched, one, own, channels.pages))
    for words in warnings:
        marked = say("running.letter_warning", label=_label(watched), period=watched.watch.period, what=words)
        yield _letter(watched, OFFICE, WARNING, [words.zh], marked)


def tell_of_morning(
    watched: Watched, channels: Channels, deliver: Deliver, warnings: tuple[Words, ...] = ()
) -> Counter[str]:
    """Send them; how many went out or failed. Nothing on days off, nor in quiet hours: what is due then waits."""
    day = watched.at.date()
    if not watched.watch.calendar.is_working(day) or channels.is_quiet(watched.at):
        return Counter()
    addresses = {**channels.units, **({OFFICE: channels.channels} if channels.channels else {})}
    due = [one for one in morning_letters(watched, channels, warnings) if one.unit_id in addresses]
    return send(watched.watch.request.out, due, addresses, deliver)


def _letter(watched: Watched, unit_id: str, kind: str, said: list[str], words: Words) -> Letter:
    number = int(sha256("\n".join(said).encode()).hexdigest()[:12], 16)
    return Letter(f"{name_of(watched.watch.period, unit_id, kind)} {number}", unit_id, words)


def _label(watched: Watched) -> Words | str:
    """What begins a letter on invented data."""
    return say("alerts.letter_simulated") if watched.watch.intake.simulated else ""


def _words(watched: Watched, one: UnitWatch, own: list[Step], pages: str) -> Words:
    folder = folder_of(watched.watch.request.out, watched.watch.period, watched.at)
    path = folder.relative_to(watched.watch.request.out) / "units" / f"{file_stem(one.unit.unit_id)}.html"
    where = say("alerts.letter_where", url=f"{pages.rstrip('/')}/{quote(path.as_posix())}") if pages else ""
    first = own[0]
    return say(
        "running.letter",
        label=_label(watched),
        period=watched.watch.period,
        name=one.unit.unit_name,
        risk=cents(one.at_risk),
        n=len(own),
        cost=cents(one.due["three_days"].cost),
        number=first.ref_id or first.case_id,
        until=f"{first.until:%Y-%m-%d %H:%M}" if first.until else "",
        where=where,
    )
