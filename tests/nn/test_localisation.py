import pytest
import torch
from torch import nn

from spatialvision.nn import CoordConv2d, LocalisationNetwork
from spatialvision.nn.localisation import pooled_size


@pytest.mark.parametrize("convolution", [nn.Conv2d, CoordConv2d])
@pytest.mark.parametrize(("in_channels", "size_hw"), [(1, (28, 28)), (3, (32, 32)), (2, (18, 40))])
def test_any_channels_and_size(convolution, in_channels, size_hw):
    network = LocalisationNetwork(in_channels, size_hw, convolution=convolution)
    features = network(torch.randn(2, in_channels, *size_hw))
    assert features.shape == (2, network.features)
    assert features.min() >= 0
    assert sum(isinstance(module, convolution) for module in network.modules()) == 2


def test_layers_run_in_the_order_of_the_original():
    network = LocalisationNetwork(1, (28, 28))
    images = torch.randn(3, 1, 28, 28)
    first, second = (module for module in network.modules() if isinstance(module, nn.Conv2d))
    maps = nn.functional.max_pool2d(first(images), 2).relu()
    maps = nn.functional.max_pool2d(second(maps), 2).relu()
    expected = network.linear(maps.reshape(3, 90)).relu()
    torch.testing.assert_close(network(images), expected)


def test_pooled_size():
    assert pooled_size((28, 28), (7, 5)) == (3, 3)
    assert pooled_size((32, 20), (5,)) == (14, 8)
    assert pooled_size((18, 18), (7, 5)) == (1, 1)


def test_too_small_an_image_is_refused():
    with pytest.raises(ValueError, match=r"expected at least 18 × 18 pixels .* got 17 × 28"):
        LocalisationNetwork(1, (17, 28))


def test_another_size_than_built_for_is_refused():
    with pytest.raises(ValueError, match=r"expected height and width \(28, 28\), got \(32, 32\)"):
        LocalisationNetwork(1, (28, 28))(torch.randn(1, 1, 32, 32))


def test_channels_and_kernel_sizes_must_pair_up():
    with pytest.raises(ValueError, match="expected 2, one per kernel size, got 3"):
        LocalisationNetwork(1, (28, 28), channels=(8, 10, 12))
