"""Spatial excitation: a pixel weighted by its channel and by its place, SpatialNet's squeeze and excitation.

It extends Hu et al., "Squeeze-and-Excitation Networks", 2018, https://arxiv.org/abs/1709.01507 (section 3),
whose means do not know where anything is.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spatialvision.nn.squeeze_excitation import two_layer_gate

GRID = 8


class SpatialExcitation(nn.Module):
    """ReLU6(channel + spatial + identity): the features by a channel's weight, by a place's weight, and plain.

    The channel's weight follows, through a two-layer gate, from a learned weighted sum of the channel over
    all positions (the same weights for all channels). The place's weight follows from a learned weighted sum
    over the channels, averaged over the cells of a grid of at most 8×8, through a gate of its own; all pixels
    of a cell share it. As all three paths are the features times something, they are computed as one product,
    ReLU6(features · (1 + channel + spatial)).

    Convention: positions are the map's pixels in row order; the cells are those of adaptive average pooling
    on the way in and of nearest-neighbour upsampling on the way out. The position weights tie the module to
    one map size. Not promised: equivariance to shifts (that is the idea).

    Args:
        channels: channels of the features.
        hidden: width of the hidden layer in the channel's gate; the other has twice as many as cells.
        size_hw: height and width of the features in pixels.

    Attributes:
        position_weight: (H · W,), of the sum over positions.
        channel_weight, channel_bias: (channels,) and (), of the sum over channels.
    """

    def __init__(self, channels: int, hidden: int, size_hw: tuple[int, int]):
        super().__init__()
        height, width = size_hw
        self.channels = channels
        self.size_hw = (height, width)
        self.grid_hw = (min(height, GRID), min(width, GRID))
        cells = self.grid_hw[0] * self.grid_hw[1]
        self.position_weight = nn.Parameter(torch.empty(height * width))
        self.channel_weight = nn.Parameter(torch.empty(channels))
        self.channel_bias = nn.Parameter(torch.empty(()))
        self.channel_gate = two_layer_gate(channels, hidden)
        self.spatial_gate = two_layer_gate(cells, 2 * cells)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights of both sums as ``nn.Linear`` does: uniform up to ± 1 / √(number of summands)."""
        for parameter, summands in (
            (self.position_weight, self.position_weight.numel()),
            (self.channel_weight, self.channels),
            (self.channel_bias, self.channels),
        ):
            nn.init.uniform_(parameter, -(summands**-0.5), summands**-0.5)

    def forward(self, features: Tensor) -> Tensor:
        """Weight the pixels of features (B, channels, H, W), which keep their shape; the result is 0 to 6.

        Raises:
            ValueError: the features have another number of dimensions or channels, or another size than the
                module was built for.
        """
        expected = (self.channels, *self.size_hw)
        if features.ndim != 4 or features.shape[1:] != expected:
            shape = ", ".join(str(number) for number in expected)
            raise ValueError(f"features: expected shape (B, {shape}), got {tuple(features.shape)}")
        maps = features.flatten(2)  # (B, channels, H · W), no copy in either memory format
        gate = self._gate(maps, features.is_contiguous(memory_format=torch.channels_last)).to(maps.dtype)
        if not torch.is_grad_enabled():  # in place: no gradient needs the factors and the product
            return F.relu6(gate.mul_(maps), inplace=True).unflatten(2, self.size_hw)
        return F.relu6(maps * gate).unflatten(2, self.size_hw)

    def _gate(self, maps: Tensor, channels_last: bool) -> Tensor:
        """1 + channel + spatial, (B, channels, H · W), and laid out in memory, as the maps are."""
        if channels_last:
            pixels = maps.transpose(1, 2)
            channel = self._channel(_weighted_sum(self.position_weight, pixels))
            spatial = self._spatial(pixels @ self.channel_weight)
            return (spatial[:, :, None] + channel[:, None]).transpose(1, 2)
        channel = self._channel(maps @ self.position_weight)
        spatial = self._spatial(_weighted_sum(self.channel_weight, maps))
        return channel[:, :, None] + spatial[:, None]

    def _channel(self, sums: Tensor) -> Tensor:
        """1 + each channel's weight, (B, channels), given its sum over the positions."""
        return 1 + self.channel_gate(sums)

    def _spatial(self, sums: Tensor) -> Tensor:
        """Each place's weight, (B, H · W), given its sum over the channels."""
        sums = (sums + self.channel_bias).unflatten(1, (1, *self.size_hw))
        cells = F.adaptive_avg_pool2d(sums, self.grid_hw).flatten(1)
        weights = self.spatial_gate(cells).unflatten(1, (1, *self.grid_hw))
        return F.interpolate(weights, self.size_hw, mode="nearest").flatten(1)


def _weighted_sum(weight: Tensor, matrices: Tensor) -> Tensor:
    """The sum (B, n) of the rows of (B, m, n), weighted by (m,), without the copy that ``@`` makes."""
    return torch.bmm(weight.expand(matrices.shape[0], 1, -1), matrices).squeeze(1)
