"""A small convolutional classifier, with or without a spatial transformer in front of it.

Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025, in the form of
PyTorch's tutorial; with CoordConv (https://arxiv.org/abs/1807.03247) in place of either part's convolutions.
"""

from collections.abc import Sequence
from typing import Literal

from torch import nn

from spatialvision.models.choices import choose
from spatialvision.models.convolutional_classifier import CONVOLUTIONS, ConvolutionalClassifier
from spatialvision.models.downsampling import downsampled_size
from spatialvision.models.spatially_transformed import SpatiallyTransformed, located_transformer
from spatialvision.models.transforms import TransformName, make_transform
from spatialvision.nn import LocalisationNetwork
from spatialvision.nn.grid import Mode
from spatialvision.nn.spatial_transformer import Fill
from spatialvision.registry import register_model

KERNEL_SIZE = 5


@register_model
def stn_cnn(
    num_classes: int,
    in_channels: int,
    size_hw: tuple[int, int],
    channels: tuple[int, ...] = (10, 20),
    hidden: int = 50,
    dropout: float = 0.5,
    classifier: Literal["plain", "coordconv"] = "plain",
    localisation: Literal["none", "plain", "coordconv"] = "plain",
    localisation_channels: tuple[int, int] = (8, 10),
    localisation_kernels: tuple[int, int] = (7, 5),
    localisation_hidden: int = 32,
    localisation_downsample: int = 1,
    transform: TransformName = "affine",
    control_points: int = 4,
    fill: Fill = "mean",
    interpolation: Mode = "bilinear",
    black: Sequence[float] | None = None,
) -> nn.Module:
    """A small convolutional classifier behind a spatial transformer.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels.
        channels: output channels of the classifier's 5×5 convolutions.
        hidden: width of the classifier's hidden linear layer.
        dropout: probability of the classifier's two dropouts; 0 leaves them out.
        classifier: kind of the classifier's convolutions.
        localisation: kind of the localisation network's convolutions; "none" for no transformer at all.
        localisation_channels: output channels of its two convolutions.
        localisation_kernels: kernel sizes of its two convolutions.
        localisation_hidden: width of its hidden linear layer.
        localisation_downsample: it sees the image averaged over squares of this many pixels.
        transform: the family of warps.
        control_points: of the thin-plate spline, a side.
        fill: what lies beyond the image: the mean colour, black, the border pixel, or the mirrored image.
        interpolation: of the transformer, between pixel centres.
        black: what black is in the images as they come in, by channel.

    Returns:
        ``SpatiallyTransformed``, or the plain classifier when ``localisation`` is "none".

    Raises:
        ValueError: the images are too small, or an option has a value that is not listed.
    """
    convolution = choose("classifier", classifier, CONVOLUTIONS)
    localisation_convolution = choose("localisation", localisation, {"none": None, **CONVOLUTIONS})
    kernel_sizes, paddings = [KERNEL_SIZE] * len(channels), [0] * len(channels)
    network = ConvolutionalClassifier(
        in_channels, size_hw, num_classes, channels, kernel_sizes, paddings, hidden, convolution, dropout
    )
    if localisation_convolution is None:
        return network
    small_hw = downsampled_size(size_hw, localisation_downsample, "localisation_downsample")
    locator = LocalisationNetwork(
        in_channels,
        small_hw,
        localisation_channels,
        localisation_kernels,
        localisation_hidden,
        localisation_convolution,
    )
    warps = make_transform(transform, size_hw, control_points)
    transformer = located_transformer(locator, localisation_downsample, warps, fill, interpolation, black)
    return SpatiallyTransformed(transformer, network)
