"""A text in the two languages of the project, Chinese first."""

from dataclasses import dataclass

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
