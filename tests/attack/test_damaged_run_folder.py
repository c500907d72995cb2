"""A published folder that somebody damaged is refused, never half read."""

import pytest

from pipelines.edges.published import PublishedQuarter
from pipelines.model.words import UsageRefusal

RANKING = "period,unit_id,unit_name,unit_group,base,bonus,total,rank,group_rank,case_rows,note\n"
LINE = "2026Q2,U1,甲,区县,99.00,0.00,99.00,1,1,3,\n"
ITEMS = "period,unit_id,item_id,full_marks,deducted,score,note\n2026Q2,U1,A1.1,5.00,0.00,5.00,\n"
LEDGER = "entry_id,period,unit_id,item_id,rule_id,clause,month,case_id,ref_id,points,adjustment_id,detail\n"


def run_folder(folder, **tables: str | bytes):
    """A folder with a ranking, items and a ledger, some of them as given."""
    for name, text in ({"ranking": RANKING + LINE, "items": ITEMS, "ledger": LEDGER} | tables).items():
        (folder / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def test_a_whole_one_is_read(tmp_path):
    assert PublishedQuarter.open(run_folder(tmp_path)).ranking["U1"]["unit_name"] == "甲"


@pytest.mark.parametrize("damage", [
    b"", RANKING + "2026Q2,U9\n", RANKING + LINE[:-9], RANKING + LINE.strip() + ",x,y\n", RANKING + LINE + "\0\0\n",
    RANKING + LINE + '"abc', RANKING.replace("unit_group", "grp") + LINE, (RANKING + LINE).encode("gb18030"),
])
def test_a_damaged_ranking_is_refused(tmp_path, damage):
    with pytest.raises(UsageRefusal) as refusal:
        PublishedQuarter.open(run_folder(tmp_path, ranking=damage))
    assert str(tmp_path) in refusal.value.words.en


def test_damaged_items_and_a_damaged_ledger_are_refused(tmp_path):
    with pytest.raises(UsageRefusal):
        PublishedQuarter.open(run_folder(tmp_path, items="unit_id\n"))
    with pytest.raises(UsageRefusal):
        PublishedQuarter.open(run_folder(tmp_path, items=ITEMS, ledger="x")).ledger_of("U1")
