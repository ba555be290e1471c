import pytest
import torch
from torch import nn

from spatialvision.models import HasTheta
from spatialvision.models.stn import stn_cnn
from spatialvision.nn import CoordConv2d, SpatialTransformer

EXPERIMENTS = {
    "exp01": ({}, 27_360),
    "exp02": ({}, 27_360),
    "exp03": ({"localisation": "none"}, 21_840),
    "exp04": ({"localisation": "none", "classifier": "coordconv"}, 23_340),
    "exp05": ({"classifier": "coordconv"}, 28_860),
    "exp06": ({"localisation": "coordconv"}, 28_644),
    "exp07": ({"localisation": "coordconv", "classifier": "coordconv"}, 30_144),
}
CIFAR10 = {
    "channels": (16, 32),
    "hidden": 1024,
    "localisation_channels": (64, 128),
    "localisation_hidden": 256,
}


def size(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(("options", "count"), EXPERIMENTS.values(), ids=EXPERIMENTS)
def test_parameter_counts_of_stn_mnist(options, count):
    with torch.device("meta"):
        assert size(stn_cnn(10, 1, (28, 28), **options)) == count


def test_parameter_count_of_stn_cifar10():
    with torch.device("meta"):
        assert size(stn_cnn(10, 3, (32, 32), **CIFAR10)) == 1_585_008


def test_layers_run_in_the_order_of_the_original():
    model = stn_cnn(10, 1, (28, 28), localisation="none")
    images = torch.randn(4, 1, 28, 28)
    first, second = (module for module in model.modules() if isinstance(module, nn.Conv2d))
    torch.manual_seed(0)
    ours = model(images)
    torch.manual_seed(0)
    maps = nn.functional.max_pool2d(first(images), 2).relu()
    maps = nn.functional.max_pool2d(nn.functional.dropout2d(second(maps), 0.5), 2).relu()
    features = nn.functional.dropout(model.linear(maps.reshape(4, 320)).relu(), 0.5)
    torch.testing.assert_close(ours, model.head(features))


def test_coordconv_replaces_both_convolutions_of_the_named_part():
    model = stn_cnn(10, 1, (28, 28), classifier="coordconv")
    names = [name for name, module in model.named_modules() if isinstance(module, CoordConv2d)]
    assert names == ["classifier.convolutions.0", "classifier.convolutions.3"]


def test_starts_as_the_classifier_alone():
    model = stn_cnn(10, 3, (32, 32)).eval()
    images = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(model(images), model.classifier(images), atol=1e-5, rtol=1e-4)


def test_only_a_model_that_warps_has_theta():
    model, images = stn_cnn(10, 1, (28, 28)), torch.randn(2, 1, 28, 28)
    assert isinstance(model, HasTheta)
    assert model.theta(images).shape == (2, 2, 3)
    assert model.points(images).shape == (2, 28, 28, 2)
    plain = stn_cnn(10, 1, (28, 28), localisation="none")
    assert not isinstance(plain, HasTheta)
    assert not any(isinstance(module, SpatialTransformer) for module in plain.modules())


def test_no_dropout_at_zero_and_the_same_state():
    model = stn_cnn(10, 1, (28, 28), dropout=0.0)
    assert not any(isinstance(module, nn.Dropout | nn.Dropout2d) for module in model.modules())
    model.load_state_dict(stn_cnn(10, 1, (28, 28)).state_dict())
    images = torch.randn(2, 1, 28, 28)
    assert torch.equal(model.train()(images), model.eval()(images))


def test_more_convolutions_and_oblong_images():
    model = stn_cnn(5, 2, (48, 64), channels=(4, 6, 8)).eval()
    assert model(torch.randn(2, 2, 48, 64)).shape == (2, 5)


def test_wrong_values_are_named():
    with pytest.raises(ValueError, match="localisation: expected one of none, plain, coordconv; got 'conv'"):
        stn_cnn(10, 1, (28, 28), localisation="conv")
    with pytest.raises(ValueError, match=r"expected at least 16 × 16 pixels .* got 12 × 12"):
        stn_cnn(10, 1, (12, 12), localisation="none")
    with pytest.raises(ValueError, match=r"expected height and width \(28, 28\), got \(32, 32\)"):
        stn_cnn(10, 1, (28, 28), localisation="none")(torch.randn(1, 1, 32, 32))
