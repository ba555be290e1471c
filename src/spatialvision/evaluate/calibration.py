"""Whether a model is as often right as it is sure.

Guo et al., "On Calibration of Modern Neural Networks", 2017, https://arxiv.org/abs/1706.04599 (section 2)
"""

import torch
from torch import Tensor

BINS = 15


def calibration_error(confidence: Tensor, correct: Tensor, bins: int = BINS) -> float:
    """The expected calibration error: the gap between confidence and accuracy, bin by bin.

    Bin m of M holds the images with confidence above (m − 1) / M and up to m / M. Its gap is the distance
    between its share of right answers and its mean confidence; bins count by how many images they hold.

    Args:
        confidence: (N,), the probability that the model gives its own answer, in [0, 1].
        correct: (N,) of bool, whether that answer is right.

    Returns:
        From 0, as right as sure, to 1.
    """
    edges = torch.linspace(0, 1, bins + 1, dtype=torch.float64)
    place = torch.bucketize(confidence.double(), edges[1:-1])
    gaps = torch.zeros(bins, dtype=torch.float64).index_add_(0, place, correct.double() - confidence.double())
    return gaps.abs().sum().item() / len(confidence)
