"""A learned temperature τ for attention: energies are divided by it before the softmax.

Below 1 it sharpens the attention, above 1 it spreads it. Lee et al., "Vision Transformer for Small-Size
Datasets", 2021, https://arxiv.org/abs/2112.13492 (section 3.2), learn it in the plain form.
"""

import torch
from torch import Tensor, nn


class LogTemperature(nn.Module):
    """τ stored as log 1/τ, so that it stays above 0 and steps are relative. It starts at τ = 1."""

    def __init__(self) -> None:
        super().__init__()
        self.log_inverse = nn.Parameter(torch.tensor(0.0))

    @property
    def tau(self) -> Tensor:
        """The temperature τ, (), above 0."""
        return torch.exp(-self.log_inverse)

    def forward(self, energies: Tensor) -> Tensor:
        """The energies, of any shape, divided by τ."""
        return energies * torch.exp(self.log_inverse)


class PlainTemperature(nn.Module):
    """τ stored as itself. It starts at 1; nothing keeps it above 0.

    Attributes:
        tau: the temperature τ, ().
    """

    def __init__(self) -> None:
        super().__init__()
        self.tau = nn.Parameter(torch.tensor(1.0))

    def forward(self, energies: Tensor) -> Tensor:
        """The energies, of any shape, divided by τ."""
        return energies / self.tau
