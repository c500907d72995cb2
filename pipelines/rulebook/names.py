"""The nearest known name to one that is not known."""

from collections.abc import Iterable
from difflib import get_close_matches

from pipelines.edges.wording import say
from pipelines.model.words import Words


def hint(word: str, known: Iterable[str]) -> Words:
    """The nearest of the known names, or all of them where none is near and they are few."""
    known = list(known)
    near = get_close_matches(str(word), known, n=1, cutoff=0.5)
    if near:
        return say("rulebook.nearest", name=near[0])
    return say("rulebook.known", names="、".join(known[:20]))
