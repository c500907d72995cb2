"""Small finished runs, made by hand and put in place as a real one is, and the people of an office."""

import json
import tempfile
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

from pipelines.edges import folders
from pipelines.edges.fingerprints import folder_sha256
from pipelines.model.period import Period
from pipelines.publication import desk as publishing
from pipelines.publication import ssh
from pipelines.publication.signers import open_register, read_signers
from pipelines.publication.state import Settings

PERIOD = Period.parse("2026Q2")
SETTINGS = Settings(5, ("拟稿", "审核", "签发"), 2)
BEGUN = datetime(2026, 7, 1, 8)


KEYS = tempfile.TemporaryDirectory(prefix="gongping-keys-")


@cache
def key_of(name: str) -> Path:
    """A person's key, made once for all tests of a process."""
    file = Path(tempfile.mkdtemp(dir=KEYS.name)) / "key"
    ssh.make_pair(file, name)
    return file


def public_of(name: str) -> str:
    """The public key of a person."""
    return ssh.public_key(key_of(name).with_suffix(".pub"))


LIN, WU = (publishing.Person(name, role, key_of(name)) for name, role in (("林一", "审核"), ("吴二", "签发")))
SENT, SIGNED, LATER = datetime(2026, 7, 6, 9), datetime(2026, 7, 14, 10), datetime(2026, 7, 15, 8)
HEADS = {
    "ranking": "period,unit_id,unit_name,unit_group,base,bonus,total,rank,group_rank,case_rows,note",
    "items": "period,unit_id,item_id,full_marks,deducted,score,note",
    "ledger": "entry_id,period,unit_id,item_id,rule_id,clause,month,case_id,ref_id,points,adjustment_id,detail",
    "adjustments": "adjustment_id,unit_id,action,case_id,rule_id,ref_id",
}


def finished_run(out: Path, points: str = "-1.00", adjustment: str = "", **more) -> str:
    """Put a run in force in which U1 loses ``points`` for case C1; the sha256 that names it.

    ``more``: ``files`` (name → bytes beside the usual ones), ``paper`` (notices), ``quality`` (the report),
    ``manifest`` (what else it says).
    """
    total = f"{100 + float(points):.2f}"
    rows = {
        "ranking": f"2026Q2,U1,甲局,district,{total},0.00,{total},1,1,9,",
        "items": f"2026Q2,U1,A3.1,10.00,{points},9.00,",
        "ledger": f"E1,2026Q2,U1,A3.1,late_reply,A3.1,2026-04,C1,,{points},{adjustment},迟复",
        "adjustments": f"{adjustment},U1,waive_deduction,C1,late_reply," if adjustment else "",
    }
    with folders.staging(out) as folder:
        for name, head in HEADS.items():
            (folder / f"{name}.csv").write_text("\n".join(filter(None, (head, rows[name]))) + "\n", encoding="utf-8")
        report = more.get("quality", {"expectations": {"error": 0}})
        usual = {"index.html": b"<p>\xe6\x8e\x92\xe5\x90\x8d</p>", "units/U1.html": b"<p>U1</p>",
                 "quality/report.json": json.dumps(report).encode() if report else None}
        for name, content in {**usual, **more.get("files", {})}.items():
            if content is not None:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
        facts = {"period": str(PERIOD), "paper": more.get("paper", []), "printing": more.get("printing", "none"),
                "outputs": folder_sha256(folder), **more.get("manifest", {})}
        (folder / folders.MANIFEST).write_text(json.dumps(facts), encoding="utf-8")
        named = sha256((folder / folders.MANIFEST).read_bytes()).hexdigest()
        folders.put_in_place(out, str(PERIOD), folder)
    return named


def signers_of(out: Path) -> Path:
    """Where the signers' file of a test lies."""
    return out / "rules" / "signers"


def begin_signers(out: Path, names: tuple[str, ...] = ("林一", "吴二", "周三"), at: datetime = BEGUN) -> None:
    """Signers in every role, where there are none yet."""
    if not read_signers(out).heads:
        with open_register(out, signers_of(out), at) as register:
            register.begin([(name, public_of(name), SETTINGS.roles) for name in names])


def act(out: Path, what, *arguments, at: datetime = SIGNED, settings: Settings = SETTINGS, typed=None, **named):
    """One act at the quarter's desk, ``at`` by the clock; where nobody has begun, signers are there.

    Who approves without answers ticks every line, and signs past what stops it: `publish` must stop that too.
    """
    begin_signers(out)
    with publishing.open_desk(out, PERIOD, typed, settings, signers=signers_of(out), clock=lambda: at) as desk:
        if what is publishing.approve and len(arguments) < APPROVES and "answers" not in named:
            with patch.object(publishing, "must_be_signable"):
                return what(desk, *arguments, **named, answers=ticked(desk))
        return what(desk, *arguments, **named)


APPROVES = 3  # arguments of an approval with its answers


def ticked(desk) -> dict[int, str]:
    """A tick for every line of the checklist."""
    return {line.n: "✓" for line in publishing.checklist_of(desk).lines}


def approved_run(out: Path, *arguments, **more) -> str:
    """A run that went out as preview, stood its days, and has two signatures."""
    named = finished_run(out, *arguments, **more)
    act(out, publishing.note_preview, at=more.get("sent", SENT))
    for person in (LIN, WU):
        act(out, publishing.approve, person, at=more.get("signed", SIGNED))
    return named


def published(out: Path):
    """An approved run, published without paper."""
    approved_run(out)
    return act(out, publishing.publish, without_pdf=True, at=LATER)


def record(out: Path) -> Path:
    """The record's file."""
    return out / "record" / f"{PERIOD}.jsonl"


def bytes_below(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


class Checked:
    """A second quality check that found nothing; the real one takes ten seconds a run."""

    def __init__(self, folder: Path):
        self.folder = folder / "checked"

    def warnings(self) -> tuple:
        """Nothing is unusual."""
        return ()

    def result(self) -> Path:
        """A report that says so."""
        self.folder.mkdir()
        (self.folder / "report.json").write_text('{"expectations": {"error": 0}, "warnings": []}', encoding="utf-8")
        (self.folder / "index.html").write_text("<p>quality</p>", encoding="utf-8")
        return self.folder

    def stop(self) -> None:
        """Nothing to end."""
