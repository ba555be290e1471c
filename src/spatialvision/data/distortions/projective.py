"""Images whose four corners are moved: the set P of Jaderberg et al.

"Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025 (section 4.1 and appendix A).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from spatialvision.data.distortion import Distortion
from spatialvision.data.distortions.draw import between, check_scale
from spatialvision.data.randomness import normal
from spatialvision.nn.grid import pixel_shift, sample
from spatialvision.nn.perspective import CORNERS_XY, matrix_between, perspective_points
from spatialvision.registry import register_distortion

FRACTIONS = (1.0, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 0.0)
"""Of its drawn displacement an image keeps the first of these under which the map is fair."""
SMALLEST = 0.1
"""A fair map keeps this share of each corner's triangle, and of the third coordinate all over the canvas."""


@dataclass(frozen=True)
class Projective:
    """See `projective`."""

    scale: tuple[float, float]
    corner_std_px: float
    seed: int

    def __post_init__(self) -> None:
        check_scale(self.scale)
        if not self.corner_std_px >= 0:
            raise ValueError(f"corner_std_px: expected 0 pixels or more, got {self.corner_std_px}")

    def corners_xy(self, keys: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """(B, 4, 2), where the image's corners come to lie, in the order of ``nn.perspective.CORNERS_XY``."""
        scale = between(keys, self.scale, "projective/scale")
        start = scale[:, None, None] * scale.new_tensor(CORNERS_XY)
        pixels_xy = self.corner_std_px * normal(keys, 8, "projective/corners").view(-1, 4, 2)
        tried = start[:, None] + _fractions(start) * pixel_shift(pixels_xy, size_hw)[:, None]
        first = is_fair(tried, scale[:, None]).int().argmax(dim=1)
        return tried[torch.arange(len(keys), device=keys.device), first]

    def matrix(self, keys: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """(B, 3, 3), from points of the distorted image to points of the image, see ``perspective_points``."""
        corners_xy = self.corners_xy(keys, size_hw)
        return matrix_between(corners_xy, corners_xy.new_tensor(CORNERS_XY).expand_as(corners_xy))

    def __call__(self, images: Tensor, keys: Tensor) -> Tensor:
        """Images (B, C, H, W) in [0, 1] of images (B, C, H, W) in [0, 1]."""
        size_hw = (images.shape[2], images.shape[3])
        return sample(images, perspective_points(self.matrix(keys, size_hw), size_hw)).clamp(0, 1)


def is_fair(corners_xy: Tensor, scale: Tensor) -> Tensor:
    """Whether the square's map onto a quadrilateral (..., 4, 2) neither folds nor comes near it.

    With area i that of the triangle of the three corners but i, the map's third coordinate at corner i is
    proportional to area i, and the inverse's to 1 / area i. So all areas positive means convex, and
    ``_denominator`` is what the inverse, the sampler's map, divides by. Both are compared with those of the
    undisplaced square of half-side ``scale`` (...,).
    """
    whole = 4 * scale.square()
    areas = torch.stack([_area(*corners) for corners in _without_each(corners_xy)], dim=-1)
    convex = (areas >= SMALLEST * whole[..., None]).all(dim=-1)
    canvas = corners_xy.new_tensor(CORNERS_XY)
    smallest = torch.stack([_denominator(corner, corners_xy, areas) for corner in canvas], dim=-1).amin(
        dim=-1
    )
    return convex & (smallest * whole >= SMALLEST)


def _denominator(point_xy: Tensor, corners_xy: Tensor, areas: Tensor) -> Tensor:
    """The affine function that is 1 / area at each corner, at a point."""
    first, second, _, fourth = corners_xy.unbind(dim=-2)
    return (
        _area(point_xy, second, fourth) / areas[..., 0]
        + _area(first, point_xy, fourth) / areas[..., 1]
        + _area(first, second, point_xy) / areas[..., 3]
    ) / areas[..., 2]


def _without_each(corners_xy: Tensor) -> list[list[Tensor]]:
    corners = corners_xy.unbind(dim=-2)
    return [[corner for place, corner in enumerate(corners) if place != left_out] for left_out in range(4)]


def _area(first: Tensor, second: Tensor, third: Tensor) -> Tensor:
    """Twice the triangle's area, positive in the order of ``CORNERS_XY``."""
    (x1, y1), (x2, y2) = (second - first).unbind(dim=-1), (third - first).unbind(dim=-1)
    return x1 * y2 - y1 * x2


def _fractions(like: Tensor) -> Tensor:
    return like.new_tensor(FRACTIONS).view(-1, 1, 1)


@register_distortion
def projective(
    scale: tuple[float, float] = (0.75, 1.0), corner_std_px: float = 5.0, seed: int = 0
) -> Distortion:
    """Each image resized, then its four corners moved, under the perspective map that follows; its size stays.

    Convention: the content is magnified about the image's centre, then each corner moves by normal numbers in
    x and in y. Where a draw would fold the image (corners not convex, or the horizon on the canvas) or come
    near it, that image's displacement is halved until it does not, at most four times, else it is 0. Black
    (0) outside.

    Args:
        scale: lowest and highest magnification, uniform between them.
        corner_std_px: standard deviation of each corner's displacement in x and in y, in pixels; the paper's 5
            are for images of 28.
        seed: fixes the validation and test images; not the experiment's seed.

    Raises:
        ValueError: a setting is out of range.
    """
    return Projective(scale, corner_std_px, seed)
