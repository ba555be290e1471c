import pytest
import torch

from spatialvision.nn import AffineTransform, affine_points


def test_identity_parameters_give_the_identity_matrix():
    transform = AffineTransform()
    assert transform.identity().shape == (transform.num_parameters,)
    assert transform.theta(transform.identity()[None]).tolist() == [[[1, 0, 0], [0, 1, 0]]]


def test_points_are_those_of_the_matrix():
    transform, parameters = AffineTransform(), torch.randn(3, 6)
    expected = affine_points(parameters.view(3, 2, 3), (5, 7))
    assert torch.equal(transform.points(parameters, (5, 7)), expected)


def test_wrong_parameters_are_named():
    with pytest.raises(ValueError, match=r"expected shape \(B, 6\), got \(2, 8\)"):
        AffineTransform().theta(torch.zeros(2, 8))
