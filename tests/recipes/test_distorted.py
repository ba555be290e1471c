"""The family distorted: forty recipes, the rows and columns of one table, of equal size and equal training."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn

from spatialvision.config.experiment import Experiment
from spatialvision.config.merging import flatten
from spatialvision.config.recipe import shipped_recipes
from spatialvision.models import build_model
from spatialvision.workbench import load_recipe

NAMES = [name for name in shipped_recipes() if name.startswith("distorted/")]
EVERY = pytest.mark.parametrize("name", NAMES)
# Column, distortion, size of the images.
SETS = {
    "r": ("R", "rotated", (28, 28)),
    "rts": ("RTS", "rotated_scaled_translated", (42, 42)),
    "p": ("P", "projective", (28, 28)),
    "e": ("E", "elastic", (28, 28)),
}
# Row, errors in % on the four sets as the paper's Table 1 gives them.
ROWS: dict[str, tuple[str, tuple[float | None, ...]]] = {
    "fcn": ("FCN", (2.1, 5.2, 3.1, 3.2)),
    "cnn": ("CNN", (1.2, 0.8, 1.5, 1.4)),
    "st-fcn-affine": ("ST-FCN affine", (1.2, 0.8, 1.5, 2.7)),
    "st-fcn-projective": ("ST-FCN projective", (1.3, 0.9, 1.4, 2.6)),
    "st-fcn-tps": ("ST-FCN TPS", (1.1, 0.8, 1.4, 2.4)),
    "st-cnn-affine": ("ST-CNN affine", (0.7, 0.5, 0.8, 1.2)),
    "st-cnn-projective": ("ST-CNN projective", (0.8, 0.6, 0.8, 1.3)),
    "st-cnn-tps": ("ST-CNN TPS", (0.7, 0.5, 0.8, 1.1)),
    "coordconv": ("CoordConv", (None,) * 4),
    "equivariant": ("Equivariant", (None,) * 4),
}
TRANSFORMS = {"affine": "affine", "projective": "homography", "tps": "thin_plate_spline"}


def experiment(name: str, *overrides: str) -> Experiment:
    return load_recipe(name, *overrides).experiment


def built(name: str) -> nn.Module:
    """The recipe's model for digits of its size."""
    found = experiment(name)
    return build_model(
        found.model.name,
        found.model.options,
        num_classes=10,
        in_channels=1,
        size_hw=SETS[name.removeprefix("distorted/").split("-")[0]][2],
        upgrades=found.upgrades,
    )


def size(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def fields(name: str) -> dict[str, Any]:
    return flatten(experiment(name).model_dump(mode="json", exclude={"about"}))


def test_there_is_one_recipe_for_each_cell_of_the_table() -> None:
    assert sorted(NAMES) == sorted(f"distorted/{key}-{row}" for key in SETS for row in ROWS)


@EVERY
def test_a_recipe_knows_its_cell_and_the_papers_number(name: str) -> None:
    key, _, row = name.removeprefix("distorted/").partition("-")
    label, errors = ROWS[row]
    found, error = experiment(name), errors[list(SETS).index(key)]
    assert (found.about.row, found.about.column) == (label, SETS[key][0])
    assert found.about.reported == (None if error is None else pytest.approx(100 - error))
    assert found.about.reported_on == "mnist"
    assert found.distortion is not None
    assert found.distortion.name == SETS[key][1]


@EVERY
def test_all_are_trained_alike(name: str) -> None:
    spared = ("model.", "upgrades", "distortion.")
    own, first = fields(name), fields("distorted/r-cnn")
    assert {key: value for key, value in own.items() if not key.startswith(spared)} == {
        key: value for key, value in first.items() if not key.startswith(spared)
    }


def test_the_training_is_the_papers() -> None:
    found = experiment("distorted/r-cnn")
    optimizer, schedule = found.optimizer, found.schedule
    assert (found.steps, found.batch_size, found.data.name) == (150_000, 256, "mnist")
    assert (optimizer.name, optimizer.lr, optimizer.momentum, optimizer.weight_decay) == ("sgd", 0.01, 0, 0)
    assert (schedule.name, schedule.step_factor) == ("step", 0.1)
    assert [schedule.step_every.in_steps(211, steps) for steps in (150_000, 1500)] == [50_100, 501]


@EVERY
def test_every_network_has_about_400_000_parameters(name: str) -> None:
    if name.endswith("equivariant"):
        pytest.importorskip("e2cnn")
    network = built(name)
    assert size(network) == pytest.approx(400_000, rel=0.015)
    size_hw = SETS[name.removeprefix("distorted/").split("-")[0]][2]
    assert network.eval()(torch.randn(2, 1, *size_hw)).shape == (2, 10)


def linear(*widths: int) -> int:
    """Weights and biases of linear layers one after the other."""
    return sum((before + 1) * after for before, after in pairwise(widths))


def convolutions(more: int = 0) -> int:
    """Of 9×9 to 32 and 7×7 to 64 channels, with so many channels more at either's input."""
    return ((1 + more) * 81 + 1) * 32 + ((32 + more) * 49 + 1) * 64


def localisation(last_pixels: int) -> int:
    """Two 5×5 convolutions to 20 channels, a linear layer, and the affine transform's six numbers."""
    return 26 * 20 + 501 * 20 + linear(20 * last_pixels, 20, 6)


# 28 pixels a side leave 2 behind both poolings, 42 leave 5, and averaged to 21, with padding, again 2.
COUNTS = {
    "r-fcn": linear(28 * 28, 349, 349, 10),
    "r-cnn": convolutions() + linear(64 * 2 * 2, 1112, 10),
    "r-coordconv": convolutions(more=2) + linear(64 * 2 * 2, 1069, 10),
    "r-st-fcn-affine": linear(28 * 28, 32, 32, 6) + linear(28 * 28, 331, 331, 10),
    "r-st-cnn-affine": localisation(1) + convolutions() + linear(64 * 2 * 2, 1071, 10),
    "rts-fcn": linear(42 * 42, 202, 202, 10),
    "rts-cnn": convolutions() + linear(64 * 5 * 5, 184, 10),
    "rts-coordconv": convolutions(more=2) + linear(64 * 5 * 5, 177, 10),
    "rts-st-fcn-affine": linear(42 * 42, 32, 32, 6) + linear(21 * 21, 401, 401, 10),
    "rts-st-cnn-affine": localisation(4 * 4) + convolutions() + linear(64 * 2 * 2, 1048, 10),
}


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_parameter_counts(name: str, count: int) -> None:
    with torch.device("meta"):
        assert size(built(f"distorted/{name}")) == count


@pytest.mark.parametrize("key", SETS)
@pytest.mark.parametrize("network", ["st-fcn", "st-cnn"])
def test_transformers_differ_in_the_transform_alone(key: str, network: str) -> None:
    named = {kind: fields(f"distorted/{key}-{network}-{kind}") for kind in TRANSFORMS}
    for kind, transform in TRANSFORMS.items():
        changed = {name: value for name, value in named[kind].items() if named["affine"][name] != value}
        expected = {} if kind == "affine" else {"upgrades.spatial_transformer.transform": transform}
        assert changed == expected
