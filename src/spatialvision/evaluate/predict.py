"""A model's outputs on images of a split, every image exactly once."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from spatialvision.data.loader import Loader


@torch.inference_mode()
def predict(
    model: nn.Module,
    loader: Loader,
    positions: Tensor,
    batch_size: int,
    precision: str = "float32",
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[Tensor, Tensor] | None:
    """Logits and labels of the images at ``positions`` in evaluation mode; the model keeps its own mode.

    Args:
        positions: (N,) int64, positions in the loader's split.
        precision: "float32" or "bfloat16" (autocast).
        should_stop: asked before each batch; when true, the result is None.

    Returns:
        (N, outputs) float32 and (N,) int64, both on the CPU.
    """
    training = model.training
    model.eval()
    parts, labels, batches = [], [], positions.split(batch_size)
    loader.plan((part, 0) for part in batches)
    try:
        for part in batches:
            if should_stop():
                return None
            batch = loader.batch(part, epoch=0)
            with torch.autocast(batch.images.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
                parts.append(model(batch.images).float().cpu())
            labels.append(batch.labels.cpu())
    finally:
        loader.plan(())
        model.train(training)
    return torch.cat(parts), torch.cat(labels)


def answers(logits: Tensor) -> tuple[Tensor, Tensor]:
    """The output that each row of logits (N, outputs) favours, and its probability.

    Returns:
        (N,) int64, the first of equals, and (N,) float64 in (0, 1].
    """
    prediction = logits.argmax(1)
    return prediction, logits.double().softmax(1).gather(1, prediction[:, None])[:, 0]
