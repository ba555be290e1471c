"""What holds for all of them: (images in [0, 1], keys) to images in [0, 1], each image for itself."""

import copy

import pytest
import torch

import spatialvision.data.distortions as shipped
from spatialvision.data.dataset import Split
from spatialvision.data.distortion import Distortion, Turning, distort_split
from spatialvision.data.randomness import sample_keys
from spatialvision.registry import DISTORTIONS

SIZE_HW = (14, 19)
SMALL = {
    "displaced_patches": {"patches": 5, "grid_hw": (2, 19)},
    "grid": {"angles_deg": (-30.0, 10.0), "scales": (0.9, 1.1), "shifts_x_px": (-2.5, 1.0)},
    "projective": {"corner_std_px": 3.0},
    "rotated_scaled_translated": {"canvas": 24},
    "similarity": {"rotation_deg": 50.0, "scale": (0.7, 1.2), "shift": 0.1},
    "translated": {"canvas": 25},
    "translated_cluttered": {"canvas": 25, "crops": 3},
}
CANVAS_HW = {"rotated_scaled_translated": (24, 24), "similarity": (32, 32)} | dict.fromkeys(
    ["translated", "translated_cluttered"], (25, 25)
)
STILL = {
    "displaced_patches": {"patches": 0, "grid_hw": (2, 19)},
    "elastic": {"scale": (1.0, 1.0), "point_std_px": 0.0},
    "grid": {"angles_deg": (0.0,)},
    "projective": {"scale": (1.0, 1.0), "corner_std_px": 0.0},
    "rotated": {"rotation_deg": 0.0},
}


def made(name: str, options: dict | None = None) -> Distortion:
    pool = torch.arange(5 * 3 * 14 * 19).remainder(251).to(torch.uint8).view(5, 3, *SIZE_HW)
    return DISTORTIONS.build(name, options or SMALL.get(name, {}), {"training_images": pool})


def images_of(count: int) -> torch.Tensor:
    return torch.rand(count, 3, *SIZE_HW, generator=torch.Generator().manual_seed(1))


def keys(count: int) -> torch.Tensor:
    return sample_keys(0, 0, torch.arange(count))


@pytest.mark.parametrize("name", shipped.__all__)
def test_values_stay_in_range_and_sizes_are_as_said(name: str) -> None:
    result = made(name)(images_of(50), keys(50))
    assert result.shape == (50, 3, *CANVAS_HW.get(name, SIZE_HW))
    assert result.dtype == torch.float32
    assert 0 <= result.min() < 0.01
    assert 0.5 < result.max() <= 1


@pytest.mark.parametrize("name", shipped.__all__)
def test_an_image_does_not_depend_on_its_batch(name: str) -> None:
    distortion, images = made(name), images_of(100)
    whole = distortion(images, keys(100))
    for chosen in (torch.tensor([0]), torch.tensor([57]), torch.tensor([99, 3, 20])):
        assert torch.equal(distortion(images[chosen], keys(100)[chosen]), whole[chosen])


@pytest.mark.parametrize("name", shipped.__all__)
def test_another_epoch_is_another_draw(name: str) -> None:
    distortion, images = made(name), images_of(20)
    first, second = (distortion(images, sample_keys(0, epoch, torch.arange(20))) for epoch in (0, 1))
    changed = (first != second).flatten(1).any(1)
    # Listed combinations and whole-pixel places may by chance come again.
    assert changed.sum() >= 10


@pytest.mark.parametrize("name", shipped.__all__)
def test_the_fixed_images_follow_from_seed_and_index(name: str) -> None:
    images = (images_of(40) * 255).to(torch.uint8)
    split = Split(images, torch.zeros(40, dtype=torch.int64))
    whole, some = distort_split(split, made(name)), torch.tensor([30, 4, 17])
    assert torch.equal(
        distort_split(split.select(some), copy.deepcopy(made(name))).images, whole.images[some]
    )
    if name != "grid":  # its fixed images are all that there are
        other = made(name, {**SMALL.get(name, {}), "seed": 1})
        assert not torch.equal(distort_split(split, other).images, whole.images)


@pytest.mark.parametrize("name", STILL)
def test_nothing_drawn_changes_nothing(name: str) -> None:
    images = images_of(5)
    torch.testing.assert_close(made(name, STILL[name])(images, keys(5)), images, atol=1e-5, rtol=0)


def test_what_bends_has_no_angle() -> None:
    turning = {name for name in shipped.__all__ if isinstance(made(name), Turning)}
    assert turning == set(shipped.__all__) - {"projective", "elastic", "displaced_patches"}
