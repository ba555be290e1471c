"""The block that EfficientNet and SpatialNet are made of.

Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018,
https://arxiv.org/abs/1801.04381 (section 3)
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spatialvision.nn.normalised_conv import NormalisedConv2d

REDUCTION = 24

#: What stands for a block's excitation: (channels, hidden, size_hw) to a module that keeps its input's shape.
Excitation = Callable[[int, int, tuple[int, int]], nn.Module]


class Swish(nn.Module):
    """x · sigmoid(x), in place where no gradient is recorded: only for results that nobody else holds."""

    def forward(self, features: Tensor) -> Tensor:
        """The activation of features of any shape."""
        return F.silu(features, inplace=not torch.is_grad_enabled())


class InvertedBottleneck(nn.Module):
    """1×1 expansion, 3×3 depthwise convolution, excitation, 1×1 projection; plus the input where shapes allow.

    Each convolution is normalised; a swish follows the first two, nothing the projection.

    Args:
        in_channels: channels of the features.
        out_channels: channels of the result.
        stride: of the depthwise convolution, 1 or 2.
        expansion: the depthwise convolution has so many times ``in_channels``; 1 leaves the expansion out.
        size_hw: height and width of the depthwise convolution's result in pixels, for the excitation.
        excitation: what weights that result; its hidden width is a 24th of the channels, at least 1.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        expansion: int,
        size_hw: tuple[int, int],
        excitation: Excitation,
    ):
        super().__init__()
        width = in_channels * expansion
        depthwise = NormalisedConv2d(width, width, 3, stride=stride, padding=1, groups=width)
        self.expand = nn.Sequential()
        if expansion > 1:
            self.expand = nn.Sequential(NormalisedConv2d(in_channels, width, 1), Swish())
        self.depthwise = nn.Sequential(depthwise, Swish())
        self.excitation = excitation(width, max(1, width // REDUCTION), size_hw)
        self.project = NormalisedConv2d(width, out_channels, 1)
        self.has_residual = stride == 1 and in_channels == out_channels

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, in_channels, H, W) to (B, out_channels, H', W'); a stride of 2 halves and rounds up."""
        result = self.project(self.excitation(self.depthwise(self.expand(features))))
        return features + result if self.has_residual else result
