"""Families of warps: one number turns, magnifies, moves, shears or tilts what an image shows.

A curve's warps are shown on a canvas on which nothing leaves the image: the content is first shrunk about the
image's centre by one factor for the whole curve, its neutral point included, so that what a curve shows is the
warp and not what was cut off. How much room a dataset's images leave at their border is looked at, see
`content_corners`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from spatialvision.data.load import AnyDataset
from spatialvision.nn.grid import pixel_centres, pixel_shift, similarity_matrix
from spatialvision.nn.perspective import CORNERS_XY, matrix_between

ROTATIONS_DEG = tuple(range(-180, 181, 15))
SCALES = tuple(2 ** (sixth / 6) for sixth in range(-6, 7))
SHIFTS_PX = (-4, -3, -2, -1, 0, 1, 2, 3, 4)
SHARES = tuple(3 * step / 100 for step in range(-5, 6))
SHEARS = tuple(step / 10 for step in range(-5, 6))
TILTS = tuple(step / 10 for step in range(-4, 5))

MatrixOf = Callable[[float, tuple[int, int]], Tensor]


@dataclass(frozen=True)
class Warps:
    """The warps of a curve.

    Attributes:
        name: such as "rotation".
        parameter: what a value is, with its unit.
        values: rising.
        neutral: the value that changes nothing beyond the fit.
        fit: the content is shrunk by this factor, the same for all values; 1 where nothing leaves anyway.
        matrices: (values, 3, 3) float64, from points of the warped image to points of the image.
    """

    name: str
    parameter: str
    values: tuple[float, ...]
    neutral: float
    fit: float
    matrices: Tensor


def all_warps(dataset: AnyDataset) -> list[Warps]:
    """The curves of a robustness report, each with the shrinking that the dataset's images need."""
    size_hw, corners = dataset.size_hw, content_corners(dataset)
    reach = min(size_hw) // 4
    pixels = tuple(float(shift) for shift in SHIFTS_PX if abs(shift) <= reach)
    families: list[tuple[str, str, Sequence[float], float, MatrixOf]] = [
        ("rotation", "angle, degrees counter-clockwise", ROTATIONS_DEG, 0.0, rotation),
        ("scale", "magnification", SCALES, 1.0, scale),
        ("shift_x_pixels", "shift to the right, pixels", pixels, 0.0, shift_x_pixels),
        ("shift_y_pixels", "shift down, pixels", pixels, 0.0, shift_y_pixels),
        ("shift_x_share", "shift to the right, share of the width", SHARES, 0.0, shift_x_share),
        ("shift_y_share", "shift down, share of the height", SHARES, 0.0, shift_y_share),
        ("shear", "rows to the right, pixels for each pixel down", SHEARS, 0.0, shear),
        ("perspective", "tilt, share of the width that an edge loses", TILTS, 0.0, perspective),
    ]
    return [
        make_warps(name, parameter, values, neutral, matrix_of, size_hw, corners)
        for name, parameter, values, neutral, matrix_of in families
    ]


def make_warps(
    name: str,
    parameter: str,
    values: Sequence[float],
    neutral: float,
    matrix_of: MatrixOf,
    size_hw: tuple[int, int],
    corners_xy: Tensor,
) -> Warps:
    """A family's warps at the given values, with the content shrunk as far as they need.

    Args:
        matrix_of: from a value and the image's size to the matrix (3, 3), output to input.
        corners_xy: (P, 2), see `content_corners`.
    """
    matrices = torch.stack([matrix_of(float(value), size_hw) for value in values])
    fit = largest_fit(matrices, corners_xy)
    shrink = torch.diag(torch.tensor([1 / fit, 1 / fit, 1.0], dtype=torch.float64))
    return Warps(name, parameter, tuple(map(float, values)), neutral, fit, shrink @ matrices)


