"""What each of several runs at a time gets of this machine: threads, and a GPU."""

import os

import torch

from spatialvision.data.preparation.cores import available_cores


def shares(jobs: int) -> list[dict[str, str]]:
    """Environment variables by which so many runs share this machine: its cores and, in turns, its GPUs.

    A number of threads that the user has set in the environment stays, and only GPUs that the user lets be seen are
    shared. What a run gets stands in its ``environment.json``.
    """
    given = "OMP_NUM_THREADS" in os.environ
    threads = {} if given else {"OMP_NUM_THREADS": str(max(1, available_cores() // jobs))}
    gpus = visible_gpus()
    return [
        threads | ({"CUDA_VISIBLE_DEVICES": gpus[place % len(gpus)]} if gpus else {}) for place in range(jobs)
    ]


def visible_gpus() -> list[str]:
    """The names by which CUDA_VISIBLE_DEVICES tells the usable GPUs from each other."""
    count = torch.cuda.device_count()
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    return (chosen.split(",") if chosen else list(map(str, range(count))))[:count]
