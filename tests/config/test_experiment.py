from typing import Any

import pytest
from pydantic import ValidationError

from spatialvision.config.experiment import MAY_CHANGE_ON_RESUME, Experiment, Optimizer

REQUIRED: dict[str, Any] = {"data": {"name": "d"}, "model": {"name": "m"}, "optimizer": {"lr": 0.1}}


def problem(**changes: Any) -> tuple[str, str]:
    """Dotted name and message of the one thing that is wrong."""
    with pytest.raises(ValidationError) as caught:
        Experiment.model_validate({**REQUIRED, "epochs": 1, **changes})
    (found,) = caught.value.errors()
    return ".".join(map(str, found["loc"])), found["msg"]


@pytest.mark.parametrize(
    ("length", "total"),
    [({"epochs": 3}, 30), ({"epochs": 0.25}, 2), ({"steps": 7}, 7), ({"epochs": 0.01}, 1)],
)
def test_total_steps(length: dict, total: int) -> None:
    assert Experiment.model_validate({**REQUIRED, **length}).total_steps(10) == total


@pytest.mark.parametrize(
    "given",
    [{"transformer.localisation": "0.1", "head": 2}, {"transformer": {"localisation": 0.1}, "head": 2}],
)
def test_factors_on_the_rate_are_named_with_dots_or_nested(given: dict) -> None:
    optimizer = Optimizer.model_validate({"lr": 1, "lr_factors": given})
    assert optimizer.lr_factors == {"transformer.localisation": 0.1, "head": 2}
    assert Optimizer.model_validate(optimizer.model_dump(mode="json")) == optimizer


@pytest.mark.parametrize("given", [{"head": -1}, {"head": {"weight": "fast"}}, 0.1])
def test_what_is_no_factor_on_the_rate_is_refused(given: object) -> None:
    assert problem(optimizer={"lr": 1, "lr_factors": given})[0].startswith("optimizer.lr_factors")


@pytest.mark.parametrize("length", [{"steps": 4}, {"epochs": None}])
def test_epochs_or_steps(length: dict) -> None:
    name, message = problem(**length)
    assert name == "steps"
    assert "either epochs=n or steps=n" in message


@pytest.mark.parametrize("length", [{"epochs": 0}, {"epochs": -1}, {"epochs": None, "steps": 0}])
def test_training_takes_some_time(length: dict) -> None:
    assert "greater than 0" in problem(**length)[1]


@pytest.mark.parametrize(
    ("name", "options", "wrong"),
    [
        ("sgd", {"betas": (0.8, 0.9)}, "optimizer.betas"),
        ("sgd", {"eps": 1e-3}, "optimizer.eps"),
        ("adam", {"momentum": 0.9}, "optimizer.momentum"),
        ("adamw", {"nesterov": True}, "optimizer.nesterov"),
    ],
)
def test_an_optimizer_refuses_what_it_does_not_have(name: str, options: dict, wrong: str) -> None:
    assert problem(optimizer={"name": name, "lr": 1, **options}) == (
        wrong,
        f"Value error, {name} has no such option",
    )


@pytest.mark.parametrize(
    "optimizer",
    [
        {"name": "sgd", "lr": 1, "momentum": 0.9, "nesterov": True, "betas": [0.9, 0.999]},
        {"name": "adamw", "lr": 1, "betas": [0.8, 0.9], "eps": 1e-3, "momentum": 0},
    ],
)
def test_an_optimizer_takes_its_own_and_the_others_defaults(optimizer: dict) -> None:
    experiment = Experiment.model_validate({**REQUIRED, "epochs": 1, "optimizer": optimizer})
    assert experiment.optimizer.model_dump(include=set(optimizer)) == {
        key: tuple(value) if isinstance(value, list) else value for key, value in optimizer.items()
    }


@pytest.mark.parametrize("scale", [(0, 1), (1.2, 0.8), (-1, 1)])
def test_magnification_is_positive_and_rises(scale: tuple[float, float]) -> None:
    name, message = problem(augmentation={"scale": scale})
    assert name == "augmentation.scale"
    assert "expected 0 < lowest ≤ highest" in message


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"data": {"name": "d", "validation": 1}}, "data.validation"),
        ({"data": {"name": "d", "smallest_size": 0}}, "data.smallest_size"),
        ({"evaluation": {"train_images": 0}}, "evaluation.train_images"),
        ({"optimizer": {"lr": 0}}, "optimizer.lr"),
        ({"batch_size": 0}, "batch_size"),
        ({"seed": -1}, "seed"),
        ({"ema": 1}, "ema"),
        ({"augmentation": {"rotation_deg": 181}}, "augmentation.rotation_deg"),
        ({"checkpoint": {"keep": 0}}, "checkpoint.keep"),
        ({"precision": "float16"}, "precision"),
        ({"model": None}, "model"),
    ],
)
def test_values_out_of_range_are_refused(changes: dict, name: str) -> None:
    assert problem(**changes)[0] == name


def test_every_field_says_what_it_means() -> None:
    waiting, silent = [("", Experiment)], []
    while waiting:
        path, schema = waiting.pop()
        for key, field in schema.model_fields.items():
            silent += [f"{path}{key}"] if not field.description else []
            if hasattr(field.annotation, "model_fields"):
                waiting.append((f"{path}{key}.", field.annotation))
    assert silent == []


def test_what_may_change_on_resume_exists() -> None:
    assert {name.partition(".")[0] for name in MAY_CHANGE_ON_RESUME} < set(Experiment.model_fields)
