"""An example has the months of its book's period: one, three, six, twelve."""

import shutil
from datetime import date

import pytest

from pipelines.model.words import RulebookRefusal
from pipelines.paths import ROOT
from pipelines.rulebook.load import load_rulebook

BOOK = ROOT / "examples" / "lianyungang" / "rulebook"
RULE = "B1.1/completed_in_time.yaml"
KINDS = [("month", 1), ("quarter", 3), ("half_year", 6), ("year", 12), ("span", 3)]


def load(tmp_path, kind: str, months: int):
    """The book as one of another kind of period, with an example of so many months: 100 due and in time in the last."""
    book = shutil.copytree(BOOK, tmp_path / "book")
    text = (book / "rulebook.yaml").read_text(encoding="utf-8")
    (book / "rulebook.yaml").write_text(text.replace("period: month", f"period: {kind}"), encoding="utf-8")
    counts = ", ".join(["0"] * (months - 1) + ["100"])
    with (book / RULE).open("a", encoding="utf-8") as file:
        file.write(f"  - {{name: by month, given: {{due: [{counts}], in_time: [{counts}]}}, points: 0}}\n")
    return load_rulebook(book, date(2026, 1, 1))


@pytest.mark.parametrize(("kind", "months"), KINDS)
def test_a_list_has_a_count_for_each_month_of_the_period(tmp_path, kind, months):
    assert load(tmp_path, kind, months).rules["completed_in_time"]


@pytest.mark.parametrize(("kind", "months", "more"), [(*one, by) for one in KINDS for by in (-1, 1) if one[1] + by])
def test_a_list_of_another_length_is_refused_with_its_line(tmp_path, kind, months, more):
    line = len((BOOK / RULE).read_text(encoding="utf-8").splitlines()) + 1
    with pytest.raises(RulebookRefusal) as caught:
        load(tmp_path, kind, months + more)
    said = caught.value.words.en
    assert f"{RULE}, line {line}" in said and f"{months + more} months" in said and f"has {months}." in said
