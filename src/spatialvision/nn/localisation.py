"""The small networks that read off an image how it should be warped.

Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025 (section 3.1)
"""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from spatialvision.nn.image_size import check_size
from spatialvision.nn.linear_layers import linear_layers

#: What stands for a convolution: (in_channels, out_channels, kernel_size) to a module, as ``nn.Conv2d`` does.
Convolution = Callable[[int, int, int], nn.Module]


def pooled_size(
    size_hw: tuple[int, int], kernel_sizes: Sequence[int], pool_sizes: Sequence[int] | None = None
) -> tuple[int, int]:
    """The size left after convolutions without padding, each followed by a max-pooling.

    Args:
        size_hw: height and width of the image in pixels.
        kernel_sizes: one for each convolution.
        pool_sizes: of the pooling after each convolution; None for 2 after each.

    Returns:
        Height and width in pixels, at least 1.

    Raises:
        ValueError: the image is too small for these convolutions.
    """
    height, width = size_hw
    smallest = 1
    pools = [2] * len(kernel_sizes) if pool_sizes is None else pool_sizes
    for kernel_size, pool in zip(kernel_sizes, pools, strict=True):
        height, width = (height - kernel_size + 1) // pool, (width - kernel_size + 1) // pool
    for kernel_size, pool in zip(reversed(kernel_sizes), reversed(pools), strict=True):
        smallest = pool * smallest + kernel_size - 1
    if min(height, width) < 1:
        pooling = "2" if pool_sizes is None else " and ".join(map(str, pools))
        raise ValueError(
            f"size_hw: expected at least {smallest} × {smallest} pixels for convolutions of size "
            f"{tuple(kernel_sizes)}, each followed by a pooling by {pooling}; "
            f"got {size_hw[0]} × {size_hw[1]}. Use larger images or smaller kernels."
        )
    return height, width


class LocalisationNetwork(nn.Module):
    """Convolution, max-pooling by 2, ReLU, as often as there are channels; then linear, ReLU.

    Args:
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels; it fixes the linear layer's width.
        channels: output channels of each convolution.
        kernel_sizes: kernel size of each convolution (stride 1, no padding).
        hidden: width of the result.
        convolution: ``nn.Conv2d``, ``CoordConv2d``, or anything called like them.
        pool_sizes: of the max-pooling after each convolution, 1 for none; None for 2 after each.

    Attributes:
        features: width of the result, for ``SpatialTransformer``.

    Raises:
        ValueError: the images are too small, or there are not as many kernel or pool sizes as channels.
    """

    def __init__(
        self,
        in_channels: int,
        size_hw: tuple[int, int],
        channels: Sequence[int] = (8, 10),
        kernel_sizes: Sequence[int] = (7, 5),
        hidden: int = 32,
        convolution: Convolution = nn.Conv2d,
        pool_sizes: Sequence[int] | None = None,
    ):
        super().__init__()
        pools = [2] * len(channels) if pool_sizes is None else pool_sizes
        if len(channels) != len(kernel_sizes):
            raise ValueError(
                f"channels: expected {len(kernel_sizes)}, one per kernel size, got {len(channels)}"
            )
        if len(pools) != len(kernel_sizes) or min(pools, default=1) < 1:
            raise ValueError(
                f"pool_sizes: expected {len(kernel_sizes)} of at least 1, one per kernel size, got {tuple(pools)}"
            )
        height, width = pooled_size(size_hw, kernel_sizes, pool_sizes)
        layers: list[nn.Module] = []
        last = in_channels
        for out_channels, kernel_size, pool in zip(channels, kernel_sizes, pools, strict=True):
            pooling = nn.MaxPool2d(pool) if pool > 1 else nn.Identity()
            layers += [convolution(last, out_channels, kernel_size), pooling, nn.ReLU()]
            last = out_channels
        self.convolutions = nn.Sequential(*layers)
        self.linear = nn.Linear(last * height * width, hidden)
        self.activation = nn.ReLU()
        self.features = hidden
        self.size_hw = tuple(size_hw)

    def forward(self, images: Tensor) -> Tensor:
        """Features (B, hidden), at least 0, of images (B, in_channels, H, W).

        Raises:
            ValueError: the images have another size than the network was built for.
        """
        check_size(images, self.size_hw)
        return self.activation(self.linear(self.convolutions(images).flatten(1)))


class FullyConnectedLocalisation(nn.Module):
    """Linear layers over all pixels, each followed by a ReLU: the paper's localisation for digits.

    Args:
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels; it fixes the first layer's width.
        hidden: width of each layer; the last one's is the result's.

    Attributes:
        features: width of the result, for ``SpatialTransformer``.

    Raises:
        ValueError: ``hidden`` is empty.
    """

    def __init__(self, in_channels: int, size_hw: tuple[int, int], hidden: Sequence[int] = (32, 32)):
        super().__init__()
        if not hidden:
            raise ValueError("hidden: expected the width of at least one layer, got none")
        self.layers = linear_layers([in_channels * size_hw[0] * size_hw[1], *hidden])
        self.features = hidden[-1]
        self.size_hw = tuple(size_hw)

    def forward(self, images: Tensor) -> Tensor:
        """Features (B, hidden[-1]), at least 0, of images (B, in_channels, H, W).

        Raises:
            ValueError: the images have another size than the network was built for.
        """
        check_size(images, self.size_hw)
        return self.layers(images.flatten(1))
