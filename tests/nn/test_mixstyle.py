import copy

import pytest
import torch
from scipy import stats

from spatialvision.nn import MixStyle
from spatialvision.nn.mixstyle import symmetric_beta


def maps(count=6, channels=3, size_hw=(5, 7), seed=0):
    """Features in which every image and channel has a style of its own."""
    generator = torch.Generator().manual_seed(seed)
    scale = 0.5 + torch.rand(count, channels, 1, 1, generator=generator)
    return torch.randn(count, channels, *size_hw, generator=generator) * scale + 3 * scale


def styles(features):
    variance, mean = torch.var_mean(features, (2, 3), correction=1)
    return mean, (variance + 1e-6).sqrt()


def by_hand(features, own, partner):
    """The paper's formula, image by image and channel by channel."""
    result = torch.empty_like(features)
    for image in range(len(features)):
        for channel in range(features.shape[1]):
            x, other = features[image, channel], features[partner[image], channel]
            mean, other_mean = x.mean(), other.mean()
            deviation = (((x - mean) ** 2).sum() / (x.numel() - 1) + 1e-6).sqrt()
            other_deviation = (((other - other_mean) ** 2).sum() / (x.numel() - 1) + 1e-6).sqrt()
            mixed_deviation = own[image] * deviation + (1 - own[image]) * other_deviation
            mixed_mean = own[image] * mean + (1 - own[image]) * other_mean
            result[image, channel] = (x - mean) / deviation * mixed_deviation + mixed_mean
    return result


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_equals_the_formula_written_out(memory_format):
    features, module = maps().to(memory_format=memory_format), MixStyle(probability=1, alpha=0.7)
    torch.manual_seed(3)
    result = module(features)
    torch.manual_seed(3)
    own = symmetric_beta(0.7, (6,))
    torch.rand(())  # whether the batch is mixed
    partner = torch.randperm(6)
    torch.testing.assert_close(result, by_hand(features, own, partner), atol=1e-5, rtol=1e-5)
    assert result.is_contiguous(memory_format=memory_format)


def test_each_image_gets_one_mixture_of_its_own_style_and_anothers():
    """Without knowing how the numbers are drawn: solve for λ and the partner, one pair for all channels."""
    features = maps(count=5, channels=8)
    torch.manual_seed(1)
    result = MixStyle(probability=1, alpha=1.0)(features)
    means, deviations = styles(features)
    mixed_means, mixed_deviations = styles(result)
    partners = []
    for image in range(5):
        fits = []
        for other in range(5):
            difference = means[image] - means[other]
            own = ((mixed_means[image] - means[other]) * difference).sum() / difference.square().sum()
            own = 1.0 if other == image else own
            same_mean = own * means[image] + (1 - own) * means[other]
            same_deviation = own * deviations[image] + (1 - own) * deviations[other]
            if torch.allclose(same_mean, mixed_means[image], atol=1e-4) and torch.allclose(
                same_deviation, mixed_deviations[image], atol=1e-4
            ):
                fits.append(other)
                assert -1e-4 <= own <= 1 + 1e-4
        assert len(fits) == 1
        partners += fits
    assert sorted(partners) == [0, 1, 2, 3, 4]
    assert partners != [0, 1, 2, 3, 4]


def test_the_content_stays():
    features = maps()
    result = MixStyle(probability=1)(features)

    def content(maps):
        mean, deviation = styles(maps)
        return (maps - mean[:, :, None, None]) / deviation[:, :, None, None]

    torch.testing.assert_close(content(result), content(features), atol=1e-4, rtol=1e-4)


def test_evaluation_and_undrawn_batches_change_nothing():
    features = maps()
    assert MixStyle(probability=1).eval()(features) is features
    assert torch.equal(MixStyle(probability=0)(features), features)


def test_so_many_batches_are_mixed():
    torch.manual_seed(0)
    features, module = maps(count=3, channels=1, size_hw=(2, 2)), MixStyle(probability=0.3, alpha=1.0)
    # Three images all stay their own partners in one batch of six; that batch does not change either.
    mixed = sum(not torch.equal(module(features), features) for _ in range(1000))
    assert abs(mixed / 1000 - 0.3 * 5 / 6) < 0.05


