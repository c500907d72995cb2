"""What people read: a text in two languages, Chinese first; and refusals, each kind with its exit code."""

from collections.abc import Sequence
from dataclasses import dataclass

# A text in the two languages of the project, Chinese first.


LANGUAGES = ("zh", "en")


@dataclass(frozen=True)
class Words:
    """The same sentence in Chinese and in English."""

    zh: str
    en: str

    def into(self, lang: str) -> str:
        """The text in ``lang`` ("zh" or "en"); any other language falls back to Chinese."""
        return self.en if lang == "en" else self.zh

    def __str__(self) -> str:
        return self.zh


NAMED = 5  # of many, that a sentence names


def some_of(names: Sequence[str]) -> Words:
    """Names in a row, the first five where there are more."""
    shown = [*names[:NAMED], *(["…"] if len(names) > NAMED else [])]
    return Words("、".join(shown), ", ".join(shown))


# Refusals: what the program will not do, said in one or two lines, each kind with its exit code.


class Refusal(Exception):
    """Anything that stops the work with a sentence for the user and no traceback (exit 1)."""

    exit_code = 1

    def __init__(self, words: Words) -> None:
        super().__init__(words)
        self.words = words

    def __str__(self) -> str:
        """Both languages: in a notebook nobody has said which."""
        return f"{self.words.zh}\n{self.words.en}"


class UsageRefusal(Refusal):
    """The command was called wrongly: unknown period, reading, file, unit (exit 2)."""

    exit_code = 2


class ContractStop(Refusal):
    """A contract stopped the run: nothing is scored, the published state stays (exit 3)."""

    exit_code = 3


class NotAllowed(Refusal):
    """Not allowed in this state: not approved, already published (exit 4)."""

    exit_code = 4


class VerificationFailed(Refusal):
    """A recomputed figure or byte differs from the published one (exit 5)."""

    exit_code = 5


class RulebookRefusal(UsageRefusal):
    """A rulebook that must not load: file, line, what, why and the nearest known name (exit 2).

    ``place`` is file and line, ``word`` the name that nobody knows, where there is one.
    """

    def __init__(self, words: Words, place: tuple[str, int] = ("", 0), word: object = "") -> None:
        super().__init__(words)
        self.place, self.word = place, word


class JudgesDisagree(VerificationFailed):
    """The second judge's score differs from the engine of record's (exit 5)."""
