"""The thin-plate spline: the smoothest displacement of the plane that moves given points as asked.

Bookstein, "Principal Warps: Thin-Plate Splines and the Decomposition of Deformations", IEEE PAMI 11(6), 1989;
as the transform of Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025
(section 3.2).
"""

import torch
from torch import Tensor


def control_points(count: int) -> Tensor:
    """A regular grid of points over the image, edges included, row by row: (count², 2) of (x, y), float64.

    Raises:
        ValueError: count is below 2.
    """
    if count < 2:
        raise ValueError(f"control_points: expected at least 2 a side, got {count}")
    line = torch.linspace(-1, 1, count, dtype=torch.float64)
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x, y], dim=-1).view(-1, 2)


def spline_weights(control_xy: Tensor, points_xy: Tensor) -> Tensor:
    """What each control point's displacement contributes to the displacement of each point.

    ``spline_weights(control, points) @ displacement`` is the thin-plate spline through the displacements
    (K, 2): it takes the control points where asked, and any affine displacement of them to the same affine one.

    Args:
        control_xy: (K, 2), not all on a line, no two alike.
        points_xy: (P, 2).

    Returns:
        (P, K) float64; each row sums to 1.

    Raises:
        ValueError: wrong shapes.
    """
    for name, points in (("control_xy", control_xy), ("points_xy", points_xy)):
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(f"{name}: expected shape (points, 2), got {tuple(points.shape)}")
    control_xy, points_xy = control_xy.double(), points_xy.double()
    return spline_features(control_xy, points_xy) @ spline_inverse(control_xy)


def spline_features(control_xy: Tensor, points_xy: Tensor) -> Tensor:
    """What a spline is a weighted sum of, at points (P, 2): r² ln r² of K distances, then 1, x, y. (P, K + 3)."""
    return torch.cat([_bending(control_xy, points_xy), _with_one(points_xy)], dim=1)


def spline_gradients(control_xy: Tensor, points_xy: Tensor) -> Tensor:
    """The derivatives (P, K, 2) of ``spline_weights`` by x and y, float64."""
    control_xy, points_xy = control_xy.double(), points_xy.double()
    away = points_xy[:, None] - control_xy
    squares = away.square().sum(dim=2).clamp_min(torch.finfo(torch.float64).tiny)
    radial = 2 * away * (squares.log() + 1)[..., None]  # (P, K, 2)
    constant = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    everything = torch.cat([radial, constant.expand(len(points_xy), 3, 2)], dim=1)
    return torch.einsum("pmd,mk->pkd", everything, spline_inverse(control_xy))


def bending_basis(control_xy: Tensor) -> Tensor:
    """An orthonormal basis (K, K − 3) of the displacements, by coordinate, that hold no affine part; float64."""
    full = torch.linalg.qr(_with_one(control_xy.double()), mode="complete").Q
    return full[:, 3:]


def spline_inverse(control_xy: Tensor) -> Tensor:
    """From displacements at the control points (K, 2) to the features' weights: (K + 3, K), float64."""
    control_xy = control_xy.double()
    count = len(control_xy)
    affine = _with_one(control_xy)
    corner = affine.new_zeros(3, 3)
    above = torch.cat([_bending(control_xy, control_xy), affine], dim=1)
    system = torch.cat([above, torch.cat([affine.mT, corner], dim=1)], dim=0)
    # The remaining columns meet the zeros on the system's right side.
    return torch.linalg.inv(system)[:, :count]


def _bending(control_xy: Tensor, points_xy: Tensor) -> Tensor:
    """r² ln r² of each point's distance from each control point: (P, K)."""
    squares = (points_xy[:, None] - control_xy).square().sum(dim=2)
    return torch.xlogy(squares, squares)


def _with_one(points_xy: Tensor) -> Tensor:
    return torch.cat([torch.ones_like(points_xy[:, :1]), points_xy], dim=1)
