"""A classifier behind a spatial transformer, and the transformer that small images need.

Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025 (section 3.1)
"""

from collections.abc import Sequence

from torch import Tensor, nn

from spatialvision.nn import FullyConnectedLocalisation, LocalisationNetwork, SpatialTransformer, Transform
from spatialvision.nn.grid import Mode
from spatialvision.nn.spatial_transformer import Fill

Locator = LocalisationNetwork | FullyConnectedLocalisation


class SpatiallyTransformed(nn.Module):
    """A classifier that sees its images through a spatial transformer.

    Convention: the transformer's, see ``SpatialTransformer``. It starts as the classifier alone.

    Args:
        transformer: warps images (B, C, H, W), keeping their shape.
        classifier: images (B, C, H, W) to logits (B, num_classes).
    """

    def __init__(self, transformer: SpatialTransformer, classifier: nn.Module):
        super().__init__()
        self.transformer = transformer
        self.classifier = classifier

    def theta(self, images: Tensor) -> Tensor:
        """The transform chosen for each image, see ``SpatialTransformer.theta``."""
        return self.transformer.theta(images)

    def points(self, images: Tensor) -> Tensor:
        """Where each output pixel looks on the input: points_xy (B, H, W, 2)."""
        return self.transformer.points(images)

    def warp(self, images: Tensor, points_xy: Tensor) -> Tensor:
        """What the classifier sees at these points: (B, C, H, W)."""
        return self.transformer.warp(images, points_xy)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, num_classes) of images (B, C, H, W)."""
        return self.classifier(self.transformer(images))


def located_transformer(
    locator: Locator,
    downsample: int,
    transform: Transform,
    fill: Fill = "mean",
    interpolation: Mode = "bilinear",
    black: Sequence[float] | None = None,
) -> SpatialTransformer:
    """A spatial transformer with this localisation network, built for images ``downsample`` times smaller.

    Args:
        locator: images (B, C, H // downsample, W // downsample) to features.
        downsample: it sees the image averaged over squares of this many pixels.
        transform: the family of warps.
        fill, interpolation, black: see ``SpatialTransformer``.
    """
    seen = locator if downsample == 1 else nn.Sequential(nn.AvgPool2d(downsample), locator)
    return SpatialTransformer(seen, locator.features, transform, fill, interpolation, black)
