"""An experiment's images: what is held out, padded, distorted, measured, and normalised with."""

from pathlib import Path

import pytest
import torch
from torch import nn

from spatialvision.config.experiment import Experiment
from spatialvision.config.fields import Block
from spatialvision.data.distortion import distort_split
from spatialvision.data.distortions import translated_cluttered
from spatialvision.data.loader import InMemoryLoader
from spatialvision.errors import RecipeError
from spatialvision.evaluate.load import ExperimentData, load_data, untrained_model, without_pretrained
from spatialvision.models.pretrained import is_offline
from spatialvision.models.spatially_transformed import SpatiallyTransformed
from spatialvision.nn import CoordConv2d
from spatialvision.registry import MODELS
from spatialvision.workbench import load_recipe


def experiment_of(recipe: str, *overrides: str) -> Experiment:
    return load_recipe(recipe, *overrides).experiment


def data_of(recipe: str, *overrides: str) -> ExperimentData:
    return load_data(experiment_of(recipe, *overrides), Path("nowhere"), offline=True)


def test_images_are_normalised_with_their_own_statistics(small_recipe: str) -> None:
    data = data_of(small_recipe)
    assert (data.mean, data.std) == (data.dataset.mean, data.dataset.std)
    loader = InMemoryLoader(data.dataset.train, data.mean, data.std, "cpu", 0)
    seen = loader.batch(torch.arange(len(loader)), 0).images
    torch.testing.assert_close(seen.mean(), torch.tensor(0.0), rtol=0, atol=1e-4)
    torch.testing.assert_close(seen.std(correction=0), torch.tensor(1.0), rtol=0, atol=1e-4)


def test_a_model_that_normalises_itself_sees_black_to_white(small_recipe: str) -> None:
    data = data_of(small_recipe, "data.normalise=false")
    loader = InMemoryLoader(data.training, data.mean, data.std, "cpu", 0)
    positions = torch.arange(len(loader))
    seen = loader.batch(positions, 0).images
    assert (seen.min(), seen.max()) == (0, 1)
    torch.testing.assert_close(seen, loader.images_from(positions), rtol=0, atol=1e-7)


def test_padding_comes_before_distortion_and_augmentation(small_recipe: str) -> None:
    plain = data_of(small_recipe)
    padded = data_of(small_recipe, "data.smallest_size=20")
    assert plain.dataset.size_hw == (16, 16)
    for split in (padded.training, *padded.splits.values()):
        assert split.images.shape[2:] == (20, 20)
    assert torch.equal(padded.training.images[:, :, 2:18, 2:18], plain.training.images)
    # On a canvas of the padded size, with nothing drawn, the distortion changes nothing.
    same = "distortion={name: similarity, canvas: 20}"
    distorted = data_of(small_recipe, "data.smallest_size=20", same)
    assert torch.equal(distorted.splits["test"].images, padded.splits["test"].images)


@pytest.mark.parametrize("name", ["rotated", "projective", "elastic", "translated", "translated_cluttered"])
def test_distorted_images_are_the_same_for_all_experiments(small_recipe: str, name: str) -> None:
    asked = f"distortion.name={name}"
    first, second = (
        data_of(small_recipe, asked, f"seed={seed}", f"batch_size={size}", f"data.validation={share}")
        for seed, size, share in ((0, 16, 0.1), (7, 128, 0.3))
    )
    assert torch.equal(first.splits["test"].images, second.splits["test"].images)
    # A training image, too, is the same wherever it is measured.
    both = set(first.splits["validation"].indices.tolist()) & set(
        second.splits["validation"].indices.tolist()
    )
    assert len(both) > 50
    chosen = [
        split.images[torch.isin(split.indices, torch.tensor(sorted(both)))]
        for split in (first.splits["validation"], second.splits["validation"])
    ]
    assert torch.equal(*chosen)
    assert not torch.equal(first.splits["train"].images[:50, :, :16, :16], first.training.images[:50])


def test_clutter_comes_from_all_training_images(small_recipe: str) -> None:
    data = data_of(
        small_recipe, "distortion={name: translated_cluttered, canvas: 30}", "data.smallest_size=20"
    )
    plain = data_of(small_recipe, "data.smallest_size=20")
    by_hand = translated_cluttered(plain.dataset.train.images, canvas=30)
    expected = distort_split(plain.dataset.test, by_hand)
    assert torch.equal(data.splits["test"].images, expected.images)


