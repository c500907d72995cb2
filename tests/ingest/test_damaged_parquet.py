"""A damaged Parquet file is told in the reader's own language."""

import re

import pyarrow
import pytest
from pyarrow import parquet

from tests.ingest.reading import COLUMNS, UNITS, read


@pytest.mark.parametrize(("damage", "zh"), [
    (lambda content: content[: len(content) // 2], "末尾缺失，或不是 Parquet 文件"),
    (lambda content: content[:4] + bytes(200) + content[204:], "内容读不出来"),
    (lambda content: b"PAR1", "末尾缺失，或不是 Parquet 文件"),
])
def test_no_english_phrase_stands_in_a_chinese_sentence(tmp_path, damage, zh):
    rows = {name: [f"{name} {n}" for n in range(50)] for name in COLUMNS}
    parquet.write_table(pyarrow.table(rows), tmp_path / "cases.parquet", compression="none", use_dictionary=False)
    content = (tmp_path / "cases.parquet").read_bytes()
    (tmp_path / "cases.parquet").write_bytes(damage(content))
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    [stop] = read(tmp_path).intake.stops
    assert zh in stop.zh and re.findall(r"[A-Za-z]{3,}", stop.zh) in (["cases", "parquet", "Parquet", "Parquet"],
                                                                      ["cases", "parquet", "Parquet"])
