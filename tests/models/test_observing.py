from functools import partial

import pytest
import torch
from torch import nn

from spatialvision.models.observing import black_image, observed


class Scaled(nn.Module):
    """Takes an argument by keyword, and uses up random numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.noise = nn.Dropout(0.5).eval()

    def forward(self, inputs: torch.Tensor, *, scale: int) -> torch.Tensor:
        return self.layer(inputs) * scale + torch.rand(2)


def test_every_call_is_told_before_and_after() -> None:
    model, told = Scaled(), []
    with observed(
        model,
        torch.device("cpu"),
        lambda module, args, kwargs: told.append(("enter", module, kwargs)),
        lambda module, args, kwargs, output: told.append(("leave", module, output.requires_grad)),
    ):
        assert not any(module.training for module in model.modules())
        model(torch.ones(1, 2), scale=3)
    assert told == [
        ("enter", model, {"scale": 3}),
        ("enter", model.layer, {}),
        ("leave", model.layer, False),
        ("leave", model, False),
    ]


def test_the_model_and_the_random_stream_are_left_as_they_were() -> None:
    model = Scaled()
    state = torch.get_rng_state()
    watched = partial(observed, model, torch.device("cpu"), lambda *_: None, lambda *_: None)
    with watched():
        model(torch.ones(1, 2), scale=3)
    with pytest.raises(TypeError, match="scale"), watched():
        model(torch.ones(1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training for module in model.modules()] == [True, True, False]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_a_black_image_is_of_the_models_type() -> None:
    for model, dtype in ((nn.Linear(1, 1).double(), torch.float64), (nn.ReLU(), torch.float32)):
        image = black_image(model, (3, 4, 5))
        assert (image.shape, image.dtype, image.any().item()) == ((1, 3, 4, 5), dtype, False)
