"""This process among its peers: rank, device, and the few exchanges that training needs."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from spatialvision.distributed.board import has_launcher
from spatialvision.distributed.course import Course
from spatialvision.distributed.devices import choose_device, share_cores
from spatialvision.distributed.memory import keep_freed_memory
from spatialvision.distributed.watch import Watch
from spatialvision.signals import StopSignal

# The watch ends a run that hangs; it knows a slow first process from a dead one, which a collective does not.
COLLECTIVE_TIMEOUT = timedelta(days=7)


@dataclass(frozen=True)
class Process:
    """Rank and world size (0 and 1 when alone), the device that this process computes on, and where it stands."""

    rank: int
    world_size: int
    device: torch.device
    course: Course = field(default_factory=Course, compare=False)

    @property
    def is_first(self) -> bool:
        """Whether this process writes the shared files and shows progress."""
        return self.rank == 0

    def reseed(self, seed: int) -> None:
        """Set the generators that dropout draws from; `torch.manual_seed` without its cost of 0.1 ms a call."""
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def sum(self, values: Tensor, what: str = "numbers") -> Tensor:
        """The element-wise sum over all processes, in place."""
        if self.world_size > 1:
            with self.course.waiting(f"adding up {what}"):
                dist.all_reduce(values)
                self._finish()
        return values

    def largest(self, value: int) -> int:
        """The largest of the processes' values: how they agree that one of them was told to stop."""
        if self.world_size == 1:
            return value
        shared = torch.tensor(value, device=self.device)
        with self.course.waiting("asking whether to go on"):
            dist.all_reduce(shared, dist.ReduceOp.MAX)
            self._finish()
        return int(shared)

    def from_first(self, value: Any, what: str) -> Any:
        """The first process's value, any object, on all of them."""
        if self.world_size == 1:
            return value
        shared = [value if self.is_first else None]
        with self.course.waiting(f"handing round {what}"):
            dist.broadcast_object_list(shared, device=self.device)
        return shared[0]

    def copy_from_first(self, values: Iterable[Tensor]) -> None:
        """Replace the values by those of the first process."""
        if self.world_size > 1:
            with self.course.waiting("taking over the first process's statistics"):
                for value in values:
                    dist.broadcast(value, 0)
                self._finish()

    def _finish(self) -> None:
        # On a GPU an exchange is only queued: wait for it where it is known that this is waiting.
        if self.device.type == "cuda":
            torch.cuda.current_stream().synchronize()

    def wait_for_all(self) -> None:
        """Return when every process has come here."""
        self.largest(0)


def is_worker() -> bool:
    """Whether a launcher (ours or torchrun) started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def start_watch(timeout_seconds: float, stop: StopSignal) -> Watch | None:
    """Watch over this process and the others from here on; None if there are no others."""
    if not is_worker():
        return None
    rank, world_size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    return Watch(rank, world_size, timeout_seconds, Course(), stop)


def join(device: str, threads: int | None, watch: Watch | None = None) -> Process:
    """Set up threads and device, and meet the other processes if there are any.

    Args:
        device: "auto", "cpu" or "cuda".
        threads: of the CPU for this process; None: all cores, shared by the processes of this machine.
        watch: of one process among several; None alone.

    Raises:
        RecipeError: a GPU was asked for and there is none.
        WorkerError: there are fewer GPUs than processes.
    """
    keep_freed_memory()
    share_cores(threads)
    chosen = choose_device(device)
    if watch is None:
        return Process(0, 1, chosen)
    # On one machine; gloo would look up its name, and has been seen to wait for ever.
    if sys.platform == "linux" and os.environ["MASTER_ADDR"] in ("localhost", "127.0.0.1"):
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    with watch.course.waiting("meeting the others"):
        backend = "nccl" if chosen.type == "cuda" else "gloo"
        # Kept, because the watch needs it for longer than the exchange of tensors.
        watch.store, rank, world_size = next(rendezvous("env://", timeout=COLLECTIVE_TIMEOUT))
        store = dist.PrefixStore("tensors", watch.store)
        dist.init_process_group(
            backend, store=store, rank=rank, world_size=world_size, timeout=COLLECTIVE_TIMEOUT
        )
    return Process(dist.get_rank(), dist.get_world_size(), chosen, watch.course)


def end_worker() -> None:
    """End a process of our launcher that has done its part; elsewhere, do nothing.

    Nothing is left to be done, and PyTorch's threads have been seen to abort a process that takes its modules apart,
    which ends the others too.
    """
    if has_launcher():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def leave(process: Process, watch: Watch | None) -> None:
    """Part from the other processes, when there is nothing left to do together; the first stays within reach.

    torchrun's launchers part five minutes after their last process, and one of them may hold what all need: so
    without ours, nobody goes before the first process has.
    """
    if watch is not None:
        process.wait_for_all()
        dist.destroy_process_group()
        if not process.is_first:
            process.course.at("waiting for the first process to finish")
            if not has_launcher():
                watch.wait_for_first()
            watch.leave()
