import pytest
import torch

from spatialvision.nn import affine_points, compose, invert, perspective_points
from spatialvision.nn.matrices import square_matrix


def matrices(rows: int, seed: int) -> torch.Tensor:
    noise = torch.randn(5, rows, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.eye(rows, 3, dtype=torch.float64) + 0.1 * noise


@pytest.mark.parametrize("rows", [2, 3])
def test_a_map_and_its_inverse_are_the_identity(rows):
    theta = matrices(rows, 0)
    for product in (compose(theta, invert(theta)), compose(invert(theta), theta)):
        assert product.shape == theta.shape
        torch.testing.assert_close(product, torch.eye(rows, 3, dtype=torch.float64).expand(5, rows, 3))


@pytest.mark.parametrize(("first", "second"), [(2, 2), (3, 2), (2, 3), (3, 3)])
def test_composition_takes_points_through_the_first_and_then_the_second(first, second):
    one, two = matrices(first, 1), matrices(second, 2)
    between = perspective_points(square_matrix(one), (4, 6))
    homogeneous = torch.cat([between, torch.ones_like(between[..., :1])], dim=3)
    through = torch.einsum("bij,bhwj->bhwi", square_matrix(two), homogeneous)
    found = perspective_points(square_matrix(compose(one, two)), (4, 6))
    torch.testing.assert_close(found, through[..., :2] / through[..., 2:])


def test_affine_maps_stay_affine():
    theta = compose(matrices(2, 3), matrices(2, 4))
    assert theta.shape == (5, 2, 3)
    torch.testing.assert_close(affine_points(theta, (3, 3)), perspective_points(square_matrix(theta), (3, 3)))


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"theta: expected shape \(B, 2, 3\) or \(B, 3, 3\), got \(2, 3\)"):
        invert(torch.zeros(2, 3))


def test_products_are_not_rounded_under_autocast():
    one, two = matrices(3, 5).float(), matrices(3, 6).float()
    with torch.autocast("cpu", torch.bfloat16):
        found = compose(one, two)
    assert found.dtype == torch.float32
    assert torch.equal(found, compose(one, two))
    torch.testing.assert_close(compose(one.double(), two).float(), found)
