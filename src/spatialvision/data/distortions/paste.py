"""Patches put onto a black canvas at whole-pixel places, pixel for pixel."""

import torch
from torch import Tensor


def paste(patches: Tensor, corners: Tensor, canvas_hw: tuple[int, int]) -> Tensor:
    """A canvas for each image with its patches on it; where they overlap, the brighter value of each channel.

    Args:
        patches: (B, N, C, h, w), values from 0.
        corners: int64 (B, N, 2), row and column of each patch's top left pixel; all patches lie on the canvas.
        canvas_hw: height and width of the canvas in pixels.

    Returns:
        (B, C, H, W), 0 where no patch is; an image's canvas depends on its own patches alone.
    """
    batch, _, channels, height, width = patches.shape
    rows = corners[..., 0, None] + torch.arange(height, device=corners.device)  # (B, N, h)
    columns = corners[..., 1, None] + torch.arange(width, device=corners.device)
    places = rows[..., :, None] * canvas_hw[1] + columns[..., None, :]  # (B, N, h, w)
    canvas = patches.new_zeros(batch, channels, canvas_hw[0] * canvas_hw[1])
    everywhere = places.reshape(batch, 1, -1).expand(-1, channels, -1)
    # The largest value does not depend on the order of the patches, on any device.
    pasted = canvas.scatter_reduce(2, everywhere, patches.transpose(1, 2).flatten(2), "amax")
    return pasted.view(batch, channels, *canvas_hw)
