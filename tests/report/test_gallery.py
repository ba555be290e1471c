"""A family's spatial transformers side by side."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spatialvision.report.gallery import choose, degrees, draw_gallery
from spatialvision.report.groups import Group, group_records
from spatialvision.report.records import find_records

TRUE = np.random.default_rng(0).uniform(-60, 60, 100)


@pytest.fixture
def groups(runs_dir: Path) -> Callable[[], list[Group]]:
    return lambda: group_records(find_records([], runs_dir))


def test_images_are_spread_over_the_rotations() -> None:
    chosen = choose(32, TRUE)
    assert len(set(chosen)) == 8
    assert chosen.max() < 32
    shown, pictured = TRUE[chosen], np.sort(TRUE[:32])
    assert np.all(np.diff(shown) > 0)
    assert (shown[0], shown[-1]) == (pictured[0], pictured[-1])
    # Evenly by rank: between neighbours lie three or four of the others.
    assert set(np.diff(np.searchsorted(pictured, shown))) <= {4, 5}


def test_without_rotations_the_first_images_are_taken() -> None:
    assert choose(32, None).tolist() == list(range(8))
    assert choose(3, None).tolist() == [0, 1, 2]
    assert sorted(choose(3, TRUE)) == [0, 1, 2]


def test_a_panel_for_every_group_with_a_transformer(
    make_run: Callable, write_angles: Callable, groups: Callable, tmp_path: Path, png_size: Callable
) -> None:
    make_run("made/plain", 0, [0.5])
    assert draw_gallery(groups(), "test", tmp_path / "sampler.png") is None
    assert not (tmp_path / "sampler.png").exists()
    heights = []
    for name in ("one", "two"):
        write_angles(make_run(f"made/{name}", 1, [0.5]), TRUE, 0.8 * TRUE)
        path = draw_gallery(groups(), "test", tmp_path / "sampler.png")
        width, height = png_size(path)
        assert width == 13 * 120
        heights.append(height)
    assert heights[1] - heights[0] == pytest.approx(3.1 * 120, abs=1)


def test_undistorted_images_have_no_angles_to_show(
    make_run: Callable, groups: Callable, tmp_path: Path, png_size: Callable
) -> None:
    path = make_run("made/a", 0, [0.5]).path / "evaluation" / "test" / "sampler.npz"
    path.parent.mkdir(parents=True)
    images = np.zeros((3, 3, 6, 6), dtype=np.float32)
    np.savez(path, inputs=images, warped=images, points=np.zeros((3, 6, 6, 2)), label=np.arange(3))
    assert min(png_size(draw_gallery(groups(), "test", tmp_path / "sampler.png"))) > 300


def test_angles_are_signed_and_round() -> None:
    assert [degrees(angle) for angle in (31.6, -0.3, -54.5001)] == ["+32°", "+0°", "-55°"]
