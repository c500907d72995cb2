"""The encoding and the delimiter are found out; what does not decode costs its row alone."""

import codecs

import pytest

from tests.ingest.reading import COLUMNS, HEADER, read_cases, row

CHINESE = [row("甲一", "城管局"), row("乙", "市政务服务中心"), row("丙", "水务")]
TEXT = "\n".join([HEADER, *CHINESE]) + "\n"


@pytest.mark.parametrize(("content", "encoding"), [
    (TEXT.encode(), "utf-8"),
    (codecs.BOM_UTF8 + TEXT.encode(), "utf-8-sig"),
    (TEXT.encode("gb18030"), "gb18030"),
    (TEXT.replace("城管", "\U00020087").encode("gb18030"), "gb18030"),
    (HEADER.encode(), "utf-8"),
])
def test_the_encoding_is_found_out(tmp_path, content, encoding):
    got = read_cases(tmp_path, content)
    assert got.receipt().encoding == encoding
    assert got.ids() == ([] if content == HEADER.encode() else ["甲一", "乙", "丙"])


def test_in_a_utf8_file_a_row_of_another_encoding_is_a_breach(tmp_path):
    lines = [HEADER.encode(), *[line.encode() for line in CHINESE], row("丁", "水务局").encode("gb18030")]
    got = read_cases(tmp_path, b"\n".join(lines))
    assert (got.receipt().encoding, got.faults) == ("utf-8", [(5, "encoding")])
    assert got.ids() == ["甲一", "乙", "丙"]


def test_in_a_gb18030_file_a_row_of_broken_bytes_is_a_breach(tmp_path):
    lines = [HEADER.encode(), *[line.encode("gb18030") for line in CHINESE], b"\xff\xff" + row("D").encode()]
    got = read_cases(tmp_path, b"\n".join(lines))
    assert (got.receipt().encoding, got.faults) == ("gb18030", [(5, "encoding")])
    assert got.intake.breaches[0].value == "0xFF"


def test_in_a_gb18030_file_a_row_of_utf8_is_a_breach_and_not_other_characters(tmp_path):
    lines = [HEADER.encode(), *[line.encode("gb18030") for line in CHINESE], row("丁", "水务局").encode()]
    got = read_cases(tmp_path, b"\n".join(lines))
    assert (got.receipt().encoding, got.faults) == ("gb18030", [(5, "encoding")])
    assert got.ids() == ["甲一", "乙", "丙"]


def test_a_utf8_file_whose_rows_pass_for_gb18030_too_stays_utf8_after_damage(tmp_path):
    # An even number of Chinese characters in UTF-8 decodes as GB18030: the vote must not be taken in by that.
    lines = [row(f"编号{n}", "单位") .encode() for n in range(9)]
    got = read_cases(tmp_path, b"\n".join([HEADER.encode(), *lines, b"\xe4" + row("X").encode()]))
    assert got.receipt().encoding == "utf-8"
    assert got.ids(column="unit_id") == ["单位"] * 9


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf16_is_a_stop_that_says_how_to_save_the_file(tmp_path, encoding):
    assert "CSV UTF-8" in read_cases(tmp_path, TEXT.encode(encoding)).stops


@pytest.mark.parametrize("delimiter", ["\t", ";", "，"])
def test_another_delimiter_is_read_and_reported(tmp_path, delimiter):
    got = read_cases(tmp_path, TEXT.replace(",", delimiter))
    assert got.ids() == ["甲一", "乙", "丙"]
    assert "instead of commas" in got.notices


def test_a_header_without_known_names_is_not_taken_for_another_delimiter(tmp_path):
    assert "the required column case_id" in read_cases(tmp_path, "a;b;c\n1;2;3\n").stops


def test_chinese_headers_and_canonical_ones_read_alike(tmp_path):
    got = read_cases(tmp_path, TEXT.replace(HEADER, "诉求件编号, 承办单位编码 ,派发时间,DISPATCHED_AT2,办理时限"
                                            .replace("DISPATCHED_AT2", "Sign_Due_At")))
    assert [name for name in got.tables["cases"][0] if name in COLUMNS] == list(COLUMNS)
    assert got.ids() == ["甲一", "乙", "丙"]
