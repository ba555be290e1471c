"""The small network that reads off an image how it should be warped.

Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025 (section 3.1)
"""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

#: What stands for a convolution: (in_channels, out_channels, kernel_size) to a module, as ``nn.Conv2d`` does.
Convolution = Callable[[int, int, int], nn.Module]


def pooled_size(size_hw: tuple[int, int], kernel_sizes: Sequence[int]) -> tuple[int, int]:
    """The size left after convolutions without padding, each followed by a max-pooling by 2.

    Args:
        size_hw: height and width of the image in pixels.
        kernel_sizes: one for each convolution.

    Returns:
        Height and width in pixels, at least 1.

    Raises:
        ValueError: the image is too small for these convolutions.
    """
    height, width = size_hw
    smallest = 1
    for kernel_size in kernel_sizes:
        height, width = (height - kernel_size + 1) // 2, (width - kernel_size + 1) // 2
    for kernel_size in reversed(kernel_sizes):
        smallest = 2 * smallest + kernel_size - 1
    if min(height, width) < 1:
        raise ValueError(
            f"size_hw: expected at least {smallest} × {smallest} pixels for convolutions of size "
            f"{tuple(kernel_sizes)}, each followed by a pooling by 2; got {size_hw[0]} × {size_hw[1]}. "
            f"Use larger images or smaller kernels."
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

    Attributes:
        features: width of the result, for ``SpatialTransformer``.

    Raises:
        ValueError: the images are too small, or there are not as many kernel sizes as channels.
    """

    def __init__(
        self,
        in_channels: int,
        size_hw: tuple[int, int],
        channels: Sequence[int] = (8, 10),
        kernel_sizes: Sequence[int] = (7, 5),
        hidden: int = 32,
        convolution: Convolution = nn.Conv2d,
    ):
        super().__init__()
        if len(channels) != len(kernel_sizes):
            raise ValueError(
                f"channels: expected {len(kernel_sizes)}, one per kernel size, got {len(channels)}"
            )
        height, width = pooled_size(size_hw, kernel_sizes)
        layers: list[nn.Module] = []
        last = in_channels
        for out_channels, kernel_size in zip(channels, kernel_sizes, strict=True):
            layers += [convolution(last, out_channels, kernel_size), nn.MaxPool2d(2), nn.ReLU()]
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
        if images.shape[2:] != self.size_hw:
            raise ValueError(
                f"images: expected height and width {self.size_hw}, got {tuple(images.shape[2:])}"
            )
        return self.activation(self.linear(self.convolutions(images).flatten(1)))
