"""Plain words for modules and functions."""

import pytest
from torch import nn

from spatialvision.models.wording import kind_of, options_of, plain_word


@pytest.mark.parametrize(
    ("function", "word"),
    [("__iadd__", "add"), ("add_", "add"), ("__rsub__", "subtract"), ("grid_sample", "sample"), ("stack", "stack"),
     ("pixel_shuffle", "pixel shuffle"), ("interpolate", "interpolate"), ("rms_norm", "rms norm")],
)  # fmt: skip
def test_words(function: str, word: str) -> None:
    assert plain_word(function) == word


@pytest.mark.parametrize(
    ("label", "kind"),
    [("CoordConv2d", "convolution"), ("BatchNormAct2d", "normalisation"), ("sampling grid", "sampling"),
     ("AdaptiveAvgPool2d", "pooling"), ("GELU", "activation"), ("MultiheadAttention", "attention"),
     ("concatenate", "operation")],
)  # fmt: skip
def test_kinds(label: str, kind: str) -> None:
    assert kind_of(label) == kind


@pytest.mark.parametrize(
    ("module", "options"),
    [
        (nn.Conv2d(4, 8, (3, 5), stride=2, groups=2), "3×5, 8 channels, stride 2, 2 groups"),
        (nn.Conv2d(4, 8, 3, stride=(2, 1)), "3×3, 8 channels, stride 2×1"),
        (nn.MaxPool1d(2), "2"),
        (nn.AdaptiveAvgPool2d(1), "to 1×1"),
        (nn.Linear(4, 2), "2 features"),
        (nn.ReLU(), ""),
    ],
)
def test_options(module: nn.Module, options: str) -> None:
    assert options_of(module) == options