def test_validation_and_test_hold_every_listed_combination(small_recipe: str) -> None:
    listed = "distortion={name: grid, angles_deg: [0, 90, 180]}"
    plain, data = data_of(small_recipe), data_of(small_recipe, listed)
    for name in ("validation", "test"):
        original, measured = plain.splits[name], data.splits[name]
        assert torch.equal(measured.indices, (3 * original.indices[:, None] + torch.arange(3)).flatten())
        assert torch.equal(measured.images[::3], original.images)
        assert torch.equal(measured.images[2::3], original.images.rot90(2, (2, 3)))
    assert len(data.splits["train"]) == len(data.training) == len(plain.training)
    assert torch.equal(data.training.images, plain.training.images)


def test_images_that_a_distortion_cannot_hold_are_named(small_recipe: str) -> None:
    with pytest.raises(
        RecipeError, match="data digits: canvas: expected at least 16 pixels for images of 16×16"
    ):
        data_of(small_recipe, "distortion={name: translated, canvas: 15}")


def test_only_the_first_training_images_are_measured_but_all_are_trained_on(small_recipe: str) -> None:
    everything = data_of(small_recipe)
    data = data_of(small_recipe, "evaluation.train_images=25", "evaluation.splits=[train, test]")
    assert len(data.training) == len(everything.training) == len(everything.splits["train"])
    assert torch.equal(data.splits["train"].images, everything.splits["train"].images[:25])
    assert torch.equal(data.splits["train"].indices, everything.training.indices[:25])
    assert len(data.splits["test"]) == len(everything.splits["test"])


def test_without_a_validation_split_these_are_the_first_of_the_dataset(small_recipe: str) -> None:
    data = data_of(small_recipe, "evaluation.train_images=25", "data.validation=0")
    first, measured = data.dataset.train.select(torch.arange(25)), data.splits["train"]
    assert torch.equal(measured.images, first.images)
    assert torch.equal(measured.indices, first.indices)


def test_more_training_images_than_there_are_means_all(small_recipe: str) -> None:
    data = data_of(small_recipe, "evaluation.train_images=1000000")
    assert len(data.splits["train"]) == len(data.training)


def test_the_model_is_built_with_its_upgrades(small_recipe: str) -> None:
    asked = ("upgrades.coordconv.layers=convolutions.0", "upgrades.spatial_transformer={}", "data.size=28")
    experiment = experiment_of(small_recipe, *asked)
    model = untrained_model(experiment, data_of(small_recipe, *asked).dataset, "cpu")
    assert isinstance(model, SpatiallyTransformed)
    assert isinstance(model.get_submodule("classifier.convolutions.0"), CoordConv2d)
    assert model.transformer.head.weight.shape == (6, 32)


def test_an_upgrade_that_does_not_fit_is_a_problem_of_the_recipe(small_recipe: str) -> None:
    experiment = experiment_of(small_recipe, "upgrades.mixstyle.stages=[3]")
    message = r"model stn_cnn on digits: upgrade mixstyle: stages: expected numbers from 1 to 2 .* got \[3\]"
    with pytest.raises(RecipeError, match=message):
        untrained_model(experiment, data_of(small_recipe).dataset, "cpu")


def test_pretrained_weights_are_asked_for_offline_or_not_at_all(small_recipe: str) -> None:
    block = Block.model_validate({"name": "resnet18", "pretrained": True})
    experiment = experiment_of(small_recipe).model_copy(update={"model": block})
    seen = []

    def resnet18(num_classes: int, pretrained: bool = False) -> nn.Module:
        seen.append((pretrained, is_offline()))
        return nn.Linear(1, num_classes)

    dataset = data_of(small_recipe).dataset
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HF_HUB_OFFLINE", raising=False)
        patch.setitem(MODELS._builders, "resnet18", resnet18)
        untrained_model(experiment, dataset, "cpu", offline_only=True)
        untrained_model(experiment, dataset, "cpu")
        untrained_model(without_pretrained(experiment), dataset, "cpu")
    assert seen == [(True, True), (True, False), (False, False)]
    assert without_pretrained(experiment).model.options == {"pretrained": False}
    untouched = experiment_of(small_recipe)
    assert without_pretrained(untouched) is untouched
