"""regulation.md as clauses: a heading is a clause id, the lines below it are its texts."""

import re
from pathlib import Path

from pipelines.model.rule import Clause
from pipelines.model.words import Words
from pipelines.rulebook.source import Block, read_text, refusal

HEADING = re.compile(r"## ([A-Z]\d*(\.\d+)?)")
LINE = re.compile(r"- (zh|en|no rule zh|no rule en|honoured by): (.+)")


def read_clauses(path: Path, name: str) -> tuple[dict[str, Clause], Block]:
    """The clauses in the order of the file, and a block that knows the line of each."""
    root, texts = Block(name, 1), {}
    for number, line in enumerate(read_text(path, name).splitlines(), 1):
        here = Block(name, number)
        if heading := HEADING.fullmatch(line.strip()):
            if heading[1] in texts:
                raise refusal(here, "duplicate_id", id=heading[1])
            texts[heading[1]] = clause = here
            root.lines[heading[1]] = number
        elif line.startswith(("- ", "## ")):
            match = LINE.fullmatch(line.strip())
            if not match or not texts:
                raise refusal(here, "bad_clause_line", value=line)
            clause[match[1]] = match[2].strip()
    return {id: _clause(id, block) for id, block in texts.items()}, root


def _clause(id: str, block: Block) -> Clause:
    for name in ("zh", "en"):
        if name not in block:
            raise refusal(block, "missing_field", field=name)
    why = [block.get(f"no rule {lang}") for lang in ("zh", "en")]
    if any(why) and not all(why):
        raise refusal(block, "missing_field", field="no rule zh, no rule en")
    honoured = tuple(thing.strip() for thing in block.get("honoured by", "").split(",") if thing.strip())
    return Clause(id, Words(block["zh"], block["en"]), Words(*why) if all(why) else None, honoured)
