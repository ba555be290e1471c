"""Small images in the middle of a black canvas, for models that want a certain size."""

from dataclasses import replace

import torch.nn.functional as F
from torch import Tensor

from spatialvision.data.dataset import ImageDataset, Split


def pad_dataset(dataset: ImageDataset, smallest_size: int) -> ImageDataset:
    """The dataset with images of at least so many pixels a side, padded with black (0), centred.

    Height and width are padded each for itself, and not at all where they suffice; an odd pixel goes to the
    bottom and to the right. So 28×28 becomes 32×32 with 2 pixels on each side. Size, mean and std of the result
    are those of the padded images, which are what a model meets.

    Args:
        smallest_size: height and width in pixels that no image may stay below.
    """
    height, width = dataset.size_hw
    size_hw = max(height, smallest_size), max(width, smallest_size)
    if size_hw == dataset.size_hw:
        return dataset
    return replace(dataset, train=_pad(dataset.train, size_hw), test=_pad(dataset.test, size_hw))


def pad_images(images: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """Images (…, H, W) in the middle of black ones of a height and width that are at least as large."""
    down, across = size_hw[0] - images.shape[-2], size_hw[1] - images.shape[-1]
    return F.pad(images, (across // 2, across - across // 2, down // 2, down - down // 2))


def _pad(split: Split, size_hw: tuple[int, int]) -> Split:
    return replace(split, images=pad_images(split.images, size_hw))
