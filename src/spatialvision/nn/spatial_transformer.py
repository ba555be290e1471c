"""The spatial transformer: a network that looks at an image, decides where to look, and looks there.

Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025
"""

from typing import Protocol

import torch
from torch import Tensor, nn

from spatialvision.nn.affine import AffineTransform
from spatialvision.nn.grid import sample
from spatialvision.nn.precision import full_precision


class Transform(Protocol):
    """A family of maps from output points to input points, its members chosen by numbers."""

    num_parameters: int

    def identity(self) -> Tensor:
        """The parameters (num_parameters,) that change nothing."""

    def theta(self, parameters: Tensor) -> Tensor:
        """The parameters (B, num_parameters) in the form people read, such as matrices."""

    def points(self, parameters: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """Where each output pixel looks on the input: points_xy (B, H, W, 2)."""


class SpatialTransformer(nn.Module):
    """Warps each image by a transform that a localisation network chooses for it.

    Convention: the transform maps output to input points in normalised (x, y), see ``nn/grid.py``; the output
    has the input's size. It starts at the identity: the head's weights are 0 and its bias holds the identity
    parameters. Beyond the image lie zeros (of the image as it comes in: the mean colour, once normalised).
    The head, the points and the sampling are float32, also under autocast. Not promised: that the warped
    image still shows the object.

    Args:
        localisation: images (B, C, H, W) to features (B, ``features``).
        features: width of the localisation network's output.
        transform: the family of maps; None for ``AffineTransform()``.
    """

    transform: Transform

    def __init__(self, localisation: nn.Module, features: int, transform: Transform | None = None):
        super().__init__()
        self.localisation = localisation
        self.transform = AffineTransform() if transform is None else transform
        self.head = nn.Linear(features, self.transform.num_parameters)
        with torch.no_grad():
            self.head.weight.zero_()
            self.head.bias.copy_(self.transform.identity())

    def transform_parameters(self, images: Tensor) -> Tensor:
        """The transform's parameters (B, num_parameters) for images (B, C, H, W)."""
        features = self.localisation(images)
        with full_precision(images.device):
            return self.head(features.to(self.head.weight.dtype))

    def theta(self, images: Tensor) -> Tensor:
        """The transform chosen for each image, in its readable form: (B, 2, 3) for the affine one."""
        return self.transform.theta(self.transform_parameters(images))

    def points(self, images: Tensor) -> Tensor:
        """Where each output pixel looks on the input: points_xy (B, H, W, 2)."""
        return self.transform.points(self.transform_parameters(images), (images.shape[2], images.shape[3]))

    def forward(self, images: Tensor) -> Tensor:
        """The warped images, (B, C, H, W) as they came, float32."""
        return sample(images, self.points(images))
