"""How much memory a computation needs at its peak."""

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def peak_tensor_bytes(action: Callable[[], Any]) -> int:
    """The most bytes of new tensors that live at one time between two operations of the action.

    Tensors that share storage count once; those made before, such as weights and inputs, do not count. What an
    operation takes and gives back while it runs is not seen. The number is the same on every machine and
    device that runs the same operations.
    """
    with _NewTensors() as tensors:
        action()
    return tensors.peak


def peak_allocated_bytes(action: Callable[[], Any], device: torch.device) -> int:
    """The most bytes of GPU memory that the action allocates on top of what was allocated before.

    This is ``torch.cuda.max_memory_allocated``, workspaces of the kernels included.
    """
    torch.cuda.synchronize(device)
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    action()
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device) - before


class _NewTensors(TorchDispatchMode):
    """Follows the storages that operations return, from the operation until nobody holds them."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = 0
        self._living = 0
        self._known: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = {
            id(tensor.untyped_storage())
            for tensor in tree_leaves((args, kwargs))
            if isinstance(tensor, Tensor)
        }
        output = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(output):
            if isinstance(tensor, Tensor) and id(tensor.untyped_storage()) not in given:
                self._add(tensor.untyped_storage())
        self.peak = max(self.peak, self._living)
        return output

    def _add(self, storage: torch.UntypedStorage) -> None:
        if id(storage) not in self._known:
            self._known[id(storage)] = storage.nbytes()
            self._living += storage.nbytes()
            weakref.finalize(storage, self._remove, id(storage))

    def _remove(self, number: int) -> None:
        self._living -= self._known.pop(number)
