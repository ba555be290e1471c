"""Turn each image of a batch by its own multiple of 90°, pixel for pixel.

The four turns that Gidaris et al., "Unsupervised Representation Learning by Predicting Image Rotations", 2018,
https://arxiv.org/abs/1803.07728 (section 3.1), tell apart.
"""

from torch import Tensor


def turn_quarters(images: Tensor, quarters: Tensor) -> Tensor:
    """Turn the content of each image counter-clockwise by ``quarters`` times 90°.

    Convention: as seen on the screen, row 0 at the top, about the image's centre, as a positive angle turns it
    elsewhere. 0 quarters return the image. Pixels change places only, so the values are the image's own.

    Args:
        images: (B, C, S, S), square, any type.
        quarters: (B,), int64, 0 to 3.

    Returns:
        (B, C, S, S).

    Raises:
        ValueError: images that are not square, or not one number an image.
    """
    if images.ndim != 4 or images.shape[2] != images.shape[3]:
        raise ValueError(f"images: expected shape (B, C, S, S), square, got {tuple(images.shape)}")
    if quarters.shape != images.shape[:1]:
        raise ValueError(f"quarters: expected shape ({len(images)},), got {tuple(quarters.shape)}")
    quarters = quarters.view(-1, 1, 1, 1)
    turned = images.rot90(1, (2, 3)).where(quarters % 2 == 1, images)
    return turned.rot90(2, (2, 3)).where(quarters >= 2, turned)
