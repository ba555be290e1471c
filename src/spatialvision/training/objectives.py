"""Objectives: what is minimised and measured, image by image.

An objective is called with the model and a `Batch` and returns named tensors of shape (B,): ``loss``, which
is minimised, and metrics. Values by image, not means, so that sums over uneven batches, parts and processes
are exact.

An objective that needs more of a model than logits says so: its attribute ``requires`` is a protocol of
``models/protocols.py``, and a model without the protocol's methods is refused when the run starts. What else must
hold of the model an objective's method ``check`` can say then, by raising ``ValueError``.
"""

from collections.abc import Callable
from typing import cast

import torch.nn.functional as F
from torch import Tensor, nn

from spatialvision.data.loader import Batch
from spatialvision.models.protocols import HasHeads
from spatialvision.registry import register_objective

Objective = Callable[[nn.Module, Batch], dict[str, Tensor]]


class CrossEntropy:
    """Cross-entropy over all outputs, and top-1 accuracy."""

    def __init__(self, label_smoothing: float):
        self.label_smoothing = label_smoothing

    def __call__(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        return self.judge(model(batch.images), batch.labels)

    def judge(self, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Loss and accuracy (B,) of logits (B, outputs) for labels (B,)."""
        logits = logits.float()
        loss = F.cross_entropy(logits, labels, reduction="none", label_smoothing=self.label_smoothing)
        return {"loss": loss, "accuracy": (logits.argmax(1) == labels).float()}


class DeepSupervision:
    """Cross-entropy of a model's last head; in training plus ``weight`` times that of each head before it."""

    requires = HasHeads

    def __init__(self, weight: float, label_smoothing: float):
        self.weight = weight
        self.last = CrossEntropy(label_smoothing)

    def __call__(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        if not model.training:
            return self.last(model, batch)
        *others, last = cast(HasHeads, model).heads(batch.images)
        values = self.last.judge(last, batch.labels)
        for logits in others:
            values["loss"] = values["loss"] + self.weight * self.last.judge(logits, batch.labels)["loss"]
        return values


@register_objective
def cross_entropy(label_smoothing: float = 0.0) -> Objective:
    """Cross-entropy over all outputs; ``label_smoothing`` in [0, 1) spreads that share over all classes."""
    return CrossEntropy(label_smoothing)


@register_objective
def deep_supervision(weight: float = 1.0, label_smoothing: float = 0.0) -> Objective:
    """Cross-entropy of the last head and, in training, of those on the way to it; metrics are the last one's.

    Lee et al., "Deeply-Supervised Nets", 2015, https://arxiv.org/abs/1409.5185. For models with ``heads``,
    see ``HasHeads``.

    Args:
        weight: of each earlier head's cross-entropy; 0 leaves the earlier heads untrained.
        label_smoothing: share in [0, 1) that is spread over all classes.

    Raises:
        ValueError: the weight is negative.
    """
    if weight < 0:
        raise ValueError(f"weight: expected 0 or more, got {weight}")
    return DeepSupervision(weight, label_smoothing)
