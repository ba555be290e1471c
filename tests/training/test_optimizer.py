"""The optimizers against their update rules written out by hand."""

import pytest
import torch
from torch import Tensor, nn

from spatialvision.config.experiment import Optimizer
from spatialvision.training.optimizer import build_optimizer

START = [1.0, -2.0, 0.5]
GRADIENTS = torch.tensor([[0.5, 0.1, -1.0], [0.2, -0.3, 0.4], [-0.1, 0.7, 0.0]], dtype=torch.float64)


def after_steps(fields: Optimizer) -> Tensor:
    model = nn.Module()
    model.weight = nn.Parameter(torch.tensor(START, dtype=torch.float64))
    optimizer = build_optimizer(fields, model)
    for gradient in GRADIENTS:
        model.weight.grad = gradient.clone()
        optimizer.step()
    return model.weight.detach()


@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd(nesterov: bool) -> None:
    weight, velocity = torch.tensor(START, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    for raw in GRADIENTS:
        gradient = raw + 0.01 * weight
        velocity = 0.9 * velocity + gradient
        weight = weight - 0.1 * (gradient + 0.9 * velocity if nesterov else velocity)
    fields = Optimizer(name="sgd", lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=nesterov)
    torch.testing.assert_close(after_steps(fields), weight)


@pytest.mark.parametrize("decoupled", [False, True])
def test_adam_and_adamw(decoupled: bool) -> None:
    weight = torch.tensor(START, dtype=torch.float64)
    first, second = torch.zeros_like(weight), torch.zeros_like(weight)
    for number, raw in enumerate(GRADIENTS, start=1):
        gradient = raw if decoupled else raw + 0.02 * weight
        weight = weight * (1 - 0.1 * 0.02) if decoupled else weight
        first = 0.8 * first + 0.2 * gradient
        second = 0.95 * second + 0.05 * gradient**2
        step = first / (1 - 0.8**number) / ((second / (1 - 0.95**number)).sqrt() + 1e-6)
        weight = weight - 0.1 * step
    fields = Optimizer(
        name="adamw" if decoupled else "adam", lr=0.1, weight_decay=0.02, betas=(0.8, 0.95), eps=1e-6
    )
    torch.testing.assert_close(after_steps(fields), weight)


def test_frozen_parameters_are_left_alone() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].requires_grad_(False)
    (group,) = build_optimizer(Optimizer(lr=0.1), model).param_groups
    assert [id(value) for value in group["params"]] == [id(value) for value in model[1].parameters()]


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_weight_decay_may_spare_biases_and_scales(name: str) -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 2))
    before = {key: value.detach().clone() for key, value in model.named_parameters()}
    fields = Optimizer.model_validate({"name": name, "lr": 0.1, "weight_decay": 0.5, "decayed": "weights"})
    optimizer = build_optimizer(fields, model)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    moved = {key for key, value in model.named_parameters() if not torch.equal(value, before[key])}
    assert moved == {"0.weight", "2.weight"}
