import math

import torch

from spatialvision.nn import HomographyTransform, perspective_points
from spatialvision.nn.perspective import CORNERS_XY


def divisors(matrix):
    """w at the image's corners, where it is smallest: (B, 4)."""
    corners = torch.cat([torch.tensor(CORNERS_XY), torch.ones(4, 1)], dim=1)
    return torch.einsum("bj,kj->bk", matrix[:, 2], corners)


def test_the_factors_are_tilt_then_stretch_then_turn_then_shift():
    numbers = torch.tensor([[0.3, 0.1, -0.2, 0.15, 0.05, -0.1, 0.2, -0.1]])
    matrix = HomographyTransform().theta(numbers)[0].double()
    angle = 0.3
    c, s = math.cos(angle), math.sin(angle)
    rotation = torch.tensor([[c, -s, 0], [s, c, 0], [0, 0, 1]], dtype=torch.float64)
    # Small numbers are shortened a little: what is left of them is read off the matrix's own factors.
    tilt = torch.eye(3, dtype=torch.float64)
    tilt[2, :2] = matrix[2, :2]
    shift = torch.eye(3, dtype=torch.float64)
    shift[:2, 2] = matrix[:2, 2]
    stretch = rotation.T @ shift.inverse() @ matrix @ tilt.inverse()
    torch.testing.assert_close(stretch[2], torch.tensor([0.0, 0, 1], dtype=torch.float64))
    assert stretch[1, 0].abs() < 1e-6
    assert stretch[:2, 2].abs().max() < 1e-6
    torch.testing.assert_close(
        stretch.diagonal()[:2].log(), torch.tensor([0.1, -0.2]).double(), rtol=0.02, atol=0
    )
    torch.testing.assert_close(stretch[0, 1], torch.tensor(0.15).double(), rtol=0.02, atol=0)
    torch.testing.assert_close(matrix[2, :2], torch.tensor([0.2, -0.1]).double(), rtol=0.1, atol=0)


def test_the_divisor_stays_over_a_tenth_on_the_image():
    for size in (0.1, 1.0, 1e6):
        numbers = size * torch.randn(1000, 8, generator=torch.Generator().manual_seed(0))
        assert divisors(HomographyTransform().theta(numbers)).min() >= 0.1 - 1e-6


def test_the_whole_circle_of_angles_is_within_reach():
    numbers = torch.zeros(4, 8)
    numbers[:, 0] = torch.tensor([-math.pi / 2, 0, math.pi / 2, math.pi])
    images = torch.rand(1, 1, 6, 6)
    points = HomographyTransform().points(numbers, (6, 6))
    assert points.shape == (4, 6, 6, 2)
    for number, turns in enumerate((1, 0, -1, 2)):
        warped = torch.nn.functional.grid_sample(images, points[number, None], align_corners=False)
        expected = torch.rot90(images, -turns, (2, 3))
        torch.testing.assert_close(warped, expected, atol=1e-5, rtol=1e-5)


def test_points_are_those_of_its_matrix():
    numbers = torch.randn(3, 8, generator=torch.Generator().manual_seed(2))
    transform = HomographyTransform()
    assert torch.equal(
        transform.points(numbers, (5, 7)), perspective_points(transform.theta(numbers), (5, 7))
    )


def test_no_image_depends_on_its_neighbours():
    numbers = torch.randn(8, 8, generator=torch.Generator().manual_seed(3))
    transform = HomographyTransform()
    together = transform.theta(numbers)
    for number in range(8):
        torch.testing.assert_close(transform.theta(numbers[number, None])[0], together[number])
