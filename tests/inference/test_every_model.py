"""Every registered model, transform and upgrade exports, and answers there as it does here."""

from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from torch import nn

import spatialvision.models as models
from spatialvision.evaluate.inputs import Inputs
from spatialvision.inference import Classifier
from spatialvision.inference.formats import FORMATS
from spatialvision.models.transforms import TransformName
from spatialvision.registry import MODELS

NAMES = [name for name in MODELS if MODELS[name].__module__.startswith(models.__name__)]
SMALL_VIT = {"width": 16, "heads": 2}
SMALL: dict[str, dict[str, Any]] = {
    "large_kernel_cnn": {"channels": (4, 4), "hidden": 8},
    "multilayer_perceptron": {"hidden": (8, 8)},
    "patch_encoder": {"layers": 1, "heads": 2},
    "rotation_equivariant": {"channels": (1, 1), "hidden": 2},
    "small_cnn_encoder": {"layers": 1, "heads": 2},
    "vit_deep_supervision": {"blocks": 2, "layers": 1, **SMALL_VIT},
    "vit_post_norm": {"layers": 1, **SMALL_VIT},
    "vit_pre_norm": {"layers": 1, **SMALL_VIT},
}
# Larger siblings are the same code.
LARGE = [
    *("resnet34", "resnet50"),
    *(f"{kind}_{level}" for kind in ("efficientnet", "spatialnet") for level in range(1, 8)),
]
DEEP = ("efficientnet_0", "spatialnet_0")
KINDS = ("stn_cnn, affine", "stn_cnn, thin_plate_spline", "rotation_equivariant", "vit_pre_norm, all options")
STN = {"channels": (2, 2), "hidden": 4, "localisation_channels": (2, 2), "localisation_hidden": 4}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    **{f"stn_cnn, {name}": ("stn_cnn", {**STN, "transform": name}) for name in get_args(TransformName)},
    "stn_cnn, black": ("stn_cnn", {**STN, "fill": "black", "black": (-0.5,) * 3}),
    "stn_cnn, border": ("stn_cnn", {**STN, "fill": "border"}),
    "stn_cnn, reflection": ("stn_cnn", {**STN, "fill": "reflection"}),
    "stn_cnn, coordconv": ("stn_cnn", {**STN, "localisation": "coordconv", "classifier": "coordconv"}),
    "vit_pre_norm, all options": (
        "vit_pre_norm",
        {**SMALL["vit_pre_norm"], "relative": True, "diagonal_mask": True, "temperature": "log"},
    ),
    "toy_dilated, normaliser": ("toy_dilated", {"normaliser": "channel"}),
}
CASES = {name: (name, SMALL.get(name, {})) for name in NAMES if name not in LARGE} | VARIANTS


# But for freeze, which changes nothing of what a network computes.
UPGRADES: dict[str, dict[str, dict[str, Any]]] = {
    "coordconv": {"coordconv": {"layers": "*", "with_radius": True}},
    "group_norm": {"group_norm": {"groups": 4}},
    "mixstyle": {"mixstyle": {"stages": (1, 2)}},
    "spatial_transformer": {
        "spatial_transformer": {"localisation_downsample": 2, "localisation_kernels": (3, 3)}
    },
    "fully connected": {
        "spatial_transformer": {"localisation": "fully_connected", "localisation_layers": (8,)}
    },
    "all": {
        "coordconv": {"layers": "*"},
        "group_norm": {"groups": 4},
        "mixstyle": {"stages": (1,)},
        "spatial_transformer": {"transform": "homography"},
    },
}


def settle(model: nn.Module, images: torch.Tensor) -> None:
    """Set running statistics to those of the images; at their first values a deep network answers all images alike."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    model.train()(images)
    model.eval()


def classifier(
    name: str,
    options: dict[str, Any],
    size_hw: tuple[int, int],
    upgrades: dict[str, dict[str, Any]] | None = None,
) -> Classifier:
    """A model with random weights, moved a little: transformers and coordinates begin with weights of zero."""
    torch.manual_seed(0)
    model = models.build_model(
        name, options, num_classes=10, in_channels=3, size_hw=size_hw, upgrades=upgrades
    )
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.01 * torch.randn_like(value))
        settle(model, torch.randn(8, 3, *size_hw))
    statistics = ((0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
    inputs = Inputs("made", tuple("abcdefghij"), 3, size_hw, *statistics, content_hw=size_hw)
    return Classifier(model, inputs, *statistics)


@torch.no_grad()
def check(model: Classifier, form: str, folder: Path) -> None:
    if form == "onnx":
        pytest.importorskip("onnxruntime")
        pytest.importorskip("onnxscript")
    path = folder / f"model.{form}"
    FORMATS[form].write(model, "{}", path)
    answer = FORMATS[form].open(path)
    for count in (1, 3):
        images = torch.rand(count, 3, *model.size_hw)
        expected = model(images)
        largest = max(1.0, expected.abs().max().item())
        torch.testing.assert_close(answer(images), expected, atol=1e-4 * largest, rtol=0)
    assert expected.std(0).max() > 1e-3, "the answers hardly depend on the images"


def marked(case: str, is_slow: bool) -> Any:
    return pytest.param(case, marks=pytest.mark.slow if is_slow else ())


@pytest.mark.parametrize("case", [marked(case, case in DEEP) for case in CASES])
def test_a_small_variant_answers_in_onnxruntime(case: str, tmp_path: Path) -> None:
    check(classifier(*CASES[case], (32, 32)), "onnx", tmp_path)


# That every model can be traced is in tests/models; here it is about what happens to a file.
@pytest.mark.parametrize("case", [marked(case, case not in KINDS) for case in CASES])
def test_a_small_variant_answers_from_a_pt2_file(case: str, tmp_path: Path) -> None:
    check(classifier(*CASES[case], (32, 32)), "pt2", tmp_path)


@pytest.mark.parametrize("case", UPGRADES)
def test_an_upgraded_model_answers_in_onnxruntime(case: str, tmp_path: Path) -> None:
    check(classifier("toy_dilated", {}, (32, 32), UPGRADES[case]), "onnx", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["onnx", "pt2"])
@pytest.mark.parametrize("name", NAMES)
def test_the_full_size_exports(name: str, form: str, tmp_path: Path) -> None:
    large = name.startswith(("efficientnet", "spatialnet", "patch", "resnet"))
    check(classifier(name, {}, (224, 224) if large else (32, 32)), form, tmp_path)
