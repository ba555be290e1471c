"""Faults of one process among several, for benchmarks/detection.py; imported by the training with ``--import``.

The environment variable ``FAULT`` names the fault. When it happens, the file that ``FAULT_HAPPENED`` names is made.
"""

import os
import time
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.utils.data import DataLoader

from spatialvision import register_dataset, register_model, register_objective
from spatialvision.data import ImageDataset, load_dataset
from spatialvision.training.objectives import Objective, cross_entropy

FAULT, RANK = os.environ.get("FAULT", ""), os.environ.get("RANK")
LATE_STEP = 20

# What is wrong from the start, and the process that makes it so by coming.
OUTSIDE = {"another recipe": "1", "another version": "1", "another code": "1", "never started": "0"}
BY_HAND = " (started by hand)"


def happens(fault: str) -> bool:
    """Whether this is the process and the fault; notes the time if so."""
    if (fault, "1") != (FAULT.removesuffix(BY_HAND), RANK):
        return False
    Path(os.environ["FAULT_HAPPENED"]).touch()
    return True


@register_model
def slow_to_build(num_classes: int, in_channels: int) -> nn.Module:
    """Hangs while it is built."""
    if happens("hangs while building the model"):
        time.sleep(1000)
    return nn.Sequential(nn.Flatten(), nn.Linear(256 * in_channels, num_classes))


@register_model
def slow_to_answer(num_classes: int, in_channels: int) -> nn.Module:
    """Hangs in its first evaluation."""

    def look(model: nn.Module, images: object) -> None:
        if not model.training and happens("hangs in an evaluation"):
            time.sleep(1000)

    model = nn.Sequential(nn.Flatten(), nn.Linear(256 * in_channels, num_classes))
    model.register_forward_pre_hook(look)
    return model


def never_start() -> None:
    """Hang before the processes meet, as a file system that does not answer would make it."""
    if happens("never starts"):
        time.sleep(1000)


def hang_in_setup() -> None:
    """Hang where the processes meet."""
    meet = dist.init_process_group

    def slow(backend: str, **options: object) -> None:
        if happens("hangs in the set-up"):
            time.sleep(1000)
        meet(backend, **options)

    dist.init_process_group = slow


def pretend_gpus() -> None:
    """A machine with one GPU."""
    if FAULT == "more processes than GPUs":
        Path(os.environ["FAULT_HAPPENED"]).touch()
        torch.cuda.is_available, torch.cuda.device_count = (lambda: True), (lambda: 1)


@register_objective
def faulty_objective() -> Objective:
    """Cross-entropy, with a fault in the middle of training."""
    good, steps = cross_entropy(), 0

    def objective(model: nn.Module, batch: object) -> dict[str, torch.Tensor]:
        nonlocal steps
        steps += model.training
        if steps == LATE_STEP and happens("raises"):
            raise RuntimeError("rank 1 has had enough")
        if steps == LATE_STEP and happens("waits for what nobody sends"):
            dist.recv(torch.zeros(1), src=0)
        return good(model, batch)

    return objective


class Reading(torch.utils.data.Dataset):
    """One item, read by a worker that dies or hangs on rank 1."""

    def __len__(self) -> int:
        return 1

    def __getitem__(self, place: int) -> int:
        if happens("loader worker dies"):
            os._exit(1)
        if happens("loader worker hangs"):
            time.sleep(1000)
        return place


@register_dataset
def faulty_dataset(data_root: Path, offline: bool) -> ImageDataset:
    """The digits, read by a loader's worker, with one pixel of another shade on rank 1."""
    list(DataLoader(Reading(), num_workers=1, multiprocessing_context="fork"))
    digits = load_dataset("digits", {"size": 16}, data_root, offline)
    if happens("another image"):
        digits.train.images[0, 0, 0, 0] += 1
    return digits


class Unused(nn.Module):
    """A classifier with a layer that takes no part."""

    def __init__(self, num_classes: int, in_channels: int):
        super().__init__()
        happens("a parameter without gradient")
        self.head, self.idle = nn.Linear(in_channels, num_classes), nn.Linear(2, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(images.mean((2, 3)))


@register_model
def model_with_an_idle_layer(num_classes: int, in_channels: int) -> nn.Module:
    """For DistributedDataParallel, which waits for every parameter's gradient."""
    return Unused(num_classes, in_channels)


if RANK is not None and OUTSIDE.get(FAULT) == RANK:
    Path(os.environ["FAULT_HAPPENED"]).touch()
never_start()
hang_in_setup()
pretend_gpus()
