"""What is noted while a model runs: the calls of its modules, and the operations in them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

IMAGE = -1  # what stands in `Operation.sources` for the model's input


@dataclass
class Call:
    """One run of a module: the module, its dotted name, the call around it, and what it returned."""

    module: nn.Module
    name: str
    parent: int
    use: int
    has_calls_inside: bool = False
    shape: tuple[int, ...] = ()


@dataclass
class Operation:
    """One computation: its function's name, where its arguments come from, and the innermost call around it."""

    name: str
    sources: list[int]
    call: int
    shape: tuple[int, ...]


@dataclass
class Trace:
    """Operations and calls in the order in which they began; `results` are the operations that give the output.

    Attributes:
        followed: False where tensors could not be followed, and each layer is taken to feed the next.
    """

    image_shape: tuple[int, ...]
    operations: list[Operation] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    results: list[int] = field(default_factory=list)
    output_shape: tuple[int, ...] = ()
    followed: bool = True


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors in nested tuples, lists and dictionaries."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors_in(item)


class CallRecorder:
    """Keeps the stack of running modules; without more it takes each layer to feed the next one."""

    def __init__(self, model: nn.Module, images: Tensor):
        self.trace = Trace(tuple(images.shape), followed=False)
        self.names = {module: name for name, module in model.named_modules()}
        self.open: list[int] = [-1]
        self.last = IMAGE

    def enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        """Note that a module begins to run, within the innermost one that runs already; a hook before its forward."""
        use = 1 + sum(call.module is module for call in self.trace.calls)
        if self.open[-1] >= 0:
            self.trace.calls[self.open[-1]].has_calls_inside = True
        self.trace.calls.append(Call(module, self.names[module], self.open[-1], use))
        self.open.append(len(self.trace.calls) - 1)

    def leave(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        """Note what the innermost running module returned; a hook after its forward."""
        call = self.trace.calls[self.open[-1]]
        call.shape = next((tuple(tensor.shape) for tensor in tensors_in(output)), ())
        self.result(module, (args, kwargs), output)
        self.open.pop()

    def result(self, module: nn.Module, inputs: Any, output: Any) -> None:
        """Note what a module returned."""
        if not self.trace.calls[self.open[-1]].has_calls_inside:
            self.last = self.record(type(module).__name__, [self.last], output)

    def record(self, name: str, sources: list[int], output: Any) -> int:
        """Add an operation to the trace and return its number."""
        shape = next((tuple(tensor.shape) for tensor in tensors_in(output)), ())
        self.trace.operations.append(Operation(name, sources, self.open[-1], shape))
        return len(self.trace.operations) - 1

    def finish(self, output: Any) -> Trace:
        """The trace, given the model's output."""
        self.trace.results = [self.last]
        self.trace.output_shape = next((tuple(tensor.shape) for tensor in tensors_in(output)), ())
        return self.trace
