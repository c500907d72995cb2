"""The words of the mapping language, as `data_contracts/mapping/words.yaml` declares them."""

from dataclasses import dataclass
from functools import cache

from pipelines.model.words import Words
from pipelines.paths import CONTRACTS
from pipelines.wording import load_plain

FILE = CONTRACTS / "mapping" / "words.yaml"


@dataclass(frozen=True)
class Word:
    """A word of a block: what may stand after it."""

    name: str
    kind: str  # text, raw, texts, number, choice, words, values, flag, block, blocks
    says: Words
    of: str = ""  # block, blocks: of which block
    choices: tuple[str, ...] = ()
    keys: str = ""  # blocks: what their names are: table, column, header
    required: bool = False
    origin: bool = False  # a column has exactly one of these
    goes_with: tuple[str, ...] = ()  # the origins; () = any place


@cache
def vocabulary() -> dict[str, dict[str, Word]]:
    """The words of every block, in the order in which they are declared."""
    return {
        block: {name: _word(name, facts) for name, facts in words.items()} for block, words in declarations().items()
    }


@cache
def declarations() -> dict[str, dict[str, dict]]:
    """The declarations as they stand in the file, with their examples."""
    return load_plain(FILE.read_text(encoding="utf-8"))  # type: ignore[return-value]


def _word(name: str, facts: dict) -> Word:
    of = facts.get("of", "")
    return Word(
        name,
        facts["kind"],
        Words(facts["zh"], facts["en"]),
        of if isinstance(of, str) else "",
        tuple(of) if isinstance(of, list) else (),
        facts.get("keys", ""),
        facts.get("required", False),
        facts.get("origin", False),
        tuple(facts.get("with", ())),
    )
