"""Which operations share a box: those of a layer, arithmetic that feeds only more arithmetic, folded containers.

Neither can close a circle of arrows: an operation joins another only if nothing else reads it, and a container
runs from its first to its last operation without any from outside in between.
"""

from collections import defaultdict
from typing import NamedTuple

from spatialvision.models.recorder import Trace

#: Functions that are read as one step when one feeds nothing but the other.
ARITHMETIC = """
    add iadd radd sub isub rsub mul imul rmul div truediv itruediv rtruediv floordiv pow neg abs square sqrt rsqrt
    reciprocal exp log sin cos clamp clip minimum maximum where lerp addcmul round floor ceil sum mean stack
    getitem setitem select unbind narrow
"""


class Key(NamedTuple):
    """What a box stands for: a call (a layer or a folded container), or a group of operations within one.

    Attributes:
        call: number of the call.
        operation: the group's last operation; -1 for the call itself.
    """

    call: int
    operation: int

    @property
    def is_operation(self) -> bool:
        """Whether it is a group of operations rather than a call."""
        return self.operation >= 0


def assign_keys(trace: Trace) -> list[Key]:
    """For each operation the key of the box it belongs to, with nothing folded."""
    readers: dict[int, set[Key]] = defaultdict(set)
    for result in trace.results:
        readers[result].add(Key(-2, -2))
    keys: dict[int, Key] = {}
    for number in reversed(range(len(trace.operations))):
        keys[number] = _own_key(trace, number, readers[number])
        for source in trace.operations[number].sources:
            readers[source].add(keys[number])
    return [keys[number] for number in range(len(keys))]


def _own_key(trace: Trace, number: int, readers: set[Key]) -> Key:
    operation = trace.operations[number]
    if operation.call > 0 and not trace.calls[operation.call].has_calls_inside:
        return Key(operation.call, -1)
    reader = next(iter(readers)) if len(readers) == 1 else None
    if reader is not None and reader.is_operation and reader.call == operation.call:
        names = {operation.name.rstrip("_"), trace.operations[reader.operation].name.rstrip("_")}
        if names <= set(ARITHMETIC.split()):
            return reader
    return Key(operation.call, number)


def fold(trace: Trace, keys: list[Key], most: int) -> list[Key]:
    """The keys with containers folded, deepest first, until at most so many boxes are left."""
    paths = [_containers(trace, key) for key in keys]
    for depth in range(max(map(len, paths), default=0), -1, -1):
        folded = [
            Key(path[depth], -1) if len(path) > depth else key for key, path in zip(keys, paths, strict=True)
        ]
        if len(set(folded)) <= most:
            return folded
    return [Key(0, -1)] * len(keys)


def _containers(trace: Trace, key: Key) -> list[int]:
    """Calls around a box, outermost first, without the model itself."""
    call = key.call if key.is_operation else trace.calls[key.call].parent
    path: list[int] = []
    while call > 0:
        path.insert(0, call)
        call = trace.calls[call].parent
    return path
