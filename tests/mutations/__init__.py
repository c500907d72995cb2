"""Small faults put into a source text on purpose, one at a time: what each changes, and where."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """One fault: the text between two offsets of a source, replaced. ``kind`` says what sort of fault it is."""

    kind: str
    start: int
    end: int
    text: str

    def apply(self, source: str) -> str:
        """The source with the fault in it."""
        return source[: self.start] + self.text + source[self.end :]
