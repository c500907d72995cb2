"""Work in two processes: the results in their order, and a failure as it would have been in one."""

import os
import threading

import pytest

from pipelines.edges import process


@pytest.fixture(autouse=True)
def two(monkeypatch):
    """As on a machine with two processors; one takes turns."""
    monkeypatch.setattr(process, "processors", lambda: 2)


def test_every_second_thing_is_done_by_a_fork_and_the_results_keep_their_order():
    found = process.in_two(lambda one: (one, os.getpid()), [*range(5)])
    assert [one for one, _ in found] == [*range(5)]
    assert {pid for _, pid in found[::2]} == {os.getpid()}
    [fork] = {pid for _, pid in found[1::2]}
    assert fork != os.getpid()


def test_what_fails_in_the_fork_fails_here():
    def work(one):
        if one == 1:
            raise OSError("no room")
        return one

    with pytest.raises(OSError, match="no room"):
        process.in_two(work, [0, 1, 2])


def test_what_only_the_fork_cannot_do_is_done_here():
    here = os.getpid()

    def work(one):
        if os.getpid() != here:
            os._exit(9)
        return one

    assert process.in_two(work, [0, 1, 2]) == [0, 1, 2]


def test_a_failure_here_ends_the_fork(tmp_path):
    began = tmp_path / "began"

    def work(one):
        if one == 1:
            (tmp_path / "new").write_text(str(os.getpid()))
            (tmp_path / "new").rename(began)
            threading.Event().wait(60)
        while not began.exists():
            pass
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        process.in_two(work, [0, 1])
    with pytest.raises(ProcessLookupError):
        os.kill(int(began.read_text()), 0)


def test_what_is_begun_beside_goes_on_while_this_process_does_and_is_asked_for_once(tmp_path):
    began, here = tmp_path / "began", os.getpid()

    def work():
        began.touch()
        return os.getpid()

    with process.Beside(work) as beside:
        while not began.exists():
            pass
        assert beside.result() != here


def test_what_nobody_asks_for_is_ended(tmp_path):
    began = tmp_path / "began"

    def work():
        (tmp_path / "new").write_text(str(os.getpid()))
        (tmp_path / "new").rename(began)
        threading.Event().wait(60)

    with process.Beside(work):
        while not began.exists():
            pass
    with pytest.raises(ProcessLookupError):
        os.kill(int(began.read_text()), 0)


def test_another_thread_forks_nothing():
    found = []
    thread = threading.Thread(target=lambda: found.extend(process.in_two(lambda _: os.getpid(), [0, 1])))
    thread.start()
    thread.join()
    assert found == [os.getpid()] * 2


def test_one_processor_forks_nothing(monkeypatch):
    monkeypatch.setattr(process, "processors", lambda: 1)
    assert process.in_two(lambda _: os.getpid(), [0, 1]) == [os.getpid()] * 2
