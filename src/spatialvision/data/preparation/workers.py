"""Processes that work off a list of jobs and end with the process that started them, however it ends.

They are forked, so that they start at once. Signals are the business of the process that started them: the workers
ignore them. A pipe that nobody writes to tells them that it is gone: reading from it ends with the last writer.
"""

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from spatialvision.errors import WorkerError
from spatialvision.signals import STOP_SIGNALS, signals_held_back

T = TypeVar("T")
MOMENT = 0.2


class Workers:
    """Processes for as long as the block lasts; leaving it by an exception ends them in the middle of their work.

    Only one such block may be open at a time: the workers of another would hold this one's pipe open.

    Args:
        count: how many processes.
    """

    def __init__(self, count: int):
        self._reader, self._writer = os.pipe()
        self._pool = ProcessPoolExecutor(
            count,
            mp_context=multiprocessing.get_context("fork"),
            initializer=_begin,
            initargs=(self._reader, self._writer),
        )

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            os.close(self._writer)
        self._pool.shutdown(cancel_futures=True)
        if kind is None:
            os.close(self._writer)
        os.close(self._reader)

    def begin(self, job: Callable[[], T]) -> Future[T]:
        """Hand in a job; it and its result must be picklable. Jobs are begun in the order in which they came."""
        with signals_held_back():  # which `_begin` ends for a worker
            return self._pool.submit(job)

    def results(self, jobs: Iterable[Callable[[], T]]) -> Iterator[list[T]]:
        """Results in the order in which they come, those that came together as one list.

        An empty list comes when nothing else does for a moment, so that the caller can look around.

        Raises:
            WorkerError: a process was killed.
            Exception: whatever a job raises, after the results that came together with it.
        """
        arrived: queue.SimpleQueue[Future[T]] = queue.SimpleQueue()
        waiting = 0
        for job in jobs:
            self.begin(job).add_done_callback(arrived.put)
            waiting += 1
        while waiting:
            together = list(_arrivals(arrived))
            waiting -= len(together)
            failed = [future for future in together if future.exception() is not None]
            yield [future.result() for future in together if future not in failed]
            for future in failed:
                outcome(future)


def outcome(future: Future[T]) -> T:
    """A future's result.

    Raises:
        WorkerError: its process was killed.
    """
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise WorkerError(
            "a worker process was killed, perhaps for want of memory; run the same command again to continue, "
            "with fewer --processes if it happens again"
        ) from error


def _arrivals(arrived: "queue.SimpleQueue[Future[T]]") -> Iterator[Future[T]]:
    try:
        yield arrived.get(timeout=MOMENT)
        while True:
            yield arrived.get_nowait()
    except queue.Empty:
        return


def _begin(reader: int, writer: int) -> None:
    signal.set_wakeup_fd(-1)
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    os.close(writer)
    threading.Thread(target=_end_with_the_writer, args=(reader,), daemon=True).start()


def _end_with_the_writer(reader: int) -> None:
    os.read(reader, 1)
    os._exit(1)
