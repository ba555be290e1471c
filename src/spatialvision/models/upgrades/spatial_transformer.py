"""Upgrade `spatial_transformer`: any classifier sees its images through a spatial transformer.

Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from torch import nn

from spatialvision.models.choices import choose
from spatialvision.models.downsampling import downsampled_size
from spatialvision.models.spatially_transformed import Locator, SpatiallyTransformed, located_transformer
from spatialvision.models.transforms import TransformName, make_transform
from spatialvision.nn import FullyConnectedLocalisation, LocalisationNetwork
from spatialvision.nn.grid import Mode
from spatialvision.nn.spatial_transformer import Fill
from spatialvision.registry import register_upgrade


@register_upgrade
def spatial_transformer(
    model: nn.Module,
    in_channels: int,
    size_hw: tuple[int, int],
    localisation_channels: tuple[int, ...] = (8, 10),
    localisation_kernels: tuple[int, ...] = (7, 5),
    localisation_hidden: int = 32,
    localisation_downsample: int = 1,
    localisation: Literal["convolutional", "fully_connected"] = "convolutional",
    localisation_pools: tuple[int, ...] | None = None,
    localisation_layers: tuple[int, ...] = (32, 32),
    transform: TransformName = "affine",
    control_points: int = 4,
    fill: Fill = "mean",
    interpolation: Mode = "bilinear",
    black: Sequence[float] | None = None,
) -> SpatiallyTransformed:
    """Put a spatial transformer in front; the model starts as it was.

    Convention: the transformer's, see ``SpatialTransformer``. The model becomes ``classifier`` of the result,
    so upgrades that look into it come before this one.

    Args:
        model: images (B, in_channels, H, W) to logits; it is wrapped, not changed.
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels.
        localisation_channels: output channels of the localisation network's convolutions (convolutional).
        localisation_kernels: kernel sizes of its convolutions (convolutional).
        localisation_hidden: width of its hidden linear layer (convolutional).
        localisation_downsample: it sees the image averaged over squares of this many pixels.
        localisation: kind of the localisation network.
        localisation_pools: sizes of the max-pooling after each of its convolutions, 1 for none; null for 2
            after each (convolutional).
        localisation_layers: widths of its hidden layers (fully_connected).
        transform: the family of warps.
        control_points: of the thin-plate spline, a side.
        fill: what lies beyond the image: the mean colour, black, the border pixel, or the mirrored image.
        interpolation: between pixel centres.
        black: what black is in the images as they come in, by channel.

    Raises:
        ValueError: the images are too small, there are not as many kernel or pool sizes as channels, or an
            option has a value that is not listed.
    """
    small_hw = downsampled_size(size_hw, localisation_downsample, "localisation_downsample")
    convolutional = partial(
        LocalisationNetwork,
        channels=localisation_channels,
        kernel_sizes=localisation_kernels,
        hidden=localisation_hidden,
        pool_sizes=localisation_pools,
    )
    fully_connected = partial(FullyConnectedLocalisation, hidden=localisation_layers)
    kinds: dict[str, Callable[..., Locator]] = {
        "convolutional": convolutional,
        "fully_connected": fully_connected,
    }
    locator = choose("localisation", localisation, kinds)(in_channels, small_hw)
    warps = make_transform(transform, size_hw, control_points)
    transformer = located_transformer(locator, localisation_downsample, warps, fill, interpolation, black)
    return SpatiallyTransformed(transformer, model)
