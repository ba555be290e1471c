import copy

import pytest
import torch
from torch import nn

from spatialvision.models import build_model
from spatialvision.models.efficientnet import EfficientNet, scaled_stages, scaled_width
from spatialvision.nn import SpatialExcitation, SqueezeExcitation
from spatialvision.registry import MODELS

PARAMETERS = [5_206_957, 7_689_486, 8_823_096, 11_721_730, 18_354_041, 28_917_572, 40_996_350, 63_672_117]
WIDTHS = {
    0: [32, 16, 24, 40, 80, 112, 192, 320],
    1: [32, 16, 24, 40, 80, 112, 192, 320],
    2: [32, 16, 24, 48, 88, 120, 208, 352],
    3: [40, 24, 32, 48, 96, 136, 232, 384],
    7: [64, 32, 48, 80, 160, 224, 384, 640],
}
REPEATS = {
    0: [1, 2, 2, 3, 3, 4, 1],
    1: [2, 3, 3, 4, 4, 5, 2],
    2: [2, 3, 3, 4, 4, 5, 2],
    3: [2, 3, 3, 5, 5, 6, 2],
    7: [4, 7, 7, 10, 10, 13, 4],
}
FACTORS = [1.0, 1.0, 1.1, 1.2, 1.4, 1.6, 1.8, 2.0]


def build(level=0, num_classes=10, in_channels=3, size_hw=(40, 33)):
    torch.manual_seed(0)
    data = {"num_classes": num_classes, "in_channels": in_channels, "size_hw": size_hw}
    return build_model(f"efficientnet_{level}", {}, **data)


@pytest.mark.parametrize(("level", "count"), list(enumerate(PARAMETERS)))
def test_parameter_counts(level, count):
    with torch.device("meta"):
        model = build(level, num_classes=1000, size_hw=(224, 224))
    assert sum(parameter.numel() for parameter in model.parameters()) == count


@pytest.mark.parametrize("level", WIDTHS)
def test_widths_and_repeats(level):
    stages = scaled_stages(level)
    assert [scaled_width(32, FACTORS[level]), *(stage.width for stage in stages)] == WIDTHS[level]
    assert [stage.repeats for stage in stages] == REPEATS[level]


@pytest.mark.parametrize("level", [0, 3, 7])
def test_the_stem_feeds_the_first_stage(level):
    """Level 3 and up have a wider stem; a fixed one would not fit the stages."""
    with torch.device("meta"):
        model = build(level, size_hw=(64, 64))
        assert model.stem[0].convolution.out_channels == WIDTHS[level][0]
        assert model(torch.empty(2, 3, 64, 64)).shape == (2, 10)


def test_sizes_by_stage():
    with torch.device("meta"):
        maps = torch.empty(1, 3, 224, 224)
        model = build(size_hw=(224, 224))
    sizes, maps = [], model.stem(maps)
    assert maps.shape == (1, 32, 113, 113)
    for stage in model.stages:
        maps = stage(maps)
        sizes.append(maps.shape[2])
    assert sizes == [113, 57, 29, 15, 15, 8, 8]
    assert model.head(maps).shape == (1, 1280, 8, 8)


def test_all_convolutions_have_a_bias_and_a_normalisation():
    model = build()
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(convolutions) == len(norms) == 1 + 2 + 15 * 3 + 1
    assert all(convolution.bias is not None for convolution in convolutions)
    kernels = {convolution.kernel_size for convolution in convolutions if convolution.groups > 1}
    assert kernels == {(3, 3)}
    assert sum(isinstance(module, SqueezeExcitation) for module in model.modules()) == 16


@pytest.mark.parametrize("size_hw", [(32, 32), (33, 70), (2, 2), (5, 3)])
def test_images_of_any_size(size_hw):
    model = build(size_hw=size_hw).eval()
    with torch.no_grad():
        logits = model(torch.randn(2, 3, *size_hw))
        assert model(torch.randn(2, 3, 47, 51)).isfinite().all()
    assert logits.shape == (2, 10)
    assert logits.isfinite().all()


def test_excitations_are_told_the_size_of_their_maps():
    """A model that only builds and runs if every excitation was given its own size."""
    model = EfficientNet(0, 10, 1, (45, 36), SpatialExcitation).eval()
    with torch.no_grad():
        assert model(torch.randn(2, 1, 45, 36)).shape == (2, 10)


def test_evaluation_equals_the_modules_one_after_the_other():
    model, images = build(), torch.randn(4, 3, 40, 33)
    with torch.no_grad():
        for _ in range(3):
            model(images)  # statistics
        folded = model.eval()(images)
        for module in model.modules():
            module.register_forward_hook(lambda *call: None)  # watched modules run one by one
        torch.testing.assert_close(model(images), folded, atol=1e-5, rtol=1e-5)


def test_recording_gradients_changes_nothing():
    model, images = build().eval(), torch.randn(2, 3, 40, 33)
    with torch.no_grad():
        expected = model(images)
    torch.testing.assert_close(model(images), expected, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(copy.deepcopy(model)(images), expected, atol=1e-6, rtol=1e-6)


def test_too_small_images_and_unknown_levels_are_refused():
    with pytest.raises(ValueError, match="size_hw: expected at least 2 × 2 pixels, got 1 × 32"):
        build(size_hw=(1, 32))
    with pytest.raises(ValueError, match="level: expected 0 to 7, got 8"):
        EfficientNet(8, 10, 3, (32, 32), SpatialExcitation)


def test_all_levels_are_registered_with_their_options_described():
    for level in range(8):
        builder = MODELS[f"efficientnet_{level}"]
        assert builder.__name__ == f"efficientnet_{level}"
        assert all(f"{option}:" in builder.__doc__ for option in ("num_classes", "in_channels", "size_hw"))
