"""What is planned is what is asked: positions part by part, for every process."""

import pytest
import torch

from spatialvision.config.experiment import Experiment
from spatialvision.data.order import repeated_indices, sample_indices
from spatialvision.distributed.process import Process
from spatialvision.training.parts import IDLE, coming_batches, parts_of_step
from spatialvision.training.plan import make_plan
from spatialvision.workbench import load_recipe

SIZE = 1293


def experiment_of(recipe: str, *overrides: str) -> Experiment:
    return load_recipe(recipe, *overrides).experiment


def process(rank: int = 0, world_size: int = 1) -> Process:
    return Process(rank, world_size, torch.device("cpu"))


@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_parts_joined_are_the_share_of_each_process(small_recipe: str, world_size: int) -> None:
    experiment = experiment_of(small_recipe, "accumulate=6")
    plan = make_plan(experiment, SIZE)
    for step in (0, 10, 13):
        for rank in range(world_size):
            parts = parts_of_step(experiment, plan, SIZE, process(rank, world_size), step)
            share = sample_indices(SIZE, 128, 0, *divmod(step, 11), rank, world_size)
            assert torch.equal(torch.cat(parts), share)
            assert len(parts) == 6 // world_size or step == 10  # the last batch has 13 images


def test_repeats_and_a_fixed_epoch_change_the_order(small_recipe: str) -> None:
    experiment = experiment_of(small_recipe, "data.repeats=3", "data.epoch_images=300")
    plan = make_plan(experiment, SIZE)
    assert (plan.steps_per_epoch, plan.images, plan.images_in(2)) == (3, 300, 44)
    (part,) = parts_of_step(experiment, plan, SIZE, process(1, 2), 4)
    assert torch.equal(part, repeated_indices(SIZE, 3, 300, 128, 0, 1, 1, 1, 2))


@pytest.mark.parametrize("world_size", [1, 2, 4])
def test_copies_of_an_image_lie_in_different_parts_however_many_processes(
    small_recipe: str, world_size: int
) -> None:
    experiment = experiment_of(small_recipe, "data.repeats=3", "data.epoch_images=300", "accumulate=4")
    plan = make_plan(experiment, SIZE)
    groups = [
        set(part.tolist())
        for rank in range(world_size)
        for part in parts_of_step(experiment, plan, SIZE, process(rank, world_size), 0)
    ]
    assert all(len({position % SIZE for position in group}) == len(group) == 32 for group in groups)
    alone = [set(part.tolist()) for part in parts_of_step(experiment, plan, SIZE, process(), 0)]
    assert sorted(map(sorted, groups)) == sorted(map(sorted, alone))


def test_all_that_is_asked_from_a_step_on_comes_in_order(small_recipe: str) -> None:
    experiment = experiment_of(small_recipe, "accumulate=2")
    plan = make_plan(experiment, SIZE)
    found = list(coming_batches(experiment, plan, SIZE, process(), 9))
    assert plan.total_steps == 22
    expected = [
        (part, step // 11)
        for step in range(9, 22)
        for part in parts_of_step(experiment, plan, SIZE, process(), step)
    ]
    assert [epoch for _, epoch in found] == [epoch for _, epoch in expected]
    assert all(torch.equal(one, other) for (one, _), (other, _) in zip(found, expected, strict=True))


def test_a_process_without_a_share_works_on_an_image_that_does_not_count(small_recipe: str) -> None:
    experiment = experiment_of(small_recipe, "epochs=1")
    plan = make_plan(experiment, 129)
    assert parts_of_step(experiment, plan, 129, process(1, 2), 1) == ()
    (_, last) = coming_batches(experiment, plan, 129, process(1, 2), 0)
    assert torch.equal(last[0], IDLE)
