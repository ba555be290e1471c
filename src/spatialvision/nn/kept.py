"""Keep what was computed from parameters, for as long as they stay as they are.

A cache of weights' derivatives is easily stale: an optimiser, a loaded state, another device or a swapped
parameter changes what it was made from. Here the check is on the memory itself, at every use.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn


class _Entry(NamedTuple):
    key: Hashable
    sources: tuple[Tensor, ...]  # while these hold the parameters' storage, no other tensor can lie there
    versions: tuple[int, ...]
    value: Tensor


class Kept:
    """One tensor that follows from parameters. Copies of it start empty; it is in no state dict.

    A parameter counts as unchanged while it lies at the same address with the same version, which PyTorch
    raises with each change in place. Two kinds of change leave no trace. A step of a fused optimizer: so a
    module suspends keeping when it runs with gradients on, until its mode is set again. A change through
    ``parameter.data``: call ``drop``, or set the mode.
    """

    def __init__(self) -> None:
        self._entry: _Entry | None = None
        self._suspended = False

    def get(self, key: Hashable, parameters: Sequence[Tensor], compute: Callable[[], Tensor]) -> Tensor:
        """The kept tensor, computed again if the key or a parameter is another than last time.

        Args:
            key: all else that the result depends on, such as a size and a type.
            parameters: what it is computed from.
            compute: computes it; no gradient is recorded.
        """
        if self._suspended:
            return compute()
        entry = self._entry
        if entry is None or entry.key != key or not _unchanged(entry, parameters):
            sources = tuple(parameter.detach() for parameter in parameters)
            versions = tuple(parameter._version for parameter in parameters)
            entry = self._entry = _Entry(key, sources, versions, compute())
        return entry.value

    def drop(self) -> None:
        """Forget it, and give its memory back."""
        self._entry = None

    def suspend(self) -> None:
        """Forget it, and keep nothing until ``resume``."""
        self._entry, self._suspended = None, True

    def resume(self) -> None:
        """Forget it, and keep again."""
        self._entry, self._suspended = None, False

    def __reduce__(self) -> tuple[type["Kept"], tuple[()]]:
        return Kept, ()


def _unchanged(entry: _Entry, parameters: Sequence[Tensor]) -> bool:
    return len(entry.sources) == len(parameters) and all(
        source.data_ptr() == parameter.data_ptr() and version == parameter._version
        for source, version, parameter in zip(entry.sources, entry.versions, parameters, strict=True)
    )


def may_keep(inputs: Tensor, parameters: Sequence[Tensor]) -> bool:
    """Whether keeping is safe here and now: no gradients, nobody who records the operations, real tensors."""
    if torch.compiler.is_compiling() or torch.jit.is_tracing() or torch.is_grad_enabled():
        return False
    if inputs.device.type == "meta" or (inputs.is_cuda and torch.cuda.is_current_stream_capturing()):
        return False
    ordinary = type(inputs) is Tensor and all(type(value) is nn.Parameter for value in parameters)
    return ordinary and not any(value.is_inference() for value in parameters)
