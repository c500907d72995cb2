"""veraPDF's own word on every printed page, asked for by name: it comes from its makers, not from Debian or PyPI.

    python -m pytest tests/pages/with_verapdf.py
"""

import subprocess


def test_verapdf_finds_every_page_valid(printed):
    files = map(str, sorted(printed.folder.rglob("*.pdf")))
    done = subprocess.run(["verapdf", "--flavour", "2a", "--format", "text", *files], capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 7 and [line for line in lines if not line.startswith("PASS")] == []
