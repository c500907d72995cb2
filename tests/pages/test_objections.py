"""What became of objections: refused ones are counted and shown too, with the time they took."""

from datetime import date

from pipelines.model.period import Period
from pipelines.stages import publish as stage
from pipelines.views.bulletin import told
from pipelines.views.figures import speaking
from pipelines.wording import say
from tests.pages.fixture import result, warehouse

QUARTER = speaking(say, Period.parse("2026Q3").kind)


def decision(action: str, received: int | None, decided: int, answer_by: int | None = None) -> dict:
    """A decision in October."""
    day = lambda n: n and date(2026, 10, n)  # noqa: E731
    return {"action": action, "received_on": day(received), "answer_by": day(answer_by), "decided_on": day(decided)}


def test_counts_and_times_are_told_the_refused_last():
    found = [decision("refuse", 8, 12, 12), decision("refuse", 8, 13, 12), decision("waive_deduction", None, 12),
             decision("waive_deduction", 9, 9, 12), decision("waive_deduction", None, 9)]
    assert told(found, QUARTER) == (
        "本季度作出复核决定5件，其中免予扣分3件、不予采纳2件；记有收到日期的3件平均3天作出决定，最长5天；超过答复期限1件。"
    )
    assert told(found[2:3], QUARTER) == "本季度作出复核决定1件，其中免予扣分1件。"
    assert told([], QUARTER) == ""


def test_card_and_bulletin_show_what_was_objected_and_when(tmp_path):
    folder = stage.publish(warehouse(), result(), tmp_path, pdf=False).folder
    card = (folder / "units" / "U001.html").read_text(encoding="utf-8")
    assert "2026-10-05 收到。 异议：系统停机" in card
    assert "超过答复期限1件" in (folder / "bulletin.html").read_text(encoding="utf-8")
    assert "1 past the day" in (folder / "bulletin.en.html").read_text(encoding="utf-8")
    table = (folder / "adjustments.csv").read_text(encoding="utf-8-sig").splitlines()
    assert table[0].endswith("received_on,answer_by,decided_on")
    assert table[1].endswith("2026-10-05,2026-10-07,2026-10-08") and "张三" not in table[1]
