import pytest
import torch
from torchvision.transforms.v2 import functional as reference

from spatialvision.data.colour_jitter import ColourJitter
from spatialvision.data.randomness import sample_keys, uniform

KEYS = sample_keys(0, 0, torch.arange(16))
JITTER = ColourJitter(0.3, 0.4, 0.5)


def make_images(count: int = 16, channels: int = 3) -> torch.Tensor:
    return torch.rand(count, channels, 9, 7, generator=torch.Generator().manual_seed(1))


def factors(what: str, reach: float) -> list[float]:
    return (1 - reach + 2 * reach * uniform(KEYS, 1, f"colour jitter/{what}"))[:, 0].tolist()


@pytest.mark.parametrize("channels", [1, 3])
def test_each_image_gets_what_torchvision_does_with_its_factors(channels: int) -> None:
    images = make_images(channels=channels)
    drawn = [factors("brightness", 0.3), factors("contrast", 0.4), factors("saturation", 0.5)]
    expected = []
    for image, brightness, contrast, saturation in zip(images, *drawn, strict=True):
        image = reference.adjust_brightness(image, brightness)
        image = reference.adjust_contrast(image, contrast)
        expected.append(reference.adjust_saturation(image, saturation))
    torch.testing.assert_close(JITTER(images, KEYS), torch.stack(expected), rtol=0, atol=2e-3)


def test_an_image_is_changed_alike_in_any_batch() -> None:
    images = make_images()
    together = JITTER(images, KEYS)
    torch.testing.assert_close(JITTER(images[5:6], KEYS[5:6]), together[5:6], rtol=0, atol=1e-6)
    assert not torch.allclose(JITTER(images, KEYS.flip(0)), together, atol=1e-2)
    assert torch.equal(images, make_images())


def test_no_reach_changes_nothing_and_costs_nothing() -> None:
    images = make_images()
    assert ColourJitter()(images, KEYS) is images
    grey = make_images(channels=1).expand(-1, 3, -1, -1)
    torch.testing.assert_close(ColourJitter(saturation=0.9)(grey, KEYS), grey, rtol=0, atol=1e-6)


def test_wrong_settings_and_images_are_refused() -> None:
    with pytest.raises(ValueError, match=r"contrast: expected 0 to 1, got 1\.5"):
        ColourJitter(contrast=1.5)
    with pytest.raises(ValueError, match="expected one channel or red, green and blue, got 2 channels"):
        JITTER(make_images(channels=2), KEYS)
