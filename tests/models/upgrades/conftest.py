"""Small models to upgrade: one of timm's, one of ours."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from spatialvision.models import build_model

DATA = {"num_classes": 10, "in_channels": 3, "size_hw": (32, 32)}
MODELS = {
    "timm": ("timm/test_resnet", {}),
    "ours": ("toy_dilated", {"normaliser": "scalar"}),
    "stn": ("stn_cnn", {"localisation": "none", "dropout": 0.0}),
}


@pytest.fixture
def build() -> Callable[..., nn.Module]:
    """Build a small model with the same weights each time, and upgrade it as a recipe would."""

    def make(name: str, **upgrades: dict) -> nn.Module:
        torch.manual_seed(0)
        model, options = MODELS.get(name, (name, {}))
        return build_model(model, options, **DATA, upgrades=upgrades)  # type: ignore[arg-type]

    return make


@pytest.fixture
def images() -> torch.Tensor:
    """A batch of 32 × 32 images."""
    return torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(1))
