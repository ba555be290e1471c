"""Evaluator `sampler`: what a spatial transformer makes of images, and whether it follows how they were turned."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spatialvision.evaluate.subject import Subject
from spatialvision.models.protocols import HasTheta
from spatialvision.registry import register_evaluator
from spatialvision.runs.storage import write_bytes

PICTURES = 32


@register_evaluator
def sampler(subject: Subject) -> Path | None:
    """Writes ``sampler.npz``; None for a model without a transformer.

    Of the split's first 32 images: ``inputs`` and ``warped`` (n, C, H, W) in [0, 1], un-normalised with what
    they were normalised with; ``points`` (n, H, W, 2), (x, y) in [−1, 1], where each output pixel looks; ``label``.
    Of all N images: ``theta``; and for 2×3 matrices ``angle_deg`` (N,), by which the frame that the output
    shows is turned on the input, counter-clockwise on screen. For images that a distortion turned, or could
    have, ``true_angle_deg`` (N,), by which the content was turned: a transformer that straightens perfectly has
    equal angles.
    """
    if not isinstance(subject.model, HasTheta):
        return None
    positions = torch.arange(min(PICTURES, len(subject.split)))
    batch = subject.loader.batch(positions, epoch=0)
    points, warped = look(subject.model, batch.images)
    arrays: dict[str, Any] = {
        "inputs": subject.loader.images_from(positions),
        "warped": subject.loader.unnormalise(warped),
        "points": points,
        "label": batch.labels,
        **_angles(subject, all_theta(subject)),
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: value.cpu().numpy() for name, value in arrays.items()})
    path = subject.folder / "sampler.npz"
    write_bytes(path, buffer.getvalue())
    return path


@torch.inference_mode()
def look(model: HasTheta, images: Tensor) -> tuple[Tensor, Tensor]:
    """Sampling points and warped images of normalised images, in evaluation mode."""
    assert isinstance(model, torch.nn.Module)
    training = model.training
    model.eval()
    try:
        points = model.points(images)
        return points, model.warp(images, points)
    finally:
        model.train(training)


@torch.inference_mode()
def all_theta(subject: Subject) -> Tensor:
    """The transforms (N, …) that the model chooses for all images of the split."""
    model = subject.model
    assert isinstance(model, HasTheta)
    model.eval()
    chunks = torch.arange(len(subject.split)).split(subject.batch_size)
    return torch.cat([model.theta(subject.loader.batch(chunk, epoch=0).images) for chunk in chunks])


def frame_angle_deg(theta: Tensor) -> Tensor:
    """By how many degrees matrices (N, 2, 3) turn the frame they look through, counter-clockwise on screen.

    Convention: output to input, y down, see ``nn/grid.py``. It is the angle of the rotation nearest to the
    matrix; the identity gives 0.
    """
    return torch.atan2(theta[:, 0, 1] - theta[:, 1, 0], theta[:, 0, 0] + theta[:, 1, 1]).rad2deg()


def _angles(subject: Subject, theta: Tensor) -> dict[str, Tensor]:
    if theta.shape[1:] != (2, 3):
        return {"theta": theta}
    angles = {"theta": theta, "angle_deg": frame_angle_deg(theta)}
    if subject.distortion_angle_deg is not None:
        angles["true_angle_deg"] = subject.distortion_angle_deg
    return angles
