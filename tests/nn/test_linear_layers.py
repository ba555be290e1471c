import torch
import torch.nn.functional as F

from spatialvision.nn.linear_layers import linear_layers


def test_every_layer_is_followed_by_a_relu() -> None:
    features = torch.randn(5, 4)
    layers = linear_layers([4, 8, 3])
    first, second = layers[0], layers[2]
    expected = F.relu(F.linear(features, first.weight, first.bias))
    expected = F.relu(F.linear(expected, second.weight, second.bias))
    assert torch.equal(layers(features), expected)


def test_a_single_width_leaves_the_features_alone() -> None:
    features = torch.randn(5, 4)
    assert torch.equal(linear_layers([4])(features), features)
