"""MixStyle: in training an image sometimes borrows the style of another one of its batch.

Zhou et al., "Domain Generalization with MixStyle", 2021, https://arxiv.org/abs/2104.02008 (section 3)
"""

import math

import torch
from torch import Tensor, nn

from spatialvision.nn.precision import at_least_float32


def symmetric_beta(alpha: float, shape: tuple[int, ...], device: torch.device | None = None) -> Tensor:
    """Random numbers from Beta(alpha, alpha), from uniform ones by formula: no rejection, so one graph serves.

    Ulrich, "Computer generation of distributions on the m-sphere", 1984, has a formula for parameters above ½,
    so for alpha + 1. Such a number is x / (x + y) of two from Gamma(alpha + 1), and a number from Gamma(alpha + 1)
    times U^(1 / alpha), U uniform, is one from Gamma(alpha): both are shrunk so, in logarithms.

    Args:
        alpha: above 0.
        shape: of the result.
        device: where the numbers are drawn, from its default generator.

    Returns:
        float32, 0 to 1.
    """
    numbers = 1 - torch.rand((4, *shape), device=device, dtype=torch.float32)  # above 0, for the logarithms
    first, second, radius, turn = numbers
    higher = 0.5 + 0.5 * torch.sqrt(1 - radius ** (2 / (2 * alpha + 1))) * torch.cos(2 * math.pi * turn)
    return torch.sigmoid(torch.logit(higher) + (first.log() - second.log()) / alpha)


class MixStyle(nn.Module):
    """Mixes each map's mean and standard deviation with those of another image's same channel.

    A style is mean and standard deviation of each channel over the map (unbiased variance). In training, with
    ``probability`` for a whole batch, every image's own style is replaced by λ times its own plus 1 - λ times
    its partner's; λ ~ Beta(alpha, alpha) for each image, partners from one random permutation of the batch.
    No gradient flows into the styles, those of partners included. In evaluation, and for a batch that is not
    mixed, the features are returned as they are.

    The random numbers come from PyTorch's default generator of the features' device; each forward pass draws
    its own, so a network with several of these modules mixes in each of them independently.

    Args:
        probability: of mixing a batch, 0 to 1.
        alpha: of the Beta distribution, above 0; the smaller, the nearer λ is to 0 or 1.
        epsilon: added to the variance under the root.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(self, probability: float = 0.5, alpha: float = 0.1, epsilon: float = 1e-6):
        super().__init__()
        if not 0 <= probability <= 1:
            raise ValueError(f"probability: expected 0 to 1, got {probability}")
        if not alpha > 0:
            raise ValueError(f"alpha: expected above 0, got {alpha}")
        self.probability = probability
        self.alpha = alpha
        self.epsilon = epsilon

    def forward(self, features: Tensor) -> Tensor:
        """Mix the styles of features (B, C, H, W), which keep their shape and type.

        Raises:
            ValueError: in training, the features have another number of dimensions or maps of a single pixel.
        """
        if not self.training:
            return features
        if features.ndim != 4 or features.shape[2] * features.shape[3] < 2:
            expected = "shape (B, C, H, W) with maps of at least 2 pixels"
            raise ValueError(f"features: expected {expected}, got {tuple(features.shape)}")
        precise = at_least_float32(features)
        variance, mean = torch.var_mean(precise.detach(), (2, 3), correction=1, keepdim=True)
        deviation = torch.sqrt(variance + self.epsilon)
        own = self._own_part(precise)
        partner = torch.randperm(features.shape[0], device=features.device)
        mixed_mean = own * mean + (1 - own) * mean[partner]
        mixed_deviation = own * deviation + (1 - own) * deviation[partner]
        # (x - mean) / deviation · mixed deviation + mixed mean, as one pass over the maps.
        scale = mixed_deviation / deviation
        return torch.addcmul(mixed_mean - mean * scale, precise, scale).to(features.dtype)

    def _own_part(self, features: Tensor) -> Tensor:
        """λ of each image, (B, 1, 1, 1); 1 for all where the batch is not to be mixed."""
        own = symmetric_beta(self.alpha, (features.shape[0], 1, 1, 1), features.device)
        drawn = torch.rand((), device=features.device) < self.probability
        return torch.where(drawn, own, 1.0)

    def extra_repr(self) -> str:
        return f"probability={self.probability}, alpha={self.alpha}, epsilon={self.epsilon}"
