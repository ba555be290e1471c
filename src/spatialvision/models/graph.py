"""A model as boxes and arrows: its layers, what it computes between them, and where its tensors go."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from torch import nn

from spatialvision.models.folding import Key, assign_keys, fold
from spatialvision.models.recorder import IMAGE, Operation, Trace
from spatialvision.models.trace import trace_flow
from spatialvision.models.wording import kind_of, options_of, plain_word

MOST_NODES = 40
INPUT, OUTPUT = "image", "logits"


@dataclass(frozen=True)
class Node:
    """One box.

    Attributes:
        id: unique; a layer's dotted name, or its container's with the operation's.
        label: class name of a layer, plain words for an operation.
        detail: main options ("5×5, 10 channels"), or the dotted name of a folded container.
        kind: "input", "output", "convolution", "linear", "pooling", "activation", "normalisation", "sampling",
            "attention", "block" (a folded container) or "operation".
        clusters: dotted names of the containers around it, outermost first.
        shape: of the result for one image, without the batch axis.
    """

    id: str
    label: str
    detail: str
    kind: str
    clusters: tuple[str, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True)
class ModuleGraph:
    """Nodes in an order in which every arrow points forwards, and the arrows (source id, target id).

    Attributes:
        flow: "followed", or "assumed" where tensors could not be followed and each layer is taken to feed the
            next one that ran.
        folded: whether containers are shown as single boxes because there were too many.
    """

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]
    flow: str
    folded: bool

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries and lists, for ``diagram.json``."""
        return asdict(self)


def module_graph(
    model: nn.Module, input_shape: tuple[int, int, int], most_nodes: int = MOST_NODES
) -> ModuleGraph:
    """Run one image through the model and draw up its graph.

    A layer is a module that calls no other; arithmetic between layers is gathered into boxes of its own. What
    only passes values on (views, copies, dropout at evaluation) has no box. Containers are folded, deepest
    first, until the nodes fit. The model, its flags and the random streams are left as they were.

    Args:
        model: any module that takes images (B, C, H, W).
        input_shape: (C, H, W) of one image.
        most_nodes: how many nodes there may be, input and output included.

    Returns:
        The graph; see ``ModuleGraph.flow`` on how far to trust its edges.
    """
    trace = trace_flow(model, input_shape)
    keys = assign_keys(trace)
    shown = fold(trace, keys, most_nodes - 2)
    drawn = _nodes(trace, shown)
    return ModuleGraph(tuple(drawn.values()), _edges(trace, shown, drawn), _flow(trace), shown != keys)


def _flow(trace: Trace) -> str:
    return "followed" if trace.followed else "assumed"


def _nodes(trace: Trace, keys: list[Key]) -> dict[Key, Node]:
    """Nodes by key, in the order of each one's last operation: then all arrows point forwards."""
    nodes = {Key(-1, -1): Node(INPUT, INPUT, "", "input", (), trace.image_shape[1:])}
    ids = {INPUT, OUTPUT}
    members: dict[Key, list[int]] = {}
    for number, key in enumerate(keys):
        members[key] = [*members.pop(key, []), number]
    for key, numbers in members.items():
        node = _operation_node(trace, key, numbers) if key.is_operation else _call_node(trace, key)
        nodes[key] = replace(node, id=_unique(node.id, ids))
    nodes[Key(-2, -2)] = Node(OUTPUT, OUTPUT, "", "output", (), trace.output_shape[1:])
    return nodes


def _call_node(trace: Trace, key: Key) -> Node:
    call = trace.calls[key.call]
    label = type(call.module).__name__
    detail, kind = options_of(call.module), kind_of(label)
    if call.has_calls_inside:
        detail, kind = call.name, "block"
    return Node(call.name or "model", label, detail, kind, _clusters(trace, call.parent), call.shape[1:])


def _operation_node(trace: Trace, key: Key, members: list[int]) -> Node:
    label = _label(trace, members)
    clusters = _clusters(trace, key.call)
    name = ".".join(part for part in (trace.calls[key.call].name, label) if part)
    return Node(name, label, "", kind_of(label), clusters, trace.operations[members[-1]].shape[1:])


def _label(trace: Trace, members: list[int]) -> str:
    readers = [operation for operation in trace.operations if members[-1] in operation.sources]
    if readers and all(_is_grid(members[-1], reader) for reader in readers):
        return "sampling grid"
    words = list(dict.fromkeys(plain_word(trace.operations[index].name) for index in members))
    telling = [word for word in words if word != "select"] or words
    return ", ".join(telling) if len(telling) <= 3 else "arithmetic"


def _is_grid(source: int, reader: Operation) -> bool:
    return plain_word(reader.name) == "sample" and reader.sources[0] != source


def _clusters(trace: Trace, call: int) -> tuple[str, ...]:
    names: list[str] = []
    while call > 0:  # the model itself, call 0, is no cluster
        names.insert(0, _with_number(trace.calls[call].name, trace.calls[call].use))
        call = trace.calls[call].parent
    return tuple(names)


def _edges(trace: Trace, keys: list[Key], nodes: dict[Key, Node]) -> tuple[tuple[str, str], ...]:
    def id_of(operation: int) -> str:
        return INPUT if operation == IMAGE else nodes[keys[operation]].id

    pairs = [
        (id_of(source), id_of(target))
        for target, operation in enumerate(trace.operations)
        for source in operation.sources
    ]
    pairs += [(id_of(result), OUTPUT) for result in trace.results]
    return tuple(dict.fromkeys(pair for pair in pairs if pair[0] != pair[1]))


def _unique(name: str, taken: set[str]) -> str:
    number = 1
    while _with_number(name, number) in taken:
        number += 1
    taken.add(_with_number(name, number))
    return _with_number(name, number)


def _with_number(name: str, number: int) -> str:
    return name if number == 1 else f"{name} ({number})"
