"""Heron Island with columns of its own: waiting days, callers, sendings back, how far an offence went."""

import csv
from pathlib import Path
from random import Random
from shutil import copytree

from pipelines.model.period import Period
from tests.toy.exports import island_sample
from tests.toy.town import LAW

HEAD = """clause: {item}
item: {item}
title: {{zh: "规则{id}", en: "rule {id}"}}
remedy: {{zh: 改, en: Mend it}}
"""
COLUMNS = """columns:
  cases:
    sent_back: {zh: 退回次数, type: integer, title: {zh: 退回次数, en: times sent back}}
    waited: {zh: 等待天数, type: decimal}
    caller: {zh: 来电人, type: text}
  incidents:
    stage: {zh: 阶段, type: enum, values: {found: 发现, ignored: 未整改, again: 再犯}, required: true}
"""
MEASURES = {
    "sendings": """counts: case_rows
sum: sent_back
by: dispatched_at
better: fewer
quotes: [case_id, sent_back]
says: {zh: "退回 {sent_back} 次", en: "sent back {sent_back} times"}
examples:
  - {name: thrice, row: {sent_back: 3}, counts: 3}
  - {name: never, row: {sent_back: 0}, counts: 0}
  - {name: nobody says, row: {}, counts: 0}
""",
    "waiting": """counts: case_rows
sum: waited
by: dispatched_at
better: fewer
examples:
  - {name: a day and a half, row: {waited: 1.5}, counts: 1.5}
  - {name: none, row: {}, counts: 0}
""",
    "callers": """counts: case_rows
distinct: caller
by: dispatched_at
better: more
examples:
  - {name: somebody, row: {caller: a}, counts: 1}
  - {name: nobody says who, row: {}, counts: 0}
""",
    "regulars": """counts: case_rows
among: callers
where: {sent_back: {at_least: 1}}
distinct: caller
better: fewer
examples:
  - {name: sent back, row: {caller: a, sent_back: 1}, counts: 1}
  - {name: not sent back, row: {caller: a, sent_back: 0}, counts: 0}
""",
    "offences": """counts: incidents
where: {verified: true}
by: occurred_at
better: fewer
quotes: [case_id, stage]
examples:
  - {name: verified, row: {verified: true}, counts: 1}
  - {name: not verified, row: {verified: false}, counts: 0}
""",
}
RULES = {
    "sendings": ("H2.1", """measure: sendings
deduct: 0.2
says: {zh: "退回{n}次，扣{points}分", en: "sent back {n} times: {points} off"}
examples:
  - {name: none, given: {sendings: 0}, points: 0}
  - {name: one, given: {sendings: 1}, points: -0.2}
  - {name: more, given: {sendings: 4}, points: -0.8}
"""),
    "waiting": ("H2.1", """measure: waiting
deduct: 0.01
times: 2
says: {zh: "共等待{count}天", en: "{count} days waited"}
examples:
  - {name: none, given: {waiting: 0}, points: 0}
  - {name: one, given: {waiting: 1}, points: -0.02}
  - {name: a day and a quarter, given: {waiting: 1.25}, points: -0.03}
"""),
    "callers": ("H2.2", """measure: callers
per: month
bands: [{at_least: 9, points: 0}, {at_least: 6, points: -1}, {points: -2}]
says: {zh: "{month}来电人{count}位", en: "{count} callers, {month}"}
examples:
  - {name: nine each month, given: {callers: [9, 9, 9]}, points: 0}
  - {name: eight once, given: {callers: [8, 9, 9]}, points: -1}
  - {name: six once, given: {callers: [9, 6, 9]}, points: -1}
  - {name: five once, given: {callers: [9, 9, 5]}, points: -2}
  - {name: nine, given: {callers: 9}, points: -4}
  - {name: six, given: {callers: 6}, points: -5}
  - {name: eight, given: {callers: 8}, points: -5}
  - {name: five, given: {callers: 5}, points: -6}
"""),
    "regulars": ("H2.2", """part: regulars
of: callers
target: 50
short: {each: 10, deduct: 1, mode: pro_rata}
says: {zh: "{part}/{of}为{rate}%", en: "{part} of {of}: {rate} %"}
examples:
  - {name: half, given: {callers: 4, regulars: 2}, points: 0}
  - {name: all, given: {callers: 4, regulars: 4}, points: -5}
  - {name: none, given: {callers: 4, regulars: 0}, points: 0}
"""),
    "offence": ("H2.3", """measure: offences
deduct: {by: stage, found: 0.3, ignored: 1, again: 2}
once_per: row
with: [manners]
times: 0.5
says: {zh: "扣{deduct}分", en: "{deduct} off"}
examples:
  - {name: none, given: {offences: {found: 0}}, points: 0}
  - {name: found, given: {offences: {found: 1}}, points: -0.15}
  - {name: ignored, given: {offences: {ignored: 1}}, points: -0.5}
  - {name: again and found, given: {offences: {again: 1, found: 1}}, points: -1.15}
"""),
}
OWN = {
    "cases": {
        "退回次数": ("", "0", "0", "1", "2", "3.0"),
        "等待天数": ("", "0", "0.5", "1.25", "3"),
        "来电人": ("", *"abcdefghijkl"),
    },
    "incidents": {"阶段": ("发现", "未整改", "again", "再犯"), "verified": ("true", "true", "false"),
                  "incident_type": ("scolded", "slammed", "spilled")},
}


