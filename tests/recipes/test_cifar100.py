"""The cifar100 study: its 23 recipes have the settings and the differences of the original."""

from typing import Any

import pytest

from spatialvision.config.experiment import Data, Experiment
from spatialvision.config.fields import Block, Length
from spatialvision.config.merging import flatten
from spatialvision.config.recipe import shipped_recipes
from spatialvision.data.order import steps_per_epoch
from spatialvision.training.schedule import learning_rate_factor
from spatialvision.workbench import load_recipe

# Recipe, reported top-1 in percent on test images, and on the first 200 training images.
STUDY: list[tuple[str, float | None, float | None]] = [
    ("resnet18", 35.39, 100.0),
    ("resnet34", 33.38, 100.0),
    ("resnet50", None, None),
    ("resnet18-aug", 40.77, 40.5),
    ("resnet18-clr1e-4", 31.84, 100.0),
    ("resnet18-gn", 37.03, 99.5),
    ("resnet18-ms1", 37.68, 97.5),
    ("resnet18-ms2", 38.51, 91.5),
    ("resnet18-ms3", 36.17, 58.5),
    ("resnet18-pcnorm", 35.19, 100.0),
    ("resnet18-wonorm", 35.72, 100.0),
    ("resnet18-tnc", 34.77, 100.0),
    ("toy-dilated", 18.86, 19.0),
    ("vit-12x256-8x8", 34.50, 45.5),
    ("vit-24x256-8x8", None, None),
    ("vit-b-8x8", None, None),
    ("vit-aux-3x4x256-8x8", 35.75, 45.5),
    ("vitn-12x256-8x8", 36.70, 60.5),
    ("vitn-12x256-8x8-ra", 38.77, 74.0),
    ("vitn-12x256-8x8-dm", 37.14, 63.5),
    ("vitn-12x256-8x8-lt", 36.53, 60.0),
    ("vitn-12x256-8x8-ltv", 36.53, 60.0),
    ("vitn-12x256-8x8-dm-lt", None, None),
]
EVERY = pytest.mark.parametrize("name", [name for name, *_ in STUDY])

# Recipe, another one, and all that makes them differ, by dotted key.
DIFFERENCES: list[tuple[str, str, dict[str, Any]]] = [
    ("resnet34", "resnet18", {"model.name": "resnet34"}),
    ("resnet50", "resnet18", {"model.name": "resnet50"}),
    (
        "resnet18-aug",
        "resnet18",
        {
            "augmentation.crop_padding": 4,
            "augmentation.horizontal_flip": True,
            "augmentation.rotation_deg": 15,
        },
    ),
    ("resnet18-gn", "resnet18", {"upgrades.group_norm.groups": 16}),
    *[
        (
            f"resnet18-ms{last}",
            "resnet18",
            {
                "upgrades.mixstyle.stages": list(range(1, last + 1)),
                "upgrades.mixstyle.probability": 0.5,
                "upgrades.mixstyle.alpha": 0.1,
            },
        )
        for last in (1, 2, 3)
    ],
    ("resnet18-pcnorm", "resnet18", {"model.normaliser": "channel"}),
    ("resnet18-wonorm", "resnet18", {"model.normaliser": "none"}),
    ("resnet18-tnc", "resnet18", {"model.num_classes": 100}),
    ("vit-24x256-8x8", "vit-12x256-8x8", {"model.layers": 24}),
    ("vit-b-8x8", "vit-12x256-8x8", {"model.width": 768, "model.heads": 12}),
    ("vitn-12x256-8x8-ra", "vitn-12x256-8x8", {"model.relative": True}),
    ("vitn-12x256-8x8-dm", "vitn-12x256-8x8", {"model.diagonal_mask": True}),
    ("vitn-12x256-8x8-lt", "vitn-12x256-8x8", {"model.temperature": "log"}),
    ("vitn-12x256-8x8-ltv", "vitn-12x256-8x8", {"model.temperature": "plain"}),
    ("vitn-12x256-8x8-dm-lt", "vitn-12x256-8x8-dm", {"model.temperature": "log"}),
]


