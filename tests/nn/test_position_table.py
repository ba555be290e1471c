import torch

from spatialvision.nn import PositionTable


def test_starts_with_the_variance_of_one_over_the_width():
    torch.manual_seed(0)
    table = PositionTable(400, 64)()
    assert table.shape == (400, 64)
    assert abs(table.mean().item()) < 0.01
    assert abs(64 * table.var().item() - 1) < 0.05


def test_its_rows_are_the_parameter():
    table = PositionTable(5, 8)
    table()[1:3].sum().backward()
    assert torch.equal(table.weight.grad.sum(dim=1), torch.tensor([0.0, 8, 8, 0, 0]))
