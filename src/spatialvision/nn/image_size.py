"""Modules that are built for images of one size refuse others."""

from torch import Tensor


def check_size(images: Tensor, size_hw: tuple[int, ...]) -> None:
    """Let images (B, C, H, W) of this height and width, in pixels, pass.

    Raises:
        ValueError: the images have another size.
    """
    if images.shape[2:] != size_hw:
        raise ValueError(f"images: expected height and width {size_hw}, got {tuple(images.shape[2:])}")
