from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from spatialvision.data import ImageDataset, load_dataset


def load(**options: int) -> ImageDataset:
    return load_dataset("digits", options, Path("/nowhere"), offline=True)


def test_every_fifth_image_of_each_class_is_a_test_image() -> None:
    dataset = load()
    target = load_digits().target
    assert (len(dataset.train), len(dataset.test)) == (1433, 364)
    for digit in range(10):
        of_class = np.flatnonzero(target == digit)
        assert dataset.test.indices[dataset.test.labels == digit].tolist() == of_class[::5].tolist()
    assert torch.equal(
        torch.cat([dataset.train.indices, dataset.test.indices]).sort().values, torch.arange(1797)
    )
    assert np.array_equal(dataset.train.labels.numpy(), target[dataset.train.indices.numpy()])
    assert np.array_equal(dataset.test.labels.numpy(), target[dataset.test.indices.numpy()])


def test_the_original_size_keeps_the_original_pixels() -> None:
    dataset = load(size=8)
    original = load_digits().images[dataset.test.indices.numpy()]
    assert np.array_equal(dataset.test.images[:, 0].numpy(), np.round(original * 255 / 16).astype(np.uint8))


@pytest.mark.parametrize("size", [16, 28, 35])
def test_images_are_enlarged_bilinearly_between_pixel_centres(size: int) -> None:
    dataset = load(size=size)
    assert dataset.size_hw == (size, size)
    places = (np.arange(size) + 0.5) * 8 / size - 0.5  # numpy.interp repeats the border beyond its centres
    weights = np.stack([np.interp(places, np.arange(8), unit) for unit in np.eye(8)], axis=1)
    original = load_digits().images[dataset.test.indices.numpy()] * 255 / 16
    error = dataset.test.images[:, 0].numpy() - weights @ original @ weights.T
    assert np.abs(error).max() <= 0.501  # whole numbers


def test_shrinking_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 8 pixels.*got 4"):
        load(size=4)
