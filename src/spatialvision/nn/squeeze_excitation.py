"""Squeeze and excitation: each channel weighted by what the whole map shows.

Hu et al., "Squeeze-and-Excitation Networks", 2018, https://arxiv.org/abs/1709.01507 (section 3)
"""

from torch import Tensor, nn


def two_layer_gate(features: int, hidden: int) -> nn.Sequential:
    """Linear, swish, linear, sigmoid: (B, features) to weights (B, features) between 0 and 1."""
    return nn.Sequential(nn.Linear(features, hidden), nn.SiLU(), nn.Linear(hidden, features), nn.Sigmoid())


class SqueezeExcitation(nn.Module):
    """Multiplies each channel by a weight between 0 and 1 that follows from the means of all channels.

    Convention: works on maps of any size; position does not matter, the mean is over the whole map.

    Args:
        channels: channels of the features.
        hidden: width of the gate's hidden layer.
    """

    def __init__(self, channels: int, hidden: int):
        super().__init__()
        self.channels = channels
        self.gate = two_layer_gate(channels, hidden)

    def forward(self, features: Tensor) -> Tensor:
        """Weight the channels of features (B, channels, H, W), which keep their shape.

        Raises:
            ValueError: the features have another number of dimensions or channels.
        """
        if features.ndim != 4 or features.shape[1] != self.channels:
            raise ValueError(
                f"features: expected shape (B, {self.channels}, H, W), got {tuple(features.shape)}"
            )
        return features * self.gate(features.mean((2, 3)))[:, :, None, None]
