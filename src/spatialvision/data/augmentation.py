"""Geometric augmentation: every image its own draw, all of it one affine map, the batch one warp."""

import math
from dataclasses import dataclass

import torch

from spatialvision.data.randomness import uniform
from spatialvision.nn.grid import affine_points, pixel_shift, sample, similarity_matrix


@dataclass(frozen=True)
class Augmentation:
    """Mirrors, magnifies, turns and shifts each image at random, in this order.

    Convention: the content of an image is moved, about its centre, as ``nn.grid.similarity_matrix`` defines;
    what comes in from outside is black (0), so it acts before normalisation. The default settings change
    nothing and cost nothing. A crop or a mirror image alone gives the original's own pixels (to 1e-5).
    Not promised: identical last bits on different devices.

    Args:
        crop_padding: pixels; the image is shifted by a whole number of pixels, uniform in
            [−crop_padding, crop_padding] for x and for y, as a random crop after padding with black does.
        horizontal_flip: exchange left and right for half of the images.
        rotation_deg: degrees; the angle is uniform in ±rotation_deg, 0 to 180.
        scale: lowest and highest magnification, uniform between them; over 1 enlarges.
        shift: share of the width (for x) and of the height (for y); the shift is uniform in ±shift, 0 to 1.

    Raises:
        ValueError: a setting is out of range.
    """

    crop_padding: int = 0
    horizontal_flip: bool = False
    rotation_deg: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    shift: float = 0.0

    def __post_init__(self) -> None:
        if self.crop_padding < 0 or self.crop_padding != int(self.crop_padding):
            raise ValueError(
                f"crop_padding: expected a whole number of pixels from 0, got {self.crop_padding}"
            )
        if not 0 <= self.rotation_deg <= 180:
            raise ValueError(f"rotation_deg: expected 0 to 180 degrees, got {self.rotation_deg}")
        if len(self.scale) != 2 or not 0 < self.scale[0] <= self.scale[1] < math.inf:
            raise ValueError(f"scale: expected 0 < lowest ≤ highest, got {self.scale}")
        if not 0 <= self.shift <= 1:
            raise ValueError(f"shift: expected 0 to 1, a share of the image's size, got {self.shift}")

    @property
    def is_identity(self) -> bool:
        """Whether these settings leave every image as it is."""
        moves = self.crop_padding or self.horizontal_flip or self.rotation_deg or self.shift
        return not moves and tuple(self.scale) == (1.0, 1.0)

    def __call__(self, images: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        """Augment a batch.

        Args:
            images: float (B, C, H, W) in [0, 1].
            keys: int64 (B,), see ``randomness.sample_keys``; an image's draw depends on its key alone.

        Returns:
            Float (B, C, H, W) in [0, 1]; the same tensor when :attr:`is_identity`.
        """
        if self.is_identity:
            return images
        size_hw = (images.shape[2], images.shape[3])
        return sample(images, affine_points(self.theta(keys, size_hw), size_hw))

    def theta(self, keys: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
        """The drawn affine maps, output to input: float32 (B, 2, 3)."""
        angle_deg = self.rotation_deg * (2 * _draw(keys, "rotation") - 1)
        low, high = self.scale
        return similarity_matrix(
            angle_rad=torch.deg2rad(angle_deg),
            scale=low + (high - low) * _draw(keys, "scale"),
            shift_xy=self._shift_xy(keys, size_hw),
            size_hw=size_hw,
            mirror=1 - 2 * (_draw(keys, "flip") < 0.5 * self.horizontal_flip).float(),
        )

    def _shift_xy(self, keys: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
        places = 2 * self.crop_padding + 1
        pixels_xy = (uniform(keys, 2, "augmentation/crop") * places).floor() - self.crop_padding
        share_xy = self.shift * (2 * uniform(keys, 2, "augmentation/shift") - 1)
        # In halves of the image: a shift by the whole width is 2.
        return pixel_shift(pixels_xy, size_hw) + 2 * share_xy


def _draw(keys: torch.Tensor, what: str) -> torch.Tensor:
    return uniform(keys, 1, f"augmentation/{what}")[:, 0]
