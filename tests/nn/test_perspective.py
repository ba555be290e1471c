import pytest
import torch
from kornia.geometry.transform import get_perspective_transform
from torch import Tensor

from spatialvision.nn.grid import affine_points
from spatialvision.nn.perspective import CORNERS_XY, matrix_between, perspective_points


def corners(*moves: tuple[float, float]) -> Tensor:
    """The image's corners (1, 4, 2), each moved."""
    return (torch.tensor(CORNERS_XY) + torch.tensor(moves or [(0.0, 0.0)]))[None].double()


def test_an_affine_map_gives_the_points_of_affine_points_to_the_bit() -> None:
    theta = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0))
    last = torch.tensor([0.0, 0.0, 1.0]).expand(5, 1, 3)
    points = perspective_points(torch.cat([theta, last], dim=1), (7, 12))
    assert torch.equal(points, affine_points(theta, (7, 12)))


def test_points_are_those_of_the_matrix_times_homogeneous_coordinates() -> None:
    matrix = torch.eye(3, dtype=torch.float64) + 0.2 * torch.randn(
        4, 3, 3, generator=torch.Generator().manual_seed(1)
    )
    found = perspective_points(matrix, (3, 5))
    assert found.dtype == torch.float64
    for row in range(3):
        for column in range(5):
            point = torch.tensor([(2 * column + 1) / 5 - 1, (2 * row + 1) / 3 - 1, 1.0], dtype=torch.float64)
            u, v, w = (matrix @ point).unbind(1)
            torch.testing.assert_close(found[:, row, column], torch.stack([u / w, v / w], dim=1))


def test_four_points_go_where_they_are_sent_and_lines_stay_straight() -> None:
    moved = corners((0.3, 0.1), (-0.2, 0.0), (0.0, -0.1), (0.1, 0.2))
    matrix = matrix_between(moved, corners())
    homogeneous = torch.cat([moved, torch.ones(1, 4, 1)], dim=2) @ matrix.transpose(1, 2)
    torch.testing.assert_close(homogeneous[..., :2] / homogeneous[..., 2:], corners())
    points = perspective_points(matrix, (6, 9))[0]
    steps = points[:, 1:] - points[:, :-1]
    turning = steps[:, 1:, 0] * steps[:, :-1, 1] - steps[:, 1:, 1] * steps[:, :-1, 0]
    assert turning.abs().max() < 1e-12


def test_the_matrix_is_kornias() -> None:
    moved = corners((0.3, 0.1), (-0.2, 0.0), (0.0, -0.1), (0.1, 0.2))
    both = torch.cat([moved, corners()]), torch.cat([corners(), moved])
    torch.testing.assert_close(matrix_between(*both), get_perspective_transform(*both))


def test_points_that_stay_give_the_identity() -> None:
    torch.testing.assert_close(matrix_between(corners(), corners())[0], torch.eye(3, dtype=torch.float64))


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(ValueError, match=r"matrix: expected shape \(B, 3, 3\), got \(2, 3\)"):
        perspective_points(torch.zeros(2, 3), (4, 4))
    with pytest.raises(ValueError, match="size_hw: expected a height and width of at least 1"):
        perspective_points(torch.eye(3)[None], (4, 0))
    with pytest.raises(ValueError, match=r"expected two \(B, 4, 2\) of points, got \(1, 3, 2\)"):
        matrix_between(torch.zeros(1, 3, 2), torch.zeros(1, 4, 2))


def test_the_points_compile_whole_and_export() -> None:
    matrix = matrix_between(corners((0.3, 0.1)), corners()).float()
    compiled = torch.compile(perspective_points, backend="eager", fullgraph=True)
    assert torch.equal(compiled(matrix, (6, 9)), perspective_points(matrix, (6, 9)))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(perspective_points(matrix, (6, 9)), perspective_points(matrix, (6, 9)).float())
