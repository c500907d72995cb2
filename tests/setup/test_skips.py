"""The closing line of a run of the tests, and what `--no-skips` makes of a skip."""

import subprocess
import sys

import pytest

from pipelines.paths import ROOT

PASSES = "def test_a(): pass\n"
FAILS = "def test_b(): assert not 1\n"
BREAKS = "import pytest\n@pytest.fixture\ndef broken():\n    yield\n    raise OSError\ndef test_c(broken): pass\n"
SKIPS = "import pytest\ndef test_d(): pytest.skip('no such tool')\n"
SKIPS_WHOLE = "import pytest\npytest.importorskip('no_such_library')\n"
LACKS_DATA = "import pytest\n@pytest.mark.real_data\n@pytest.mark.skipif(True, reason='not here')\ndef test_e(): pass\n"


def _ran(folder, *options: str, **files: str) -> tuple[int, list[str]]:
    """Exit code and lines of pytest over test files of one's own."""
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = real_data: x\n", encoding="utf-8")
    call = [sys.executable, "-m", "pytest", "-q", "-p", "tests.skips", "-c", str(folder / "pytest.ini"), *options]
    done = subprocess.run([*call, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize("workers", ["0", "1"])
def test_the_last_line_counts_passed_failed_and_skipped(tmp_path, workers):
    files = {"passes": PASSES, "fails": FAILS, "breaks": BREAKS, "skips": SKIPS, "lacks": LACKS_DATA}
    code, lines = _ran(tmp_path, "-n", workers, **files)
    assert code == 1
    assert lines[-1] == "1 passed, 2 failed, 2 skipped"


def test_a_skip_is_no_failure_unless_that_is_asked_for(tmp_path):
    assert _ran(tmp_path, passes=PASSES, skips=SKIPS, whole=SKIPS_WHOLE)[0] == 0


@pytest.mark.parametrize("workers", ["0", "1"])
@pytest.mark.parametrize(("text", "why"), [(SKIPS, "no such tool"), (SKIPS_WHOLE, "no_such_library")])
def test_where_skips_are_not_allowed_one_fails_and_is_named_with_its_reason(tmp_path, workers, text, why):
    code, lines = _ran(tmp_path, "--no-skips", "-n", workers, passes=PASSES, skips=text)
    assert code == 1
    (named,) = [line for line in lines if line.startswith("skipped, which is not allowed")]
    assert "test_skips.py" in named and why in named
    assert lines[-1] == "1 passed, 0 failed, 1 skipped"


def test_data_that_are_not_the_projects_may_be_missing_everywhere(tmp_path):
    code, lines = _ran(tmp_path, "--no-skips", passes=PASSES, lacks=LACKS_DATA)
    assert (code, lines[-1]) == (0, "1 passed, 0 failed, 1 skipped")
