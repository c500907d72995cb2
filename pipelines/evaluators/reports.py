"""The restricted files: the panel's report, the appointments that end, a certificate; for the office alone."""

import csv
import io
import json
from datetime import datetime
from pathlib import Path

from pipelines.evaluators import pages
from pipelines.evaluators.appointments import Ending, endings, vacancies
from pipelines.evaluators.desk import Work, clock_of, replayed
from pipelines.evaluators.exports import read_exports
from pipelines.evaluators.panel import panel_report
from pipelines.evaluators.private import private_folder, write_private
from pipelines.evaluators.status import must_have_begun
from pipelines.model.refusals import Refusal, UsageRefusal
from pipelines.model.text import BYTE_MARK, file_stem, guarded
from pipelines.wording import say

COLUMNS = ("evaluator_id", "name", "employer_unit_id", "recommended_by", "last_day", "notice_by", "proposal", "todo")


def write_report(exports: Path, folder: Path, at: datetime, rules: Path, pdf: bool = False) -> list[Path]:
    """`panel.html` and `panel.json`, and `panel.pdf` where asked for: how the panel stood at a moment."""
    must_have_begun(folder)
    seen, settings = read_exports(exports), _settings(exports, folder, rules, at)
    report = panel_report(replayed(folder, at), seen, settings, at)
    page = pages.panel_page(report, at, seen.simulated)
    return [
        write_private(folder / "panel.html", _rendered("panel", page)),
        write_private(folder / "panel.json", json.dumps(report, ensure_ascii=False, indent=1) + "\n"),
        *([_printed("panel", page, folder / "panel.pdf")] if pdf else []),
    ]


def write_appointments(exports: Path, folder: Path, at: datetime, rules: Path) -> list[Path]:
    """`appointments.html` and `appointments.csv`: whose appointment ends, and what the recommending unit is asked."""
    seen, settings = read_exports(exports), _settings(exports, folder, rules, at)
    found = endings(seen.panel, at.date(), settings, seen.steps)
    vacant = vacancies(seen.panel, at.date(), settings)
    page = pages.endings_page(found, vacant, at, seen.simulated, seen.units)
    private_folder(folder)
    return [
        write_private(folder / "appointments.html", _rendered("appointments", page)),
        write_private(folder / "appointments.csv", _table(found)),
    ]


def write_certificate(exports: Path, folder: Path, evaluator_id: str, at: datetime, rules: Path) -> Path:
    """The appointment certificate of one evaluator as PDF. UsageRefusal for nobody, Refusal where nothing can print."""
    seen, settings = read_exports(exports), _settings(exports, folder, rules, at)
    one = next((one for one in seen.panel if one.evaluator_id == evaluator_id), None)
    if one is None:
        raise UsageRefusal(say("evaluators.nobody", given=evaluator_id))  # no near name: it would tell of somebody
    place = private_folder(private_folder(folder) / "certificates")
    file = place / f"{file_stem(evaluator_id)}-{one.appointed_on}.pdf"
    return _printed("certificate", pages.certificate_page(one, at, seen.simulated, settings), file)


def _printed(template: str, page: dict, file: Path) -> Path:
    """A page on paper, for its owner alone. Refusal where nothing can print."""
    from pipelines.edges.paper import paper_problem, print_pages
    from pipelines.edges.templates import style

    if problem := paper_problem():
        raise Refusal(problem)
    print_pages([(_rendered(template, page, paper=True), file)], style(), lambda done, total: None)
    file.chmod(0o600)
    return file


def _settings(exports: Path, folder: Path, rules: Path, at: datetime):
    return clock_of(Work(exports, None, folder, rules), at).rules


def _rendered(template: str, page: dict, paper: bool = False) -> str:
    from pipelines.edges.templates import render

    return render(f"evaluators/{template}.html.j2", page, paper=paper)


def _table(found: list[Ending]) -> str:
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(COLUMNS)
    for ending in found:
        one = ending.evaluator
        who = map(guarded, (one.evaluator_id, one.name, one.employer_unit_id or "", one.recommended_by or ""))
        table.writerow([*who, ending.last_day, ending.notice_by, ending.proposal, ";".join(ending.todo)])
    return BYTE_MARK + written.getvalue()
