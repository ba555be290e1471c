"""A small classifier of which every layer turns with its images, so that its answer does not.

Weiler & Cesa, "General E(2)-Equivariant Steerable CNNs", 2019, https://arxiv.org/abs/1911.08251, in the size of
the networks of Jaderberg et al. 2015, https://arxiv.org/abs/1506.02025 (section 4.1).
"""

import torch.nn.functional as F
from torch import Tensor, nn

from spatialvision.models.steerable_conv import ROTATIONS, SteerableConv2d
from spatialvision.registry import register_model

KERNELS = (9, 7, 3)


class RotationEquivariantClassifier(nn.Module):
    """9×9 and 7×7 steerable convolution, each with ReLU and max-pooling by 2; one of 3×3, padded; linear.

    The third convolution is what a hidden linear layer is to ordinary networks. Before the last layer each of its
    fields is reduced to the largest value of all rotations and places.

    Convention: logits do not change, up to rounding, as square images of any size are turned by multiples of
    90 degrees; nor do those of other images by 180 degrees. By 45 degrees they change as far as the pixels do.
    So the model cannot tell a 6 from a 9 by how it stands.

    Args:
        in_channels: channels of the images.
        num_classes: width of the logits.
        channels: fields of 8 channels of the first two convolutions.
        hidden: fields of the third.

    Raises:
        RecipeError: e2cnn is not installed.
    """

    stage_names = ("first", "second", "third")

    def __init__(self, in_channels: int, num_classes: int, channels: tuple[int, int], hidden: int):
        super().__init__()
        self.first = SteerableConv2d(in_channels, channels[0], KERNELS[0], of_images=True)
        self.second = SteerableConv2d(channels[0], channels[1], KERNELS[1])
        self.third = SteerableConv2d(channels[1], hidden, KERNELS[2], padding=KERNELS[2] // 2)
        self.head = nn.Linear(hidden, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, num_classes) of images (B, in_channels, H, W)."""
        maps = symmetric_max_pool(self.first(images).relu())
        maps = symmetric_max_pool(self.second(maps).relu())
        fields = self.third(maps).relu().unflatten(1, (-1, ROTATIONS))
        return self.head(fields.amax(dim=(2, 3, 4)))


def symmetric_max_pool(maps: Tensor) -> Tensor:
    """Halve maps (B, C, H, W), rounding down, in a way that turning the map turns the result.

    Squares of 2 pixels tile an even side. On an odd one they would leave out the last row: squares of 3 overlap
    by one pixel instead.
    """
    sizes = [2 + side % 2 for side in maps.shape[2:]]
    return F.max_pool2d(maps, sizes, stride=2)


@register_model
def rotation_equivariant(
    num_classes: int,
    in_channels: int,
    size_hw: tuple[int, int],
    channels: tuple[int, int] = (16, 32),
    hidden: int = 208,
) -> nn.Module:
    """Two large steerable convolutions whose answer does not change as the image is turned.

    It needs the extra ``equivariant``: pip install 'spatialvision[equivariant]'.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels, each at least 24.
        channels: fields of the 9×9 and the 7×7 convolution, each of 8 channels, one a rotation.
        hidden: fields of the third convolution, the last linear layer's width.

    Raises:
        RecipeError: e2cnn is not installed.
        ValueError: the images are too small.
    """
    smallest = KERNELS[0] - 1 + 2 * (KERNELS[1] - 1 + 2)
    if min(size_hw) < smallest:
        raise ValueError(f"size_hw: expected at least {smallest} pixels each, got {tuple(size_hw)}")
    return RotationEquivariantClassifier(in_channels, num_classes, channels, hidden)
