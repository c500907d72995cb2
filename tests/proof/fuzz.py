"""Every reader, fed with whatever: it reads, or refuses in words, and neither crashes nor grows.

    python -m tests.proof.fuzz --seconds 60             each reader for so long, by coverage (atheris: make fuzz)
    python -m tests.proof.fuzz csv --seconds 600        one of them
    python -m tests.proof.fuzz csv --one FILE           one input, as a crash left it

Seeds are small sound inputs, and what once crashed a reader: tests/proof/corpus/READER. An input that crashes one,
takes more than 20 s or 2 GB is kept in .cache/fuzz/READER and told.
"""

import argparse
import importlib
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import date
from functools import cache
from pathlib import Path

HERE = "--here"  # in a process of its own, where the reader is watched as it is imported


def _watched():
    if HERE not in sys.argv:
        return nullcontext()
    import atheris

    return atheris.instrument_imports(include=["pipelines"])


with _watched():
    from pipelines.contracts.declared import load_contracts
    from pipelines.evaluators.log import Log
    from pipelines.evaluators.state import State
    from pipelines.exports.files import READERS
    from pipelines.exports.mapping import load_source
    from pipelines.model.intake import Known, Layout
    from pipelines.model.words import Refusal
    from pipelines.paths import ROOT
    from pipelines.project import load
    from pipelines.publication.record import read, record_file
    from pipelines.publication.signers import read_signers
    from pipelines.publication.state import replay
    from pipelines.rulebook.load import load_rulebook
    from tests.proof import group

    OPENS = {suffix: getattr(importlib.import_module(f"pipelines.exports.{module}"), function)
             for suffix, (module, function) in READERS.items()}

LAW = ROOT / "tests" / "toy" / "island"
CORPUS = Path(__file__).with_name("corpus")
WORK = ROOT / ".cache" / "fuzz"
SECONDS, MEGABYTES = 20, 2048  # for one input
HEADER = "case_id,unit_id,title,dispatched_at,public_rating\n"
CSV = [HEADER + 'C1,U1,"a ""b"",\nc",2026-07-01 09:00:00,satisfied\nC2,U2,,2026/7/2,\n',
       "sep=;\ncase_id;unit_id\nC1;U1\n", "\ufeff" + HEADER + "C1,U1,'=1+1,45000.5,1e3\r\n"]
JSON = ['{"case_id": "C1", "unit_id": 1.50, "title": null}\n{"case_id": "C2"}\n',
        '[{"a": {"b": [1, true]}}, {"a": 1e400}]']
RECORD = '{"n":1,"at":"2026-07-01 09:00:00","kind":"init","before":"' + "0" * 64 + '","clock":"2026-07-01 09:00:00"'
MAPPING = """source: town
tables:
  cases:
    files: [c.csv]
    columns:
      case_id: 编号
      role: {from: 角色, values: {L: lead}}
      dispatched_at: {from: 派发, format: "%Y/%m/%d %H:%M"}
"""
PROJECT = """city: 泽湖市
exports: data/{period}
zone: Asia/Shanghai
schedules:
  - {do: score, at: "0 6 6 1,4,7,10 *"}
"""
PARTS = ("xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml",
         "xl/_rels/workbook.xml.rels", "[Content_Types].xml")


def table(suffix: str) -> Callable[[bytes, Path], None]:
    """The reader of a table's files."""
    known = Known(frozenset({"case_id", "unit_id", "dispatched_at"}))

    def opened(data: bytes, folder: Path) -> None:
        file = folder / f"cases.{suffix}"
        file.write_bytes(data)
        for _ in OPENS[suffix](file, Layout(), known).batches():
            pass

    return opened


def xlsx(data: bytes, folder: Path) -> None:
    """The first byte says which part of a sound workbook the others stand for; at 255 they are the whole file."""
    if data[:1] == b"\xff":
        return table("xlsx")(data[1:], folder)
    packed, part = io.BytesIO(), PARTS[data[0] % len(PARTS)] if data else ""
    with zipfile.ZipFile(io.BytesIO(_workbook())) as sound, zipfile.ZipFile(packed, "w") as archive:
        for name in sound.namelist():
            archive.writestr(name, data[1:] if name == part else sound.read(name))
    return table("xlsx")(packed.getvalue(), folder)


def rulebook(data: bytes, folder: Path) -> None:
    """The first byte says which file of the invented law the others stand for."""
    book, files = folder / "book", _files_of_the_law()
    if not book.exists():
        shutil.copytree(LAW, book)
    name = files[data[0] % len(files)] if data else files[0]
    sound = (book / name).read_bytes()
    try:
        (book / name).write_bytes(data[1:])
        load_rulebook(book, date(2026, 7, 1))
    finally:
        (book / name).write_bytes(sound)


def mapping(data: bytes, folder: Path) -> None:
    """A source mapping."""
    (folder / "town.yaml").write_bytes(data)
    load_source(folder / "town.yaml", load_contracts())


def project(data: bytes, folder: Path) -> None:
    """A project file."""
    (folder / "gongping.yaml").write_bytes(data)
    load(folder / "gongping.yaml")


def record(data: bytes, folder: Path) -> None:
    """A quarter's record, and the signers'."""
    for name in ("2026Q2", "signers"):
        file = record_file(folder, name)
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(_chained(data))
        replay(read(file), file) if name == "2026Q2" else read_signers(folder, folder / "none")


def evaluators(data: bytes, folder: Path) -> None:
    """The evaluators' log, and its head."""
    state, place = folder / "state", data.find(b"\n\n")
    state.mkdir(exist_ok=True)
    (state / "log.jsonl").write_bytes(data[place + 2 :])
    (state / "head.json").write_bytes(data[:place]) if place > 0 else (state / "head.json").unlink(missing_ok=True)
    State(Log(state).events)