def reef_book(folder: Path, change: tuple[str, str, str] | None = None) -> Path:
    """The island's law with these columns, measures and rules; ``change``: a file, a text that is there once, another.

    A rude act costs 0.8 here: more than an offence ignored (half of 1), less than one repeated (half of 2).
    """
    book = copytree(LAW, folder / "book")
    law = book / "rulebook.yaml"
    law.write_text(law.read_text(encoding="utf-8").replace("case_rows:", COLUMNS + "case_rows:", 1), encoding="utf-8")
    for id, text in MEASURES.items():
        head = f"measure: {id}\ntitle: {{zh: 指标{id}, en: {id}}}\n"
        (book / "measures" / f"{id}.yaml").write_text(head + text, encoding="utf-8")
    for id, (item, text) in RULES.items():
        head = f"rule: {id}\n" + HEAD.format(id=id, item=item)
        (book / item / f"{id}.yaml").write_text(head + text, encoding="utf-8")
    manners = book / "H2.3" / "manners.yaml"
    text = manners.read_text(encoding="utf-8").replace("deduct: 3", "deduct: 0.8").split("examples:")[0]
    manners.write_text(text + "examples:\n  - {name: none, given: {rudeness: 0}, points: 0}\n"
                       "  - {name: one, given: {rudeness: 1}, points: -0.8}\n"
                       "  - {name: two, given: {rudeness: 2}, points: -1.6}\n", encoding="utf-8")
    if change:
        file, old, new = change
        text = (book / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {file}"
        (book / file).write_text(text.replace(old, new), encoding="utf-8")
    return book


def reef_sample(folder: Path, period: Period, seed: int = 5, **size: int) -> Path:
    """A sample of the island with the columns that its exports have of their own, and nothing waived."""
    island_sample(folder, period, seed=seed, **size)
    decisions = read_rows(folder, "adjustments")
    write_rows(folder, "adjustments", [row for row in decisions if row["action"] != "waive_deduction"])
    rng = Random(seed)
    for table, own in OWN.items():
        rows = read_rows(folder, table)
        drawn = ({name: rng.choice(values) for name, values in own.items()} for _ in rows)
        write_rows(folder, table, [row | more for row, more in zip(rows, drawn, strict=True)])
    return folder


def read_rows(folder: Path, table: str) -> list[dict[str, str]]:
    """The rows of an export as text."""
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(folder: Path, table: str, rows: list[dict[str, str]]) -> None:
    """Write an export anew."""
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
