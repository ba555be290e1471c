"""Images bent by a thin-plate spline: the set E of Jaderberg et al.

"Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025 (section 4.1 and appendix A).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from spatialvision.data.distortion import Distortion
from spatialvision.data.distortions.draw import between, check_scale
from spatialvision.data.randomness import normal
from spatialvision.nn.grid import affine_points, pixel_shift, sample
from spatialvision.nn.thin_plate_spline import control_points, spline_weights
from spatialvision.registry import register_distortion


@dataclass(frozen=True)
class Elastic:
    """See `elastic`."""

    scale: tuple[float, float]
    points: int
    point_std_px: float
    seed: int

    def __post_init__(self) -> None:
        check_scale(self.scale)
        if self.points < 2:
            raise ValueError(f"points: expected at least 2 a side, got {self.points}")
        if not self.point_std_px >= 0:
            raise ValueError(f"point_std_px: expected 0 pixels or more, got {self.point_std_px}")

    def displacement_xy(self, keys: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """(B, points², 2), how far content is moved that arrives at each control point."""
        numbers = normal(keys, 2 * self.points**2, "elastic/points")
        return pixel_shift(self.point_std_px * numbers.view(len(keys), -1, 2), size_hw)

    def points_xy(self, keys: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """(B, H, W, 2), where each pixel of the distorted image looks on the image."""
        displacement = self.displacement_xy(keys, size_hw)[:, :, None, None]  # (B, K, 1, 1, 2)
        scale = between(keys, self.scale, "elastic/scale")
        pixels = affine_points(torch.eye(2, 3)[None], size_hw)[0]
        weights = spline_weights(control_points(self.points), pixels.view(-1, 2)).to(displacement)
        moved = pixels.to(displacement).expand(len(keys), -1, -1, -1)
        # Not a matrix product: its rounding depends on the batch's size, and under TF32 is a thousand times larger.
        for point, weight in enumerate(weights.view(*size_hw, -1, 1).unbind(dim=2)):
            moved = moved - weight * displacement[:, point]
        return moved / scale[:, None, None, None]

    def __call__(self, images: Tensor, keys: Tensor) -> Tensor:
        """Images (B, C, H, W) in [0, 1] of images (B, C, H, W) in [0, 1]."""
        return sample(images, self.points_xy(keys, (images.shape[2], images.shape[3]))).clamp(0, 1)


@register_distortion
def elastic(
    scale: tuple[float, float] = (0.75, 1.0), points: int = 4, point_std_px: float = 1.5, seed: int = 0
) -> Distortion:
    """Each image resized, then bent by a thin-plate spline; its size stays.

    Convention: the content is magnified about the image's centre, then moved. The control points are a regular
    grid over the distorted image, edges included: content arrives there that has been moved by normal numbers
    in x and in y, and in between by the spline, which is fitted in normalised coordinates. Black (0) outside.
    Not promised: that a large ``point_std_px`` does not fold.

    Args:
        scale: lowest and highest magnification, uniform between them.
        points: control points a side, from 2; 4 make the paper's 16.
        point_std_px: standard deviation of each displacement in x and in y, in pixels; the paper's 1.5 are for
            images of 28.
        seed: fixes the validation and test images; not the experiment's seed.

    Raises:
        ValueError: a setting is out of range.
    """
    return Elastic(scale, points, point_std_px, seed)