def content_corners(dataset: AnyDataset) -> Tensor:
    """The reach (P, 2), in normalised (x, y), of what the images show, over all images of the dataset.

    A pixel counts that is not black in some training or test image, and reaches one pixel from its centre in
    each direction, which is where bilinear sampling has faded it out. Photographs fill the image (and half a
    pixel more); digits leave an empty border.
    """
    lit = dataset.lit()
    height, width = dataset.size_hw
    row, column = lit.nonzero(as_tuple=True)
    like = torch.zeros((), dtype=torch.float64)
    centres = torch.stack([pixel_centres(width, like)[column], pixel_centres(height, like)[row]], dim=1)
    sides = torch.tensor(CORNERS_XY, dtype=torch.float64) * torch.tensor([2 / width, 2 / height])
    return (centres[:, None] + sides).flatten(0, 1)


def largest_fit(matrices: Tensor, corners_xy: Tensor) -> float:
    """The largest factor, at most 1, by which content can be shrunk so that no warp takes it off the image.

    Args:
        matrices: (n, 3, 3), output to input. Perspective ones are taken to keep content on the image; the
            others are affine, so that shrinking by f moves a point p to A f p + t.
        corners_xy: (P, 2), the content's reach.
    """
    affine = matrices[(matrices[:, 2, :2] == 0).all(dim=1)]
    if len(affine) < len(matrices) or not len(corners_xy):
        return 1.0
    forward = torch.linalg.inv(affine)
    reach = (corners_xy @ forward[:, :2, :2].transpose(1, 2)).abs().amax(dim=1)  # (n, 2)
    room = 1 - forward[:, :2, 2].abs()
    return min(1.0, (room / reach).min().item())


def similarity(
    size_hw: tuple[int, int],
    angle_deg: float = 0.0,
    magnification: float = 1.0,
    pixels_xy: tuple[float, float] = (0.0, 0.0),
) -> Tensor:
    """The matrix (3, 3), output to input, that magnifies, turns and shifts the content, in this order."""
    numbers = torch.tensor([[math.radians(angle_deg), magnification, *pixels_xy]], dtype=torch.float64)
    shift_xy = pixel_shift(numbers[:, 2:], size_hw)
    return square(similarity_matrix(numbers[:, 0], numbers[:, 1], shift_xy, size_hw))[0]


def square(theta: Tensor) -> Tensor:
    """Affine matrices (B, 2, 3) as (B, 3, 3)."""
    last = theta.new_tensor([0.0, 0.0, 1.0]).expand(len(theta), 1, 3)
    return torch.cat([theta, last], dim=1)


def rotation(angle_deg: float, size_hw: tuple[int, int]) -> Tensor:
    """The content turned counter-clockwise about the image's centre."""
    return similarity(size_hw, angle_deg=angle_deg)


def scale(magnification: float, size_hw: tuple[int, int]) -> Tensor:
    """The content magnified about the image's centre."""
    return similarity(size_hw, magnification=magnification)


def shift_x_pixels(pixels: float, size_hw: tuple[int, int]) -> Tensor:
    """The content moved to the right."""
    return similarity(size_hw, pixels_xy=(pixels, 0.0))


def shift_y_pixels(pixels: float, size_hw: tuple[int, int]) -> Tensor:
    """The content moved down."""
    return similarity(size_hw, pixels_xy=(0.0, pixels))


def shift_x_share(share: float, size_hw: tuple[int, int]) -> Tensor:
    """The content moved to the right by a share of the image's width."""
    return similarity(size_hw, pixels_xy=(share * size_hw[1], 0.0))


def shift_y_share(share: float, size_hw: tuple[int, int]) -> Tensor:
    """The content moved down by a share of the image's height."""
    return similarity(size_hw, pixels_xy=(0.0, share * size_hw[0]))


def shear(pixels: float, size_hw: tuple[int, int]) -> Tensor:
    """Each row moved to the right by so many pixels for each pixel that it lies below the centre."""
    matrix = torch.eye(3, dtype=torch.float64)
    matrix[0, 1] = -pixels * size_hw[0] / size_hw[1]
    return matrix


def perspective(tilt: float, size_hw: tuple[int, int]) -> Tensor:
    """The top edge's corners (the bottom edge's, for negative values) moved inwards by half this share each.

    The content tilts away at that edge; all of it stays on the image.
    """
    corners = torch.tensor(CORNERS_XY, dtype=torch.float64)
    moved = corners.clone()
    edge = slice(0, 2) if tilt > 0 else slice(2, 4)
    moved[edge, 0] *= 1 - abs(tilt)
    return matrix_between(moved[None], corners[None])[0]
