"""Start the processes of one run on this machine: the same command in each, as torchrun would."""

import signal
import sys
import uuid
from collections.abc import Sequence

from spatialvision.errors import Interrupted, Stopped, WorkerError
from spatialvision.training.signals import StopSignal

# What the launcher passes on to the processes, instead of ending without them.
PASSED_ON = "SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR1"


def launch(processes: int, command: Sequence[str], stop: StopSignal | None = None) -> None:
    """Run ``spatialvision <command>`` in so many processes and wait for them.

    Raises:
        Stopped: a signal ended them, their state saved.
        WorkerError: one of them failed; the others were ended.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    if stop is not None:
        stop.release()
        if stop.received:
            raise stop.error(stop.received, "no process had been started")
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
        monitor_interval=0.1,
        signals_to_handle=PASSED_ON,
    )
    try:
        elastic_launch(config, sys.executable)("-m", "spatialvision", *command)
    except ChildFailedError as error:
        raise _error_of(error) from None
    except SignalException as error:
        raise _stopped(error.sigval) from None


def _error_of(error) -> Exception:  # type: ignore[no-untyped-def]
    codes = {rank: failure.exitcode for rank, failure in error.failures.items()}
    for kind in (Interrupted, Stopped):
        if all(code == kind.exit_code for code in codes.values()):
            return kind("stopped; the state is saved; run the same command again to continue")
    rank, code = next(iter(codes.items()))
    failed = WorkerError(f"rank {rank} ended with exit code {code}; its message stands above")
    failed.exit_code = code if 1 < code < 7 else WorkerError.exit_code
    return failed


def _stopped(number: signal.Signals) -> Stopped:
    kind = Interrupted if number == signal.SIGINT else Stopped
    return kind(f"stopped by {signal.Signals(number).name}; run the same command again to continue")
