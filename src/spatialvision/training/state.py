"""Everything that changes while training, and nothing else: what a checkpoint must hold."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.optim.swa_utils import AveragedModel

Tensors = dict[str, Tensor]


@dataclass
class TrainingState:
    """Weights, optimizer, moving average, and the counters of the loop.

    Random numbers need no place here: they are functions of seed, epoch, step and sample.

    Attributes:
        step: optimizer steps done.
        reported: whether the rows due at this step have been written.
        images: training images seen since the last row, over this process.
        sums: sums over those images of each value the objective returns (float64).
        seconds: training time so far, measuring and saving excluded.
    """

    model: nn.Module
    optimizer: optim.Optimizer
    average: AveragedModel | None = None
    step: int = 0
    reported: bool = False
    images: int = 0
    sums: Tensors = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def evaluated_model(self) -> nn.Module:
        """The weights that are judged: the moving average where there is one."""
        return self.model if self.average is None else self.average.module

    def add(self, values: Tensors) -> None:
        """Add a batch's values by image to the sums."""
        self.images += len(values["loss"])
        for name, value in values.items():
            total = value.detach().sum(dtype=torch.float64)
            self.sums[name] = self.sums[name] + total if name in self.sums else total

    def clear_sums(self) -> None:
        """Start the next row."""
        self.images, self.sums = 0, {}

    def zero_sums(self) -> None:
        """Leave the sums so far to another process, which has them now; the names stay."""
        self.images, self.sums = 0, {name: torch.zeros_like(value) for name, value in self.sums.items()}

    def tensors(self) -> dict[str, Tensors]:
        """The tensor groups of a checkpoint."""
        groups = {"model": self.model.state_dict(), "optimizer": _flat(self.optimizer), "sums": self.sums}
        if self.average is not None:
            groups["average"] = self.average.state_dict()
        return groups

    def counters(self) -> dict[str, Any]:
        """The rest of a checkpoint, as JSON."""
        return {name: getattr(self, name) for name in ("step", "reported", "images", "seconds")}

    def load(self, groups: dict[str, Tensors], counters: dict[str, Any]) -> None:
        """Take over a checkpoint's content, on this state's own device and memory format."""
        self.model.load_state_dict(groups["model"])
        _load_flat(self.optimizer, groups["optimizer"])
        if self.average is not None:
            self.average.load_state_dict(groups["average"])
        device = next(self.model.parameters()).device
        self.sums = {name: value.to(device) for name, value in groups["sums"].items()}
        for name, value in counters.items():
            setattr(self, name, value)


def _flat(optimizer: optim.Optimizer) -> Tensors:
    """The optimizer's tensors under "<parameter number>/<name>"."""
    return {
        f"{number}/{name}": value
        for number, entry in optimizer.state_dict()["state"].items()
        for name, value in entry.items()
        if value is not None
    }


def _load_flat(optimizer: optim.Optimizer, tensors: Tensors) -> None:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, Tensors] = {}
    for key, value in tensors.items():
        number, name = key.split("/", 1)
        parameter = parameters[int(number)]
        same_layout = torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value
        state.setdefault(int(number), {})[name] = same_layout
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
