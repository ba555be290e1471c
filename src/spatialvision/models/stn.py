"""A small convolutional classifier, with or without a spatial transformer in front of it.

Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025, in the form of
PyTorch's tutorial; with CoordConv (https://arxiv.org/abs/1807.03247) in place of either part's convolutions.
"""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from spatialvision.models.choices import choose
from spatialvision.models.downsampling import downsampled_size
from spatialvision.models.spatially_transformed import SpatiallyTransformed, located_transformer
from spatialvision.models.transforms import TransformName, make_transform
from spatialvision.nn import CoordConv2d, LocalisationNetwork
from spatialvision.nn.grid import Mode
from spatialvision.nn.localisation import Convolution, pooled_size
from spatialvision.nn.spatial_transformer import Fill
from spatialvision.registry import register_model

CONVOLUTIONS: dict[str, Convolution] = {"plain": nn.Conv2d, "coordconv": CoordConv2d}
CLASSIFIER_KERNEL = 5


class ConvolutionalClassifier(nn.Module):
    """5×5 convolution, max-pooling by 2, ReLU, for each of ``channels``; then linear, ReLU, linear.

    Dropout takes whole channels after the last convolution, and single features before the last linear.

    Args:
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels.
        num_classes: width of the logits.
        channels: output channels of each convolution.
        hidden: width of the first linear layer.
        dropout: probability of both dropouts; 0 leaves them out.
        convolution: ``nn.Conv2d``, ``CoordConv2d``, or anything called like them.
    """

    def __init__(
        self,
        in_channels: int,
        size_hw: tuple[int, int],
        num_classes: int,
        channels: Sequence[int],
        hidden: int,
        dropout: float,
        convolution: Convolution,
    ):
        super().__init__()
        height, width = pooled_size(size_hw, [CLASSIFIER_KERNEL] * len(channels))
        layers: list[nn.Module] = []
        last = in_channels
        for out_channels in channels:
            layers += [convolution(last, out_channels, CLASSIFIER_KERNEL), nn.MaxPool2d(2), nn.ReLU()]
            last = out_channels
        if dropout > 0:
            layers.insert(len(layers) - 2, nn.Dropout2d(dropout))
        self.convolutions = nn.Sequential(*layers)
        self.linear = nn.Linear(last * height * width, hidden)
        self.activation = nn.ReLU()
        self.dropout = nn.Dropout(dropout) if dropout > 0 else nn.Identity()
        self.head = nn.Linear(hidden, num_classes)
        self.size_hw = tuple(size_hw)

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Each convolution's stage ends with its activation."""
        layers = self.convolutions.named_children()
        return tuple(f"convolutions.{name}" for name, layer in layers if isinstance(layer, nn.ReLU))

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, num_classes) of images (B, in_channels, H, W).

        Raises:
            ValueError: the images have another size than the model was built for.
        """
        if images.shape[2:] != self.size_hw:
            raise ValueError(
                f"images: expected height and width {self.size_hw}, got {tuple(images.shape[2:])}"
            )
        features = self.linear(self.convolutions(images).flatten(1))
        return self.head(self.dropout(self.activation(features)))


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
    network = ConvolutionalClassifier(
        in_channels, size_hw, num_classes, channels, hidden, dropout, convolution
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
