"""Images turned, magnified and shifted: the one distortion behind `similarity`, `rotated` and its larger kin."""

import math
from dataclasses import dataclass

from torch import Tensor

from spatialvision.data.distortion import Distortion
from spatialvision.data.distortions.draw import check_scale
from spatialvision.data.distortions.placement import Fitted, Placement
from spatialvision.data.randomness import uniform
from spatialvision.nn.grid import affine_points, sample, similarity_matrix
from spatialvision.registry import register_distortion


@dataclass(frozen=True)
class Similarity:
    """The content of an image is magnified and turned about its centre, then shifted.

    Convention: as ``nn.grid.similarity_matrix`` moves content, on the placement's canvas; black (0) outside.

    Args:
        rotation_deg: angle, uniform in ± this, 0 to 180 degrees.
        scale: lowest and highest magnification, uniform between them.
        placement: the canvas, and how far an image moves on it.
        seed: fixes the validation and test images.

    Raises:
        ValueError: a setting is out of range.
    """

    rotation_deg: float
    scale: tuple[float, float]
    placement: Placement
    seed: int

    def __post_init__(self) -> None:
        check_scale(self.scale)
        if not 0 <= self.rotation_deg <= 180:
            raise ValueError(f"rotation_deg: expected 0 to 180 degrees, got {self.rotation_deg}")

    def angle_rad(self, keys: Tensor) -> Tensor:
        """(B,), by which the content is turned, counter-clockwise on screen."""
        return (2 * _numbers(keys)[:, 0] - 1) * math.radians(self.rotation_deg)

    def theta(self, keys: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """(B, 2, 3), from points of the distorted image to points of the undistorted canvas.

        Args:
            size_hw: of the undistorted images.
        """
        numbers = _numbers(keys)
        scale = self.scale[0] + (self.scale[1] - self.scale[0]) * numbers[:, 1]
        shift_xy = self.placement.shift_xy(numbers[:, 2:], scale, size_hw)
        canvas_hw = self.placement.canvas_hw(size_hw)
        return similarity_matrix(self.angle_rad(keys), scale, shift_xy, canvas_hw)

    def __call__(self, images: Tensor, keys: Tensor) -> Tensor:
        """Images (B, C, *canvas) in [0, 1] of images (B, C, H, W) in [0, 1]."""
        size_hw = (images.shape[2], images.shape[3])
        points = affine_points(self.theta(keys, size_hw), self.placement.canvas_hw(size_hw))
        return sample(images, self.placement.onto_image(points, size_hw)).clamp(0, 1)


def _numbers(keys: Tensor) -> Tensor:
    """(B, 4): for the angle, the magnification, the shift in x and in y."""
    return uniform(keys, 4, "distortion")


@register_distortion
def similarity(
    canvas: int = 32,
    fit: float = 1.0,
    rotation_deg: float = 0.0,
    scale: tuple[float, float] = (1.0, 1.0),
    shift: float = 0.0,
    seed: int = 0,
) -> Distortion:
    """Each image turned, magnified and shifted on a square canvas.

    Convention: content is magnified and turned about the canvas's centre, then shifted, see
    ``nn.grid.similarity_matrix``; with the defaults the image fills the canvas. Black (0) outside.

    Args:
        canvas: side of the result in pixels.
        fit: share of the canvas that the image's longer side takes before it is magnified.
        rotation_deg: angle, uniform in ± this, 0 to 180 degrees.
        scale: lowest and highest magnification, uniform between them.
        shift: share of the canvas, uniform in ± this for x and for y, 0 to 1.
        seed: fixes the validation and test images; not the experiment's seed.

    Raises:
        ValueError: a setting is out of range.
    """
    return Similarity(rotation_deg, scale, Fitted(canvas, fit, shift), seed)
