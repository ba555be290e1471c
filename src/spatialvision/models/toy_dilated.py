"""Four dilated convolutions and a global average: a small network whose maps stay as large as the image.

Yu and Koltun, "Multi-Scale Context Aggregation by Dilated Convolutions", 2015, https://arxiv.org/abs/1511.07122
"""

from torch import Tensor, nn

from spatialvision.models.normaliser import Normaliser, build_normaliser
from spatialvision.registry import register_model

DILATIONS = (1, 2, 4, 8)


class DilatedClassifier(nn.Module):
    """3×3 convolution with growing dilation, BatchNorm, GELU, four times; global average, linear.

    Padding equals dilation, which keeps the size; the last map sees 31 × 31 pixels.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the images.
        width: channels of each map.
        normaliser: images to images of the same shape.

    Attributes:
        stages: one for each dilation.
    """

    def __init__(self, num_classes: int, in_channels: int, width: int, normaliser: nn.Module):
        super().__init__()
        self.normaliser = normaliser
        self.stages = nn.Sequential()
        for dilation in DILATIONS:
            channels = width if self.stages else in_channels
            convolution = nn.Conv2d(channels, width, 3, padding=dilation, dilation=dilation)
            self.stages.append(nn.Sequential(convolution, nn.BatchNorm2d(width), nn.GELU()))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(width, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, num_classes) of images (B, in_channels, H, W) of any size."""
        maps = self.stages(self.normaliser(images))
        return self.head(self.pool(maps).flatten(1))


@register_model
def toy_dilated(num_classes: int, in_channels: int, normaliser: Normaliser = "none") -> nn.Module:
    """Four dilated convolutions of 32 channels and a global average.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the images.
        normaliser: running statistics that normalise the images: none, one for all channels, or one for each.

    Raises:
        ValueError: the normaliser is not one of these.
    """
    return DilatedClassifier(num_classes, in_channels, 32, build_normaliser(normaliser, in_channels))
