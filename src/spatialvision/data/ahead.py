"""Worker processes that decode what is going to be asked for, and what happens when one of them fails."""

import atexit
import contextlib
import ctypes
import itertools
import multiprocessing
import signal
import sys
import weakref
from collections import deque
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from spatialvision.data.reader import CHUNK, Chunk, Reader, Request, requests
from spatialvision.errors import WorkerError
from spatialvision.signals import STOP_SIGNALS, signals_held_back

Planned = tuple[Tensor, int]

_running: "weakref.WeakSet[Ahead]" = weakref.WeakSet()


class Ahead:
    """Decodes the batches of a plan in worker processes, about one and a half batches ahead.

    Args:
        reader: what the workers run.
        coming: (positions, epoch) of each batch, in order; it may be endless.
        workers: how many processes, at least 1.
        timeout_seconds: how long a worker may take for a chunk of images.
        pin_memory: deliver in memory that a GPU copies from directly.
    """

    def __init__(
        self,
        reader: Reader,
        coming: Iterator[Planned],
        workers: int,
        timeout_seconds: float,
        pin_memory: bool,
    ):
        self._expected: deque[Planned] = deque()
        self._chunks: Iterator[Chunk] | None = None
        self._processes: set[Any] = set()
        if (first := next(coming, None)) is None:
            return
        chunks = -(-len(first[0]) * 3 // (2 * CHUNK))
        loader: DataLoader[Chunk] = DataLoader(
            reader,  # type: ignore[arg-type]  # it has what is needed of a dataset
            batch_size=None,
            sampler=_asked(itertools.chain([first], coming), self._expected),
            num_workers=workers,
            prefetch_factor=max(2, -(-chunks // workers)),
            collate_fn=_unchanged,  # type: ignore[arg-type]  # without batching it gets one chunk
            timeout=timeout_seconds,
            pin_memory=pin_memory,
            worker_init_fn=_set_up_worker,
            # So that the split's names are shared, and workers end with this process.
            multiprocessing_context="fork" if sys.platform == "linux" else None,
            generator=torch.Generator(),  # or starting workers would use up random numbers of the training
        )
        before = set(multiprocessing.active_children())
        with signals_held_back():
            self._chunks = iter(loader)
        self._processes = set(multiprocessing.active_children()) - before
        _running.add(self)
        # At its end the interpreter asks workers to end by the very signal that they leave to it, and waits: be first.
        atexit.unregister(_end_all)
        atexit.register(_end_all)

    def expects(self, positions: Tensor, epoch: int) -> bool:
        """Whether this is the next batch of the plan."""
        if not self._expected:
            return False
        planned, planned_epoch = self._expected[0]
        return planned_epoch == epoch and torch.equal(planned, positions)

    def take(self) -> Iterator[Chunk]:
        """The chunks of the next batch.

        Raises:
            WorkerError: a worker died, raised an error, or takes too long.
        """
        positions, epoch = self._expected.popleft()
        assert self._chunks is not None  # something is expected
        try:
            with worker_failures_told():
                for _ in requests(positions, epoch):
                    yield next(self._chunks)
        except WorkerError:
            self.close()
            raise
        if not self._expected:  # the next batch's first chunk would have been asked for by now
            self.close()

    def close(self) -> None:
        """End the workers: in order if they can be, by force if they hang."""
        self._expected.clear()
        self._chunks = None
        for process in self._processes:
            if process.is_alive():
                with contextlib.suppress(RuntimeError):  # that one of the workers was killed
                    process.kill()
                    process.join()
        self._processes = set()


@contextlib.contextmanager
def worker_failures_told() -> Iterator[None]:
    """A worker's end can show anywhere in the block, as the operating system tells of it by a signal.

    Raises:
        WorkerError: a worker died, raised an error, or takes too long.
    """
    try:
        yield
    except Exception as error:
        text = str(error).strip()
        if isinstance(error, RuntimeError) and text.startswith("DataLoader"):
            why = (
                f"{text}; it may lack memory (also in /dev/shm), or the disk may not answer. Try fewer data.workers, "
                "or a longer timeout_seconds"
            )
        elif text.startswith("Caught ") and "in DataLoader worker process" in text:
            why = f"{text.splitlines()[-1]}; its traceback is in the log"
        else:
            raise
        raise WorkerError(
            f"a process that decodes images failed: {why}; the same command continues"
        ) from error


def _end_all() -> None:
    for ahead in list(_running):
        ahead.close()


def _asked(coming: Iterator[Planned], expected: deque[Planned]) -> Iterator[Request]:
    """The requests of all batches; each batch is noted down before its first is handed out."""
    for positions, epoch in coming:
        expected.append((positions, epoch))
        yield from requests(positions, epoch)


def _unchanged(chunk: Chunk) -> Chunk:
    return chunk


def _set_up_worker(number: int) -> None:
    """Leave signals to the training process, also where they are not held back, and end with it."""
    signal.set_wakeup_fd(-1)
    for stop in STOP_SIGNALS:
        signal.signal(stop, signal.SIG_IGN)
    if sys.platform == "linux":
        ends_with_parent = 1
        ctypes.CDLL(None).prctl(ends_with_parent, signal.SIGKILL)
