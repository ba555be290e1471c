"""The affine transform: six numbers that turn, scale, shear and shift.

Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025 (equation 1).
"""

import torch
from torch import Tensor, nn

from spatialvision.nn.grid import affine_points
from spatialvision.nn.parameters import checked_parameters


class AffineTransform(nn.Module):
    """A 2×3 matrix per image, its entries the parameters themselves.

    Convention: maps output points to input points in normalised (x, y), see ``nn/grid.py``. The identity
    parameters (1, 0, 0, 0, 1, 0) leave the image as it is. Not promised: an invertible matrix, or points that
    stay on the image.
    """

    num_parameters = 6
    degrees_of_freedom = 6

    def identity(self) -> Tensor:
        """The parameters (6,) that change nothing."""
        return torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0, 0.0])

    def theta(self, parameters: Tensor) -> Tensor:
        """The matrices (B, 2, 3) of the parameters (B, 6), row by row.

        Raises:
            ValueError: the parameters are not (B, 6).
        """
        return checked_parameters(parameters, self.num_parameters).view(-1, 2, 3)

    def points(self, parameters: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """Where each output pixel looks on the input: points_xy (B, H, W, 2)."""
        return affine_points(self.theta(parameters), size_hw)
