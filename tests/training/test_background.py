"""What is given to a thread is done in order, and never holds up who gave it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from spatialvision.training.background import Background


@contextmanager
def hanging(background: Background) -> Iterator[None]:
    """Inside the block the thread waits."""
    released = threading.Event()
    background.do(released.wait)
    yield
    released.set()


def test_all_is_done_in_order() -> None:
    background, done = Background("test"), []
    for number in range(100):
        background.do(lambda number=number: done.append(number))
    background.wait()
    assert done == list(range(100))
    background.close()


def test_giving_does_not_wait_and_waiting_does() -> None:
    background, done = Background("test"), []
    with hanging(background):
        background.do(lambda: done.append(1))
        assert done == []
    background.wait()
    assert done == [1]


def test_an_error_comes_back_once_the_thread_has_met_it_and_nothing_follows() -> None:
    background, done = Background("test"), []
    background.do(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        background.wait()
    with pytest.raises(ZeroDivisionError):
        background.do(lambda: done.append(1))
    assert done == []


@pytest.mark.fault("writer")
def test_an_action_that_hangs_is_given_up() -> None:
    background, done = Background("test", patience_seconds=0.3), []
    with hanging(background):
        background.do(lambda: done.append(1))
        begin = time.monotonic()
        with pytest.raises(TimeoutError, match=r"no answer for 0\.3 s"):
            background.wait()
        assert time.monotonic() - begin < 20
        with pytest.raises(TimeoutError):
            background.do(lambda: done.append(2))
    time.sleep(0.1)
    assert done == [], "what waited behind it is not done when it comes back"


def test_the_patience_is_for_one_action_not_for_all() -> None:
    background = Background("test", patience_seconds=2)
    for _ in range(30):
        background.do(lambda: time.sleep(0.1))
    background.wait()


def test_the_thread_ends_when_it_is_closed_after_trouble_and_not_before_the_work() -> None:
    names = {"closed", "broken"}
    closed, broken, done = Background("closed"), Background("broken"), []
    closed.do(lambda: time.sleep(0.1))
    closed.do(lambda: done.append(1))
    closed.close()
    broken.do(lambda: 1 / 0)
    deadline = time.monotonic() + 20
    while names & {thread.name for thread in threading.enumerate()}:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert done == [1]
