"""Rules are tried here, and not the data: the second check of the rows takes seconds a run."""

import pytest

from tests.publication.office import Checked

# What a book adds to the contracts is theirs.
CHECKED_TWICE = ("tests.kinds.test_own_columns", "tests.kinds.test_figures")


@pytest.fixture(scope="module", autouse=True)
def checked_once(request):
    """No second check of the data."""
    if request.module.__name__ in CHECKED_TWICE:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.assess.start_quality", lambda *facts: Checked(facts[-1]))
        yield
