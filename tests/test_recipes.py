"""The recipes that ship: each resolves, says what it is for, and survives being written down."""

from pathlib import Path

import pytest

from spatialvision.config.experiment import Data, Experiment
from spatialvision.config.recipe import SHIPPED, shipped_recipes
from spatialvision.config.resolving import resolve
from spatialvision.config.showing import resolved_text
from spatialvision.runs.directory import Run
from spatialvision.training.claim import as_plain
from spatialvision.training.schedule import learning_rate_factor
from spatialvision.workbench import load_recipe

EVERY = pytest.mark.parametrize("name", shipped_recipes())

# Recipe, epochs, localisation, classifier, reported test accuracy in percent.
DIGITS = [
    ("exp01-baseline", 20, "plain", "plain", 98.70),
    ("exp02-baseline-long", 30, "plain", "plain", 98.84),
    ("exp03-no-localisation", 30, "none", "plain", 98.55),
    ("exp04-no-localisation-coordconv", 30, "none", "coordconv", 98.54),
    ("exp05-coordconv-classifier", 30, "plain", "coordconv", 98.86),
    ("exp06-coordconv-localisation", 30, "coordconv", "plain", 99.06),
    ("exp07-coordconv-both", 30, "coordconv", "coordconv", 98.84),
]


@EVERY
def test_a_recipe_says_what_it_is_for(name: str) -> None:
    about = load_recipe(name).experiment.about
    assert about.question.endswith("?")
    assert about.source
    assert about.cost


@EVERY
def test_a_recipe_of_its_own_states_its_question_and_source(name: str) -> None:
    """Inherited, they would be another recipe's."""
    origins = load_recipe(name).origins
    for field in ("about.question", "about.source"):
        assert origins[field].startswith(f"{name}.yaml:")


@EVERY
def test_a_reported_result_is_its_own_and_says_how_it_came_about(name: str) -> None:
    resolved = load_recipe(name)
    for field in ("reported", "reported_train"):
        if getattr(resolved.experiment.about, field) is not None:
            assert resolved.origins[f"about.{field}"].startswith(f"{name}.yaml:")
            assert resolved.experiment.about.reported_note


@EVERY
def test_without_overrides_only_the_seed_names_the_run(name: str) -> None:
    resolved = load_recipe(name)
    assert resolved.run_name == f"s{resolved.experiment.seed}"


@EVERY
def test_what_show_prints_is_the_same_experiment(name: str, tmp_path: Path) -> None:
    path = tmp_path / "shown.yaml"
    for resolved in (load_recipe(name), resolve(name)):
        path.write_text(resolved_text(resolved))
        assert load_recipe(str(path)).experiment == load_recipe(name).experiment


@EVERY
def test_a_stored_experiment_is_the_same_experiment(name: str, tmp_path: Path) -> None:
    resolved = load_recipe(name, "optimizer.lr=3e-7")
    run = Run.create(tmp_path / "run", name, as_plain(resolved))
    assert Experiment.model_validate(run.experiment) == resolved.experiment
    assert run.experiment == as_plain(resolved)


@EVERY
def test_a_recipe_is_short(name: str) -> None:
    assert len((SHIPPED / f"{name}.yaml").read_text().splitlines()) <= 40


@pytest.mark.parametrize(("name", "epochs", "localisation", "classifier", "reported"), DIGITS)
def test_the_digit_study_has_the_settings_of_the_original(
    name: str, epochs: int, localisation: str, classifier: str, reported: float
) -> None:
    experiment = load_recipe(f"stn-mnist/{name}").experiment
    assert (experiment.epochs, experiment.steps) == (epochs, None)
    assert (experiment.seed, experiment.batch_size, experiment.drop_last) == (123, 64, False)
    assert experiment.about.reported == reported
    assert experiment.about.reference == 98.69
    assert experiment.data == Data(name="mnist", validation=0)
    assert experiment.distortion is None

    optimizer = experiment.optimizer
    assert (optimizer.name, optimizer.lr, optimizer.momentum, optimizer.weight_decay) == ("sgd", 0.01, 0, 0)
    assert (experiment.schedule.name, experiment.schedule.warmup.in_steps(938, 1)) == ("constant", 0)
    assert (experiment.clip_norm, experiment.ema, experiment.precision) == (None, None, "float32")
    assert experiment.objective.model_dump() == {"name": "cross_entropy", "label_smoothing": 0}
    assert experiment.augmentation == type(experiment.augmentation)(), "none"
    assert experiment.evaluation.every.in_steps(938, 1) == 938
    assert "test" in experiment.evaluation.splits

    options = experiment.model.options
    assert (experiment.model.name, options["localisation"], options["classifier"]) == (
        "stn_cnn",
        localisation,
        classifier,
    )
    assert (options["channels"], options["hidden"], options["dropout"]) == ((10, 20), 50, 0.5)
    assert (options["localisation_channels"], options["localisation_hidden"]) == ((8, 10), 32)
    assert options["transform"] == "affine"


# Recipe, model, width, layers, a, b, rotation.
PUZZLES = [
    ("cnn-linear", "small_cnn", 32, None, None, None, None),
    ("cnn-transformer", "small_cnn_encoder", 32, 3, None, None, None),
    ("cnn-puzzle", "small_cnn_encoder", 32, 3, 0.4, 0.1, 0),
    ("cnn-puzzle-rotate", "small_cnn_encoder", 32, 3, 0.4, 0.1, 0.5),
    ("cnn-puzzle-2layers", "small_cnn_encoder", 32, 2, 0.4, 0.1, 0),
    ("wide-cnn-transformer", "small_cnn_encoder", 64, 3, None, None, None),
    ("cnn-puzzle-v1", "small_cnn_encoder", 32, 3, 0.5, 0.05, 0),
]


@pytest.mark.parametrize(("name", "model", "width", "layers", "a", "b", "rotation"), PUZZLES)
def test_the_small_puzzles_differ_as_the_large_ones_do(
    name: str,
    model: str,
    width: int,
    layers: int | None,
    a: float | None,
    b: float | None,
    rotation: float | None,
) -> None:
    experiment = load_recipe(f"puzzle-fashion/{name}").experiment
    assert (experiment.steps, experiment.batch_size, experiment.data.name) == (2000, 64, "fashion_mnist")
    assert (experiment.optimizer.name, experiment.optimizer.momentum) == ("sgd", 0.9)
    # Warm-up over 1/18, drops by 10 after 1/3 and 2/3.
    factor = learning_rate_factor(experiment.schedule, 2000, 844)
    assert [round(factor(step), 3) for step in (0, 111, 666, 667, 1333, 1334)] == [0, 1, 1, 0.1, 0.1, 0.01]
    options, objective = experiment.model.options, experiment.objective
    assert (experiment.model.name, options["width"], options.get("layers")) == (model, width, layers)
    assert objective.name == ("cross_entropy" if a is None else "puzzle")
    found = objective.options
    assert (found.get("a"), found.get("b"), found.get("rotation")) == (a, b, rotation)
    assert found.get("grid_hw") is None


def test_every_small_puzzle_is_a_row_of_the_study() -> None:
    rows = {f"puzzle-fashion/{name}" for name, *_ in PUZZLES}
    assert {name for name in shipped_recipes() if name.startswith("puzzle-fashion/")} == rows