FUZZED: dict[str, Callable[[bytes, Path], None]] = {
    **{suffix: table(suffix) for suffix in ("csv", "jsonl", "json", "parquet")},
    "xlsx": xlsx, "rulebook": rulebook, "mapping": mapping, "project": project, "record": record,
    "evaluators": evaluators,
}


def seeds(name: str) -> Iterator[bytes]:
    """Sound inputs of a reader, and what once crashed it."""
    yield from (file.read_bytes() for file in sorted((CORPUS / name).glob("*")))
    if name == "parquet":
        yield from _parquet()
    elif name == "xlsx":
        with zipfile.ZipFile(io.BytesIO(_workbook())) as sound:
            yield from (bytes([n]) + sound.read(part) for n, part in enumerate(PARTS) if part in sound.namelist())
        yield b"\xff" + _workbook()
    elif name == "rulebook":
        yield from (bytes([n]) + (LAW / file).read_bytes() for n, file in enumerate(_files_of_the_law()))
    texts = {"csv": CSV, "jsonl": JSON, "json": JSON, "mapping": [MAPPING], "project": [PROJECT],
             "record": [f"+{RECORD}\n", "{}\n"],
             "evaluators": ["\n\n" + RECORD + ',"id":"x","hash":"' + "0" * 64 + '"}\n']}
    yield from (text.encode() for text in texts.get(name, ()))


def taken(name: str, data: bytes, folder: Path) -> None:
    """Read an input; anything but a refusal is a crash."""
    try:
        FUZZED[name](data, folder)
    except Refusal as refusal:
        assert str(refusal).strip()


def _chained(data: bytes) -> bytes:
    """Lines with the hash that they must have, so that what they say is reached."""
    from hashlib import sha256

    lines = []
    for line in data.split(b"\n"):
        if line.startswith(b"+"):
            body = line[1:]
            line = body + b',"sha256":"' + sha256(body).hexdigest().encode() + b'"}'
        lines.append(line)
    return b"\n".join(lines)


@cache
def _files_of_the_law() -> list[str]:
    return sorted(file.relative_to(LAW).as_posix() for file in LAW.rglob("*.yaml"))


@cache
def _workbook() -> bytes:
    import openpyxl

    book, packed = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["case_id", "unit_id", "dispatched_at", "title"])
    book.active.append(["C1", 1.5, "2026-07-01", "=1+1"])
    book.active.merge_cells("A3:B3")
    book.save(packed)
    return packed.getvalue()


def _parquet() -> Iterator[bytes]:
    import pyarrow as pa
    from pyarrow import parquet

    moments = pa.array([0, 1], pa.timestamp("us"))
    for columns in ({"case_id": ["C1", None]}, {"case_id": [1.5, 2.0], "dispatched_at": moments}):
        packed = io.BytesIO()
        parquet.write_table(pa.table(columns), packed, compression="none")
        yield packed.getvalue()


def _fuzz(name: str, seconds: int, seed: int, kept: Path) -> None:
    """By coverage, in this process; libFuzzer ends it."""
    import atheris

    grown = kept / "grown"
    grown.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(name)):
        (grown / f"seed-{number}").write_bytes(data)
    folder = Path(tempfile.mkdtemp(prefix="gongping-fuzz-"))
    options = (f"-max_total_time={seconds}", f"-timeout={SECONDS}", f"-rss_limit_mb={MEGABYTES}", f"-seed={seed + 1}",
               f"-artifact_prefix={kept}/", "-max_len=20000", "-print_final_stats=1", str(grown))
    atheris.Setup([sys.argv[0], *options], lambda data: taken(name, data, folder))
    atheris.Fuzz()


def main() -> int:
    """Each reader in a process of its own; how many inputs there were, and which crashed."""
    asked = argparse.ArgumentParser(prog="python -m tests.proof.fuzz", description=__doc__,
                                    formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("reader", nargs="?", choices=FUZZED)
    asked.add_argument("--seconds", type=int, default=60)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--one", type=Path, help="only this input")
    asked.add_argument(HERE, action="store_true", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.one or given.here:
        with tempfile.TemporaryDirectory() as folder:
            if given.one:
                taken(given.reader, given.one.read_bytes(), Path(folder))
            else:
                _fuzz(given.reader, given.seconds, given.seed, WORK / given.reader)
        return 0
    if not importlib.util.find_spec("atheris"):
        asked.error("atheris is not here: make fuzz")
    inputs, crashed = 0, []
    for name in [given.reader] if given.reader else FUZZED:
        command = [sys.executable, "-m", "tests.proof.fuzz", name, HERE, "--seconds", str(given.seconds),
                   "--seed", str(given.seed)]
        streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        with tempfile.TemporaryDirectory() as folder:  # libFuzzer ends the process, which cleans up nothing
            environment = {**os.environ, "TMPDIR": folder}
            with group(command, cwd=ROOT, env=environment, text=True, errors="replace", **streams) as process:
                _, told = process.communicate()
        runs = re.findall(r"number_of_executed_units: (\d+)|^#(\d+)\b", told, re.MULTILINE)
        found = max((int(a or b) for a, b in runs), default=0)
        inputs += found
        if process.returncode or not found:
            crashed.append(name)
            print(told[-4000:])
        print(f"{name}: {found} inputs, {'CRASHED' if name in crashed else 'sound'}", flush=True)
    print(f"{inputs} inputs: {len(FUZZED)} readers, {len(crashed)} crashed")
    return int(bool(crashed))


if __name__ == "__main__":
    sys.exit(main())
