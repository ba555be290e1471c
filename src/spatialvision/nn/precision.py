"""Keep coordinates in float32: rounding a sampling grid to bfloat16 moves pixels (0.2 to 0.4 px at 224)."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def full_precision(device: torch.device) -> AbstractContextManager:
    """A context in which autocast is off for this device; nothing on the meta device, which has no autocast."""
    # Asking PyTorch which devices have it would be a call that torch.compile cannot trace in PyTorch 2.11.
    return nullcontext() if device.type == "meta" else torch.autocast(device.type, enabled=False)


def at_least_float32(tensor: Tensor) -> Tensor:
    """The tensor as float32; float64 stays float64. No copy where nothing changes."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
