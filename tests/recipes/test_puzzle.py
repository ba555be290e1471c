"""The family puzzle: its recipes have the settings of the original, and train on photographs in ImageNet's layout."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from spatialvision import Run, load_recipe, train
from spatialvision.config.experiment import Experiment
from spatialvision.config.merging import flatten
from spatialvision.config.recipe import shipped_recipes
from spatialvision.data.order import steps_per_epoch
from spatialvision.evaluate.evaluate import load_run_model
from spatialvision.evaluate.load import load_data, untrained_model
from spatialvision.models import backbone_state
from spatialvision.training.schedule import learning_rate_factor

# Recipe, reported top-1 in percent.
REPORTED = {
    "resnet18-linear": 69.75,
    "resnet18-transformer": 73.65,
    "resnet18-puzzle": 73.45,
    "resnet18-puzzle-rotate": 71.13,
    "resnet18-puzzle-2layers": 72.46,
    "resnet50-transformer": 77.05,
    "resnet18-puzzle-v1": 70.11,
}
EVERY = pytest.mark.parametrize("name", REPORTED)

# Recipe, the one it stands beside, and all that makes them differ, by dotted key.
DIFFERENCES: list[tuple[str, str, dict[str, Any]]] = [
    (
        "resnet18-transformer",
        "resnet18-linear",
        {
            "model.name": "patch_encoder",
            "model.backbone": "resnet18",
            "model.layers": 3,
            "model.heads": 8,
            "model.dropout": 0.1,
        },
    ),
    (
        "resnet18-puzzle",
        "resnet18-transformer",
        {
            "objective.name": "puzzle",
            "objective.a": 0.4,
            "objective.b": 0.1,
            "objective.rotation": 0,
            "objective.grid_hw": None,
        },
    ),
    ("resnet18-puzzle-rotate", "resnet18-puzzle", {"objective.rotation": 0.5}),
    ("resnet18-puzzle-2layers", "resnet18-puzzle", {"model.layers": 2}),
    ("resnet18-puzzle-v1", "resnet18-puzzle", {"objective.a": 0.5, "objective.b": 0.05}),
    ("resnet50-transformer", "resnet18-transformer", {"model.backbone": "resnet50"}),
]
ONE_STEP = (
    "steps=1",
    "batch_size=2",
    "data.workers=0",
    "threads=1",
    "device=cpu",
    "log.tensorboard=false",
    "evaluation.evaluators=[accuracy,predictions]",
)


def experiment_of(name: str) -> Experiment:
    return load_recipe(f"puzzle/{name}").experiment


def test_these_are_the_recipes() -> None:
    shipped = {name for name in shipped_recipes() if name.startswith("puzzle/")}
    assert shipped == {f"puzzle/{name}" for name in REPORTED}


@EVERY
def test_the_training_is_the_originals(name: str) -> None:
    experiment = experiment_of(name)
    assert (experiment.epochs, experiment.steps, experiment.batch_size) == (90, None, 256)
    assert experiment.augmentation.model_dump(exclude_defaults=True) == {"horizontal_flip": True}
    assert (experiment.distortion, experiment.upgrades, experiment.ema) == (None, {}, None)
    assert (experiment.clip_norm, experiment.precision) == (None, "float32")
    optimizer = experiment.optimizer
    assert (optimizer.name, optimizer.momentum, optimizer.nesterov) == ("sgd", 0.9, False)
    assert (optimizer.weight_decay, optimizer.decayed) == (1e-4, "all")
    assert not experiment.model.options["pretrained"]
    assert "puzzle" in experiment.evaluation.evaluators


@EVERY
def test_the_pictures_are_the_originals(name: str, shared_photographs: Path) -> None:
    experiment = load_recipe(f"puzzle/{name}", f"data.path={shared_photographs}").experiment
    data = load_data(experiment, shared_photographs, offline=True)
    reading = data.dataset.reading
    assert (reading.size, reading.resize) == (224, 256)
    assert (reading.crop_scale, reading.crop_ratio) == ((0.08, 1), (3 / 4, 4 / 3))
    assert (data.mean, data.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert {split: len(images) for split, images in data.splits.items()} == {"train": 24, "test": 9}


def test_the_learning_rate_follows_the_originals_formula() -> None:
    experiment = experiment_of("resnet18-linear")
    per_epoch = steps_per_epoch(1_281_167, experiment.batch_size, experiment.drop_last)
    total, warmup = experiment.total_steps(per_epoch), 5 * per_epoch
    factor = learning_rate_factor(experiment.schedule, total, per_epoch)
    found = [experiment.peak_learning_rate * factor(step) for step in range(total)]
    rising = [0.1 * k / warmup for k in range(1, warmup + 1)]
    stages = [0.1 * 0.1 ** (step // (30 * per_epoch)) for step in range(warmup, total)]
    np.testing.assert_allclose(found, rising + stages, rtol=1e-8)


@pytest.mark.parametrize(("name", "reported"), REPORTED.items())
def test_the_reported_result_is_the_originals(name: str, reported: float) -> None:
    about = experiment_of(name).about
    assert (about.reported, about.reported_on) == (reported, "imagenet")
    assert ("withdrawn" in about.reported_note) == (reported in (77.05, 70.11))


@pytest.mark.parametrize(("name", "other", "expected"), DIFFERENCES)
def test_a_recipe_differs_in_nothing_else(name: str, other: str, expected: dict[str, Any]) -> None:
    mine, others = (
        flatten(experiment_of(each).model_dump(mode="json", exclude={"about"})) for each in (name, other)
    )
    assert {key: mine[key] for key in mine if key not in others or others[key] != mine[key]} == expected


@pytest.fixture
def runs_dir(tmp_path: Path) -> Iterator[Path]:
    """Emptied afterwards: the largest run holds over 2 GB of weights and checkpoints."""
    yield tmp_path / "runs"
    shutil.rmtree(tmp_path / "runs")


QUICK = ("resnet18-linear", "resnet18-transformer", "resnet18-puzzle-rotate")
STARTED = [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in REPORTED]


@pytest.mark.parametrize("name", STARTED)
def test_a_recipe_trains_on_photographs(
    name: str, shared_photographs: Path, command: Any, runs_dir: Path
) -> None:
    options = (*ONE_STEP, f"data.path={shared_photographs}")
    code, _, errors = command("train", f"puzzle/{name}", *options, "--quiet", "--name", "started")
    assert (code, errors) == (0, "")
    run = Run(runs_dir / "puzzle" / name / "started")
    assert (run.results["steps"], run.results["splits"]["test"]["images"]) == (1, 9)
    (row,) = run.metrics("train")
    assert ("loss_ns" in row) == ("puzzle" in name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18-transformer", "resnet18-puzzle-rotate"])
def test_two_processes_share_a_recipes_batch(
    name: str, shared_photographs: Path, start: Any, runs_dir: Path
) -> None:
    options = (*ONE_STEP, f"data.path={shared_photographs}")
    process = start("train", f"puzzle/{name}", *options, "batch_size=4", "processes=2", "--name", "two")
    output, errors = process.communicate(timeout=200)
    assert process.returncode == 0, (output, errors)
    (row,) = Run(runs_dir / "puzzle" / name / "two").metrics("test")
    assert row["images"] == 9


@pytest.fixture(scope="module")
def trained(shared_photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run of a puzzle that has taken one step."""
    folder = tmp_path_factory.mktemp("runs")
    recipe = load_recipe("puzzle/resnet18-puzzle-2layers", *ONE_STEP, f"data.path={shared_photographs}")
    yield train(recipe, runs_dir=folder, quiet=True)
    shutil.rmtree(folder)


