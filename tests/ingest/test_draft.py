"""`gongping source draft`: a first mapping that loads, certain where it is certain, and asks about the rest."""

import pytest

from pipelines.cli import main
from pipelines.contracts.declared import load_contracts
from pipelines.exports.mapping import load_source

HEADER = "诉求件编号,承办部门编码,派发时间,签收时限,办理时限,承办角色,公众评价,来源"
ROWS = (
    "1,A,07/31/2026 01:00 PM,2026-07-02T09:00:00Z,2026-07-09,主办,好,web",
    "2,A,08/01/2026 02:00 PM,2026-07-22T03:00:00Z,2026-07-29,协办,满意,web",
    "3,A,08/21/2026 03:00 PM,2026-07-22T02:00:00Z,2026-07-29,协办,好,app",
)


@pytest.fixture
def drafted(tmp_path, capsys):
    """A folder of one foreign export and a file of which nothing is known, drafted in English."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "受理表.csv").write_text("\n".join([HEADER, *ROWS, ""]), encoding="utf-8")
    (tmp_path / "in" / "odd.csv").write_text("x,y\n1,甲\n", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["source", "draft", str(tmp_path / "in"), "--to", str(tmp_path / "town.yaml"), "--lang", "en"])
    assert not ended.value.code and "town.yaml" in capsys.readouterr().out
    return tmp_path


def test_a_drafted_mapping_loads_and_has_what_is_certain(drafted):
    mapping = load_source(drafted / "town.yaml", load_contracts())
    [column] = mapping.tables["cases"].columns
    assert (column.name, column.headers, column.formats) == ("dispatched_at", ("派发时间",), ("%m/%d/%Y %I:%M %p",))
    assert mapping.tables["cases"].files == ("受理表.csv",)


@pytest.mark.parametrize("said", [
    "the required unit_id is missing; headers of its kind: 承办部门编码",
    'reply_due_at: {from: "办理时限", end_of_day: true}',
    'public_rating: {from: "公众评价", values: {"好": ?}}; values that are not known: 好 (2); choose from satisfied、',
    "派发时间: 3 moments; %m/%d/%Y %I:%M %p; 2026-07: 1 2026-08: 2",
    "签收时限: 3 moments; 2026-07: 3; 3 carry an offset",
    "来源: 3 texts; web (2)、app (1)", "odd.csv (1 row): which table this is cannot be told",
])
def test_a_draft_asks_about_what_is_not_certain(drafted, said):
    comments = [line for line in (drafted / "town.yaml").read_text(encoding="utf-8").splitlines() if "#" in line]
    assert any(said in line for line in comments), "\n".join(comments)


def test_a_draft_writes_over_no_file(drafted, capsys):
    before = (drafted / "town.yaml").read_bytes()
    with pytest.raises(SystemExit) as ended:
        main(["source", "draft", str(drafted / "in"), "--to", str(drafted / "town.yaml")])
    assert ended.value.code and (drafted / "town.yaml").read_bytes() == before
