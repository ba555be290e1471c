import pytest
import torch

from spatialvision.data.distortions import translated, translated_cluttered
from spatialvision.data.randomness import sample_keys

POOL = torch.arange(1, 201, dtype=torch.uint8).view(200, 1, 1, 1).expand(200, 2, 9, 12).contiguous()
"""200 images, each of one grey of its own."""


def keys(count: int, epoch: int = 0) -> torch.Tensor:
    return sample_keys(0, epoch, torch.arange(count))


def test_the_image_lies_as_when_translated_with_clutter_around() -> None:
    images = torch.rand(20, 2, 9, 12, generator=torch.Generator().manual_seed(0))
    distortion = translated_cluttered(POOL, canvas=30)
    alone, clutter = translated(canvas=30)(images, keys(20)), distortion.clutter(keys(20))
    assert torch.equal(distortion(images, keys(20)), torch.maximum(alone, clutter))
    assert torch.equal(translated_cluttered(POOL, canvas=30, crops=0)(images, keys(20)), alone)
    # Up to 16 crops of 36 pixels; some overlap.
    assert 8 * 36 < clutter[:, 0].flatten(1).count_nonzero(dim=1).double().mean() <= 16 * 36


def test_a_crop_is_a_square_window_of_a_training_image() -> None:
    within = torch.arange(9 * 12, dtype=torch.uint8).view(1, 1, 9, 12) + 1
    pool = torch.cat([within, within + 120], dim=1)
    windows = within[0, 0].unfold(0, 4, 1).unfold(1, 4, 1).reshape(-1, 4, 4)
    found = set()
    for canvas in (
        translated_cluttered(pool, canvas=30, crops=1, crop_size=4).clutter(keys(300)) * 255
    ).round():
        rows, columns = canvas[0].nonzero().unbind(1)
        crop = canvas[:, rows.min() : rows.min() + 4, columns.min() : columns.min() + 4]
        assert len(rows) == 16
        assert torch.equal(crop[1], crop[0] + 120)
        found.add(int((windows == crop[0]).all(2).all(1).nonzero()))
    assert len(found) == len(windows)


def test_crops_come_from_all_images_and_go_everywhere() -> None:
    clutter = (translated_cluttered(POOL, canvas=20, crops=4).clutter(keys(600)) * 255).round().long()
    assert set(clutter.unique().tolist()) >= set(range(1, 201))
    # 15 × 15 places: a border pixel is covered by 1 in 15 along its axis, one in the middle by 6 in 15.
    covered = (clutter[:, 0] > 0).double().mean(0)
    assert covered[0, 0] == pytest.approx(1 - (1 - 1 / 225) ** 4, abs=0.02)
    assert covered[10, 10] == pytest.approx(1 - (1 - 36 / 225) ** 4, abs=0.06)


def test_clutter_depends_on_the_key_alone() -> None:
    distortion = translated_cluttered(POOL, canvas=30)
    whole = distortion.clutter(keys(50))
    assert torch.equal(distortion.clutter(keys(50)[7:8]), whole[7:8])
    assert not torch.equal(distortion.clutter(keys(50, epoch=1)), whole)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"crop_size": 10}, "crop_size: expected 1 to 9 pixels, got 10"),
        ({"crop_size": 6, "canvas": 5}, "crop_size: expected 1 to 5 pixels, got 6"),
        ({"crops": -1}, "crops: expected 0 or more, got -1"),
    ],
)
def test_nonsense_is_refused(options: dict, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        translated_cluttered(POOL, **options)
