import math

import pytest
import torch

from spatialvision.data.augmentation import Augmentation
from spatialvision.data.randomness import sample_keys

KEYS = sample_keys(0, 0, torch.arange(64))
EVERYTHING = Augmentation(crop_padding=2, horizontal_flip=True, rotation_deg=20, scale=(0.8, 1.3), shift=0.1)


def make_images(count: int = 64, height: int = 12, width: int = 10) -> torch.Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(1))


def test_defaults_change_nothing_and_cost_nothing() -> None:
    images = make_images()
    assert Augmentation().is_identity
    assert Augmentation()(images, KEYS) is images
    assert not any(
        Augmentation(**{name: value}).is_identity  # type: ignore[arg-type]
        for name, value in {
            "crop_padding": 1,
            "horizontal_flip": True,
            "rotation_deg": 1.0,
            "scale": (1.0, 1.1),
            "shift": 0.1,
        }.items()
    )


def test_every_crop_is_a_slice_of_the_padded_image() -> None:
    padding, images = 3, make_images()
    cropped = Augmentation(crop_padding=padding)(images, KEYS)
    padded = torch.nn.functional.pad(images, [padding] * 4)
    places = []
    for image, result in zip(padded, cropped, strict=True):
        windows = image.unfold(1, 12, 1).unfold(2, 10, 1).permute(1, 2, 0, 3, 4)  # (7, 7, 3, 12, 10)
        errors = (windows - result).abs().amax(dim=(2, 3, 4))
        assert errors.min() < 1e-5
        places.append(int(errors.argmin()))
    assert len(set(places)) > 25  # of 49 places, 64 draws
    assert {place // 7 for place in places} == {place % 7 for place in places} == set(range(7))


def test_every_flip_is_the_image_or_its_mirror_image() -> None:
    images = make_images()
    flipped = Augmentation(horizontal_flip=True)(images, KEYS)
    as_it_is = (flipped - images).abs().amax(dim=(1, 2, 3)) < 1e-5
    mirrored = (flipped - images.flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-5
    assert torch.equal(as_it_is, ~mirrored)
    assert 16 < int(mirrored.sum()) < 48


def test_draws_fill_their_ranges() -> None:
    keys = sample_keys(0, 0, torch.arange(5000))
    theta = Augmentation(rotation_deg=30, scale=(0.5, 2.0)).theta(keys, (16, 16)).double()
    scale = 1 / theta[:, 0, :2].norm(dim=1)
    angle_deg = torch.rad2deg(torch.atan2(theta[:, 1, 0], theta[:, 0, 0]))
    assert (scale.min(), scale.max()) == (pytest.approx(0.5, abs=0.01), pytest.approx(2.0, abs=0.01))
    assert scale.mean() == pytest.approx(1.25, abs=0.03)
    assert (angle_deg.min(), angle_deg.max()) == (pytest.approx(-30, abs=0.1), pytest.approx(30, abs=0.1))
    assert angle_deg.mean() == pytest.approx(0, abs=1)
    shift_xy = Augmentation(shift=0.25).theta(keys, (8, 20))[:, :, 2].double() / 2  # share of width, height
    assert shift_xy.abs().max() == pytest.approx(0.25, abs=0.001)
    assert shift_xy.mean(dim=0).tolist() == pytest.approx([0, 0], abs=0.01)
    pixels = Augmentation(crop_padding=2).theta(keys, (8, 20))[:, :, 2] * torch.tensor([10.0, 4.0])
    counts = torch.bincount((pixels[:, 0].round().long() + 2), minlength=5)
    assert counts.min() > 850  # of 1,000 expected
    assert len(counts) == 5


def test_rotation_keeps_shapes_on_oblong_images() -> None:
    theta = Augmentation(rotation_deg=90).theta(KEYS, (10, 30)).double()
    in_pixels = torch.tensor([[15.0, 0.0], [0.0, 5.0]], dtype=torch.float64)
    linear = in_pixels @ theta[:, :, :2] @ in_pixels.inverse()
    identity = torch.eye(2, dtype=torch.float64).expand_as(linear)
    assert torch.allclose(linear @ linear.mT, identity, atol=1e-6)


def test_outside_comes_in_black() -> None:
    white = torch.ones(64, 1, 16, 16)
    shifted = Augmentation(shift=0.5)(white, KEYS)
    assert shifted.min() == 0
    assert shifted.max() <= 1 + 1e-6
    assert shifted.mean() < 0.9


def test_an_image_depends_on_its_key_only() -> None:
    images = make_images()
    together = EVERYTHING(images, KEYS)
    one_by_one = [EVERYTHING(images[i : i + 1], KEYS[i : i + 1]) for i in range(64)]
    assert torch.equal(torch.cat(one_by_one), together)
    order = torch.arange(63, -1, -3)
    assert torch.equal(EVERYTHING(images[order], KEYS[order]), together[order])


def test_images_of_a_batch_are_augmented_differently() -> None:
    same_image = make_images(1).expand(64, -1, -1, -1)
    results = EVERYTHING(same_image, KEYS).flatten(1)
    distances = torch.cdist(results, results) + torch.eye(64) * 100
    assert distances.min() > 0.1


def test_another_epoch_augments_differently() -> None:
    images = make_images()
    again = EVERYTHING(images, sample_keys(0, 1, torch.arange(64)))
    assert ((again - EVERYTHING(images, KEYS)).abs().amax(dim=(1, 2, 3)) > 0.01).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"crop_padding": -1}, "crop_padding: .* got -1"),
        ({"crop_padding": 1.5}, "crop_padding: .* got 1.5"),
        ({"rotation_deg": -5}, "rotation_deg: .* got -5"),
        ({"rotation_deg": math.nan}, "rotation_deg: .* got nan"),
        ({"rotation_deg": 270}, "rotation_deg: .* got 270"),
        ({"scale": (0.0, 1.0)}, r"scale: .* got \(0.0, 1.0\)"),
        ({"scale": (1.2, 1.1)}, r"scale: .* got \(1.2, 1.1\)"),
        ({"scale": (1.0, math.inf)}, "scale: .* inf"),
        ({"scale": (1.0,)}, "scale"),
        ({"shift": -0.1}, "shift: .* got -0.1"),
        ({"shift": 1.5}, "shift: .* got 1.5"),
    ],
)
def test_nonsense_is_refused(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Augmentation(**settings)
