"""Images somewhere on a canvas among pieces of other images: the set TU of Jaderberg et al.

"Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025 (section 4.1 and appendix A).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from spatialvision.data.distortion import Distortion
from spatialvision.data.distortions.draw import whole_numbers
from spatialvision.data.distortions.paste import paste
from spatialvision.data.distortions.translated import Translated
from spatialvision.registry import register_distortion


@dataclass(frozen=True, eq=False)
class Cluttered:
    """See `translated_cluttered`."""

    translated: Translated
    training_images: Tensor
    crops: int
    crop_size: int

    def __post_init__(self) -> None:
        largest = min(*self.training_images.shape[2:], self.translated.canvas)
        if not 1 <= self.crop_size <= largest:
            raise ValueError(f"crop_size: expected 1 to {largest} pixels, got {self.crop_size}")
        if self.crops < 0:
            raise ValueError(f"crops: expected 0 or more, got {self.crops}")

    @property
    def seed(self) -> int:
        """Fixes the validation and test images."""
        return self.translated.seed

    def angle_rad(self, keys: Tensor) -> Tensor:
        """(B,) zeros: nothing is turned."""
        return self.translated.angle_rad(keys)

    def clutter(self, keys: Tensor) -> Tensor:
        """The crops alone: (B, C, canvas, canvas) in [0, 1], on the device of the training images."""
        keys = keys.to(self.training_images.device)
        room = self.translated.canvas - self.crop_size + 1
        rows, columns = (whole_numbers(keys, self.crops, room, f"clutter/to {axis}") for axis in AXES)
        canvas_hw = (self.translated.canvas, self.translated.canvas)
        return paste(self._cut(keys), torch.stack([rows, columns], dim=2), canvas_hw)

    def __call__(self, images: Tensor, keys: Tensor) -> Tensor:
        """Images (B, C, canvas, canvas) in [0, 1] of images (B, C, H, W) in [0, 1]."""
        return torch.maximum(self.translated(images, keys), self.clutter(keys).to(images.device))

    def _cut(self, keys: Tensor) -> Tensor:
        """Crops (B, crops, C, size, size) in [0, 1] of training images, image and place at random."""
        count, _, *size_hw = self.training_images.shape
        image = whole_numbers(keys, self.crops, count, "clutter/image")[..., None, None]
        within = torch.arange(self.crop_size, device=keys.device)
        row, column = (
            whole_numbers(keys, self.crops, size - self.crop_size + 1, f"clutter/from {axis}")[..., None]
            + within
            for size, axis in zip(size_hw, AXES, strict=True)
        )
        cut = self.training_images[image, :, row[..., :, None], column[..., None, :]]
        return cut.movedim(4, 2) / 255


AXES = ("row", "column")


@register_distortion
def translated_cluttered(
    training_images: Tensor, canvas: int = 60, crops: int = 16, crop_size: int = 6, seed: int = 0
) -> Distortion:
    """Each image at a random place of a square canvas, among small crops of the dataset's training images.

    Convention: the image lies as under ``translated``. Crops are square, cut and put at whole-pixel places,
    uniform over all where they fit; where things overlap, the brighter value of each channel is shown, so
    nothing of the image is covered by black. Which crops an image gets depends on its own key alone: among
    them may, rarely, be one of the image itself.

    Args:
        training_images: uint8 (N, C, H, W), all training images, those held out for validation included, so
            that the test images do not depend on how many these are.
        canvas: side of the result in pixels; the images must fit.
        crops: how many an image gets.
        crop_size: their side in pixels.
        seed: fixes the validation and test images; not the experiment's seed.

    Raises:
        ValueError: a setting is out of range; once images come, they do not fit the canvas.
    """
    return Cluttered(Translated(canvas, seed), training_images, crops, crop_size)
