"""Processes that come and go: results, failures, signals and the death of the process that started them."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from spatialvision.data.preparation.workers import Workers, outcome
from spatialvision.errors import DataError, WorkerError


def square(number: int) -> int:
    return number * number


def fail() -> int:
    raise DataError("this one is broken")


def die() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def sleep_long(path: Path) -> int:
    path.write_text(str(os.getpid()))
    time.sleep(60)
    return 0


def send_all_signals_to_oneself() -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        os.kill(os.getpid(), number)
    return os.getpid()


def is_gone(process: int) -> bool:
    """Ended and collected, or, where nobody collects orphans, ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().split(") ")[1].startswith("Z")
    except FileNotFoundError:
        return True


def wait_for(path: Path) -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if path.exists() and (text := path.read_text()):
            return int(text)
        time.sleep(0.01)
    raise TimeoutError(path)


def test_every_result_comes_once() -> None:
    with Workers(2) as workers:
        results = [
            each for together in workers.results(partial(square, n) for n in range(50)) for each in together
        ]
    assert sorted(results) == [n * n for n in range(50)]


def test_the_callers_turn_comes_also_while_nothing_arrives(tmp_path: Path) -> None:
    def leave_at_the_first_turn() -> None:
        with Workers(1) as workers:
            for results in workers.results([partial(sleep_long, tmp_path / "pid")]):
                assert results == []
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave_at_the_first_turn()


def test_an_error_arrives_as_it_was() -> None:
    with pytest.raises(DataError, match="this one is broken"), Workers(1) as workers:
        list(workers.results([fail]))


def test_a_killed_worker_is_an_error_with_code_5() -> None:
    killed = pytest.raises(WorkerError, match=r"a worker process was killed.*--processes")
    with killed as caught, Workers(2) as workers:
        list(workers.results([die, *[partial(square, 2)] * 20]))
    assert caught.value.exit_code == 5


def test_an_exception_ends_workers_in_the_middle_of_their_work(tmp_path: Path) -> None:
    def leave_in_the_middle() -> None:
        with Workers(1) as workers:
            workers.begin(partial(sleep_long, tmp_path / "pid"))
            wait_for(tmp_path / "pid")
            raise KeyboardInterrupt

    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        leave_in_the_middle()
    assert time.monotonic() - begin < 20
    assert is_gone(wait_for(tmp_path / "pid"))


def test_workers_ignore_signals() -> None:
    """They are the starting process's business, also when a terminal sends them to all."""
    with Workers(1) as workers:
        first = outcome(workers.begin(send_all_signals_to_oneself))
        assert outcome(workers.begin(send_all_signals_to_oneself)) == first


def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, time; from functools import partial\n"
        "from spatialvision.data.preparation.workers import Workers\n"
        "def sleep_long(path):\n"
        "    import os; path.write_text(str(os.getpid())); time.sleep(60)\n"
        "with Workers(2) as workers:\n"
        "    workers.begin(partial(sleep_long, pathlib.Path(sys.argv[1])))\n"
        "    workers.begin(partial(sleep_long, pathlib.Path(sys.argv[2]))).result()\n"
    )
    pids = [tmp_path / "one", tmp_path / "two"]
    process = subprocess.Popen([sys.executable, "-c", code, *map(str, pids)])
    workers = [wait_for(path) for path in pids]
    process.kill()
    process.wait()
    deadline = time.monotonic() + 10
    while not all(map(is_gone, workers)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert all(map(is_gone, workers))
