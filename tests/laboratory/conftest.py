"""One small finished quarter for all tests of the laboratory; none of them may change a byte of it."""

import hashlib

import pytest

from pipelines import Quarter, sample_quarter


def fingerprint(folder) -> str:
    """One hash over every file below a folder, names included."""
    whole = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        whole.update(f"{file.relative_to(folder)}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


@pytest.fixture(scope="session")
def out(tmp_path_factory):
    """An output folder with 2026Q3 in it; at the end it must be as it was."""
    folder = tmp_path_factory.mktemp("laboratory") / "out"
    sample_quarter(folder, units=12, cases=900, seed=3)
    before = fingerprint(folder)
    yield folder
    assert fingerprint(folder) == before


@pytest.fixture(scope="session")
def quarter(out) -> Quarter:
    """The quarter, opened."""
    return Quarter.open("2026Q3", out)
