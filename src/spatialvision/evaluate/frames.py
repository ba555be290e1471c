"""The frame that a spatial transformer looks through, as a matrix in pixels, and how far two frames are apart."""

import torch
from torch import Tensor

from spatialvision.evaluate.sampler import frame_angle_deg
from spatialvision.nn.grid import pixel_centres

SMALLEST_AREA = 1e-6


def nearest_frame(points_xy: Tensor) -> Tensor:
    """The affine maps nearest to sampling points (B, H, W, 2), by least squares.

    Convention: (x, y) in pixels from the image's centre, y down, output to input. For an affine transformer it
    is θ itself, in pixels; for others, such as a homography, the best that an affine map can do.

    Returns:
        (B, 2, 3).
    """
    height, width = points_xy.shape[1:3]
    half = points_xy.new_tensor([width / 2, height / 2])
    points = points_xy * half
    x = (pixel_centres(width, points) * half[0]).view(1, 1, width, 1)
    y = (pixel_centres(height, points) * half[1]).view(1, height, 1, 1)
    # The grid is symmetric about the centre: the three coefficients are found one by one.
    columns = [(points * axis).mean(dim=(1, 2)) / axis.square().mean() for axis in (x, y)]
    return torch.stack([*columns, points.mean(dim=(1, 2))], dim=2)


def moved(frame: Tensor, content: Tensor) -> Tensor:
    """Frames (B, 2, 3) as they must be after the content has moved by a map (3, 3), both in pixels."""
    linear = content[:2, :2] @ frame
    return torch.cat([linear[..., :2], linear[..., 2:] + content[:2, 2:]], dim=2)


def in_pixels(matrix: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """A map (3, 3) of normalised points as one of pixels from the centre."""
    half = matrix.new_tensor([size_hw[1] / 2, size_hw[0] / 2, 1.0])
    return half[:, None] * matrix / half


def angle_error_deg(frame: Tensor, expected: Tensor) -> Tensor:
    """By how many degrees frames (B, 2, 3) are turned against the expected ones, 0 to 180: (B,)."""
    apart = frame_angle_deg(frame) - frame_angle_deg(expected)
    return ((apart + 180) % 360 - 180).abs()


def scale_error(frame: Tensor, expected: Tensor) -> Tensor:
    """The factor, at least 1, by which frames (B, 2, 3) are too large or too small, from their areas: (B,)."""
    areas = [torch.linalg.det(each[..., :2]).abs().clamp(min=SMALLEST_AREA) for each in (frame, expected)]
    factor = (areas[0] / areas[1]).sqrt()
    return torch.maximum(factor, 1 / factor)


def shift_error(frame: Tensor, expected: Tensor) -> Tensor:
    """Pixels between the centres of frames (B, 2, 3) and those of the expected ones: (B,)."""
    return torch.linalg.vector_norm(frame[..., 2] - expected[..., 2], dim=1)
