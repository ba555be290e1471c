"""One image through a model that is watched, and left as it was."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def black_image(model: nn.Module, input_shape: tuple[int, int, int]) -> Tensor:
    """An image (1, C, H, W) of zeros where the model is, in its type."""
    parameter = next(model.parameters(), torch.empty(0))
    return torch.zeros(1, *input_shape, device=parameter.device, dtype=parameter.dtype)


@contextmanager
def observed(
    model: nn.Module, device: torch.device, enter: Callable[..., None], leave: Callable[..., None]
) -> Iterator[None]:
    """A block in which the model is in evaluation mode, without gradients, and every call of a module is told.

    The modules' modes and hooks and the random streams are given back as they were.

    Args:
        device: the model's, whose random stream is kept.
        enter: called before a module runs, with the module, its arguments, and those by keyword.
        leave: called after it ran, with the same and what it returned.
    """
    training = [module for module in model.modules() if module.training]
    hooks = []
    for module in model.modules():
        hooks.append(module.register_forward_pre_hook(enter, with_kwargs=True))
        hooks.append(module.register_forward_hook(leave, with_kwargs=True))
    try:
        model.eval()
        with torch.random.fork_rng([device] if device.type == "cuda" else []), torch.no_grad():
            yield
    finally:
        for hook in hooks:
            hook.remove()
        for module in training:
            module.training = True
