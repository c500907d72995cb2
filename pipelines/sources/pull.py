"""A pull: every source of a city read once, into a folder of the raw layer that is whole or is not there.

`<raw>/<period>/<moment>/exports/` holds the tables and files, `receipt.json` beside it what each is of. Nothing in it
changes afterwards, so a run can be repeated without the sources; `<raw>/<period>/current` leads to the newest.
"""

import fcntl
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.edges import process
from pipelines.edges.fingerprints import code_version, file_sha256
from pipelines.edges.folders import sync, sync_folder
from pipelines.lazy import must_have, parquet
from pipelines.model.period import Period
from pipelines.model.project import Pulled, Source
from pipelines.model.words import Refusal, UsageRefusal, Words
from pipelines.sources import databases, files
from pipelines.wording import say

EXPORTS, RECEIPT, CURRENT = "exports", "receipt.json", "current"
DATABASES = ("postgresql", "mysql")
_PARTIAL, _LOCK = ".partial-", ".lock"

Listen = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Pull:
    """A finished pull."""

    folder: Path  # whole and unchanging; its `exports` is what a run reads
    tables: tuple[Pulled, ...]
    notices: tuple[Words, ...]


def pull(sources: Iterable[Source], period: Period, raw: Path, listen: Listen = lambda name, done, whole: None) -> Pull:
    """Read all sources and keep what they hold; a Refusal, and nothing kept, where one of them cannot be read whole.

    ``listen(name, done, whole)`` is called with rows of a table, or bytes of a file, as they come.
    """
    sources = tuple(sources)
    if not sources:
        raise UsageRefusal(say("sources.none"))
    must_have("sources")
    names = _file_names(sources)
    notices: list[Words] = []
    with _partial(raw / str(period)) as staging:
        (staging / EXPORTS).mkdir()
        tables: list[Pulled] = []
        for source in sources:
            bring = _tables if source.kind in DATABASES else _files
            for pulled in bring(source, period, staging / EXPORTS, names, notices, listen):
                if any(pulled.file == other.file for other in tables):
                    raise Refusal(say("sources.same_name", source=source.name, file=pulled.file))
                tables.append(pulled)
        receipt = {
            "period": str(period),
            "zone": process.project().zone,
            "finished": _now(),
            "program": code_version(),
            "tables": [asdict(table) for table in tables],
        }
        text = json.dumps(receipt, ensure_ascii=False, indent=2) + "\n"
        (staging / RECEIPT).write_text(text, encoding="utf-8")
        return Pull(_kept(staging, raw / str(period)), tuple(tables), tuple(notices))


def pulled_exports(
    sources: Iterable[Source], period: Period, raw: Path, listen: Listen = lambda name, done, whole: None
) -> tuple[Path, tuple[Words, ...]]:
    """The exports of a fresh pull, for a run to read, and what the pull has to tell."""
    done = pull(sources, period, raw, listen)
    return done.folder / EXPORTS, done.notices


def _file_names(sources: tuple[Source, ...]) -> dict[tuple[str, str], str]:
    """The file of every table; its source's name stands in it where several have one of that name."""
    counted = Counter(query.table for source in sources for query in source.tables)
    return {
        (source.name, query.table): f"{query.table}{f'_{source.name}' if counted[query.table] > 1 else ''}.parquet"
        for source in sources
        for query in source.tables
    }


def _tables(
    source: Source,
    period: Period,
    folder: Path,
    names: dict[tuple[str, str], str],
    notices: list[Words],
    listen: Listen,
) -> Iterator[Pulled]:
    with databases.snapshot(source, period) as open_:
        if open_.may_write:
            notices.append(say("sources.may_write", source=source.name, user=source.user))
        place = f"{databases.where(source)} ({open_.server})"
        for query in source.tables:
            file = folder / names[source.name, query.table]
            counted = open_.count(query)
            written = open_.store(query, file, counted, listen)
            rows = parquet.read_metadata(file).num_rows
            if not counted == written == rows:
                facts = {"source": source.name, "table": query.table, "there": counted, "here": rows}
                raise Refusal(say("sources.counts_differ", **facts))
            facts = {"file": file.name, "bytes": file.stat().st_size, "sha256": file_sha256(file)}
            yield Pulled(
                source.name, place, query.table, query.text, open_.moment, **facts, rows_at_source=counted, rows=rows
            )


