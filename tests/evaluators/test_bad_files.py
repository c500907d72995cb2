"""Bad files and wrong words: never a traceback; refused with file, row, reason and remedy, and kept."""

import csv
import gzip
import io
import json
import logging
from datetime import datetime
from pathlib import Path

import pytest

from pipelines.cli import _run
from pipelines.edges.notify import deliver, is_address
from pipelines.evaluators.desk import Work, take_steps
from pipelines.evaluators.inbox import read_inbox
from pipelines.model.period import Period
from pipelines.sample.make import make_sample

AT = datetime(2026, 7, 16)
HEADER = "action_id,evaluator_id,action,acted_at,assignment_id,rating,reason,away_from,away_until\n"
CHINESE = "操作编号,评价员编码,操作,操作时间,派评编号,评价结果,理由,暂停起,暂停止\n"
ROW = "A1,E001,rate,2026-07-15 10:00:00,P1,满意,办理得当,,\n"
NAMES = HEADER.strip().split(",")


def workbook(*rows) -> bytes:
    """A workbook with the header and these rows; moments become date cells."""
    import xlsxwriter

    packed = io.BytesIO()
    book = xlsxwriter.Workbook(packed, {"in_memory": True})
    sheet, form = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for number, row in enumerate([NAMES, *rows]):
        for place, value in enumerate(row):
            if isinstance(value, datetime):
                sheet.write_datetime(number, place, value, form)
            else:
                sheet.write(number, place, value)
    book.close()
    return packed.getvalue()


def cells(moment) -> list:
    return ["A1", "E001", "rate", moment, "P1", "满意", "in order", "", ""]


GOOD = {
    "gb18030.csv": (CHINESE + ROW.replace("rate", "评价")).encode("gb18030"),
    "bom.csv": b"\xef\xbb\xbf" + (HEADER + ROW).encode(),
    "semicolons.csv": (HEADER + ROW).replace(",", ";").encode(),
    "unknown column.csv": (HEADER.strip() + ",备注\n" + ROW.strip() + ",x\n").encode(),
    "text date.xlsx": workbook(cells("2026/7/15 10:00")),
    "date.xlsx": workbook(cells(datetime(2026, 7, 15, 10))),
    "the same row twice.csv": (HEADER + ROW + ROW).encode(),
    "wide[1]*.csv": (HEADER + ROW.replace("A1", " Ａ１ ")).encode(),
    "packed.csv.gz": gzip.compress((HEADER + ROW).encode()),
    "upper.CSV": (HEADER + ROW).encode(),
}
# file -> content, line that is refused (0 = the file as a whole), a piece of the reason
BAD = {
    "utf16.csv": ((HEADER + ROW).encode("utf-16"), 0, "UTF-8"),
    "nothing.csv": (b"", 0, "表头"),
    "zeros.csv": (b"\0" * 300, 0, "文本"),
    "nul.csv": ((HEADER + ROW.replace("办理", "办\0理")).encode(), 2, "空字节"),
    "latin.csv": ((HEADER + ROW).encode() + ROW.replace("办理得当", "caf\xe9").encode("latin-1", "replace"), 3, "编码"),
    "typo.csv": ((HEADER.replace("evaluator_id", "evaluater_id") + ROW).encode(), 0, "evaluater_id"),
    "short.csv": ((HEADER + "A1,E001\n").encode(), 2, "逗号"),
    "quotes.csv": ((HEADER + ROW.replace("办理得当", '"办理"得当')).encode(), 2, "引号"),
    "two of one number.csv": ((HEADER + ROW + ROW.replace("满意", "不满意")).encode(), 2, "two of one number.csv:3"),
    "no date.xlsx": (workbook(cells("七月十五日")), 2, "2026-07-02 09:05:00"),
    "serial.xlsx": (workbook(cells(46218.4)), 2, "2026-07-15"),
    "broken.xlsx": (b"PK\x03\x04" + b"x" * 90, 0, ".xlsx"),
    "old.xls": (b"\xd0\xcf\x11\xe0", 0, ".xlsx"),
    "broken.csv.gz": (b"\x1f\x8bno", 0, "压缩"),
    "broken.parquet": (b"PAR1", 0, "Parquet"),
    "picture.png": (b"\x89PNG", 0, "picture.png"),
    "Thumbs.db": (b"x", 0, "收件文件夹"),
    "no suffix": ((HEADER + ROW).encode(), 0, "CSV"),
    "deep.json": (b"[" * 90_000, 0, "JSON"),
    "one.json": (b"{}", 0, "JSON"),
    "utf16.json": ("[]".encode("utf-16"), 0, "JSON"),
    "numbers.json": (b"[1]", 1, "JSON"),
    "nested.json": (json.dumps([{**dict.fromkeys(NAMES, "x"), "reason": {"a": 1}}]).encode(), 1, "JSON"),
    "half a character.json": (b'[{"action_id":"\\ud800"}]', 1, "JSON"),
    "half a character.jsonl": (b'{"action_id":"\\ud800"}\n', 1, "JSON"),
}


