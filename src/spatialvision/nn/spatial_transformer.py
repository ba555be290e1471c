"""The spatial transformer: a network that looks at an image, decides where to look, and looks there.

Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025
"""

from collections.abc import Sequence
from typing import Literal, Protocol, get_args

import torch
from torch import Tensor, nn

from spatialvision.nn.affine import AffineTransform
from spatialvision.nn.grid import Mode, Padding, sample
from spatialvision.nn.precision import full_precision

Fill = Literal["mean", "black", "border", "reflection"]
PADDINGS: dict[Fill, Padding] = {
    "mean": "zeros",
    "black": "zeros",
    "border": "border",
    "reflection": "reflection",
}


class Transform(Protocol):
    """A family of maps from output points to input points, its members chosen by numbers."""

    num_parameters: int
    degrees_of_freedom: int

    def identity(self) -> Tensor:
        """The parameters (num_parameters,) that change nothing."""

    def theta(self, parameters: Tensor) -> Tensor:
        """The parameters (B, num_parameters) in the form people read, such as matrices; float32 at least."""

    def points(self, parameters: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """Where each output pixel looks on the input: points_xy (B, H, W, 2)."""


class SpatialTransformer(nn.Module):
    """Warps each image by a transform that a localisation network chooses for it.

    Convention: the transform maps output to input points in normalised (x, y), see ``nn/grid.py``; the output
    has the input's size. It starts at the identity: the head's weights are 0 and its bias holds the identity
    parameters. The head, the points and the sampling are float32, also under autocast. Not promised: that the
    warped image still shows the object.

    Args:
        localisation: images (B, C, H, W) to features (B, ``features``).
        features: width of the localisation network's output.
        transform: the family of maps; None for ``AffineTransform()``.
        fill: what lies beyond the image. "mean": zeros of the image as it comes in, which is the mean colour once
            the image is normalised; a network can learn to look past the edge to dim what it sees. "black": the
            value ``black``. "border": the nearest pixel. "reflection": the mirrored image.
        interpolation: between pixel centres.
        black: what black is in the images as they come in, by channel: −mean / std if they are normalised.

    Raises:
        ValueError: an unknown fill, or "black" without the value.
    """

    transform: Transform
    black: Tensor

    def __init__(
        self,
        localisation: nn.Module,
        features: int,
        transform: Transform | None = None,
        fill: Fill = "mean",
        interpolation: Mode = "bilinear",
        black: Sequence[float] | None = None,
    ):
        super().__init__()
        if fill not in PADDINGS:
            raise ValueError(f"fill: expected one of {', '.join(PADDINGS)}, got {fill!r}")
        if interpolation not in get_args(Mode):
            expected = ", ".join(get_args(Mode))
            raise ValueError(f"interpolation: expected one of {expected}, got {interpolation!r}")
        if fill == "black":
            if black is None:
                raise ValueError("fill 'black' needs black: its value in each channel, −mean / std")
            self.register_buffer("black", torch.tensor(black, dtype=torch.float32).view(-1, 1, 1))
        self.fill = fill
        self.interpolation = interpolation
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
        """The transform chosen for each image, in its readable form: (B, 2, 3) for affine ones, (B, 3, 3) for
        homographies, (B, k², 2) for splines."""
        return self.transform.theta(self.transform_parameters(images))

    def points(self, images: Tensor) -> Tensor:
        """Where each output pixel looks on the input: points_xy (B, H, W, 2)."""
        return self.transform.points(self.transform_parameters(images), (images.shape[2], images.shape[3]))

    def warp(self, images: Tensor, points_xy: Tensor) -> Tensor:
        """The images' values at the points, and the fill beyond the images: (B, C, H', W'), float32.

        Raises:
            ValueError: ``black`` has not as many values as the images have channels.
        """
        padding = PADDINGS[self.fill]
        if self.fill != "black":
            return sample(images, points_xy, mode=self.interpolation, padding=padding)
        if images.shape[1] != self.black.shape[0]:
            raise ValueError(
                f"black: expected {images.shape[1]} values, one a channel, got {self.black.shape[0]}"
            )
        # Zero beyond the edge is black where black is 0; at the edge both mix as they should.
        return sample(images - self.black, points_xy, mode=self.interpolation, padding=padding) + self.black

    def forward(self, images: Tensor) -> Tensor:
        """The warped images, (B, C, H, W) as they came, float32."""
        return self.warp(images, self.points(images))
