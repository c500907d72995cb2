"""What stands beside the editions for readers: the index that lists them, and the notices of correction."""

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pipelines.edges import folders
from pipelines.edges.fingerprints import note_beside
from pipelines.edges.paper import WEB_FONT, Sheet, font_beside, paper_problem, print_pages
from pipelines.edges.published import RESTRICTED, RULEBOOK, PublishedQuarter
from pipelines.edges.tablefiles import write_json
from pipelines.edges.templates import environment, style
from pipelines.model.period import Period
from pipelines.model.rule import Reading, Rulebook
from pipelines.model.text import masked, plain, unguarded
from pipelines.model.words import Words
from pipelines.publication.checklist import Checklist
from pipelines.publication.editions import SHEETS, place_of
from pipelines.publication.record import FinishedRun, finished_run
from pipelines.publication.signers import Signers
from pipelines.publication.state import Edition, State, settings_sha256
from pipelines.publication.status import effects, in_words, made_from, movements, plain_effect, plain_movement
from pipelines.rulebook.load import load_rulebook
from pipelines.views.figures import day, in_prose, named, speaking
from pipelines.wording import say

INDEX, NOTICE, PREVIEWS, FRAME = (f"publication/{name}.html.j2" for name in ("index", "notice", "previews", "edition"))
CHANGES = (
    "movements",
    "no_movements",
    "col_unit",
    "col_rank_before",
    "col_rank_after",
    "col_total_before",
    "col_total_after",
    "col_points",
    "adjustments",
    "adjustments_says",
    "col_adjustment",
    "col_matter",
    "col_rule",
    "col_before",
    "col_after",
)
LISTED = (
    "sheet",
    "early",
    "by_name",
    "editions",
    "editions_says",
    "col_edition",
    "col_at",
    "col_what",
    "col_hash",
    "in_force",
    "first_edition",
)
SHELL, LABEL = ("brand", "nav", "nav_periods"), ("simulated", "simulated_says")


def notice(period: Period, number: int, earlier: FinishedRun, later: FinishedRun, facts: dict) -> dict:
    """A correction as a document: who, when, why, what it was made from, and what changed in places and points."""
    before, after, moment = earlier.folder, later.folder, facts["at"]
    return {
        "period": str(period),
        "correction": number,
        "corrects": before.name,
        "simulated": simulated(after),
        "at": moment.isoformat(" ", "seconds"),
        "by": plain(masked(facts["by"])),
        "role": facts["role"],
        "reason": plain(masked(facts["reason"])),
        "made_from": in_words(made_from(earlier.manifest, later.manifest), _readings(later, period)),
        **changed(before, after, period),
        "lists": _lists(before, after),
        "graded": _graded(before, after, period),
    }


REMARK = "remark"  # what a verdict only remarks, without consequence


def _lists(before: Path, after: Path) -> list[dict]:
    """Who came on a list of the verdicts, or left it, remarks apart: ``list``, ``unit_name``, ``title``, ``given``."""
    then, now = _verdicts(before), _verdicts(after)
    return [
        {**{name: one[name] for name in ("list", "unit_name", "title")}, "given": key in now}
        for key, one in sorted({**then, **now}.items())
        if (key in then) != (key in now) and one["list"] != REMARK
    ]


def _graded(before: Path, after: Path, period: Period) -> list[dict]:
    """Units in another grade, or in another place in their group where no place over all tells of it.

    ``what``, ``unit_name``, and ``before`` and ``after`` in both languages, "" for none.
    """
    then, now = (PublishedQuarter.open(run).ranking for run in (before, after))
    titles, found = [_grades(run, period) for run in (before, after)], []
    for id in sorted(set(then) & set(now)):
        placed = then[id]["rank"] or now[id]["rank"]
        for what in ("grade",) if placed else ("grade", "group_rank"):
            was, new = (line.get(what) or "" for line in (then[id], now[id]))
            if was != new:
                facts = {"what": what, "unit_name": plain(masked(now[id]["unit_name"]))}
                found.append(
                    {**facts, "before": asdict(_called(was, titles[0])), "after": asdict(_called(new, titles[1]))}
                )
    return found


def _called(id: str, titles: dict[str, Words]) -> Words:
    return titles.get(id, Words(id, id))


def _grades(run: Path, period: Period) -> dict[str, Words]:
    book = _book(run, period)
    return {one.id: one.title for one in book.grades} if book else {}


def _verdicts(run: Path) -> dict[tuple[str, str, str], dict]:
    file = run / "verdicts.csv"
    if not file.is_file():
        return {}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = [{name: unguarded(cell or "") for name, cell in line.items()} for line in csv.DictReader(lines)]
    return {(one["list"], one["unit_id"], one["title"]): one for one in rows}


