import copy

import pytest
import torch
from torch import nn

from spatialvision.nn import CoordConv2d, FullyConnectedLocalisation, LocalisationNetwork
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
    assert pooled_size((14, 14), (5, 5), (2, 1)) == (1, 1)
    assert pooled_size((21, 30), (5, 5), (2, 1)) == (4, 9)


def test_too_small_an_image_is_refused():
    with pytest.raises(ValueError, match=r"expected at least 18 × 18 pixels .* got 17 × 28"):
        LocalisationNetwork(1, (17, 28))


def test_another_size_than_built_for_is_refused():
    with pytest.raises(ValueError, match=r"expected height and width \(28, 28\), got \(32, 32\)"):
        LocalisationNetwork(1, (28, 28))(torch.randn(1, 1, 32, 32))


def test_channels_and_kernel_sizes_must_pair_up():
    with pytest.raises(ValueError, match="expected 2, one per kernel size, got 3"):
        LocalisationNetwork(1, (28, 28), channels=(8, 10, 12))


def test_pooling_may_be_left_out_after_a_convolution():
    network = LocalisationNetwork(1, (14, 14), (20, 20), (5, 5), hidden=20, pool_sizes=(2, 1))
    assert sum(parameter.numel() for parameter in network.parameters()) == 26 * 20 + 501 * 20 + 21 * 20
    images = torch.randn(3, 1, 14, 14)
    first, second = (module for module in network.modules() if isinstance(module, nn.Conv2d))
    maps = second(nn.functional.max_pool2d(first(images), 2).relu()).relu()
    torch.testing.assert_close(network(images), network.linear(maps.flatten(1)).relu())


def test_poolings_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="pool_sizes: expected 2 of at least 1, one per kernel size"):
        LocalisationNetwork(1, (28, 28), pool_sizes=(2,))
    with pytest.raises(ValueError, match=r"pool_sizes: expected 2 of at least 1, .*got \(2, 0\)"):
        LocalisationNetwork(1, (28, 28), pool_sizes=(2, 0))
    with pytest.raises(
        ValueError, match=r"expected at least 14 × 14 pixels .* a pooling by 2 and 1; got 13 × 20"
    ):
        LocalisationNetwork(1, (13, 20), kernel_sizes=(5, 5), pool_sizes=(2, 1))


def test_fully_connected_layers_over_all_pixels():
    network, images = FullyConnectedLocalisation(2, (6, 5)), torch.randn(3, 2, 6, 5)
    assert network.features == 32
    assert sum(parameter.numel() for parameter in network.parameters()) == 61 * 32 + 33 * 32
    first, second = (module for module in network.modules() if isinstance(module, nn.Linear))
    torch.testing.assert_close(network(images), second(first(images.reshape(3, 60)).relu()).relu())


def test_fully_connected_runs_under_autocast_as_a_copy_in_one_graph_and_exported():
    network, images = FullyConnectedLocalisation(1, (8, 8), (6, 4)), torch.randn(5, 1, 8, 8)
    expected = network(images)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(network(images).float(), expected, atol=0.02, rtol=0.02)
    assert torch.equal(copy.deepcopy(network)(images), expected)
    compiled = torch.compile(network, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(images), expected)
    dynamic = {"images": {0: torch.export.Dim("batch")}}
    program = torch.export.export(network, (images[:2],), dynamic_shapes=dynamic, strict=False)
    torch.testing.assert_close(program.module()(images), expected)


def test_fully_connected_refuses_other_sizes_and_no_layers():
    with pytest.raises(ValueError, match=r"expected height and width \(8, 8\), got \(9, 8\)"):
        FullyConnectedLocalisation(1, (8, 8))(torch.randn(1, 1, 9, 8))
    with pytest.raises(ValueError, match="expected the width of at least one layer"):
        FullyConnectedLocalisation(1, (8, 8), ())
