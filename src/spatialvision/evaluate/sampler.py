"""Evaluator `sampler`: what a spatial transformer makes of some images, and where on them it looks."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spatialvision.evaluate.subject import Subject
from spatialvision.models.protocols import HasTheta
from spatialvision.nn.grid import sample
from spatialvision.registry import register_evaluator
from spatialvision.runs.storage import write_bytes

PICTURES = 32


@register_evaluator
def sampler(subject: Subject) -> Path | None:
    """Writes ``sampler.npz`` for the split's first 32 images; None for a model without a transformer.

    Arrays: ``inputs`` and ``warped`` (n, C, H, W) in [0, 1], un-normalised with the dataset's own statistics;
    ``points`` (n, H, W, 2), (x, y) in [−1, 1], where each output pixel looks; ``theta``; ``label``.
    """
    if not isinstance(subject.model, HasTheta):
        return None
    positions = torch.arange(min(PICTURES, len(subject.split)))
    batch = subject.loader.batch(positions, epoch=0)
    theta, points, warped = look(subject.model, batch.images)
    arrays: dict[str, Any] = {
        "inputs": subject.loader.images_from(positions),
        "warped": unnormalise(warped, subject.dataset.mean, subject.dataset.std),
        "points": points,
        "theta": theta,
        "label": batch.labels,
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: value.cpu().numpy() for name, value in arrays.items()})
    path = subject.folder / "sampler.npz"
    write_bytes(path, buffer.getvalue())
    return path


@torch.inference_mode()
def look(model: HasTheta, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Transform parameters, sampling points and warped images of normalised images, in evaluation mode."""
    assert isinstance(model, torch.nn.Module)
    training = model.training
    model.eval()
    try:
        points = model.points(images)
        return model.theta(images), points, sample(images, points)
    finally:
        model.train(training)


def unnormalise(images: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """Normalised images (B, C, H, W) back to [0, 1] with the dataset's own statistics."""
    shape = (1, -1, 1, 1)
    scaled = images * torch.tensor(std, device=images.device).view(shape)
    return (scaled + torch.tensor(mean, device=images.device).view(shape)).clamp(0, 1)