def test_a_trained_puzzle_is_asked_whether_it_uses_positions(trained: Run, command: Any) -> None:
    few = ("puzzle.images=4", "puzzle.curve_images=1", "--split", "test")
    code, output, errors = command("evaluate", trained.path, "puzzle", *few)
    assert (code, errors) == (0, "")
    for name in ("evaluation/test/puzzle.json", "evaluation/test/puzzle.png", "figures/puzzle-test.png"):
        assert name in output
        assert (trained.path / name).is_file()
    found = trained.read_json("evaluation/test/puzzle.json")
    assert (found["grid_hw"], found["answers"]["nn"]["images"]) == ([7, 7], 4)
    assert [point["patches"] for point in found["displaced"]] == [0, 2, 4, 8, 16, 32, 49]


def resnet18(library: str) -> tuple[nn.Module, nn.Module]:
    """A library's network as anybody has it, and that network up to its last map."""
    network = timm.create_model("resnet18") if library == "timm" else torchvision.models.resnet18()
    *body, _, _ = network.children()  # all but the pooling and fc
    return network, nn.Sequential(*body).eval()


def last_layer(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if name.startswith("fc.")}


@torch.no_grad()
@pytest.mark.parametrize("library", ["torchvision", "timm"])
def test_the_trained_backbone_is_a_plain_resnet_there_and_back(trained: Run, library: str) -> None:
    experiment = Experiment.model_validate(trained.experiment)
    dataset = load_data(experiment, trained.path, offline=True).dataset
    model = load_run_model(trained, experiment, dataset, "cpu").eval()
    images = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    images = images.to(memory_format=torch.channels_last)
    tokens = model.tokens(images)

    network, body = resnet18(library)
    own = last_layer(network.state_dict())
    network.load_state_dict(own | backbone_state(model.state_dict()))
    network.to(memory_format=torch.channels_last)
    assert network.get_buffer("bn1.num_batches_tracked") == 1, "trained for a step"
    torch.testing.assert_close(body(images).flatten(2).transpose(1, 2), tokens, atol=1e-6, rtol=1e-6)

    other = untrained_model(experiment, dataset, "cpu").eval()
    state = network.state_dict()
    back = {name: value for name, value in state.items() if name not in own}
    other.get_submodule("trunk.backbone").load_state_dict(back)
    assert torch.equal(other.tokens(images), tokens)
