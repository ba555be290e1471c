"""A convolution and its batch normalisation, which are one convolution once the statistics are fixed.

Ioffe and Szegedy, "Batch normalization", 2015, https://arxiv.org/abs/1502.03167 (section 3.1)
"""

import torch
from torch import Tensor, nn


class NormalisedConv2d(nn.Module):
    """``nn.Conv2d`` with bias, then ``nn.BatchNorm2d``, and nothing else: what each does, it does here.

    In evaluation the normalisation multiplies and shifts each channel by constants, so they go into the
    convolution's weight and bias, which are small, instead of a pass over the maps, which are large. The two
    modules are called one after the other wherever that could make a difference: in training, if one of them
    has a hook (somebody watches it), and if one has been replaced by a module of another class.

    Args:
        in_channels, out_channels, kernel_size, stride, padding, groups: as in ``nn.Conv2d``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        groups: int = 1,
    ):
        super().__init__()
        self.convolution = nn.Conv2d(
            in_channels, out_channels, kernel_size, stride=stride, padding=padding, groups=groups
        )
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, features: Tensor) -> Tensor:
        """Convolve features (B, in_channels, H, W) to (B, out_channels, H', W') and normalise them."""
        if self._is_one_convolution():
            return self._as_one_convolution(features)
        return self.norm(self.convolution(features))

    def _is_one_convolution(self) -> bool:
        exact = type(self.convolution) is nn.Conv2d and type(self.norm) is nn.BatchNorm2d
        parts = (self.convolution, self.norm)
        watched = any(part._forward_hooks or part._forward_pre_hooks for part in parts)
        return exact and not self.norm.training and not watched

    def _as_one_convolution(self, features: Tensor) -> Tensor:
        mean, variance = self.norm.get_buffer("running_mean"), self.norm.get_buffer("running_var")
        scale = self.norm.weight * torch.rsqrt(variance + self.norm.eps)
        weight = self.convolution.weight * scale[:, None, None, None]
        bias = (self.convolution.get_parameter("bias") - mean) * scale + self.norm.bias
        return self.convolution._conv_forward(features, weight, bias)
