"""The plain convolutional classifier of the digits of spatial transformers, with small kernels or with large ones.

Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025 (section 4.1, appendix A),
and PyTorch's tutorial of it; with CoordConv (https://arxiv.org/abs/1807.03247) in place of its convolutions.
"""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from spatialvision.models.downsampling import downsampled_size, downsampling
from spatialvision.nn import CoordConv2d
from spatialvision.nn.image_size import check_size
from spatialvision.nn.localisation import pooled_size

CONVOLUTIONS: dict[str, Callable[..., nn.Module]] = {"plain": nn.Conv2d, "coordconv": CoordConv2d}


class ConvolutionalClassifier(nn.Module):
    """Convolution, max-pooling by 2, ReLU, for each of ``channels``; then linear, ReLU, linear.

    Dropout takes whole channels after the last convolution, and single features before the last linear.

    Args:
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels.
        num_classes: width of the logits.
        channels: output channels of each convolution.
        kernel_sizes: kernel size of each convolution (stride 1).
        paddings: zeros on each side of each convolution's input, in pixels.
        hidden: width of the first linear layer.
        convolution: ``nn.Conv2d``, ``CoordConv2d``, or anything called like them.
        dropout: probability of both dropouts; 0 leaves them out.
        downsample: the images are averaged over squares of this many pixels first.

    Raises:
        ValueError: the images are too small, or there are not as many kernel sizes or paddings as channels.
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
        dropout: float = 0.0,
        downsample: int = 1,
    ):
        super().__init__()
        if not len(channels) == len(kernel_sizes) == len(paddings):
            raise ValueError(
                "channels, kernel_sizes and paddings: expected as many of each, got "
                f"{len(channels)}, {len(kernel_sizes)} and {len(paddings)}"
            )
        # A padded convolution takes off what one with a smaller kernel takes off without padding.
        shrinking = [kernel - 2 * padding for kernel, padding in zip(kernel_sizes, paddings, strict=True)]
        height, width = pooled_size(downsampled_size(size_hw, downsample), shrinking)
        layers: list[nn.Module] = []
        last = in_channels
        for out_channels, kernel_size, padding in zip(channels, kernel_sizes, paddings, strict=True):
            layers += [convolution(last, out_channels, kernel_size, padding=padding)]
            layers += [nn.MaxPool2d(2), nn.ReLU()]
            last = out_channels
        if dropout > 0:
            layers.insert(len(layers) - 2, nn.Dropout2d(dropout))
        self.downsampling = downsampling(downsample)
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
        check_size(images, self.size_hw)
        features = self.linear(self.convolutions(self.downsampling(images)).flatten(1))
        return self.head(self.dropout(self.activation(features)))
