"""How fast does the disk deliver, do the workers decode, does the device train? And which of them is the limit?"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import torch
from torch import Tensor

from spatialvision.config.experiment import Experiment
from spatialvision.data.folder import FolderDataset, FolderSplit
from spatialvision.data.loader import Batch, Loader
from spatialvision.distributed.process import Process
from spatialvision.evaluate.latency import repeat
from spatialvision.evaluate.load import ExperimentData, without_pretrained
from spatialvision.evaluate.loaders import training_loader
from spatialvision.training.optimizer import build_optimizer
from spatialvision.training.prepare import prepare_model, prepare_step

MOST_THREADS, AT_A_TIME = 64, 64
ON_CPU = 4
"""Images a step where no GPU computes: it is no faster with more."""


@dataclass(frozen=True)
class Rates:
    """Images a second; those of loading and computing are of one process.

    Attributes:
        disk: files read by all processes' workers, none of them in the machine's memory before.
        disk_bytes: bytes a second of these.
        loading: read, decoded and cropped by a process's workers.
        computing: forward, backward and optimizer step of a process.
    """

    disk: float
    disk_bytes: float
    loading: float
    computing: float


def measure_rates(
    experiment: Experiment, data: ExperimentData, device: torch.device, seconds: float
) -> Rates:
    """Measure each for about so many seconds."""
    assert isinstance(data.training, FolderSplit)  # checked before
    assert isinstance(data.dataset, FolderDataset)
    order = torch.randperm(len(data.training), generator=torch.Generator().manual_seed(0))
    threads = min(MOST_THREADS, experiment.processes * max(1, data.dataset.reading.workers))
    disk, disk_bytes = disk_rate(data.training, order, threads, seconds)
    share = -(-experiment.batch_size // max(experiment.processes, experiment.accumulate))
    part = share if device.type == "cuda" else min(ON_CPU, share)
    loader = training_loader(experiment, data, device)
    loading = loading_rate(loader, order.flip(0), part, seconds)
    batch = loader.batch(order[:part], epoch=0)
    step = partial(make_step(experiment, data, device), batch)
    taken = sorted(repeat(step, device, seconds))
    return Rates(disk, disk_bytes, loading, len(batch.labels) / taken[len(taken) // 2])


def disk_rate(split: FolderSplit, order: Tensor, threads: int, seconds: float) -> tuple[float, float]:
    """Files and bytes a second of files read in this order (int64 (N,)), by so many threads at a time."""
    start, files, size = perf_counter(), 0, 0
    with ThreadPoolExecutor(threads) as pool:
        for part in order.split(AT_A_TIME):
            paths = [split.path(position) for position in part.tolist()]
            size += sum(pool.map(read_from_disk, paths))
            files += len(paths)
            if perf_counter() - start > seconds:
                break
    taken = perf_counter() - start
    return files / taken, size / taken


def read_from_disk(path: Path) -> int:
    """Read a file, from the disk also where the system has it in memory, if it can be told so; its size."""
    with path.open("rb") as file:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return len(file.read())


def loading_rate(loader: Loader, order: Tensor, batch_size: int, seconds: float) -> float:
    """Images a second of batches in this order (int64 (N,)), again and again, after one to warm up."""
    parts = order.split(batch_size)
    loader.plan((parts[number % len(parts)], number // len(parts)) for number in range(1 << 30))
    try:
        images, number, start = 0, 0, perf_counter()
        while number < 2 or perf_counter() - start < seconds:
            batch = loader.batch(parts[number % len(parts)], number // len(parts))
            if number == 0:
                start = perf_counter()
            else:
                images += len(batch.labels)
            number += 1
        return images / (perf_counter() - start)
    finally:
        loader.plan(())


def make_step(experiment: Experiment, data: ExperimentData, device: torch.device) -> Callable[[Batch], None]:
    """A training step of the recipe's model on one batch, for one process."""
    model = prepare_model(without_pretrained(experiment), data.dataset, device)
    step = prepare_step(experiment, model, Process(0, 1, device))
    optimizer = build_optimizer(experiment.optimizer, model)

    def run(batch: Batch) -> None:
        optimizer.zero_grad(set_to_none=True)
        step(batch)["loss"].mean().backward()
        optimizer.step()

    return run
