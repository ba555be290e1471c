from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from spatialvision.data import InMemoryLoader, JpegLoader
from spatialvision.evaluate.load import ExperimentData, load_data
from spatialvision.evaluate.loaders import measuring_loader, training_loader
from spatialvision.workbench import load_recipe

CPU = torch.device("cpu")
FOLDER = "data={{name: folder, path: {path}, size: 32, decoder: pillow, workers: 0, validation: 0.25{more}}}"


@pytest.fixture
def folder_data(small_recipe: str, photographs: Path) -> Callable[..., tuple]:
    """An experiment on photographs, and its data."""

    def load(*overrides: str, more: str = "") -> tuple:
        setting = FOLDER.format(path=photographs, more=more)
        experiment = load_recipe(small_recipe, setting, *overrides).experiment
        return experiment, load_data(experiment, photographs, offline=True)

    return load


def test_images_in_memory_are_jittered_after_they_are_moved(small_recipe: str, tmp_path: Path) -> None:
    overrides = ("augmentation.shift=0.2", "augmentation.colour_jitter=[0.4,0,0]")
    plain, jittered = (
        training_loader(experiment, load_data(experiment, tmp_path, offline=True), CPU)
        for experiment in (load_recipe(small_recipe, *overrides[:count]).experiment for count in (1, 2))
    )
    assert isinstance(jittered, InMemoryLoader)
    before = plain.unnormalise(plain.batch(torch.arange(30), 0).images)
    after = jittered.unnormalise(jittered.batch(torch.arange(30), 0).images)
    is_grey = (before > 0.1) & (before < 0.7)
    ratios = [(new[grey] / old[grey]) for old, new, grey in zip(before, after, is_grey, strict=True)]
    assert all(ratio.std() < 1e-3 for ratio in ratios)
    factors = torch.stack([ratio.mean() for ratio in ratios])
    assert 0.59 < float(factors.min()) < 0.8 < 1.2 < float(factors.max()) < 1.41


def test_files_are_cropped_anew_in_training_and_at_their_centre_in_measuring(
    folder_data: Callable[..., tuple],
) -> None:
    experiment, data = folder_data("augmentation.horizontal_flip=true")
    assert isinstance(data, ExperimentData)
    training = training_loader(experiment, data, CPU)
    measured = measuring_loader(experiment, data, data.splits["train"], CPU)
    positions = torch.arange(18)
    first, second = (training.batch(positions, epoch).images for epoch in (0, 1))
    assert not torch.allclose(first, second)
    assert torch.equal(measured.batch(positions, 0).images, measured.batch(positions, 1).images)
    assert first.shape == (18, 3, 32, 32)
    assert data.dataset.size_hw == (32, 32)
    assert data.mean == (0.485, 0.456, 0.406)


@pytest.mark.parametrize(
    ("policy", "measuring"), [("error", "error"), ("skip", "replace"), ("replace", "replace")]
)
def test_nothing_is_left_out_of_what_is_measured(
    folder_data: Callable[..., tuple], policy: str, measuring: str
) -> None:
    experiment, data = folder_data(more=f", broken: {policy}")
    training, measured = (
        training_loader(experiment, data, CPU),
        measuring_loader(experiment, data, data.splits["test"], CPU),
    )
    assert isinstance(training, JpegLoader)
    assert isinstance(measured, JpegLoader)
    assert (training.broken.policy, measured.broken.policy) == (policy, measuring)


def test_values_stay_in_0_to_1_where_asked(folder_data: Callable[..., tuple]) -> None:
    experiment, data = folder_data("data.normalise=false")
    images = measuring_loader(experiment, data, data.splits["test"], CPU).batch(torch.arange(9), 0).images
    assert 0 <= float(images.min()) < 0.2 < 0.8 < float(images.max()) <= 1