def _book(folder: Path, period: Period) -> Rulebook | None:
    """The rulebook that a run was made by; runs from before books were kept with them have none."""
    book = folder / RULEBOOK
    return load_rulebook(book, period) if book.is_dir() else None


def _readings(run: FinishedRun, period: Period) -> dict[str, Reading]:
    book = _book(run.folder, period)
    return book.readings if book else {}


def changed(before: Path, after: Path, period: Period) -> dict:
    """What a run changed against another: ``movements`` of units, ``adjustments`` that are new, in words."""
    new = [plain_effect(one) for one in effects(before, after)]
    book = _book(after, period) if new else None
    titles = {id: rule.title.zh for id, rule in book.rules.items()} if book else {}
    ranking = PublishedQuarter.open(after).ranking if new else {}
    for one in new:
        line = ranking.get(one["unit_id"])
        one["unit_name"] = plain(masked(line["unit_name"])) if line else one["unit_id"]
        one["rule"] = titles.get(one["rule_id"], one["rule_id"])
    return {"movements": [plain_movement(one) for one in movements(before, after)], "adjustments": new}


def texts(document: object) -> Iterator[str]:
    """Every text in a document."""
    if isinstance(document, dict):
        document = list(document.values())
    if isinstance(document, list):
        for one in document:
            yield from texts(one)
    else:
        yield str(document)


def write_notice(out: Path, period: Period, number: int, document: dict) -> dict[str, str]:
    """The notice for people and for programs; sha256 by file name. A file of that name was never recorded."""
    place = place_of(out, period)
    written = {}
    for name, write in ((f"correction-{number}.json", write_json), (f"correction-{number}.html", _page)):
        replace_file(place / name, lambda file, write=write: write(file, document))
        written[name] = sha256((place / name).read_bytes()).hexdigest()
    return written


def write_index(out: Path, period: Period, state: State) -> None:
    """The list of editions, newest first; made anew from the record after every act."""
    place = place_of(out, period)
    note_beside(Path(out), [*index_into(place, out, period, state), *_font(place, "*/publication.html")])


def _font(place: Path, *below: str) -> list[Path]:
    """The font of the pages beside editions or previews, where one of these has one, and of pages ``below``."""
    pages = (page for where in ("*.html", *below) for page in place.glob(where))
    return font_beside(place, pages) if any(place.glob(f"*/{WEB_FONT}")) else []


def index_into(target: Path, out: Path, period: Period, state: State) -> list[Path]:
    """The list of editions and a page over each, written into a folder; the files."""
    editions = [
        {
            "folder": one.folder,
            "at": one.at.isoformat(" ", "minutes"),
            "notice": one.notice,
            "run": one.run,
            "reason": plain(masked(one.says.get("reason", ""))),
            "early": plain(masked(one.says.get("early", ""))),
            "sheet": bool(one.clock),
        }
        for one in reversed(state.editions)
    ]
    place = place_of(out, period)
    newest = place / state.edition.folder if state.edition else place
    document = {"period": str(period), "simulated": simulated(newest), "editions": editions}
    words = {
        **_words(LISTED),
        "edition": [_says("edition", n=one["folder"]) for one in editions],
        "correction": [_says("correction", n=one["notice"]) for one in editions],
        "superseded": [_says("superseded", n=one["folder"], now=editions[0]["folder"]) for one in editions],
    }
    replace_file(target / "index.json", lambda file: write_json(file, document))
    replace_file(target / "index.html", lambda file: _write(file, INDEX, document, words))
    return [target / "index.json", target / "index.html", *_frames(target, state, document)]


def write_previews(out: Path, period: Period, state: State, place: Path) -> None:
    """The list of previews, newest first, with what the newest changed against the one before it."""
    note_beside(Path(out), [*previews_into(place, out, period, state), *_font(place)])


def previews_into(target: Path, out: Path, period: Period, state: State) -> list[Path]:
    """The list of previews, written into a folder; the files."""
    known = {one.revision: finished_run(out, period, one.run) for one in state.previews[-2:]}
    both = list(known.values())
    moved = changed(both[0].folder, both[1].folder, period) if len(both) == 2 and all(both) else {}
    previews = [
        {"revision": one.revision, "at": one.at.isoformat(" ", "minutes"), "run": one.run}
        for one in reversed(state.previews)
    ]
    document = {
        "period": str(period),
        "simulated": bool(both[-1] and simulated(both[-1].folder)),
        "previews": previews,
        "against": min(known) if moved else "",
        **moved,
    }
    words = {
        **_words(("previews", "previews_says", *CHANGES)),
        "revision": [_says("revision", n=one["revision"]) for one in previews],
        "against": _says("against", n=document["against"]),
    }
    replace_file(target / "index.json", lambda file: write_json(file, document))
    replace_file(target / "index.html", lambda file: _write(file, PREVIEWS, document, words))
    return [target / "index.json", target / "index.html"]