def read(folder: Path, name: str, content: bytes):
    """The file as the inbox reads it."""
    folder.mkdir()
    (folder / name).write_bytes(content)
    (file,) = read_inbox(folder, set())
    return file


@pytest.mark.parametrize("name", GOOD)
def test_what_only_looks_odd_is_taken(tmp_path, name):
    file = read(tmp_path / "in", name, GOOD[name])
    assert [(one.action_id, one.acted_at, one.line) for one in file.actions] == [("A1", datetime(2026, 7, 15, 10), 2)]
    assert not file.turned


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_taken_is_refused_with_its_line_and_a_reason_that_names_no_file_of_ours(tmp_path, name):
    content, line, reason = BAD[name]
    file = read(tmp_path / "in", name, content)
    (first, *_) = file.turned
    assert (first.file, first.line) == (name, line)
    assert reason in first.why.zh and "evaluator_actions_" not in first.why.zh and first.why.en
    assert "A1" not in {one.action_id for one in file.actions} or name == "latin.csv"


def test_an_empty_list_and_hidden_files_are_nothing(tmp_path):
    assert read(tmp_path / "in", "header.csv", HEADER.encode()).turned == ()
    for name in (".DS_Store", "~$open.xlsx"):
        (tmp_path / "in" / name).write_bytes(b"x")
    (tmp_path / "in" / "old").mkdir()
    assert [file.name for file in read_inbox(tmp_path / "in", set())] == ["header.csv"]


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    make_sample(folder / "x", Period.parse("2026Q3"), 6, 300, 3)
    (folder / "x" / "evaluations.csv").unlink()
    return folder


