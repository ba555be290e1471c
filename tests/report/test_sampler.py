"""The sampler's picture, and above all the geometry of its outline."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure

from spatialvision.report.sampler import draw_outline, draw_sampler, outline, share_view, titles
from spatialvision.runs.directory import Run


def points_of(theta: list[list[float]], height: int, width: int) -> np.ndarray:
    """Points (H, W, 2) of an affine map (2×3) of pixel centres, written out pixel by pixel."""
    matrix = np.array(theta)
    centres = [
        [((2 * column + 1) / width - 1, (2 * row + 1) / height - 1, 1) for column in range(width)]
        for row in range(height)
    ]
    return np.array(centres) @ matrix.T


IDENTITY = [[1, 0, 0], [0, 1, 0]]
QUARTER_TURN = [[0, -1, 0], [1, 0, 0]]
HALF_SIZE = [[0.5, 0, 0], [0, 0.5, 0]]
MIRROR = [[-1, 0, 0], [0, 1, 0]]


def corners(polygon: np.ndarray, height: int, width: int) -> np.ndarray:
    """Top left, top right, bottom right and bottom left of the output, on the input."""
    return polygon[[0, width + 1, width + height + 2, 2 * width + height + 3]]


@pytest.mark.parametrize("output_hw", [(28, 28), (6, 9), (2, 2)])
def test_identity_points_give_the_images_border(output_hw: tuple[int, int]) -> None:
    polygon = outline(points_of(IDENTITY, *output_hw), size_hw=(20, 30))
    assert polygon.shape == (2 * sum(output_hw) + 5, 2)
    expected = [[-0.5, -0.5], [29.5, -0.5], [29.5, 19.5], [-0.5, 19.5]]
    np.testing.assert_allclose(corners(polygon, *output_hw), expected, atol=1e-9)
    np.testing.assert_allclose(polygon[0], polygon[-1])
    on_border = np.isclose(polygon, -0.5) | np.isclose(polygon, (29.5, 19.5))
    assert on_border.any(axis=1).all()


@pytest.mark.parametrize(
    ("theta", "expected"),
    [
        (QUARTER_TURN, [[9.5, -0.5], [9.5, 9.5], [-0.5, 9.5], [-0.5, -0.5]]),
        (HALF_SIZE, [[2, 2], [7, 2], [7, 7], [2, 7]]),
        (MIRROR, [[9.5, -0.5], [-0.5, -0.5], [-0.5, 9.5], [9.5, 9.5]]),
    ],
)
def test_corners_follow_the_transform(theta: list, expected: list) -> None:
    polygon = outline(points_of(theta, 10, 10).astype(np.float32), size_hw=(10, 10))
    np.testing.assert_allclose(corners(polygon, 10, 10), expected, atol=1e-5)


def test_the_red_line_is_the_top_edge() -> None:
    axes = Figure().subplots()
    draw_outline(axes, outline(points_of(QUARTER_TURN, 6, 6), (10, 10)), top_length=8)
    whole, top, corner = (line.get_xydata() for line in axes.lines)
    assert len(whole) == 29
    np.testing.assert_allclose(top[:, 0], 9.5)
    np.testing.assert_allclose(top[[0, -1], 1], [-0.5, 9.5])
    np.testing.assert_allclose(corner, [[9.5, -0.5]])


@pytest.mark.parametrize("scale", [0.5, 1.3, 50.0])
def test_the_view_holds_the_image_and_what_is_near(scale: float) -> None:
    figure = Figure()
    row = figure.subplots(1, 2)
    polygon = outline(points_of([[scale, 0, 0], [0, scale, 0]], 5, 5), (10, 10))
    share_view(row, polygon, (10, 10))
    for axes in row:
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        assert -10 <= left < min(-0.5, max(polygon.min(), -9))
        assert 20 >= right > max(9.5, min(polygon.max(), 19))
        np.testing.assert_allclose((top, bottom), (left, right))


@pytest.mark.parametrize(("images", "channels", "width"), [(1, 1, 960), (5, 3, 960), (32, 1, 1416)])
def test_it_is_drawn(
    run: Run, write_sampler: Callable, png_size: Callable, images: int, channels: int, width: int
) -> None:
    write_sampler("test", channels, np.stack([points_of(HALF_SIZE, 8, 8)] * images))
    path = draw_sampler(run, "test")
    assert path == run.path / "figures" / "sampler-test.png"
    assert png_size(path) == (width, 480)


def test_nothing_is_drawn_for_a_model_without_transformer(run: Run, write_accuracy: Callable) -> None:
    write_accuracy("test", 10)
    assert draw_sampler(run, "test") is None
    assert not (run.path / "figures").exists()


def test_titles_are_class_names_or_labels(run: Run, write_accuracy: Callable) -> None:
    assert titles(run, "test", np.array([3, 0])) == ["3", "0"]
    write_accuracy("test", 10)
    assert titles(run, "test", np.array([3, 0])) == ["class 3", "class 0"]
