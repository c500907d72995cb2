"""A sample quarter with hostile texts in every text column of every table, and its harmless twin."""

import csv
from pathlib import Path

from pipelines.assess import Request, Run
from pipelines.contracts.declared import load_contracts
from pipelines.contracts.quality import write_report
from pipelines.model.period import Period
from pipelines.model.text import same_text
from pipelines.sample.make import make_sample
from pipelines.views.quality import report_of

PERIOD = Period.parse("2026Q3")
TEXTS = (
    "<img src=x onerror=alert(1)>", '"><script>alert(1)</script>', "' onmouseover='alert(1)", "<svg/onload=alert(1)>",
    "</style></title><style>*{background:url(http://x.invalid/)}</style>", "@import url(file:///etc/passwd);",
    "=cmd|'/c calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "＝HYPERLINK(1)", "|=1", "=IMPORTXML(1)", "\u202egnp.exe\u2066",
    "\u200f\u061c", "../../../../etc/passwd", "..\\..\\", "%2e%2e%2f", "~/.ssh/", "城" * 300, "x" * 300, "a\nb\r\nc",
    "{{ 7*7 }}{% include 'x' %}", "{unit_id}{0.__class__}%s", "&lt;b&gt;&#x3C;", "javascript:alert(1)//", "]]><!--",
    "\x1b[31m", "CON", "'", '"', "`", "$(reboot)", "\u2028", "🙂", "e\u0301",
)
HARMLESS = "无害"
CLOSED = ("rule_id",)  # a text by its type, but only four words are accepted


def write_twins(folder: Path) -> dict[str, Path]:
    """Exports named ``hostile`` and ``harmless`` below a folder: the same rows but for their texts."""
    make_sample(folder / "plain", PERIOD, units=24, cases=150, dirt=3)
    tables, taken = load_contracts().tables, {}
    for name in ("hostile", "harmless"):
        (folder / name).mkdir()
        for file in sorted((folder / "plain").glob("*.csv")):
            _write(file, folder / name / file.name, tables[file.stem].columns, taken, name == "hostile")
        for other in (folder / "plain").iterdir():
            if other.suffix != ".csv":
                (folder / name / other.name).write_bytes(other.read_bytes())
    return {name: folder / name for name in ("hostile", "harmless")}


def _write(source: Path, target: Path, columns: dict, taken: dict, hostile: bool) -> None:
    with source.open(encoding="utf-8-sig", newline="") as read, target.open("w", encoding="utf-8", newline="") as write:
        rows = list(csv.reader(read))
        free = {name for name, column in columns.items() if column.type == "text" and name not in CLOSED}
        places = [place for place, title in enumerate(rows[0]) if title in free]
        changed = [[_changed(cell, taken, hostile) if place in places else cell for place, cell in enumerate(row)]
                   for row in rows[1:]]
        csv.writer(write).writerows([rows[0], *changed])


def _changed(cell: str, taken: dict, hostile: bool) -> str:
    """The same text for the same cell, wherever and however it is written, so that rows still refer to each other.

    The harmless text breaks where the hostile one does: a break in a text that is compared is told of.
    """
    if not cell:
        return cell
    text = taken.setdefault(same_text(cell), TEXTS[len(taken) % len(TEXTS)])
    return (text if hostile else HARMLESS + "".join(sign for sign in text if sign in "\r\n")) + cell


class QuickRun(Run):
    """A run without the second check of the data, which takes seconds and publishes nothing but its counts."""

    def validate(self) -> None:
        self._validate()
        assert self.validation.stops == ()

    def publish(self) -> None:
        from pipelines.stages.publish import publish

        self.write_misses()
        write_report(self.work / "report", report_of(self.contracts, self.intake, self.validation, []))
        self.published = publish(self.warehouse, self.result(), self.request.out, False,
                                 lambda: self.work / "report")


def publish_twin(exports: Path, out: Path) -> Path:
    """Score and publish; the published folder."""
    with QuickRun(Request(PERIOD, exports, out, pdf=False)) as done:
        done.run()
    return done.published.folder
