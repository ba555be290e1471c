"""Objectives: what is minimised and measured, image by image.

An objective is called with the model and a `Batch` and returns named tensors of shape (B,): ``loss``, which
is minimised, and metrics. Values by image, not means, so that sums over uneven batches, parts and processes
are exact.
"""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from spatialvision.data.loader import Batch
from spatialvision.registry import register_objective

Objective = Callable[[nn.Module, Batch], dict[str, Tensor]]


class CrossEntropy:
    """Cross-entropy over all outputs, and top-1 accuracy."""

    def __init__(self, label_smoothing: float):
        self.label_smoothing = label_smoothing

    def __call__(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        logits = model(batch.images).float()
        loss = F.cross_entropy(logits, batch.labels, reduction="none", label_smoothing=self.label_smoothing)
        return {"loss": loss, "accuracy": (logits.argmax(1) == batch.labels).float()}


@register_objective
def cross_entropy(label_smoothing: float = 0.0) -> Objective:
    """Cross-entropy over all outputs; ``label_smoothing`` in [0, 1) spreads that share over all classes."""
    return CrossEntropy(label_smoothing)
