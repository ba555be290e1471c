"""Numbers of any size made to stay within a length, smoothly."""

import torch
from torch import Tensor


def bounded(vectors: Tensor, limit: float) -> Tensor:
    """The vectors (..., n) in their own direction, shortened to at most ``limit``.

    A vector of length r becomes one of length r / √(1 + (r / limit)²): near 0 nothing changes (the derivative
    at 0 is 1), and no finite vector gets past the limit or becomes NaN. (Beyond about
    1e19 limits in float32 the square overflows, and the vector becomes 0.)
    """
    ratio = vectors / limit
    return vectors * torch.rsqrt(1 + ratio.square().sum(dim=-1, keepdim=True))
