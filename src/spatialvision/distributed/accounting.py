"""An error in one process ends the run on all of them, and the user reads of it once."""

import contextlib
import time
import traceback
from collections.abc import Iterator

import torch.distributed as dist

from spatialvision.distributed.board import Ending, has_launcher
from spatialvision.distributed.watch import Watch
from spatialvision.errors import SpatialVisionError, Stopped, WorkerError

CAUSE_SECONDS = 1.0
"""How long to wait for the cause when a connection breaks, which is only a consequence."""


@contextlib.contextmanager
def accounted(watch: Watch | None) -> Iterator[None]:
    """An error in the block is told to the other processes; without a watch there are none.

    Raises:
        WorkerError: instead of an error that only follows from another process's.
    """
    try:
        yield
    except Exception as error:
        if watch is None or (isinstance(error, SpatialVisionError) and error.accounted):
            raise
        account = _explained(watch, error) if _connection_broke(error) else _announced(watch, error)
        account.accounted = True
        if account is error:
            raise
        raise account from error


def _announced(watch: Watch, error: Exception) -> SpatialVisionError:
    known = error if isinstance(error, SpatialVisionError) else _unexpected(watch, error)
    is_named = isinstance(known, Stopped) or str(known).startswith("rank ")
    whose = "" if is_named else f"rank {watch.rank}: "
    ending = watch.end(Ending(watch.rank, known.exit_code, whose + str(known)))
    if ending.rank != watch.rank and not (known is error and known.exit_code == ending.exit_code):
        return _told(WorkerError(ending.message))
    account = known if known is error else WorkerError(ending.message)
    account.told = ending.rank != watch.rank or has_launcher()
    return account


def _unexpected(watch: Watch, error: Exception) -> WorkerError:
    if (ending := watch.ending()) is None or ending.rank == watch.rank:
        traceback.print_exception(error)
    return WorkerError(f"{type(error).__name__}: {error}; its traceback stands above")


def _explained(watch: Watch, error: Exception) -> SpatialVisionError:
    deadline = time.monotonic() + CAUSE_SECONDS
    while time.monotonic() < deadline:
        if (ending := watch.ending()) is not None:
            return _told(WorkerError(ending.message))
        time.sleep(0.05)
    silent = watch.judge.silent_for(time.monotonic(), CAUSE_SECONDS / 2)
    names = " and ".join(watch.judge.name(rank) for rank in silent) or "another process"
    line = (str(error).splitlines() or [""])[0]
    ending = watch.end(
        Ending(
            watch.rank,
            WorkerError.exit_code,
            f"rank {watch.rank} lost its connection while {watch.course}: {names} ended unexpectedly, and its log or "
            f"console may say why ({type(error).__name__}: {line}); run the same command again to continue from the "
            "last checkpoint",
            is_consequence=True,
        )
    )
    failure = WorkerError(ending.message)
    failure.told = ending.rank != watch.rank or has_launcher()
    return failure


def _told(error: SpatialVisionError) -> SpatialVisionError:
    error.told = True
    return error


def _connection_broke(error: Exception) -> bool:
    text = str(error)
    return isinstance(error, dist.DistError) or (isinstance(error, RuntimeError) and "gloo" in text.lower())
