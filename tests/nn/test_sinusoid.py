import math

import pytest
import torch

from spatialvision.nn import grid_sinusoid, sinusoid


def test_equals_the_formula():
    width = 6
    found = sinusoid(torch.tensor([0, 1, -2, 50]), width)
    for row, position in zip(found.tolist(), [0, 1, -2, 50], strict=True):
        rates = [math.exp(-math.log(1e4) * i / (width / 2)) for i in range(width // 2)]
        expected = [math.sin(rate * position) for rate in rates] + [
            math.cos(rate * position) for rate in rates
        ]
        assert row == pytest.approx(expected, abs=1e-5)


def test_the_product_of_two_depends_on_their_distance_alone():
    table = sinusoid(torch.arange(20, dtype=torch.float64), 32)
    products = table @ table.T
    for distance in range(20):
        band = products.diagonal(distance)
        torch.testing.assert_close(band, band[:1].expand_as(band))


def test_types():
    assert sinusoid(torch.arange(3), 4).dtype == torch.float32
    assert sinusoid(torch.arange(3).bfloat16(), 4).dtype == torch.float32
    assert sinusoid(torch.arange(3).double(), 4).dtype == torch.float64
    assert sinusoid(torch.arange(3, device="meta"), 4).is_meta


def test_a_grid_adds_rows_and_columns_in_row_order():
    rows, columns = sinusoid(torch.arange(3), 8), sinusoid(torch.arange(5), 8)
    grid = grid_sinusoid((3, 5), 8)
    assert grid.shape == (15, 8)
    for row in range(3):
        for column in range(5):
            assert torch.equal(grid[5 * row + column], rows[row] + columns[column])


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="width: expected an even number of at least 2, got 5"):
        sinusoid(torch.arange(3), 5)
    with pytest.raises(ValueError, match=r"positions: expected shape \(n,\), got \(3, 1\)"):
        sinusoid(torch.zeros(3, 1), 4)
