"""The project in force in this process: none until a verb or a flow takes one, which it does before any work.

A process works for one city, as it has one current folder: zone and calendars reach what reads them from here.
"""

from pipelines.model.project import Project

_taken = [Project()]


def project() -> Project:
    """What the project file says; without one the defaults."""
    return _taken[0]


def use(one: Project) -> None:
    """Put a project in force."""
    _taken[0] = one
