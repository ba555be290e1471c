"""EfficientNet:n, wider and deeper with its level n; every depthwise convolution is 3×3.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019,
https://arxiv.org/abs/1905.11946 (sections 3 and 4)
"""

import math
from typing import NamedTuple

from torch import Tensor, nn

from spatialvision.models.inverted_bottleneck import Excitation, InvertedBottleneck, Swish
from spatialvision.nn import SqueezeExcitation
from spatialvision.nn.normalised_conv import NormalisedConv2d
from spatialvision.registry import register_model

WIDTH_FACTORS = (1.0, 1.0, 1.1, 1.2, 1.4, 1.6, 1.8, 2.0)
DEPTH_FACTORS = (1.0, 1.1, 1.2, 1.4, 1.8, 2.2, 2.6, 3.1)
LEVELS = range(len(WIDTH_FACTORS))
STEM_WIDTH = 32
HEAD_WIDTH = 1280


class Stage(NamedTuple):
    """Blocks in a row; the stride is the first one's."""

    width: int
    repeats: int
    stride: int
    expansion: int


STAGES = (
    Stage(16, 1, 1, 1),
    Stage(24, 2, 2, 6),
    Stage(40, 2, 2, 6),
    Stage(80, 3, 2, 6),
    Stage(112, 3, 1, 6),
    Stage(192, 4, 2, 6),
    Stage(320, 1, 1, 6),
)


def scaled_width(width: int, factor: float) -> int:
    """The multiple of 8 below width · factor + 4, not under the width, and 8 more if that lost over 10 %."""
    scaled = max(width, int(width * factor + 4) // 8 * 8)
    return scaled + 8 if scaled < 0.9 * width * factor else scaled


def scaled_stages(level: int) -> list[Stage]:
    """The stages of one level, their repeats rounded up."""
    widths, depths = WIDTH_FACTORS[level], DEPTH_FACTORS[level]
    return [
        stage._replace(width=scaled_width(stage.width, widths), repeats=math.ceil(stage.repeats * depths))
        for stage in STAGES
    ]


def stem_size(size_hw: tuple[int, int]) -> tuple[int, int]:
    """The size (height, width) of the stem's map: of the image and a border of one pixel, every second pixel.

    Raises:
        ValueError: the image is so small that nothing but the border is left.
    """
    if min(size_hw) < 2:
        raise ValueError(f"size_hw: expected at least 2 × 2 pixels, got {size_hw[0]} × {size_hw[1]}")
    return (size_hw[0] + 3) // 2, (size_hw[1] + 3) // 2


class EfficientNet(nn.Module):
    """Stem, seven stages of inverted bottlenecks, head.

    Convention: the stem is a 1×1 convolution of stride 2 over the image padded by one pixel, so it reads the
    image's odd rows and columns, counted from 0; 224 pixels become 113, and 113, 57, 29, 15, 15, 8, 8 after
    the stages.

    Args:
        level: 0 to 7; the higher, the wider and deeper.
        num_classes: width of the logits.
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels, for excitations that depend on it.
        excitation: what weights the maps in every block.

    Attributes:
        stages: the seven stages.

    Raises:
        ValueError: there is no such level, or the images are too small.
    """

    def __init__(
        self,
        level: int,
        num_classes: int,
        in_channels: int,
        size_hw: tuple[int, int],
        excitation: Excitation,
    ):
        super().__init__()
        if level not in LEVELS:
            raise ValueError(f"level: expected {LEVELS[0]} to {LEVELS[-1]}, got {level}")
        height, width = stem_size(size_hw)
        channels = scaled_width(STEM_WIDTH, WIDTH_FACTORS[level])
        self.stem = nn.Sequential(NormalisedConv2d(in_channels, channels, 1, stride=2, padding=1), Swish())
        self.stages = nn.Sequential()
        for stage in scaled_stages(level):
            if stage.stride == 2:
                height, width = (height + 1) // 2, (width + 1) // 2
            self.stages.append(_blocks(channels, stage, (height, width), excitation))
            channels = stage.width
        self.head = nn.Sequential(NormalisedConv2d(channels, HEAD_WIDTH, 1), Swish())
        self.classifier = nn.Linear(HEAD_WIDTH, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, num_classes) of images (B, in_channels, H, W)."""
        features = self.head(self.stages(self.stem(images)))
        return self.classifier(features.mean((2, 3)))


def _blocks(channels: int, stage: Stage, size_hw: tuple[int, int], excitation: Excitation) -> nn.Sequential:
    blocks = nn.Sequential()
    for number in range(stage.repeats):
        stride = stage.stride if number == 0 else 1
        blocks.append(InvertedBottleneck(channels, stage.width, stride, stage.expansion, size_hw, excitation))
        channels = stage.width
    return blocks


def _squeeze_excitation(channels: int, hidden: int, size_hw: tuple[int, int]) -> SqueezeExcitation:
    return SqueezeExcitation(channels, hidden)  # maps of any size


def _register(level: int) -> None:
    def build(num_classes: int, in_channels: int, size_hw: tuple[int, int] = (224, 224)) -> EfficientNet:
        return EfficientNet(level, num_classes, in_channels, size_hw, _squeeze_excitation)

    build.__name__ = build.__qualname__ = f"efficientnet_{level}"
    build.__doc__ = f"""EfficientNet:{level}, for images of any size.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels; only checked to be large enough.

    Raises:
        ValueError: the images are too small.
    """
    register_model(build)


for _level in LEVELS:
    _register(_level)
