"""PyTorch's optimizers from a recipe's fields."""

from typing import Any

from torch import nn, optim

from spatialvision.config.experiment import Optimizer


def build_optimizer(fields: Optimizer, model: nn.Module) -> optim.Optimizer:
    """The optimizer over all parameters that take gradients; its rate is set anew at every step."""
    parameters: list[Any] = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if fields.decayed == "weights":
        # Decay would also draw a scale to zero, or the bias that holds a spatial transformer's identity.
        spared = [parameter for parameter in parameters if parameter.ndim < 2]
        weights = [parameter for parameter in parameters if parameter.ndim >= 2]
        parameters = [{"params": weights}, {"params": spared, "weight_decay": 0.0}]
    common: dict[str, Any] = {"lr": fields.lr, "weight_decay": fields.weight_decay, "fused": True}
    if fields.name == "sgd":
        return optim.SGD(parameters, momentum=fields.momentum, nesterov=fields.nesterov, **common)
    kind = optim.Adam if fields.name == "adam" else optim.AdamW
    return kind(parameters, betas=fields.betas, eps=fields.eps, **common)
