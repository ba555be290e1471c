import builtins
import sys
from typing import Any

import pytest
import torch
from torch import nn

from spatialvision.errors import RecipeError
from spatialvision.evaluate.explain import integrated_gradients


def small_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.GELU(), nn.Flatten(), nn.Linear(4 * 6 * 4, 5), nn.Dropout(0.5)
    )


def test_a_linear_models_attribution_is_weight_times_pixel() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(2 * 3 * 4, 5))
    images, outputs = torch.randn(6, 2, 3, 4), torch.tensor([0, 1, 2, 3, 4, 0])
    expected = (model[1].weight[outputs].view(6, 2, 3, 4) * images).sum(dim=1)
    torch.testing.assert_close(integrated_gradients(model, images, outputs), expected, rtol=1e-4, atol=1e-5)


def test_the_pixels_add_up_to_what_the_image_adds_to_the_logit() -> None:
    model, images, outputs = small_network().eval(), torch.randn(3, 3, 8, 6), torch.tensor([4, 0, 2])
    found = integrated_gradients(model, images, outputs)
    assert found.shape == (3, 8, 6)
    with torch.no_grad():
        rows = torch.arange(3)
        expected = model(images)[rows, outputs] - model(torch.zeros_like(images))[rows, outputs]
    torch.testing.assert_close(found.sum(dim=(1, 2)), expected, rtol=1e-3, atol=1e-4)


def test_the_model_is_looked_at_in_evaluation_mode_and_left_as_it_was() -> None:
    model, images, outputs = small_network().train(), torch.randn(2, 3, 8, 6), torch.tensor([0, 1])
    first, second = (integrated_gradients(model, images, outputs) for _ in range(2))
    assert torch.equal(first, second)
    assert model.training
    assert all(value.grad is None for value in model.parameters())


def test_without_captum_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any) -> Any:
        if name.split(".")[0] == "captum":
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "captum.attr", raising=False)
    with pytest.raises(RecipeError, match=r"needs captum, of the extra 'explain': pip install captum"):
        integrated_gradients(small_network(), torch.zeros(1, 3, 8, 6), torch.tensor([0]))