def _files(
    source: Source,
    period: Period,
    folder: Path,
    names: dict[tuple[str, str], str],
    notices: list[Words],
    listen: Listen,
) -> Iterator[Pulled]:
    with files.remote(source) as place:
        found = place.names(period)
        before = {name: place.state(name) for name in found}
        for name in found:
            file = folder / _safe(name, source)
            if file.exists():
                raise Refusal(say("sources.same_name", source=source.name, file=file.name))
            files.again(lambda name=name, file=file: place.fetch(name, file, listen))
        if changed := [name for name in found if place.state(name) != before[name]]:
            raise Refusal(say("sources.changed", source=source.name, file=changed[0]))
        for name in found:
            file = folder / _safe(name, source)
            facts = {"file": file.name, "bytes": file.stat().st_size, "sha256": file_sha256(file)}
            yield Pulled(source.name, files.where(source), name, "", _now(), **facts, rows_at_source=None, rows=None)


def _safe(name: str, source: Source) -> str:
    last = name.partition("?")[0].rstrip("/").rpartition("/")[2]
    if not last or last.startswith(".") or not last.isprintable() or len(last.encode()) > 200:
        raise Refusal(say("sources.file_name", source=source.name, file=last))
    return last


def _now() -> str:
    return process.now().replace(tzinfo=ZoneInfo(process.project().zone)).isoformat()


# The raw layer: a folder a pull, put in its place in one rename, read-only from then on.


@contextmanager
def _partial(home: Path) -> Iterator[Path]:
    """A folder of its owner's alone that is gone afterwards unless it was moved; those of dead pulls go too."""
    home.mkdir(parents=True, exist_ok=True)
    for left in home.glob(f"{_PARTIAL}*"):
        _sweep(left)
    staging = home / f"{_PARTIAL}{os.getpid()}"
    staging.mkdir(mode=0o700)
    with (staging / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield staging
        except OSError as problem:
            raise Refusal(say("sources.no_room", folder=home, problem=problem.strerror or problem)) from None
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _sweep(left: Path) -> None:
    try:
        with (left / _LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
    except OSError:
        pass  # another pull is at work there


def _kept(staging: Path, home: Path) -> Path:
    """The folder in its place and `current` leading to it."""
    (staging / _LOCK).unlink()
    sync(staging)
    for file in (staging / RECEIPT, *(staging / EXPORTS).iterdir()):
        file.chmod(0o400)
    (staging / EXPORTS).chmod(0o500)
    name, number = f"{process.now():%Y%m%dT%H%M%S}", 1
    target = home / name
    while target.exists():
        number += 1
        target = home / f"{name}.{number}"
    staging.rename(target)
    target.chmod(0o500)
    link = home / f"{_PARTIAL}{os.getpid()}-{CURRENT}"
    link.unlink(missing_ok=True)
    link.symlink_to(target.name)
    link.replace(home / CURRENT)
    sync_folder(home)
    return target


def damaged(folder: Path) -> list[str]:
    """Files of a pull that are gone, or not what its receipt says; none where all is as it was.

    What was put beside them, such as a fix file, is accounted for by the run that reads it.
    """
    receipt = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))
    wanted = {table["file"]: table["sha256"] for table in receipt["tables"]}
    there = {file.name: file_sha256(file) for file in (folder / EXPORTS).iterdir() if file.is_file()}
    return sorted(name for name in wanted if wanted[name] != there.get(name))


def changed_since(exports: Path) -> tuple[Words, ...]:
    """Why a folder of exports is not what was pulled into it; nothing where it is, or is no folder of a pull."""
    folder = exports.resolve().parent
    if exports.resolve().name != EXPORTS or not (folder / RECEIPT).is_file():
        return ()
    try:
        names = damaged(folder)
    except (OSError, ValueError, KeyError, TypeError):
        names = [RECEIPT]
    return (say("sources.changed_since", folder=folder, files="、".join(names)),) if names else ()
