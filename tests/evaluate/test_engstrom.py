import pytest
import torch

from spatialvision.evaluate.engstrom import (
    DRAWS,
    grid_matrices,
    grid_values,
    largest_shift_xy,
    random_matrices,
)
from spatialvision.evaluate.sampler import frame_angle_deg
from spatialvision.evaluate.warps import similarity


@pytest.mark.parametrize(
    ("size_hw", "pixels"), [((28, 28), (3, 3)), ((32, 32), (3, 3)), ((224, 224), (22, 22)), ((40, 8), (1, 4))]
)
def test_shifts_go_to_a_tenth_of_the_size(size_hw: tuple[int, int], pixels: tuple[int, int]) -> None:
    assert largest_shift_xy(size_hw) == pixels


def test_the_grid_is_the_papers() -> None:
    angles, rights, downs = grid_values((32, 32))
    assert angles == pytest.approx(list(range(-30, 31, 2)))
    assert rights == downs == [-3, -1.5, 0, 1.5, 3]
    matrices = grid_matrices((32, 32))
    assert len(matrices) == 31 * 5 * 5 == 775
    assert torch.equal(matrices[387], torch.eye(3, dtype=torch.float64))  # the middle changes nothing
    place = (4 * 5 + 3) * 5 + 1
    torch.testing.assert_close(matrices[place], similarity((32, 32), -22, pixels_xy=(1.5, -1.5)))


def test_draws_belong_to_images_not_to_batches() -> None:
    indices = torch.tensor([7, 3, 100])
    drawn, again = random_matrices(indices, (28, 28)), random_matrices(indices.flip(0), (28, 28))
    assert len(drawn) == DRAWS == 10
    for first, second in zip(drawn, again, strict=True):
        assert torch.equal(first, second.flip(0))
    other = random_matrices(indices, (28, 28), seed=1)
    assert not any(torch.equal(first, second) for first, second in zip(drawn, other, strict=True))


def test_draws_are_uniform_within_the_bounds() -> None:
    drawn = torch.stack(random_matrices(torch.arange(2000), (28, 28))).flatten(0, 1)
    turned = -frame_angle_deg(drawn[:, :2])
    # The content's shift: where the inverse takes the centre, in pixels.
    shift = 14 * torch.linalg.inv(drawn)[:, :2, 2]
    for values, most in ((turned, 30), (shift[:, 0], 3), (shift[:, 1], 3)):
        assert values.abs().max() <= most + 1e-4
        edges = torch.linspace(-most, most, 7)
        shares = torch.histogram(values, edges).hist / len(values)
        assert shares.tolist() == pytest.approx([1 / 6] * 6, abs=0.012)
    assert torch.corrcoef(torch.stack([turned, *shift.T])).fill_diagonal_(0).abs().max() < 0.03
    assert len(drawn.unique(dim=0)) == len(drawn)
