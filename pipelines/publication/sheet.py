"""The publication sheet of an edition: who signed it with which key, and the record's head after it.

`published/<period>/<edition>/publication.html|pdf|json` are made after the approved bytes are frozen and recorded, so
they lie beside them, in no manifest; the record's next line holds their hashes.
"""

from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pipelines.edges.paper import Sheet, paper_problem, print_pages
from pipelines.edges.tablefiles import write_json
from pipelines.edges.templates import environment, style
from pipelines.edges.wording import say
from pipelines.model.text import masked, plain
from pipelines.publication.editions import SHEETS, place_of
from pipelines.publication.pages import LABEL, SHELL, replace_file, simulated
from pipelines.publication.settings import settings_sha256
from pipelines.publication.signers import Signers
from pipelines.publication.state import Edition, State

TEMPLATE = "publication/sheet.html.j2"
PAPER = "publication.pdf"
WORDS = ("sheet", "sheet_says", "signed_by", "col_key", "editions", "col_edition",
         "col_at", "col_what", "col_hash", "first_edition", "head_before", "head_after", "head_says", "settings",
         "early", "reason", "run", "typed", "clock", "by_name", "nothing_before", "sheet_simulated")  # fmt: skip


def write_sheet(out: Path, period: object, state: State, signers: Signers) -> dict[str, str]:
    """The sheet of the edition in force in its three forms; sha256 by file name. The same bytes when made again.

    PDF only beside an edition that has paper.
    """
    place, document = place_of(out, period) / state.edition.folder, sheet(period, state, signers)
    document["simulated"] = document["simulated"] or simulated(place)
    for file in (place / name for name in SHEETS):
        file.unlink(missing_ok=True)
    replace_file(place / "publication.json", lambda file: write_json(file, document))
    page = _page(document)
    replace_file(place / "publication.html", lambda file: file.write_text(page, encoding="utf-8", newline="\n"))
    if (place / "bulletin.pdf").is_file():
        _print(_page(document, paper=True), place / PAPER)
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in sorted(place / name for name in SHEETS)
            if file.is_file()}  # fmt: skip


def sheet(period: object, state: State, signers: Signers) -> dict:
    """The sheet of the edition in force as a document."""
    edition = state.edition
    return {
        "period": str(period),
        "edition": edition.folder,
        "correction": edition.notice,
        "reason": plain(masked(edition.says.get("reason", ""))),
        "early": plain(masked(edition.says.get("early", ""))),
        "published_at": _written(edition.at),
        "clock": _written(edition.clock),
        "simulated": bool(state.simulated),
        "run": edition.run,
        "settings": {name: state.settings[name] for name in ("working_days", "needed", "roles")},
        "settings_sha256": settings_sha256(state.settings),
        "signed": [
            {"by": plain(one.by), "role": one.role, "key": one.key, "at": _written(one.at), "until": str(one.until),
             "simulated": any(known.simulated for known in signers.all if known.fingerprint == one.key)}
            for one in edition.signed
        ],
        "editions": [_listed(one) for one in state.editions],
        "head_before": state.before,
        "head": edition.head,
    }  # fmt: skip


def _listed(one: Edition) -> dict:
    return {"edition": one.folder, "correction": one.notice, "at": _written(one.at), "run": one.run,
            "reason": plain(masked(one.says.get("reason", ""))), "signed_by": [plain(who.by) for who in one.signed],
            "with_keys": bool(one.clock)}  # fmt: skip


def _page(document: dict, paper: bool = False) -> str:
    words = {name: say(f"publication.page_{name}") for name in WORDS}
    words |= {name: say(f"site.{name}") for name in SHELL} | {name: say(f"pages.{name}") for name in LABEL}
    words["title"] = say("publication.page_sheet_title", period=document["period"], n=document["edition"])
    rules = {**document["settings"], "roles": "、".join(document["settings"]["roles"])}
    words["settings_line"] = say("publication.page_settings_line", **rules)
    words["corrections"] = [say("publication.page_correction", n=one["correction"]) for one in document["editions"]]
    words["numbers"] = [say("publication.page_edition", n=one["edition"]) for one in document["editions"]]
    return environment().get_template(TEMPLATE).render(page=document, words=words, paper=paper, up="../../../")


def _print(html: str, file: Path) -> None:
    """The sheet on paper, where it can be printed without fault: what was published must not fail for it."""
    if paper_problem():
        return
    new = file.with_name(f".{file.name}.new")
    notices = print_pages([Sheet(html, new)], style(), lambda done, total: None)
    if new.is_file() and not notices:
        new.replace(file)
    new.unlink(missing_ok=True)


def _written(moment: datetime | None) -> str:
    return moment.isoformat(" ", "seconds") if moment else ""
