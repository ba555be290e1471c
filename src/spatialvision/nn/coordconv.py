"""CoordConv: a convolution that also sees where it is.

Liu et al., "An intriguing failing of convolutional neural networks and the CoordConv solution", 2018,
https://arxiv.org/abs/1807.03247
"""

import torch
from torch import Tensor, nn

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
    float32 under autocast too, and added to every image's: nothing is concatenated.

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

    def forward(self, features: Tensor) -> Tensor:
        """Convolve features (B, in_channels, H, W) to (B, out_channels, H', W').

        Raises:
            ValueError: the features have another number of dimensions or channels.
        """
        if features.ndim != 4 or features.shape[1] != self.in_channels:
            raise ValueError(f"expected shape (B, {self.in_channels}, H, W), got {tuple(features.shape)}")
        coordinates = self.weight.shape[1] - self.in_channels
        weights = self.weight.split([self.in_channels, coordinates], dim=1)
        result = self._conv_forward(features, weights[0], None)
        return result + self._coordinate_part(features, weights[1]).to(result.dtype)

    def _coordinate_part(self, features: Tensor, weight: Tensor) -> Tensor:
        channels = coordinate_channels((features.shape[2], features.shape[3]), weight, self.with_radius)
        with full_precision(features.device):
            return self._conv_forward(channels, weight, self.bias)

    def extra_repr(self) -> str:
        return super().extra_repr() + (", with_radius=True" if self.with_radius else "")
