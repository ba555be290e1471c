"""The perspective map: straight lines stay straight, and what lies further away may look smaller.

Hartley, Zisserman, "Multiple View Geometry in Computer Vision", 2nd edition, 2004 (sections 2.3 and 4.1).
"""

import torch
from torch import Tensor

from spatialvision.nn.grid import pixel_centres
from spatialvision.nn.precision import at_least_float32

CORNERS_XY = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
"""The image's outer corners: top left, top right, bottom right, bottom left."""


def perspective_points(matrix: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """Where each output pixel looks on the input, under one perspective map per image.

    Convention: normalised (x, y), output to input, see ``nn/grid.py``. A last row of (0, 0, 1) gives the points
    of ``affine_points`` to the bit. Not promised: finite points where the third coordinate is 0.

    Args:
        matrix: (B, 3, 3), takes (x, y, 1) of the output to (u, v, w); the input point is (u / w, v / w).
        size_hw: height and width of the output in pixels.

    Returns:
        points_xy (B, H, W, 2), float32 (float64 for a float64 ``matrix``).

    Raises:
        ValueError: ``matrix`` is not (B, 3, 3), or a size is below 1.
    """
    if matrix.ndim != 3 or matrix.shape[1:] != (3, 3):
        raise ValueError(f"matrix: expected shape (B, 3, 3), got {tuple(matrix.shape)}")
    if min(size_hw) < 1:
        raise ValueError(f"size_hw: expected a height and width of at least 1, got {tuple(size_hw)}")
    height, width = size_hw
    matrix = at_least_float32(matrix)
    x, y = pixel_centres(width, matrix), pixel_centres(height, matrix)[:, None]
    # Sums of a row and a column, each coordinate a plane of its own, as in affine_points.
    rows = matrix[..., None, None].unbind(1)
    u, v, w = (x * row[:, 0] + (y * row[:, 1] + row[:, 2]) for row in rows)
    return torch.stack([u / w, v / w], dim=1).permute(0, 2, 3, 1)


def matrix_between(output_xy: Tensor, input_xy: Tensor) -> Tensor:
    """The perspective maps that take four points to four others.

    Args:
        output_xy: (B, 4, 2), no three of them on a line.
        input_xy: (B, 4, 2), where they are taken to.

    Returns:
        (B, 3, 3) with 1 in the last place.

    Raises:
        ValueError: wrong shapes.
    """
    if output_xy.ndim != 3 or output_xy.shape[1:] != (4, 2) or input_xy.shape != output_xy.shape:
        raise ValueError(
            f"expected two (B, 4, 2) of points, got {tuple(output_xy.shape)} and {tuple(input_xy.shape)}"
        )
    # u · (g x + h y + 1) = a x + b y + c, the same for v: two equations a point for a, b, c, d, e, f, g, h.
    ones, zeros = torch.ones_like(output_xy[..., :1]), torch.zeros_like(output_xy)
    point = torch.cat([output_xy, ones], dim=2)
    rest = torch.cat([zeros, zeros[..., :1]], dim=2)
    for_u = torch.cat([point, rest, -input_xy[..., :1] * output_xy], dim=2)
    for_v = torch.cat([rest, point, -input_xy[..., 1:] * output_xy], dim=2)
    numbers = torch.linalg.solve(
        torch.cat([for_u, for_v], dim=1), torch.cat([input_xy[..., 0], input_xy[..., 1]], dim=1)
    )
    return torch.cat([numbers, ones[:, 0]], dim=1).view(-1, 3, 3)
