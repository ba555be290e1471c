import pytest
import scipy.stats
import torch
import torch.nn.functional as F

from spatialvision.data.dataset import ImageDataset, Split
from spatialvision.data.distortion import distort_dataset, fixed_keys, measured_split
from spatialvision.data.distortions import grid
from spatialvision.data.randomness import sample_keys


@pytest.fixture
def split() -> Split:
    images = torch.randint(256, (4, 2, 9, 9), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    return Split(images, torch.arange(4), torch.tensor([7, 0, 3, 12]))


def test_every_combination_is_there_once_for_every_image(split: Split) -> None:
    distortion = grid(angles_deg=(0.0, 90.0), scales=(0.5, 1.0, 2.0), shifts_x_px=(-1.0, 1.0))
    measured = measured_split(split, distortion)
    assert measured.indices.tolist() == [index * 12 + n for index in (7, 0, 3, 12) for n in range(12)]
    assert measured.labels.tolist() == [label for label in range(4) for _ in range(12)]
    numbers = distortion.numbers(fixed_keys(distortion, measured))
    assert numbers.tolist() == list(range(12)) * 4
    combinations = [distortion.combinations[number] for number in numbers[:12]]
    assert combinations == [
        (angle, scale, x, 0.0) for angle in (0.0, 90.0) for scale in (0.5, 1.0, 2.0) for x in (-1.0, 1.0)
    ]


def test_right_angles_are_exact(split: Split) -> None:
    distortion = grid(angles_deg=(0.0, 90.0, 180.0, -90.0))
    measured = measured_split(split, distortion).images.view(4, 4, 2, 9, 9)
    for number, turns in enumerate((0, 1, 2, 3)):
        assert torch.equal(measured[:, number], split.images.rot90(turns, (2, 3)))


def test_whole_pixel_shifts_are_exact(split: Split) -> None:
    distortion = grid(angles_deg=(0.0,), shifts_x_px=(2.0,), shifts_y_px=(-1.0, 3.0))
    measured = measured_split(split, distortion).images.view(4, 2, 2, 9, 9)
    assert torch.equal(measured[:, 0], F.pad(split.images, (2, -2, -1, 1)))
    assert torch.equal(measured[:, 1], F.pad(split.images, (2, -2, 3, -3)))


def test_angles_of_the_fixed_images_are_those_listed(split: Split) -> None:
    distortion = grid(angles_deg=(10.0, -30.0))
    measured = measured_split(split, distortion)
    angles = distortion.angle_rad(fixed_keys(distortion, measured)).rad2deg()
    torch.testing.assert_close(angles, torch.tensor([10.0, -30.0] * 4))


def test_a_training_image_draws_any_combination_in_each_epoch() -> None:
    distortion = grid(angles_deg=(0.0, 1.0, 2.0, 3.0, 4.0), scales=(1.0, 2.0, 3.0))
    numbers = torch.stack(
        [distortion.numbers(sample_keys(5, epoch, torch.arange(1000))) for epoch in range(6)]
    )
    assert scipy.stats.chisquare(torch.bincount(numbers.flatten(), minlength=15).numpy()).pvalue > 0.01
    assert (numbers[0] == numbers[1]).double().mean() < 0.2


def test_the_training_images_stay_one_each(split: Split) -> None:
    dataset = ImageDataset("made", split, split, ("a", "b", "c", "d"))
    distorted = distort_dataset(dataset, grid(angles_deg=(0.0, 90.0, 180.0)))
    assert (len(distorted.train), len(distorted.test)) == (4, 12)
    assert distorted.train.indices.tolist() == [7, 0, 3, 12]
    expected = [
        image.rot90(index % 3, (1, 2)) for image, index in zip(split.images, (7, 0, 3, 12), strict=True)
    ]
    assert torch.equal(distorted.train.images, torch.stack(expected))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"angles_deg": ()}, r"angles_deg: expected finite values, each once, got \[\]"),
        ({"scales": (1.0, 1.0)}, r"scales: expected finite values, each once, got \[1.0, 1.0\]"),
        ({"shifts_y_px": (float("inf"),)}, "shifts_y_px: expected finite values"),
        ({"scales": (0.0, 1.0)}, "scales: expected magnifications over 0"),
    ],
)
def test_nonsense_is_refused(options: dict, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        grid(**options)
