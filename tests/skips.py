"""How many tests passed, failed and were skipped, as the last line; `--no-skips` makes a skip a failure.

A test may be skipped there only for data that do not belong to the project: it carries the mark `real_data`.
"""

import pytest

ALLOWED = "real_data"
WORSE = ("", "passed", "skipped", "failed")  # than those before


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of `.ci/run`."""
    parser.addoption("--no-skips", action="store_true", help=f"a skipped test fails unless it is marked {ALLOWED}")


def pytest_configure(config: pytest.Config) -> None:
    """Counts where the results come together: not in the workers."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Counted(config), "skips")


class _Counted:
    """Every test or file counts once: failed where any phase of it failed, skipped where it was, else passed."""

    def __init__(self, config: pytest.Config):
        self.config, self.strict = config, config.getoption("--no-skips")
        self.outcome: dict[str, str] = {}
        self.why: dict[str, str] = {}

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test."""
        self._count(report, ALLOWED in report.keywords)

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that could not be read, or that skips itself whole."""
        if report.outcome != "passed":
            self._count(report, False)

    def _count(self, report: pytest.CollectReport | pytest.TestReport, allowed: bool) -> None:
        self.outcome[report.nodeid] = max(self.outcome.get(report.nodeid, ""), report.outcome, key=WORSE.index)
        if report.outcome == "skipped" and not allowed:
            self.why[report.nodeid] = report.longrepr[2] if isinstance(report.longrepr, tuple) else "expected to fail"

    @pytest.hookimpl
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A run with a skip that is not allowed has failed."""
        if self.strict and self.why and not session.exitstatus:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl
    def pytest_unconfigure(self) -> None:
        """The closing lines, below pytest's own."""
        facts = [*self.outcome.values()]
        for name, why in self.why.items() if self.strict else ():
            print(f"skipped, which is not allowed here: {name}: {why}")
        print(", ".join(f"{facts.count(outcome)} {outcome}" for outcome in ("passed", "failed", "skipped")))
