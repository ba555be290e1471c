"""Which device and how many threads each process of a machine gets."""

import os

import torch

from spatialvision.errors import RecipeError, WorkerError


def choose_device(device: str) -> torch.device:
    """The device of this process: a GPU of its own by its local rank, or the CPU.

    Raises:
        RecipeError: a GPU was asked for and there is none.
        WorkerError: this machine has fewer GPUs than processes.
    """
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise RecipeError("device=cuda: PyTorch sees no GPU here; use device=cpu or device=auto")
    if device == "cpu" or not available:
        return torch.device("cpu")
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    check_gpus(local_rank + 1)
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)


def check_gpus(processes: int) -> None:
    """Let so many processes of this machine pass if each can have a GPU.

    Raises:
        WorkerError: there are fewer.
    """
    gpus = torch.cuda.device_count()
    if processes > gpus:
        raise WorkerError(
            f"rank {processes - 1} of this machine needs its own GPU: expected at least {processes}, found {gpus}; "
            f"use processes={gpus} (torchrun --nproc-per-node={gpus}; accumulate= keeps the memory of a batch small) "
            "or device=cpu"
        )


def share_cores(threads: int | None) -> None:
    """Set the CPU threads of this process; None shares the cores out among the processes of this machine."""
    neighbours = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if threads is not None:
        torch.set_num_threads(threads)
    elif neighbours > 1 and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, torch.get_num_threads() // neighbours))
