"""Our models in timm, in processes of their own: what is registered there stays for the whole process."""

import subprocess
import sys

import pytest


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_timm_builds_ours_after_the_import() -> None:
    run("""
import timm, torch
import spatialvision.timm
from spatialvision.models import build_model

assert "stn_cnn" in timm.list_models("stn*") and timm.is_model("spatialnet_0")
model = timm.create_model("spatialnet_0", num_classes=10, in_chans=1, img_size=32)
assert model(torch.randn(2, 1, 32, 32)).shape == (2, 10)
stn = timm.create_model("stn_cnn", num_classes=7, in_chans=1, img_size=(28, 32), hidden=20)
assert stn.classifier.linear.out_features == 20
assert stn(torch.randn(2, 1, 28, 32)).shape == (2, 7)
with torch.device("meta"):
    assert sum(p.numel() for p in timm.create_model("spatialnet_0").parameters()) == 5_503_768
""")


def test_names_that_timm_has_stay_timms_and_each_is_registered_once() -> None:
    output = run("""
import timm
own = timm.models.model_entrypoint("resnet18")
before = set(timm.list_models())
import spatialvision.timm
from spatialvision.registry import MODELS
assert timm.models.model_entrypoint("resnet18") is own
assert set(timm.list_models()) - before == set(MODELS) - before
assert "resnet18" in MODELS and "toy_dilated" in set(timm.list_models())
import importlib; importlib.reload(spatialvision.timm)
for name in ("resnet18", "toy_dilated"):
    try: spatialvision.timm.register(name)
    except ValueError as error: print(error)
""")
    assert output.splitlines() == [
        "cannot register model 'resnet18' with timm: timm has a model of this name",
        "cannot register model 'toy_dilated' with timm: timm has a model of this name",
    ]


def test_a_model_of_ones_own_is_registered_by_hand() -> None:
    output = run("""
import timm, torch
from torch import nn
import spatialvision.timm
from spatialvision import register_model

@register_model
def late_model(num_classes: int, in_channels: int, width: int = 3) -> nn.Module:
    "Mine."
    return nn.Sequential(nn.Conv2d(in_channels, width, 3), nn.Flatten(), nn.LazyLinear(num_classes))

spatialvision.timm.register("late_model")
assert timm.create_model("late_model", width=5)[0].out_channels == 5
assert spatialvision.timm.late_model.__doc__ == "Mine."
for wrong in (lambda: spatialvision.timm.register("late_model"),
              lambda: timm.create_model("late_model", widht=5),
              lambda: timm.create_model("late_model", pretrained=True)):
    try: wrong()
    except ValueError as error: print(error)
""")
    assert output.splitlines() == [
        "cannot register model 'late_model' with timm: timm has a model of this name",
        "model 'late_model' has no option widht; its options: num_classes, in_channels, width",
        "there are no pretrained weights of 'late_model'",
    ]


@pytest.mark.parametrize("name", ["none", "__wrapped__"])
def test_what_is_not_registered_is_no_attribute(name: str) -> None:
    run(f"""
import spatialvision.timm
try: getattr(spatialvision.timm, {name!r})
except AttributeError as error: assert {name!r} in str(error)
else: raise SystemExit(1)
""")
