"""Keeps the figures of today: `python -m tests.golden`, from the commit whose figures are to stay."""

import json
import sys
import tempfile
from pathlib import Path

from tests.golden.figures import CITIES, DATA, STORED, cases


def main() -> None:
    cities, lines = {name for name, _ in CITIES}, []
    for case in cases():
        if case.name.split()[0] in cities and not DATA.exists():
            sys.exit(f"the cities' files are not at {DATA}: set GONGPING_REAL_DATA")
        with tempfile.TemporaryDirectory() as place:
            hashes = case.scored(Path(place))
        lines.append({"case": case.name, "readings": case.readings, "hashes": " ".join(hashes.values())})
        print(case.name, *hashes.values(), flush=True)
    text = ",\n".join(json.dumps(line) for line in lines)
    STORED.write_text(f"[\n{text}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
