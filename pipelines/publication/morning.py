"""The morning's letters of a running period: to each unit what falls due, to the office what `watch.yaml` warns of.

Through the outbox of all letters, so that none is sent twice: a letter is named by what it says, and what was said once
is not said again until something else is due.
"""

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from urllib.parse import quote

from pipelines.evaluators.outbox import Deliver
from pipelines.model.text import file_stem
from pipelines.model.words import Words
from pipelines.publication.alerts import Channels
from pipelines.publication.letters import Letter, name_of, send
from pipelines.running.pages import cents, folder_of
from pipelines.running.watch import Step, UnitWatch, Watched
from pipelines.wording import say

MORNING, WARNING, OFFICE = "morning", "warning", "office"
SOON = ("day", "three_days")


def letters(watched: Watched, channels: Channels, warnings: tuple[Words, ...] = ()) -> Iterator[Letter]:
    """Every unit's own, where something of its falls due within three days or can still be saved; then the office's."""
    soon = watched.watch.horizons[1]
    for one in watched.units:
        id = one.unit.unit_id
        own = [step for step in watched.steps if step.unit_id == id and step.cost and (step.until or soon) < soon]
        if own and id in channels.units:
            said = [f"{step.counts} {step.case_id} {step.ref_id} {step.event}" for step in own]
            yield _letter(watched, id, MORNING, said, _words(watched, one, own, channels.pages))
    for words in warnings:
        yield _letter(watched, OFFICE, WARNING, [words.zh], words)


def tell(watched: Watched, channels: Channels, deliver: Deliver, warnings: tuple[Words, ...] = ()) -> Counter[str]:
    """Send them; how many went out or failed. Nothing on days off, nor in quiet hours: what is due then waits."""
    day = watched.at.date()
    if not watched.watch.calendar.is_working(day) or channels.is_quiet(watched.at):
        return Counter()
    addresses = {**channels.units, **({OFFICE: channels.channels} if channels.channels else {})}
    due = [one for one in letters(watched, channels, warnings) if one.unit_id in addresses]
    return send(watched.watch.request.out, due, addresses, deliver)


def _letter(watched: Watched, unit_id: str, kind: str, said: list[str], words: Words) -> Letter:
    number = int(sha256("\n".join(said).encode()).hexdigest()[:12], 16)
    return Letter(f"{name_of(watched.watch.period, unit_id, kind)} {number}", unit_id, words)


def _words(watched: Watched, one: UnitWatch, own: list[Step], pages: str) -> Words:
    folder = folder_of(watched.watch.request.out, watched.watch.period, watched.at)
    path = folder.relative_to(watched.watch.request.out) / "units" / f"{file_stem(one.unit.unit_id)}.html"
    where = say("alerts.letter_where", url=f"{pages.rstrip('/')}/{quote(path.as_posix())}") if pages else ""
    first = own[0]
    return say(
        "running.letter",
        label=str(say("alerts.letter_simulated")) if watched.watch.intake.simulated else "",
        period=watched.watch.period,
        name=one.unit.unit_name,
        risk=cents(one.at_risk),
        n=len(own),
        cost=cents(one.due["three_days"].cost),
        number=first.ref_id or first.case_id,
        until=f"{first.until:%Y-%m-%d %H:%M}" if first.until else "",
        where=where,
    )
