"""A fully connected classifier: no idea of space at all, the control for those that have one.

The "FCN" of Jaderberg et al., "Spatial Transformer Networks", 2015, https://arxiv.org/abs/1506.02025
(section 4.1, appendix A).
"""

from collections.abc import Sequence

from torch import Tensor, nn

from spatialvision.models.downsampling import downsampled_size, downsampling
from spatialvision.nn.image_size import check_size
from spatialvision.nn.linear_layers import linear_layers
from spatialvision.registry import register_model


class MultilayerPerceptron(nn.Module):
    """Linear and ReLU for each of ``hidden``, over all pixels; then linear.

    Args:
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels.
        num_classes: width of the logits.
        hidden: width of each hidden layer.
        downsample: the images are averaged over squares of this many pixels first.
    """

    def __init__(
        self,
        in_channels: int,
        size_hw: tuple[int, int],
        num_classes: int,
        hidden: Sequence[int],
        downsample: int = 1,
    ):
        super().__init__()
        height, width = downsampled_size(size_hw, downsample)
        widths = [in_channels * height * width, *hidden]
        self.downsampling = downsampling(downsample)
        self.layers = linear_layers(widths)
        self.head = nn.Linear(widths[-1], num_classes)
        self.size_hw = tuple(size_hw)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, num_classes) of images (B, in_channels, H, W).

        Raises:
            ValueError: the images have another size than the model was built for.
        """
        check_size(images, self.size_hw)
        return self.head(self.layers(self.downsampling(images).flatten(1)))


@register_model
def multilayer_perceptron(
    num_classes: int,
    in_channels: int,
    size_hw: tuple[int, int],
    hidden: tuple[int, ...] = (349, 349),
    downsample: int = 1,
) -> MultilayerPerceptron:
    """Linear layers over all pixels, with ReLU; the default has 400,000 parameters on 28×28 digits.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels.
        hidden: width of each hidden layer.
        downsample: the images are averaged over squares of this many pixels first.

    Raises:
        ValueError: ``downsample`` is below 1, or leaves no pixel.
    """
    return MultilayerPerceptron(in_channels, size_hw, num_classes, hidden, downsample)
