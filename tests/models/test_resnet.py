import copy

import pytest
import timm
import torch
from torch import nn

from spatialvision.errors import DataError
from spatialvision.models import build_model
from spatialvision.nn import InputNormaliser
from spatialvision.registry import MODELS

COUNTS = {"resnet18": 11_689_512, "resnet34": 21_797_672, "resnet50": 25_557_032}
resnet18 = MODELS["resnet18"]


def size(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
@pytest.mark.parametrize("normaliser", ["none", "scalar", "channel"])
def test_parameter_counts(name, count, normaliser):
    with torch.device("meta"):
        assert size(MODELS[name](1000, 3, normaliser=normaliser)) == count


@pytest.mark.parametrize("name", COUNTS)
def test_is_timms_resnet_with_its_names(name):
    ours = MODELS[name](10, 3)
    theirs = timm.create_model(name, num_classes=10)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs.load_state_dict(ours.state_dict())
    images = torch.randn(2, 3, 64, 64)
    assert torch.equal(ours.eval()(images), theirs.eval()(images))


def test_no_residual_branch_starts_at_zero():
    norms = [layer for layer in resnet18(10, 3).modules() if isinstance(layer, nn.BatchNorm2d)]
    assert all(torch.equal(layer.weight, torch.ones_like(layer.weight)) for layer in norms)


@pytest.mark.parametrize(("normaliser", "shape"), [("scalar", ()), ("channel", (3, 1, 1))])
def test_images_are_normalised_first(normaliser, shape):
    model = resnet18(10, 3, normaliser=normaliser)
    assert next(iter(model.named_children()))[0] == "normaliser"
    assert isinstance(model.normaliser, InputNormaliser)
    assert model.normaliser.mean.shape == shape
    images = 5 + 3 * torch.randn(8, 3, 32, 32)
    model.train()(images)
    model.eval()
    seen = []
    model.conv1.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    model(images)
    torch.testing.assert_close(seen[0], model.normaliser(images))
    assert abs(seen[0].mean().item()) < 0.1
    assert "normaliser.mean" in model.state_dict()


def test_the_small_stem_keeps_the_size():
    model = resnet18(10, 3, stem="cifar")
    assert size(model) == 11_173_962  # as for CIFAR-10 in the literature
    sizes = []
    for name in ("conv1", "layer1", "layer2", "layer3", "layer4"):
        model.get_submodule(name).register_forward_hook(
            lambda module, inputs, output: sizes.append(output.shape[2])
        )
    model(torch.randn(2, 3, 32, 32))
    assert sizes == [32, 32, 16, 8, 4]
    assert [entry["reduction"] for entry in model.feature_info] == [1, 1, 2, 4, 8]


def test_compiles_copies_and_runs_in_bfloat16():
    model, images = resnet18(10, 1, stem="cifar", normaliser="scalar"), torch.randn(2, 1, 16, 16)
    model(images)
    model.eval()
    expected = model(images)
    torch.testing.assert_close(copy.deepcopy(model)(images), expected)
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(images), expected)
    with torch.autocast("cpu", torch.bfloat16):
        assert model(images).dtype == torch.bfloat16


def test_pretrained_weights_come_from_timm(monkeypatch):
    source = timm.create_model("resnet18", num_classes=7, in_chans=1)
    asked = []

    def create_model(name, **arguments):
        asked.append((name, arguments))
        return source

    monkeypatch.setattr(timm, "create_model", create_model)
    model = resnet18(7, 1, normaliser="channel", pretrained=True)
    assert asked == [("resnet18", {"pretrained": True, "num_classes": 7, "in_chans": 1})]
    assert all(torch.equal(model.state_dict()[name], value) for name, value in source.state_dict().items())


def test_wrong_values_are_named(monkeypatch):
    with pytest.raises(ValueError, match="stem: expected one of imagenet, cifar; got 'small'"):
        resnet18(10, 3, stem="small")
    with pytest.raises(ValueError, match="normaliser: expected one of none, scalar, channel; got 'both'"):
        resnet18(10, 3, normaliser="both")
    with pytest.raises(ValueError, match="weights for stem=imagenet only"):
        resnet18(10, 3, stem="cifar", pretrained=True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", "/nonexistent")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", "/nonexistent")
    with pytest.raises(DataError, match=r"weights of timm's resnet18 are not in the cache .*\(offline\)"):
        build_model("resnet18", {"pretrained": True}, num_classes=10, in_channels=3, size_hw=(32, 32))
