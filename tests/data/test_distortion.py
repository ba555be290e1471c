from pathlib import Path

import pytest
import torch

from spatialvision.data import ImageDataset, Split, load_dataset
from spatialvision.data.distortion import distort_dataset, distort_split, fixed_keys
from spatialvision.data.distortions import similarity
from spatialvision.data.randomness import sample_keys


@pytest.fixture(scope="module")
def digits() -> ImageDataset:
    return load_dataset("digits", {"size": 20}, Path("/nowhere"), offline=True)


def keys(count: int, epoch: int = 0) -> torch.Tensor:
    return sample_keys(0, epoch, torch.arange(count))


def test_test_images_are_fixed_by_seed_and_index_alone(digits: ImageDataset) -> None:
    distortion = similarity(canvas=32, fit=0.625, rotation_deg=60, shift=0.1)
    whole = distort_split(digits.test, distortion)
    some = torch.tensor([300, 5, 17])
    assert torch.equal(distort_split(digits.test.select(some), distortion).images, whole.images[some])
    other = distort_split(digits.test, similarity(canvas=32, fit=0.625, rotation_deg=60, shift=0.1, seed=1))
    assert not torch.equal(other.images, whole.images)


def test_training_images_change_from_epoch_to_epoch(digits: ImageDataset) -> None:
    distortion = similarity(canvas=32, fit=0.625, rotation_deg=60)
    images = digits.train.images[:8].float() / 255
    assert not torch.equal(distortion(images, keys(8, epoch=0)), distortion(images, keys(8, epoch=1)))


def test_the_dataset_has_the_distorted_images_size_and_statistics(digits: ImageDataset) -> None:
    distorted = distort_dataset(digits, similarity(canvas=32, fit=0.625))
    assert distorted.size_hw == (32, 32)
    pixels = distorted.train.images.double() / 255
    assert distorted.mean == pytest.approx([pixels.mean().item()])
    assert distorted.std == pytest.approx([pixels.std(correction=0).item()])
    assert torch.equal(distorted.train.labels, digits.train.labels)


def test_keys_follow_the_place_in_the_original_split() -> None:
    split = Split(
        torch.zeros(3, 1, 4, 4, dtype=torch.uint8), torch.zeros(3, dtype=torch.int64), torch.tensor([9, 2, 5])
    )
    other = Split(split.images[:1], split.labels[:1], torch.tensor([2]))
    distortion = similarity()
    assert fixed_keys(distortion, other)[0] == fixed_keys(distortion, split)[1]
