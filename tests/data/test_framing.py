from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from spatialvision.data.framing import ATTEMPTS, CentreCrop, Framing, RandomCrop, show
from spatialvision.data.randomness import sample_keys, uniform

MakePhotograph = Callable[[int, tuple[int, int]], Image.Image]


def draws_for(crop: RandomCrop, count: int) -> list[list[float]]:
    return uniform(sample_keys(0, 0, torch.arange(count)), crop.draws, "crop").tolist()


@pytest.mark.parametrize("size_hw", [(300, 400), (400, 300), (90, 700), (57, 61)])
def test_a_random_crop_shows_what_pillow_shows(
    make_photograph: MakePhotograph, size_hw: tuple[int, int]
) -> None:
    image, crop = make_photograph(1, size_hw), RandomCrop(mirror_probability=0.5)
    for draws in draws_for(crop, 20):
        framing = crop(size_hw, 64, draws)
        (top, left), (height, width) = framing.corner, framing.box_hw
        box = image.crop((left, top, left + width, top + height))
        shown = box.resize((64, 64), Image.Resampling.BILINEAR)
        expected = np.asarray(shown).astype(float)[:, :: -1 if framing.mirrored else 1]
        difference = np.abs(show(torch.from_numpy(np.array(image)), framing, 64).numpy() - expected)
        assert difference.mean() <= 1
        assert difference.max() <= 3


@pytest.mark.parametrize("size_hw", [(300, 400), (400, 301), (90, 700), (64, 64), (20, 33)])
def test_a_centre_crop_is_that_of_torchvision(
    make_photograph: MakePhotograph, size_hw: tuple[int, int]
) -> None:
    image = make_photograph(2, size_hw)
    expected = v2.Compose([v2.Resize(73), v2.CenterCrop(64), v2.PILToTensor()])(image).permute(1, 2, 0)
    shown = show(torch.from_numpy(np.array(image)), CentreCrop(73)(size_hw, 64, []), 64)
    assert (shown.float() - expected.float()).abs().mean() <= 1


def test_boxes_are_drawn_as_torchvision_draws_them() -> None:
    crop, size_hw, count = RandomCrop(), (300, 400), 4000
    framings = [crop(size_hw, 64, draws) for draws in draws_for(crop, count)]
    transform, image = v2.RandomResizedCrop(64), torch.empty(3, *size_hw)
    torch.manual_seed(0)
    reference = [transform.make_params([image]) for _ in range(count)]

    def moments(rows: list[tuple[int, int, int, int]]) -> torch.Tensor:
        top, left, height, width = torch.tensor(rows, dtype=torch.float64).T
        values = torch.stack([height * width / 120000, (width / height).log(), top / 300, left / 400])
        return torch.cat([values.mean(1), values.std(1)])

    ours = moments([(*framing.corner, *framing.box_hw) for framing in framings])
    theirs = moments([(each["top"], each["left"], each["height"], each["width"]) for each in reference])
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0.02)


def test_every_box_lies_in_its_picture_and_has_an_allowed_shape() -> None:
    crop = RandomCrop()
    for size_hw in ((300, 400), (1, 1), (5, 2000), (2000, 5), (17, 16)):
        for draws in draws_for(crop, 50):
            (top, left), (height, width), resized_hw, _, _ = crop(size_hw, 32, draws)
            assert height > 0 <= top <= size_hw[0] - height
            assert width > 0 <= left <= size_hw[1] - width
            assert resized_hw == (32, 32)


def test_where_no_box_fits_the_largest_about_the_centre_is_shown() -> None:
    draws = [0.999] * (4 * ATTEMPTS + 1)  # the whole area, as wide as may be
    assert RandomCrop()((400, 90), 32, draws)[:2] == ((140, 0), (120, 90))
    assert RandomCrop()((90, 400), 32, [0.999, 0.0, 0.5, 0.5] * ATTEMPTS + [0.5])[:2] == ((0, 140), (90, 120))


def test_half_of_the_images_are_mirrored() -> None:
    draws = draws_for(RandomCrop(), 2000)
    for probability in (0.0, 0.5):
        crop = RandomCrop(mirror_probability=probability)
        share = sum(crop((50, 60), 32, each).mirrored for each in draws) / 2000
        assert abs(share - probability) < 0.05


def test_a_framing_of_the_whole_picture_is_the_picture() -> None:
    picture = torch.randint(256, (32, 32, 3), dtype=torch.uint8)
    whole = Framing((0, 0), (32, 32), (32, 32))
    assert torch.equal(show(picture, whole, 32), picture)
    assert torch.equal(show(picture, whole._replace(mirrored=True), 32), picture.flip(1))


def test_a_picture_like_a_thread_is_cut_before_it_is_resized() -> None:
    framing = CentreCrop(256)((3, 3_000_000), 224, [])
    assert framing.resized_hw == (256, 2048)
    assert show(torch.zeros(3, 3_000_000, 3, dtype=torch.uint8), framing, 224).shape == (224, 224, 3)
