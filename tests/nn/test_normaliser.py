import copy

import pytest
import torch

from spatialvision.nn import InputNormaliser

CHANNELS = [None, 3]


def batches(count, size=(4, 3, 5, 6)):
    generator = torch.Generator().manual_seed(0)
    scale, shift = torch.tensor([0.5, 2.0, 1.0]), torch.tensor([0.3, -1.0, 4.0])
    for _ in range(count):
        images = torch.randn(size, generator=generator)
        yield images * scale.view(3, 1, 1) + shift.view(3, 1, 1)


def by_hand(images, mean, variance):
    return (images - mean.view(-1, 1, 1)) / (variance.view(-1, 1, 1) + 1e-9).sqrt()


@pytest.mark.parametrize("channels", CHANNELS)
def test_equals_the_averages_written_out(channels):
    normaliser, mean, variance = InputNormaliser(channels), None, None
    for images in batches(5):
        rows = images.reshape(1, -1) if channels is None else images.transpose(0, 1).reshape(3, -1)
        own_mean = rows.mean(1)
        own_variance = (rows - own_mean[:, None]).square().sum(1) / rows.shape[1]
        mean = own_mean if mean is None else 0.99 * mean + 0.01 * own_mean
        variance = own_variance if variance is None else 0.99 * variance + 0.01 * own_variance
        torch.testing.assert_close(normaliser(images), by_hand(images, mean, variance), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(normaliser.mean.flatten(), mean)
    torch.testing.assert_close(normaliser.variance.flatten(), variance)
    assert normaliser.batches == 5


@pytest.mark.parametrize("channels", CHANNELS)
def test_evaluation_uses_the_statistics_and_keeps_them(channels):
    normaliser = InputNormaliser(channels, momentum=0.5)
    for images in batches(2):
        trained = normaliser(images)
    before = copy.deepcopy(normaliser.eval().state_dict())
    assert torch.equal(normaliser(images), trained)
    assert all(torch.equal(before[name], value) for name, value in normaliser.state_dict().items())


def test_untrained_it_is_the_identity():
    (images,) = batches(1)
    assert torch.equal(InputNormaliser(3).eval()(images), images)
    assert torch.equal(InputNormaliser().eval()(images), images)


def test_state_without_parameters():
    normaliser = InputNormaliser(3)
    assert list(normaliser.parameters()) == []
    assert {name: tuple(value.shape) for name, value in normaliser.state_dict().items()} == {
        "mean": (3, 1, 1),
        "variance": (3, 1, 1),
        "batches": (),
    }


@pytest.mark.parametrize("channels", CHANNELS)
def test_a_loaded_copy_goes_on_as_the_original(channels):
    first, second, third = batches(3)
    normaliser = InputNormaliser(channels)
    normaliser(first)
    loaded = InputNormaliser(channels)
    loaded.load_state_dict(normaliser.state_dict())
    copied = copy.deepcopy(normaliser)
    for images in (second, third):
        expected = normaliser(images)
        assert torch.equal(loaded(images), expected)
        assert torch.equal(copied(images), expected)


def test_the_statistics_are_constants_to_the_gradient():
    (images,) = batches(1)
    normaliser = InputNormaliser(3)
    images.requires_grad_()
    normaliser(images).sum().backward()
    expected = 1 / (normaliser.variance + 1e-9).sqrt()
    torch.testing.assert_close(images.grad, expected.expand_as(images))
    assert not normaliser.mean.requires_grad


def test_statistics_stay_float32_for_narrow_images_and_under_autocast():
    (images,) = batches(1)
    narrow = images.bfloat16()
    exact, rounded = InputNormaliser(), InputNormaliser()
    with torch.autocast("cpu", torch.bfloat16):
        assert exact(narrow.float()).dtype == torch.float32
        assert rounded(narrow).dtype == torch.bfloat16
    assert rounded.mean.dtype == torch.float32
    assert torch.equal(rounded.mean, exact.mean)
    assert torch.equal(rounded.variance, exact.variance)


def test_as_a_double_it_computes_in_double():
    images = next(batches(1)).double()
    normaliser = InputNormaliser(3).double()
    result = normaliser(images)
    assert result.dtype == torch.float64
    variance, mean = torch.var_mean(images, (0, 2, 3), correction=0)
    torch.testing.assert_close(result, by_hand(images, mean, variance))


@pytest.mark.parametrize("channels", CHANNELS)
def test_one_graph_serves_every_batch(channels):
    plain = InputNormaliser(channels)
    compiled = torch.compile(copy.deepcopy(plain), backend="aot_eager", fullgraph=True)
    for images in batches(3):
        torch.testing.assert_close(compiled(images), plain(images))
    assert compiled.batches == 3


@pytest.mark.parametrize("training", [True, False])
def test_exports_with_a_dynamic_batch(training):
    first, images = batches(2, (5, 3, 4, 4))
    normaliser = InputNormaliser(3)
    normaliser(first)
    normaliser.train(training)
    dynamic = {"images": {0: torch.export.Dim("batch")}}
    shared = copy.deepcopy(normaliser)  # the exported program updates these very buffers
    program = torch.export.export(shared, (first[:2],), dynamic_shapes=dynamic, strict=False)
    torch.testing.assert_close(program.module()(images), normaliser(images))


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"expected shape \(B, 3, H, W\), got \(2, 4, 8, 8\)"):
        InputNormaliser(3)(torch.randn(2, 4, 8, 8))
    with pytest.raises(ValueError, match=r"expected shape \(B, C, H, W\), got \(3, 8, 8\)"):
        InputNormaliser()(torch.randn(3, 8, 8))
    with pytest.raises(ValueError, match=r"expected a floating-point type, got torch.uint8"):
        InputNormaliser()(torch.zeros(2, 3, 8, 8, dtype=torch.uint8))
    with pytest.raises(ValueError, match="momentum: expected above 0 and at most 1, got 0"):
        InputNormaliser(momentum=0)
