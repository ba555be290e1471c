import pytest
import torch

from spatialvision.evaluate.frames import (
    angle_error_deg,
    in_pixels,
    moved,
    nearest_frame,
    scale_error,
    shift_error,
)
from spatialvision.evaluate.sampler import frame_angle_deg
from spatialvision.evaluate.warps import similarity
from spatialvision.nn.grid import affine_points
from spatialvision.nn.perspective import perspective_points

SIZE = (12, 20)


def frame(angle: float = 0.0, scale: float = 1.0, x: float = 0.0, y: float = 0.0) -> torch.Tensor:
    """The frame (1, 2, 3), in pixels, that goes with content that was turned, magnified and shifted like this."""
    content = torch.linalg.inv(similarity(SIZE, angle, scale, (x, y)))
    return in_pixels(content, SIZE)[None, :2]


def test_an_affine_maps_frame_is_itself_in_pixels() -> None:
    theta = torch.randn(5, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    last = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    expected = torch.stack([in_pixels(torch.cat([each, last[None]]), SIZE)[:2] for each in theta])
    torch.testing.assert_close(nearest_frame(affine_points(theta, SIZE)), expected)


def test_nearest_is_the_least_squares_fit() -> None:
    matrix = torch.eye(3, dtype=torch.float64)
    matrix[2, :2] = torch.tensor([0.1, -0.2])
    half = torch.tensor([10.0, 6.0], dtype=torch.float64)
    points = (perspective_points(matrix[None], SIZE) * half).reshape(-1, 2)
    grid = (perspective_points(torch.eye(3, dtype=torch.float64)[None], SIZE) * half).reshape(-1, 2)
    known = torch.cat([grid, torch.ones(len(grid), 1)], dim=1)
    expected = torch.linalg.lstsq(known, points).solution.T
    torch.testing.assert_close(nearest_frame(perspective_points(matrix[None], SIZE))[0], expected)


@pytest.mark.parametrize("angle", [0.0, 30.0, -100.0, 170.0])
def test_a_frame_that_follows_has_no_error(angle: float) -> None:
    before = frame(angle=20, scale=0.8, x=1, y=2)
    content = in_pixels(torch.linalg.inv(similarity(SIZE, angle, 1.3, (2.0, -1.0))), SIZE)
    after = moved(before, content)
    assert frame_angle_deg(after).item() == pytest.approx((20 + angle + 180) % 360 - 180)
    assert torch.linalg.det(after[0, :, :2]).item() == pytest.approx((0.8 * 1.3) ** 2)
    # Where the frame's centre was shown, its new centre is shown.
    assert after[0, :, 2].tolist() == pytest.approx(
        (content @ torch.cat([before[0, :, 2], torch.ones(1)]))[:2]
    )


def test_each_error_has_its_unit_and_is_blind_to_the_others() -> None:
    still = frame()
    for other, errors in [
        (frame(angle=25), (25, 1, 0)),
        (frame(angle=-170), (170, 1, 0)),
        (frame(scale=2), (0, 2, 0)),
        (frame(scale=0.5), (0, 2, 0)),
        (frame(x=3, y=-4), (0, 1, 5)),
        (frame(angle=10, scale=1.5, x=2), (10, 1.5, 2)),
    ]:
        found = (
            angle_error_deg(other, still).item(),
            scale_error(other, still).item(),
            shift_error(other, still).item(),
        )
        assert found == pytest.approx(errors, abs=1e-6)


def test_angles_are_compared_around_the_circle() -> None:
    assert angle_error_deg(frame(angle=170), frame(angle=-170)).item() == pytest.approx(20)


def test_a_collapsed_frame_errs_much_but_not_infinitely() -> None:
    assert 1000 < scale_error(torch.zeros(1, 2, 3), frame()).item() < float("inf")
