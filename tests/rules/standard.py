"""A town under the standard edition, for tests of its own numbers; all other tests live under the invented law."""

from pipelines.rulebook.load import load_rulebook
from tests.rules.book import STANDARD, TODAY
from tests.toy.town import Town

TOWN = Town(load_rulebook(STANDARD, TODAY))
BOOK, FULL = TOWN.book, TOWN.full
unit, settled, item, lines, ranking, verdicts = (
    TOWN.unit, TOWN.settled, TOWN.item, TOWN.lines, TOWN.ranking, TOWN.verdicts,
)
