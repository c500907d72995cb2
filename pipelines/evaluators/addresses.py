"""Where reminders go: a file of the office's, outside the repository, that names the channels.

quiet: "22:00-07:30"               # nobody is sent anything in these hours
everyone: ["wecom://…"]            # a shared channel; the text names the evaluator by pseudonym
evaluators:
  E001: ["mailto://…"]             # an evaluator's own channels, instead of the shared one
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from pathlib import Path

from pipelines.edges import process
from pipelines.edges.notify import Hours, hours, is_quiet
from pipelines.evaluators.outbox import READY, Letter, again, open_outbox, send, standing
from pipelines.evaluators.private import pseudonym, read_key
from pipelines.evaluators.status import must_be_sound
from pipelines.model.refusals import UsageRefusal
from pipelines.rulebook import fail_if
from pipelines.rulebook.source import Block, read_yaml
from pipelines.wording import say


@dataclass(frozen=True)
class Addresses:
    """The channels of everyone and of single evaluators, and the hours in which nothing is sent."""

    everyone: tuple[str, ...]
    evaluators: dict[str, tuple[str, ...]]
    quiet: Hours = (time(0), time(0))

    @classmethod
    def load(cls, file: Path) -> "Addresses":
        """Read the office's file. UsageRefusal where it is missing, RulebookRefusal with the line where it is wrong."""
        if not file.is_file():
            raise UsageRefusal(say("evaluators.no_addresses", file=file))
        root = read_yaml(file, file.name)
        fail_if.not_a_block(root, Block(file.name, 1))
        fail_if.unknown_field(root, ("everyone", "evaluators", "quiet"))
        own = root.get("evaluators", Block(file.name, 1))
        fail_if.not_a_block(own, root, "evaluators")
        each = {who: _urls(own, who) for who in own}
        own_hours = {"quiet": _hours(root)} if "quiet" in root else {}
        return cls(_urls(root, "everyone") if "everyone" in root else (), each, **own_hours)

    def letter(self, message: dict, key: Callable[[], bytes]) -> Letter | None:
        """The message with its addresses; None where it has none. The key is asked for where a pseudonym is needed."""
        if own := self.evaluators.get(message["evaluator_id"]):
            return Letter(own, message["title"], message["text"])
        if not self.everyone:
            return None
        name = pseudonym(key(), message["evaluator_id"])
        return Letter(self.everyone, message["title"], f"{name}：{message['text']}")


def send_ready(state_folder: Path, notify: Path, repeat: str = "") -> Counter:
    """Send what is ready to the channels of ``notify``, first making the assignment ``repeat`` ready once more.

    In quiet hours nothing is sent, and it is said how many wait: what was withdrawn by the morning is not sent at all.

    VerificationFailed where the log was touched: what waits in the outbox follows from it.
    """
    from pipelines.edges.notify import deliver

    addresses = Addresses.load(notify)
    must_be_sound(state_folder)
    outbox = open_outbox(state_folder)
    if repeat:
        again(outbox, repeat)
    if is_quiet(addresses.quiet, process.now()):
        return +Counter(quiet=len(standing(outbox)[READY]))
    return send(outbox, lambda message: addresses.letter(message, read_key), deliver)


def _hours(block: Block) -> Hours:
    try:
        return hours(block["quiet"])
    except (ValueError, AttributeError):
        raise UsageRefusal(say("evaluators.bad_hours", file=block.file, line=block.lines["quiet"])) from None


def _urls(block: Block, key: str) -> tuple[str, ...]:
    from pipelines.edges.notify import is_address

    urls = block[key] if isinstance(block[key], list) else [block[key]]
    for place, url in enumerate(urls, 1):
        if not (isinstance(url, str) and is_address(url)):  # never repeated in the message: it holds passwords
            raise UsageRefusal(say("evaluators.bad_address", file=block.file, line=block.lines[key], place=place))
    return tuple(urls)
