import pytest
import torch
import torch.nn.functional as F
from timm.layers import BatchNormAct2d
from torch import nn

from spatialvision.models import build_model
from spatialvision.models.upgrades import group_norm


def test_all_20_of_a_resnet_18():
    with torch.device("meta"):
        data = {"num_classes": 1000, "in_channels": 3, "size_hw": (32, 32)}
        model = build_model("resnet18", {}, **data, upgrades={"group_norm": {}})
    layers = [layer for layer in model.modules() if isinstance(layer, nn.GroupNorm)]
    assert len(layers) == 20
    assert {layer.num_groups for layer in layers} == {16}
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in model.modules())
    assert sum(parameter.numel() for parameter in model.parameters()) == 11_689_512


def test_images_no_longer_depend_on_their_batch(build, images):
    model = build("ours", group_norm={"groups": 8}).train()
    model.normaliser.eval()
    torch.testing.assert_close(model(images)[:1], model(images[:1]))
    assert not torch.allclose(model(images), build("ours")(images))


def test_scale_and_offset_start_as_they_were():
    old = nn.BatchNorm2d(32, eps=1e-3)
    with torch.no_grad():
        old.weight.uniform_()
        old.bias.uniform_()
    new = group_norm(nn.Sequential(old), groups=4)[0]
    features = torch.randn(2, 32, 5, 5)
    torch.testing.assert_close(new(features), F.group_norm(features, 4, old.weight, old.bias, 1e-3))


def test_the_activation_inside_timms_norm_layer_stays(build, images):
    model = build("timm/test_efficientnet", group_norm={"groups": 8})
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in model.modules())
    assert model(images).isfinite().all()
    norm = group_norm(nn.Sequential(BatchNormAct2d(16, act_layer=nn.SiLU)))[0]
    features = torch.randn(2, 16, 5, 5)
    torch.testing.assert_close(norm(features), F.silu(F.group_norm(features, 16)))


def test_what_cannot_be_replaced_is_named(build):
    with pytest.raises(ValueError, match=r"groups: conv1\.1 has 16 channels, not divisible by 7"):
        group_norm(build("timm"), groups=7)
    with pytest.raises(ValueError, match="not divisible by 0"):
        group_norm(build("timm"), groups=0)
    with pytest.raises(ValueError, match="ConvolutionalClassifier has no BatchNorm2d to replace"):
        group_norm(build("stn"))

    class Special(nn.BatchNorm2d):
        pass

    with pytest.raises(ValueError, match="0 cannot be replaced: Special has a forward of its own"):
        group_norm(nn.Sequential(Special(16)))
