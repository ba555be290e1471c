"""CoordConv: a convolution that also sees where it is.

Liu et al., "An intriguing failing of convolutional neural networks and the CoordConv solution", 2018,
https://arxiv.org/abs/1807.03247
"""

from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor, nn

from spatialvision.nn.kept import Kept, may_keep
from spatialvision.nn.precision import full_precision


def coordinate_channels(size_hw: tuple[int, int], like: Tensor, with_radius: bool = False) -> Tensor:
    """Row, column and optionally radius of every pixel, as channels.

    Convention: CoordConv's own, not the sampler's: row before column, each from -1 at the centre of the first
    pixel to +1 at the centre of the last (-1 where there is only one). The radius √(row² + col²) is the
    distance from the image's centre, 0 to √2. (The classic code subtracts 0.5 from both first, which puts the
    origin off centre.)

    Args:
        size_hw: height and width in pixels.
        like: a tensor with the device and type wanted.
        with_radius: whether the third channel is there.

    Returns:
        (1, 2 or 3, H, W).
    """
    height, width = size_hw
    row = torch.linspace(-1, 1, height, device=like.device, dtype=like.dtype)
    column = torch.linspace(-1, 1, width, device=like.device, dtype=like.dtype)
    channels = [row[:, None].expand(height, width), column.expand(height, width)]
    if with_radius:
        channels.append(torch.sqrt(row[:, None] ** 2 + column**2))
    return torch.stack(channels)[None]


class CoordConv2d(nn.Conv2d):
    """A convolution over the features and the coordinates of each pixel, in place of ``nn.Conv2d``.

    It equals a convolution over [features, row, column(, radius)] concatenated along the channels. But a
    convolution is linear and coordinates are the same for all images, so their part is computed once, in
    float32 under autocast too, and added to every image's: nothing is concatenated. In evaluation mode without
    gradients it is kept for further images of the same size, until the weights or the mode change.

    Convention: coordinates span this layer's own input, see ``coordinate_channels``; padding pads them as it
    pads the features. Not promised: equivariance to shifts (that is the idea), the same output for a crop.

    Args:
        in_channels: channels of the features, without the coordinates. ``weight`` is
            (out_channels, in_channels + 2 or 3, kernel height, kernel width), features first.
        out_channels: channels of the result.
        kernel_size, stride, padding, dilation, bias, padding_mode: as in ``nn.Conv2d``. There are no groups.
        with_radius: add the distance from the centre as a third coordinate.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: str | int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        with_radius: bool = False,
    ):
        coordinates = 3 if with_radius else 2
        super().__init__(
            in_channels + coordinates,
            out_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            bias=bias,
            padding_mode=padding_mode,  # type: ignore[arg-type]
        )
        self.in_channels = in_channels
        self.with_radius = with_radius
        self._kept = Kept()

    def forward(self, features: Tensor) -> Tensor:
        """Convolve features (B, in_channels, H, W) to (B, out_channels, H', W').

        Raises:
            ValueError: the features have another number of dimensions or channels.
        """
        if features.ndim != 4 or features.shape[1] != self.in_channels:
            raise ValueError(f"expected shape (B, {self.in_channels}, H, W), got {tuple(features.shape)}")
        own, coordinates = self.weight.split(
            [self.in_channels, self.weight.shape[1] - self.in_channels], dim=1
        )
        result = self._conv_forward(features, own, None)
        # In place: nothing else holds the convolution's result, and its gradient does not need it.
        return result.add_(self._coordinate_part(features, coordinates, result))

    def _coordinate_part(self, features: Tensor, weight: Tensor, result: Tensor) -> Tensor:
        """What coordinates and bias add to the result, in its type and memory format; it broadcasts."""
        size_hw, memory_format = (features.shape[2], features.shape[3]), _memory_format(result)
        sources = [self.weight] if self.bias is None else [self.weight, self.bias]
        if torch.is_grad_enabled() and not torch.compiler.is_compiling():
            self._kept.suspend()
        if self.training or not may_keep(features, sources):
            return _for_each_image(self._convolve_coordinates(size_hw, weight).to(result.dtype), result)
        return self._kept.get(
            (size_hw, result.dtype, memory_format, result.device),
            sources,
            lambda: self._convolve_coordinates(size_hw, weight).to(result.dtype, memory_format=memory_format),
        )

    def _convolve_coordinates(self, size_hw: tuple[int, int], weight: Tensor) -> Tensor:
        channels = coordinate_channels(size_hw, weight, self.with_radius)
        with full_precision(weight.device):
            return self._conv_forward(channels, weight, self.bias)

    def train(self, mode: bool = True) -> Self:
        """Set the mode; what was kept is forgotten."""
        self._kept.resume()
        return super().train(mode)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:  # to(), half(), cuda(), …
        self._kept.drop()
        return super()._apply(fn, recurse)

    def extra_repr(self) -> str:
        return super().extra_repr() + (", with_radius=True" if self.with_radius else "")


def _memory_format(maps: Tensor) -> torch.memory_format:
    # From the strides: inside vmap PyTorch cannot tell whether a tensor is contiguous in channels-last.
    is_last = maps.shape[1] > 1 and maps.stride(1) == 1 and not maps.is_contiguous()
    return torch.channels_last if is_last else torch.contiguous_format


def _for_each_image(part: Tensor, result: Tensor) -> Tensor:
    """The part (1, C, H, W) expanded to the result's shape, without a copy.

    In channels-last it is expanded as one row of memory: so its gradient's sum over the batch runs through
    memory in order, ten times as fast as PyTorch's sum over the first of four permuted dimensions.
    """
    if _memory_format(result) is torch.contiguous_format:
        return part.contiguous().expand_as(result)
    batch, channels, height, width = result.shape
    rows = part.permute(0, 2, 3, 1).reshape(1, -1).expand(batch, -1)
    return rows.view(batch, height, width, channels).permute(0, 3, 1, 2)
