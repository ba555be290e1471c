"""The thin-plate spline as a transform: an affine map, and on top of it a bend that cannot fold.

Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025 (section 3.2).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Self

import torch
from torch import Tensor, nn

from spatialvision.nn.grid import affine_points, pixel_centres
from spatialvision.nn.parameters import checked_parameters
from spatialvision.nn.precision import full_precision
from spatialvision.nn.thin_plate_spline import (
    bending_basis,
    control_points,
    spline_features,
    spline_gradients,
    spline_inverse,
)

STEEPEST = 0.85
"""Bound on the bend's derivative. Below 1 nothing folds; the rest is for points between the watched ones."""
WATCHED_BETWEEN = 8


class ThinPlateSplineTransform(nn.Module):
    """An affine map after a smooth bend, the bend held by a regular grid of control points over the image.

    Of the 2 k² numbers the first six are the affine matrix, row by row, raw; the others bend: coordinates in an
    orthonormal basis of those displacements of the k × k control points that no affine map makes, first for
    x, then for y. The bend is scaled down as a whole where it gets steep: the Frobenius norm of its derivative,
    watched on a lattice with 8 steps from one control point to the next, stays below 0.85.

    Convention: maps output points to input points in normalised (x, y), see ``nn/grid.py``: points are bent
    first. (1, 0, 0, 0, 1, 0, 0, …) leaves the image as it is. The bend's determinant is over 0 over the whole
    image; the affine part's is not promised to be, nor that points stay on the image. There is no inverse in
    closed form.

    Args:
        control_points: k, at least 2; 4 in the paper.
    """

    control: Tensor
    basis: Tensor
    solution: Tensor
    watched: Tensor

    def __init__(self, control_points: int = 4):
        super().__init__()
        self.control_points = control_points
        self.num_parameters = self.degrees_of_freedom = 2 * control_points**2
        for name, constant in _constants(control_points).items():
            self.register_buffer(name, constant, persistent=False)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Follow the module to another device, but not to a type that would round the constants."""
        super()._apply(fn, recurse)
        for name, constant in _constants(self.control_points).items():
            setattr(self, name, constant.to(getattr(self, name).device))
        return self

    def identity(self) -> Tensor:
        """The parameters (2 k²,) that change nothing."""
        identity = torch.zeros(self.num_parameters)
        identity[0] = identity[4] = 1
        return identity

    def theta(self, parameters: Tensor) -> Tensor:
        """Where the control points, row by row, look on the input: (B, k², 2).

        Raises:
            ValueError: the parameters are not (B, 2 k²).
        """
        affine, bend = self._parts(parameters)
        with full_precision(parameters.device):
            moved = (bend @ self.basis.to(bend).mT).mT + self.control.to(bend)
            return moved @ affine[:, :, :2].mT + affine[:, :, 2].unsqueeze(1)

    def points(self, parameters: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """Where each output pixel looks on the input: points_xy (B, H, W, 2)."""
        affine, bend = self._parts(parameters)
        with full_precision(parameters.device):
            weights = self._pixel_weights(size_hw, bend)
            # The affine map of (point + bend) is the affine points plus the matrix applied to the bend.
            local = (affine[:, :, :2] @ bend).flatten(0, 1) @ weights
        return affine_points(affine, size_hw) + local.view(-1, 2, *size_hw).permute(0, 2, 3, 1)

    def _pixel_weights(self, size_hw: tuple[int, int], like: Tensor) -> Tensor:
        """What each bend contributes to each pixel's displacement: (k² − 3, H · W)."""
        # A graph makes its own, from what was inverted beforehand.
        if torch.compiler.is_compiling() or type(like) is not Tensor:
            return (
                spline_features(self.control.to(like), _pixels(size_hw, like)) @ self.solution.to(like)
            ).mT
        return _kept_weights(self.control_points, size_hw, like.dtype, like.device)

    def _parts(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        """Matrices (B, 2, 3), and the bend (B, 2, k² − 3) scaled so that it does not fold."""
        parameters = checked_parameters(parameters, self.num_parameters)
        bend = parameters[:, 6:].view(-1, 2, self.basis.shape[1])
        with full_precision(parameters.device):
            derivative = (bend.flatten(0, 1) @ self.watched.to(bend)).view(-1, 4, self.watched.shape[1] // 2)
        steepness = derivative.square().sum(dim=1).amax(dim=1)
        shortened = torch.rsqrt(1 + steepness / STEEPEST**2)
        return parameters[:, :6].view(-1, 2, 3), bend * shortened[:, None, None]


def _constants(count: int) -> dict[str, Tensor]:
    """What follows from the number of control points a side, float32.

    Of K = count² points: the ``control`` points (K, 2); the bends' ``basis`` (K, K − 3); the ``solution``
    (K + 3, K − 3), by which each bend weighs the spline's features; and what each bend adds to the derivatives
    by x, then by y, where they are ``watched`` (K − 3, 2 · lattice points).
    """
    control = control_points(count)
    basis = bending_basis(control)
    gradients = spline_gradients(control, control_points(WATCHED_BETWEEN * (count - 1) + 1))
    exact = {
        "control": control,
        "basis": basis,
        "solution": spline_inverse(control) @ basis,
        "watched": torch.einsum("pkd,km->mdp", gradients, basis).flatten(1),
    }
    return {name: value.float() for name, value in exact.items()}


def _pixels(size_hw: tuple[int, int], like: Tensor) -> Tensor:
    """The pixel centres (H · W, 2), row by row."""
    y, x = torch.meshgrid(pixel_centres(size_hw[0], like), pixel_centres(size_hw[1], like), indexing="ij")
    return torch.stack([x, y], dim=-1).view(-1, 2)


@lru_cache(maxsize=8)
@torch.inference_mode(False)  # what is made here in inference may be used with gradients later
def _kept_weights(count: int, size_hw: tuple[int, int], dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.device("cpu"):  # whatever the default is meant for here and now
        control = control_points(count)
        pixels = _pixels(size_hw, torch.zeros((), dtype=torch.float64))
        weights = spline_features(control, pixels) @ spline_inverse(control) @ bending_basis(control)
    return weights.mT.to(device, dtype).contiguous()
