"""What holds for all tests: property tests draw the same examples every time, new ones only where asked for."""

from os import environ

import pytest
from hypothesis import settings

settings.register_profile("same_every_time", derandomize=True, deadline=None)
settings.register_profile("new_every_time", deadline=None)
settings.load_profile("new_every_time" if environ.get("GONGPING_NEW_EXAMPLES") else "same_every_time")

pytest_plugins = ["tests.skips"]


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a file stay together where several processes share the work: what they share is made once."""
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
