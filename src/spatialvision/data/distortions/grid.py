"""Every combination of listed angles, magnifications and shifts: a test that leaves no draw to chance."""

import math
from dataclasses import dataclass, replace
from itertools import product

import torch
from torch import Tensor

from spatialvision.data.dataset import Split
from spatialvision.data.distortion import Distortion
from spatialvision.nn.grid import affine_points, pixel_shift, sample, similarity_matrix
from spatialvision.registry import register_distortion

Combination = tuple[float, float, float, float]


@dataclass(frozen=True)
class Grid:
    """See `grid`.

    Args:
        combinations: (angle in degrees, magnification, shift in x, in y in pixels), each once.
        seed: there to fix nothing: the fixed images follow from the combinations alone.
    """

    combinations: tuple[Combination, ...]
    seed: int = 0

    def numbers(self, keys: Tensor) -> Tensor:
        """int64 (B,), each image's combination: the key's remainder, so that an index can be a key as well."""
        return keys.remainder(len(self.combinations))

    def fixed_keys(self, indices: Tensor) -> Tensor:
        """(N,), the indices themselves: their remainder is the combination, see `every`."""
        return indices

    def every(self, split: Split) -> Split:
        """Each image as often as there are combinations, under index · combinations + number; not distorted."""
        count = len(self.combinations)
        positions = torch.arange(len(split), device=split.indices.device).repeat_interleave(count)
        number = torch.arange(count, device=split.indices.device).repeat(len(split))
        repeated = split.select(positions)
        return replace(repeated, indices=repeated.indices * count + number)

    def angle_rad(self, keys: Tensor) -> Tensor:
        """(B,), by which the content is turned, counter-clockwise on screen."""
        return torch.deg2rad(self._drawn(keys)[:, 0])

    def theta(self, keys: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """(B, 2, 3), from points of the distorted image to points of the image of this size."""
        drawn = self._drawn(keys)
        return similarity_matrix(
            self.angle_rad(keys), drawn[:, 1], pixel_shift(drawn[:, 2:], size_hw), size_hw
        )

    def __call__(self, images: Tensor, keys: Tensor) -> Tensor:
        """Images (B, C, H, W) in [0, 1] of images (B, C, H, W) in [0, 1]."""
        size_hw = (images.shape[2], images.shape[3])
        return sample(images, affine_points(self.theta(keys, size_hw), size_hw)).clamp(0, 1)

    def _drawn(self, keys: Tensor) -> Tensor:
        return torch.tensor(self.combinations, device=keys.device)[self.numbers(keys)]


@register_distortion
def grid(
    angles_deg: tuple[float, ...] = (-90.0, -60.0, -30.0, 0.0, 30.0, 60.0, 90.0),
    scales: tuple[float, ...] = (1.0,),
    shifts_x_px: tuple[float, ...] = (0.0,),
    shifts_y_px: tuple[float, ...] = (0.0,),
) -> Distortion:
    """Each image turned, magnified and shifted in one of all listed combinations; its size stays.

    A training image gets one combination at random in each epoch. The validation and test splits hold every
    image in every combination, the angle changing slowest, the shift in y fastest: image i in combination n
    of N has index i · N + n. The measured training images stay one each, in combination i mod N.

    Convention: content is magnified and turned about the image's centre, then shifted, see
    ``nn.grid.similarity_matrix``. Black (0) outside.

    Args:
        angles_deg: degrees, counter-clockwise on screen.
        scales: magnifications, over 0.
        shifts_x_px: pixels, positive to the right.
        shifts_y_px: pixels, positive downwards.

    Raises:
        ValueError: a list is empty or says a value twice, or a value is out of range.
    """
    lists = {
        "angles_deg": angles_deg, "scales": scales, "shifts_x_px": shifts_x_px, "shifts_y_px": shifts_y_px
    }  # fmt: skip
    for name, values in lists.items():
        if not values or len(set(values)) < len(values) or not all(map(math.isfinite, values)):
            raise ValueError(f"{name}: expected finite values, each once, got {list(values)}")
    if min(scales) <= 0:
        raise ValueError(f"scales: expected magnifications over 0, got {list(scales)}")
    return Grid(tuple(product(angles_deg, scales, shifts_x_px, shifts_y_px)))
