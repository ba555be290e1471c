"""Small images in the middle of a black canvas, for models that want a certain size."""

from dataclasses import replace

import torch.nn.functional as F

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
    down, across = max(0, smallest_size - height), max(0, smallest_size - width)
    if not down and not across:
        return dataset
    sides = (across // 2, across - across // 2, down // 2, down - down // 2)
    return replace(dataset, train=_pad(dataset.train, sides), test=_pad(dataset.test, sides))


def _pad(split: Split, sides: tuple[int, int, int, int]) -> Split:
    """Pixels to the left, right, top and bottom."""
    return replace(split, images=F.pad(split.images, sides))