def experiment_of(name: str) -> Experiment:
    return load_recipe(f"cifar100/{name}").experiment


def learning_rates(experiment: Experiment) -> list[float]:
    """Of every step on CIFAR-100's 50,000 training images, or those of them that are not held out."""
    images = round(50_000 * (1 - experiment.data.validation))
    per_epoch = steps_per_epoch(images, experiment.batch_size, experiment.drop_last)
    total = experiment.total_steps(per_epoch)
    factor = learning_rate_factor(experiment.schedule, total, per_epoch)
    return [experiment.optimizer.lr * factor(step) for step in range(total)]


def test_these_are_the_recipes() -> None:
    shipped = {name for name in shipped_recipes() if name.startswith("cifar100/")}
    assert shipped == {f"cifar100/{name}" for name, *_ in STUDY} | {"cifar100/strong"}
    assert len(STUDY) == 23


@EVERY
def test_the_training_is_the_originals(name: str) -> None:
    experiment = experiment_of(name)
    assert (experiment.seed, experiment.steps, experiment.epochs) == (0, 5000, None)
    assert (experiment.batch_size, experiment.drop_last, experiment.clip_norm) == (128, True, 100)
    assert experiment.data == Data(name="cifar100", validation=0, smallest_size=32, normalise=False)
    optimizer = experiment.optimizer
    assert (optimizer.name, optimizer.betas, optimizer.eps, optimizer.weight_decay) == (
        "adam",
        (0.9, 0.999),
        1e-8,
        0,
    )
    assert (experiment.distortion, experiment.ema, experiment.precision) == (None, None, "float32")
    hundred = Length(steps=100)
    assert experiment.evaluation.every == experiment.checkpoint.every == experiment.log.every == hundred
    assert experiment.evaluation.splits == ("train", "test")
    assert experiment.evaluation.train_images == 200
    deep = name.startswith("vit-aux")
    options = {"label_smoothing": 0} | ({"weight": 1} if deep else {})
    assert experiment.objective == Block(name="deep_supervision" if deep else "cross_entropy", **options)


@EVERY
def test_the_learning_rate_follows_the_originals_formula(name: str) -> None:
    rising = [1e-6 + 1.99e-4 * n / 500 for n in range(500)]
    falling = [1e-6 + 1.99e-4 * (5000 - n) / 4500 for n in range(500, 5000)]
    expected = [1e-4] * 5000 if name == "resnet18-clr1e-4" else rising + falling
    assert learning_rates(experiment_of(name)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("name", "reported", "reported_train"), STUDY)
def test_the_outputs_and_the_reported_results_are_the_originals(
    name: str, reported: float | None, reported_train: float | None
) -> None:
    experiment = experiment_of(name)
    assert experiment.model.options["num_classes"] == (100 if name == "resnet18-tnc" else 1000)
    assert (experiment.about.reported, experiment.about.reported_train) == (reported, reported_train)
    assert experiment.about.reported_on == "cifar100"
    assert "chosen on the test set" in experiment.about.reported_note


@pytest.mark.parametrize(("name", "other", "expected"), DIFFERENCES)
def test_a_recipe_differs_in_nothing_else(name: str, other: str, expected: dict[str, Any]) -> None:
    mine, others = (
        flatten(experiment_of(each).model_dump(mode="json", exclude={"about"})) for each in (name, other)
    )
    differing = {key: mine[key] for key in mine if key not in others or others[key] != mine[key]}
    assert differing == expected
    assert others.keys() - mine.keys() <= {"upgrades"}


def test_todays_training_is_chosen_on_images_held_out() -> None:
    experiment = experiment_of("strong")
    assert (experiment.model.options["stem"], experiment.optimizer.nesterov) == ("cifar", True)
    assert experiment.data.validation > 0, "nothing is chosen on the test set"
    rates = learning_rates(experiment)
    assert (rates[0], max(rates), rates[5 * 351]) == pytest.approx((0.001, 0.1, 0.1))
    assert rates[-1] < 1e-6
