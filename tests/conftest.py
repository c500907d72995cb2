"""What holds for all tests: property tests draw the same examples every time, new ones only where asked for."""

from os import environ

from hypothesis import settings

settings.register_profile("same_every_time", derandomize=True, deadline=None)
settings.register_profile("new_every_time", deadline=None)
settings.load_profile("new_every_time" if environ.get("GONGPING_NEW_EXAMPLES") else "same_every_time")

pytest_plugins = ["tests.skips"]
