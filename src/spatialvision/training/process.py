"""This process among its peers: rank, device, and the few exchanges that training needs."""

import os
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

from spatialvision.errors import RecipeError
from spatialvision.training.memory import keep_freed_memory

START_TIMEOUT = timedelta(seconds=60)


@dataclass(frozen=True)
class Process:
    """Rank and world size (0 and 1 when alone) and the device that this process computes on."""

    rank: int
    world_size: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this process writes the shared files and shows progress."""
        return self.rank == 0

    def reseed(self, seed: int) -> None:
        """Set the generators that dropout draws from; `torch.manual_seed` without its cost of 0.1 ms a call."""
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def sum(self, values: Tensor) -> Tensor:
        """The element-wise sum over all processes, in place."""
        if self.world_size > 1:
            dist.all_reduce(values)
        return values

    def largest(self, value: int) -> int:
        """The largest of the processes' values: how they agree that one of them was told to stop."""
        if self.world_size == 1:
            return value
        shared = torch.tensor(value, device=self.device)
        dist.all_reduce(shared, dist.ReduceOp.MAX)
        return int(shared)

    def wait_for_all(self) -> None:
        """Return when every process has come here."""
        self.largest(0)


def is_worker() -> bool:
    """Whether a launcher (ours or torchrun) started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def join(device: str, threads: int | None) -> Process:
    """Set up threads and device, and meet the other processes if a launcher started several.

    Raises:
        RecipeError: a GPU was asked for and there is none.
    """
    keep_freed_memory()
    if threads is not None:
        torch.set_num_threads(threads)
    chosen = _choose_device(device)
    if not is_worker():
        return Process(0, 1, chosen)
    backend = "nccl" if chosen.type == "cuda" else "gloo"
    if os.environ.get("MASTER_ADDR", "localhost") in ("localhost", "127.0.0.1"):
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    dist.init_process_group(backend, timeout=START_TIMEOUT)
    return Process(dist.get_rank(), dist.get_world_size(), chosen)


def leave(process: Process) -> None:
    """Part from the other processes."""
    if process.world_size > 1:
        dist.destroy_process_group()


def _choose_device(device: str) -> torch.device:
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise RecipeError("device=cuda: PyTorch sees no GPU here; use device=cpu or device=auto")
    if device == "cpu" or not available:
        return torch.device("cpu")
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)
