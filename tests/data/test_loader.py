import pytest
import torch

from spatialvision.data.augmentation import Augmentation
from spatialvision.data.dataset import Split
from spatialvision.data.loader import InMemoryLoader
from spatialvision.data.randomness import sample_keys

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
POSITIONS = torch.tensor([7, 0, 39, 7])


def make_split(channels: int = 3, height: int = 6, width: int = 5) -> Split:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (40, channels, height, width), generator=generator, dtype=torch.uint8)
    return Split(images, torch.arange(40) % 10)


def normalised(images: torch.Tensor) -> torch.Tensor:
    return (images.float() / 255 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_a_batch_is_its_samples_normalised(memory_format: torch.memory_format) -> None:
    split = make_split()
    loader = InMemoryLoader(split, MEAN, STD, "cpu", seed=3, memory_format=memory_format)
    batch = loader.batch(POSITIONS, epoch=2)
    torch.testing.assert_close(batch.images, normalised(split.images[POSITIONS]), atol=2e-6, rtol=0)
    assert batch.images.is_contiguous(memory_format=memory_format)
    assert torch.equal(batch.labels, torch.tensor([7, 0, 9, 7]))
    assert torch.equal(batch.indices, POSITIONS)
    assert torch.equal(batch.keys, sample_keys(3, 2, POSITIONS))
    assert len(loader) == 40


def test_batches_do_not_wear_the_stored_images_out() -> None:
    split = make_split()
    before = split.images.clone()
    loader = InMemoryLoader(split, MEAN, STD, "cpu", seed=3)
    first = loader.batch(POSITIONS, 0).images.clone()
    loader.batch(POSITIONS, 0).images.zero_()
    assert torch.equal(loader.batch(POSITIONS, 0).images, first)
    assert torch.equal(split.images, before)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("augmentation", [None, Augmentation(crop_padding=1)])
def test_channels_last_has_the_strides_of_channels_last(
    channels: int, augmentation: Augmentation | None
) -> None:
    mean, std = MEAN[:channels], STD[:channels]
    for memory_format, strides in (
        (torch.channels_last, (30 * channels, 1, 5 * channels, channels)),
        (torch.contiguous_format, (30 * channels, 30, 5, 1)),
    ):
        loader = InMemoryLoader(make_split(channels), mean, std, "cpu", 0, augmentation, memory_format)
        assert loader.batch(POSITIONS, 0).images.stride() == strides


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_augmentation_acts_on_images_from_black_to_white(memory_format: torch.memory_format) -> None:
    split = make_split()
    seen = []

    def invert(images: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        seen.append((images.clone(), keys))
        return 1 - images

    loader = InMemoryLoader(split, MEAN, STD, "cpu", 3, invert, memory_format)
    batch = loader.batch(POSITIONS, 5)
    assert torch.equal(seen[0][0], split.images[POSITIONS].float() / 255)
    assert torch.equal(seen[0][1], batch.keys)
    torch.testing.assert_close(batch.images, normalised(255 - split.images[POSITIONS]), atol=2e-6, rtol=0)


def test_a_sample_is_augmented_alike_in_any_batch_and_anew_each_epoch() -> None:
    augmentation = Augmentation(rotation_deg=30, crop_padding=1)
    loader = InMemoryLoader(make_split(), MEAN, STD, "cpu", 3, augmentation)
    together = loader.batch(torch.arange(40), 1).images
    for position in (0, 13, 39):
        assert torch.equal(loader.batch(torch.tensor([position]), 1).images[0], together[position])
    assert not torch.allclose(loader.batch(torch.arange(40), 2).images, together)
    assert torch.equal(loader.batch(torch.arange(40), 1).images, together)


def test_pictures_are_the_stored_images_in_0_to_1() -> None:
    split = make_split()
    for memory_format in (torch.contiguous_format, torch.channels_last):
        loader = InMemoryLoader(split, MEAN, STD, "cpu", 3, Augmentation(rotation_deg=90), memory_format)
        assert torch.equal(loader.images_from(POSITIONS), split.images[POSITIONS].float() / 255)


def test_unnormalising_leads_back_to_the_pictures() -> None:
    for augmentation in (None, Augmentation()):
        loader = InMemoryLoader(make_split(), MEAN, STD, "cpu", 3, augmentation)
        seen = loader.batch(POSITIONS, 0).images
        torch.testing.assert_close(loader.unnormalise(seen), loader.images_from(POSITIONS), rtol=0, atol=1e-6)
        beyond = loader.unnormalise(10 * torch.ones(1, 3, 2, 2).sign() * torch.tensor([-1.0, 1.0]))
        assert beyond[0, 0].tolist() == [[0.0, 1.0], [0.0, 1.0]]


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_normalising_pictures_gives_what_the_model_sees(memory_format: torch.memory_format) -> None:
    loader = InMemoryLoader(make_split(), MEAN, STD, "cpu", 3, memory_format=memory_format)
    made, seen = loader.normalise(loader.images_from(POSITIONS)), loader.batch(POSITIONS, 0).images
    torch.testing.assert_close(made, seen, rtol=0, atol=1e-6)
    assert made.stride() == seen.stride()


def test_an_empty_share_gives_an_empty_batch() -> None:
    loader = InMemoryLoader(make_split(), MEAN, STD, "cpu", 3, Augmentation(crop_padding=1))
    assert loader.batch(torch.empty(0, dtype=torch.int64), 0).images.shape == (0, 3, 6, 5)


@pytest.mark.parametrize(("mean", "std"), [((0.5,), STD), (MEAN, (0.2,)), (MEAN, (0.2, 0.0, 0.3))])
def test_statistics_that_do_not_fit_are_refused(mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="expected 3 means and 3 positive stds"):
        InMemoryLoader(make_split(), mean, std, "cpu", 3)


def test_further_copies_are_the_same_image_with_keys_of_their_own() -> None:
    split, positions = make_split(), torch.tensor([7, 47, 87])
    loader = InMemoryLoader(split, MEAN, STD, "cpu", 3, Augmentation(rotation_deg=30), copies=3)
    batch = loader.batch(positions, 2)
    assert batch.indices.tolist() == [7, 7, 7]
    assert batch.labels.tolist() == [7, 7, 7]
    assert torch.equal(batch.keys, sample_keys(3, 2, positions))
    assert not torch.allclose(batch.images[0], batch.images[1])
    alone = InMemoryLoader(split, MEAN, STD, "cpu", 3, Augmentation(rotation_deg=30))
    assert torch.equal(alone.batch(positions[:1], 2).images[0], batch.images[0])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_batches_are_delivered_on_the_device() -> None:
    split = make_split()
    batch = InMemoryLoader(split, MEAN, STD, "cuda", 3).batch(POSITIONS, 2)
    assert {tensor.device.type for tensor in batch} == {"cuda"}
    torch.testing.assert_close(batch.images.cpu(), normalised(split.images[POSITIONS]), atol=2e-6, rtol=0)
