from typing import Any

import pytest
import torch
from torch import nn

from spatialvision.models import HasAttention, HasTheta, build_model

SMALL = {"layers": 2, "width": 16, "heads": 2, "patch": 4}
MODELS: dict[str, dict[str, Any]] = {
    "vit_post_norm": SMALL,
    "vit_pre_norm": {**SMALL, "relative": True, "diagonal_mask": True, "temperature": "log"},
    "vit_deep_supervision": {**SMALL, "blocks": 2, "layers": 1},
    "patch_encoder": {"layers": 2, "backbone": "resnet10t"},
}


class Warping(nn.Module):
    def theta(self, images):
        return images

    def points(self, images):
        return images

    def warp(self, images, points_xy):
        return images


def test_all_methods_are_needed():
    assert isinstance(Warping(), HasTheta)
    assert not isinstance(nn.Linear(1, 1), HasTheta)


def built(name: str) -> Any:
    torch.manual_seed(0)
    size_hw = (64, 96) if name == "patch_encoder" else (8, 12)
    model = build_model(name, MODELS[name], num_classes=5, in_channels=1, size_hw=size_hw).eval()
    return model, torch.randn(2, 1, *size_hw)


@pytest.mark.parametrize("name", MODELS)
@torch.no_grad()
def test_a_class_token_and_a_grid_of_patches(name: str) -> None:
    model, images = built(name)
    assert isinstance(model, HasAttention)
    assert model.grid_hw == (2, 3)
    layers = model.attention(images)
    assert len(layers) == 2
    for weights in layers:
        assert weights.shape[0] == 2
        assert weights.shape[2:] == (7, 7)
        torch.testing.assert_close(weights.sum(dim=3), torch.ones(weights.shape[:3]))


@pytest.mark.parametrize("name", MODELS)
@torch.no_grad()
def test_the_class_token_is_where_the_model_says(name: str) -> None:
    # Only the token that the head reads changes the logits when the others' last results are taken away.
    model, images = built(name)
    logits, place, shape = model(images), model.class_token_place, []

    def keep_one(module: nn.Module, given: Any, tokens: torch.Tensor) -> torch.Tensor:
        shape.append(tokens.shape[1])
        kept = torch.zeros_like(tokens)
        kept[:, place] = tokens[:, place]
        return kept

    last = [module for module in model.modules() if type(module).__name__ == "Encoder"][-1]
    last.register_forward_hook(keep_one)
    torch.testing.assert_close(model(images), logits)
    assert shape == [7]


def test_a_plain_network_has_no_attention() -> None:
    assert not isinstance(nn.Linear(1, 1), HasAttention)
