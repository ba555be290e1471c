"""Pixels as a model sees them, and back: (value − mean) / std for each channel."""

from collections.abc import Sequence

import torch
from torch import Tensor


class Normalisation:
    """Normalises images on a device.

    Args:
        mean: per channel, subtracted from images in [0, 1].
        std: per channel, divided by afterwards; positive.
        channels: of the images.
        device: where the images are.
        memory_format: of the normalised images, ``torch.contiguous_format`` or ``torch.channels_last``.

    Attributes:
        scale, scale_of_bytes, offset: float32 (C, 1, 1); an image in [0, 1] times the first, or one of bytes times the
            second, plus the third is what a model sees.

    Raises:
        ValueError: mean or std do not have one entry per channel, or a std is not positive.
    """

    def __init__(
        self,
        mean: Sequence[float],
        std: Sequence[float],
        channels: int,
        device: torch.device | str,
        memory_format: torch.memory_format = torch.contiguous_format,
    ):
        if len(mean) != channels or len(std) != channels or not all(value > 0 for value in std):
            raise ValueError(
                f"expected {channels} means and {channels} positive stds, one per channel, "
                f"got mean {tuple(mean)} and std {tuple(std)}"
            )
        self._memory_format = memory_format
        std_tensor = torch.tensor(std, dtype=torch.float64).view(-1, 1, 1)
        offset = -torch.tensor(mean, dtype=torch.float64).view(-1, 1, 1) / std_tensor
        self.scale = (1 / std_tensor).float().to(device)
        self.scale_of_bytes = (1 / (255 * std_tensor)).float().to(device)
        self.offset = offset.float().to(device)

    def of_bytes(self, images: Tensor) -> Tensor:
        """uint8 images (B, C, H, W), 0 to 255, as a model sees them, in the memory format that they come in."""
        # In place on memory of our own: measured three times faster than one broadcast addcmul.
        if images.shape[1] == 1 or not images.is_contiguous(memory_format=torch.channels_last):
            return images.to(torch.float32).mul_(self.scale_of_bytes).add_(self.offset)
        # Whole rows of an image at once, 30 % faster than three channels at a time.
        batch, channels, height, width = images.shape
        rows = images.permute(0, 2, 3, 1).reshape(-1, width * channels).to(torch.float32)
        rows.mul_(self.scale_of_bytes.flatten().repeat(width)).add_(self.offset.flatten().repeat(width))
        return rows.view(batch, height, width, channels).permute(0, 3, 1, 2)

    def __call__(self, images: Tensor) -> Tensor:
        """Float images (B, C, H, W) in [0, 1], of any size, as a model sees them."""
        # Written into a layout asked for by name, so that one-channel images have channels-last strides as well.
        out = torch.empty(images.shape, device=images.device, memory_format=self._memory_format)
        return torch.mul(images, self.scale, out=out).add_(self.offset)

    def inverse(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) as a model sees them back to float32 in [0, 1], for pictures."""
        return ((images - self.offset) / self.scale).clamp(0, 1)
