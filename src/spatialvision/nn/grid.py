"""The sampling grid: the one place that knows where a pixel lies, and the one caller of ``grid_sample``.

Convention: points are (x, y), x to the right and y down, in [-1, 1] from edge to edge of the image. Pixel i
of n has its centre at (2 i + 1) / n - 1 (``align_corners=False``), so ±1 are the outer edges of the border
pixels. A transform maps OUTPUT points to INPUT points: it says where each output pixel looks. Everything is
computed in float32, under autocast too (float64 stays float64).

Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025 (section 3).
"""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from spatialvision.nn.precision import at_least_float32, full_precision

Mode = Literal["bilinear", "bicubic", "nearest"]
Padding = Literal["zeros", "border", "reflection"]


def pixel_centres(count: int, like: Tensor) -> Tensor:
    """Coordinates (count,) of the pixel centres along one axis, on the device and in the type of ``like``."""
    edge = 1 - 1 / count
    return torch.linspace(-edge, edge, count, device=like.device, dtype=like.dtype)


def affine_points(theta: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """Where each output pixel looks on the input, under one affine map per image.

    Convention: normalised (x, y), output to input; ``theta`` [[1, 0, 0], [0, 1, 0]] gives every pixel its own
    centre. Not promised: points inside [-1, 1].

    Args:
        theta: (B, 2, 3), each row (a, b, c) giving a·x + b·y + c.
        size_hw: height and width of the output in pixels.

    Returns:
        points_xy (B, H, W, 2), float32 (float64 for a float64 ``theta``).

    Raises:
        ValueError: ``theta`` is not (B, 2, 3), or a size is below 1.
    """
    if theta.ndim != 3 or theta.shape[1:] != (2, 3):
        raise ValueError(f"theta: expected shape (B, 2, 3), got {tuple(theta.shape)}")
    if min(size_hw) < 1:
        raise ValueError(f"size_hw: expected a height and width of at least 1, got {tuple(size_hw)}")
    height, width = size_hw
    theta = at_least_float32(theta)
    x, y = pixel_centres(width, theta), pixel_centres(height, theta)[:, None]
    # One sum of a row and a column: no matrix product, which TF32 would round to 0.05 px at 224. Each coordinate is
    # a plane of its own, (B, H, W): pairs would make every operation run over a last dimension of 2.
    planes = [x * row[:, 0] + (y * row[:, 1] + row[:, 2]) for row in theta[..., None, None].unbind(1)]
    return torch.stack(planes, dim=1).permute(0, 2, 3, 1)


def sample(
    images: Tensor, points_xy: Tensor, *, mode: Mode = "bilinear", padding: Padding = "zeros"
) -> Tensor:
    """The images' values at the given points.

    Convention: normalised (x, y) with pixel centres, see this module; the identity points return the images,
    to 1e-5 up to 50 pixels a side and 2e-7 times the side beyond (float32's rounding of the points). Not
    promised: values inside the input's range with ``mode="bicubic"``, which overshoots.

    Args:
        images: (B, C, H, W), any real type.
        points_xy: (B, H', W', 2), see ``affine_points``.
        mode: interpolation between pixel centres.
        padding: what lies beyond the image's edge: 0, the border pixel, or the mirrored image.

    Returns:
        (B, C, H', W') in the points' type: float32 (float64 for float64 points).

    Raises:
        ValueError: wrong shapes, or different batch sizes.
    """
    if images.ndim != 4:
        raise ValueError(f"images: expected shape (B, C, H, W), got {tuple(images.shape)}")
    if points_xy.ndim != 4 or points_xy.shape[3] != 2 or points_xy.shape[0] != images.shape[0]:
        raise ValueError(
            f"points_xy: expected shape (B, H, W, 2) with B = {images.shape[0]} as the images have, "
            f"got {tuple(points_xy.shape)}"
        )
    points_xy = at_least_float32(points_xy)
    with full_precision(images.device):
        return F.grid_sample(
            images.to(points_xy.dtype), points_xy, mode=mode, padding_mode=padding, align_corners=False
        )


def similarity_matrix(
    angle_rad: Tensor,
    scale: Tensor,
    shift_xy: Tensor,
    size_hw: tuple[int, int],
    mirror: Tensor | None = None,
) -> Tensor:
    """The affine matrices that mirror, magnify, turn and shift the *content* of images, in this order.

    Convention: the result maps output to input, for ``affine_points``. The content turns counter-clockwise as
    seen on the screen (y points down) by ``angle_rad`` about the image's centre, grows by ``scale``, and
    moves by ``shift_xy`` (positive: right and down). Angles and lengths hold in pixels, so images that are
    not square turn without shear. Angle 0, scale 1, shift 0 give the identity.

    Args:
        angle_rad: (B,), radians.
        scale: (B,), over 0; 2 shows everything twice as large.
        shift_xy: (B, 2), in halves of the image's width and height; ``pixel_shift`` makes them from pixels.
        size_hw: height and width of the images in pixels (output and input alike).
        mirror: (B,), -1 exchanges left and right, +1 leaves them; None for all +1.

    Returns:
        theta (B, 2, 3).

    Raises:
        ValueError: shapes that do not fit ``angle_rad``.
    """
    mirror = torch.ones_like(angle_rad) if mirror is None else mirror
    _check_batch(angle_rad, scale, shift_xy, mirror)
    height, width = size_hw
    cosine, sine = torch.cos(angle_rad) / scale, torch.sin(angle_rad) / scale
    # The inverse of shift ∘ turn ∘ magnify ∘ mirror; the off-diagonal converts half heights to half widths.
    first = torch.stack([mirror * cosine, -mirror * sine * (height / width)], dim=1)
    second = torch.stack([sine * (width / height), cosine], dim=1)
    linear = torch.stack([first, second], dim=1)  # (B, 2, 2)
    offset = -(linear * shift_xy[:, None]).sum(dim=2, keepdim=True)
    return torch.cat([linear, offset], dim=2)


def _check_batch(angle_rad: Tensor, scale: Tensor, shift_xy: Tensor, mirror: Tensor) -> None:
    batch = angle_rad.numel()
    expected = {"angle_rad": (batch,), "scale": (batch,), "shift_xy": (batch, 2), "mirror": (batch,)}
    for (name, shape), value in zip(expected.items(), (angle_rad, scale, shift_xy, mirror), strict=True):
        if value.shape != shape:
            raise ValueError(f"{name}: expected shape {shape}, got {tuple(value.shape)}")


def pixel_shift(pixels_xy: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """A shift in pixels (..., 2) as the shift in halves of the image that ``similarity_matrix`` takes."""
    height, width = size_hw
    return pixels_xy * pixels_xy.new_tensor([2 / width, 2 / height])
