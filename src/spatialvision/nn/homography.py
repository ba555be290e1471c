"""The projective transform: eight numbers that also tilt the plane, without ever folding it.

Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025 (section 3.2); the
factors are those of Hartley, Zisserman, "Multiple View Geometry in Computer Vision", 2nd edition, 2004
(section 2.4.6).
"""

import math

import torch
from torch import Tensor, nn

from spatialvision.nn.bounded import bounded
from spatialvision.nn.parameters import checked_parameters
from spatialvision.nn.perspective import perspective_points

LARGEST_LOG_SCALE = math.log(8)
LARGEST_SHEAR = 2.0
LARGEST_SHIFT = 2.0
LARGEST_TILT = 0.9 / math.sqrt(2)
"""The third coordinate 1 + g x + h y is then at least 0.1 over the whole image."""


class HomographyTransform(nn.Module):
    """A 3×3 matrix per image, made of eight numbers so that it keeps its orientation and divides by no zero.

    The numbers are angle (radians), log scale of x and of y, shear, shift in x and y, and the tilt g, h; the
    matrix is shift · rotation · [[scale x, shear], [0, scale y]] · [[1, 0, 0], [0, 1, 0], [g, h, 1]], so points
    are tilted first. Scales stay within 1/8 to 8, the shear and the shift within ± 2, and ``|g| + |h|`` within 0.9,
    smoothly and for numbers of any size; the angle is free.

    Convention: maps output points to input points in normalised (x, y), see ``nn/grid.py``; eight zeros leave
    the image as it is. The map's determinant is over 0, and the divisor at least 0.1, at every point of the
    image. Angle and shear hold in normalised coordinates: on images that are not square a turn shears. Not
    promised: points that stay on the image; mirror images, which it does not contain.
    """

    num_parameters = 8
    degrees_of_freedom = 8

    def identity(self) -> Tensor:
        """The parameters (8,) that change nothing."""
        return torch.zeros(8)

    def theta(self, parameters: Tensor) -> Tensor:
        """The matrices (B, 3, 3), with 1 in the last place, of the parameters (B, 8).

        Raises:
            ValueError: the parameters are not (B, 8).
        """
        parameters = checked_parameters(parameters, self.num_parameters)
        angle = parameters[:, 0]
        scale_x, scale_y = (bounded(parameters[:, at, None], LARGEST_LOG_SCALE)[:, 0].exp() for at in (1, 2))
        shear = bounded(parameters[:, 3:4], LARGEST_SHEAR)[:, 0]
        shift_xy = bounded(parameters[:, 4:6], LARGEST_SHIFT)
        tilt = bounded(parameters[:, 6:8], LARGEST_TILT)
        cosine, sine = angle.cos(), angle.sin()
        first = torch.stack([cosine * scale_x, cosine * shear - sine * scale_y], dim=1)
        second = torch.stack([sine * scale_x, sine * shear + cosine * scale_y], dim=1)
        linear = torch.stack([first, second], dim=1)
        # The product with the tilt's matrix: its last row, times the shift, comes on top of the linear part.
        rows = torch.cat([linear + shift_xy[:, :, None] * tilt[:, None, :], shift_xy[:, :, None]], dim=2)
        last = torch.cat([tilt, torch.ones_like(tilt[:, :1])], dim=1)
        return torch.cat([rows, last[:, None]], dim=1)

    def points(self, parameters: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """Where each output pixel looks on the input: points_xy (B, H, W, 2)."""
        return perspective_points(self.theta(parameters), size_hw)