def _frames(place: Path, state: State, listed: dict) -> list[Path]:
    """`edition-<n>.html` beside every edition: what became of it, over its bytes as they were published."""
    now, made = state.edition.folder, []
    reasons = {
        one.folder: plain(masked(after.says.get("reason", "")))
        for one, after in zip(state.editions, state.editions[1:], strict=False)
    }
    for n, one in enumerate(state.editions):
        current = one.folder == now
        words = {
            **_words(("editions", "reason", "to_current", "frozen", "frozen_paper", "sheet")),
            "state": _says("current" if current else "superseded", n=one.folder, now=now),
            "correction": _says("correction", n=n + 1),
        }
        document = {
            "period": listed["period"],
            "simulated": listed["simulated"],
            "edition": one.folder,
            "now": now,
            "correction": "" if current else n + 1,
            "reason": reasons.get(one.folder, ""),
            "sheet": bool(one.clock),
        }
        file = place / f"edition-{one.folder}.html"
        replace_file(file, lambda file, document=document, words=words: _write(file, FRAME, document, words))
        made.append(file)
    return made


def _page(file: Path, document: dict) -> None:
    facts, signed = {one["what"] for one in document["made_from"]}, datetime.fromisoformat(document["at"])
    words = {
        **_words(("editions", "reason", "made_from", "col_fact", "col_then", "col_now", *CHANGES)),
        "facts": {what: _says(f"fact_{what}") for what in facts},
        "correction": _says("correction", n=document["correction"]),
        "title": _says("notice_title", period_name=_named(document)),
        "paragraphs": [_opening(document), *_moved(document), *_given_and_taken(document), _closing(document)],
        "signed": _says("notice_signed", **document, day=Words(day(signed), day(signed, "en"))),
    }
    _write(file, NOTICE, document, words)


MOST_TOLD = 20  # units in the text of a notice; a table lists them all


def _named(document: dict) -> Words:
    period = Period.parse(document["period"])
    return Words(named(period), named(period, "en"))


def _opening(document: dict) -> Words:
    return _says("notice_opening", period_name=_named(document), **document)


def _moved(document: dict) -> list[Words]:
    """What changed for whom: a paragraph a unit."""
    moved, told = document["movements"], []
    for one in moved[:MOST_TOLD]:
        same = one["total_before"] == one["total_after"]
        parts = [] if same else [_says("notice_total", before=one["total_before"], after=one["total_after"])]
        before, after = one["rank_before"], one["rank_after"]
        if before != after:
            key = "notice_rank" if before and after else "notice_placed" if after else "notice_unplaced"
            parts.append(_says(key, before=before, after=after))
        parts = parts or [_says("notice_lines")]
        changes = Words("，".join(part.zh for part in parts), ", ".join(part.en for part in parts))
        told.append(_says("notice_unit", unit=one["unit_name"], changes=changes))
    if not moved:
        return [_says("no_movements")]
    more = [_says("notice_more", n=len(moved) - MOST_TOLD)] if len(moved) > MOST_TOLD else []
    return [_says("notice_units", n=len(moved)), *told, *more]


LISTINGS = {
    ("commend", True): "notice_commended",
    ("commend", False): "notice_uncommended",
    ("criticise", True): "notice_criticised",
    ("criticise", False): "notice_uncriticised",
}


def _given_and_taken(document: dict) -> list[Words]:
    """Who came on a list, or left it, and who is in another grade or place of its group than before."""
    told = []
    for one in document["lists"]:
        key = LISTINGS.get((one["list"], one["given"]), "notice_listed" if one["given"] else "notice_unlisted")
        told.append(_says(key, unit=one["unit_name"], title=one["title"]))
    for one in document["graded"]:
        sides = {side: Words(**one[side]) if one[side]["zh"] else _says("notice_none") for side in ("before", "after")}
        told.append(_says(f"notice_{one['what']}", unit=one["unit_name"], **sides))
    return told


def _closing(document: dict) -> Words:
    return _says("notice_closing", corrects=document["corrects"], now=document["correction"] + 1)


def simulated(folder: Path) -> bool:
    """Whether a run was made from invented data."""
    manifest = folder / folders.MANIFEST
    return manifest.is_file() and bool(json.loads(manifest.read_text(encoding="utf-8")).get("simulated"))


def _words(names: tuple[str, ...]) -> dict:
    return {name: _says(name) for name in names}


def _says(name: str, **facts: object) -> Words:
    return in_prose(say)(f"publication.page_{name}", **facts)


def _around(document: dict) -> dict[str, Words]:
    """The words around any page of publication."""
    spoken = speaking(say, Period.parse(document["period"]).kind)
    around = {name: spoken(f"site.{name}") for name in SHELL} | {name: say(f"pages.{name}") for name in LABEL}
    return around | {"period_name": _named(document)}


