import pytest
import torch
from torch import nn

from spatialvision.models.inverted_bottleneck import InvertedBottleneck, Swish
from spatialvision.nn import SpatialExcitation


def block(in_channels=8, out_channels=8, stride=1, expansion=6, excitation=SpatialExcitation):
    torch.manual_seed(0)
    return InvertedBottleneck(in_channels, out_channels, stride, expansion, (4, 5), excitation)


def test_layers_run_in_the_order_of_the_original():
    module = block(in_channels=8, out_channels=8, excitation=lambda channels, hidden, size_hw: nn.Tanh())
    features = torch.randn(3, 8, 4, 5)
    convolutions = [layer for layer in module.modules() if isinstance(layer, nn.Conv2d)]
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert [layer.weight.shape for layer in convolutions] == [(48, 8, 1, 1), (48, 1, 3, 3), (8, 48, 1, 1)]
    maps = features
    for number, activation in enumerate([nn.functional.silu, nn.functional.silu, nn.Identity()]):
        if number == 2:
            maps = maps.tanh()
        maps = activation(norms[number](convolutions[number](maps)))
    torch.testing.assert_close(module(features), features + maps)


@pytest.mark.parametrize(
    ("in_channels", "expansion", "expected"),
    [(8, 6, (48, 2)), (16, 1, (16, 1)), (32, 1, (32, 1)), (40, 6, (240, 10))],
)
def test_the_excitation_gets_the_expanded_width_a_24th_of_it_and_the_size(in_channels, expansion, expected):
    asked = []

    def excitation(channels, hidden, size_hw):
        asked.append((channels, hidden, size_hw))
        return nn.Identity()

    block(in_channels, expansion=expansion, excitation=excitation)
    assert asked == [(*expected, (4, 5))]


def test_no_expansion_layer_at_expansion_1():
    module = block(expansion=1)
    assert sum(isinstance(layer, nn.Conv2d) for layer in module.modules()) == 2


@pytest.mark.parametrize(
    ("out_channels", "stride", "residual"), [(8, 1, True), (16, 1, False), (8, 2, False)]
)
def test_the_input_is_added_only_where_shapes_allow(out_channels, stride, residual):
    module, features = block(8, out_channels, stride), torch.randn(2, 8, 4 * stride, 5 * stride)
    with torch.no_grad():
        for parameter in module.project.parameters():
            parameter.zero_()
    result = module(features)
    assert result.shape == (2, out_channels, 4, 5)
    assert torch.equal(result, features) if residual else not result.any()


def test_swish_overwrites_only_where_no_gradient_is_recorded():
    features = torch.randn(4, 3)
    before = features.clone()
    expected = before * before.sigmoid()
    torch.testing.assert_close(Swish()(features), expected)
    assert torch.equal(features, before)
    with torch.no_grad():
        assert Swish()(features) is features
    torch.testing.assert_close(features, expected)
