import pytest
import scipy.stats
import torch

from spatialvision.data.distortions import rotated_scaled_translated
from spatialvision.data.randomness import sample_keys

SIZE_HW = (28, 20)


def keys(count: int) -> torch.Tensor:
    return sample_keys(0, 0, torch.arange(count))


def content_to_canvas(count: int) -> torch.Tensor:
    """The drawn maps the way that content goes: (count, 2, 3) in halves of the canvas of 42."""
    theta = rotated_scaled_translated().theta(keys(count), SIZE_HW).double()
    inverse = torch.linalg.inv(theta[:, :, :2])
    return torch.cat([inverse, -inverse @ theta[:, :, 2:]], dim=2)


def test_the_upright_box_lies_on_the_canvas_anywhere() -> None:
    maps = content_to_canvas(10_000)
    scale = maps[:, :, :2].det().sqrt()
    assert 0.7 - 1e-5 <= scale.min() < 0.701
    assert 1.199 < scale.max() <= 1.2 + 1e-5
    for axis, size in ((0, SIZE_HW[1]), (1, SIZE_HW[0])):
        room = 1 - scale * size / 42
        place = maps[:, axis, 2] / room
        assert place.abs().max() <= 1 + 1e-5
        assert scipy.stats.kstest(place.numpy(), "uniform", args=(-1, 2)).pvalue > 0.01


def test_angles_are_uniform() -> None:
    angles = rotated_scaled_translated().angle_rad(keys(10_000)).rad2deg()
    assert scipy.stats.kstest(angles.numpy(), "uniform", args=(-45, 90)).pvalue > 0.01


def test_content_is_found_where_the_draw_says() -> None:
    # One bright pixel of an image that is not square; sizes are kept in pixels until they are magnified.
    image = torch.zeros(1, 1, *SIZE_HW)
    image[0, 0, 9, 13] = 1
    from_middle = torch.tensor([13 + 0.5 - 10, 9 + 0.5 - 14], dtype=torch.float64) / 21
    centres = (torch.arange(42) + 0.5) / 21 - 1
    for key, drawn in zip(keys(30), content_to_canvas(30), strict=True):
        result = rotated_scaled_translated()(image, key[None])[0, 0]
        weight = result / result.sum()
        found = torch.stack([(weight.sum(0) * centres).sum(), (weight.sum(1) * centres).sum()])
        expected = drawn[:, :2] @ from_middle + drawn[:, 2]
        torch.testing.assert_close(found.double(), expected, atol=0.02, rtol=0)


def test_images_that_do_not_fit_are_refused() -> None:
    with pytest.raises(
        ValueError,
        match=r"canvas: expected at least 33\.6 pixels for images of 28×20 magnified by 1\.2, got 33",
    ):
        rotated_scaled_translated(canvas=33)(torch.zeros(1, 1, *SIZE_HW), keys(1))
    with pytest.raises(ValueError, match="scale: expected 0 < lowest ≤ highest"):
        rotated_scaled_translated(scale=(0.0, 1.0))
