import pytest
import torch

from spatialvision.data.normalisation import Normalisation

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)


def test_bytes_and_floats_are_normalised_alike_and_led_back() -> None:
    stored = torch.randint(256, (4, 3, 6, 5), dtype=torch.uint8)
    normalise = Normalisation(MEAN, STD, 3, "cpu")
    expected = (stored / 255 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    torch.testing.assert_close(normalise.of_bytes(stored), expected, rtol=0, atol=2e-6)
    torch.testing.assert_close(normalise(stored / 255), expected, rtol=0, atol=2e-6)
    torch.testing.assert_close(normalise.inverse(expected), stored / 255, rtol=0, atol=1e-6)


def test_bytes_in_channels_last_order_give_the_same_bits_and_stay_in_it() -> None:
    stored = torch.randint(256, (4, 3, 6, 5), dtype=torch.uint8)
    normalise, last = Normalisation(MEAN, STD, 3, "cpu"), stored.contiguous(memory_format=torch.channels_last)
    assert torch.equal(normalise.of_bytes(last), normalise.of_bytes(stored))
    assert normalise.of_bytes(last).stride() == (90, 1, 15, 3)
    assert normalise.of_bytes(stored).stride() == (90, 30, 5, 1)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_the_memory_format_is_the_one_asked_for(memory_format: torch.memory_format) -> None:
    images = Normalisation(MEAN, STD, 3, "cpu", memory_format)(torch.rand(2, 3, 4, 5))
    assert images.is_contiguous(memory_format=memory_format)


@pytest.mark.parametrize(("mean", "std"), [((0.5,), STD), (MEAN, (0.2,)), (MEAN, (0.2, 0.0, 0.3))])
def test_statistics_that_do_not_fit_are_refused(mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="expected 3 means and 3 positive stds"):
        Normalisation(mean, std, 3, "cpu")
