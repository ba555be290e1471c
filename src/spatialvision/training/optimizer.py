"""PyTorch's optimizers from a recipe's fields."""

import difflib
from collections.abc import Mapping
from typing import Any

from torch import nn, optim

from spatialvision.config.experiment import Optimizer


def build_optimizer(fields: Optimizer, model: nn.Module) -> optim.Optimizer:
    """The optimizer over all parameters that take gradients; its rate is set anew at every step.

    Raises:
        ValueError: a name in ``lr_factors`` fits no parameter.
    """
    groups = _parameter_groups(fields, model)
    common: dict[str, Any] = {"lr": fields.lr, "weight_decay": fields.weight_decay, "fused": True}
    if fields.name == "sgd":
        return optim.SGD(groups, momentum=fields.momentum, nesterov=fields.nesterov, **common)
    kind = optim.Adam if fields.name == "adam" else optim.AdamW
    return kind(groups, betas=fields.betas, eps=fields.eps, **common)


def _parameter_groups(fields: Optimizer, model: nn.Module) -> list[dict[str, Any]]:
    """The parameters that take gradients, those of one ``lr_factor`` and one weight decay together; spared last.

    ``lr_factor`` is what the loop multiplies the group's learning rate by.
    """
    _check_prefixes(fields.lr_factors, model)
    groups: dict[tuple[float, bool], dict[str, Any]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        factor = _factor(name, fields.lr_factors)
        # Decay would also draw a scale to zero, or the bias that holds a spatial transformer's identity.
        spared = fields.decayed == "weights" and parameter.ndim < 2
        decay = {"weight_decay": 0.0} if spared else {}
        made = {"params": [], "lr": fields.lr * factor, "lr_factor": factor, **decay}
        groups.setdefault((factor, spared), made)["params"].append(parameter)
    return [groups[key] for key in sorted(groups, key=lambda key: key[1])]


def _factor(name: str, factors: Mapping[str, float]) -> float:
    """The factor of the longest dotted prefix that a parameter's name begins with; 1 where there is none."""
    fitting = [prefix for prefix in factors if _begins_with(name, prefix)]
    return factors[max(fitting, key=len)] if fitting else 1.0


def _begins_with(name: str, prefix: str) -> bool:
    """Whether a dotted name is the prefix or lies below it."""
    return name == prefix or name.startswith(f"{prefix}.")


def _check_prefixes(factors: Mapping[str, float], model: nn.Module) -> None:
    """Refuse a prefix that no parameter's name begins with.

    Raises:
        ValueError: with the nearest prefixes, or the model's parts where none is near.
    """
    names = [name for name, _ in model.named_parameters()]
    parts = [name.split(".") for name in names]
    known = dict.fromkeys(".".join(part[:length]) for part in parts for length in range(1, len(part) + 1))
    for prefix in factors:
        if prefix not in known:
            near = difflib.get_close_matches(prefix, known, n=3, cutoff=0.5)
            raise ValueError(
                f"optimizer.lr_factors: no parameter's name begins with {prefix!r}; expected such as "
                f"{', '.join(near or dict.fromkeys(part[0] for part in parts))}"
            )
