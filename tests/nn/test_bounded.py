import torch

from spatialvision.nn.bounded import bounded


def test_small_vectors_stay_and_long_ones_get_no_further_than_the_limit():
    vectors = torch.tensor([[0.0, 0.0], [1e-4, -2e-4], [3e6, 4e6], [1e30, 0.0]])
    found = bounded(vectors, 0.5)
    torch.testing.assert_close(found[:2], vectors[:2], rtol=1e-6, atol=0)
    torch.testing.assert_close(found[2], torch.tensor([0.3, 0.4]))
    assert found.isfinite().all()
    assert found.norm(dim=1).max() <= 0.5 * (1 + 1e-6)


def test_directions_are_kept_and_the_slope_at_zero_is_one():
    vectors = torch.randn(50, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.nn.functional.cosine_similarity(bounded(vectors, 0.7), vectors).min() > 1 - 1e-12
    slope = torch.autograd.functional.jacobian(lambda v: bounded(v, 0.7), torch.zeros(3, dtype=torch.float64))
    torch.testing.assert_close(slope, torch.eye(3, dtype=torch.float64))
