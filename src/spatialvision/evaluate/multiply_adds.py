"""How much arithmetic a model does, counted operation by operation while it runs."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

COUNTED = (
    "matrix products, convolutions and attention; no biases, normalisations, activations, pooling, sampling"
)


@torch.no_grad()
def multiply_adds(model: nn.Module, images: Tensor) -> int:
    """Multiplications, each with its addition, of one forward pass in evaluation mode.

    Counted are matrix and vector products, convolutions and scaled dot-product attention, by their shapes and
    whatever is zero in them; nothing else is. PyTorch's counter counts two operations for each pair. Recurrent
    layers stay unseen, as it cannot look into them.
    """
    training = model.training
    model.eval()
    try:
        with (
            _encoder_layers_unfused(),
            FlopCounterMode(display=False, custom_mapping=VECTOR_PRODUCTS) as count,
        ):
            model(images)
    finally:
        model.train(training)
    return count.get_total_flops() // 2


def _matrix_times_vector(matrix: Any, vector: Any, out_shape: Any = None) -> int:
    return 2 * math.prod(matrix)


VECTOR_PRODUCTS = {torch.ops.aten.mv: _matrix_times_vector}


@contextmanager
def _encoder_layers_unfused() -> Iterator[None]:
    # In evaluation mode torch.nn's own transformer layers run as one operation that the counter does not know.
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
