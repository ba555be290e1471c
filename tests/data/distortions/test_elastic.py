import numpy as np
import pytest
import scipy.stats
import torch
from scipy.interpolate import RBFInterpolator

from spatialvision.data.distortions import elastic
from spatialvision.data.randomness import sample_keys
from spatialvision.nn.grid import affine_points, sample
from spatialvision.nn.thin_plate_spline import control_points


def keys(count: int) -> torch.Tensor:
    return sample_keys(0, 0, torch.arange(count))


@pytest.mark.parametrize("size_hw", [(28, 28), (12, 20)])
def test_it_is_scipys_thin_plate_spline(size_hw: tuple[int, int]) -> None:
    distortion = elastic(scale=(0.8, 0.8))
    control = control_points(4).numpy()
    pixels = affine_points(torch.eye(2, 3, dtype=torch.float64)[None], size_hw).view(-1, 2).numpy()
    drawn, found = distortion.displacement_xy(keys(5), size_hw), distortion.points_xy(keys(5), size_hw)
    for displacement, points in zip(drawn.double().numpy(), found.numpy(), strict=True):
        spline = RBFInterpolator(
            control, (control - displacement) / 0.8, kernel="thin_plate_spline", degree=1
        )
        np.testing.assert_allclose(points.reshape(-1, 2), spline(pixels), atol=1e-5)


def test_control_points_show_what_was_moved_there() -> None:
    # Of 5 control points a side the second lies at −½, the centre of pixel 7 of 30.
    distortion = elastic(scale=(0.9, 0.9), points=5)
    displacement = distortion.displacement_xy(keys(6), (30, 30)).view(6, 5, 5, 2)
    for row, y in ((1, -0.5), (3, 0.5)):
        for column, x in ((1, -0.5), (3, 0.5)):
            look = distortion.points_xy(keys(6), (30, 30))[:, 15 * row // 2, 15 * column // 2]
            expected = (torch.tensor([x, y]) - displacement[:, row, column]) / 0.9
            torch.testing.assert_close(look, expected, atol=1e-5, rtol=0)


def test_without_displacement_it_only_resizes() -> None:
    images = torch.rand(4, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    theta = torch.tensor([[[2.0, 0, 0], [0, 2, 0]]]).expand(4, 2, 3)
    halved = sample(images, affine_points(theta, (16, 16)))
    result = elastic(scale=(0.5, 0.5), point_std_px=0)(images, keys(4))
    torch.testing.assert_close(result, halved, atol=1e-5, rtol=0)


def test_displacements_are_normal_in_pixels() -> None:
    drawn = elastic().displacement_xy(keys(500), (28, 40)).double()
    for axis, size in ((0, 40), (1, 28)):
        pixels = drawn[..., axis].flatten() * size / 2
        assert scipy.stats.kstest(pixels.numpy(), "norm", args=(0, 1.5)).pvalue > 0.01


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"scale": (0.0, 1.0)}, "scale: expected 0 < lowest ≤ highest"),
        ({"points": 1}, "points: expected at least 2 a side, got 1"),
        ({"point_std_px": -0.5}, "point_std_px: expected 0 pixels or more, got -0.5"),
    ],
)
def test_nonsense_is_refused(options: dict, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        elastic(**options)
