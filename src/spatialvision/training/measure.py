"""Loss and accuracy on the evaluation splits while training."""

import torch
import torch.nn.functional as F
from torch import nn

from spatialvision.data.loader import InMemoryLoader
from spatialvision.evaluate.predict import predict
from spatialvision.runs.directory import row_name
from spatialvision.training.process import Process
from spatialvision.training.signals import StopSignal


def measure(
    model: nn.Module,
    loaders: dict[str, InMemoryLoader],
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
    for name, loader in loaders.items():
        positions = torch.arange(process.rank, len(loader), process.world_size)
        result = predict(model, loader, positions, batch_size, precision, lambda: bool(stop.received))
        if process.largest(int(result is None)) or result is None:
            return None
        logits, labels = result
        loss = F.cross_entropy(logits.double(), labels, reduction="sum")
        correct = (logits.argmax(1) == labels).sum()
        sums = torch.stack([loss, correct.double(), torch.tensor(len(labels)).double()]).to(process.device)
        total_loss, total_correct, images = process.sum(sums).tolist()
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
