import math

import pytest
import torch
from torch import Tensor

from spatialvision.data.dataset import ImageDataset, Split
from spatialvision.evaluate.warped import warp
from spatialvision.evaluate.warps import (
    Warps,
    all_warps,
    content_corners,
    largest_fit,
    perspective,
    rotation,
    scale,
    shear,
    shift_x_pixels,
    shift_x_share,
    shift_y_pixels,
    shift_y_share,
    square,
)
from spatialvision.nn.grid import similarity_matrix


def dataset_of(images: Tensor) -> ImageDataset:
    split = Split(images, torch.zeros(len(images), dtype=torch.int64))
    return ImageDataset("made", split, split, ("only",))


def blob(size_hw: tuple[int, int], border: int) -> Tensor:
    """A smooth image that fills all but a black border, its centre and axes different in x and in y."""
    height, width = size_hw
    y = torch.linspace(0, math.pi, height - 2 * border + 2)[1:-1, None]
    x = torch.linspace(0, math.pi, width - 2 * border + 2)[None, 1:-1]
    inner = (x.sin() * y.sin()) ** 2 * (1 + 0.3 * x.cos() - 0.2 * y.cos()) / 1.5
    return torch.nn.functional.pad(inner[None, None], [border] * 4)


def find(warps: list[Warps], name: str) -> Warps:
    return next(each for each in warps if each.name == name)


@pytest.mark.parametrize(("size_hw", "border"), [((28, 28), 0), ((28, 28), 5), ((24, 40), 0), ((33, 20), 2)])
def test_nothing_leaves_the_canvas(size_hw: tuple[int, int], border: int) -> None:
    image = blob(size_hw, border)
    for warps in all_warps(dataset_of((255 * image).round().to(torch.uint8))):
        assert 0 < warps.fit <= 1
        for value, matrix in zip(warps.values, warps.matrices, strict=True):
            if warps.name == "perspective":
                continue  # what tilts away shrinks; its content is checked by its corners
            grown = value**2 if warps.name == "scale" else 1
            total = warp(image, matrix.float()).sum()
            # Coarse sampling of what is drawn small is the larger part of the difference.
            tolerance = 0.01 if warps.fit * min(grown, 1) > 0.4 else 0.03
            assert total.item() == pytest.approx(image.sum().item() * warps.fit**2 * grown, rel=tolerance), (
                warps
            )


def test_a_shift_by_whole_pixels_moves_whole_pixels() -> None:
    image = torch.rand(2, 3, 9, 12, generator=torch.Generator().manual_seed(0))
    right = warp(image, shift_x_pixels(2, (9, 12)).float())
    torch.testing.assert_close(right[..., 2:], image[..., :-2], rtol=0, atol=1e-5)
    assert right[..., :2].abs().max() < 1e-5
    down = warp(image, shift_y_pixels(-1, (9, 12)).float())
    torch.testing.assert_close(down[..., :-1, :], image[..., 1:, :], rtol=0, atol=1e-5)


def test_shares_are_shares_of_the_size() -> None:
    torch.testing.assert_close(shift_x_share(0.25, (9, 12)), shift_x_pixels(3, (9, 12)))
    torch.testing.assert_close(shift_y_share(-1 / 3, (9, 12)), shift_y_pixels(-3, (9, 12)))


def test_a_quarter_turn_is_torchs_counter_clockwise_one() -> None:
    image = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    turned = warp(image, rotation(90, (8, 8)).float())
    torch.testing.assert_close(turned, torch.rot90(image, 1, (2, 3)), rtol=0, atol=1e-5)


def test_shear_moves_a_row_below_the_centre_to_the_right() -> None:
    image = torch.zeros(1, 1, 9, 21)
    image[..., 8, 10] = 1  # four pixels below the centre
    sheared = warp(image, shear(0.5, (9, 21)).float())
    assert sheared[0, 0, 8, 12].item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("tilt", "narrow", "wide"), [(0.4, 0, -3), (-0.4, -1, 2)])
def test_tilting_narrows_one_edge_and_keeps_the_other(tilt: float, narrow: int, wide: int) -> None:
    white = warp(torch.ones(1, 1, 200, 200), perspective(tilt, (200, 200)).float())[0, 0]
    assert white[narrow].sum().item() == pytest.approx(0.6 * 200, abs=1.5)
    assert white[wide].sum().item() == pytest.approx(200, abs=3)
    assert torch.allclose(white, white.flip(1), atol=1e-4)


def test_values_rise_and_the_neutral_one_only_shrinks() -> None:
    for warps in all_warps(dataset_of(torch.full((1, 1, 20, 28), 255, dtype=torch.uint8))):
        assert list(warps.values) == sorted(set(warps.values))
        neutral = warps.matrices[warps.values.index(warps.neutral)]
        expected = torch.diag(torch.tensor([1 / warps.fit, 1 / warps.fit, 1.0], dtype=torch.float64))
        torch.testing.assert_close(neutral, expected)


def test_an_empty_border_saves_shrinking() -> None:
    full = torch.full((1, 1, 28, 28), 255, dtype=torch.uint8)
    digit = torch.nn.functional.pad(torch.full((1, 1, 10, 10), 255, dtype=torch.uint8), [9] * 4)
    large, small = all_warps(dataset_of(full)), all_warps(dataset_of(digit))
    assert find(small, "rotation").fit == 1
    assert find(small, "shift_x_pixels").fit == 1
    # A full image reaches half a pixel beyond its edge: 14.5 of 14 pixels in x and y, turned by 45 degrees.
    assert find(large, "rotation").fit == pytest.approx(14 / (14.5 * math.sqrt(2)))
    assert find(large, "scale").fit == pytest.approx(14 / (2 * 14.5))
    assert find(large, "shift_x_pixels").fit == pytest.approx((14 - 4) / 14.5)


def test_the_content_is_what_any_image_shows() -> None:
    images = torch.zeros(2, 1, 4, 8, dtype=torch.uint8)
    images[0, 0, 1, 2], images[1, 0, 3, 7] = 1, 9
    corners = content_corners(dataset_of(images))
    low, high = corners.reshape(2, 4, 2).amin(1), corners.reshape(2, 4, 2).amax(1)
    torch.testing.assert_close(low, torch.tensor([[-5 / 8, -3 / 4], [5 / 8, 1 / 4]]).double())
    torch.testing.assert_close(high, torch.tensor([[-1 / 8, 1 / 4], [9 / 8, 5 / 4]]).double())


def test_the_fit_brings_the_farthest_point_to_the_edge() -> None:
    corners = torch.tensor([[0.8, 0.1], [-0.3, -0.9]], dtype=torch.float64)
    matrices = torch.stack([scale(2, (10, 10)), shift_x_pixels(2, (10, 10)), rotation(30, (10, 10))])
    fit = largest_fit(matrices, corners)
    reached = []
    for matrix in matrices:
        content = torch.linalg.inv(matrix)
        reached.append((content[:2, :2] @ (fit * corners.T) + content[:2, 2:]).abs().max().item())
    assert max(reached) == pytest.approx(1)


def test_square_adds_the_last_row() -> None:
    theta = similarity_matrix(torch.tensor([0.3]), torch.tensor([1.2]), torch.tensor([[0.1, 0.2]]), (8, 8))
    assert torch.equal(square(theta)[:, :2], theta)
    assert square(theta)[0, 2].tolist() == [0, 0, 1]
