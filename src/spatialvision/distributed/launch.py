"""Start the processes of one run on this machine: the same command in each, as torchrun would."""

import logging
import os
import signal
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from spatialvision.errors import Interrupted, SpatialVisionError, Stopped, WorkerError
from spatialvision.signals import StopSignal

# Ends the processes; all other signals reach them as a wish to stop, see Guard.
ENDS_AT_ONCE = "SIGHUP,SIGQUIT"


def launch(
    processes: int, command: Sequence[str], timeout_seconds: float = 60, stop: StopSignal | None = None
) -> None:
    """Run ``spatialvision <command>`` in so many processes and wait for them.

    Raises:
        Stopped: a signal ended them, their state saved.
        WorkerError: one of them failed; the others were ended.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import elastic_launch

    from spatialvision.distributed.board import ADDRESS, serve
    from spatialvision.distributed.guard import Guard

    # Its messages name local ranks and exit codes; ours say what to do.
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    with (stop or StopSignal()).installed() as stop:
        if stop.received:
            raise stop.error(stop.received, "no process had been started")
        board, address = serve()
        guard = Guard(board, processes, timeout_seconds, stop)
        guard.start()
        try:
            os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # a dying store says a page
            with _environment(ADDRESS, address):
                elastic_launch(_config(processes, address), sys.executable)("-m", "spatialvision", *command)
        except ChildFailedError as error:
            ending = board.ending()
            if ending is None and stop.received:
                raise stop.error(stop.received, "the training had not begun") from None
            raise _error_of(error, ending) from None
        except SignalException as error:
            raise WorkerError(
                f"ended by {signal.Signals(error.sigval).name}; run the same command again to continue from the last "
                "checkpoint"
            ) from None
        finally:
            guard.over()


def _config(processes: int, address: str) -> Any:
    """That of so many processes which meet at the store at ``address``: one of their own would be open to everybody."""
    from torch.distributed.launcher.api import LaunchConfig

    return LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=uuid.uuid4().hex,
        rdzv_backend="static",
        rdzv_endpoint=address,
        rdzv_configs={"rank": 0},
        max_restarts=0,
        monitor_interval=0.1,
        signals_to_handle=ENDS_AT_ONCE,
    )


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


def _error_of(error: Any, ending: Any) -> SpatialVisionError:
    """What the processes said, else what their exit codes say."""
    killed = [
        code for code in (each.exitcode for each in error.failures.values()) if code < 0 and code != -15
    ]
    if ending is not None and not (ending.is_consequence and killed):
        kinds = {kind.exit_code: kind for kind in (Stopped, Interrupted)}
        failed = kinds.get(ending.exit_code, WorkerError)(ending.message)
        failed.exit_code = ending.exit_code
        return failed
    # Those that the launcher ended because of another come last.
    rank, failure = min(
        error.failures.items(), key=lambda item: (item[1].exitcode >= -1, item[1].exitcode == -15)
    )
    if failure.exitcode < 0:
        name = signal.Signals(-failure.exitcode).name
        hint = " (the system sends it when memory runs out)" if name == "SIGKILL" else ""
        return WorkerError(
            f"rank {rank} (process {failure.pid}) was ended by {name}{hint}; the others were ended; run the same "
            "command again to continue from the last checkpoint"
        )
    return WorkerError(f"rank {rank} ended with exit code {failure.exitcode}; its message stands above")
