"""A sample quarter in the words of Heron Island: the sample's own, its types, rules and items by the island's names."""

import re
from pathlib import Path

from pipelines.model.period import Period
from pipelines.sample.make import make_sample

SAID = {
    "late_signing": "unclaimed", "late_reply": "tardy", "A1.1": "H1.1", "A1.2": "H1.2",
    "refused_to_sign": "slammed", "not_handled": "spilled", "rude_attitude": "scolded", "poor_service": "scolded",
    "public_praise": "lantern", "city_leader_praise": "song", "province_leader_praise": "shell",
    "suggestion_adopted": "song", "city_media": "lantern", "province_media": "shell", "briefing_praise": "lantern",
}
WORD = re.compile(rf'"({"|".join(map(re.escape, SAID))})"')
OTHER_ITEM = re.compile(r'"A[12]\.\d"')  # the island assesses two
TABLES = ("adjustments", "assessments", "awards", "incidents")


def island_sample(folder: Path, period: Period, **size: int) -> Path:
    """A sample quarter that the island's law can score; ``size`` as `make_sample` takes it."""
    make_sample(folder, period, **size)
    for file in (folder / f"{name}.csv" for name in TABLES):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        facts = (WORD.sub(lambda found: f'"{SAID[found[1]]}"', line) for line in lines)
        file.write_text("".join(line for line in facts if not OTHER_ITEM.search(line)), encoding="utf-8")
    return folder
