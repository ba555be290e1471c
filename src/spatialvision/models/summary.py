"""What a model is made of: its layers' output shapes, parameters and multiply-adds."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from spatialvision.models.observing import black_image, observed


@dataclass(frozen=True)
class LayerRow:
    """One layer: what it owns and does itself, without the layers inside it."""

    name: str
    type: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


class _Ledger:
    """Credits each operation to the innermost module that is running."""

    def __init__(self, counter: FlopCounterMode):
        self.counter = counter
        self.open: list[nn.Module] = []
        self.order: list[nn.Module] = []
        self.flops: dict[nn.Module, int] = {}
        self.shapes: dict[nn.Module, tuple[int, ...]] = {}
        self.booked = 0

    def enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        self._book()
        self.open.append(module)
        if module not in self.flops:
            self.flops[module] = 0
            self.order.append(module)

    def leave(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        self._book()
        self.open.pop()
        self.shapes[module] = tuple(output.shape) if isinstance(output, Tensor) else ()

    def _book(self) -> None:
        total = self.counter.get_total_flops()
        if self.open:
            self.flops[self.open[-1]] += total - self.booked
        self.booked = total


def layer_summary(model: nn.Module, input_shape: tuple[int, int, int]) -> list[LayerRow]:
    """Run one image through the model and list its layers in the order in which they ran.

    A layer is a module without modules inside, or one with parameters or multiply-adds of its own. Multiply-
    adds are those of convolutions and matrix products, for one image, in evaluation mode; normalisation,
    activations, pooling and sampling count as 0. The model and the random streams are left as they were.

    Args:
        model: any module that takes images (B, C, H, W).
        input_shape: (C, H, W) of one image.

    Returns:
        One row a layer; shared parameters are counted where they first appear.
    """
    names = {module: name for name, module in model.named_modules()}
    ledger = _run(model, input_shape)
    rows = []
    counted: set[Tensor] = set()
    unseen = [module for module in names if module not in ledger.flops]  # used without being called
    for module in [*ledger.order, *unseen]:
        own = [parameter for parameter in module.parameters(recurse=False) if parameter not in counted]
        counted.update(own)
        multiply_adds = ledger.flops.get(module, 0) // 2
        if own or multiply_adds or (module in ledger.shapes and not any(module.children())):
            size = sum(parameter.numel() for parameter in own)
            shape, kind = ledger.shapes.get(module, ()), type(module).__name__
            rows.append(LayerRow(names[module] or "(model)", kind, shape, size, multiply_adds))
    return rows


def _run(model: nn.Module, input_shape: tuple[int, int, int]) -> _Ledger:
    images, ledger = black_image(model, input_shape), _Ledger(FlopCounterMode(display=False))
    with observed(model, images.device, ledger.enter, ledger.leave), ledger.counter:
        model(images)
    return ledger


def format_summary(rows: list[LayerRow]) -> str:
    """The rows as an aligned plain-text table that ends with the totals."""
    cells = [["layer", "type", "output", "parameters", "multiply-adds"]]
    for row in rows:
        shape = " × ".join(str(size) for size in row.output_shape[1:])
        cells.append([row.name, row.type, shape, f"{row.parameters:,}", f"{row.multiply_adds:,}"])
    parameters, multiply_adds = sum(row.parameters for row in rows), sum(row.multiply_adds for row in rows)
    cells.append(["total", "", "", f"{parameters:,}", f"{multiply_adds:,}"])
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    lines = []
    for line in cells:
        left = [text.ljust(width) for text, width in zip(line[:3], widths[:3], strict=True)]
        right = [text.rjust(width) for text, width in zip(line[3:], widths[3:], strict=True)]
        lines.append("  ".join(left + right))
    rule = "-" * len(lines[0])
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])
