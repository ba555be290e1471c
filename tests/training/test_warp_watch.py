import logging
import math

import pytest
import torch
from torch import Tensor, nn

from spatialvision.data.dataset import Split
from spatialvision.data.loader import InMemoryLoader
from spatialvision.nn import affine_points, sample
from spatialvision.training.warp_watch import WarpWatch, smallest_stretch, warnings, warp_statistics


class Looking(nn.Module):
    """Warps every image by the same matrix."""

    def __init__(self, theta: list[list[float]]):
        super().__init__()
        self.matrix = torch.tensor([theta])

    def theta(self, images: Tensor) -> Tensor:
        return self.matrix.expand(len(images), 2, 3)

    def points(self, images: Tensor) -> Tensor:
        return affine_points(self.theta(images), (images.shape[2], images.shape[3]))

    def warp(self, images: Tensor, points_xy: Tensor) -> Tensor:
        return sample(images, points_xy)


def watched(model: nn.Module) -> tuple[WarpWatch, list[dict]]:
    images = torch.randint(0, 256, (20, 1, 8, 8), dtype=torch.uint8)
    loader = InMemoryLoader(Split(images, torch.zeros(20, dtype=torch.int64)), [0.5], [0.5], "cpu", 0)
    return WarpWatch(model, {"validation": loader}), [{"split": "validation"}, {"split": "test"}]


def test_the_identity_does_nothing():
    found = warp_statistics(affine_points(torch.eye(2, 3)[None], (9, 7)))
    expected = dict.fromkeys(
        ("warp_shift_pixels", "warp_rotation_deg", "warp_outside", "warp_mirrored", "warp_collapsed"),
        pytest.approx(0, abs=1e-5),
    )
    one = pytest.approx(1, abs=1e-5)
    assert found == {**expected, "warp_scale": one, "warp_determinant": one}


def test_means_are_over_images_and_the_determinant_is_the_smallest():
    angle = math.radians(30)
    turned = [[math.cos(angle), -math.sin(angle), 0.25], [math.sin(angle), math.cos(angle), 0]]
    larger = [[2.0, 0, 0], [0, -2, 0]]
    found = warp_statistics(affine_points(torch.tensor([turned, larger]), (8, 8)))
    assert found["warp_scale"] == pytest.approx(1.5, abs=1e-4)
    assert found["warp_shift_pixels"] == pytest.approx(0.5, abs=1e-4)  # 0.25 · 4 pixels, and none
    assert found["warp_determinant"] == pytest.approx(-4, abs=1e-4)
    assert found["warp_mirrored"] == 0.5


def test_the_share_outside_is_counted_by_pixel():
    found = warp_statistics(affine_points(torch.tensor([[[1.0, 0, 1], [0, 1, 0]]]), (8, 8)))
    assert found["warp_outside"] == 0.5


@pytest.mark.parametrize(
    ("theta", "warning"),
    [
        ([[3.0, 0, 0], [0, 3, 0]], "the transformer looks away: 94% of what it shows lies beyond the image"),
        ([[0.05, 0, 0], [0, 1, 0]], "the transformer collapses: on 100% of the images its view is next to"),
        ([[-1.0, 0, 0], [0, 1, 0]], "the transformer mirrors: 100% of the images have a determinant below 0"),
    ],
)
def test_a_collapse_is_warned_about_once(theta, warning, caplog):
    watch, rows = watched(Looking(theta))
    with caplog.at_level(logging.WARNING, logger="spatialvision"):
        watch(rows)
        watch(rows)
    assert [record.message for record in caplog.records] == [warnings(rows[0])[0]]
    assert warning in caplog.text
    assert "see optimizer.lr_factors" in caplog.text


def test_one_image_in_two_counts_and_so_does_what_is_not_finite():
    theta = torch.eye(2, 3).repeat(4, 1, 1)
    theta[0] *= 0.001
    theta[1] = math.nan
    found = warp_statistics(affine_points(theta, (8, 8)))
    assert found["warp_collapsed"] == 0.5
    assert any("collapses: on 50%" in warning for warning in warnings(found))


def test_the_smallest_stretch_is_the_singular_value():
    frame = torch.randn(50, 2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = torch.linalg.svdvals(frame[:, :, :2])[:, 1]
    torch.testing.assert_close(smallest_stretch(frame), expected, atol=1e-7, rtol=1e-7)


def test_a_healthy_warp_is_logged_without_a_warning(caplog):
    watch, rows = watched(Looking([[0.8, 0.1, 0.1], [-0.1, 0.8, 0]]))
    watch(rows)
    assert "warp_scale" in rows[0]
    assert rows[1] == {"split": "test"}
    assert not caplog.records


def test_a_model_without_a_transformer_is_left_alone():
    watch, rows = watched(nn.Identity())
    watch(rows)
    assert rows == [{"split": "validation"}, {"split": "test"}]
