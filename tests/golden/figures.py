"""The figures of a scored quarter as hashes: ranking, items, ledger, verdicts. No word of a page is among them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import count
from pathlib import Path
from random import Random

from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.paths import ROOT
from pipelines.rulebook.load import load_rulebook
from pipelines.sample.make import make_sample
from tests.examples.test_cities import DATA
from tests.oracle.compare import FROZEN
from tests.oracle.quarters import make_quarter
from tests.oracle.tables import write_folder

STORED = Path(__file__).with_name("figures.json")
PARTS = ("exports", "ranking", "items", "ledger", "verdicts")
DRAWN = range(7000, 7200)
SAMPLES = (("2026Q3", 40, 4000, 1), ("2026Q2", 12, 900, 7))  # period, units, case rows, seed
CITIES = (("pingshan", "2018Q4"), ("baltimore", "2018Q3"))
LARGEST_CAP = 9


@dataclass(frozen=True)
class Case:
    """A quarter to score: a drawn one, a sample or a city's; readings that are not named have their defaults."""

    name: str
    readings: dict[str, str]

    def scored(self, place: Path) -> dict[str, str]:
        """Part → hash; ``place`` is an empty folder for the exports."""
        kind, *rest = self.name.split()
        given = {"readings": self.readings, "out": place / "out", "rules": FROZEN}
        if kind == "drawn":
            sample = make_quarter(int(rest[0]))
            period, exports = sample.period, write_folder(sample.tables, place / "in")
            given["cutoff"] = sample.cutoff and datetime.fromisoformat(sample.cutoff)
        elif kind == "sample":
            period, units, cases, seed = rest[0], *map(int, rest[1:])
            exports = place / "in"
            make_sample(exports, Period.parse(period), units, cases, seed)
        else:
            period, exports = rest[0], DATA
            given["source"] = ROOT / "examples" / kind / "mapping.yaml"
        with Run(Request(Period.parse(period), exports, **given)) as run:
            stops = run.check()
            assert not stops, "; ".join(words.en for words in stops)
            for stage in (run.measure, run.judge, run.settle, run.rank):
                stage()
            return {part: _hash(rows) for part, rows in zip(PARTS, _parts(run), strict=True)}


def cases() -> Iterator[Case]:
    """Every quarter of the golden set: each value of each reading on its own, then readings in combination."""
    for sample in SAMPLES:
        yield Case(" ".join(map(str, ("sample", *sample))), {})
    for city in CITIES:
        yield Case(" ".join(city), {})
    rulebook = load_rulebook(FROZEN, datetime(2026, 7, 1).date())
    values = {id: [value for value in reading.values if value != "stop"] for id, reading in rulebook.readings.items()}
    for id, reading in rulebook.readings.items():
        values[id] += ["0", "2.5", str(LARGEST_CAP)] * reading.open_number
    alone = [{id: value} for id, known in values.items() for value in known[1:]]
    for number, seed in zip(count(), DRAWN):
        rng = Random(seed)
        several = {id: rng.choice(values[id]) for id in rng.sample(list(values), rng.randint(0, len(values)))}
        yield Case(f"drawn {seed}", alone[number] if number < len(alone) else several)


def stored() -> list[tuple[Case, dict[str, str]]]:
    """What is kept: (case, part → hash)."""
    kept = json.loads(STORED.read_text(encoding="utf-8"))
    hashes = [dict(zip(PARTS, line["hashes"].split(), strict=True)) for line in kept]
    return [(Case(line["case"], line["readings"]), found) for line, found in zip(kept, hashes, strict=True)]


def _parts(run: Run) -> tuple[list, ...]:
    scores, ranked = run.scores, run.standings
    return (
        sorted((receipt.table, receipt.records, receipt.sha256) for receipt in run.intake.receipts),
        [
            (s.unit_id, scores[s.unit_id].base, scores[s.unit_id].bonus, scores[s.unit_id].total, s.rank, s.group_rank,
             s.case_rows)
            for s in ranked
        ],
        sorted(
            (unit, item.item_id, item.full_marks, item.score)
            for unit, score in scores.items() for item in score.items.values()
        ),
        sorted(
            tuple(line[name] for name in ("unit_id", "item_id", "rule_id", "month", "case_id", "ref_id", "points",
                                          "adjustment_id"))
            for line in run.warehouse.arrow("ledger.entries").to_pylist()
        ),
        sorted((given.unit_id, given.verdict_id) for given in run.verdicts),
    )


def _hash(rows: list) -> str:
    return sha256(json.dumps(rows, ensure_ascii=False, default=str).encode()).hexdigest()[:12]
