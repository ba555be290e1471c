import copy

import pytest
import torch
from torch import nn

from spatialvision.models.upgrades import mixstyle
from spatialvision.nn import MixStyle

EVERY = {"probability": 1.0, "alpha": 1.0}


@pytest.mark.parametrize("name", ["timm", "ours", "stn", "timm/test_convnext", "timm/test_efficientnet"])
def test_mixes_in_training_only_and_names_stay(build, images, name):
    plain, mixed = build(name), build(name, mixstyle={"stages": (1, 2), **EVERY})
    assert list(mixed.state_dict()) == list(plain.state_dict())
    assert sum(isinstance(module, MixStyle) for module in mixed.modules()) == 2
    torch.testing.assert_close(mixed.eval()(images), plain.eval()(images))
    plain.train(), mixed.train()
    torch.manual_seed(3)
    expected = plain(images)
    torch.manual_seed(3)
    assert not torch.allclose(mixed(images), expected, atol=1e-4)


@pytest.mark.parametrize("name", ["timm", "stn"])
def test_stands_where_the_stage_ends(build, images, name):
    """The next module gets what MixStyle makes of the stage's own result."""
    model = build(name, mixstyle={"stages": (1,), **EVERY}).train()
    seen = {}
    stage = model.layer1 if name == "timm" else model.convolutions[2]
    following = model.layer2 if name == "timm" else model.convolutions[3]
    stage.mixstyle.register_forward_hook(lambda module, inputs, output: seen.update(mixed=output))
    following.register_forward_pre_hook(lambda module, inputs: seen.update(received=inputs[0]))
    model(images)
    assert seen["mixed"] is seen["received"]


@pytest.mark.parametrize("name", ["timm", "timm/test_convnext"])
def test_copies_mix_by_themselves(build, images, name):
    model = build(name, mixstyle={"stages": (1,), **EVERY})
    twin = copy.deepcopy(model)
    model.eval()
    mixing = [module for module in twin.modules() if isinstance(module, MixStyle)]
    assert [module.training for module in mixing] == [True]
    calls = []
    mixing[0].register_forward_hook(lambda *arguments: calls.append(arguments))
    twin(images)
    assert len(calls) == 1


@pytest.mark.parametrize("name", ["timm", "stn"])
def test_compiles_and_exports_whole(build, images, name):
    model = build(name, mixstyle={"stages": (1, 2), **EVERY})
    assert torch.compile(model, backend="aot_eager", fullgraph=True)(images).isfinite().all()
    model.eval()
    program = torch.export.export(model, (images,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    with torch.no_grad():
        torch.testing.assert_close(program.module()(images[:3]), model(images[:3]), rtol=1e-4, atol=1e-5)


def test_what_gives_no_maps_is_refused(build, images):
    with pytest.raises(ValueError, match=r"upgrade mixstyle: .* has its channels last \(NHWC\)"):
        build("timm/test_mambaout", mixstyle={"stages": (1,)})
    model = build("timm/test_vit", mixstyle={"stages": (1,)})
    with pytest.raises(
        ValueError, match=r"mixstyle after Block: expected maps \(B, C, H, W\), got \(4, \d+, \d+\)"
    ):
        model(images)


def test_a_stage_that_is_taken_or_never_called_is_refused(build):
    with pytest.raises(ValueError, match=r"stages: layer1 \(Sequential\) mixes already"):
        mixstyle(build("timm", mixstyle={"stages": (1,)}), (1,))
    model = nn.Module()
    model.body, model.stage_names = nn.ModuleList([nn.Conv2d(3, 3, 3)]), ("body",)
    with pytest.raises(ValueError, match=r"stages: body \(ModuleList\) is never called as a whole"):
        mixstyle(model, (1,))
