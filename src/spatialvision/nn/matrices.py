"""Transforms that are matrices, undone and put one after another.

Hartley, Zisserman, "Multiple View Geometry in Computer Vision", 2nd edition, 2004 (section 2.4).
"""

import torch
from torch import Tensor

from spatialvision.nn.precision import at_least_float32


def square_matrix(theta: Tensor) -> Tensor:
    """Affine matrices (B, 2, 3) with their third row (0, 0, 1); (B, 3, 3) ones as they are.

    Raises:
        ValueError: neither (B, 2, 3) nor (B, 3, 3).
    """
    if theta.ndim != 3 or theta.shape[1] not in (2, 3) or theta.shape[2] != 3:
        raise ValueError(f"theta: expected shape (B, 2, 3) or (B, 3, 3), got {tuple(theta.shape)}")
    if theta.shape[1] == 3:
        return theta
    last = theta.new_tensor([0.0, 0.0, 1.0]).expand(theta.shape[0], 1, 3)
    return torch.cat([theta, last], dim=1)


def compose(first: Tensor, second: Tensor) -> Tensor:
    """The maps that take a point through ``first`` and then through ``second``.

    Convention: both map output points to input points, see ``nn/grid.py``; so warping an image by the result is
    warping it by ``second`` and what comes out by ``first`` (up to one interpolation less).

    Args:
        first: (B, 2, 3) or (B, 3, 3).
        second: (B, 2, 3) or (B, 3, 3).

    Returns:
        (B, 2, 3) if both are affine, else (B, 3, 3) with 1 in the last place; float32 at least.

    Raises:
        ValueError: another shape.
    """
    inner, outer = square_matrix(at_least_float32(first)), square_matrix(at_least_float32(second))
    # A sum of products: a matrix product would be rounded to bfloat16 under autocast, and to TF32 on some GPUs.
    product = (outer[:, :, :, None] * inner[:, None]).sum(dim=2)
    if first.shape[1] == second.shape[1] == 2:
        return product[:, :2]
    return product / product[:, 2:, 2:]


def invert(theta: Tensor) -> Tensor:
    """The maps that undo others: from the input's points back to the output's.

    Not promised: a divisor over 0 for every point of the image, where a (B, 3, 3) tilts.

    Args:
        theta: (B, 2, 3) or (B, 3, 3).

    Returns:
        As it came, (B, 3, 3) with 1 in the last place; float32 at least.

    Raises:
        ValueError: another shape.
        torch.linalg.LinAlgError: a matrix has no inverse.
    """
    inverse = torch.linalg.inv(square_matrix(at_least_float32(theta)))
    return inverse[:, :2] if theta.shape[1] == 2 else inverse / inverse[:, 2:, 2:]
