"""Upgraded models from start to finish: trained, continued, evaluated, swept, from the recipe alone."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from spatialvision import Run, load_recipe, train
from spatialvision.config.experiment import Experiment
from spatialvision.evaluate.evaluate import evaluate_run, load_run_model
from spatialvision.evaluate.load import load_data
from spatialvision.models import HasTheta
from spatialvision.nn import CoordConv2d, MixStyle

RECIPE = """
epochs: 1
batch_size: 128
threads: 1
data: {name: digits, size: 28}
model: {name: timm/test_resnet}
upgrades:
  coordconv: {layers: conv1.0}
  group_norm: {groups: 8}
  mixstyle: {stages: [1, 2]}
  spatial_transformer: {localisation_channels: [4, 4], localisation_hidden: 8}
optimizer: {name: sgd, lr: 0.05, momentum: 0.9}
evaluation: {batch_size: 150}
log: {tensorboard: false}
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model of timm with four upgrades on digits."""
    path = tmp_path_factory.mktemp("recipes") / "upgraded.yaml"
    path.write_text(RECIPE)
    return str(path)


@pytest.fixture(scope="module")
def finished(recipe: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of it."""
    return train(load_recipe(recipe), runs_dir=tmp_path_factory.mktemp("runs"), quiet=True)


def test_the_run_directory_tells_of_the_upgrades(finished: Run) -> None:
    assert list(finished.experiment["upgrades"]) == [
        "coordconv",
        "group_norm",
        "mixstyle",
        "spatial_transformer",
    ]
    assert finished.experiment["upgrades"]["mixstyle"] == {"stages": [1, 2], "probability": 0.5, "alpha": 0.1}
    layers = (finished.path / "layers.txt").read_text()
    assert "classifier.conv1.0" in layers
    assert "CoordConv2d" in layers
    assert "GroupNormAct" in layers or "GroupNorm" in layers
    assert (finished.path / "evaluation" / "test" / "sampler.npz").exists()


def test_a_finished_run_is_evaluated_with_the_same_model(finished: Run, tmp_path: Path) -> None:
    experiment = Experiment.model_validate(finished.experiment)
    dataset = load_data(experiment, tmp_path, offline=True).dataset
    model = load_run_model(finished, experiment, dataset, "cpu")
    assert isinstance(model, HasTheta)
    kinds = [type(module) for module in model.modules()]
    assert (kinds.count(CoordConv2d), kinds.count(MixStyle)) == (1, 2)
    before = finished.results["splits"]["test"]["accuracy"]
    evaluate_run(finished, ["accuracy"], ["test"], data_root=tmp_path, offline=True)
    assert finished.read_json("evaluation/test/accuracy.json")["accuracy"] == before


def test_a_run_continues_where_it_stopped(recipe: str, finished: Run, tmp_path: Path) -> None:
    """The first half alone, then the whole: the same weights as in one go."""
    straight = train(load_recipe(recipe, "epochs=2"), runs_dir=tmp_path / "a", quiet=True)
    half = train(load_recipe(recipe, "epochs=1"), runs_dir=tmp_path / "b", name="run", quiet=True)
    text = (half.path / "experiment.yaml").read_text()
    (half.path / "experiment.yaml").write_text(text.replace("epochs: 1.0\n", "epochs: 2.0\n", 1))
    half.set_status("stopped", "to go on")
    continued = train(load_recipe(recipe, "epochs=2"), runs_dir=tmp_path / "b", name="run", quiet=True)
    expected, found = (load_file(run.path / "model.safetensors") for run in (straight, continued))
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_a_sweep_over_an_upgrade(recipe: str, tmp_path: Path, command: Callable) -> None:
    short = ("steps=1", "evaluation.splits=[]", "upgrades.spatial_transformer=null")
    code, output, errors = command(
        "sweep", recipe, "upgrades.coordconv.layers=conv1,layer1.0", *short, "--runs-dir", tmp_path, "--quiet"
    )
    assert code == 0, errors
    assert "2 done" in output
    folders = sorted(path.parent.name for path in tmp_path.rglob("experiment.yaml"))
    assert folders == sorted(
        f"evaluation.splits__steps-1__upgrades.coordconv.layers-{layers}__upgrades.spatial_transformer-None-s0"
        for layers in ("conv1", "layer1.0")
    )
