"""A classifier behind a spatial transformer, and the transformer that small images need.

Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025 (section 3.1)
"""

from collections.abc import Sequence

from torch import Tensor, nn

from spatialvision.nn import LocalisationNetwork, SpatialTransformer, Transform
from spatialvision.nn.localisation import Convolution


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
        """The transform chosen for each image: (B, 2, 3) for affine ones."""
        return self.transformer.theta(images)

    def points(self, images: Tensor) -> Tensor:
        """Where each output pixel looks on the input: points_xy (B, H, W, 2)."""
        return self.transformer.points(images)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, num_classes) of images (B, C, H, W)."""
        return self.classifier(self.transformer(images))


def localised_transformer(
    in_channels: int,
    size_hw: tuple[int, int],
    channels: Sequence[int],
    kernel_sizes: Sequence[int],
    hidden: int,
    downsample: int,
    convolution: Convolution = nn.Conv2d,
    transform: Transform | None = None,
) -> SpatialTransformer:
    """A spatial transformer with a ``LocalisationNetwork``, which may look at smaller images.

    Args:
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels.
        channels: output channels of each of its convolutions.
        kernel_sizes: kernel size of each of its convolutions.
        hidden: width of its hidden linear layer.
        downsample: it sees the image averaged over squares of this many pixels.
        convolution: ``nn.Conv2d``, ``CoordConv2d``, or anything called like them.
        transform: the family of warps; None for the affine one.

    Raises:
        ValueError: the images are too small, or there are not as many kernel sizes as channels.
    """
    if downsample < 1:
        raise ValueError(f"localisation_downsample: expected at least 1, got {downsample}")
    small_hw = (size_hw[0] // downsample, size_hw[1] // downsample)
    locator = LocalisationNetwork(in_channels, small_hw, channels, kernel_sizes, hidden, convolution)
    seen = locator if downsample == 1 else nn.Sequential(nn.AvgPool2d(downsample), locator)
    return SpatialTransformer(seen, locator.features, transform)
