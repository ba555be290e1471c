"""Loss and accuracy on the evaluation splits while training."""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spatialvision.data.loader import Loader
from spatialvision.distributed.process import Process
from spatialvision.evaluate.predict import predict
from spatialvision.runs.directory import row_name
from spatialvision.signals import StopSignal


def measure(
    model: nn.Module,
    loaders: dict[str, Loader],
    batch_size: int,
    precision: str,
    process: Process,
    stop: StopSignal,
) -> list[dict] | None:
    """A row for each split; every image counts once, however many processes share the work.

    Returns:
        Rows with ``split``, ``loss`` (mean cross-entropy), ``accuracy``, ``correct`` and ``images``; None
        when a signal came, to this process or another.
    """
    rows: list[dict] = []
    sums: Tensor | None
    # Each process has the statistics of its own images until the next step.
    process.copy_from_first(model.buffers())
    for name, loader in loaders.items():
        process.course.at(f"measuring on the {name} split")
        positions = torch.arange(len(loader))[process.rank :: process.world_size]
        sums = torch.zeros(3, dtype=torch.float64)
        # A split may be smaller than the number of processes.
        if len(positions) > 0:
            result = predict(model, loader, positions, batch_size, precision, partial(_told, process, stop))
            sums = None if result is None else _sums(*result)
        if process.largest(int(sums is None)) or sums is None:
            return None
        total_loss, total_correct, images = process.sum(sums.to(process.device), "the measured").tolist()
        rows.append(
            {
                "split": row_name(name),
                "loss": total_loss / images,
                "accuracy": total_correct / images,
                "correct": int(total_correct),
                "images": int(images),
            }
        )
    return rows


def _told(process: Process, stop: StopSignal) -> bool:
    process.course.tick()
    return bool(stop.received)


def _sums(logits: Tensor, labels: Tensor) -> Tensor:
    """Loss, right answers and images as float64, which adds up integers exactly."""
    loss = F.cross_entropy(logits.double(), labels, reduction="sum")
    correct = (logits.argmax(1) == labels).sum()
    return torch.stack([loss, correct.double(), torch.tensor(len(labels)).double()])
