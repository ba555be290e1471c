"""A convolutional classifier with few, large kernels.

The "CNN" of Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025
(section 4.1, appendix A); with CoordConv (https://arxiv.org/abs/1807.03247) in place of its convolutions.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from torch import Tensor, nn

from spatialvision.models.choices import choose
from spatialvision.models.downsampling import downsampled_size, downsampling
from spatialvision.nn import CoordConv2d
from spatialvision.nn.localisation import pooled_size
from spatialvision.registry import register_model

CONVOLUTIONS: dict[str, Callable[..., nn.Module]] = {"plain": nn.Conv2d, "coordconv": CoordConv2d}


class LargeKernelClassifier(nn.Module):
    """Convolution, max-pooling by 2, ReLU, for each of ``channels``; then linear, ReLU, linear.

    Args:
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels.
        num_classes: width of the logits.
        channels: output channels of each convolution.
        kernel_sizes: kernel size of each convolution (stride 1).
        paddings: zeros on each side of each convolution's input, in pixels.
        hidden: width of the first linear layer.
        convolution: ``nn.Conv2d``, ``CoordConv2d``, or anything called like them.
        downsample: the images are averaged over squares of this many pixels first.
    """

    def __init__(
        self,
        in_channels: int,
        size_hw: tuple[int, int],
        num_classes: int,
        channels: Sequence[int],
        kernel_sizes: Sequence[int],
        paddings: Sequence[int],
        hidden: int,
        convolution: Callable[..., nn.Module] = nn.Conv2d,
        downsample: int = 1,
    ):
        super().__init__()
        if not len(channels) == len(kernel_sizes) == len(paddings):
            raise ValueError(
                "channels, kernel_sizes and paddings: expected as many of each, got "
                f"{len(channels)}, {len(kernel_sizes)} and {len(paddings)}"
            )
        layers: list[nn.Module] = []
        last = in_channels
        for out_channels, kernel_size, padding in zip(channels, kernel_sizes, paddings, strict=True):
            layers += [convolution(last, out_channels, kernel_size, padding=padding)]
            layers += [nn.MaxPool2d(2), nn.ReLU()]
            last = out_channels
        # A padded convolution takes off what one with a smaller kernel takes off without padding.
        shrinking = [kernel - 2 * padding for kernel, padding in zip(kernel_sizes, paddings, strict=True)]
        height, width = pooled_size(downsampled_size(size_hw, downsample), shrinking)
        self.downsampling = downsampling(downsample)
        self.convolutions = nn.Sequential(*layers)
        self.linear = nn.Linear(last * height * width, hidden)
        self.activation = nn.ReLU()
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
        maps = self.convolutions(self.downsampling(images))
        return self.head(self.activation(self.linear(maps.flatten(1))))


@register_model
def large_kernel_cnn(
    num_classes: int,
    in_channels: int,
    size_hw: tuple[int, int],
    channels: tuple[int, ...] = (32, 64),
    kernel_sizes: tuple[int, ...] = (9, 7),
    paddings: tuple[int, ...] = (0, 0),
    hidden: int = 1112,
    convolution: Literal["plain", "coordconv"] = "plain",
    downsample: int = 1,
) -> LargeKernelClassifier:
    """Convolutions of 9×9 and 7×7 pixels; the default has 400,000 parameters on 28×28 digits.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels.
        channels: output channels of each convolution.
        kernel_sizes: kernel size of each convolution.
        paddings: zeros on each side of each convolution's input, in pixels.
        hidden: width of the hidden linear layer.
        convolution: kind of the convolutions.
        downsample: the images are averaged over squares of this many pixels first.

    Raises:
        ValueError: the images are too small, or an option has a value that is not listed.
    """
    return LargeKernelClassifier(
        in_channels,
        size_hw,
        num_classes,
        channels,
        kernel_sizes,
        paddings,
        hidden,
        choose("convolution", convolution, CONVOLUTIONS),
        downsample,
    )
