import copy

import pytest
import torch
from timm.layers import Conv2dSame
from torch import nn

from spatialvision.models.upgrades import coordconv
from spatialvision.nn import CoordConv2d


def names(model):
    return [name for name, layer in model.named_modules() if isinstance(layer, CoordConv2d)]


@pytest.mark.parametrize("with_radius", [False, True])
@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("timm/resnet18", "*"),
        ("timm", ("conv1", "layer1.*.conv1")),
        ("ours", "stages"),
        ("stn", "convolutions.0"),
    ],
)
def test_the_converted_network_computes_the_same_function_at_first(build, images, name, layers, with_radius):
    model = build(name).eval()
    expected = model(images)
    converted = coordconv(copy.deepcopy(model), layers, with_radius)
    assert names(converted)
    torch.testing.assert_close(converted(images), expected, atol=1e-6, rtol=1e-5)


def test_what_a_pattern_matches(build):
    convolutions = [name for name, layer in build("timm").named_modules() if isinstance(layer, nn.Conv2d)]
    first = [name for name in convolutions if name.startswith("layer1.")]
    assert names(build("timm", coordconv={"layers": "conv1.0"})) == ["conv1.0"]
    assert names(build("resnet18", coordconv={"layers": "conv1"})) == ["conv1"], "not layer1.0.conv1"
    assert names(build("timm", coordconv={"layers": "layer1"})) == first
    assert names(build("timm", coordconv={"layers": "*"})) == convolutions
    chosen = [name for name in convolutions if name.startswith("layer") and name.endswith("conv1")]
    assert names(build("timm", coordconv={"layers": ("layer?.*.conv1", "layer1.0.conv1")})) == chosen


def test_old_weights_are_kept_and_new_ones_are_zero(build):
    old, new = (
        build("ours").stages[1][0],
        build("ours", coordconv={"layers": "stages.1", "with_radius": True}).stages[1][0],
    )
    assert (new.kernel_size, new.padding, new.dilation, new.padding_mode) == ((3, 3), (2, 2), (2, 2), "zeros")
    assert torch.equal(new.weight[:, :32], old.weight)
    assert new.weight.shape == (32, 35, 3, 3)
    assert not new.weight[:, 32:].any()
    assert torch.equal(new.bias, old.bias)


def test_a_layer_without_bias_stays_without_and_flags_stay(build):
    model = build("timm").eval()
    model.conv1[0].weight.requires_grad_(False)
    converted = coordconv(model, "conv1.0").conv1[0]
    assert converted.bias is None
    assert not converted.weight.requires_grad
    assert not converted.training


def test_coordinates_learn(build, images):
    model = build("timm", coordconv={"layers": "conv1.0"})
    model(images).square().sum().backward()
    assert model.conv1[0].weight.grad[:, 3:].abs().sum() > 0


def test_another_type_and_the_meta_device():
    double = coordconv(nn.Sequential(nn.Conv2d(3, 4, 3)).double(), "0")
    assert double(torch.randn(1, 3, 8, 8, dtype=torch.float64)).dtype == torch.float64
    with torch.device("meta"):
        empty = coordconv(nn.Sequential(nn.Conv2d(3, 4, 3)), "0")
    assert empty[0].weight.device.type == "meta"


def test_what_cannot_be_converted_is_named_with_the_reason():
    model = nn.Sequential(nn.Conv2d(4, 4, 3, groups=2), Conv2dSame(4, 4, 3), CoordConv2d(4, 4, 3))
    with pytest.raises(ValueError, match="layers: 0 cannot be converted: it has groups"):
        coordconv(model, "0")
    with pytest.raises(
        ValueError, match="layers: 1 cannot be converted: Conv2dSame has a forward of its own"
    ):
        coordconv(model, "1")
    with pytest.raises(
        ValueError, match="layers: 2 cannot be converted: CoordConv2d has a forward of its own"
    ):
        coordconv(model, ("2",))


def test_no_match_lists_the_candidates(build):
    with pytest.raises(
        ValueError, match=r"no convolution matches 'stem'; there are convolutions\.0, convolutions\.3$"
    ):
        coordconv(build("stn"), "stem")
    with pytest.raises(ValueError, match=r"matches 'layer9'; there are conv1\.0, .*, … \(\d\d in all\)$"):
        coordconv(build("timm"), ("conv1", "layer9"))
    with pytest.raises(ValueError, match="there are none in this model"):
        coordconv(nn.Linear(2, 3), "*")
