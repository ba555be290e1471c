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


class Pair(nn.Module):
    """Two linear layers one of which lies two names deep."""

    def __init__(self) -> None:
        super().__init__()
        self.outer = nn.ModuleDict({"inner": nn.Linear(2, 2), "inner_too": nn.Linear(2, 2)})
        self.head = nn.Linear(2, 2)


def steps_of(fields: Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """How far each parameter moves in one step along a gradient of ones."""
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    build_optimizer(fields, model).step()
    return {name: before[name] - value.detach() for name, value in model.named_parameters()}


@pytest.mark.parametrize("decayed", ["all", "weights"])
def test_the_parameters_of_a_prefix_move_by_its_factor(decayed: str) -> None:
    factors = {"outer.inner": 0.25, "outer.inner.bias": 2, "head": 0}
    fields = Optimizer.model_validate({"lr": 0.5, "decayed": decayed, "lr_factors": factors})
    model = Pair()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()  # so that the differences below are exact
    expected = dict.fromkeys((name for name, _ in model.named_parameters()), 0.5)
    expected |= {"outer.inner.weight": 0.125, "outer.inner.bias": 1, "head.weight": 0, "head.bias": 0}
    for name, moved in steps_of(fields, model).items():
        assert torch.equal(moved, torch.full_like(moved, expected[name])), name


def test_decay_and_factors_go_together() -> None:
    fields = Optimizer(lr=0.1, weight_decay=0.5, decayed="weights", lr_factors={"head": 0.1})
    groups = build_optimizer(fields, Pair()).param_groups
    found = [(group["lr_factor"], group["weight_decay"], len(group["params"])) for group in groups]
    assert found == [(1.0, 0.5, 2), (0.1, 0.5, 1), (1.0, 0.0, 2), (0.1, 0.0, 1)]


@pytest.mark.parametrize(
    ("prefix", "hint"),
    [("outer.iner", "outer.inner"), ("zzz", "expected such as outer, head$"), ("outer.inn", "outer.inner")],
)
def test_a_prefix_that_no_parameter_has_is_refused(prefix: str, hint: str) -> None:
    with pytest.raises(ValueError, match=f"no parameter's name begins with '{prefix}'.*{hint}"):
        build_optimizer(Optimizer(lr=0.1, lr_factors={prefix: 0.1}), Pair())
