"""A new rulebook folder that loads: items marked by people, and commented rules that count for their place."""

import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from string import Template

from pipelines.model.condition import exact
from pipelines.model.period import KINDS
from pipelines.model.points import plain
from pipelines.model.words import NotAllowed, UsageRefusal, Words
from pipelines.paths import RULES
from pipelines.rulebook.fail_if import ITEM_ID
from pipelines.rulebook.load import CLAUSES
from pipelines.rulebook.measures import FOLDER as MEASURES
from pipelines.wording import hint, say

TEMPLATES = RULES / "new"
SCHEMAS = RULES / "schemas"
COUNTED = ("due.yaml", "in_time.yaml", "late.yaml")
LEAST = Fraction("0.1")


@dataclass(frozen=True)
class NewItem:
    """One item of the new score sheet; 0 marks for the bonus."""

    id: str
    marks: Fraction
    title: Words


def read_section(text: str) -> tuple[str, Words]:
    """`B1 办理质效` or `B1 办理质效 | Handling`; UsageRefusal for anything else."""
    id, _, title = text.strip().partition(" ")
    if not re.fullmatch(r"[A-Z0-9]+", id) or not title.strip():
        raise UsageRefusal(say("rulebook.new_section", value=text))
    return id, _title(title)


def read_item(text: str) -> NewItem:
    """`B1.1 20 按时办结` or `B1.1 20 按时办结 | In time`; UsageRefusal for anything else."""
    parts = text.strip().split(None, 2)
    marks = exact(parts[1]) if len(parts) == 3 else None
    if marks is None or not ITEM_ID.fullmatch(parts[0]) or not (marks == 0 or LEAST <= marks <= 1000):
        raise UsageRefusal(say("rulebook.new_item", value=text))
    return NewItem(parts[0], marks, _title(parts[2]))


def _title(text: str) -> Words:
    zh, _, en = (part.strip().replace('"', "'") for part in text.partition("|"))
    return Words(zh, en or zh)


def write_new(
    folder: Path, title: str, period: str, since: date, sections: Sequence[str], items: Sequence[str]
) -> list[Path]:
    """Write a rulebook into ``folder``, which must not be there; the files in order.

    UsageRefusal for an unknown period, for an item without a section or twice; NotAllowed where the folder is there.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NotAllowed(say("rulebook.new_exists", folder=folder))
    if period not in KINDS:
        raise UsageRefusal(say("rulebook.new_period", value=period, hint=hint(period, KINDS)))
    titles, sheet = dict(map(read_section, sections)), [read_item(item) for item in items]
    _must_fit(titles, sheet, sections)
    name = _title(title)
    facts = {"edition": _edition(folder), "title_zh": name.zh, "title_en": name.en, "period": period}
    facts |= {"since": since.isoformat(), "item": sheet[0].id, "sections": _sections(titles, sheet)}
    written = {file: _filled(file, facts) for file in ("rulebook.yaml", "readings.yaml", "verdicts.yaml")}
    written[CLAUSES] = _clauses(name, titles, sheet)
    written |= {f"{MEASURES}/{file}": _filled(file, {}) for file in COUNTED}
    kinds: tuple[str, ...] = ("item.yaml", "kinds.yaml")
    for item in sheet:
        if item.marks:
            own = _facts(item)
            written[f"{item.id}/{own['rule']}.yaml"] = "".join(_filled(file, own) for file in kinds)
            kinds = ("item.yaml",)  # the commented rules stand in the first alone
    for file, text in written.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
    shutil.copytree(SCHEMAS, folder / SCHEMAS.name)
    return [folder / file for file in written]


def _must_fit(titles: dict[str, Words], sheet: Sequence[NewItem], sections: Sequence[str]) -> None:
    ids = [item.id for item in sheet]
    if not titles or not any(item.marks for item in sheet) or len(titles) < len(sections):
        raise UsageRefusal(say("rulebook.new_empty"))
    for item in sheet:
        if _section_of(item.id, titles) is None:
            raise UsageRefusal(say("rulebook.new_homeless", item=item.id, hint=hint(item.id.partition(".")[0], titles)))
        if ids.count(item.id) > 1 or (not item.marks and sum(not one.marks for one in sheet) > 1):
            raise UsageRefusal(say("rulebook.new_twice", item=item.id))


def _section_of(item: str, titles: Iterable[str]) -> str | None:
    """B1.1 belongs to B1, A4 to A4, or to A."""
    return next((id for id in (item.partition(".")[0], item, item[:1]) if id in titles), None)


def _edition(folder: Path) -> str:
    name = re.sub(r"\W+", "_", folder.absolute().name, flags=re.ASCII).strip("_").lower()
    return name if name[:1].isalpha() else "new"


def _filled(file: str, facts: dict[str, str]) -> str:
    return Template((TEMPLATES / file).read_text(encoding="utf-8")).substitute(facts)


def _facts(item: NewItem) -> dict[str, str]:
    return {
        "item": item.id,
        "rule": f"assessed_{item.id.replace('.', '_')}",
        "title_zh": item.title.zh,
        "title_en": item.title.en,
        "full": plain(item.marks),
        "below": plain(item.marks - LEAST / 10),
        "step": plain(LEAST / 10),
    }


def _sections(titles: dict[str, Words], sheet: Sequence[NewItem]) -> str:
    lines = []
    for id, title in titles.items():
        lines += [f"  - id: {id}", f'    title: {{zh: "{title.zh}", en: "{title.en}"}}', "    items:"]
        for item in sheet:
            if _section_of(item.id, titles) == id:
                words = f'{{zh: "{item.title.zh}", en: "{item.title.en}"}}'
                lines.append(f"      - {{id: {item.id}, full_marks: {plain(item.marks)}, title: {words}}}")
    return "\n".join(lines)


def _clauses(title: Words, titles: dict[str, Words], sheet: Sequence[NewItem]) -> str:
    """The regulation, clause by clause: each line waits for the words of the regulation itself."""
    lines = [f"# {title.zh} · {title.en}", ""]
    lines += ["把每一条的原文写在 zh 之后。The words of the regulation go behind zh, a translation behind en.", ""]
    for item in sheet:
        lines += [f"## {item.id}", f"- zh: {item.title.zh}，{plain(item.marks)} 分。"]
        lines += [f"- en: {item.title.en}, {plain(item.marks)} marks."]
        if not item.marks:
            lines += ["- no rule zh: 加分规则尚未写出。", "- no rule en: No rule for the bonus has been written yet."]
        lines += [""]
    return "\n".join(lines)
