"""Images moved about on purpose: the same digit turned, resized and somewhere else on a larger canvas.

Training images get a new draw in every epoch; validation and test images one that is fixed by (seed, index),
so that all runs, whatever their own seed, are judged on the very same pictures.
"""

import math
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from spatialvision.data.dataset import ImageDataset, Split
from spatialvision.data.randomness import derive_seed, sample_keys, uniform
from spatialvision.nn.grid import affine_points, sample, similarity_matrix
from spatialvision.registry import register_distortion

AT_A_TIME = 1000


class Distortion(Protocol):
    """A random change of each image, a function of the image's key alone."""

    @property
    def seed(self) -> int:
        """Fixes the validation and test images."""

    def theta(self, keys: Tensor) -> Tensor:
        """What was drawn: (B, 2, 3), from points of the distorted image to points of the undistorted canvas."""

    def __call__(self, images: Tensor, keys: Tensor) -> Tensor:
        """Distorted float images (B, C, H', W') in [0, 1] of float images (B, C, H, W) in [0, 1]."""


@dataclass(frozen=True)
class Similarity:
    """See `similarity`."""

    canvas: int
    fit: float
    rotation_deg: float
    scale: tuple[float, float]
    shift: float
    seed: int

    def __post_init__(self) -> None:
        if self.canvas < 1 or not self.fit > 0:
            raise ValueError(f"canvas and fit: expected positive, got {self.canvas} and {self.fit}")
        if not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError(f"scale: expected 0 < lowest ≤ highest, got {self.scale}")
        if not 0 <= self.rotation_deg <= 180 or not 0 <= self.shift <= 1:
            raise ValueError(
                f"expected rotation_deg of 0 to 180 and shift of 0 to 1, got {self.rotation_deg} and {self.shift}"
            )

    def theta(self, keys: Tensor) -> Tensor:
        """(B, 2, 3), from points of the distorted image to points of the undistorted canvas."""
        numbers = uniform(keys, 4, "distortion")
        angle = (2 * numbers[:, 0] - 1) * math.radians(self.rotation_deg)
        scale = self.scale[0] + (self.scale[1] - self.scale[0]) * numbers[:, 1]
        shift_xy = (2 * numbers[:, 2:] - 1) * 2 * self.shift
        return similarity_matrix(angle, scale, shift_xy, (self.canvas, self.canvas))

    def __call__(self, images: Tensor, keys: Tensor) -> Tensor:
        """Images (B, C, canvas, canvas) in [0, 1], black outside."""
        height, width = images.shape[2:]
        longer = max(height, width)
        points = affine_points(self.theta(keys), (self.canvas, self.canvas))
        onto_image = points.new_tensor([longer / width, longer / height]) / self.fit
        return sample(images, points * onto_image).clamp(0, 1)


@register_distortion
def similarity(
    canvas: int = 32,
    fit: float = 1.0,
    rotation_deg: float = 0.0,
    scale: tuple[float, float] = (1.0, 1.0),
    shift: float = 0.0,
    seed: int = 0,
) -> Distortion:
    """Each image turned, magnified and shifted on a square canvas.

    Convention: content is magnified and turned about the canvas's centre, then shifted, see
    ``nn.grid.similarity_matrix``; with the defaults the image fills the canvas. Black (0) outside.

    Args:
        canvas: side of the result in pixels.
        fit: share of the canvas that the image's longer side takes before it is magnified.
        rotation_deg: angle, uniform in ± this, 0 to 180 degrees.
        scale: lowest and highest magnification, uniform between them.
        shift: share of the canvas, uniform in ± this for x and for y, 0 to 1.
        seed: fixes the validation and test images; not the experiment's seed.

    Raises:
        ValueError: a setting is out of range.
    """
    return Similarity(canvas, fit, rotation_deg, scale, shift, seed)


def fixed_keys(distortion: Distortion, split: Split) -> Tensor:
    """The keys (N,) that fix a split's distorted images, from their place in the original split."""
    return sample_keys(derive_seed("fixed distortion", distortion.seed), 0, split.indices)


def distort_split(split: Split, distortion: Distortion) -> Split:
    """The split's images, each with its fixed distortion."""
    keys = fixed_keys(distortion, split)
    parts = [
        distortion(split.images[chunk].float() / 255, keys[chunk]).mul_(255).round_().to(torch.uint8)
        for chunk in torch.arange(len(split), device=keys.device).split(AT_A_TIME)
    ]
    return replace(split, images=torch.cat(parts))


def distort_dataset(dataset: ImageDataset, distortion: Distortion) -> ImageDataset:
    """The dataset as a model meets it: size and statistics are those of the distorted images."""
    train, test = distort_split(dataset.train, distortion), distort_split(dataset.test, distortion)
    return ImageDataset(dataset.name, train, test, dataset.class_names)
