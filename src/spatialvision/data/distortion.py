"""Images moved about on purpose: the same digit turned, resized and somewhere else on a larger canvas.

Training images get a new draw in every epoch; validation and test images one that is fixed by (seed, index),
so that all runs, whatever their own seed, are judged on the very same pictures.
"""

from dataclasses import replace
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from spatialvision.data.dataset import ImageDataset, Split
from spatialvision.data.randomness import derive_seed, sample_keys

AT_A_TIME = 1000


class Distortion(Protocol):
    """A random change of each image, a function of the image's key alone."""

    @property
    def seed(self) -> int:
        """Fixes the validation and test images."""

    def __call__(self, images: Tensor, keys: Tensor) -> Tensor:
        """Distorted float images (B, C, H', W') in [0, 1] of float images (B, C, H, W) in [0, 1]."""


@runtime_checkable
class Turning(Protocol):
    """What a distortion can also say whose maps are affine, without shear."""

    def angle_rad(self, keys: Tensor) -> Tensor:
        """(B,), by which the content is turned, counter-clockwise on screen."""


@runtime_checkable
class Enumerated(Protocol):
    """What a distortion can also say that has a finite number of draws, all of which are to be measured."""

    def every(self, split: Split) -> Split:
        """The split's images, not distorted, once for each draw, each under an index of its own."""

    def fixed_keys(self, indices: Tensor) -> Tensor:
        """The keys (N,) that fix the images with these indices."""


def fixed_keys(distortion: Distortion, split: Split) -> Tensor:
    """The keys (N,) that fix a split's distorted images, from their place in the original split."""
    if isinstance(distortion, Enumerated):
        return distortion.fixed_keys(split.indices)
    return sample_keys(derive_seed("fixed distortion", distortion.seed), 0, split.indices)


def distort_split(split: Split, distortion: Distortion) -> Split:
    """The split's images, each with its fixed distortion."""
    keys = fixed_keys(distortion, split)
    parts = [
        distortion(split.images[chunk].float() / 255, keys[chunk]).mul_(255).round_().to(torch.uint8)
        for chunk in torch.arange(len(split), device=keys.device).split(AT_A_TIME)
    ]
    return replace(split, images=torch.cat(parts))


def measured_split(split: Split, distortion: Distortion) -> Split:
    """What a model is measured on: each image with its fixed distortion, or with every one of them."""
    return distort_split(distortion.every(split) if isinstance(distortion, Enumerated) else split, distortion)


def distort_dataset(dataset: ImageDataset, distortion: Distortion) -> ImageDataset:
    """The dataset as a model meets it: size and statistics are those of the distorted images."""
    train, test = distort_split(dataset.train, distortion), measured_split(dataset.test, distortion)
    return ImageDataset(dataset.name, train, test, dataset.class_names)
