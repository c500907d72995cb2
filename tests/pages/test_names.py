"""File names and text cells: whatever somebody typed as an identifier or a remark."""

import json
from urllib.parse import unquote

import pytest

from pipelines.edges.tablefiles import ledger_lines
from pipelines.model.text import LONGEST, file_stem, guarded, link_to, masked, plain
from tests.pages.fixture import LINES, warehouse

HOSTILE = [
    "..", ".", "", "/", "../../etc/passwd", "a/b", "a\\b", "U 1", "\u202eU1", "<img src=x>", "~", "%", "%2E", "a.",
    "CON:", "x\0y", "单位，甲", "𠀀", "é", "e\u0301", "-rf", "'; drop",
]


@pytest.mark.parametrize("plain_id", ["U012", "市公安局", "A-1_b", "1.2", "u012"])
def test_a_plain_identifier_is_its_own_file_name(plain_id):
    assert file_stem(plain_id) == plain_id


@pytest.mark.parametrize("identifier", HOSTILE)
def test_a_hostile_identifier_is_one_safe_name_and_comes_back(identifier):
    stem = file_stem(identifier)
    assert stem
    assert not set(stem) & set("/\\\0<>:\"' \u202e")
    assert not stem.startswith(".")
    assert ("" if stem == "%" else unquote(stem)) == identifier


def test_different_identifiers_never_share_a_file():
    long = ["x" * 300, "x" * 299 + "y", "城" * 300, "城" * 299, "/" * 300, *HOSTILE, "U1", "u1"]
    assert len({file_stem(i) for i in long}) == len(long)
    assert max(len(file_stem(i).encode()) for i in long) <= LONGEST


def test_a_link_leads_to_the_file_itself():
    from urllib.parse import unquote

    assert unquote(link_to(file_stem("a%2Fb/c"))) == file_stem("a%2Fb/c")


@pytest.mark.parametrize("start", "=+-@\t\r\n\0＝＋－＠")
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(start):
    assert guarded(f"{start}1+1") == f"'{start}1+1"


def test_other_cells_stay_as_they_are():
    assert [guarded(cell) for cell in ("", "2026-07", "a=1", "'x")] == ["", "2026-07", "a=1", "'x"]


@pytest.mark.parametrize("number", ["13812345678", "+86 138-1234-5678", "8613812345678", "１３８１２３４５６７８",
                                    "110101199003071234", "11010119900307123X", "11010119900307123x", "0755-28888888",
                                    "（0755）28888888", "021－62345678"])
@pytest.mark.parametrize("around", ["电话{}。", "{}", "a{}b", "{0},{0}/{0}"])
def test_telephone_and_identity_numbers_are_hidden(number, around):
    text = masked(around.format(number))
    assert number[-6:] not in text
    assert "已隐去" in text


@pytest.mark.parametrize("text", ["20260712000000012345", "S2026070001", "2026-07-02 17:00:00", "12345678901", "075528",
                                  "1234567890123"])
def test_other_numbers_are_not_hidden(text):
    assert masked(text) == text


def test_the_warehouse_hides_exactly_what_python_hides():
    details = ["13812345678", "x13812345678,13912345678,13612345678y",
               "11010119900307123X 110101199003071234", "+8613812345678",
               "20260712000000012345", "", "＋86１３８１２３４５６７８", "13812345678\n13912345678"]
    lines = [("U001", "A3.3", "attitude", "", f"c{n}", "", "0.00", "", d) for n, d in enumerate(details)]
    assert [json.loads(line[-1])["text"] for line in ledger_lines(warehouse(lines))] == [masked(d) for d in details]


def test_the_ledger_comes_in_the_order_of_its_numbers():
    numbers = [line[0] for line in ledger_lines(warehouse())]
    assert numbers == sorted(numbers)
    assert len(numbers) == len(LINES)


def test_control_characters_do_not_reach_a_page():
    assert plain("a\x00b\x1b\n c") == "a□b□  c"


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u200f", "\u061c", "\u200b", "\ufeff"])
def test_marks_that_turn_or_hide_a_text_become_visible(mark):
    assert plain(f"东湖{mark}区") == "东湖□区"
