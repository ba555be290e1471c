"""Images somewhere on a larger canvas: the set T of Jaderberg et al.

"Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025 (section 4.1 and appendix A).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from spatialvision.data.distortion import Distortion
from spatialvision.data.distortions.draw import whole_numbers
from spatialvision.data.distortions.paste import paste
from spatialvision.registry import register_distortion


@dataclass(frozen=True)
class Translated:
    """See `translated`."""

    canvas: int
    seed: int

    def __post_init__(self) -> None:
        if self.canvas < 1:
            raise ValueError(f"canvas: expected a positive number of pixels, got {self.canvas}")

    def corners(self, keys: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """int64 (B, 2), row and column of each image's top left pixel on the canvas.

        Raises:
            ValueError: images of this size do not fit.
        """
        if max(size_hw) > self.canvas:
            raise ValueError(
                f"canvas: expected at least {max(size_hw)} pixels for images of {size_hw[0]}×{size_hw[1]}, "
                f"got {self.canvas}"
            )
        rows, columns = (
            whole_numbers(keys, 1, self.canvas - size + 1, f"translated/{axis}")
            for size, axis in zip(size_hw, ("row", "column"), strict=True)
        )
        return torch.cat([rows, columns], dim=1)

    def angle_rad(self, keys: Tensor) -> Tensor:
        """(B,) zeros: nothing is turned."""
        return torch.zeros(len(keys), device=keys.device)

    def __call__(self, images: Tensor, keys: Tensor) -> Tensor:
        """Images (B, C, canvas, canvas) in [0, 1] of images (B, C, H, W) in [0, 1]."""
        corners = self.corners(keys, (images.shape[2], images.shape[3]))
        return paste(images[:, None], corners[:, None], (self.canvas, self.canvas))


@register_distortion
def translated(canvas: int = 60, seed: int = 0) -> Distortion:
    """Each image at a random place of a square canvas.

    Convention: places are whole pixels, uniform over all where the image fits, so its own values arrive, to
    the bit. Black (0) outside.

    Args:
        canvas: side of the result in pixels; the images must fit.
        seed: fixes the validation and test images; not the experiment's seed.

    Raises:
        ValueError: the canvas is not positive; once images come, they do not fit it.
    """
    return Translated(canvas, seed)
