"""Smaller images for a part of a model: averages over squares of pixels."""

from torch import nn


def downsampled_size(size_hw: tuple[int, int], factor: int, option: str = "downsample") -> tuple[int, int]:
    """Height and width of the averaged images, in pixels; rows and columns that fill no square are left out.

    Args:
        size_hw: height and width of the images in pixels.
        factor: side of a square in pixels.
        option: what the factor is called where the user set it.

    Raises:
        ValueError: the factor is below 1, or nothing is left.
    """
    if factor < 1:
        raise ValueError(f"{option}: expected at least 1, got {factor}")
    height, width = size_hw[0] // factor, size_hw[1] // factor
    if min(height, width) < 1:
        raise ValueError(
            f"{option}: expected at most {min(size_hw)} for images of {tuple(size_hw)}, got {factor}"
        )
    return height, width


def downsampling(factor: int) -> nn.Module:
    """Images (B, C, H, W) averaged over squares of ``factor`` pixels; as they are where it is 1."""
    return nn.AvgPool2d(factor) if factor > 1 else nn.Identity()
