"""Linear layers one after the other, each followed by a ReLU."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn


def linear_layers(widths: Sequence[int]) -> nn.Sequential:
    """From features (B, widths[0]) to features (B, widths[-1]), at least 0.

    Args:
        widths: of the input, then of each layer.
    """
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers)
