import numpy as np
import pytest
import torch
from scipy.interpolate import RBFInterpolator

from spatialvision.nn import ThinPlateSplineTransform, affine_points
from spatialvision.nn.thin_plate_spline import (
    bending_basis,
    control_points,
    spline_gradients,
    spline_weights,
)

SOMEWHERE = 2 * torch.rand(200, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1


def displacement(count: int) -> torch.Tensor:
    return 0.1 * torch.randn(count**2, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_the_grid_runs_row_by_row_from_the_top_left():
    points = control_points(3)
    assert points.shape == (9, 2)
    assert points[[0, 1, 3, 8]].tolist() == [[-1, -1], [0, -1], [-1, 0], [1, 1]]


@pytest.mark.parametrize("count", [2, 3, 4, 7])
def test_it_is_the_thin_plate_spline_of_scipy(count):
    control, moved = control_points(count), displacement(count)
    found = spline_weights(control, SOMEWHERE) @ moved
    reference = RBFInterpolator(control.numpy(), moved.numpy(), kernel="thin_plate_spline", degree=1)
    np.testing.assert_allclose(found.numpy(), reference(SOMEWHERE.numpy()), atol=1e-9)


def test_control_points_go_where_they_are_sent_and_affine_maps_are_kept():
    control = control_points(4)
    torch.testing.assert_close(spline_weights(control, control), torch.eye(16, dtype=torch.float64))
    linear, offset = torch.tensor([[0.3, -0.2], [0.1, 0.4]], dtype=torch.float64), torch.tensor([0.1, 0.2])
    found = spline_weights(control, SOMEWHERE) @ (control @ linear + offset)
    torch.testing.assert_close(found, SOMEWHERE @ linear + offset)


def test_gradients_are_the_derivatives():
    control, at = control_points(3), SOMEWHERE[:20].clone().requires_grad_()
    slopes = spline_gradients(control, at.detach())
    step = 1e-6
    for axis in range(2):
        shift = torch.zeros(2, dtype=torch.float64)
        shift[axis] = step
        difference = spline_weights(control, at.detach() + shift) - spline_weights(
            control, at.detach() - shift
        )
        torch.testing.assert_close(slopes[..., axis], difference / (2 * step), atol=1e-6, rtol=1e-6)


def test_the_basis_holds_no_affine_part():
    control, basis = control_points(4), bending_basis(control_points(4))
    assert basis.shape == (16, 13)
    torch.testing.assert_close(basis.mT @ basis, torch.eye(13, dtype=torch.float64))
    affine = torch.cat([torch.ones(16, 1, dtype=torch.float64), control], dim=1)
    assert (affine.mT @ basis).abs().max() < 1e-12


def test_the_transform_bends_first_and_then_maps_affinely():
    transform = ThinPlateSplineTransform(4)
    parameters = 0.1 * torch.randn(3, 32, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    parameters[:, :6] += transform.identity()[:6]
    control_targets = transform.theta(parameters)
    assert control_targets.shape == (3, 16, 2)
    points = transform.points(parameters, (9, 5))
    pixels = affine_points(torch.eye(2, 3, dtype=torch.float64)[None], (9, 5)).view(-1, 2)
    # Both parts together are one thin-plate spline through where the control points go.
    expected = spline_weights(control_points(4), pixels) @ control_targets
    torch.testing.assert_close(points.view(3, -1, 2), expected, atol=1e-6, rtol=1e-6)


def test_zero_bend_is_the_affine_transform():
    transform = ThinPlateSplineTransform(4)
    parameters = torch.zeros(2, 32)
    parameters[:, :6] = torch.randn(2, 6, generator=torch.Generator().manual_seed(3))
    assert torch.equal(
        transform.points(parameters, (6, 8)), affine_points(parameters[:, :6].view(2, 2, 3), (6, 8))
    )


def test_too_small_a_grid_is_named():
    with pytest.raises(ValueError, match="control_points: expected at least 2 a side, got 1"):
        ThinPlateSplineTransform(1)
