"""Items and clauses with ids of digits alone, from the exports to the laboratory."""

import re
from shutil import copytree

import pytest

from pipelines import Quarter
from pipelines.assess import Request, Run
from pipelines.model.period import Period
from tests.rules.book import changed, refused
from tests.toy.exports import island_sample
from tests.toy.town import LAW

PERIOD = Period.parse("2026Q3")


def test_an_item_may_be_named_by_digits_alone(tmp_path):
    """H2.1 is 2.10 here: text everywhere, and nowhere the number 2.1."""
    book, exports = copytree(LAW, tmp_path / "book"), island_sample(tmp_path / "in", PERIOD, units=3, cases=60)
    named = {file: re.sub(r"\bH(\d)(\.\d)?", lambda found: f"{found[1]}{found[2] + '0' if found[2] else ''}", text)
             for file in (*book.rglob("*.yaml"), book / "regulation.md", exports / "assessments.csv")
             if (text := file.read_text(encoding="utf-8"))}
    for file, text in named.items():
        file.write_text(text, encoding="utf-8")
    for folder in book.glob("H?.?"):
        folder.rename(book / f"{folder.name[1:]}0")
    (book / "H3").rename(book / "3")
    with Run(Request(PERIOD, exports, tmp_path / "out", rules=book, pdf=False)) as run:
        run.run()
    quarter = Quarter.open(PERIOD, tmp_path / "out")
    assert set(quarter.items.item_id) == {"1.10", "1.20", "2.10", "2.20", "2.30", "3"}
    assert quarter.as_it_was.items.equals(quarter.items)


@pytest.mark.parametrize("id", ["a3.1", "A3_1", "A3.", ".1", "A3..1", "ALL"])
def test_an_id_of_another_form_is_refused(id, tmp_path):
    assert f"{id} cannot be an id" in refused(changed(tmp_path, "rulebook.yaml", "id: A3.1,", f"id: {id},"))
