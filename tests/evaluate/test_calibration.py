import pytest
import torch
from torchmetrics.functional.classification import binary_calibration_error

from spatialvision.evaluate.calibration import calibration_error


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_it_is_torchmetrics(bins: int) -> None:
    generator = torch.Generator().manual_seed(0)
    confidence = torch.rand(5000, generator=generator)
    correct = torch.rand(5000, generator=generator) < confidence.square()
    expected = binary_calibration_error(confidence, correct.int(), n_bins=bins, norm="l1")
    assert calibration_error(confidence, correct, bins) == pytest.approx(expected.item(), abs=1e-6)
    assert expected > 0.1


def test_it_is_zero_for_a_model_that_is_as_often_right_as_it_is_sure() -> None:
    confidence = torch.tensor([0.75] * 4 + [0.5] * 2)
    correct = torch.tensor([True, True, True, False, True, False])
    assert calibration_error(confidence, correct) == 0


def test_bins_weigh_as_much_as_they_hold() -> None:
    # Three images in one bin, sure by 0.9 and right once; one image in another, sure by 0.5 and right.
    confidence, correct = (
        torch.tensor([0.9, 0.9, 0.9, 0.5], dtype=torch.float64),
        torch.tensor([True, False, False, True]),
    )
    expected = 3 / 4 * (0.9 - 1 / 3) + 1 / 4 * (1 - 0.5)
    assert calibration_error(confidence, correct) == pytest.approx(expected, abs=1e-12)


def test_a_bin_holds_its_upper_edge_and_the_first_one_zero() -> None:
    # Of 2 bins, 0.5 is in the lower one with 0.1: their gaps, 0.5 and −0.1, nearly cancel out.
    assert calibration_error(torch.tensor([0.5, 0.1]), torch.tensor([True, False]), 2) == pytest.approx(0.2)
    assert calibration_error(torch.tensor([0.5, 0.9]), torch.tensor([True, False]), 2) == pytest.approx(0.7)
    assert calibration_error(torch.tensor([0.0, 1.0]), torch.tensor([False, True]), 15) == 0
