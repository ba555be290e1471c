import pytest
import torch

from spatialvision.data.dataset import ImageDataset, Split, hold_out
from spatialvision.errors import DataError


def make_split(size: int = 50, channels: int = 3, seed: int = 0) -> Split:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (size, channels, 6, 5), generator=generator, dtype=torch.uint8)
    return Split(images, torch.arange(size) % 4)


def make_dataset(size: int = 50) -> ImageDataset:
    return ImageDataset("made", make_split(size), make_split(20, seed=1), ("a", "b", "c", "d"))


def test_sizes_are_those_of_the_tensors() -> None:
    dataset = make_dataset()
    assert (dataset.in_channels, dataset.size_hw, dataset.num_classes) == (3, (6, 5), 4)
    assert len(dataset.train) == 50
    assert torch.equal(dataset.train.indices, torch.arange(50))


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (
            torch.zeros(2, 1, 4, 4),
            torch.zeros(2, dtype=torch.int64),
            r"images: expected .* got float32 \(2, 1",
        ),
        (
            torch.zeros(2, 4, 4, dtype=torch.uint8),
            torch.zeros(2, dtype=torch.int64),
            r"got uint8 \(2, 4, 4\)",
        ),
        (torch.zeros(0, 1, 4, 4, dtype=torch.uint8), torch.zeros(0, dtype=torch.int64), "non-empty"),
        (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.zeros(3, dtype=torch.int64), r"labels: .* \(3,\)"),
        (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.zeros(2), "labels: expected int64"),
        (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.tensor([0, -1]), "labels: .* got -1"),
    ],
)
def test_wrong_tensors_are_refused(images: torch.Tensor, labels: torch.Tensor, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Split(images, labels)


def test_splits_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match=r"\(3, 6, 5\), got \(1, 6, 5\)"):
        ImageDataset("made", make_split(), make_split(channels=1), ("a", "b", "c", "d"))
    with pytest.raises(DataError, match=r"labels below 3, .*got 3"):
        ImageDataset("made", make_split(), make_split(), ("a", "b", "c"))


def test_statistics_are_those_of_the_scaled_pixels() -> None:
    dataset = make_dataset()
    scaled = dataset.train.images.double() / 255
    assert dataset.mean == pytest.approx(scaled.mean(dim=(0, 2, 3)).tolist(), rel=1e-12)
    assert dataset.std == pytest.approx(scaled.std(dim=(0, 2, 3), correction=0).tolist(), rel=1e-12)


def test_statistics_are_computed_once() -> None:
    dataset = make_dataset()
    before = dataset.mean, dataset.std
    dataset.train.images.zero_()
    assert (dataset.mean, dataset.std) == before


def test_hold_out_cuts_the_training_split_in_two() -> None:
    dataset = make_dataset(200)
    splits = hold_out(dataset, 0.1)
    assert list(splits) == ["train", "validation", "test"]
    assert (len(splits["train"]), len(splits["validation"])) == (180, 20)
    together = torch.cat([splits["train"].indices, splits["validation"].indices])
    assert torch.equal(together.sort().values, torch.arange(200))
    for which in ("train", "validation"):
        split = splits[which]
        assert torch.equal(split.images, dataset.train.images[split.indices])
        assert torch.equal(split.labels, dataset.train.labels[split.indices])
    assert splits["test"] is dataset.test


def test_hold_out_is_spread_over_the_split_and_always_the_same() -> None:
    first, second = hold_out(make_dataset(1000), 0.1), hold_out(make_dataset(1000), 0.1)
    indices = first["validation"].indices
    assert torch.equal(indices, second["validation"].indices)
    assert all(
        5 <= int(((indices >= low) & (indices < low + 250)).sum()) <= 45 for low in range(0, 1000, 250)
    )


def test_nothing_held_out_leaves_no_validation_split() -> None:
    dataset = make_dataset()
    assert hold_out(dataset, 0) == {"train": dataset.train, "test": dataset.test}


@pytest.mark.parametrize("fraction", [-0.1, 1.0, 0.001, 0.999, float("nan")])
def test_impossible_fractions_are_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match="fraction"):
        hold_out(make_dataset(), fraction)


def test_fashion_mnist_has_its_published_statistics(fashion_mnist: ImageDataset) -> None:
    assert fashion_mnist.mean == pytest.approx((0.2860,), abs=5e-5)
    assert fashion_mnist.std == pytest.approx((0.3530,), abs=5e-5)
