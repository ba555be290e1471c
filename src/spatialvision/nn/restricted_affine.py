"""Affine transforms with fewer freedoms: shift; shift and scale; shift, scale and turn.

Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025 (section 3.2; equation 2
for the attention transform).
"""

import torch
from torch import Tensor, nn

from spatialvision.nn.grid import affine_points
from spatialvision.nn.parameters import checked_parameters


class TranslationTransform(nn.Module):
    """Two numbers (x, y): where the output's centre looks.

    Convention: maps output points to input points in normalised (x, y), see ``nn/grid.py``; (0, 0) leaves the
    image as it is, and a positive x moves the content left. Not promised: points that stay on the image.
    """

    num_parameters = 2
    degrees_of_freedom = 2

    def identity(self) -> Tensor:
        """The parameters (2,) that change nothing."""
        return torch.zeros(2)

    def theta(self, parameters: Tensor) -> Tensor:
        """The matrices (B, 2, 3) of the parameters (B, 2).

        Raises:
            ValueError: the parameters are not (B, 2).
        """
        parameters = checked_parameters(parameters, self.num_parameters)
        ones, zeros = torch.ones_like(parameters[:, 0]), torch.zeros_like(parameters[:, 0])
        return _matrix(ones, zeros, parameters[:, 0], zeros, ones, parameters[:, 1])

    def points(self, parameters: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """Where each output pixel looks on the input: points_xy (B, H, W, 2)."""
        return affine_points(self.theta(parameters), size_hw)


class AttentionTransform(nn.Module):
    """Three numbers (scale, x, y): a window with the image's own proportions, of any size, anywhere.

    Convention: maps output points to input points in normalised (x, y), see ``nn/grid.py``; (1, 0, 0) leaves
    the image as it is, and a scale below 1 shows a part of it, larger. Not promised: a scale over 0 (a negative
    one turns the content by half a turn), or points that stay on the image.
    """

    num_parameters = 3
    degrees_of_freedom = 3

    def identity(self) -> Tensor:
        """The parameters (3,) that change nothing."""
        return torch.tensor([1.0, 0.0, 0.0])

    def theta(self, parameters: Tensor) -> Tensor:
        """The matrices (B, 2, 3) of the parameters (B, 3).

        Raises:
            ValueError: the parameters are not (B, 3).
        """
        parameters = checked_parameters(parameters, self.num_parameters)
        scale, x, y = parameters.unbind(1)
        zeros = torch.zeros_like(scale)
        return _matrix(scale, zeros, x, zeros, scale, y)

    def points(self, parameters: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """Where each output pixel looks on the input: points_xy (B, H, W, 2)."""
        return affine_points(self.theta(parameters), size_hw)


class SimilarityTransform(nn.Module):
    """Four numbers (scale · cosine, scale · sine, x, y): a turned window of any size, anywhere, without shear.

    Convention: maps output points to input points in normalised (x, y), see ``nn/grid.py``; (1, 0, 0, 0) leaves
    the image as it is. A positive sine turns the content counter-clockwise as seen on the screen. Not promised:
    a scale over 0, or points that stay on the image.

    Args:
        aspect_ratio: width over height of the images; the turn is one in pixels.
    """

    num_parameters = 4
    degrees_of_freedom = 4

    def __init__(self, aspect_ratio: float = 1.0):
        super().__init__()
        if not aspect_ratio > 0:
            raise ValueError(f"aspect_ratio: expected width over height, over 0, got {aspect_ratio}")
        self.aspect_ratio = aspect_ratio

    def identity(self) -> Tensor:
        """The parameters (4,) that change nothing."""
        return torch.tensor([1.0, 0.0, 0.0, 0.0])

    def theta(self, parameters: Tensor) -> Tensor:
        """The matrices (B, 2, 3) of the parameters (B, 4).

        Raises:
            ValueError: the parameters are not (B, 4).
        """
        parameters = checked_parameters(parameters, self.num_parameters)
        cosine, sine, x, y = parameters.unbind(1)
        return _matrix(cosine, -sine / self.aspect_ratio, x, sine * self.aspect_ratio, cosine, y)

    def points(self, parameters: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """Where each output pixel looks on the input: points_xy (B, H, W, 2)."""
        return affine_points(self.theta(parameters), size_hw)


def _matrix(*entries: Tensor) -> Tensor:
    return torch.stack(entries, dim=1).view(-1, 2, 3)
