"""Handwritten digits that come with scikit-learn: real data without a download.

1,797 images of 8×8 pixels in 17 grey levels: the test set of Alpaydin and Kaynak, "Optical Recognition of
Handwritten Digits", UCI Machine Learning Repository, 1998, https://doi.org/10.24432/C50P49.
"""

import torch
import torch.nn.functional as F

from spatialvision.data.dataset import ImageDataset, Split
from spatialvision.registry import register_dataset

_GREY_LEVELS = 16
_TEST_EVERY = 5


@register_dataset
def digits(size: int = 28) -> ImageDataset:
    """Scikit-learn's digits, one channel; every fifth image of each class is the test split: 364 of 1,797.

    Args:
        size: height and width in pixels that the 8×8 originals are enlarged to, bilinearly.

    Raises:
        ValueError: size is below 8.
    """
    if size < 8:
        raise ValueError(f"digits: expected a size of at least 8 pixels, as the originals have, got {size}")
    from sklearn.datasets import load_digits  # slow to import: only when needed

    bundle = load_digits()
    images = torch.from_numpy(bundle.images).float()[:, None] * (255 / _GREY_LEVELS)
    enlarged = F.interpolate(images, size=(size, size), mode="bilinear", align_corners=False)
    everything = Split(enlarged.round().to(torch.uint8), torch.from_numpy(bundle.target).long())
    # By class, because the file runs through the digits in turn: every fifth would be a 0 or a 5 too often.
    earlier_of_class = F.one_hot(everything.labels).cumsum(0).gather(1, everything.labels[:, None])[:, 0] - 1
    is_test = earlier_of_class % _TEST_EVERY == 0
    train, test = everything.select((~is_test).nonzero()[:, 0]), everything.select(is_test.nonzero()[:, 0])
    return ImageDataset("digits", train, test, tuple("0123456789"))