@pytest.mark.parametrize("alpha", [0.1, 0.5, 1.0, 4.0])
def test_lambda_is_beta_distributed(alpha):
    torch.manual_seed(0)
    numbers = symmetric_beta(alpha, (20_000,))
    points = torch.linspace(0.001, 0.999, 200)  # nearer to 1 float32 rounds many numbers to 1
    below = (numbers[:, None] <= points).double().mean(0)
    expected = torch.from_numpy(stats.beta(alpha, alpha).cdf(points.double().numpy()))
    # The bound of Kolmogorov and Smirnov's test for one false alarm in a thousand.
    assert (below - expected).abs().max() < 1.95 / 20_000**0.5
    assert 0 <= numbers.min() <= numbers.max() <= 1


def test_lambda_is_the_part_of_the_own_style():
    torch.manual_seed(0)
    features = torch.tensor([-1.0, 1.0]).view(1, 1, 1, 2).repeat(8192, 1, 1, 1)
    features[::2] += 10  # two kinds of images, which differ in their means alone
    result = MixStyle(probability=1, alpha=0.1)(features)
    others_part = (result - features).mean((1, 2, 3)).abs() / 10
    # Half of the partners are of the other kind, and for each of these λ is between ¼ and ¾ so often:
    between = ((others_part > 0.25) & (others_part < 0.75)).double().mean()
    expected = 0.5 * (stats.beta.cdf(0.75, 0.1, 0.1) - stats.beta.cdf(0.25, 0.1, 0.1))
    assert abs(between - expected) < 4 * (expected / 8192) ** 0.5


def test_the_styles_are_constants_to_the_gradient():
    features = maps().requires_grad_()
    torch.manual_seed(2)
    result = MixStyle(probability=1)(features)
    weights = torch.randn_like(features)
    (gradient,) = torch.autograd.grad((result * weights).sum(), features)
    scale = styles(result)[1] / styles(features)[1]
    torch.testing.assert_close(gradient, weights * scale[:, :, None, None].detach(), atol=1e-4, rtol=1e-3)


def test_follows_the_default_generator_alone():
    features, module = maps(), MixStyle(probability=1)
    torch.manual_seed(4)
    first, second = module(features), module(features)
    torch.manual_seed(4)
    assert torch.equal(copy.deepcopy(module)(features), first)
    assert not torch.equal(first, second)


def test_styles_are_float32_for_narrow_features():
    features, module = maps(size_hw=(16, 16)).bfloat16(), MixStyle(probability=1)
    torch.manual_seed(5)
    with torch.autocast("cpu", torch.bfloat16):
        narrow = module(features)
    torch.manual_seed(5)
    assert narrow.dtype == torch.bfloat16
    assert torch.equal(narrow, module(features.float()).bfloat16())


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_one_graph_whether_mixed_or_not(probability):
    features, module = maps(), MixStyle(probability=probability)
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    torch.manual_seed(6)
    expected = module(features)
    torch.manual_seed(6)
    torch.testing.assert_close(compiled(features), expected)


@pytest.mark.parametrize("training", [True, False])
def test_exports_with_a_dynamic_batch(training):
    module = MixStyle(probability=1).train(training)
    dynamic = {"features": {0: torch.export.Dim("batch")}}
    program = torch.export.export(module, (maps(2),), dynamic_shapes=dynamic, strict=False)
    torch.manual_seed(7)
    expected = module(maps(5))
    torch.manual_seed(7)
    torch.testing.assert_close(program.module()(maps(5)), expected)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="probability: expected 0 to 1, got 2"):
        MixStyle(probability=2)
    with pytest.raises(ValueError, match="alpha: expected above 0, got 0"):
        MixStyle(alpha=0)
    with pytest.raises(ValueError, match=r"maps of at least 2 pixels, got \(4, 3, 1, 1\)"):
        MixStyle()(torch.randn(4, 3, 1, 1))