def refused(state: Path) -> list[dict]:
    with (state / "refused.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_refusal_is_kept_with_its_file_line_and_row_and_only_once(sample, tmp_path):
    """A file that has grown, and a second file with the same rows, do not fill the list again."""
    work = Work(sample / "x", tmp_path / "in", tmp_path / "s")
    (tmp_path / "in").mkdir()
    rows = HEADER + ROW.replace("E001", "E999") + ROW.replace("A1", "A2").replace("办理得当", "")
    (tmp_path / "in" / "july.csv").write_text(rows, encoding="utf-8")
    take_steps(work, [AT])
    found = [(one["file"], one["line"], one["action_id"]) for one in refused(work.state)]
    assert found == [("july.csv", "3", "A2"), ("july.csv", "2", "A1")]
    assert [one["why"] for one in refused(work.state)] == [
        "请补填理由", "评价员编码不在专业评价员名单中。请核对编码。",
    ]
    (tmp_path / "in" / "july.csv").write_text(rows + ROW.replace("A1", "A3"), encoding="utf-8")
    (tmp_path / "in" / "sent again.csv").write_text(HEADER + ROW.replace("E001", "E999"), encoding="utf-8")
    take_steps(work, [AT])
    assert [one["action_id"] for one in refused(work.state)] == ["A2", "A1", "A3"]


def test_an_action_of_next_year_waits_and_is_told_of(sample, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(HEADER + ROW.replace("2026-07-15", "2027-07-15"), encoding="utf-8")
    words = ["--exports", str(sample / "x"), "--inbox", str(tmp_path / "in"), "--state", str(tmp_path / "s")]
    assert _run(["evaluators", "step", "--at", str(AT), *words]) == 0
    assert "1 项操作的时间晚于" in capsys.readouterr().out
    assert refused(tmp_path / "s") == []


# what is asked for, exit code, a piece of what is said
WRONG = {
    "a moment that is none": (["step", "--at", "yesterday"], 2, "2026-10-15"),
    "no inbox": (["step", "--inbox", "nowhere"], 2, "--inbox"),
    "a file for an inbox": (["step", "--inbox", "afile"], 2, "--inbox"),
    "a file for a state": (["step", "--state", "afile"], 2, "--state"),
    "a start after the end": (["step", "--from", "2026-08-01"], 2, "--from"),
    "ages between steps": (["step", "--from", "2026-07-01", "--every", "99999999999"], 2, "--every"),
    "a folder for a table": (["step", "--evaluations", "."], 2, "--evaluations"),
    "a table nowhere": (["step", "--evaluations", "no/where.csv"], 2, "--evaluations"),
    "a table of something else": (["step", "--evaluations", "afile"], 4, "第 1 行"),
    "no rulebook": (["step", "--rules", "nowhere"], 2, "--rules"),
    "a reading misspelt": (["step", "--reading", "evaluation_clok=reminder"], 2, "evaluation_clock"),
    "another year's rules": (["step", "--at", "1999-01-05"], 2, "2010-01-01"),
    "nobody's certificate": (["appointments", "--certificate", "../E001"], 2, "核对编码"),
    "a report before any step": (["report"], 2, "evaluators step"),
}
CHANNELS = {
    "everybody: [x]": "everyone",
    "- a": "第 1 行",
    "everyone: 3": "第 1 个地址",
    'everyone: ["nonsense"]': "第 1 个地址",
    "evaluators: [a]": "第 1 行",
    "every\0one: x": "读不懂",
    "\teveryone: x": "读不懂",
    "[" * 3000: "读不懂",
    "everyone: a\neveryone: b": "写了两次",
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_word_is_refused_with_the_option_to_mend(case, sample, tmp_path, monkeypatch, capsys):
    words, code, piece = WRONG[case]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "afile").write_text("x\n", encoding="utf-8")
    usual = {"--at": str(AT), "--exports": str(sample / "x"), "--state": "s"}
    given = [part for name, value in usual.items() if name not in words for part in (name, value)]
    assert _run(["evaluators", *words, *given]) == code
    output = capsys.readouterr().err
    assert piece in output and "Traceback" not in output and "程序出错" not in output
    assert (tmp_path / "afile").read_text(encoding="utf-8") == "x\n"


@pytest.mark.parametrize("content", CHANNELS)
def test_a_file_of_channels_that_is_wrong_is_refused_with_its_line(content, tmp_path, capsys):
    (tmp_path / "notify.yaml").write_text(content, encoding="utf-8")
    assert _run(["evaluators", "send", "--notify", str(tmp_path / "notify.yaml"), "--state", str(tmp_path / "s")]) == 2
    output = capsys.readouterr().err
    assert CHANNELS[content] in output and "notify.yaml" in output and "nonsense" not in output


def test_an_unknown_day_for_the_libraries_is_refused_in_words(sample, tmp_path, capsys):
    words = ["--exports", str(sample / "x"), "--out", str(tmp_path), "--on", "2026-13-01"]
    assert _run(["libraries", "check", "2026Q3", *words]) == 2
    assert "2026-13-01" in capsys.readouterr().err


def test_no_address_reaches_a_log_of_anybody_else(caplog):
    logger = logging.getLogger("apprise")
    logger.handlers, logger.propagate = [], True  # as after an import of a library that sets up logging
    with caplog.at_level(logging.DEBUG):
        assert not is_address("nonsense-with-a-secret")
        assert not deliver(["nonsense-with-a-secret"], "title", "body")
    assert "secret" not in caplog.text


def test_a_row_that_is_turned_away_is_kept_as_it_was_written(tmp_path):
    """A moment too, in whichever form: its digest tells the same row the next time."""
    rows = [ROW.replace("rate", "raze"), ROW.replace("rate", "raze").replace("A1", "A2").replace("-15 10", "-16 11")]
    for name, text in (("usual.csv", "".join(rows)), ("other.csv", "".join(rows).replace("2026-07-15 ", "2026/7/15 "))):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text(HEADER + text, encoding="utf-8")
        [read] = read_inbox(folder, set())
        cells = [dict(zip(NAMES, line.split(","), strict=True)) for line in text.splitlines()]
        assert [one.row for one in read.turned] == [{key: cell for key, cell in row.items() if cell} for row in cells]
        assert len({one.digest for one in read.turned}) == len(rows)
