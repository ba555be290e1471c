import pytest
import torch

from spatialvision.models.multilayer_perceptron import multilayer_perceptron


def size(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("size_hw", "options", "count"),
    [
        ((28, 28), {}, 785 * 349 + 350 * 349 + 350 * 10),
        ((42, 42), {"hidden": (202, 202)}, 1765 * 202 + 203 * 202 + 203 * 10),
        ((42, 42), {"hidden": (401, 401), "downsample": 2}, 442 * 401 + 402 * 401 + 402 * 10),
        ((28, 28), {"hidden": ()}, 785 * 10),
    ],
)
def test_parameter_counts(size_hw, options, count):
    with torch.device("meta"):
        assert size(multilayer_perceptron(10, 1, size_hw, **options)) == count


def test_layers_run_in_their_order_on_averaged_images():
    model, images = (
        multilayer_perceptron(5, 3, (12, 8), hidden=(7, 6), downsample=2),
        torch.randn(4, 3, 12, 8),
    )
    first, second = (module for module in model.layers if isinstance(module, torch.nn.Linear))
    pixels = torch.nn.functional.avg_pool2d(images, 2).reshape(4, 72)
    torch.testing.assert_close(model(images), model.head(second(first(pixels).relu()).relu()))


def test_where_a_pixel_is_means_nothing_to_it():
    """Another order of the pixels, and of the first layer's columns with them, changes nothing."""
    model, images, order = multilayer_perceptron(5, 1, (4, 6)), torch.randn(3, 1, 4, 6), torch.randperm(24)
    expected = model(images)
    with torch.no_grad():
        model.layers[0].weight.copy_(model.layers[0].weight[:, order])
    torch.testing.assert_close(model(images.flatten(2)[..., order].view_as(images)), expected)


def test_wrong_values_are_named():
    with pytest.raises(ValueError, match="downsample: expected at least 1, got 0"):
        multilayer_perceptron(10, 1, (28, 28), downsample=0)
    with pytest.raises(ValueError, match=r"expected height and width \(28, 28\), got \(14, 14\)"):
        multilayer_perceptron(10, 1, (28, 28), downsample=2)(torch.randn(1, 1, 14, 14))
