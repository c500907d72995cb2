"""What holds for all tests: property tests draw the same examples every time, files are dealt long ones first."""

import sys
from os import environ

import pytest
from hypothesis import settings

settings.register_profile("same_every_time", derandomize=True, deadline=None)
settings.register_profile("new_every_time", deadline=None)
settings.load_profile("new_every_time" if environ.get("GONGPING_NEW_EXAMPLES") else "same_every_time")

pytest_plugins = ["tests.skips"]

SERVER = "tests/flows"  # the files there share one Prefect server, so they go to one worker
OWN_SERVER = "tests/flows/test_serve.py"
LONGEST = [  # in minutes on a busy machine; those that wait for a server first, so that others compute meanwhile
    SERVER,
    "tests/oracle/test_pipeline_agrees.py",
    "tests/ingest/test_kinds_of_faults.py",
    "tests/cli/test_project.py",
    "tests/pages/test_browser.py",
    "tests/contracts/test_evaluators_named.py",
]


def pytest_unconfigure() -> None:
    """What a worker made for all its tests goes with it: it ends without tidying up."""
    if office := sys.modules.get("tests.publication.office"):
        office.KEYS.cleanup()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, for what begins last should end soon; the others in their order."""
    items.sort(key=lambda item: next((n for n, one in enumerate(LONGEST) if item.nodeid.startswith(one)), len(LONGEST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Files are dealt whole, as `--dist loadfile` does, and those that share a server together."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Files(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return SERVER if file.startswith(SERVER) and file != OWN_SERVER else file

    return Files(config, log)
