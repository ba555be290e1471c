import pytest
import torch
import torch.nn.functional as F
from torch import nn

from spatialvision.models.large_kernel_cnn import large_kernel_cnn
from spatialvision.nn import CoordConv2d

CONVOLUTIONS = (81 + 1) * 32 + (32 * 49 + 1) * 64
COORDINATES = 2 * 81 * 32 + 2 * 49 * 64
SIZES = {
    "28×28": ((28, 28), {}, CONVOLUTIONS + 257 * 1112 + 1113 * 10),
    "42×42": ((42, 42), {"hidden": 184}, CONVOLUTIONS + (64 * 25 + 1) * 184 + 185 * 10),
    "42×42, averaged": (
        (42, 42),
        {"hidden": 1048, "downsample": 2, "paddings": (4, 0)},
        CONVOLUTIONS + 257 * 1048 + 1049 * 10,
    ),
    "coordconv": (
        (28, 28),
        {"hidden": 1069, "convolution": "coordconv"},
        CONVOLUTIONS + COORDINATES + 257 * 1069 + 1070 * 10,
    ),
}


@pytest.mark.parametrize(("size_hw", "options", "count"), SIZES.values(), ids=SIZES)
def test_parameter_counts(size_hw, options, count):
    with torch.device("meta"):
        model = large_kernel_cnn(10, 1, size_hw, **options)
    assert sum(parameter.numel() for parameter in model.parameters()) == count


@pytest.mark.parametrize("paddings", [(0, 0), (4, 1)])
def test_layers_run_in_the_order_of_the_original(paddings):
    model = large_kernel_cnn(10, 1, (50, 56), channels=(4, 6), hidden=8, downsample=2, paddings=paddings)
    images = torch.randn(3, 1, 50, 56)
    maps = F.avg_pool2d(images, 2)
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    for convolution, padding in zip(convolutions, paddings, strict=True):
        maps = F.max_pool2d(F.conv2d(maps, convolution.weight, convolution.bias, padding=padding).relu(), 2)
    expected = model.head(model.linear(maps.flatten(1)).relu())
    torch.testing.assert_close(model(images), expected)


def test_coordconv_replaces_every_convolution():
    model = large_kernel_cnn(10, 1, (28, 28), convolution="coordconv")
    names = [name for name, module in model.named_modules() if isinstance(module, nn.Conv2d)]
    assert names == ["convolutions.0", "convolutions.3"]
    assert all(isinstance(model.get_submodule(name), CoordConv2d) for name in names)


def test_stages_end_with_their_activations():
    model = large_kernel_cnn(10, 1, (28, 28))
    assert [type(model.get_submodule(name)) for name in model.stage_names] == [nn.ReLU, nn.ReLU]


def test_wrong_values_are_named():
    with pytest.raises(ValueError, match="convolution: expected one of plain, coordconv; got 'conv'"):
        large_kernel_cnn(10, 1, (28, 28), convolution="conv")
    with pytest.raises(ValueError, match="expected as many of each, got 3, 2 and 2"):
        large_kernel_cnn(10, 1, (28, 28), channels=(1, 2, 3))
    with pytest.raises(ValueError, match=r"expected at least 24 × 24 pixels .* got 21 × 21"):
        large_kernel_cnn(10, 1, (42, 42), downsample=2)
    with pytest.raises(ValueError, match=r"expected height and width \(28, 28\), got \(32, 32\)"):
        large_kernel_cnn(10, 1, (28, 28))(torch.randn(1, 1, 32, 32))