def _write(file: Path, template: str, document: dict, words: dict) -> None:
    page = environment().get_template(template).render(page=document, words=_around(document) | words)
    file.write_text(page, encoding="utf-8", newline="\n")


def replace_file(file: Path, write) -> None:
    """Write a file: readers see the old file or the new one, whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.new")
    write(new)
    with new.open("rb") as stream:
        os.fsync(stream.fileno())
    new.replace(file)
    folders.sync_folder(file.parent)


# The signers' one page: for the office alone, made anew whenever it is asked for.


CHECKLIST = "publication/checklist.html.j2"
CHECKS = ("must", "must_none", "odd", "odd_none", "col_n", "col_what", "col_signed")


def write_checklist(out: Path, period: Period, state: State, run: FinishedRun, found: Checklist) -> Path:
    """The page of the run in force, with what was signed to each line; the file."""
    current = state.preview is not None and state.preview.run == run.sha256
    revision = len(state.previews) + (not current)
    said: dict[str, list[str]] = {}
    for one in state.approvals if current else ():
        for check in one.checks:
            facts = {"by": plain(one.by), "role": one.role, "answer": check["answer"]}
            said.setdefault(check["zh"], []).append(say("checklist.by", **facts).zh)
    lines = [{"n": one.n, "says": one.says, "signed": said.get(one.says.zh, [])} for one in found.lines]
    page = {"period": str(period), "simulated": simulated(run.folder), "stops": found.stops, "lines": lines}
    words = {name: say(f"checklist.{name}") for name in CHECKS}
    words["title"] = say("checklist.title", name=Words(named(period), named(period, "en")))
    words["says"] = say("checklist.says", revision=revision)
    return write_restricted(out, period, f"checklist-{revision}.html", CHECKLIST, page, words)


def write_restricted(out: Path, period: Period, name: str, template: str, page: dict, words: dict) -> Path:
    """A page for the office alone; the file."""
    file = Path(out) / RESTRICTED / str(period) / name
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.parent.parent.chmod(0o700)
    replace_file(file, lambda new: _write(new, template, page, words))
    file.chmod(0o600)
    if any(Path(out).glob(f"*/{WEB_FONT}")):
        for font in font_beside(file.parent.parent, [file]):
            font.chmod(0o600)
    return file


# The publication sheet of an edition: who signed it with which key, and the record's head after it.


TEMPLATE = "publication/sheet.html.j2"
PAPER = "publication.pdf"
WORDS = (
    "sheet",
    "sheet_says",
    "signed_by",
    "col_key",
    "editions",
    "col_edition",
    "col_at",
    "col_what",
    "col_hash",
    "first_edition",
    "head_before",
    "head_after",
    "head_says",
    "settings",
    "early",
    "reason",
    "run",
    "typed",
    "clock",
    "by_name",
    "nothing_before",
    "sheet_simulated",
)


def write_sheet(out: Path, period: object, state: State, signers: Signers) -> dict[str, str]:
    """The sheet of the edition in force in its three forms; sha256 by file name. The same bytes when made again.

    PDF only beside an edition that has paper.
    """
    place, document = place_of(out, period) / state.edition.folder, sheet(period, state, signers)
    document["simulated"] = document["simulated"] or simulated(place)
    for file in (place / name for name in SHEETS):
        file.unlink(missing_ok=True)
    replace_file(place / "publication.json", lambda file: write_json(file, document))
    page = _sheet_page(document)
    replace_file(place / "publication.html", lambda file: file.write_text(page, encoding="utf-8", newline="\n"))
    if (place / "bulletin.pdf").is_file():
        _print(_sheet_page(document, paper=True), place / PAPER)
    return {
        file.name: sha256(file.read_bytes()).hexdigest()
        for file in sorted(place / name for name in SHEETS)
        if file.is_file()
    }


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
            {
                "by": plain(one.by),
                "role": one.role,
                "key": one.key,
                "at": _written(one.at),
                "until": str(one.until),
                "simulated": any(known.simulated for known in signers.all if known.fingerprint == one.key),
            }
            for one in edition.signed
        ],
        "editions": [_listed(one) for one in state.editions],
        "head_before": state.before,
        "head": edition.head,
    }


def _listed(one: Edition) -> dict:
    return {
        "edition": one.folder,
        "correction": one.notice,
        "at": _written(one.at),
        "run": one.run,
        "reason": plain(masked(one.says.get("reason", ""))),
        "signed_by": [plain(who.by) for who in one.signed],
        "with_keys": bool(one.clock),
    }


def _sheet_page(document: dict, paper: bool = False) -> str:
    words = {name: say(f"publication.page_{name}") for name in WORDS}
    words |= _around(document)
    words["title"] = _says("sheet_title", period_name=_named(document), n=document["edition"])
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
