"""Evaluator `equivariance`: whether a spatial transformer follows an image that is turned, magnified or moved.

Lenc, Vedaldi, "Understanding Image Representations by Measuring Their Equivariance and Equivalence", 2015,
https://arxiv.org/abs/1411.5908, for the notion.
"""

import time
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from spatialvision.evaluate.frames import (
    angle_error_deg,
    in_pixels,
    moved,
    nearest_frame,
    scale_error,
    shift_error,
)
from spatialvision.evaluate.sampler import look
from spatialvision.evaluate.subject import Subject
from spatialvision.evaluate.warped import warp
from spatialvision.evaluate.warps import Warps, all_warps
from spatialvision.models.protocols import HasTheta
from spatialvision.registry import register_evaluator
from spatialvision.runs.storage import write_json

CURVES = ("rotation", "scale", "shift_x_pixels", "shift_y_pixels")
MEASURES = ("angle_deg", "factor", "pixels", "straightened", "inputs")


@register_evaluator
def equivariance(subject: Subject) -> Path | None:
    """Whether the spatial transformer's frame follows the content, and what comes out stays the same.

    Writes ``equivariance.json``; None for a model without a transformer. For rotation, scale and shift the
    content is shrunk by ``fit`` so that nothing leaves the image, as ``robustness`` does. At each value the
    median and the quartiles over the images of:

    - ``angle_deg``, ``factor``, ``pixels``: how far the frame that the transformer looks through is from where
      its frame at the neutral value should have gone with the content, in degrees, as a factor of at least 1,
      and between the frames' centres. 0, 1 and 0 for a transformer that follows exactly. A frame that stays as
      it is errs by all that the content was moved.
    - ``straightened``: the mean absolute difference, of pixels in [0, 1], between what the transformer passes on
      and what it passes on at the neutral value; beside it ``inputs``, the same between what it is given.
    """
    if not isinstance(subject.model, HasTheta):
        return None
    begin = time.perf_counter()
    curves = [warps for warps in all_warps(subject.dataset) if warps.name in CURVES]
    result = {
        "images": len(subject.split),
        "curves": {warps.name: describe(warps, follow(subject, warps)) for warps in curves},
    }
    path = subject.folder / "equivariance.json"
    write_json(path, {**result, "seconds": round(time.perf_counter() - begin, 1)})
    return path


class View(NamedTuple):
    """What the model is given, the frame (B, 2, 3) that it looks through, in pixels, and what it passes on."""

    given: Tensor
    frame: Tensor
    passed_on: Tensor


@torch.inference_mode()
def follow(subject: Subject, warps: Warps) -> Tensor:
    """The measures (values, 5, N) of a curve's values, in the order of ``MEASURES``, on the CPU."""
    neutral = warps.matrices[warps.values.index(warps.neutral)]
    # From where something lies in the image at the neutral value to where it lies in the warped one.
    contents = in_pixels(torch.linalg.inv(warps.matrices) @ neutral, subject.dataset.size_hw)
    batches = torch.arange(len(subject.split)).split(subject.batch_size)
    parts = []
    with subject.track(f"equivariance: {warps.name}", len(batches) * len(contents)) as advance:
        for positions in batches:
            images = subject.loader.images_from(positions)
            before, rows = view(subject, images, neutral), []
            for matrix, content in zip(warps.matrices, contents, strict=True):
                rows.append(
                    measure(subject, before, view(subject, images, matrix), content.to(images.device))
                )
                advance()
            parts.append(torch.stack(rows).cpu())
    return torch.cat(parts, dim=2)


def view(subject: Subject, images: Tensor, matrix: Tensor) -> View:
    """The model's view of images (B, C, H, W) in [0, 1] under a warp (3, 3)."""
    model = subject.model
    assert isinstance(model, HasTheta)
    given = subject.loader.normalise(warp(images, matrix.to(images.device, torch.float32)))
    points, passed_on = look(model, given)
    return View(given, nearest_frame(points.double()), passed_on)


def measure(subject: Subject, before: View, after: View, content: Tensor) -> Tensor:
    """``MEASURES`` (5, B) where the content has moved by a map (3, 3) in pixels from one view to the next."""
    expected = moved(before.frame, content)
    return torch.stack(
        [
            angle_error_deg(after.frame, expected),
            scale_error(after.frame, expected),
            shift_error(after.frame, expected),
            difference(subject, after.passed_on, before.passed_on),
            difference(subject, after.given, before.given),
        ]
    )


def difference(subject: Subject, first: Tensor, second: Tensor) -> Tensor:
    """Mean absolute difference (B,) between images as the model sees them, in units of [0, 1]."""
    apart = subject.loader.unnormalise(first) - subject.loader.unnormalise(second)
    return apart.abs().mean(dim=(1, 2, 3)).double()


def describe(warps: Warps, measures: Tensor) -> dict[str, Any]:
    """A curve's values, each with the median and the quartiles of every measure (values, 5, N)."""
    quartiles = torch.quantile(measures, measures.new_tensor([0.25, 0.5, 0.75]), dim=2).permute(1, 2, 0)
    points = [
        {
            "value": value,
            **{
                name: dict(zip(("lower", "median", "upper"), three, strict=True))
                for name, three in zip(MEASURES, row, strict=True)
            },
        }
        for value, row in zip(warps.values, quartiles.tolist(), strict=True)
    ]
    return {"parameter": warps.parameter, "neutral": warps.neutral, "fit": warps.fit, "points": points}
