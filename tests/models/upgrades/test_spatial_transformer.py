import pytest
import torch

from spatialvision.models import HasTheta, build_model
from spatialvision.models.stn import stn_cnn
from spatialvision.models.upgrades import coordconv, mixstyle, spatial_transformer

SMALL = {"localisation_channels": (4, 4), "localisation_hidden": 8}


@pytest.mark.parametrize("name", ["timm", "ours", "stn"])
def test_starts_as_the_model_alone(build, images, name):
    wrapped = build(name, spatial_transformer=SMALL).eval()
    assert isinstance(wrapped, HasTheta)
    torch.testing.assert_close(wrapped(images), build(name).eval()(images), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(wrapped.theta(images), torch.eye(2, 3).expand(4, 2, 3))


def test_is_the_transformer_of_stn_cnn():
    options = {
        "localisation_channels": (6, 8),
        "localisation_kernels": (5, 3),
        "localisation_hidden": 16,
        "localisation_downsample": 2,
    }
    plain = stn_cnn(10, 3, (40, 48), localisation="none")
    torch.manual_seed(0)
    ours = spatial_transformer(plain, 3, (40, 48), **options)
    theirs = stn_cnn(10, 3, (40, 48), **options)
    assert {name: value.shape for name, value in ours.state_dict().items()} == {
        name: value.shape for name, value in theirs.state_dict().items()
    }
    theirs.load_state_dict(ours.state_dict())
    with torch.no_grad():
        ours.transformer.head.weight.normal_(std=0.1)
        theirs.load_state_dict(ours.state_dict())
    images = torch.randn(2, 3, 40, 48)
    assert torch.equal(ours.eval()(images), theirs.eval()(images))


def test_more_than_two_convolutions():
    model = spatial_transformer(
        torch.nn.Identity(), 1, (64, 64), localisation_channels=(4, 6, 8), localisation_kernels=(5, 5, 3)
    )
    assert model.theta(torch.randn(2, 1, 64, 64)).shape == (2, 2, 3)


def test_a_fully_connected_localisation():
    options = {"localisation": "fully_connected", "localisation_layers": (6, 4)}
    model = spatial_transformer(torch.nn.Identity(), 1, (12, 12), localisation_downsample=2, **options)
    located = model.transformer.localisation
    assert sum(parameter.numel() for parameter in located.parameters()) == 37 * 6 + 7 * 4
    images = torch.randn(2, 1, 12, 12)
    torch.testing.assert_close(model(images), images, atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match="localisation: expected one of convolutional, fully_connected"):
        spatial_transformer(torch.nn.Identity(), 1, (12, 12), localisation="none")


def test_pooling_after_the_first_convolution_alone():
    model = spatial_transformer(
        torch.nn.Identity(),
        1,
        (28, 28),
        localisation_channels=(20, 20),
        localisation_kernels=(5, 5),
        localisation_pools=(2, 1),
        localisation_hidden=20,
        localisation_downsample=2,
    )
    located = model.transformer.localisation
    assert sum(parameter.numel() for parameter in located.parameters()) == 26 * 20 + 501 * 20 + 21 * 20
    assert model.theta(torch.randn(2, 1, 28, 28)).shape == (2, 2, 3)


def test_every_parameter_learns_through_it(build, images):
    model = build("timm", coordconv={"layers": "conv1"}, mixstyle={"stages": (1,)}, spatial_transformer=SMALL)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    for _ in range(2):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), torch.tensor([0, 1, 2, 3])).backward()
        optimizer.step()
    assert [
        name for name, value in model.named_parameters() if value.grad is None or not value.grad.any()
    ] == []


def test_in_python_each_upgrade_is_a_function(images):
    model = build_model("timm/test_resnet", {}, num_classes=10, in_channels=3, size_hw=(32, 32))
    model = mixstyle(coordconv(model, "conv1"), stages=(1, 2))
    model = spatial_transformer(model, in_channels=3, size_hw=(32, 32))
    assert model(images).shape == (4, 10)


def test_wrong_values_are_named(build):
    with pytest.raises(
        ValueError, match="upgrade spatial_transformer: localisation_downsample: expected at least 1"
    ):
        build("timm", spatial_transformer={"localisation_downsample": 0})
    with pytest.raises(ValueError, match="expected at least 18 × 18 pixels"):
        build("timm", spatial_transformer={"localisation_downsample": 4})
    with pytest.raises(ValueError, match="channels: expected 2, one per kernel size, got 3"):
        build("timm", spatial_transformer={"localisation_channels": (1, 2, 3)})
