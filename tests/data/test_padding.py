import pytest
import torch

from spatialvision.data.dataset import ImageDataset, Split
from spatialvision.data.padding import pad_dataset


def make_dataset(height: int, width: int) -> ImageDataset:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(1, 256, (30, 2, height, width), generator=generator).to(torch.uint8)
    train, test = Split(images[:20], torch.arange(20) % 3), Split(images[20:], torch.arange(10) % 3)
    return ImageDataset("made", train, test, ("a", "b", "c"))


@pytest.mark.parametrize(
    ("size_hw", "smallest", "padded_hw", "top", "left"),
    [
        ((28, 28), 32, (32, 32), 2, 2),
        ((5, 8), 9, (9, 9), 2, 0),
        ((5, 40), 10, (10, 40), 2, 0),
        ((40, 7), 10, (40, 10), 0, 1),
    ],
)
def test_the_image_lies_in_the_middle_of_a_black_canvas(
    size_hw: tuple[int, int], smallest: int, padded_hw: tuple[int, int], top: int, left: int
) -> None:
    dataset = make_dataset(*size_hw)
    padded = pad_dataset(dataset, smallest)
    assert padded.size_hw == padded_hw
    for before, after in ((dataset.train, padded.train), (dataset.test, padded.test)):
        inside = after.images[:, :, top : top + size_hw[0], left : left + size_hw[1]]
        assert torch.equal(inside, before.images)
        assert after.images.count_nonzero() == before.images.count_nonzero(), "black everywhere else"
        assert after.images.dtype == torch.uint8
        assert torch.equal(after.labels, before.labels)
        assert torch.equal(after.indices, before.indices)
    assert (padded.name, padded.class_names) == (dataset.name, dataset.class_names)


def test_images_that_are_large_enough_stay() -> None:
    dataset = make_dataset(32, 40)
    assert pad_dataset(dataset, 32) is dataset


def test_the_statistics_are_those_of_the_padded_images() -> None:
    dataset = make_dataset(7, 6)
    before, padded = dataset.mean, pad_dataset(dataset, 12)
    scaled = padded.train.images.double() / 255
    assert padded.mean == pytest.approx(scaled.mean(dim=(0, 2, 3)).tolist(), rel=1e-12)
    assert padded.std == pytest.approx(scaled.std(dim=(0, 2, 3), correction=0).tolist(), rel=1e-12)
    assert padded.mean == pytest.approx([value * (7 * 6) / 144 for value in before])
