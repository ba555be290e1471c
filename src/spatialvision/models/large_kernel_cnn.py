"""A convolutional classifier with few, large kernels.

The "CNN" of Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025
(section 4.1, appendix A); with CoordConv (https://arxiv.org/abs/1807.03247) in place of its convolutions.
"""

from typing import Literal

from spatialvision.models.choices import choose
from spatialvision.models.convolutional_classifier import CONVOLUTIONS, ConvolutionalClassifier
from spatialvision.registry import register_model


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
) -> ConvolutionalClassifier:
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
    return ConvolutionalClassifier(
        in_channels,
        size_hw,
        num_classes,
        channels,
        kernel_sizes,
        paddings,
        hidden,
        choose("convolution", convolution, CONVOLUTIONS),
        downsample=downsample,
    )
