"""Upgrade `spatial_transformer`: any classifier sees its images through a spatial transformer.

Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025
"""

from torch import nn

from spatialvision.models.spatially_transformed import SpatiallyTransformed, localised_transformer
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
) -> SpatiallyTransformed:
    """Put an affine spatial transformer in front; the model starts as it was.

    Convention: the transformer's, see ``SpatialTransformer``. The model becomes ``classifier`` of the result,
    so upgrades that look into it come before this one.

    Args:
        model: images (B, in_channels, H, W) to logits; it is wrapped, not changed.
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels.
        localisation_channels: output channels of the localisation network's convolutions.
        localisation_kernels: kernel sizes of its convolutions.
        localisation_hidden: width of its hidden linear layer.
        localisation_downsample: it sees the image averaged over squares of this many pixels.

    Raises:
        ValueError: the images are too small, or there are not as many kernel sizes as channels.
    """
    transformer = localised_transformer(
        in_channels,
        size_hw,
        localisation_channels,
        localisation_kernels,
        localisation_hidden,
        localisation_downsample,
    )
    return SpatiallyTransformed(transformer, model)
