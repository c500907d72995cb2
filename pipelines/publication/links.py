"""No symbolic link inside what is recorded or published: one could lead a reader, or the next act, somewhere else."""

import os
from pathlib import Path

from pipelines.edges.wording import say
from pipelines.model.refusals import VerificationFailed


def must_hold_no_link(*places: Path) -> None:
    """VerificationFailed with the first link at or below one of the places; what is not there is no matter."""
    for place in places:
        for name in (str(place), *_below(place)):
            if os.path.islink(name):  # noqa: PTH114 - names, not Path objects: there may be very many
                raise VerificationFailed(say("publication.link", file=name))


def _below(place: Path):
    for folder, folders, files in os.walk(place):
        yield from (os.path.join(folder, name) for name in sorted((*folders, *files)))  # noqa: PTH118
