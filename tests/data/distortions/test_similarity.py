import math
from pathlib import Path

import pytest
import torch

from spatialvision.data import ImageDataset, load_dataset
from spatialvision.data.distortions import similarity
from spatialvision.data.randomness import sample_keys


@pytest.fixture(scope="module")
def digits() -> ImageDataset:
    return load_dataset("digits", {"size": 20}, Path("/nowhere"), offline=True)


def keys(count: int) -> torch.Tensor:
    return sample_keys(0, 0, torch.arange(count))


def test_nothing_drawn_places_the_image_in_the_middle_of_the_canvas(digits: ImageDataset) -> None:
    images = digits.test.images[:4].float() / 255
    result = similarity(canvas=32, fit=20 / 32)(images, keys(4))
    assert result.shape == (4, 1, 32, 32)
    torch.testing.assert_close(result[:, :, 6:26, 6:26], images, atol=1e-4, rtol=0)
    assert result[:, :, :5].abs().max() == 0


def test_a_wide_image_keeps_its_shape() -> None:
    image = torch.ones(1, 1, 10, 20)
    result = similarity(canvas=40, fit=0.5)(image, keys(1))[0, 0]
    rows, columns = (result > 0.99).nonzero().unbind(1)
    assert (int(rows.min()), int(rows.max())) == (15, 24)
    assert (int(columns.min()), int(columns.max())) == (10, 29)


def test_draws_stay_within_their_bounds_and_fill_them() -> None:
    distortion = similarity(canvas=32, rotation_deg=60, scale=(0.6, 1.1), shift=0.175)
    forward = torch.linalg.inv(
        torch.cat(
            [distortion.theta(keys(4000), (28, 28)), torch.tensor([[[0.0, 0, 1]]]).expand(4000, 1, 3)], 1
        )
    )
    scale = forward[:, :2, :2].det().sqrt()
    angle = torch.atan2(forward[:, 0, 1], forward[:, 0, 0]) * 180 / math.pi
    shift = forward[:, :2, 2]
    for values, low, high in ((scale, 0.6, 1.1), (angle, -60, 60), (shift, -0.35, 0.35)):
        width = high - low
        assert low - 1e-4 <= values.min() < low + 0.02 * width
        assert high - 0.02 * width < values.max() <= high + 1e-4
        assert abs(float(values.mean()) - (low + high) / 2) < 0.03 * width


def test_theta_is_the_map_that_was_applied() -> None:
    # A single bright pixel moves to where the inverse of theta says.
    distortion = similarity(canvas=65, rotation_deg=90, scale=(0.8, 1.2), shift=0.1)
    image = torch.zeros(1, 1, 65, 65)
    image[0, 0, 20, 40] = 1
    point = torch.tensor([(40 + 0.5) / 65 * 2 - 1, (20 + 0.5) / 65 * 2 - 1])
    for key in keys(20):
        theta = distortion.theta(key[None], (65, 65))[0].double()
        expected = torch.linalg.solve(theta[:, :2], point.double() - theta[:, 2])
        result = distortion(image, key[None])[0, 0]
        weight = result / result.sum()
        axis = (torch.arange(65) + 0.5) / 65 * 2 - 1
        found = torch.stack([(weight.sum(0) * axis).sum(), (weight.sum(1) * axis).sum()])
        torch.testing.assert_close(found.double(), expected, atol=0.02, rtol=0)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"canvas": 0}, "canvas and fit: expected positive"),
        ({"scale": (1.2, 0.8)}, "expected 0 < lowest ≤ highest"),
        ({"rotation_deg": 200.0}, "rotation_deg: expected 0 to 180"),
    ],
)
def test_nonsense_is_refused(options: dict, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        similarity(**options)
