"""The command that trains a stored experiment again."""

import shlex

import pytest

from spatialvision.config.rerunning import Rerunning
from spatialvision.workbench import load_recipe, registries


@pytest.mark.parametrize(
    "words",
    [
        ["stn-mnist/exp07-coordconv-both", "data.name=fashion_mnist", "epochs=3", "seed=2", "threads=1"],
        ["stn-mnist/exp01-baseline", "seed=0", "steps=100"],
        ["quickstart/plain-cnn", "seed=1", "upgrades.spatial_transformer={}"],
        ["quickstart/plain-cnn", "distortion=null", "seed=1"],
        ["quickstart/plain-cnn", "model.name=timm/resnet18", "seed=1", "augmentation.scale=[0.8, 1.2]"],
        ["cifar100/resnet18", "optimizer.name=adamw", "optimizer.lr=1e-3", "seed=5"],
    ],
)
def test_the_command_gives_the_experiment_again(words: list[str]) -> None:
    experiment = load_recipe(*words).experiment
    command = Rerunning(registries()).command(words[0], experiment.model_dump(mode="json"))
    assert command is not None
    start, train, *again = shlex.split(command)
    assert (start, train) == ("spatialvision", "train")
    assert load_recipe(*again).experiment == experiment


def test_only_what_differs_is_said() -> None:
    stored = load_recipe("stn-mnist/exp01-baseline", "seed=4", "epochs=3").experiment.model_dump(mode="json")
    command = Rerunning(registries()).command("stn-mnist/exp01-baseline", stored)
    assert command == "spatialvision train stn-mnist/exp01-baseline epochs=3.0 seed=4"


def test_a_recipe_that_is_not_shipped_has_no_command() -> None:
    stored = load_recipe("stn-mnist/exp01-baseline").experiment.model_dump(mode="json")
    assert Rerunning(registries()).command("my", stored) is None
