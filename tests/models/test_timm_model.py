import subprocess
import sys

import pytest
import timm
import torch

from spatialvision.errors import RecipeError
from spatialvision.models import build_model
from spatialvision.registry import MODELS

DATA = {"num_classes": 7, "in_channels": 1, "size_hw": (32, 32)}


def test_is_timms_model_for_the_data():
    torch.manual_seed(0)
    ours = build_model("timm/test_resnet", {}, **DATA).eval()
    torch.manual_seed(0)
    theirs = timm.create_model("test_resnet", num_classes=7, in_chans=1).eval()
    images = torch.randn(2, 1, 32, 32)
    assert torch.equal(ours(images), theirs(images))


@pytest.mark.parametrize("size_hw", [(32, 32), (48, 64)])
def test_a_model_for_one_size_is_built_for_the_datas(size_hw):
    model = build_model("timm/test_vit", {}, **{**DATA, "size_hw": size_hw})
    assert model(torch.randn(2, 1, *size_hw)).shape == (2, 7)
    assert model.patch_embed.img_size == size_hw


def test_arguments_go_to_timm_and_win():
    model = build_model("timm/test_resnet", {"arguments": {"drop_rate": 0.25, "in_chans": 2}}, **DATA)
    assert model.drop_rate == 0.25
    assert model(torch.randn(2, 2, 32, 32)).shape == (2, 7)
    given = build_model("timm/test_vit", {"arguments": {"img_size": 64}}, **DATA)
    assert given.patch_embed.img_size == (64, 64)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("timm/test_resnet", {"drop_rat": 0.1}, r"timm's test_resnet cannot be built with .*drop_rat=0\.1: .*rat'"),
        ("timm/test_vit", {"num_heads": 7}, r"timm's test_vit cannot be built with .*num_heads=7: "),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        build_model(name, {"arguments": arguments}, **DATA)


def test_unknown_names_suggest_timms_nearest():
    with pytest.raises(RecipeError, match=r"unknown model 'timm/resnet19'; did you mean .*'timm/resnet18'"):
        MODELS["timm/resnet19"]
    with pytest.raises(RecipeError, match=r"did you mean .*'timm/resnet18\.a1_in1k'"):
        MODELS["timm/resnet18.a1"]
    with pytest.raises(RecipeError, match=r"unknown model 'timm/qqqqqqqq'; see timm\.list_models\(\)"):
        MODELS["timm/qqqqqqqq"]
    with pytest.raises(
        ValueError, match=r"'timm/test_vit' has no option pretraind; its options: .*pretrained"
    ):
        build_model("timm/test_vit", {"pretraind": True}, **DATA)


def test_timm_is_loaded_for_its_own_names_only():
    code = "import sys, spatialvision.models, spatialvision.workbench as w; w.registries();"
    code += (
        "w.load_recipe('quickstart/plain-cnn'); print('timm' in sys.modules, 'torchvision' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True, timeout=120) == "False False\n"
