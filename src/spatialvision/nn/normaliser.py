"""An input normaliser that learns the images' mean and variance while it trains.

The running statistics are those of Ioffe and Szegedy, "Batch normalization", 2015,
https://arxiv.org/abs/1502.03167 (section 3.1), but they alone normalise, in training too.
"""

import torch
from torch import Tensor, nn

from spatialvision.nn.precision import at_least_float32


class InputNormaliser(nn.Module):
    """Subtracts a running mean of the images and divides by a running standard deviation.

    In training each batch first updates the statistics, then is normalised by them: the first batch sets
    them, every later one moves them by ``momentum`` towards its own mean and biased variance. In evaluation
    they stay as they are; a module that has seen no batch returns the images unchanged. The statistics are
    float32, under autocast too, and no gradient flows into them.

    Several processes: each updates its own statistics from its own images. DistributedDataParallel then hands
    out those of rank 0 before the next step, so what stays, and is stored, comes from rank 0's share of the
    images, which is a sample of all.

    Args:
        channels: None for one mean and variance over all channels; a number for one in each of so many.
        momentum: weight of a new batch, above 0 and at most 1.
        epsilon: added to the variance under the root.

    Attributes:
        mean, variance: the statistics, () or (channels, 1, 1), in the state dict.
        batches: training batches seen, (), int64, in the state dict.

    Raises:
        ValueError: the momentum is out of range.
    """

    mean: Tensor
    variance: Tensor
    batches: Tensor

    def __init__(self, channels: int | None = None, momentum: float = 0.01, epsilon: float = 1e-9):
        super().__init__()
        if not 0 < momentum <= 1:
            raise ValueError(f"momentum: expected above 0 and at most 1, got {momentum}")
        shape = () if channels is None else (channels, 1, 1)
        self.channels = channels
        self.momentum = momentum
        self.epsilon = epsilon
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("variance", torch.ones(shape))
        self.register_buffer("batches", torch.tensor(0))

    def forward(self, images: Tensor) -> Tensor:
        """Normalise images (B, C, H, W), any floating-point type, which the result keeps.

        Raises:
            ValueError: the images have another number of dimensions or channels, or hold integers.
        """
        self._check(images)
        precise = at_least_float32(images)
        if self.training:
            self._update(precise.detach())
        deviation = torch.sqrt(self.variance + self.epsilon)
        return ((precise - self.mean) / deviation).to(images.dtype)

    def _update(self, images: Tensor) -> None:
        dimensions = None if self.channels is None else (0, 2, 3)
        variance, mean = torch.var_mean(images, dimensions, correction=0, keepdim=self.channels is not None)
        # A decision on the device, not in Python: the same graph serves the first batch and all others.
        weight = torch.where(self.batches == 0, 1.0, self.momentum).to(self.mean.dtype)
        self.mean.lerp_(mean.view_as(self.mean).to(self.mean.dtype), weight)
        self.variance.lerp_(variance.view_as(self.variance).to(self.variance.dtype), weight)
        self.batches.add_(1)

    def _check(self, images: Tensor) -> None:
        if images.ndim != 4 or (self.channels is not None and images.shape[1] != self.channels):
            channels = "C" if self.channels is None else self.channels
            raise ValueError(f"images: expected shape (B, {channels}, H, W), got {tuple(images.shape)}")
        if not images.is_floating_point():
            raise ValueError(f"images: expected a floating-point type, got {images.dtype}")

    def extra_repr(self) -> str:
        return f"channels={self.channels}, momentum={self.momentum}, epsilon={self.epsilon}"
