"""Apprise: a text to whatever the office has configured (SMS gateway, WeCom, DingTalk, mail, webhook)."""

import logging
from collections.abc import Iterable
from datetime import datetime, time

from pipelines.lazy import apprise

Hours = tuple[time, time]  # local time, from the first to before the second, over midnight too; equal: none


def hours(text: str) -> Hours:
    """Read hours such as ``22:00-07:30``; ValueError for anything else."""
    first, last = (time.fromisoformat(one.strip()) for one in text.split("-"))
    return first, last


def is_quiet(quiet: Hours, now: datetime) -> bool:
    """Whether this is no hour to tell people anything."""
    first, last = quiet
    at = now.time()
    return first <= at < last if first <= last else at >= first or at < last


def deliver(urls: Iterable[str], title: str, body: str) -> bool:
    """Send to every address; whether all of them took it. Nothing is kept on disk or logged by the library."""
    _keep_silent()
    memory = apprise.PersistentStoreMode.MEMORY
    asset = apprise.AppriseAsset(app_id="Gongping", app_desc="Gongping", storage_mode=memory)
    channels = apprise.Apprise(asset=asset)
    added = [channels.add(url) for url in urls]
    return all(added) and bool(channels.notify(body=body, title=title))


def _keep_silent() -> None:
    """What the library logs holds addresses, and these hold secrets: no handler of anybody's may see it."""
    logger = logging.getLogger("apprise")
    logger.handlers, logger.propagate = [logging.NullHandler()], False


def is_address(url: str) -> bool:
    """Whether the library knows how to send to ``url``."""
    _keep_silent()
    return apprise.Apprise.instantiate(url, suppress_exceptions=True) is not None
