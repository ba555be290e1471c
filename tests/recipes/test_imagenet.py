"""The recipes at scale: one template and what differs from it, as the original trained and as is done today."""

import pytest

from spatialvision.config.experiment import Experiment, Length
from spatialvision.config.grid import expand_recipes
from spatialvision.config.resolving import resolve
from spatialvision.config.showing import resolved_text
from spatialvision.training.plan import make_plan
from spatialvision.training.schedule import learning_rate_factor
from spatialvision.workbench import load_recipe

IMAGES = 1_281_167
LEVELS = [(family, level) for family in ("efficientnet", "spatialnet") for level in range(8)]


@pytest.fixture(scope="module")
def template() -> Experiment:
    return load_recipe("imagenet/resnet50").experiment


def test_the_family_is_complete_and_a_pattern_finds_it() -> None:
    networks = {f"imagenet/{family}-{level}" for family, level in LEVELS}
    assert set(expand_recipes(["imagenet/*"])) == networks | {"imagenet/resnet50", "imagenet/resnet50-modern"}
    assert set(expand_recipes(["imagenet/spatialnet-*"])) == {name for name in networks if "spatial" in name}


@pytest.mark.parametrize(("family", "level"), LEVELS)
def test_a_network_differs_from_the_template_in_its_model_alone(
    family: str, level: int, template: Experiment
) -> None:
    experiment = load_recipe(f"imagenet/{family}-{level}").experiment
    assert experiment.model.name == f"{family}_{level}"
    assert f":{level}" in experiment.about.question
    assert experiment.model_copy(update={"about": template.about, "model": template.model}) == template


def test_show_tells_what_comes_from_the_template() -> None:
    lines = resolved_text(resolve("imagenet/spatialnet-3")).splitlines()
    assert any("spatialnet_3" in line and "imagenet/spatialnet-3.yaml" in line for line in lines)
    assert any("0.456" in line and "imagenet/resnet50.yaml" in line for line in lines)


def test_the_template_trains_as_the_original_did(template: Experiment) -> None:
    plan = make_plan(template, IMAGES)
    assert (plan.images, plan.steps_per_epoch, plan.total_steps) == (3 * 854_112, 5005, 120 * 5005)
    assert template.batch_size / template.accumulate == 64
    optimizer = template.optimizer
    assert (optimizer.name, optimizer.momentum, optimizer.weight_decay) == ("sgd", 0.9, 1e-4)
    assert (optimizer.nesterov, optimizer.decayed) == (False, "all")
    assert template.peak_learning_rate == pytest.approx(0.2), "the scaling rule, applied once"
    factor = learning_rate_factor(template.schedule, plan.total_steps, plan.steps_per_epoch)
    assert [factor(epoch * 5005) for epoch in (0, 29, 30, 60, 90, 119)] == pytest.approx(
        [1, 1, 0.1, 0.01, 1e-3, 1e-3]
    )
    data = template.data.options
    assert (data["mean"], data["std"]) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert (data["size"], data["resize"], template.data.repeats) == (224, None, 3)
    assert template.augmentation.horizontal_flip
    assert template.augmentation.colour_jitter == (0.3, 0.3, 0.3)
    assert template.model.options["pretrained"] is False


def test_the_newest_checkpoints_stay_and_every_tenth_epochs(template: Experiment) -> None:
    plan = make_plan(template, IMAGES)
    assert (plan.save_every, plan.keep_every) == (5005, 50050)
    assert sum(plan.keeps_at(step) for step in range(1, plan.total_steps + 1)) == 12


def test_todays_practice_is_another_training_of_the_same_network(template: Experiment) -> None:
    modern = load_recipe("imagenet/resnet50-modern").experiment
    plan = make_plan(modern, IMAGES)
    assert (plan.steps_per_epoch, plan.total_steps) == (1251, 125_100)
    assert modern.model == template.model
    assert (modern.data.repeats, modern.schedule.name, modern.schedule.warmup) == (
        1,
        "cosine",
        Length(epochs=5),
    )
    assert modern.objective.options["label_smoothing"] == 0.1
    assert modern.optimizer.decayed == "weights"
    assert modern.peak_learning_rate == 0.5
