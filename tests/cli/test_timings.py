"""`run --timings`: what each part took, and that all of it adds up."""

import re


def test_the_parts_of_a_run_add_up_to_the_whole(exports, tmp_path, call, quick):
    code, _, told = call("run", "2026Q3", "--exports", str(exports), "--out", str(tmp_path), "--no-pdf", "--timings")
    found = re.findall(r"^ *([\d.]+) s +([\d.]+) % +(\S+)$", told, re.MULTILINE)
    *parts, (whole, share, name) = found
    assert code == 0 and name == "合计" and share == "100.0"
    assert {"读入导出表", "按数据契约检查", "数据表", "网页"} <= {name for *_, name in parts}
    assert abs(sum(float(seconds) for seconds, *_ in parts) - float(whole)) < 0.1
